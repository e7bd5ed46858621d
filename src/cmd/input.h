/*
 * PATH is "-": standard input is an archive, plain or compressed by gzip, which is
 * the context; or it is a Dockerfile, and there is no context.
 *
 * Stages are built one by one, and a build may be tried again, so the archive is
 * needed more than once: it is kept in a temporary file without a name.
 */
#ifndef CMD_INPUT_H
#define CMD_INPUT_H

#include "buildkit/session.h"

struct arena;
struct buf;
struct err;

struct input {
	struct bk_upload upload; /* fd -1: it was a Dockerfile */
};

/*
 * Reads it to its end. *dockerfile is the text, or what the archive has under that
 * name. tmpdir: for the file. ERR_CONFIG when it is not there or the archive cannot
 * be read, ERR_SYS, ERR_LIMIT, ERR_CANCELED. In the arena; release in any case.
 */
int input_read(struct input *in, struct arena *a, int fd, const char *name, const char *tmpdir,
	struct buf *dockerfile, struct err *err);
void input_release(struct input *in);

#endif
