/* From a plan to the Solve requests that carry it out. */
#ifndef CMD_SOLVES_H
#define CMD_SOLVES_H

#include "buildkit/solve.h"

struct arena;
struct build_options;
struct err;
struct plan;
struct plan_stage;

enum solve_kind {
	SOLVE_IMAGE, /* an image under its tags */
	SOLVE_EXPORT /* files, exporter number 0 */
};

struct planned_solve {
	enum solve_kind kind;
	const char *title;   /* "stage 'build'", "image" */
	struct strlist tags; /* full references the result gets */
	struct bk_solve solve;
};

/* The solve of stage number i, or of the result when i is nstages. */
int solve_plan(struct arena *a, const struct plan *p, const struct build_options *o, size_t i,
	struct planned_solve *out, struct err *err);

#endif
