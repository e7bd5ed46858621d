#include "ci/properties.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

static void
skip_white(struct str *s)
{
	while (s->len && (s->s[0] == ' ' || s->s[0] == '\t' || s->s[0] == '\f'))
		*s = str_from_off(*s, 1);
}

/* The next natural line, ended by CR, LF, CR LF or the end; false at the end. */
static bool
next_line(struct str *rest, struct str *line)
{
	size_t n = 0;

	if (!rest->len)
		return false;
	while (n < rest->len && rest->s[n] != '\n' && rest->s[n] != '\r')
		n++;
	*line = str_first(*rest, n);
	*rest = str_from_off(*rest, n);
	if (!str_take(rest, STR("\r\n")) && rest->len)
		*rest = str_from_off(*rest, 1);
	return true;
}

static bool
ends_in_escape(struct str line)
{
	size_t n = 0;

	while (n < line.len && line.s[line.len - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

/* A logical line: comments left out, continuation lines joined, escapes still in. */
static bool
logical_line(struct str *rest, struct buf *out)
{
	struct str line;
	bool more;

	buf_reset(out);
	do {
		if (!next_line(rest, &line))
			return false;
		skip_white(&line);
	} while (!line.len || line.s[0] == '#' || line.s[0] == '!');
	do {
		more = ends_in_escape(line);
		buf_str(out, more ? str_first(line, line.len - 1) : line);
		if (more && next_line(rest, &line))
			skip_white(&line);
		else
			more = false;
	} while (more);
	return true;
}

static void
put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

static bool
take_hex4(struct str *s, uint32_t *unit)
{
	uint64_t n;

	if (s->len < 4 || !str_u64(str_first(*s, 4), 16, &n))
		return false;
	*s = str_from_off(*s, 4);
	*unit = (uint32_t)n;
	return true;
}

/* Behind "\u": one UTF-16 unit, with its other half when it needs one. */
static void
unescape_unicode(struct str *s, struct buf *out)
{
	struct str pair;
	uint32_t c, low;

	if (!take_hex4(s, &c)) {
		put_utf8(out, 0xfffd);
		return;
	}
	pair = *s;
	if (c >= 0xd800 && c < 0xdc00 && str_take(&pair, STR("\\u")) && take_hex4(&pair, &low) &&
		low >= 0xdc00 && low < 0xe000) {
		*s = pair;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	/* a lone surrogate has no UTF-8 form, and NUL would cut our C strings */
	put_utf8(out, c == 0 || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c);
}

static char *
unescape(struct arena *a, struct str s)
{
	cleanup_buf struct buf out = {0};

	while (s.len) {
		char c = s.s[0];

		s = str_from_off(s, 1);
		if (c == '\\' && s.len) {
			c = s.s[0];
			s = str_from_off(s, 1);
			if (c == 'u') {
				unescape_unicode(&s, &out);
				continue;
			}
			c = c == 'n'   ? '\n'
			    : c == 't' ? '\t'
			    : c == 'r' ? '\r'
			    : c == 'f' ? '\f'
				       : c;
		}
		if (c)
			buf_putc(&out, c);
	}
	return arena_str(a, buf_view(&out));
}

static void
add(struct properties *p, struct arena *a, struct str key, struct str value)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		struct property *items = arena_new(a, struct property, cap);

		if (p->n)
			memcpy(items, p->items, p->n * sizeof(*items));
		p->items = items;
		p->cap = cap;
	}
	p->items[p->n].key = unescape(a, key);
	p->items[p->n].value = unescape(a, value);
	p->n++;
}

void
properties_parse(struct properties *p, struct arena *a, struct str text)
{
	cleanup_buf struct buf line = {0};

	while (logical_line(&text, &line)) {
		struct str rest = buf_view(&line), key;
		size_t n = 0;

		while (n < rest.len && !strchr("=: \t\f", rest.s[n]))
			n += rest.s[n] == '\\' && n + 1 < rest.len ? 2 : 1;
		key = str_first(rest, n);
		rest = str_from_off(rest, n);
		skip_white(&rest);
		if (str_take(&rest, STR("=")) || str_take(&rest, STR(":")))
			skip_white(&rest);
		add(p, a, key, rest);
	}
}

const char *
properties_get(const struct properties *p, const char *key)
{
	size_t i;

	for (i = p->n; i > 0; i--)
		if (strcmp(p->items[i - 1].key, key) == 0)
			return p->items[i - 1].value;
	return NULL;
}
