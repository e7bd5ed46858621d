/*
 * What daemons of different age and kind can do: a request is cut down to what
 * the one at hand understands, and each thing left out is named once.
 */
#ifndef CMD_FEATURES_H
#define CMD_FEATURES_H

#include <stdbool.h>

#include "base/arena.h"

struct bk_info;
struct build_options;
struct err;
struct log;
struct planned_solve;

struct features {
	const struct bk_info *info; /* what the daemon says of itself; borrowed */
	bool engine;                /* it is part of a Docker Engine */
	struct arena *arena;
	struct log *log;
	struct strlist said; /* warnings that were given */
};

/*
 * Leaves out caches of types the daemon would refuse the whole build for, and
 * warns of options that it is going to ignore (minimum versions: BuildKit's
 * sources at the tags named in the table).
 */
void features_apply(struct features *f, const struct build_options *o, struct planned_solve *solve);

/*
 * After a failure: whether the daemon refused nothing but to set a cache export
 * up that may fail (ignore-error), or does not know its type. Then it is left
 * out, and the request is worth another try.
 */
bool features_refused(struct features *f, const struct err *why, struct planned_solve *solve);

/* The n of BuildKit 0.n; INT_MAX when the version says nothing, 8 when there is none. */
int features_minor(const char *version);

#endif
