/*
 * Walks a context in the order of diff-copy: depth first, siblings by their
 * names as bytes, a directory before its content. Entries come one at a time;
 * what is kept is the names of the directories on the way down.
 *
 * Rules of patterns: an entry is shown when the include list (if there is one)
 * matches and the exclude list does not. A directory that is not shown itself is
 * still searched where something below may be, and then shown late, just before
 * the first entry below it.
 */
#ifndef BUILDKIT_FSWALK_H
#define BUILDKIT_FSWALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "buildkit/fssend.h"
#include "buildkit/fswire.h"

struct err;
struct fsdirs;
struct fswalk;

struct fswalk_entry {
	struct fsstat stat; /* linkname only for symlinks; views until the next call */
	struct str name;    /* last component of the path */
	uint32_t dir;       /* its directory in fsdirs */
	uint32_t file;      /* index + 1 of a file from memory, else 0 */
	bool is_socket;
	nlink_t nlink;
	dev_t dev;
	ino_t ino;
};

enum fswalk_step {
	FSWALK_ENTRY,
	FSWALK_BUSY, /* looked at many entries without showing one; call again */
	FSWALK_END,
	FSWALK_FAILED
};

/* Borrows dirs until fswalk_free; root until then too, filter only for this call. */
struct fswalk *fswalk_new(const struct fssend_root *root, const struct fssend_filter *filter,
	struct fsdirs *dirs, struct err *err);
void fswalk_free(struct fswalk *w);
void fswalk_observe(struct fswalk *w, const struct fssend_observer *observer);
enum fswalk_step fswalk_next(struct fswalk *w, struct fswalk_entry *out, struct err *err);

#endif
