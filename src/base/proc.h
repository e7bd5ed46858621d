/*
 * Child processes whose standard input, output and error are pipes of ours:
 * dialers (ssh, podman, kubectl) that carry a byte stream.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <sys/types.h>

#include "base/mem.h"

struct err;

struct proc {
	pid_t pid; /* 0 when none runs */
	int in;    /* write end of its standard input, or -1 */
	int out;   /* read end of its standard output, or -1 */
	int errs;  /* read end of its standard error, or -1 */
};

/*
 * Starts argv[0], found through PATH, without a shell, in a session of its own
 * so that a terminal's signals pass it by, and bound to our life by a
 * parent-death signal. The environment is inherited. ERR_SYS when it cannot be
 * executed: the caller learns that here, not from an exit code.
 */
int proc_start(struct proc *p, char *const argv[], struct err *err);
/* Closes the pipes, ends a process that still runs (TERM, after 3 s KILL), reaps it. */
void proc_close(struct proc *p);
#define cleanup_proc CLEANUP(proc_close)

#endif
