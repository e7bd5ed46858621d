/*
 * A file of stored credentials after a line with the host that is looked up: refused with a message
 * that names the file, or an entry of that very host is found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "registry/authfile.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	struct str text = str_n((const char *)data, size), where;
	const struct auth_entry *e;
	const char *host, *path;
	struct authfile f = {0};
	struct err err = {0};
	bool own;

	if (!str_cut(&text, '\n', &where))
		return 0;
	if (authfile_parse(&a, "FILE", text, &f, &err)) {
		if (err.kind != ERR_CONFIG || strncmp(err.msg, "'FILE'", 6) != 0)
			abort();
		return 0;
	}
	if (authfile_split(&a, arena_str(&a, where), &host, &path)) {
		e = authfile_find(&f, host, path);
		if (e && (strcmp(e->host, host) != 0 || e->kind == CREDENTIAL_NONE ||
				 !secret_is_set(&e->secret)))
			abort();
		host = authfile_helper(&f, host, &own);
		if (host && (!*host || strpbrk(host, "/ \n")))
			abort();
	}
	authfile_release(&f);
	return 0;
}
