/*
 * The daemon that builds, connected: a peer that takes Solve calls, and the
 * session it reads files and credentials from.
 */
#ifndef CMD_BACKEND_H
#define CMD_BACKEND_H

#include <stdbool.h>

#include "base/arena.h"
#include "buildkit/peer.h"
#include "docker/docker.h"

struct bk_session;
struct bk_session_options;
struct err;
struct log;
struct loop;
struct plan;

struct backend {
	struct loop *loop;
	struct docker docker; /* when the Engine builds */
	struct bk_peer *peer;
	struct bk_session *session;
	struct bk_info info; /* in the arena */
	struct arena arena;
};

/* docker_ping with words and a hint for people. */
int backend_ping(
	struct docker *d, const struct docker_endpoint *e, int64_t deadline, struct err *err);

/*
 * Connects to what the plan names and opens the session there. On failure
 * nothing is left open; the error names the address, what was tried, and why
 * it failed.
 */
int backend_open(struct backend *b, const struct plan *p, const struct bk_session_options *o,
	struct log *log, struct err *err);
/* Safe on a zeroed struct, leaves it zeroed. */
void backend_close(struct backend *b);
#define cleanup_backend CLEANUP(backend_close)

#endif
