/*
 * The text of git's ref files: HEAD, loose refs, packed-refs. Pure.
 */
#ifndef CI_GITREFS_H
#define CI_GITREFS_H

#include <stdbool.h>

#include "base/str.h"

struct arena;

/* At most one is set. Strings live in the arena. */
struct gitref {
	const char *commit; /* 40 or 64 lower-case hex digits */
	const char *target; /* name of the ref that this one stands for, below refs/ */
};

/* 40 or 64 lower-case hexadecimal digits: what git and everybody else calls a full commit id. */
bool gitref_is_commit(struct str s);
/* Below refs/ and safe to use as a path: no empty part, none that begins like "..". */
bool gitref_is_name(struct str s);
/* Content of a ref file. 0, or -1 when it is neither a commit id nor "ref: NAME". */
int gitref_parse(struct arena *a, struct str text, struct gitref *out);
/* The commit id of the ref in the text of a packed-refs file, or NULL. Odd lines are passed over.
 */
const char *gitref_packed(struct arena *a, struct str text, const char *name);

#endif
