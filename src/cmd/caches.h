/*
 * Where a build looks for results of earlier ones and where it leaves its own,
 * in BuildKit's terms: a type and its attributes. Pure.
 */
#ifndef CMD_CACHES_H
#define CMD_CACHES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/kv.h"

struct config;
struct env;
struct err;
struct log;

/* Texts live in the arena. */
struct cache {
	const char *type; /* registry, gha, s3, inline... */
	struct kvlist attrs;
	const char *shown; /* a reference alone, or "type=...", secrets as *** */
	/*
	 * Configured once for everything. Solves would overwrite each other's
	 * results there, so a stage has a place of its own beside it.
	 */
	bool shared;
};

struct cache_list {
	struct cache *items;
	size_t n, cap;
};

void cache_add(struct cache_list *l, struct arena *a, const struct cache *c);
/* type=registry of a reference. */
void cache_add_ref(struct cache_list *l, struct arena *a, const char *ref);
/* A value of --cache-from or --cache-to ("type=X,..." or a reference); ERR_USAGE names the flag. */
int cache_add_flag(
	struct cache_list *l, struct arena *a, const char *text, const char *flag, struct err *err);

/*
 * What 'cache:' of the configuration asks for: imports and exports with what
 * makes a failing export a warning. The environment fills in what the CI knows:
 * GitHub's cache service (ACTIONS_...) and AWS credentials.
 */
void caches_configured(struct arena *a, const struct config *c, const struct env *env,
	struct log *log, struct cache_list *imports, struct cache_list *exports);

/*
 * The attributes for a stage: the shared place with "-STAGE" behind its name
 * (ref, scope or name), or NULL when the type has none.
 */
const struct kvlist *cache_of_stage(struct arena *a, const struct cache *c, const char *stage);

#endif
