/* Programs as connections: dialers. What they say, how they end, and that none is left. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "net/conn.h"
#include "net/process.h"

static char *const *
shell(const char *script)
{
	static char sh[] = "sh", c[] = "-c";
	static char *argv[] = {sh, c, NULL, NULL};

	argv[2] = (char *)(uintptr_t)script;
	return argv;
}

static void
k_02_a_program_is_a_stream(void **state)
{
	struct err err = {0};
	struct pollfd fds[2];
	struct conn *c;
	char got[16];

	(void)state;
	c = conn_process(shell("cat"), &err);
	assert_that(c != NULL, "%s", err.msg);
	assert_string_equal(c->name, "'sh -c cat'");
	assert_int_equal(conn_wants(c, false, fds), 1);
	assert_int_equal(conn_wants(c, true, fds), 2);
	assert_int_equal(conn_try_read(c, got, sizeof(got), &err), CONN_WAIT);
	assert_ok(conn_write_all(c, "hello", 5, DEADLINE_NONE, &err), &err);
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 5);
	assert_memory_equal(got, "hello", 5);
	conn_close(c);
}

static void
k_20_why_a_program_ended(void **state)
{
	static const struct {
		const char *name, *script, *diagnosis;
	} rows[] = {
		{"without a word", "exit 0", ""},
		{"with a status", "exit 3", "exit status 3"},
		{"with a reason", "echo 'no such container' >&2; exit 125",
			"exit status 125: no such container"},
		{"with a reason alone", "echo warning >&2", "warning"},
		{"by a signal", "kill -9 $$", "ended by signal 9"},
		{"while it reads", "cat >/dev/null; echo end of input >&2", "end of input"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		struct conn *c = conn_process(shell(rows[i].script), &err);
		char got[16];

		assert_that(c != NULL, "%s", err.msg);
		if (strncmp(rows[i].script, "cat", 3) != 0)
			assert_row_int(rows[i].name,
				conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 0);
		assert_row_str(rows[i].name, str_from(conn_diagnosis(c)), rows[i].diagnosis);
		assert_row_str(rows[i].name, str_from(conn_diagnosis(c)), rows[i].diagnosis);
		conn_close(c);
	}
}

static void
k_20_a_program_that_is_not_there(void **state)
{
	char *const argv[] = {(char[]){"no-such-program"}, (char[]){"x"}, NULL};
	struct err err = {0};

	(void)state;
	assert_null(conn_process(argv, &err));
	assert_err(&err, ERR_NET, "start 'no-such-program': No such file");
	assert_int_equal(err.code, ENOENT);
}

/* What a program says on standard error is kept up to a limit, and never holds it up. */
static void
a_talkative_program(void **state)
{
	cleanup_proc struct proc p = {0};
	struct buf said = {0};
	struct err err = {0};
	int status = 0;

	(void)state;
	assert_ok(proc_start(&p,
			  shell("i=0; while [ $i -lt 3000 ]; do echo 0123456789 >&2; i=$((i+1)); "
				"done; exit 7"),
			  &err),
		&err);
	assert_true(proc_wait(&p, -1, &status));
	assert_int_equal(WEXITSTATUS(status), 7);
	proc_errors(&p, &said);
	assert_true(said.len > 1000 && said.len <= PROC_ERRORS_MAX);
	assert_memory_equal(said.p, "0123456789\n", 11);
	buf_release(&said);
}

/* In a session of its own, so that Ctrl-C reaches only us; not waited for before it ends. */
static void
b_27_a_terminal_signal_passes_it_by(void **state)
{
	cleanup_proc struct proc p = {0};
	struct err err = {0};
	int status;

	(void)state;
	assert_ok(proc_start(&p, shell("exec cat"), &err), &err);
	assert_int_equal(getsid(p.pid), p.pid);
	assert_false(proc_wait(&p, 0, &status));
	assert_true(p.pid > 0);
	fd_close(&p.in);
	assert_true(proc_wait(&p, -1, &status));
	assert_int_equal(p.pid, 0);
	assert_int_equal(status, 0);
}

/* The only case that takes its time: three seconds for the polite way. */
static void
one_that_will_not_go_is_killed(void **state)
{
	struct err err = {0};
	struct proc p;
	pid_t pid;
	char got;

	(void)state;
	assert_ok(proc_start(&p, shell("trap '' TERM; echo; exec sleep 100000"), &err), &err);
	pid = p.pid;
	assert_int_equal(fd_read(p.out, &got, 1), 1);
	proc_close(&p);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* Our own death takes it along, however it comes. */
static void
b_27_it_does_not_outlive_us(void **state)
{
	int ends[2], status;
	pid_t middle;
	char got;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	middle = fork();
	assert_true(middle >= 0);
	if (middle == 0) {
		struct proc p;
		int keep = dup(ends[1]); /* held open by the program alone */

		if (keep < 0 || proc_start(&p, shell("exec sleep 100000"), NULL))
			_exit(1);
		raise(SIGKILL);
	}
	close(ends[1]);
	assert_int_equal(waitpid(middle, &status, 0), middle);
	assert_true(WIFSIGNALED(status));
	/* its end closes the last copy of the pipe */
	assert_int_equal(fd_read(ends[0], &got, 1), 0);
	close(ends[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(k_02_a_program_is_a_stream),
		cmocka_unit_test(k_20_why_a_program_ended),
		cmocka_unit_test(k_20_a_program_that_is_not_there),
		cmocka_unit_test(a_talkative_program),
		cmocka_unit_test(b_27_a_terminal_signal_passes_it_by),
		cmocka_unit_test(one_that_will_not_go_is_killed),
		cmocka_unit_test(b_27_it_does_not_outlive_us),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
