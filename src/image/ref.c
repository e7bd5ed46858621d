#include "image/ref.h"

#include <string.h>

#include "base/err.h"
#include "image/digest.h"

/* domain of Docker Hub in references, its older name, and where its API is */
static const char hub[] = "docker.io";
static const char hub_legacy[] = "index.docker.io";
static const char hub_api[] = "registry-1.docker.io";
static const char official[] = "library/";

enum { SHOWN = 200 }; /* bytes of a bad reference that a message repeats */

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_lower(c) || is_upper(c) || is_digit(c);
}

static bool
has_upper(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (is_upper(s.s[i]))
			return true;
	return false;
}

static bool
host_label_is_valid(struct str s)
{
	size_t i;

	if (s.len == 0 || s.s[0] == '-' || s.s[s.len - 1] == '-')
		return false;
	for (i = 0; i < s.len; i++)
		if (!is_alnum(s.s[i]) && s.s[i] != '-')
			return false;
	return true;
}

/* Cuts a host in brackets off the front. */
static bool
take_ipv6(struct str *rest)
{
	size_t i = 1;

	if (rest->len == 0 || rest->s[0] != '[')
		return false;
	while (i < rest->len && (is_digit(rest->s[i]) || rest->s[i] == ':' ||
					(rest->s[i] >= 'a' && rest->s[i] <= 'f') ||
					(rest->s[i] >= 'A' && rest->s[i] <= 'F')))
		i++;
	if (i == 1 || i == rest->len || rest->s[i] != ']')
		return false;
	*rest = str_from_off(*rest, i + 1);
	return true;
}

static bool
port_is_valid(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_digit(s.s[i]))
			return false;
	return s.len > 0;
}

bool
ref_domain_is_valid(struct str s)
{
	struct str rest = s, host, label;
	ptrdiff_t colon;

	if (take_ipv6(&rest))
		return rest.len == 0 || (rest.s[0] == ':' && port_is_valid(str_from_off(rest, 1)));
	colon = str_find(s, ':');
	host = colon < 0 ? s : str_first(s, (size_t)colon);
	if (colon >= 0 && !port_is_valid(str_from_off(s, (size_t)colon + 1)))
		return false;
	if (host.len == 0)
		return false;
	while (str_next(&host, '.', &label))
		if (!host_label_is_valid(label))
			return false;
	return true;
}

/* Letters and digits, and between them one '.', one or two '_', or any number of '-'. */
static bool
element_is_valid(struct str s)
{
	size_t i = 0, run;

	for (;;) {
		if (i == s.len || !(is_lower(s.s[i]) || is_digit(s.s[i])))
			return false;
		while (i < s.len && (is_lower(s.s[i]) || is_digit(s.s[i])))
			i++;
		if (i == s.len)
			return true;
		for (run = 1; i + run < s.len && s.s[i + run] == s.s[i]; run++)
			;
		if (!(s.s[i] == '-' || (s.s[i] == '.' && run == 1) || (s.s[i] == '_' && run <= 2)))
			return false;
		i += run;
	}
}

bool
ref_path_is_valid(struct str s)
{
	struct str rest = s, element;

	if (s.len == 0 || s.len > REF_PATH_MAX)
		return false;
	while (str_next(&rest, '/', &element))
		if (!element_is_valid(element))
			return false;
	return true;
}

bool
ref_tag_is_valid(struct str s)
{
	size_t i;

	if (s.len == 0 || s.len > REF_TAG_MAX || s.s[0] == '.' || s.s[0] == '-')
		return false;
	for (i = 0; i < s.len; i++)
		if (!is_alnum(s.s[i]) && str_find(STR("_.-"), s.s[i]) < 0)
			return false;
	return true;
}

bool
ref_is_domain(struct str first_element)
{
	return str_is(first_element, "localhost") || str_find(first_element, '.') >= 0 ||
	       str_find(first_element, ':') >= 0 || has_upper(first_element);
}

static bool
is_image_id(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_digit(s.s[i]) && !(s.s[i] >= 'a' && s.s[i] <= 'f'))
			return false;
	return s.len == 64;
}

static int
bad(struct err *err, struct str ref, const char *what, struct str part)
{
	return err_set(err, ERR_CONFIG, "invalid image reference '" STR_FMT "': %s '" STR_FMT "'",
		STR_ARG(str_first(ref, SHOWN)), what, STR_ARG(str_first(part, SHOWN)));
}

static int
check_path(struct str ref, struct str path, struct err *err)
{
	struct str rest = path, element;

	if (path.len == 0)
		return bad(
			err, ref, "no repository name after", str_first(ref, ref.len - path.len));
	if (has_upper(path))
		return bad(err, ref, "repository name must be lowercase:", path);
	if (path.len > REF_PATH_MAX)
		return err_set(err, ERR_CONFIG,
			"invalid image reference '" STR_FMT
			"': repository name is longer than %d characters",
			STR_ARG(str_first(ref, SHOWN)), REF_PATH_MAX);
	while (str_next(&rest, '/', &element))
		if (!element_is_valid(element))
			return bad(err, ref, "malformed part of the repository name", element);
	return 0;
}

/* Splits domain and path off each other; an official image gets its library/ from the caller. */
static void
split_domain(struct str *rest, struct str *domain)
{
	ptrdiff_t slash = str_find(*rest, '/');

	*domain = str_from(hub);
	if (slash < 0 || !ref_is_domain(str_first(*rest, (size_t)slash)))
		return;
	*domain = str_first(*rest, (size_t)slash);
	*rest = str_from_off(*rest, (size_t)slash + 1);
	if (str_is(*domain, hub_legacy))
		*domain = str_from(hub);
}

int
ref_parse(struct arena *a, struct str text, struct ref *out, struct err *err)
{
	struct str rest = text, domain, tag = {0}, digest = {0};
	ptrdiff_t at;

	if (text.len == 0)
		return err_set(err, ERR_CONFIG, "empty image reference");
	if (text.len > REF_MAX)
		return err_set(err, ERR_CONFIG, "image reference is longer than %d bytes", REF_MAX);
	if (is_image_id(text))
		return err_set(err, ERR_CONFIG,
			"invalid image reference '" STR_FMT
			"': 64 hexadecimal digits are an image id",
			STR_ARG(text));
	at = str_find(rest, '@');
	if (at >= 0) {
		digest = str_from_off(rest, (size_t)at + 1);
		rest = str_first(rest, (size_t)at);
		if (!digest_is_valid(digest))
			return bad(err, text, "malformed digest", digest);
	}
	split_domain(&rest, &domain);
	at = str_find(rest, ':');
	if (at >= 0) {
		tag = str_from_off(rest, (size_t)at + 1);
		rest = str_first(rest, (size_t)at);
		if (!ref_tag_is_valid(tag))
			return bad(err, text, "malformed tag", tag);
	}
	if (!ref_domain_is_valid(domain))
		return bad(err, text, "malformed registry host", domain);
	if (rest.len && str_is(domain, hub) && str_find(rest, '/') < 0)
		rest = str_from(arena_fmt(a, "%s" STR_FMT, official, STR_ARG(rest)));
	if (check_path(text, rest, err) < 0)
		return -1;
	*out = (struct ref){0};
	out->domain = arena_str(a, domain);
	out->path = arena_str(a, rest);
	if (tag.s)
		out->tag = arena_str(a, tag);
	if (digest.s)
		out->digest = arena_str(a, digest);
	return 0;
}

void
ref_or_latest(struct ref *ref)
{
	if (!ref->tag && !ref->digest)
		ref->tag = "latest";
}

static char *
join(struct arena *a, const char *name, const struct ref *ref)
{
	return arena_fmt(a, "%s%s%s%s%s", name, ref->tag ? ":" : "", ref->tag ? ref->tag : "",
		ref->digest ? "@" : "", ref->digest ? ref->digest : "");
}

char *
ref_name(struct arena *a, const struct ref *ref)
{
	return arena_fmt(a, "%s/%s", ref->domain, ref->path);
}

char *
ref_format(struct arena *a, const struct ref *ref)
{
	return join(a, ref_name(a, ref), ref);
}

char *
ref_familiar(struct arena *a, const struct ref *ref)
{
	struct str path = str_from(ref->path), rest = path, first;

	/* a path that would be read as another registry, or as an image id, stays complete */
	if (strcmp(ref->domain, hub) != 0 || (str_cut(&rest, '/', &first) && ref_is_domain(first)))
		return ref_format(a, ref);
	rest = path;
	if (str_take(&rest, str_from(official)) && str_find(rest, '/') < 0 && !is_image_id(rest))
		path = rest;
	return join(a, path.s, ref);
}

const char *
ref_target(const struct ref *ref)
{
	if (ref->digest)
		return ref->digest;
	return ref->tag ? ref->tag : "latest";
}

const char *
ref_api_host(const struct ref *ref)
{
	return strcmp(ref->domain, hub) == 0 ? hub_api : ref->domain;
}
