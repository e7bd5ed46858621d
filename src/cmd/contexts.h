/* What --build-context names: further contexts that a Dockerfile reads by FROM or --from. */
#ifndef CMD_CONTEXTS_H
#define CMD_CONTEXTS_H

#include "base/arena.h"
#include "base/kv.h"
#include "buildkit/fssend.h"

struct err;

struct named_context {
	const char *name;   /* as the Dockerfile calls it */
	const char *value;  /* of the request: an address, or "local:NAME" */
	const char *dir;    /* a folder of this machine; NULL for the others */
	const char *local;  /* what the session calls it */
	const char *layout; /* a folder that is an image layout */
	const char *store;  /* what the session calls that */

	/* while a build runs */
	struct fssend_root root;
};

struct context_list {
	struct named_context *items; /* in the arena */
	size_t n, cap;
};

/*
 * A value of --build-context: NAME=FOLDER, NAME=docker-image://REF,
 * NAME=oci-layout://FOLDER[:TAG][@DIGEST], or NAME= and the address of a git
 * repository or a file. The same name again takes the place
 * of the first. ERR_USAGE, ERR_CONFIG, ERR_SYS without the flag's name.
 */
int context_add_flag(struct context_list *l, struct arena *a, const char *text, struct err *err);
/* Opens the folders. */
int contexts_open(struct context_list *l, struct err *err);
void contexts_close(struct context_list *l);
/* What the frontend has to know. */
void contexts_attrs(const struct context_list *l, struct arena *a, struct kvlist *attrs);

#endif
