#include "buildkit/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "base/loop.h"

enum { ANSWER_USUAL = 32 * 1024 };

struct errand {
	errand_done_fn done;
	void *arg;
	struct watch *watch;
	pid_t pid;
	int fd;
	struct buf answer;
};

/* Whether the child came to its end by itself, with all that it had to say. */
static bool
release(struct errand *e)
{
	int status = 0;

	watch_remove(e->watch);
	fd_close(&e->fd);
	while (waitpid(e->pid, &status, 0) < 0 && errno == EINTR)
		;
	buf_wipe(&e->answer);
	free(e);
	return status == 0;
}

void
errand_stop(struct errand *e)
{
	if (!e)
		return;
	kill(e->pid, SIGTERM);
	release(e);
}

static void
on_readable(short revents, void *arg)
{
	struct errand *e = arg;
	char chunk[4096];
	ssize_t n = fd_read(e->fd, chunk, sizeof(chunk));
	errand_done_fn done = e->done;
	struct buf answer;

	(void)revents;
	if (n > 0 && buf_add(&e->answer, chunk, (size_t)n, NULL) == 0)
		return;
	explicit_bzero(chunk, sizeof(chunk));
	answer = e->answer;
	e->answer = (struct buf){0};
	/* a child with more to say than may be said would wait for ever */
	if (n > 0)
		kill(e->pid, SIGTERM);
	arg = e->arg;
	done(arg, release(e) && n == 0 ? buf_view(&answer) : (struct str){0});
	buf_wipe(&answer);
}

_Noreturn static void
work_in_child(errand_work_fn work, void *arg, int fd)
{
	struct buf out;

	interrupt_reset_child();
	buf_init(&out, ERRAND_ANSWER_MAX);
	work(arg, &out);
	_exit(fd_write_all(fd, out.p, out.len) ? 1 : 0);
}

struct errand *
errand_start(struct loop *l, errand_work_fn work, errand_done_fn done, void *arg, struct err *err)
{
	struct errand *e;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC)) {
		err_sys(err, "no pipe for a child process");
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		work_in_child(work, arg, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		err_sys(err, "no child process");
		close(ends[0]);
		return NULL;
	}
	e = xcalloc(1, sizeof(*e));
	*e = (struct errand){.done = done, .arg = arg, .pid = pid, .fd = ends[0]};
	buf_init(&e->answer, ERRAND_ANSWER_MAX);
	/* growing would leave copies behind; it hardly ever has to */
	buf_reserve(&e->answer, ANSWER_USUAL, NULL);
	e->watch = loop_watch(l, e->fd, POLLIN, on_readable, e);
	return e;
}
