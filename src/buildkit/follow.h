/*
 * The "followpaths" of a context call: which entries must be sent so that some
 * paths can be opened through all symlinks on the way. Never leaves the root:
 * absolute targets start there, ".." stops there, and no component is followed
 * by the kernel.
 */
#ifndef BUILDKIT_FOLLOW_H
#define BUILDKIT_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct err;

enum {
	FOLLOW_MAX_RESULTS = 16 * 1024, /* paths that one call may lead to */
	FOLLOW_MAX_DEPTH = 255          /* symlinks behind each other */
};

/*
 * Resolves n paths, possibly with wildcards, below dirfd (-1: nothing exists).
 * out receives include patterns: sorted, without those below another one.
 * *everything is set when one of them is the root itself, so that no filter is
 * left. ERR_LIMIT beyond the numbers above, ERR_SYS when a directory cannot be read.
 */
int follow_paths(int dirfd, const char *const *paths, size_t n, struct arena *a,
	struct strlist *out, bool *everything, struct err *err);

/*
 * The path of a file with all symlinks in its parent directories resolved, its
 * last component left alone. A part that does not exist stays as it is.
 */
int follow_parents(int dirfd, const char *path, struct arena *a, char **out, struct err *err);

#endif
