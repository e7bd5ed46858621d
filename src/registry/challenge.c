#include "registry/challenge.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "net/http1.h"

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Characters of token68 beside those: Basic and Negotiate may carry one in place of parameters. */
static bool
is_token68_char(char c)
{
	return is_token_char(c) || c == '/' || c == '=';
}

static void
skip_blanks(struct str *in)
{
	while (in->len && (in->s[0] == ' ' || in->s[0] == '\t'))
		*in = str_from_off(*in, 1);
}

static void
skip_separators(struct str *in)
{
	while (in->len && (in->s[0] == ' ' || in->s[0] == '\t' || in->s[0] == ','))
		*in = str_from_off(*in, 1);
}

static struct str
take_while(struct str *in, bool (*belongs)(char c))
{
	struct str word = {in->s, 0};

	while (word.len < in->len && belongs(in->s[word.len]))
		word.len++;
	*in = str_from_off(*in, word.len);
	return word;
}

/* A quoted string behind its first quote; NULL when it does not end. */
static const char *
take_quoted(struct arena *a, struct str *in)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; i < in->len && in->s[i] != '"'; i++) {
		if (in->s[i] == '\\' && ++i == in->len)
			return NULL;
		buf_putc(&text, in->s[i]);
	}
	if (i == in->len)
		return NULL;
	*in = str_from_off(*in, i + 1);
	return arena_str(a, buf_view(&text));
}

static void
keep(struct challenge *c, struct str name, const char *value)
{
	const char **place = str_iis(name, "realm")     ? &c->realm
			     : str_iis(name, "service") ? &c->service
			     : str_iis(name, "scope")   ? &c->scope
			     : str_iis(name, "error")   ? &c->error
							: NULL;

	/* a parameter that comes twice: the first one is what others read as well */
	if (place && !*place)
		*place = value;
}

/*
 * One parameter "name = value". False, with nothing taken, when what follows is
 * something else: the next challenge. *broken: a value that cannot be read.
 */
static bool
take_parameter(struct arena *a, struct str *in, struct challenge *c, bool *broken)
{
	struct str rest = *in, name, word;
	const char *value;

	skip_separators(&rest);
	name = take_while(&rest, is_token_char);
	skip_blanks(&rest);
	if (name.len == 0 || !str_take(&rest, STR("=")))
		return false;
	skip_blanks(&rest);
	if (str_take(&rest, STR("\""))) {
		value = take_quoted(a, &rest);
	} else {
		word = take_while(&rest, is_token68_char);
		value = word.len ? arena_str(a, word) : NULL;
	}
	skip_blanks(&rest);
	if (!value || (rest.len && rest.s[0] != ',')) {
		*broken = true;
		return false;
	}
	keep(c, name, value);
	*in = rest;
	return true;
}

/* token68 right behind the scheme, as in "Negotiate YWJj==". */
static void
skip_token68(struct str *in)
{
	struct str rest = *in, word;

	word = take_while(&rest, is_token68_char);
	skip_blanks(&rest);
	if (word.len && (rest.len == 0 || rest.s[0] == ',')) {
		/* "name=value" looks the same, but has text behind its first '=' */
		ptrdiff_t at = str_find(word, '=');
		struct str tail = at < 0 ? (struct str){0} : str_from_off(word, (size_t)at);

		while (tail.len && tail.s[0] == '=')
			tail = str_from_off(tail, 1);
		if (tail.len == 0)
			*in = rest;
	}
}

size_t
challenge_parse(struct arena *a, struct str value, struct challenge *out, size_t max)
{
	size_t n = 0;

	for (;;) {
		struct challenge c = {.kind = CHALLENGE_NONE};
		struct str scheme;
		bool broken = false;

		skip_separators(&value);
		scheme = take_while(&value, is_token_char);
		if (scheme.len == 0 || (value.len && !strchr(" \t,", value.s[0])))
			return n;
		if (str_iis(scheme, "bearer"))
			c.kind = CHALLENGE_BEARER;
		else if (str_iis(scheme, "basic"))
			c.kind = CHALLENGE_BASIC;
		skip_blanks(&value);
		skip_token68(&value);
		while (take_parameter(a, &value, &c, &broken))
			;
		if (broken)
			return n;
		if (c.kind != CHALLENGE_NONE && n < max)
			out[n++] = c;
	}
}

void
challenge_pick(struct arena *a, const struct http_head *h, struct challenge *out)
{
	struct challenge found[CHALLENGES_MAX];
	size_t i, k, n;

	*out = (struct challenge){.kind = CHALLENGE_NONE};
	for (i = 0; i < h->n; i++) {
		if (!str_iis(h->fields[i].name, "www-authenticate"))
			continue;
		n = challenge_parse(a, h->fields[i].value, found, CHALLENGES_MAX);
		for (k = 0; k < n; k++) {
			if (found[k].kind == CHALLENGE_BEARER && !found[k].realm)
				continue;
			if (found[k].kind > out->kind)
				*out = found[k];
		}
	}
}
