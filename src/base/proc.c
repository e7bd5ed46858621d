#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"

enum { END_MS = 3000 };

struct pipes {
	int in[2], out[2], failed[2];
	int errs;
};

static void
close_all(struct pipes *x)
{
	int *fds[] = {x->in, x->out, x->failed};
	size_t i;

	for (i = 0; i < ARRAY_LEN(fds); i++) {
		fd_close(&fds[i][0]);
		fd_close(&fds[i][1]);
	}
	fd_close(&x->errs);
}

/*
 * Standard error is a file that cannot grow: nobody has to read it while the
 * process runs, and a talkative one takes no more memory than this.
 */
static int
open_errors(void)
{
	cleanup_fd int fd = memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, PROC_ERRORS_MAX) ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK))
		return -1;
	return steal_fd(&fd);
}

static int
open_all(struct pipes *x)
{
	if (pipe2(x->in, O_CLOEXEC) || pipe2(x->out, O_CLOEXEC) || pipe2(x->failed, O_CLOEXEC))
		return -1;
	x->errs = open_errors();
	return x->errs < 0 ? -1 : 0;
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
		dup2(x->errs, STDERR_FILENO) >= 0)
		execvp(argv[0], argv);
	cause = errno;
	(void)fd_write_all(x->failed[1], &cause, sizeof(cause));
	_exit(127);
}

int
proc_start(struct proc *p, char *const argv[], struct err *err)
{
	struct pipes x = {{-1, -1}, {-1, -1}, {-1, -1}, -1};
	pid_t parent = getpid();
	int cause = 0;

	*p = (struct proc){.in = -1, .out = -1, .errs = -1};
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
	p->errs = steal_fd(&x.errs);
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

void
proc_errors(const struct proc *p, struct buf *out)
{
	char text[PROC_ERRORS_MAX];
	off_t len = p->errs < 0 ? 0 : lseek(p->errs, 0, SEEK_CUR);
	ssize_t n;

	if (len <= 0)
		return;
	n = pread(p->errs, text, len < PROC_ERRORS_MAX ? (size_t)len : sizeof(text), 0);
	if (n > 0)
		buf_mem(out, text, (size_t)n);
}

bool
proc_wait(struct proc *p, int timeout_ms, int *status)
{
	cleanup_fd int fd = -1;
	struct pollfd pfd;
	pid_t got;

	if (p->pid == 0)
		return true;
	/* a pidfd becomes readable when its process ends */
	fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	pfd = (struct pollfd){.fd = fd, .events = POLLIN};
	if (fd >= 0 && timeout_ms >= 0 && poll(&pfd, 1, timeout_ms) <= 0)
		return false;
	do
		got = waitpid(p->pid, status, fd < 0 && timeout_ms >= 0 ? WNOHANG : 0);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return false;
	p->pid = 0;
	return true;
}

void
proc_close(struct proc *p)
{
	int status;

	fd_close(&p->in);
	fd_close(&p->out);
	fd_close(&p->errs);
	if (p->pid <= 0)
		return;
	kill(p->pid, SIGTERM);
	if (proc_wait(p, END_MS, &status))
		return;
	kill(p->pid, SIGKILL);
	proc_wait(p, -1, &status);
}
