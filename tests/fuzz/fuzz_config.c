/*
 * A configuration document: refused with a place and a message, or understood, and then a registry
 * is chosen and shown. The first byte picks variables beside it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/select.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const beside[] = {"CI_REGISTRY=r.example", "GITHUB_REPOSITORY_OWNER=Own",
		"GITHUB_SERVER_URL=https://git.example", "QUAY_USERNAME=u"};
	cleanup_arena struct arena a = {0};
	cleanup_config struct config c = {0};
	cleanup_registry_choice struct registry_choice r = {0};
	cleanup_buf struct buf shown = {0};
	const char *vars[ARRAY_LEN(beside) + 2] = {NULL};
	struct env env = {vars};
	struct err err = {0};
	size_t i, n = 0;

	if (!size)
		return 0;
	vars[n++] = arena_fmt(&a, "BUILDTOOLS_CONTENT=%s",
		arena_str(&a, str_n((const char *)data + 1, size - 1)));
	for (i = 0; i < ARRAY_LEN(beside); i++)
		if (data[0] & 1 << i)
			vars[n++] = beside[i];
	if (config_load(&a, &env, "/", NULL, &c, &err)) {
		if (!err.kind || !err.msg[0])
			abort();
		return 0;
	}
	if (registry_select(&a, &c, &env, data[0] & 0x80 ? "gitea" : NULL, NULL, &r, &err)) {
		if (err.kind != ERR_CONFIG)
			abort();
		return 0;
	}
	if (!r.url || !*r.url || strpbrk(r.url, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\n@"))
		abort();
	config_show(&c, &r, "none", NULL, &shown);
	return 0;
}
