/*
 * A registry of canned answers in a process of its own, over plain HTTP on
 * 127.0.0.1: each connection is answered with the next step and closed. A
 * connection that begins with TLS is closed and counts for nothing. In answers,
 * @HOST@ is 127.0.0.1:PORT, @PORT@ the port, and @FOREVER@ at the end repeats
 * the last byte until nobody listens any more.
 */
#ifndef FAKE_REGISTRY_H
#define FAKE_REGISTRY_H

#include <sys/types.h>

#include "base/buf.h"

struct fake_step {
	const char *request; /* how it has to begin: "GET /v2/ " */
	const char *has;     /* text that the head or body must have, or NULL */
	const char *lacks;   /* and must not have, or NULL */
	const char *answer;  /* complete, NULL: closed without one */
};

struct fake_registry {
	char host[32]; /* "127.0.0.1:PORT" */
	const char *port;
	const struct fake_step *steps;
	size_t n;
	pid_t pid;
	int seen; /* what the process has read */
};

void fake_registry_start(struct fake_registry *f, const struct fake_step *steps, size_t n);
/* Ends the process and fails the test unless the requests were those of the steps. */
void fake_registry_end(struct fake_registry *f, const char *row);

#endif
