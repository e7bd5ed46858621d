/*
 * An answer of a registry or token server: a head, and behind an empty line a body. Messages
 * have no control characters, tokens nothing that would start a header field.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "image/ref.h"
#include "net/http1.h"
#include "registry/refusal.h"
#include "registry/token.h"
#include "registry/tokens.h"
#include "registry/wire.h"

static void
check_location(struct str location)
{
	cleanup_arena struct arena a = {0};
	struct url u;

	url_parse(&a, wire_resolve(&a, "https://registry.example/v2/a?b=c", location), &u, NULL);
}

/* As a daemon sends them: what comes out must be fit for a URL. */
static void
check_scopes(struct str text)
{
	cleanup_arena struct arena a = {0};
	const char *repository = tokens_repository(&a, arena_str(&a, text));

	if (repository && !ref_path_is_valid(str_from(repository)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_secret struct secret token = {0};
	struct str text = str_n((const char *)data, size), body;
	struct err err = {0};
	struct http_head head;
	int64_t life, wait;
	ssize_t used = http_head_parse(text, &head, NULL);
	const char *p;

	check_scopes(text);
	if (used <= 0)
		return 0;
	body = str_from_off(text, (size_t)used);
	check_location(http_head_get(&head, "location"));
	wait = registry_retry_after(http_head_get(&head, "retry-after"), 1700000000);
	if (wait < -1 || wait > RETRY_AFTER_MAX_MS)
		abort();
	if (registry_refusal("registry", &head, body, &err) != -1 || err.code != head.status)
		abort();
	for (p = err.msg; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			abort();
	if (token_parse(body, &token, &life, NULL) == 0 &&
		(life <= 0 || !secret_is_set(&token) || memchr(token.value, '\n', token.len)))
		abort();
	return 0;
}
