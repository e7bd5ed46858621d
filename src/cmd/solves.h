/* From a plan to the Solve requests that carry it out. */
#ifndef CMD_SOLVES_H
#define CMD_SOLVES_H

#include "buildkit/solve.h"

struct arena;
struct build_options;
struct err;
struct extras;
struct plan;
struct plan_stage;

enum solve_kind {
	SOLVE_IMAGE,  /* an image under its tags */
	SOLVE_EXPORT, /* files, exporter number 0 */
	SOLVE_TARGETS /* what --output names, in its order */
};

struct planned_solve {
	enum solve_kind kind;
	const char *title;     /* "stage 'build'", "image" */
	struct strlist tags;   /* full references the result gets */
	bool pushes;           /* the daemon publishes them itself */
	bool loads;            /* they are going to be in the Engine */
	struct strlist engine; /* those that come out of BuildKit into the Engine */
	bool hands_on;         /* out of which they are to be pushed when all is built */
	size_t target;         /* SOLVE_TARGETS: the place of the first exporter */
	struct bk_solve solve;
};

/* The solve of stage number i, or of the result when i is nstages. */
int solve_plan(struct arena *a, const struct plan *p, const struct build_options *o,
	const struct extras *x, size_t i, struct planned_solve *out, struct err *err);

#endif
