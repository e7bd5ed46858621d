/*
 * What --secret and 'secrets' of the configuration name: values that a build may
 * ask for while it runs.
 */
#ifndef CMD_SECRETS_H
#define CMD_SECRETS_H

#include "base/arena.h"
#include "buildkit/session.h"

struct config_lines;
struct env;
struct err;
struct log;

struct secret_list {
	struct bk_secret *items; /* in the arena, each id once */
	size_t n, cap;
};

/*
 * A value of --secret: id=X with src=FILE or env=NAME; with neither, the
 * variable X or else the file X. ERR_USAGE without the flag's name; ERR_SYS for a
 * file that cannot be read, ERR_LIMIT for one of more than BK_SECRET_MAX bytes.
 * Files are read when the build asks; what is no regular file is read here. The
 * same id again takes the place of the first.
 */
int secret_add_flag(struct secret_list *l, struct arena *a, const struct env *env, const char *text,
	struct err *err);
/*
 * The lines of the configuration, behind the flags: an id that is there stays.
 * Relative files lie beside the configuration. What is not there on this machine
 * is left out with a warning; only a line that makes no sense is an error.
 */
int secrets_configured(struct secret_list *l, struct arena *a, const struct env *env,
	const struct config_lines *lines, struct log *log, struct err *err);
/* Wipes the values. */
void secrets_release(struct secret_list *l);

#endif
