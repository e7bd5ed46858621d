/*
 * The order in which entries of a diff-copy must come, and what their paths may
 * look like: clean and relative, each directory before its content, the names in
 * one directory strictly ascending as bytes.
 */
#ifndef BUILDKIT_FSORDER_H
#define BUILDKIT_FSORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct err;

/* A directory on the way to the newest entry. */
struct fsorder_level {
	uint32_t dir;    /* the caller's number of it */
	size_t path_len; /* of its path */
};

/* {0} is the start, in the root, which has number 0. */
struct fsorder {
	struct buf path; /* of the newest entry */
	struct fsorder_level *levels;
	size_t n, cap;
};

void fsorder_release(struct fsorder *o);
/*
 * Takes the next path: *dir is the number of its directory, *name its last
 * component, a view of path. ERR_PROTO when it must not come here.
 */
int fsorder_next(
	struct fsorder *o, struct str path, uint32_t *dir, struct str *name, struct err *err);
/* The entry just taken is a directory with that number. */
void fsorder_enter(struct fsorder *o, uint32_t dir);

/* Order of whole paths: as bytes, with / before all others. */
int fsorder_compare(struct str a, struct str b);

#endif
