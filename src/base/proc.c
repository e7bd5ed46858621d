#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"

enum { END_MS = 3000 };

struct pipes {
	int in[2], out[2], errs[2], failed[2];
};

static void
close_all(struct pipes *x)
{
	int *fds[] = { x->in, x->out, x->errs, x->failed };
	size_t i;

	for (i = 0; i < ARRAY_LEN(fds); i++) {
		fd_close(&fds[i][0]);
		fd_close(&fds[i][1]);
	}
}

static int
open_all(struct pipes *x)
{
	if (pipe2(x->in, O_CLOEXEC) || pipe2(x->out, O_CLOEXEC) || pipe2(x->errs, O_CLOEXEC) ||
		pipe2(x->failed, O_CLOEXEC))
		return -1;
	return 0;
}

_Noreturn static void
run_child(struct pipes *x, char *const argv[], pid_t parent)
{
	int cause;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	interrupt_reset_child();
	if (dup2(x->in[0], STDIN_FILENO) >= 0 && dup2(x->out[1], STDOUT_FILENO) >= 0 &&
		dup2(x->errs[1], STDERR_FILENO) >= 0)
		execvp(argv[0], argv);
	cause = errno;
	(void)fd_write_all(x->failed[1], &cause, sizeof(cause));
	_exit(127);
}

int
proc_start(struct proc *p, char *const argv[], struct err *err)
{
	struct pipes x = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	pid_t parent = getpid();
	int cause = 0;

	*p = (struct proc){ .in = -1, .out = -1, .errs = -1 };
	if (open_all(&x) || (p->pid = fork()) < 0) {
		p->pid = 0;
		err_sys(err, "start '%s'", argv[0]);
		close_all(&x);
		return -1;
	}
	if (p->pid == 0)
		run_child(&x, argv, parent);
	p->in = steal_fd(&x.in[1]);
	p->out = steal_fd(&x.out[0]);
	p->errs = steal_fd(&x.errs[0]);
	fd_close(&x.failed[1]);
	/* closed without a word by a successful exec */
	if (fd_read(x.failed[0], &cause, sizeof(cause)) != sizeof(cause))
		cause = 0;
	close_all(&x);
	if (cause == 0)
		return 0;
	proc_close(p);
	return err_errno(err, ERR_SYS, cause, "start '%s'", argv[0]);
}

/* Whether the process was reaped within the time; its pidfd becomes readable when it ends. */
static int
reap(pid_t pid, int timeout_ms)
{
	cleanup_fd int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd >= 0 && timeout_ms >= 0 && poll(&p, 1, timeout_ms) <= 0)
		return waitpid(pid, NULL, WNOHANG) == pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 1;
}

void
proc_close(struct proc *p)
{
	fd_close(&p->in);
	fd_close(&p->out);
	fd_close(&p->errs);
	if (p->pid > 0) {
		kill(p->pid, SIGTERM);
		if (!reap(p->pid, END_MS)) {
			kill(p->pid, SIGKILL);
			reap(p->pid, -1);
		}
	}
	p->pid = 0;
}
