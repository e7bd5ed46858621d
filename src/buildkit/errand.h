/*
 * Work that may block - a program to run, a server to ask - in a child process:
 * what it writes comes back through a pipe, and the loop goes on meanwhile.
 * Private to the session.
 */
#ifndef BUILDKIT_ERRAND_H
#define BUILDKIT_ERRAND_H

#include "base/str.h"

struct buf;
struct err;
struct errand;
struct loop;

enum { ERRAND_ANSWER_MAX = 1024 * 1024 };

/* In the child, which ends afterwards. At most ERRAND_ANSWER_MAX bytes arrive. */
typedef void (*errand_work_fn)(void *arg, struct buf *out);
/* In the loop; the errand is gone already. Empty: the child ended before it had told all of it. */
typedef void (*errand_done_fn)(void *arg, struct str answer);

/* NULL when there is no process or pipe to be had: ERR_SYS. */
struct errand *errand_start(
	struct loop *l, errand_work_fn work, errand_done_fn done, void *arg, struct err *err);
/* Ends the child; done is not called. Safe with NULL. */
void errand_stop(struct errand *e);

#endif
