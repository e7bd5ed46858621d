/* A folder of its own for a test, and a log that can be looked at. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "base/buf.h"
#include "base/log.h"

struct sandbox {
	char root[64];  /* below /tmp */
	char *made[64]; /* what sandbox_close removes, newest first */
	size_t nmade;
	struct log log; /* keeps every level, as lines "warn: TEXT" */
	struct buf logged;
};

/* The struct must not move afterwards. A failure fails the test. */
void sandbox_open(struct sandbox *t);
void sandbox_close(struct sandbox *t);

/* Names are relative to the root. The path returned lives until sandbox_close. */
const char *sandbox_dir(struct sandbox *t, const char *name);
/* Makes a file or writes it anew. */
const char *sandbox_put(struct sandbox *t, const char *name, const char *text);

/* The log has, or has not, a line with this text. */
void sandbox_logged(const struct sandbox *t, const char *text);
void sandbox_not_logged(const struct sandbox *t, const char *text);

#endif
