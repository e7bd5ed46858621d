/* 'buildtools doctor': asks everything a build would need, one line each. */

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "buildkit/fssend.h"
#include "buildkit/peer.h"
#include "buildkit/session.h"
#include "cmd/backend.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/dockerfiles.h"
#include "cmd/exported.h"
#include "cmd/flags.h"
#include "cmd/login.h"
#include "cmd/plan.h"
#include "cmd/preflight.h"
#include "cmd/report.h"
#include "progress/progress.h"
#include "registry/credentials.h"

enum { ANSWER_MS = 30000 };

struct doctor {
	struct cmd_context *ctx;
	struct arena arena;
	struct doctor_options options;
	struct plan plan;
	struct buf text;
	bool sick;
};

static void
ok(struct doctor *d, const char *what, const char *said)
{
	buf_addf(&d->text, "ok       %s: %s\n", what, said);
}

static void
problem(struct doctor *d, const char *what, const struct err *err)
{
	d->sick = true;
	buf_addf(&d->text, "problem  %s: %s\n", what, err->msg);
	if (err->hint[0])
		buf_addf(&d->text, "         what to do: %s\n", err->hint);
}

static void
check_project(struct doctor *d)
{
	const struct plan *p = &d->plan;
	const char *named = p->ci.commit ? p->ci.commit : p->ci.branch ? p->ci.branch : p->ci.tag;
	struct err err = {0};

	if (plan_check_ci(p, "neither a commit nor a branch is known", &err))
		problem(d, "commit", &err);
	else
		ok(d, "commit", named ? named : "none, a pull request");
	if (p->dockerfile_name) {
		ok(d, "Dockerfile", p->dockerfile_name);
		return;
	}
	err_set(&err, ERR_CONFIG, "'%s' is not there",
		dockerfile_path(&d->arena, d->ctx, d->options.common.file, p->dir));
	err_hint(&err, "-f FILE names another Dockerfile, PATH another context");
	problem(d, "Dockerfile", &err);
}

static void
check_context(struct doctor *d)
{
	static const char *const never[] = {EXPORTED_NAME};
	cleanup_fd int dir = open(d->plan.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fssend_root root = {
		.dirfd = dir, .name = d->plan.dir, .never = never, .nnever = ARRAY_LEN(never)};
	const char *said;
	struct err err = {0};

	if (dir < 0)
		err_sys(&err, "open '%s'", d->plan.dir);
	if (dir < 0 || context_size(&d->arena, &d->plan, &root, &said, &err))
		problem(d, "context", &err);
	else
		ok(d, "context", said);
}

static void
check_backend(struct doctor *d)
{
	const char *what = d->plan.buildkit ? "BuildKit" : "Docker Engine";
	struct bk_session_options none = {.log = d->ctx->log};
	cleanup_backend struct backend b = {0};
	struct bk_info info = {0};
	struct err err = {0};

	if (backend_open(&b, &d->plan, &none, d->ctx->log, &err) ||
		bk_peer_info(b.peer, &d->arena, &info, deadline_in(ANSWER_MS), &err)) {
		problem(d, what, &err);
		return;
	}
	ok(d, what,
		arena_fmt(&d->arena, "%s answers at %s%s%s%s",
			b.docker.engine[0] ? b.docker.engine : "it", d->plan.address,
			info.version ? ", BuildKit " : "", info.version ? info.version : "",
			info.containerd_store ? ", containerd image store" : ""));
	if (d->plan.platforms.n > 1 && !d->plan.buildkit && !info.containerd_store) {
		err_set(&err, ERR_CONFIG, "several platforms need the containerd image store");
		err_hint(&err,
			"set {\"features\": {\"containerd-snapshotter\": true}} in daemon.json");
		problem(d, "platforms", &err);
	}
}

static void
check_registry(struct doctor *d)
{
	const struct registry_choice *r = &d->plan.registry;
	cleanup_credentials struct credentials *c = NULL;
	const char *said;
	struct err err = {0};

	if (!strcmp(r->kind, "none")) {
		ok(d, "registry", "none is configured; 'push' would have nowhere to go");
		return;
	}
	c = credentials_open(&d->ctx->env, d->ctx->log, &err);
	if (!c || login_registry(&d->arena, &d->ctx->env, d->ctx->log, r, c, &err))
		problem(d, "credentials", &err);
	else if (preflight_report(d->ctx, &d->plan, c, &d->arena, &said, &err))
		problem(d, "registry", &err);
	else
		ok(d, "registry", said);
}

static int
examine(struct doctor *d, struct err *err)
{
	struct plan_request req = {.path = d->options.common.path,
		.file = d->options.common.file,
		.builder = d->options.builder,
		.no_dockerfile = true};
	cleanup_buf struct buf safe = {0};
	enum plan_step reached;
	struct err why = {0};

	if (plan_make(&d->arena, d->ctx, &req, &d->plan, &reached, &why)) {
		problem(d, reached == PLAN_DOCKERFILE ? "Dockerfile" : "configuration", &why);
	} else {
		ok(d, "configuration",
			d->plan.config.files.n ? d->plan.config.files.items[0]
					       : "none, conventions hold");
		check_project(d);
		check_context(d);
		check_backend(d);
		check_registry(d);
	}
	/* daemons and registries have their words in it */
	progress_clean(&safe, buf_view(&d->text), progress_ci_of(d->plan.ci.provider), false);
	return console_print(d->ctx->console, buf_view(&safe), err);
}

int
cmd_doctor(struct cmd_context *ctx, int argc, char **argv)
{
	struct doctor d = {.ctx = ctx};
	struct err err = {0};
	int code = EXIT_OK, rc;

	if (doctor_options_parse(&d.options, argc, argv, &d.arena, &err)) {
		arena_release(&d.arena);
		return cmd_usage(ctx, &tool_doctor, &err);
	}
	if (!cmd_early(ctx, &d.options.common, NULL, &code)) {
		rc = examine(&d, &err);
		if (rc)
			(void)cmd_failed(ctx, &tool_doctor, &err);
		code = rc || d.sick ? EXIT_CHECK_FAILED : EXIT_OK;
	}
	plan_release(&d.plan);
	buf_release(&d.text);
	arena_release(&d.arena);
	return code;
}
