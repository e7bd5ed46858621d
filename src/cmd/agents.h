/* What --ssh names: agents that sign for a build while it runs, and keys of which we make one. */
#ifndef CMD_AGENTS_H
#define CMD_AGENTS_H

#include "base/arena.h"
#include "buildkit/session.h"

struct env;
struct err;

struct agent_list {
	struct bk_agent *items; /* in the arena, each id once */
	size_t n, cap;
};

/*
 * A value of --ssh: ID, which is the agent of SSH_AUTH_SOCK, ID=SOCKET or
 * ID=KEY[,KEY...]; key files are read here. ERR_USAGE, ERR_SYS, ERR_CONFIG without
 * the flag's name. The same id again takes the place of the first.
 */
int agent_add_flag(struct agent_list *l, struct arena *a, const struct env *env, const char *text,
	struct err *err);
/* Wipes the keys. */
void agents_release(struct agent_list *l);

#endif
