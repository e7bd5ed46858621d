/*
 * Child processes whose standard input and output are pipes of ours: dialers
 * (ssh, podman, kubectl) that carry a byte stream. What they say on standard
 * error is kept for messages, the first PROC_ERRORS_MAX bytes of it.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/mem.h"

struct buf;
struct err;

enum { PROC_ERRORS_MAX = 16 * 1024 };

struct proc {
	pid_t pid; /* 0 when none runs */
	int in;    /* write end of its standard input, or -1 */
	int out;   /* read end of its standard output, or -1 */
	int errs;  /* a file in memory that is its standard error, or -1 */
};

/*
 * Starts argv[0], found through PATH, without a shell, in a session of its own
 * so that a terminal's signals pass it by, and bound to our life by a
 * parent-death signal. The environment is inherited. ERR_SYS when it cannot be
 * executed: the caller learns that here, not from an exit code.
 */
int proc_start(struct proc *p, char *const argv[], struct err *err);
/* Appends what it has said on standard error so far. */
void proc_errors(const struct proc *p, struct buf *out);
/*
 * Waits up to timeout_ms for the end: true when it has ended, with the status of
 * waitpid(2), after which pid is 0.
 */
bool proc_wait(struct proc *p, int timeout_ms, int *status);
/* Closes the pipes, ends a process that still runs (TERM, after 3 s KILL), reaps it. */
void proc_close(struct proc *p);
#define cleanup_proc CLEANUP(proc_close)

#endif
