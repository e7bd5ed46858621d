#include "net/url.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"

static bool
scheme_ok(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.s[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alpha &&
			(i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return false;
	}
	return s.len > 0;
}

static int
parse_authority(struct arena *a, struct str auth, struct url *out, struct err *err)
{
	ptrdiff_t at = str_rfind(auth, '@');
	struct str host, port = {0};
	uint64_t n;

	if (at >= 0) {
		out->user = arena_str(a, str_first(auth, (size_t)at));
		auth = str_from_off(auth, (size_t)at + 1);
	}
	if (auth.len && auth.s[0] == '[') {
		at = str_find(auth, ']');
		if (at < 0)
			return err_set(err, ERR_USAGE, "the address lacks a closing ']'");
		host = str_n(auth.s + 1, (size_t)at - 1);
		port = str_from_off(auth, (size_t)at + 1);
		if (port.len && port.s[0] != ':')
			return err_set(err, ERR_USAGE, "unexpected text behind ']'");
	} else {
		at = str_rfind(auth, ':');
		host = at < 0 ? auth : str_first(auth, (size_t)at);
		if (at >= 0)
			port = str_from_off(auth, (size_t)at);
		if (str_find(host, ':') >= 0)
			return err_set(err, ERR_USAGE, "an IPv6 address needs brackets");
	}
	out->host = arena_str(a, host);
	if (port.len == 0)
		return 0;
	port = str_from_off(port, 1);
	if (!str_u64(port, 10, &n) || n == 0 || n > 65535)
		return err_set(err, ERR_USAGE, "'" STR_FMT "' is no port", STR_ARG(port));
	out->port = arena_str(a, port);
	return 0;
}

int
url_parse(struct arena *a, const char *text, struct url *out, struct err *err)
{
	struct str rest = str_from(text), auth;
	ptrdiff_t at = str_search(rest, STR("://"));
	size_t i;

	*out = (struct url){.host = "", .path = ""};
	for (i = 0; i < rest.len; i++)
		if ((unsigned char)rest.s[i] <= ' ' || rest.s[i] == 0x7f)
			return err_set(
				err, ERR_USAGE, "the address holds a blank or control character");
	if (at < 0 || !scheme_ok(str_first(rest, (size_t)at)))
		return err_set(err, ERR_USAGE, "the address has no scheme such as 'tcp://'");
	out->scheme = arena_str(a, str_first(rest, (size_t)at));
	for (i = 0; out->scheme[i]; i++)
		if (out->scheme[i] >= 'A' && out->scheme[i] <= 'Z')
			((char *)(uintptr_t)out->scheme)[i] |= 0x20;
	rest = str_from_off(rest, (size_t)at + 3);
	at = str_find(rest, '#');
	if (at >= 0)
		rest.len = (size_t)at;
	at = str_find(rest, '?');
	if (at >= 0) {
		out->query = arena_str(a, str_from_off(rest, (size_t)at + 1));
		rest.len = (size_t)at;
	}
	at = str_find(rest, '/');
	auth = at < 0 ? rest : str_first(rest, (size_t)at);
	if (at >= 0)
		out->path = arena_str(a, str_from_off(rest, (size_t)at));
	return parse_authority(a, auth, out, err);
}
