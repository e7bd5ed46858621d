/* Private to dockerfile/: what FROM lines name once arguments are put in. */
#ifndef DOCKERFILE_STAGE_H
#define DOCKERFILE_STAGE_H

#include "base/arena.h"
#include "dockerfile/dockerfile.h"

/* The value of --NAME=value, or NULL; the last one counts. */
const char *flag_value(const struct dockerfile_instruction *ins, const char *name);

/*
 * The global arguments of a file in order, those named in build_args ("K=V", may
 * be NULL) with that value.
 */
void stage_args(struct arena *a, const struct dockerfile *df, const struct strlist *build_args,
	struct dockerfile_arg **args, size_t *nargs);
/* base with the arguments put in; NULL when that cannot be told. */
const char *stage_base(struct arena *a, const struct dockerfile *df, const char *base,
	const struct dockerfile_arg *args, size_t nargs);
/* The newest stage before 'before' that base (arguments put in) names, or -1. */
int stage_parent(const struct dockerfile *df, const char *base, size_t before);

#endif
