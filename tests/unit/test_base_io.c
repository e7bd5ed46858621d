/* base/: descriptors, files, the loop, clocks, child processes, signals. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "base/loop.h"
#include "base/proc.h"

/* ---- files ------------------------------------------------------------------------------- */

struct folder {
	char path[64];
	int fd;
};

static void
make_folder(struct folder *f)
{
	snprintf(f->path, sizeof(f->path), "/tmp/test-base-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
}

static void
remove_folder(struct folder *f, const char *name)
{
	if (unlinkat(f->fd, name, 0))
		assert_int_equal(unlinkat(f->fd, name, AT_REMOVEDIR), 0);
	fd_close(&f->fd);
	assert_int_equal(rmdir(f->path), 0);
}

static void
put_file(const struct folder *f, const char *name, const char *text, size_t len)
{
	int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, len), 0);
	fd_close(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd);
}

static void
files(void **state)
{
	struct err err = {0};
	struct buf out = {0};
	struct folder f;

	(void)state;
	make_folder(&f);
	put_file(&f, "f", "", 0);
	assert_ok(file_read(f.fd, "f", 0, &out, &err), &err);
	assert_int_equal(out.len, 0);
	put_file(&f, "f", "one\0two", 7);
	assert_ok(file_read(f.fd, "f", 7, &out, &err), &err);
	/* appended to what is there */
	assert_ok(file_read(f.fd, "f", 7, &out, &err), &err);
	assert_int_equal(out.len, 14);
	assert_memory_equal(out.p, "one\0twoone\0two", 15);
	assert_int_equal(file_read(f.fd, "f", 6, &out, &err), -1);
	assert_err(&err, ERR_LIMIT, "'f' is larger than 6 bytes");
	buf_release(&out);
	buf_init(&out, 5);
	assert_int_equal(file_read(f.fd, "f", 100, &out, &err), -1);
	assert_err(&err, ERR_LIMIT, "read 'f': more than 5 bytes");
	buf_release(&out);
	assert_int_equal(file_read(f.fd, "none", 100, &out, &err), -1);
	assert_err(&err, ERR_SYS, "open 'none': No such file");
	assert_int_equal(err.code, ENOENT);
	remove_folder(&f, "f");
}

static void
large_file(void **state)
{
	struct err err = {0};
	struct buf text = {0}, out = {0};
	struct folder f;
	int i;

	(void)state;
	for (i = 0; i < 30000; i++)
		buf_addf(&text, "%d\n", i);
	make_folder(&f);
	put_file(&f, "f", text.p, text.len);
	assert_ok(file_read(f.fd, "f", text.len, &out, &err), &err);
	assert_int_equal(out.len, text.len);
	assert_memory_equal(out.p, text.p, text.len);
	buf_reset(&out);
	assert_int_equal(file_read(f.fd, "f", text.len - 1, &out, &err), -1);
	remove_folder(&f, "f");
	buf_release(&text);
	buf_release(&out);
}

static void
no_files(void **state)
{
	struct err err = {0};
	struct buf out = {0};
	struct folder f;

	(void)state;
	make_folder(&f);
	assert_int_equal(mkdirat(f.fd, "d", 0700), 0);
	assert_int_equal(file_read(f.fd, "d", 100, &out, &err), -1);
	assert_err(&err, ERR_SYS, "read 'd': Is a directory");
	assert_int_equal(err.code, EISDIR);
	remove_folder(&f, "d");
	/* a device without end meets the cap */
	assert_int_equal(file_read(AT_FDCWD, "/dev/zero", 100000, &out, &err), -1);
	assert_err(&err, ERR_LIMIT, "'/dev/zero' is larger than 100000 bytes");
	buf_release(&out);
}

/* A pipe without a writer is waited for; the writer comes late and writes in pieces. */
static void
fifo(void **state)
{
	struct err err = {0};
	struct buf out = {0};
	struct folder f;
	int status, fd;
	pid_t pid;

	(void)state;
	make_folder(&f);
	assert_int_equal(mkfifoat(f.fd, "p", 0600), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* opening blocks until the reader is there */
		fd = openat(f.fd, "p", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || fd_write_all(fd, "one ", 4) || fd_write_all(fd, "two", 3))
			_exit(1);
		_exit(0);
	}
	assert_ok(file_read(f.fd, "p", 100, &out, &err), &err);
	assert_str(buf_view(&out), "one two");
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
	remove_folder(&f, "p");
	buf_release(&out);
}

static void
descriptors(void **state)
{
	struct err err = {0};
	struct buf out = {0};
	int ends[2], moved;
	char c;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_nonblock(ends[0]), 0);
	assert_int_equal(fd_read(ends[0], &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	moved = steal_fd(&ends[1]);
	assert_int_equal(ends[1], -1);
	assert_int_equal(fd_write_all(moved, "text", 4), 0);
	errno = EPERM;
	fd_close(&moved);
	assert_int_equal(errno, EPERM);
	assert_ok(fd_read_to_end(ends[0], "pipe", 4, &out, &err), &err);
	assert_str(buf_view(&out), "text");
	fd_close(&ends[0]);
	assert_int_equal(fd_nonblock(-1), -1);
	assert_int_equal(fd_write_all(-1, "x", 1), -1);
	assert_int_equal(fd_read_to_end(-1, "nothing", 4, &out, &err), -1);
	buf_release(&out);
}

/* ---- the loop ---------------------------------------------------------------------------- */

struct echo {
	struct loop *loop;
	struct watch *watch, *other;
	struct timer *timer;
	int fd, calls, calls_of_timer;
	short revents;
	char got[32];
};

static void
on_readable(short revents, void *arg)
{
	struct echo *e = arg;
	ssize_t n;

	e->revents = revents;
	e->calls++;
	n = fd_read(e->fd, e->got, sizeof(e->got) - 1);
	e->got[n > 0 ? n : 0] = '\0';
}

static void
on_timer(void *arg)
{
	*(int *)arg += 1;
}

static void
loop_watches(void **state)
{
	struct loop *l = loop_new();
	struct err err = {0};
	struct echo e = {.loop = l};
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	e.fd = ends[0];
	e.watch = loop_watch(l, ends[0], POLLIN, on_readable, &e);
	assert_int_equal(fd_write_all(ends[1], "one", 3), 0);
	assert_ok(loop_once(l, &err), &err);
	assert_string_equal(e.got, "one");
	assert_int_equal(e.revents & POLLIN, POLLIN);
	/* not while nothing is wanted of it; the timer ends the wait */
	assert_int_equal(fd_write_all(ends[1], "two", 3), 0);
	watch_events(e.watch, 0);
	e.timer = loop_timer(l, deadline_in(0), on_timer, &e.calls_of_timer);
	assert_ok(loop_once(l, &err), &err);
	assert_int_equal(e.calls, 1);
	watch_events(e.watch, POLLIN);
	assert_ok(loop_once(l, &err), &err);
	assert_string_equal(e.got, "two");
	fd_close(&ends[1]);
	assert_ok(loop_once(l, &err), &err);
	assert_int_equal(e.revents & POLLHUP, POLLHUP);
	watch_remove(e.watch);
	watch_remove(NULL);
	timer_remove(NULL);
	loop_free(l);
	loop_free(NULL);
	fd_close(&ends[0]);
}

/* Whichever of two ready watches comes first removes both. */
static void
remove_both(short revents, void *arg)
{
	struct echo *e = arg;

	(void)revents;
	e->calls++;
	watch_remove(e->watch);
	watch_remove(e->other);
}

static void
loop_removal_in_callback(void **state)
{
	struct loop *l = loop_new();
	struct err err = {0};
	struct echo e = {0};
	int ends[2], rounds = 0;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(ends[1], "x", 1), 0);
	e.watch = loop_watch(l, ends[0], POLLIN, remove_both, &e);
	e.other = loop_watch(l, ends[1], POLLOUT, remove_both, &e);
	assert_ok(loop_once(l, &err), &err);
	assert_int_equal(e.calls, 1);
	loop_timer(l, deadline_in(0), on_timer, &rounds);
	assert_ok(loop_once(l, &err), &err);
	assert_int_equal(e.calls, 1);
	assert_int_equal(rounds, 1);
	loop_free(l);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

struct ticks {
	struct loop *loop;
	struct timer *self, *victim;
	int n, more;
};

static void
tick(void *arg)
{
	struct ticks *t = arg;

	t->n++;
	if (t->n < 3)
		timer_set(t->self, deadline_in(0));
	if (t->victim)
		timer_remove(t->victim);
	t->victim = NULL;
	if (t->n == 2)
		loop_timer(t->loop, deadline_in(0), on_timer, &t->more);
	if (t->n == 3)
		timer_remove(t->self);
}

static void
loop_timers(void **state)
{
	struct loop *l = loop_new();
	struct ticks t = {.loop = l};
	struct err err = {0};
	int never = 0, last = 0, rounds;

	(void)state;
	t.victim = loop_timer(l, deadline_in(0), on_timer, &never);
	loop_timer(l, DEADLINE_NONE, on_timer, &never);
	loop_timer(l, deadline_in(3600 * 1000), on_timer, &never);
	/* the newest is called first */
	t.self = loop_timer(l, deadline_in(0), tick, &t);
	for (rounds = 0; t.n < 3; rounds++)
		assert_ok(loop_once(l, &err), &err);
	assert_true(rounds >= 3);
	loop_timer(l, deadline_in(0), on_timer, &last);
	while (!last || !t.more)
		assert_ok(loop_once(l, &err), &err);
	assert_int_equal(never, 0);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.more, 1);
	loop_free(l);
}

/* ---- clocks ------------------------------------------------------------------------------ */

static void
clocks(void **state)
{
	int64_t a = clock_ms(), b = clock_ms();
	unsigned char x[32] = {0}, y[32] = {0};

	(void)state;
	assert_true(b >= a);
	assert_true(clock_wall_ns() > 1700000000000000000);
	assert_int_equal(deadline_in(-1), DEADLINE_NONE);
	assert_true(deadline_in(1000) >= a + 1000);
	assert_int_equal(deadline_poll(DEADLINE_NONE), -1);
	assert_int_equal(deadline_poll(0), 0);
	assert_true(deadline_poll(deadline_in(60000)) <= 60000);
	assert_true(deadline_poll(deadline_in(60000)) > 0);
	assert_int_equal(deadline_poll(INT64_MAX), INT32_MAX);
	random_bytes(x, sizeof(x));
	random_bytes(y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
}

/* ---- processes and signals --------------------------------------------------------------- */

static void
processes(void **state)
{
	char *cat[] = {(char[]){"cat"}, NULL};
	char *shell[] = {
		(char[]){"sh"}, (char[]){"-c"}, (char[]){"echo out; echo err >&2; exit 3"}, NULL};
	char *none[] = {(char[]){"/nonexistent/program"}, NULL};
	struct err err = {0};
	struct buf out = {0};
	struct proc p;
	int status;

	(void)state;
	assert_ok(proc_start(&p, cat, &err), &err);
	assert_int_equal(fd_write_all(p.in, "hello", 5), 0);
	fd_close(&p.in);
	assert_ok(fd_read_to_end(p.out, "cat", 100, &out, &err), &err);
	assert_str(buf_view(&out), "hello");
	proc_close(&p);
	proc_close(&p);
	buf_reset(&out);
	assert_ok(proc_start(&p, shell, &err), &err);
	assert_ok(fd_read_to_end(p.out, "sh", 100, &out, &err), &err);
	assert_true(proc_wait(&p, 60000, &status));
	assert_int_equal(WEXITSTATUS(status), 3);
	proc_errors(&p, &out);
	assert_str(buf_view(&out), "out\nerr\n");
	proc_close(&p);
	/* one that would run for ever */
	assert_ok(proc_start(&p, cat, &err), &err);
	proc_close(&p);
	assert_int_equal(proc_start(&p, none, &err), -1);
	assert_err(&err, ERR_SYS, "start '/nonexistent/program': No such file");
	buf_release(&out);
}

/* Waits that a signal ends, in a process of their own: the handlers stay installed. */
static int
interrupted(void)
{
	struct err err = {0};
	struct buf out = {0};
	struct loop *l = loop_new();
	int ends[2], bad = 0;

	if (pipe2(ends, O_CLOEXEC))
		return 1;
	interrupt_install();
	bad |= interrupt_signal() != 0 || interrupt_check(&err) != 0;
	/* blocked until somebody waits: it cannot be missed */
	raise(SIGTERM);
	bad |= (interrupt_signal() != 0) << 1;
	bad |= (fd_read_to_end(ends[0], "pipe", 100, &out, &err) != -1) << 2;
	bad |= (err.kind != ERR_CANCELED || err.code != SIGTERM) << 3;
	bad |= (interrupt_signal() != SIGTERM || interrupt_check(&err) != -1) << 4;
	interrupt_clear();
	bad |= (interrupt_check(&err) != 0) << 5;
	raise(SIGINT);
	loop_watch(l, ends[0], POLLIN, on_readable, NULL);
	bad |= (loop_once(l, &err) != 0 || interrupt_signal() != SIGINT) << 6;
	loop_free(l);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	return bad;
}

static void
signals(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(interrupted());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_that(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(large_file),
		cmocka_unit_test(no_files),
		cmocka_unit_test(fifo),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(loop_watches),
		cmocka_unit_test(loop_removal_in_callback),
		cmocka_unit_test(loop_timers),
		cmocka_unit_test(clocks),
		cmocka_unit_test(processes),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
