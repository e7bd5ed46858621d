#include "cmd/dockerfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/input.h"
#include "cmd/plan.h"
#include "dockerfile/dockerfile.h"

static int
read_stdin(struct arena *a, struct cmd_context *ctx, struct plan *p, struct err *err)
{
	cleanup_buf struct buf text = {.max = LIMIT_DOCKERFILE};

	log_info(ctx->log, "reading Dockerfile content from stdin");
	if (fd_read_to_end(STDIN_FILENO, "standard input", LIMIT_DOCKERFILE, &text, err))
		return -1;
	p->dockerfile_name = "Dockerfile";
	p->dockerfile = arena_dup(a, buf_view(&text));
	p->dockerfile_mtime_ns = clock_wall_ns();
	return 0;
}

/* The context comes that way, with the Dockerfile in it; or it is the Dockerfile alone. */
static int
read_context(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *p, struct err *err)
{
	const char *name = req->file ? req->file : "Dockerfile", *slash = strrchr(name, '/');
	const char *tmpdir = env_get(&ctx->env, "TMPDIR");
	cleanup_buf struct buf text = {.max = LIMIT_DOCKERFILE};

	p->input->upload.fd = -1;
	if (!strcmp(name, "-"))
		return err_set(err, ERR_USAGE,
			"--file: standard input cannot be the Dockerfile and the context");
	log_info(ctx->log, "reading the context from stdin");
	if (input_read(p->input, a, STDIN_FILENO, name, tmpdir ? tmpdir : "/tmp", &text, err))
		return -1;
	if (p->input->upload.fd < 0 && strcmp(name, "Dockerfile") != 0) {
		err_set(err, ERR_USAGE, "--file: there is a Dockerfile on standard input as well");
		return err_hint(err, "an archive there would be the context, with FILE in it");
	}
	p->dockerfile_name = slash ? slash + 1 : name;
	p->dockerfile = arena_dup(a, buf_view(&text));
	p->dockerfile_mtime_ns = clock_wall_ns();
	return 0;
}

const char *
dockerfile_path(struct arena *a, struct cmd_context *ctx, const char *file, const char *dir)
{
	if (!file || !strcmp(file, "Dockerfile"))
		return arena_fmt(a, "%s/Dockerfile", dir);
	if (file[0] == '/')
		return file;
	return arena_fmt(a, "%s/%s", ctx->cwd, file);
}

static int
read_path(struct arena *a, const char *path, struct plan *p, struct err *err)
{
	cleanup_buf struct buf text = {.max = LIMIT_DOCKERFILE};
	ptrdiff_t slash = str_rfind(str_from(path), '/');
	struct stat st;

	if (file_read(AT_FDCWD, path, LIMIT_DOCKERFILE, &text, err)) {
		err_hint(err, "-f FILE names another Dockerfile, PATH another context");
		return err_wrap(err, "Dockerfile");
	}
	p->dockerfile_dir = slash > 0 ? arena_str(a, str_n(path, (size_t)slash)) : "/";
	p->dockerfile_name = path + slash + 1;
	p->dockerfile = arena_dup(a, buf_view(&text));
	p->dockerfile_mtime_ns = clock_wall_ns();
	if (stat(path, &st) == 0)
		p->dockerfile_mtime_ns =
			(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return 0;
}

/* BuildKit finds its own copy of what we parsed: both see the same text. */
static int
rewrite(struct arena *a, const struct plan_request *req, struct plan *p, struct dockerfile *df,
	struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (!p->config.cache.go_mounts.value ||
		!dockerfile_go_mounts(&text, p->dockerfile, df, req->build_args))
		return 0;
	p->dockerfile = arena_dup(a, buf_view(&text));
	p->dockerfile_mtime_ns = clock_wall_ns();
	return dockerfile_parse(a, p->dockerfile, p->dockerfile_name, df, err);
}

static int
check_target(const struct dockerfile *df, const char *target, struct plan *p, struct err *err)
{
	const struct dockerfile_stage *s = dockerfile_find_stage(df, str_from(target));
	uint64_t index;

	/* a number is allowed too; BuildKit judges it */
	if (!s && str_u64(str_from(target), 10, &index))
		return 0;
	if (!s)
		return err_set(
			err, ERR_CONFIG, "target stage '%s' is not in the Dockerfile", target);
	p->target_is_export = s->is_export;
	return 0;
}

static void
list_stages(struct arena *a, const struct plan_request *req, const struct dockerfile *df,
	struct plan *p)
{
	size_t i;

	p->stages = arena_new(a, struct plan_stage, df->nstages);
	for (i = 0; i < df->nstages; i++) {
		const struct dockerfile_stage *s = &df->stages[i];

		if (!s->name || s->is_shadowed)
			continue;
		/* without stages of their own, those that export files still do */
		if (!s->is_export &&
			(req->no_stages || (p->config.stages.set && !p->config.stages.value)))
			continue;
		p->stages[p->nstages++] = (struct plan_stage){
			.name = s->name, .written = s->written, .is_export = s->is_export};
	}
}

int
dockerfile_load(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *p, struct err *err)
{
	const char *path = dockerfile_path(a, ctx, req->file, p->dir);
	bool from_stdin = req->file && !strcmp(req->file, "-");
	struct dockerfile df;

	if (req->only_names || (req->no_dockerfile && access(path, F_OK)))
		return 0;
	if (p->input         ? read_context(a, ctx, req, p, err)
		: from_stdin ? read_stdin(a, ctx, p, err)
			     : read_path(a, path, p, err))
		return -1;
	if (dockerfile_parse(a, p->dockerfile, p->dockerfile_name, &df, err) ||
		rewrite(a, req, p, &df, err))
		return -1;
	if (req->target)
		return check_target(&df, req->target, p, err);
	list_stages(a, req, &df, p);
	return 0;
}
