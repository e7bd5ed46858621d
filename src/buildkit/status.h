/*
 * Decoding of what a daemon reports: StatusResponse messages into struct
 * bk_update, and the typed details of a failure (JSON inside google.rpc.Status).
 * Pure.
 */
#ifndef BUILDKIT_STATUS_H
#define BUILDKIT_STATUS_H

#include "base/arena.h"
#include "buildkit/event.h"

struct err;

/* The update borrows from the arena. received_ns is left to the caller. ERR_PROTO. */
int bk_status_decode(struct arena *a, struct str message, struct bk_update *out, struct err *err);

/* Why a Solve failed, beyond its message. */
struct bk_failure {
	const char *vertex;              /* digest of the failing step, or NULL */
	const struct bk_source *sources; /* places in the Dockerfile */
	size_t nsources;
};

/* Unknown or malformed details are passed over: the message alone must do then. */
void bk_failure_decode(struct arena *a, struct str details, struct bk_failure *out);

#endif
