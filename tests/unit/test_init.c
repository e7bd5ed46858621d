/* cmd/init: what the first process of a container does for the rest of it. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/init.h"

enum { NO_SHELL = 125 };

static bool in_background;

/* The script's exit code, as the first process of a container passes it on. */
static int
supervise(const char *script)
{
	int code = -1;

	if (init_supervise(&code))
		return code;
	if (in_background)
		tcsetpgrp(STDIN_FILENO, getpgid(getppid()));
	execl("/bin/sh", "sh", "-c", script, (char *)NULL);
	_exit(NO_SHELL);
}

static void
exit_codes(void **state)
{
	static const struct {
		const char *script;
		int want;
	} rows[] = {
		{"exit 0", 0},
		{"exit 3", 3},
		{"kill -KILL $$", 128 + SIGKILL},
		{"kill -TERM $$", 128 + SIGTERM},
		{"sleep 0 & exit 4", 4},
		/* leads a process group of its own */
		{"kill -TERM -$$", 128 + SIGTERM},
	};
	sigset_t before, after;
	size_t i;
	int n;

	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	signal(SIGCHLD, SIG_IGN);
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(rows[i].script, supervise(rows[i].script), rows[i].want);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (n = 1; n < SIGRTMIN; n++)
		assert_row_int("mask", sigismember(&after, n), sigismember(&before, n));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* The child asks its parent for a signal and ends only when it gets it back. */
static void
signals_are_forwarded(void **state)
{
	static const char *const names[] = {
		"TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "WINCH", "CONT", "ALRM", "PIPE"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		cleanup_free char *script =
			xasprintf("trap 'exit 42' %s; kill -%s $PPID; while :; do :; done",
				names[i], names[i]);

		assert_row_int(names[i], supervise(script), 42);
	}
}

/* Not a child but an orphan of ours has ended: its entry among the processes goes away. */
static void
orphans_are_reaped(void **state)
{
	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(supervise("orphan=$(sh -c 'sleep 0 >/dev/null & echo $!')\n"
				   "n=0\n"
				   "while [ -d /proc/$orphan ] && [ $n -lt 2000 ]; do\n"
				   "	n=$((n + 1))\n"
				   "	sleep 0.01\n"
				   "done\n"
				   "[ ! -d /proc/$orphan ] && exit 7"),
		7);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* The shell dies of the signal, the command that it has left cancels something first. */
static void
commands_of_a_shell_end_too(void **state)
{
	char file[] = "/tmp/test_init.XXXXXX";
	cleanup_free char *script = NULL;
	int fd = mkstemp(file);
	char byte = 0;

	(void)state;
	assert_true(fd >= 0);
	script = xasprintf("(\n"
			   "	trap 'sleep 0.1; printf x >%s; exit' TERM\n"
			   "	kill -TERM $PPID\n"
			   "	while :; do sleep 0.01; done\n"
			   ") & wait",
		file);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(supervise(script), 128 + SIGTERM);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	close(fd);
	unlink(file);
}

/*
 * Whoever sends SIGTSTP gets a stopped child and wakes it with SIGCONT. The
 * helper sees both; the script's own end is what says that it was continued.
 */
static void
stopping_from_outside(void **state)
{
	(void)state;
	assert_int_equal(
		supervise("me=$$ init=$PPID\n"
			  "(\n"
			  "	kill -TSTP $init\n"
			  "	until grep -q '^State:.T' /proc/$me/status; do sleep 0.01; done\n"
			  "	kill -CONT $init\n"
			  ") &\n"
			  "wait $!\n"
			  "exit 9"),
		9);
}

/* Runs it in a session of its own, with a terminal as standard input and in the foreground. */
static int
supervise_on_terminal(const char *script, const char *typed)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, status;
	char name[64], got = 0;
	pid_t pid;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* no leftovers when the test is given up for hanging */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		slave = open(name, O_RDWR);
		if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) || dup2(slave, STDIN_FILENO) < 0 ||
			dup2(slave, STDOUT_FILENO) < 0)
			_exit(NO_SHELL);
		_exit(supervise(script));
	}
	for (; *typed && got != '>';)
		assert_int_equal(read(master, &got, 1), 1);
	assert_int_equal(write(master, typed, strlen(typed)), strlen(typed));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(master);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
terminals(void **state)
{
	static const struct {
		const char *name, *script, *typed;
		int want;
	} rows[] = {
		/* fields 5 and 8: process group, foreground process group of the terminal */
		{"foreground",
			"set -- $(sed 's/.*) //' /proc/$$/stat); [ $3 = $$ ] && [ $6 = $$ ] && exit 5",
			"", 5},
		{"reading", "printf '>'; read -r line; exit $line", "6\n", 6},
		{"ctrl-c", "trap 'exit 7' INT; printf '>'; while :; do :; done", "\003", 7},
		{"ctrl-c, default", "printf '>'; while :; do :; done", "\003", 128 + SIGINT},
		{"ctrl-\\", "printf '>'; while :; do :; done", "\034", 128 + SIGQUIT},
		/* nobody is there who could continue it */
		{"ctrl-z", "printf '>'; read -r line; exit $line", "\0328\n", 8},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(rows[i].name, supervise_on_terminal(rows[i].script, rows[i].typed),
			rows[i].want);
}

/* A program that left the terminal with somebody else, and then reads from it. */
static void
stopped_in_the_background(void **state)
{
	(void)state;
	in_background = true;
	assert_int_equal(supervise_on_terminal("printf '>'; read -r line; exit $line", "4\n"), 4);
	in_background = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(signals_are_forwarded),
		cmocka_unit_test(orphans_are_reaped),
		cmocka_unit_test(commands_of_a_shell_end_too),
		cmocka_unit_test(stopping_from_outside),
		cmocka_unit_test(terminals),
		cmocka_unit_test(stopped_in_the_background),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
