#include "image/name.h"

#include <string.h>

#include "base/err.h"
#include "image/ref.h"

enum { SHOWN = 200 };

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* What may stand between letters and digits as it is: ".", "_", "__", or any number of '-'. */
static bool
is_separator(struct str run)
{
	size_t i;

	if (run.s[0] == '.')
		return run.len == 1;
	if (run.s[0] == '_')
		return run.len == 1 || (run.len == 2 && run.s[1] == '_');
	for (i = 0; i < run.len; i++)
		if (run.s[i] != '-')
			return false;
	return true;
}

/* Writes the valid form of one element to out, which has room for as many bytes. */
static size_t
put_element(char *out, struct str element)
{
	struct str run = {0};
	size_t n = 0, i;

	for (i = 0; i < element.len; i++) {
		char c = lower(element.s[i]);

		if (!is_name_char(c)) {
			run = str_n(run.s ? run.s : element.s + i, run.len + 1);
			continue;
		}
		if (run.len && n && is_separator(run)) {
			memcpy(out + n, run.s, run.len);
			n += run.len;
		} else if (run.len && n) {
			out[n++] = '-';
		}
		run = (struct str){0};
		out[n++] = c;
	}
	return n;
}

char *
name_path(struct arena *a, struct str text, bool *changed, struct err *err)
{
	char *out = arena_new(a, char, text.len + 1);
	struct str rest = text, element;
	size_t n = 0, len;

	while (str_next(&rest, '/', &element)) {
		len = put_element(out + n + (n ? 1 : 0), element);
		if (!len)
			continue;
		if (n)
			out[n++] = '/';
		n += len;
	}
	/* a byte looked at but not taken may stand behind the end */
	out[n] = '\0';
	if (n == 0) {
		err_set(err, ERR_CONFIG, "no image name can be made of '" STR_FMT "'",
			STR_ARG(str_first(text, SHOWN)));
		err_hint(err, "an image name is made of a-z, 0-9 and '.', '_', '-' between them");
		return NULL;
	}
	if (n > REF_PATH_MAX) {
		err_set(err, ERR_CONFIG, "image name '" STR_FMT "...' is longer than %d characters",
			STR_ARG(str_first(text, SHOWN)), REF_PATH_MAX);
		return NULL;
	}
	if (changed)
		*changed = !str_eq(str_n(out, n), text);
	return out;
}

/* Drops elements of which nothing would be left from the front. */
static struct str
skip_empty(struct str text)
{
	struct str rest = text, element;
	size_t i;

	while (str_cut(&rest, '/', &element)) {
		for (i = 0; i < element.len && !is_name_char(lower(element.s[i])); i++)
			;
		if (i < element.len)
			break;
		text = rest;
	}
	return text;
}

char *
name_repository(struct arena *a, struct str text, bool *changed, struct err *err)
{
	struct str rest = skip_empty(text), domain = {0};
	char *path, *whole;

	if (!str_cut(&rest, '/', &domain) ||
		(str_find(domain, '.') < 0 && str_find(domain, ':') < 0 &&
			!str_is(domain, "localhost")))
		return name_path(a, text, changed, err);
	if (!ref_domain_is_valid(domain)) {
		err_set(err, ERR_CONFIG, "malformed registry host '" STR_FMT "' in '" STR_FMT "'",
			STR_ARG(str_first(domain, SHOWN)), STR_ARG(str_first(text, SHOWN)));
		return NULL;
	}
	path = name_path(a, rest, NULL, err);
	if (!path)
		return NULL;
	whole = arena_fmt(a, STR_FMT "/%s", STR_ARG(domain), path);
	if (changed)
		*changed = !str_is(text, whole);
	return whole;
}
