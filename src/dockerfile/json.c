/*
 * JSON arrays of strings, the exec form of instructions. Whether an argument is
 * one decides how BuildKit reads it, so the check is as strict as JSON itself.
 */
#include "base/buf.h"
#include "dockerfile/lex.h"

static void
skip_space(struct str *s)
{
	while (s->len && str_find(STR(" \t\r\n"), s->s[0]) >= 0)
		*s = str_from_off(*s, 1);
}

static bool
is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* An escape behind its backslash; other characters than ASCII are of no interest here. */
static bool
take_escape(struct str *s, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	ptrdiff_t which;
	size_t i;

	if (!s->len)
		return false;
	if (s->s[0] == 'u') {
		for (i = 1; i < 5; i++)
			if (i >= s->len || !is_hex_digit(s->s[i]))
				return false;
		buf_putc(out, '?');
		*s = str_from_off(*s, 5);
		return true;
	}
	which = str_find(str_from(from), s->s[0]);
	if (which < 0)
		return false;
	buf_putc(out, to[which]);
	*s = str_from_off(*s, 1);
	return true;
}

static bool
take_string(struct str *s, struct buf *out)
{
	char c;

	if (!str_take(s, STR("\"")))
		return false;
	while (s->len) {
		c = s->s[0];
		*s = str_from_off(*s, 1);
		if (c == '"')
			return true;
		if ((unsigned char)c < 0x20)
			return false;
		if (c != '\\')
			buf_putc(out, c);
		else if (!take_escape(s, out))
			return false;
	}
	return false;
}

bool
lex_json_strings(struct arena *a, struct str s, struct strlist *out)
{
	cleanup_buf struct buf text = {0};

	skip_space(&s);
	if (!str_take(&s, STR("[")))
		return false;
	skip_space(&s);
	if (str_take(&s, STR("]")))
		return lex_trim(s).len == 0;
	do {
		buf_reset(&text);
		skip_space(&s);
		if (!take_string(&s, &text))
			return false;
		if (out)
			strlist_add(out, a, arena_str(a, buf_view(&text)));
		skip_space(&s);
	} while (str_take(&s, STR(",")));
	return str_take(&s, STR("]")) && lex_trim(s).len == 0;
}
