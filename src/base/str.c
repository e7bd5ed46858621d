#include "base/str.h"

#include <string.h>
#include <strings.h>

struct str
str_from(const char *cstr)
{
	return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

struct str
str_n(const char *s, size_t len)
{
	return (struct str){s, len};
}

bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

bool
str_is(struct str a, const char *cstr)
{
	return str_eq(a, str_from(cstr));
}

bool
str_ieq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.s, b.s, a.len) == 0);
}

bool
str_iis(struct str a, const char *cstr)
{
	return str_ieq(a, str_from(cstr));
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_first(s, prefix.len), prefix);
}

bool
str_istarts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_ieq(str_first(s, prefix.len), prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_from_off(s, s.len - suffix.len), suffix);
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.s, b.s, n) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

ptrdiff_t
str_find(struct str s, char c)
{
	const char *p = s.len ? memchr(s.s, c, s.len) : NULL;

	return p ? p - s.s : -1;
}

ptrdiff_t
str_rfind(struct str s, char c)
{
	size_t i;

	for (i = s.len; i > 0; i--)
		if (s.s[i - 1] == c)
			return (ptrdiff_t)i - 1;
	return -1;
}

ptrdiff_t
str_search(struct str s, struct str needle)
{
	const char *p;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return -1;
	p = memmem(s.s, s.len, needle.s, needle.len);
	return p ? p - s.s : -1;
}

struct str
str_from_off(struct str s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct str){s.s ? s.s + n : NULL, s.len - n};
}

struct str
str_first(struct str s, size_t n)
{
	return (struct str){s.s, n < s.len ? n : s.len};
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str
str_trim(struct str s)
{
	while (s.len && is_space(s.s[0])) {
		s.s++;
		s.len--;
	}
	while (s.len && is_space(s.s[s.len - 1]))
		s.len--;
	return s;
}

bool
str_cut(struct str *rest, char sep, struct str *head)
{
	ptrdiff_t at = str_find(*rest, sep);

	if (at < 0)
		return false;
	*head = str_first(*rest, (size_t)at);
	*rest = str_from_off(*rest, (size_t)at + 1);
	return true;
}

bool
str_next(struct str *rest, char sep, struct str *piece)
{
	if (!rest->s)
		return false;
	if (!str_cut(rest, sep, piece)) {
		*piece = *rest;
		*rest = (struct str){0};
	}
	return true;
}

bool
str_line(struct str *rest, struct str *line)
{
	if (rest->len == 0)
		return false;
	if (!str_cut(rest, '\n', line)) {
		*line = *rest;
		*rest = (struct str){0};
	}
	if (line->len && line->s[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool
str_take(struct str *rest, struct str prefix)
{
	if (!str_starts(*rest, prefix))
		return false;
	*rest = str_from_off(*rest, prefix.len);
	return true;
}

int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of the digit at i, -1 where the number ends. */
static int
digit_of(struct str s, size_t i, int base)
{
	int v = i < s.len ? hex_digit(s.s[i]) : -1;

	return v < base ? v : -1;
}

bool
str_take_u64(struct str *rest, int base, uint64_t *n)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; digit_of(*rest, i, base) >= 0; i++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit_of(*rest, i, base), &value))
			return false;
	if (i == 0)
		return false;
	*n = value;
	*rest = str_from_off(*rest, i);
	return true;
}

bool
str_u64(struct str s, int base, uint64_t *n)
{
	uint64_t value;

	if (!str_take_u64(&s, base, &value) || s.len)
		return false;
	*n = value;
	return true;
}
