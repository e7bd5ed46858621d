#include "cmd/entrypoint.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/console.h"

/*
 * The image's ENTRYPOINT is this program, so runners of all kinds come through
 * here with what they want to start. It gets to run in our place; only as PID 1
 * we stay, because then nobody else forwards signals and reaps orphans.
 */

/* execvp's own default is the current folder first, which no image wants */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

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

int
program_find(const struct env *env, const char *word, char **path)
{
	const char *value = env_get(env, "PATH");
	struct str rest = str_from(value ? value : DEFAULT_PATH), folder;
	int rc, worst = ENOENT;

	*path = NULL;
	if (strchr(word, '/')) {
		rc = try_file(word);
		if (rc == 0)
			*path = xstrdup(word);
		return rc == ENOTDIR ? ENOENT : rc;
	}
	while (*word && str_next(&rest, ':', &folder)) {
		cleanup_free char *candidate =
			folder.len ? xasprintf(STR_FMT "/%s", STR_ARG(folder), word)
				   : xasprintf("./%s", word);

		rc = try_file(candidate);
		if (rc == 0) {
			*path = steal_ptr(&candidate);
			return 0;
		}
		if (rc == EACCES)
			worst = EACCES;
	}
	return worst;
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

static int
run_verb(struct cmd_context *ctx, const char *name, cmd_fn run)
{
	cleanup_free char *word = xstrdup(name);
	char *argv[] = {word, NULL};

	return run(ctx, 1, argv);
}

/* GitLab's Docker executor wants a shell for its script; without one this does what the job is for.
 */
static int
run_gitlab_job(struct cmd_context *ctx)
{
	const char *dir = env_get(&ctx->env, "CI_PROJECT_DIR");
	struct err err = {0};
	int code;

	if (is_after_script(&ctx->env)) {
		log_info(ctx->log, "this image has no shell for after_script: nothing is done");
		return EXIT_OK;
	}
	if (dir && chdir(dir)) {
		err_sys(&err, "change to CI_PROJECT_DIR '%s'", dir);
		console_error(ctx->console, "buildtools", &err);
		return EXIT_BUILD;
	}
	if (dir)
		ctx->cwd = dir;
	log_info(ctx->log,
		"this image has no shell for the job's script: running build, then push, in '%s'",
		ctx->cwd ? ctx->cwd : ".");
	code = run_verb(ctx, "build", cmd_build);
	return code == EXIT_OK ? run_verb(ctx, "push", cmd_push) : code;
}

static int
cannot_run(struct cmd_context *ctx, const char *word, int errnum)
{
	struct err err = {0};

	if (errnum == ENOENT) {
		err_set(&err, ERR_USAGE,
			"'%s' is neither a command of buildtools nor a program on PATH", word);
		err_hint(&err, "buildtools help lists all commands");
	} else {
		err_errno(&err, ERR_SYS, errnum, "run '%s'", word);
	}
	console_error(ctx->console, "buildtools", &err);
	return errnum == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* Returns only when the program could not be started. */
static int
exec_program(struct cmd_context *ctx, const char *path, char **argv)
{
	signal(SIGPIPE, SIG_DFL);
	execv(path, argv);
	return cannot_run(ctx, argv[0], errno);
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

/* In the child: a process group of its own, or a terminal's Ctrl-C would reach it twice. */
static void
lead_group(void)
{
	setpgid(0, 0);
	if (isatty(STDIN_FILENO) == 1) {
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpgrp());
		signal(SIGTTOU, SIG_DFL);
	}
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
		*code = WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return ended;
}

int
program_supervise(struct cmd_context *ctx, const char *path, char **argv)
{
	sigset_t ours, before;
	struct err err = {0};
	int code = 0, signum;
	pid_t child;

	block_signals(&ours, &before);
	child = fork();
	if (child < 0) {
		err_sys(&err, "start '%s'", argv[0]);
		console_error(ctx->console, "buildtools", &err);
		return EXIT_NOT_EXECUTABLE;
	}
	if (child == 0) {
		lead_group();
		sigprocmask(SIG_SETMASK, &before, NULL);
		_exit(exec_program(ctx, path, argv));
	}
	while (!reap(child, &code)) {
		signum = sigwaitinfo(&ours, NULL);
		if (signum > 0 && signum != SIGCHLD)
			kill(child, signum);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

int
cmd_entrypoint(struct cmd_context *ctx, int argc, char **argv)
{
	cleanup_free char *path = NULL;
	int rc = program_find(&ctx->env, argv[0], &path);

	if (rc && is_runner_script(&ctx->env, argc, argv))
		return run_gitlab_job(ctx);
	if (rc)
		return cannot_run(ctx, argv[0], rc);
	if (getpid() == 1)
		return program_supervise(ctx, path, argv);
	return exec_program(ctx, path, argv);
}
