/*
 * The Engine's answer to a push, in pieces as the input says: success always has a digest, and
 * pieces do not change what comes of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "docker/request.h"
#include "image/digest.h"
#include "net/conn.h"

struct memory {
	struct conn base;
	struct str in;
	size_t piece;
};

static ssize_t
on_read(struct conn *c, void *p, size_t len, struct err *err)
{
	struct memory *m = (struct memory *)c;
	size_t n = m->in.len < len ? m->in.len : len;

	(void)err;
	if (n > m->piece)
		n = m->piece;
	if (n)
		memcpy(p, m->in.s, n);
	m->in = str_from_off(m->in, n);
	return (ssize_t)n;
}

static ssize_t
on_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	(void)c;
	(void)p;
	(void)err;
	return (ssize_t)len;
}

/* Nothing to wait for: poll of nothing ends at once, as descriptor -1 with a deadline would not. */
static int
on_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	(void)c;
	(void)write;
	(void)fds;
	return 0;
}

static bool
on_buffered(struct conn *c)
{
	(void)c;
	return true;
}

static void
on_close(struct conn *c)
{
	(void)c;
}

static const struct conn_ops ops = {.read = on_read,
	.write = on_write,
	.wants = on_wants,
	.close = on_close,
	.buffered = on_buffered};

static void
on_progress(const char *id, const char *status, int64_t current, int64_t total, void *arg)
{
	int64_t *sum = arg;

	*sum += (int64_t)(strlen(id) + strlen(status)) + (current == total);
}

/* 0 or the kind of the error */
static int
run(struct str body, size_t piece, struct arena *a, char **digest)
{
	struct memory m = {{&ops, (char[]){"memory"}}, body, piece};
	struct http_response resp = {.conn = &m.base, .body = {.kind = HTTP_BODY_TO_CLOSE}};
	struct err err = {0};
	int64_t sum = 0;
	struct docker_watch watch = {on_progress, &sum, 1};
	int rc = docker_push_read(&resp, a, &watch, digest, &err);

	http_response_release(&resp);
	return rc ? (int)err.kind : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = str_n((const char *)data + 1, size - 1);
	cleanup_arena struct arena a = {0};
	char *whole = NULL, *pieces = NULL;
	int kind;

	if (size == 0)
		return 0;
	kind = run(body, 16384, &a, &whole);
	if (kind != run(body, 1u + data[0] % 16, &a, &pieces))
		__builtin_trap();
	if (kind)
		return 0;
	if (!digest_is_valid(str_from(whole)) || strcmp(whole, pieces) != 0)
		__builtin_trap();
	return 0;
}
