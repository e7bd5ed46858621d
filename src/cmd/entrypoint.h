/* Parts of the entrypoint behaviour that tests look at one by one; the whole is cmd_entrypoint. */
#ifndef CMD_ENTRYPOINT_H
#define CMD_ENTRYPOINT_H

#include <stdbool.h>

#include "base/env.h"

struct cmd_context;

/*
 * Where the word would be run from: *path is the caller's to free. 0, or the
 * errno: ENOENT when there is none, EACCES when none can be executed.
 */
int program_find(const struct env *env, const char *word, char **path);

/* "sh -c SCRIPT" as GitLab's runner starts a job's container. */
bool is_runner_script(const struct env *env, int argc, char **argv);
/* The job is over and this is the container of its after_script. */
bool is_after_script(const struct env *env);

/*
 * Runs the program as a child, forwards every signal to it, reaps orphans until
 * it ends; its exit code, or 128 + N when signal N ended it.
 */
int program_supervise(struct cmd_context *ctx, const char *path, char **argv);

#endif
