/* Signals: what is ignored stays ignored, what a child gets. Each case in a process of its own. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"

/* The exit code of what fn returns in a child, or 128 + signal. */
static int
in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int
the_first_signal_counts(void)
{
	struct err err = {0};

	interrupt_install();
	raise(SIGHUP);
	if (interrupt_signal() || interrupt_poll(NULL, 0, -1) != -1 || errno != EINTR)
		return 1;
	raise(SIGTERM);
	if (interrupt_poll(NULL, 0, -1) != -1 || interrupt_signal() != SIGHUP)
		return 2;
	if (interrupt_check(&err) != -1 || err.kind != ERR_CANCELED || err.code != SIGHUP)
		return 3;
	if (strcmp(err.msg, "stopped by SIGHUP") != 0)
		return 4;
	interrupt_clear();
	return interrupt_signal() || interrupt_check(&err) ? 5 : 0;
}

static int
ignored_signals_stay_ignored(void)
{
	signal(SIGHUP, SIG_IGN);
	interrupt_install();
	raise(SIGHUP);
	if (interrupt_poll(NULL, 0, 0) != 0 || interrupt_signal())
		return 1;
	raise(SIGINT);
	return interrupt_poll(NULL, 0, -1) == -1 && interrupt_signal() == SIGINT ? 0 : 2;
}

static int
a_broken_pipe_is_no_signal(void)
{
	int ends[2];

	interrupt_install();
	if (pipe(ends))
		return 1;
	close(ends[0]);
	return write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
}

/* As in a forked look-up: what stops us must not have to wait for it. */
static int
a_child_can_be_ended(void)
{
	interrupt_install();
	raise(SIGINT);
	interrupt_poll(NULL, 0, -1);
	interrupt_reset_child();
	if (interrupt_signal())
		return 1;
	raise(SIGTERM);
	return 2;
}

static int
a_child_without_handlers(void)
{
	interrupt_reset_child();
	return interrupt_poll(NULL, 0, 0) == 0 ? 0 : 1;
}

static void
b_27_signals(void **state)
{
	static const struct {
		const char *name;
		int (*fn)(void);
		int code;
	} rows[] = {
		{"the first signal counts", the_first_signal_counts, 0},
		{"ignored signals stay ignored", ignored_signals_stay_ignored, 0},
		{"a broken pipe is no signal", a_broken_pipe_is_no_signal, 0},
		{"a child can be ended", a_child_can_be_ended, 128 + SIGTERM},
		{"a child without handlers", a_child_without_handlers, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_row_int(rows[i].name, in_child(rows[i].fn), rows[i].code);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b_27_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
