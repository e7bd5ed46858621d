/*
 * The verbs of the program and what main hands to each of them.
 *
 * cmd/ is the only room that prints and decides exit codes. A verb gets its own
 * name as argv[0], reports its failure through the console and returns the exit
 * code; nothing here calls exit.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>

#include "base/env.h"

struct buf;
struct common_options;
struct console;
struct err;
struct log;
struct tool;

/* What a shell sees. 249 to 255 are the codes of the tool that this one replaces. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_CHECK_FAILED = 1, /* info, doctor: something is wrong */
	EXIT_VERB_USAGE = 2,   /* every verb but build and push: command line error */

	EXIT_BUILD = 255, /* build: every failure; push: command line, Engine client settings */
	EXIT_PUSH_CONFIG = 254,
	EXIT_PUSH_LOGIN = 253,
	EXIT_PUSH_CREATE = 252, /* repository could not be created or checked */
	EXIT_PUSH_DOCKERFILE = 251,
	EXIT_PUSH_CI = 250,  /* neither commit nor branch known */
	EXIT_PUSH_TAG = 249, /* a tag failed to push */

	EXIT_NOT_EXECUTABLE = 126, /* entrypoint: found, cannot be run */
	EXIT_NOT_FOUND = 127,      /* entrypoint: no such program */
	EXIT_SIGNAL = 128          /* plus the signal's number, after cleaning up */
};

struct cmd_context {
	struct env env;          /* of the process, read once in main */
	const char *cwd;         /* absolute; NULL when the kernel cannot say (deleted folder) */
	struct console *console; /* never NULL */
	struct log *log;         /* the console's, for the rooms below */
};

int cmd_build(struct cmd_context *ctx, int argc, char **argv);
int cmd_push(struct cmd_context *ctx, int argc, char **argv);
int cmd_info(struct cmd_context *ctx, int argc, char **argv);
int cmd_doctor(struct cmd_context *ctx, int argc, char **argv);
int cmd_version(struct cmd_context *ctx, int argc, char **argv);
int cmd_help(struct cmd_context *ctx, int argc, char **argv);
int cmd_completion(struct cmd_context *ctx, int argc, char **argv);
/* Any other first word: a program of the image, executed in our place (entrypoint.c). */
int cmd_entrypoint(struct cmd_context *ctx, int argc, char **argv);

typedef int (*cmd_fn)(struct cmd_context *ctx, int argc, char **argv);

struct verb {
	const char *name;
	cmd_fn run;
};

/*
 * Does what --help, --verbose, --version and --config ask for, in that order of
 * rank and the last three in command line order. show_config serves --config
 * and returns an exit code; NULL where a verb has no such flag. True when the
 * verb is over, with its exit code in *code.
 */
bool cmd_early(struct cmd_context *ctx, const struct common_options *o,
	int (*show_config)(struct cmd_context *ctx, const struct common_options *o), int *code);

/* Prints the error under the verb's name; its exit code for wrong use, or for failing to print. */
int cmd_usage(struct cmd_context *ctx, const struct tool *t, const struct err *err);
int cmd_failed(struct cmd_context *ctx, const struct tool *t, const struct err *err);

/* "Version: X, commit Y, built at Z" with newline: scripts cut the version out of it. */
void version_line(struct buf *out);
/* Prints that line on behalf of a verb; the exit code. */
int version_show(struct cmd_context *ctx, const struct tool *t);
/* The bare version, for user agents. */
const char *version_text(void);

#endif
