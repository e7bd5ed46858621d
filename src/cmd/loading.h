/*
 * --load with a BuildKit daemon: the image goes from there into a Docker Engine as
 * it is made, without a file in between.
 */
#ifndef CMD_LOADING_H
#define CMD_LOADING_H

#include "buildkit/session.h"
#include "docker/docker.h"

struct env;
struct err;

struct loading {
	bool wanted;
	struct docker_endpoint endpoint; /* texts in the caller's arena */
	struct docker docker;
	struct docker_load load;
	struct bk_sink sink; /* for the session; the struct must not move */
};

/* Which Engine: by the variables and contexts that name one. */
int loading_find(struct loading *l, struct arena *a, const struct env *env, struct err *err);
/* Whether it answers; nobody should build for hours to learn that it does not. */
int loading_connect(struct loading *l, struct err *err);
/* After the build: the Engine has taken the image. */
int loading_finish(struct loading *l, struct err *err);
void loading_release(struct loading *l);

#endif
