/* Whether what a daemon reports as done is what it was asked for, and where it should be. */
#ifndef CMD_VERIFY_H
#define CMD_VERIFY_H

struct arena;
struct docker;
struct err;
struct kvlist;
struct planned_solve;

/*
 * The answer to a solve that makes an image, after it was published and loaded.
 * builds: the Engine when it is the one that builds; takes: the one that images of
 * BuildKit are loaded into. ERR_PROTO, or the Engine's refusal.
 */
int verify_result(struct arena *a, const struct kvlist *answer, const struct planned_solve *s,
	const struct docker *builds, const struct docker *takes, struct err *err);

#endif
