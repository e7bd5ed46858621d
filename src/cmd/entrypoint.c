#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/program.h"

/*
 * The image's ENTRYPOINT is this program, so runners of all kinds come through
 * here with what they want to start. It gets to run in our place.
 */

static int
run_verb(struct cmd_context *ctx, const char *name, cmd_fn run)
{
	cleanup_free char *word = xstrdup(name);
	char *argv[] = {word, NULL};

	return run(ctx, 1, argv);
}

/* GitLab's Docker executor wants a shell for its script; without one, do what the job is for. */
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

/* found: the file is there, its loader or interpreter may still be missing */
static int
cannot_run(struct cmd_context *ctx, const char *word, bool found, struct err *err)
{
	bool absent = err->code == ENOENT || err->code == ENOTDIR;

	if (absent && found) {
		err_hint(err, "its interpreter or dynamic loader is not in this image");
	} else if (absent) {
		err_set(err, ERR_USAGE,
			"'%s' is neither a command of buildtools nor a program on PATH", word);
		err_hint(err, "%s",
			is_shell(word)
				? "this image has no shell, the job image has one; 'build' and 'push' need none"
				: "buildtools help lists all commands");
	}
	console_error(ctx->console, "buildtools", err);
	return absent ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

int
cmd_entrypoint(struct cmd_context *ctx, int argc, char **argv)
{
	cleanup_free char *path = NULL;
	struct err err = {0};

	if (program_find(&ctx->env, argv[0], &path, &err)) {
		if (is_runner_script(&ctx->env, argc, argv))
			return run_gitlab_job(ctx);
		return cannot_run(ctx, argv[0], false, &err);
	}
	program_exec(path, argv, &err);
	return cannot_run(ctx, argv[0], true, &err);
}
