/*
 * What a build may ask for beyond the plan: secrets, agents, further contexts,
 * notes on the image, and other places for the result. Read and checked while
 * deciding, opened when work begins, cut to what the daemon at hand can do.
 */
#ifndef CMD_EXTRAS_H
#define CMD_EXTRAS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/kv.h"
#include "cmd/agents.h"
#include "cmd/contexts.h"
#include "cmd/secrets.h"
#include "cmd/stores.h"
#include "cmd/targets.h"

struct backend;
struct bk_entry;
struct bk_session_options;
struct build_options;
struct env;
struct err;
struct log;
struct plan;
struct planned_solve;

struct extras {
	struct secret_list secrets;
	struct agent_list agents;
	struct context_list contexts;
	struct target_list targets;   /* none: the plan's own place */
	struct store_list stores;     /* image layouts, once opened */
	struct kvlist annotations;    /* attributes of exporters that make images */
	struct kvlist attests;        /* attributes of the frontend */
	const struct bk_sink *engine; /* borrowed; for a target that goes there */
	struct bk_export *exports;    /* of the targets, once opened */
	struct strlist said;          /* warnings that were given */
};

/* Borrows all of them. ERR_USAGE and ERR_CONFIG name the flag; release in any case. */
int extras_make(struct extras *x, struct arena *a, const struct env *env,
	const struct build_options *o, const struct plan *p, struct log *log, struct err *err);
/* Opens folders and files, and finds the local caches of the plan. */
int extras_open(struct extras *x, struct arena *a, const struct env *env, struct plan *p,
	struct log *log, struct err *err);
/* Paths in a folder that are no part of a context there. */
void extras_never(const struct extras *x, struct arena *a, const char *folder, struct strlist *out);
/* Adds secrets, agents and folders to what the daemon may ask for. */
void extras_session(struct extras *x, struct arena *a, struct bk_session_options *session);
/* Wipes secrets, removes what was not published. */
void extras_release(struct extras *x);

/* Attributes of a request; result: it is the one for the result, not for a stage. */
void extras_frontend(
	const struct extras *x, struct arena *a, bool result, struct kvlist *attributes);

/*
 * Before the first stage is built: ERR_CONFIG when the connected daemon cannot make what
 * --output asks for.
 */
int extras_check(const struct extras *x, struct arena *a, struct backend *b, const struct plan *p,
	struct err *err);
/*
 * Leaves out what the connected daemon does not know, warning of each thing once,
 * and fills in what only it can say. ERR_USAGE, ERR_CONFIG where leaving it out would
 * give another result than the one that was asked for. May be repeated.
 */
int extras_adapt(struct extras *x, struct arena *a, struct backend *b, const struct plan *p,
	struct log *log, struct planned_solve *solve, struct err *err);

#endif
