/*
 * Programs that the entrypoint runs for others, and how runners ask for them.
 */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include <stdbool.h>

#include "base/env.h"

struct err;

/*
 * Where the word would be run from: *path is the caller's to free. ERR_SYS with
 * code ENOENT when there is none, EACCES when none can be executed.
 */
int program_find(const struct env *env, const char *word, char **path, struct err *err);

/* Becomes the program. Returns only on failure: ERR_SYS. */
int program_exec(const char *path, char **argv, struct err *err);

/* sh or bash, with or without a folder. */
bool is_shell(const char *word);
/* "sh -c SCRIPT" as GitLab's runner starts a job's container. argv[0] is the first word. */
bool is_runner_script(const struct env *env, int argc, char **argv);
/* The job is over and this is the container of its after_script. */
bool is_after_script(const struct env *env);

#endif
