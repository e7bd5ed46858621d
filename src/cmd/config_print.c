#include "cmd/config_print.h"

#include <limits.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "ci/ci.h"
#include "ci/git.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/flags.h"
#include "cmd/options.h"
#include "config/select.h"

static int
show(struct cmd_context *ctx, struct arena *a, const char *path, struct buf *out, struct err *err)
{
	cleanup_registry_choice struct registry_choice registry = {0};
	cleanup_config struct config config = {0};
	char dir[PATH_MAX];
	struct git git;
	struct ci ci;

	if (!realpath(path, dir))
		return err_sys(err, "context '%s'", path);
	if (config_load(a, &ctx->env, dir, ctx->log, &config, err) ||
		ci_detect(a, &ctx->env, dir, ctx->log, &ci, err) ||
		git_read(a, &ctx->env, dir, &git, err) ||
		registry_select(a, &config, &ctx->env, ci.provider, ctx->log, &registry, err))
		return -1;
	config_show(&config, &registry, ci.title, git.commit ? "Git" : "none", out);
	return 0;
}

int
config_print(struct cmd_context *ctx, const struct common_options *o)
{
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf text = {0};
	struct err err = {0};

	if (show(ctx, &a, o->path, &text, &err) == 0 &&
		console_print(ctx->console, buf_view(&text), &err) == 0)
		return EXIT_OK;
	console_error(ctx->console, o->tool->name, &err);
	return EXIT_BUILD;
}
