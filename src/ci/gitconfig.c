#include "ci/gitconfig.h"

#include "base/arena.h"
#include "base/buf.h"

struct wanted {
	struct str section, sub, key;
	bool any_sub; /* there is a subsection to match */
};

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

static struct str
take_name(struct str *rest, bool dots)
{
	size_t n = 0;

	while (n < rest->len && (is_name_char(rest->s[n]) || (dots && rest->s[n] == '.')))
		n++;
	struct str name = str_first(*rest, n);
	*rest = str_from_off(*rest, n);
	return name;
}

static void
skip_blanks(struct str *rest)
{
	while (rest->len && (rest->s[0] == ' ' || rest->s[0] == '\t' || rest->s[0] == '\r'))
		*rest = str_from_off(*rest, 1);
}

/* "sub" of [section "sub"], the opening quote consumed: a backslash keeps the next character. */
static bool
take_subsection(struct str *rest, struct buf *sub)
{
	while (rest->len) {
		char c = rest->s[0];

		*rest = str_from_off(*rest, 1);
		if (c == '"')
			return true;
		if (c == '\n')
			return false;
		if (c == '\\') {
			if (!rest->len || rest->s[0] == '\n')
				return false;
			c = rest->s[0];
			*rest = str_from_off(*rest, 1);
		}
		buf_putc(sub, c);
	}
	return false;
}

/* A section line, "[" consumed. False when it is malformed. */
static bool
take_section(struct str *rest, const struct wanted *w, bool *inside)
{
	cleanup_buf struct buf sub = {0};
	struct str name = take_name(rest, true);
	bool has_sub = false, quoted = false;

	skip_blanks(rest);
	if (str_take(rest, STR("\""))) {
		has_sub = quoted = true;
		if (!take_subsection(rest, &sub))
			return false;
	} else {
		struct str head, tail = name;

		/* the old form [section.sub], which knows no case */
		if (str_cut(&tail, '.', &head)) {
			has_sub = true;
			name = head;
			buf_str(&sub, tail);
		}
	}
	if (!name.len || !str_take(rest, STR("]")))
		return false;
	*inside = str_ieq(name, w->section) && has_sub == w->any_sub &&
		  (!has_sub || (quoted ? str_eq(buf_view(&sub), w->sub)
				       : str_ieq(buf_view(&sub), w->sub)));
	return true;
}

/* The character that a backslash and c stand for in a value, or 0. */
static char
unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case '\\':
	case '"':
		return c;
	default:
		return 0;
	}
}

/* The value after "=", up to the end of its line. False when a quote or an escape is broken. */
static bool
take_value(struct str *rest, struct buf *out)
{
	size_t keep = 0; /* blanks behind this length are dropped */
	bool quoted = false, comment = false;

	skip_blanks(rest);
	while (rest->len) {
		char c = rest->s[0];

		*rest = str_from_off(*rest, 1);
		if (c == '\n')
			break;
		if (comment)
			continue;
		if (c == '\\') {
			if (str_take(rest, STR("\n")) || str_take(rest, STR("\r\n")))
				continue;
			c = rest->len ? unescaped(rest->s[0]) : 0;
			if (!c)
				return false;
			*rest = str_from_off(*rest, 1);
			buf_putc(out, c);
			keep = out->len;
		} else if (c == '"') {
			quoted = !quoted;
			keep = out->len;
		} else if (!quoted && (c == '#' || c == ';')) {
			comment = true;
		} else {
			buf_putc(out, c);
			if (quoted || (c != ' ' && c != '\t' && c != '\r'))
				keep = out->len;
		}
	}
	out->len = keep;
	return !quoted;
}

static void
skip_line(struct str *rest)
{
	ptrdiff_t end = str_find(*rest, '\n');

	*rest = str_from_off(*rest, end < 0 ? rest->len : (size_t)end + 1);
}

/* "key", "key = value"; the value goes to out when it is the one wanted. */
static bool
take_variable(struct str *rest, const struct wanted *w, bool inside, struct buf *out, bool *found)
{
	cleanup_buf struct buf value = {0};
	struct str key = take_name(rest, false);

	skip_blanks(rest);
	if (!key.len)
		return false;
	if (str_take(rest, STR("="))) {
		if (!take_value(rest, &value))
			return false;
	} else if (!rest->len || rest->s[0] == '\n' || rest->s[0] == '#' || rest->s[0] == ';') {
		buf_puts(&value, "true");
		skip_line(rest);
	} else {
		return false;
	}
	if (!inside || !str_ieq(key, w->key))
		return true;
	buf_reset(out);
	buf_str(out, buf_view(&value));
	*found = true;
	return true;
}

const char *
gitconfig_get(
	struct arena *a, struct str text, const char *section, const char *sub, const char *key)
{
	cleanup_buf struct buf value = {0};
	struct wanted w = {str_from(section), str_from(sub), str_from(key), sub != NULL};
	bool inside = false, found = false, good = true;

	str_take(&text, STR("\xef\xbb\xbf"));
	while (good && text.len) {
		skip_blanks(&text);
		if (!text.len)
			break;
		if (text.s[0] == '\n' || text.s[0] == '#' || text.s[0] == ';')
			skip_line(&text);
		else if (str_take(&text, STR("[")))
			good = take_section(&text, &w, &inside);
		else
			good = take_variable(&text, &w, inside, &value, &found);
	}
	return found ? arena_str(a, buf_view(&value)) : NULL;
}
