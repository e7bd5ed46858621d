/*
 * One build: Control.Solve with the Status stream beside it
 * (moby.buildkit.v1, 0.8 and newer).
 */
#ifndef BUILDKIT_SOLVE_H
#define BUILDKIT_SOLVE_H

#include <stdint.h>

#include "base/kv.h"
#include "buildkit/event.h"
#include "buildkit/status.h"

struct arena;
struct bk_peer;
struct bk_session;
struct err;

/* A typed list of attributes: an exporter, a cache import or export. */
struct bk_entry {
	const char *type;
	struct kvlist attrs;
};

struct bk_entries {
	struct bk_entry *items;
	size_t n, cap;
};

/* A new entry at the end; the pointer lives until the next call. */
struct bk_entry *bk_entry_add(struct bk_entries *l, struct arena *a, const char *type);

struct bk_solve {
	const char *frontend;        /* "dockerfile.v0" */
	struct kvlist attrs;         /* of the frontend; cache-imports is made from cache_imports */
	struct bk_entries exporters; /* index is the exporter id in the session; may be none */
	struct bk_entries cache_imports;
	struct bk_entries cache_exports;
	const char *const *entitlements;
	size_t nentitlements;
};

/* Who is told what goes on; times as in progress/progress.h, -1 is "not at all". */
struct bk_observer {
	int64_t (*update)(const struct bk_update *u, void *arg);
	int64_t (*tick)(int64_t now_ns, void *arg);
	void *arg;
};

struct bk_result {
	struct kvlist response;    /* the exporters' answers */
	struct bk_failure failure; /* when bk_solve_run failed with ERR_BUILD or ERR_REMOTE */
	size_t errors;             /* steps that failed, those for caches aside */
};

/*
 * Runs the loop until Solve has answered and the status stream has ended (or
 * has been silent for 5 s after it). out lives in the arena.
 *
 * ERR_BUILD: a step of the Dockerfile failed, or the daemon refused the build;
 * ERR_NET: the connection was lost before an answer; ERR_PROTO; ERR_CANCELED:
 * a signal came, the daemon was told and given some seconds to stop.
 * A session that breaks is reported in its own words.
 */
int bk_solve_run(struct bk_peer *p, struct bk_session *s, const struct bk_solve *solve,
	const struct bk_observer *observer, struct arena *a, struct bk_result *out,
	struct err *err);

#endif
