/*
 * Docker contexts on disk and DOCKER_HOST. The first byte says which of the three the input is:
 * meta.json of the chosen context, config.json, or the variable.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "docker/docker.h"

static char root[64];

static void
clean_up(void)
{
	char id[SHA256_HEX_LEN + 1], path[256];

	sha256_text(STR("x"), id);
	snprintf(path, sizeof(path), "%s/contexts/meta/%s/meta.json", root, id);
	unlink(path);
	snprintf(path, sizeof(path), "%s/config.json", root);
	unlink(path);
	snprintf(path, sizeof(path), "%s/contexts/meta/%s", root, id);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/contexts/meta", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/contexts", root);
	rmdir(path);
	rmdir(root);
}

static void
put(const char *path, struct str text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, text.s, text.len))
		abort();
}

static void
set_up(void)
{
	char id[SHA256_HEX_LEN + 1], path[256];

	snprintf(root, sizeof(root), "/dev/shm/fuzz.XXXXXX");
	if (!mkdtemp(root))
		abort();
	atexit(clean_up);
	sha256_text(STR("x"), id);
	snprintf(path, sizeof(path), "%s/contexts", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/contexts/meta", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/contexts/meta/%s", root, id);
	mkdir(path, 0700);
}

/* What was found can be used: a path that is absolute, or a host and a port. */
static void
check(const struct docker_endpoint *e)
{
	if (!e->source || !e->address || !e->base)
		__builtin_trap();
	if (e->transport == DOCKER_UNIX ? !e->path || e->path[0] != '/' || e->tls
					: !e->host || !*e->host || !e->port)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char meta[] =
		"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
	cleanup_arena struct arena a = {0};
	struct str in = str_n((const char *)data + 1, size - 1);
	const char *vars[3] = {0};
	struct env env = {vars};
	struct docker_endpoint e;

	if (size == 0)
		return 0;
	if (!root[0])
		set_up();
	vars[0] = arena_fmt(&a, "DOCKER_CONFIG=%s", root);
	switch (data[0] % 3) {
	case 0:
		put(arena_fmt(&a, "%s/contexts/meta/%s/meta.json", root, meta), in);
		vars[1] = "DOCKER_CONTEXT=x";
		break;
	case 1:
		put(arena_fmt(&a, "%s/config.json", root), in);
		break;
	default:
		vars[1] = arena_fmt(&a, "DOCKER_HOST=%s", arena_str(&a, in));
	}
	if (docker_endpoint_find(&a, &env, &e, NULL) == 0)
		check(&e);
	return 0;
}
