/*
 * An Engine of canned answers in a process of its own, on a unix socket: one
 * connection after the other is answered with the next text and closed.
 */
#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "docker/docker.h"
#include "tree.h"

enum { FAKE_HOLD = 0x1d }; /* in an answer: what follows is sent after fake_engine_go_on */

struct fake_engine {
	struct tree tree;
	char path[100]; /* of the socket */
	struct docker_endpoint endpoint;
	pid_t pid;
	int seen;            /* what the process has read */
	int word;            /* that it may go on */
	struct buf requests; /* by fake_engine_end: head and body of each, in order */
};

/* An answer of NULL closes the connection without one. */
void fake_engine_start(struct fake_engine *e, const struct str *answers, size_t n);
void fake_engine_go_on(struct fake_engine *e);
/* Ends the process and reads the requests. */
void fake_engine_end(struct fake_engine *e);
void fake_engine_release(struct fake_engine *e);

/* Appends a complete answer: status line, type, length or chunks of 'chunk' bytes, body. */
void fake_answer(
	struct buf *out, const char *status, const char *type, struct str body, size_t chunk);

#endif
