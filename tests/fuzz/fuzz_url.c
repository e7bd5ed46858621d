/* Addresses: what was read and put together again reads as the same. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "net/url.h"

static void
must_equal(const char *a, const char *b)
{
	if (!a != !b || (a && strcmp(a, b) != 0))
		__builtin_trap();
}

static const char *
put_together(struct arena *a, const struct url *u)
{
	bool brackets = strchr(u->host, ':') != NULL;

	return arena_fmt(a, "%s://%s%s%s%s%s%s%s%s%s%s", u->scheme, u->user ? u->user : "",
		u->user ? "@" : "", brackets ? "[" : "", u->host, brackets ? "]" : "",
		u->port ? ":" : "", u->port ? u->port : "", u->path, u->query ? "?" : "",
		u->query ? u->query : "");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	const char *text = arena_str(&a, str_n((const char *)data, size));
	struct url u, again;

	if (url_parse(&a, text, &u, NULL))
		return 0;
	/* brackets that hold anything else than an address are not put again */
	if (strpbrk(u.host, "[]@"))
		return 0;
	if (url_parse(&a, put_together(&a, &u), &again, NULL))
		__builtin_trap();
	must_equal(u.scheme, again.scheme);
	must_equal(u.user, again.user);
	must_equal(u.host, again.host);
	must_equal(u.port, again.port);
	must_equal(u.path, again.path);
	must_equal(u.query, again.query);
	return 0;
}
