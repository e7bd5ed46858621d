/* The Dockerfile of a plan: found, read, and rewritten where configuration wants it. */
#ifndef CMD_DOCKERFILES_H
#define CMD_DOCKERFILES_H

struct arena;
struct cmd_context;
struct err;
struct plan;
struct plan_request;

/*
 * Fills in the dockerfile fields and the stages (without tags). ERR_SYS naming
 * the path when it cannot be read, ERR_CONFIG when it makes no sense.
 */
int dockerfile_load(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *p, struct err *err);
/*
 * Where it is looked for, in the arena: what --file names is relative to the working
 * directory, the default one is in dir, the context.
 */
const char *dockerfile_path(
	struct arena *a, struct cmd_context *ctx, const char *file, const char *dir);

#endif
