#include "cmd/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

/* the usual default begins with the current folder, which no image wants */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { SIGNALED = 128, EXEC_FAILED = 126 };

/* 0 or an errno */
static int
try_file(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return EACCES;
	return 0;
}

static char *
join(struct str folder, const char *word)
{
	if (folder.len == 0)
		return xasprintf("./%s", word);
	return xasprintf(STR_FMT "/%s", STR_ARG(folder), word);
}

int
program_find(const struct env *env, const char *word, char **path, struct err *err)
{
	const char *value = env_get(env, "PATH");
	struct str rest = str_from(value ? value : DEFAULT_PATH), folder;
	int rc, reason = ENOENT;

	*path = NULL;
	if (strchr(word, '/')) {
		rc = try_file(word);
		if (rc)
			return err_errno(err, ERR_SYS, rc, "run '%s'", word);
		*path = xstrdup(word);
		return 0;
	}
	while (*word && str_next(&rest, ':', &folder)) {
		cleanup_free char *candidate = join(folder, word);

		rc = try_file(candidate);
		if (rc == 0) {
			*path = steal_ptr(&candidate);
			return 0;
		}
		if (rc == EACCES)
			reason = EACCES;
	}
	return err_errno(err, ERR_SYS, reason, "run '%s'", word);
}

int
program_exec(const char *path, char **argv, struct err *err)
{
	/* ours is to ignore it, which the program would inherit */
	signal(SIGPIPE, SIG_DFL);
	execv(path, argv);
	return err_sys(err, "run '%s'", argv[0]);
}

/* All but those that report a fault of our own or stop us in the background. */
static void
block_signals(sigset_t *ours, sigset_t *before)
{
	static const int own[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS,
		SIGTTIN, SIGTTOU, SIGPIPE};
	size_t i;

	sigfillset(ours);
	for (i = 0; i < ARRAY_LEN(own); i++)
		sigdelset(ours, own[i]);
	sigprocmask(SIG_SETMASK, ours, before);
}

/* A process group of its own, or a terminal's Ctrl-C would reach the child twice. */
static void
lead_group(void)
{
	setpgid(0, 0);
	if (isatty(STDIN_FILENO) != 1)
		return;
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	signal(SIGTTOU, SIG_DFL);
}

/* In the child: report is where the errno goes when there is no program after all. */
_Noreturn static void
run_child(const char *path, char **argv, const sigset_t *mask, int report)
{
	int errnum;

	lead_group();
	sigprocmask(SIG_SETMASK, mask, NULL);
	(void)program_exec(path, argv, NULL);
	errnum = errno;
	(void)fd_write_all(report, &errnum, sizeof(errnum));
	_exit(EXEC_FAILED);
}

/* Reaps whatever has ended; true when the child is among it, with its exit code. */
static bool
reap(pid_t child, int *code)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		ended = true;
		*code = WIFSIGNALED(status) ? SIGNALED + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return ended;
}

/* 0 when the child has become the program, else its errno: the pipe closes by itself then. */
static int
await_exec(int report)
{
	int errnum;

	return fd_read(report, &errnum, sizeof(errnum)) == sizeof(errnum) ? errnum : 0;
}

int
program_supervise(const char *path, char **argv, int *code, struct err *err)
{
	sigset_t ours, before;
	int report[2], signum, failed;
	pid_t child;

	if (pipe2(report, O_CLOEXEC))
		return err_sys(err, "run '%s'", argv[0]);
	/* inherited as ignored it would leave nothing to wait for */
	signal(SIGCHLD, SIG_DFL);
	block_signals(&ours, &before);
	child = fork();
	if (child == 0)
		run_child(path, argv, &before, report[1]);
	failed = child < 0 ? errno : 0;
	fd_close(&report[1]);
	if (!failed)
		failed = await_exec(report[0]);
	fd_close(&report[0]);
	while (child > 0 && !reap(child, code)) {
		signum = sigwaitinfo(&ours, NULL);
		if (signum > 0 && signum != SIGCHLD)
			kill(child, signum);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return failed ? err_errno(err, ERR_SYS, failed, "run '%s'", argv[0]) : 0;
}

static bool
is_shell(const char *word)
{
	return strcmp(word, "sh") == 0 || str_ends(str_from(word), STR("/sh"));
}

bool
is_runner_script(const struct env *env, int argc, char **argv)
{
	return argc >= 3 && is_shell(argv[0]) && strcmp(argv[1], "-c") == 0 &&
	       env_has(env, "GITLAB_CI");
}

/*
 * The runner starts the container once for the script and once more for
 * after_script, told apart only by the status that the job has by then.
 */
bool
is_after_script(const struct env *env)
{
	return env_is(env, "CI_JOB_STATUS", "success") || env_is(env, "CI_JOB_STATUS", "failed") ||
	       env_is(env, "CI_JOB_STATUS", "canceled");
}
