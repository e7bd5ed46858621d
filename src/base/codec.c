#include "base/codec.h"

#include <string.h>

static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
base64_encode(struct buf *out, struct str in, enum base64_flags flags)
{
	const char *digits = flags & BASE64_URL ? url_digits : std_digits;
	size_t i, k;

	for (i = 0; i < in.len; i += 3) {
		size_t have = in.len - i < 3 ? in.len - i : 3;
		unsigned v = (unsigned)(unsigned char)in.s[i] << 16;

		if (have > 1)
			v |= (unsigned)(unsigned char)in.s[i + 1] << 8;
		if (have > 2)
			v |= (unsigned char)in.s[i + 2];
		for (k = 0; k < 4; k++) {
			if (k <= have)
				buf_putc(out, digits[(v >> (18 - 6 * k)) & 63]);
			else if (!(flags & BASE64_NOPAD))
				buf_putc(out, '=');
		}
	}
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

bool
base64_decode(struct buf *out, struct str in)
{
	unsigned bits = 0;
	size_t digits = 0, pads = 0, i;

	for (i = 0; i < in.len; i++) {
		char c = in.s[i];
		int v = base64_value(c);

		if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
			continue;
		if (c == '=') {
			pads++;
			continue;
		}
		if (v < 0 || pads)
			return false;
		bits = bits << 6 | (unsigned)v;
		if (++digits % 4 == 0) {
			char three[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};

			buf_mem(out, three, 3);
			bits = 0;
		}
	}
	if (digits % 4 == 1 || (pads && (digits + pads) % 4 != 0) || pads > 2)
		return false;
	if (digits % 4 == 2)
		buf_putc(out, (char)(bits >> 4));
	if (digits % 4 == 3) {
		buf_putc(out, (char)(bits >> 10));
		buf_putc(out, (char)(bits >> 2));
	}
	return true;
}

void
hex_encode(struct buf *out, const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = p;
	size_t i;

	for (i = 0; i < len; i++) {
		buf_putc(out, digits[b[i] >> 4]);
		buf_putc(out, digits[b[i] & 15]);
	}
}

bool
is_hex(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (hex_digit(s.s[i]) < 0)
			return false;
	return s.len > 0;
}

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void
percent_encode(struct buf *out, struct str in, const char *keep)
{
	size_t i;

	for (i = 0; i < in.len; i++) {
		char c = in.s[i];

		if (is_unreserved(c) || (keep && c && strchr(keep, c)))
			buf_putc(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

void
percent_decode(struct buf *out, struct str in, bool plus)
{
	size_t i;

	for (i = 0; i < in.len; i++) {
		char c = in.s[i];

		if (c == '%' && in.len - i > 2 && hex_digit(in.s[i + 1]) >= 0 &&
			hex_digit(in.s[i + 2]) >= 0) {
			buf_putc(out, (char)(hex_digit(in.s[i + 1]) << 4 | hex_digit(in.s[i + 2])));
			i += 2;
		} else {
			buf_putc(out, plus && c == '+' ? ' ' : c);
		}
	}
}

size_t
utf8_len(struct str s)
{
	unsigned char c, lo = 0x80, hi = 0xbf;
	size_t need, i;

	if (s.len == 0)
		return 0;
	c = (unsigned char)s.s[0];
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	/* no overlong forms, no surrogates, nothing above U+10FFFF */
	if (c == 0xe0)
		lo = 0xa0;
	if (c == 0xed)
		hi = 0x9f;
	if (c == 0xf0)
		lo = 0x90;
	if (c == 0xf4)
		hi = 0x8f;
	if (s.len < need)
		return 0;
	for (i = 1; i < need; i++) {
		unsigned char t = (unsigned char)s.s[i];

		if (t < lo || t > hi)
			return 0;
		lo = 0x80;
		hi = 0xbf;
	}
	return need;
}

bool
utf8_valid(struct str s)
{
	size_t n;

	while (s.len) {
		n = utf8_len(s);
		if (n == 0)
			return false;
		s = str_from_off(s, n);
	}
	return true;
}

void
utf8_clean(struct buf *out, struct str s)
{
	size_t n;

	while (s.len) {
		n = utf8_len(s);
		if (n)
			buf_mem(out, s.s, n);
		else
			buf_puts(out, "\xef\xbf\xbd");
		s = str_from_off(s, n ? n : 1);
	}
}
