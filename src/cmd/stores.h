/*
 * Image layouts on this machine that a build reads from or adds to: local caches,
 * contexts that are layouts, and results that are to be one.
 */
#ifndef CMD_STORES_H
#define CMD_STORES_H

#include "base/arena.h"
#include "buildkit/session.h"

struct cache_list;
struct err;
struct kvlist;
struct log;

struct store {
	struct bk_store bk; /* its name is the folder as it was given */
	const char *tag;    /* of a cache that is written: its name in the index */
	const char *real;   /* absolute path */
};

struct store_list {
	struct store *items; /* in the arena */
	size_t n, cap;
	struct bk_store *bk; /* the same for the session, once all are open */
};

#define STORE_EXPORT "export" /* what the daemon calls the place of a result */

/*
 * Opens a folder, which is made when it is to be written; one that is open under
 * that id already is the same. The pointer lives until the next call; NULL with
 * ERR_SYS, which names the folder.
 */
struct store *store_open(struct store_list *l, struct arena *a, const char *id, const char *path,
	bool writable, struct err *err);
/*
 * Opens the local ones among the caches. An import that leads nowhere is left out
 * with a warning, as there is nothing in a cache before the first build; of the
 * others the digest is looked up.
 */
int stores_caches(struct store_list *l, struct arena *a, struct cache_list *imports,
	struct cache_list *exports, struct log *log, struct err *err);
/* Fills in what the session has to know; borrows the list. */
void stores_session(struct store_list *l, struct arena *a, struct bk_session_options *session);
/* Folders that are written or are caches, as paths below another one: no part of a context. */
void stores_hidden(
	const struct store_list *l, struct arena *a, const char *folder, struct strlist *out);
/*
 * After the build: what was added gets its name in index.json. A cache for which
 * that fails is a warning.
 */
int stores_finish(const struct store_list *l, struct arena *a, const struct kvlist *answer,
	struct log *log, struct err *err);
void stores_close(struct store_list *l);

#endif
