/* 'build': decide, connect, solve every stage and the result, say what came of it. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/sha256.h"
#include "buildkit/fssend.h"
#include "buildkit/session.h"
#include "cmd/backend.h"
#include "cmd/cmd.h"
#include "cmd/config_print.h"
#include "cmd/console.h"
#include "cmd/exported.h"
#include "cmd/extras.h"
#include "cmd/features.h"
#include "cmd/guard.h"
#include "cmd/handing.h"
#include "cmd/input.h"
#include "cmd/loading.h"
#include "cmd/login.h"
#include "cmd/outputs.h"
#include "cmd/plan.h"
#include "cmd/preflight.h"
#include "cmd/report.h"
#include "cmd/retry.h"
#include "cmd/solves.h"
#include "cmd/verify.h"
#include "docker/docker.h"
#include "progress/progress.h"
#include "registry/credentials.h"

enum {
	SINCE_EXPORTERS = 13, /* minor version of BuildKit that takes several in one request */
};

struct run {
	struct arena arena;
	struct cmd_context *ctx;
	struct build_options options;
	struct plan plan;
	struct credentials *credentials;
	bool immutable; /* no tag of the repository can be written again */
	struct progress *progress;
	struct winsize size; /* of the terminal, as progress knows it */
	struct log log;      /* notes between the steps, once progress is on */

	int context_fd, dockerfile_fd;
	struct fssend_file dockerfile;
	struct fssend_root roots[2];
	struct bk_local locals[2];
	struct bk_tokens tokens;
	struct bk_session_options session;
	struct backend backend;
	struct exported exported;
	bool export_pending; /* an export succeeded and was not published */
	struct features features;
	struct extras extras;
	struct loading loading;
	const char *cache_error; /* why the cache of the present solve was not published */

	struct strlist published, digests; /* references in order, and what each one is */
	struct strlist to_push;            /* those that the Engine has to push */
	const char *digest;                /* of the result, once it is published */
	struct bk_result result;           /* of the last solve */
};

/* ---- what the daemon may read --------------------------------------------- */

static int
open_dir(const char *path, int *fd, struct err *err)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? err_sys(err, "open '%s'", path) : 0;
}

/*
 * The Dockerfile is served from memory, under its real name and beside its real
 * ignore file; 'exported' is no part of the context, whatever patterns say.
 */
static int
prepare_files(struct run *r, struct err *err)
{
	const struct plan *p = &r->plan;
	struct strlist never = {0};
	char key[SHA256_HEX_LEN + 1];

	if (extras_open(&r->extras, &r->arena, &r->ctx->env, &r->plan, &r->log, err) ||
		(!p->input && open_dir(p->dir, &r->context_fd, err)) ||
		(p->dockerfile_dir && open_dir(p->dockerfile_dir, &r->dockerfile_fd, err)))
		return -1;
	extras_never(&r->extras, &r->arena, p->dir, &never);
	r->dockerfile = (struct fssend_file){
		p->dockerfile_name, p->dockerfile, 0644, p->dockerfile_mtime_ns};
	r->roots[0] = (struct fssend_root){.dirfd = r->context_fd,
		.name = "context",
		.never = (const char *const *)never.items,
		.nnever = never.n};
	r->roots[1] = (struct fssend_root){.dirfd = r->dockerfile_fd,
		.name = "dockerfile",
		.files = &r->dockerfile,
		.nfiles = 1};
	r->locals[0] = (struct bk_local){"context", &r->roots[0]};
	r->locals[1] = (struct bk_local){"dockerfile", &r->roots[1]};
	/* the same project finds its last transfer again, others do not get in its way */
	sha256_text(str_from(arena_fmt(&r->arena, "%s|%s",
			    p->ci.repository_url ? p->ci.repository_url : p->dir, p->name)),
		key);
	r->tokens = (struct bk_tokens){.env = &r->ctx->env,
		.agent = arena_fmt(&r->arena, "buildtools/%s", version_text()),
		.server = p->registry.server,
		.insecure = p->registry.insecure,
		.ca = p->registry.ca};
	r->session = (struct bk_session_options){.locals = r->locals,
		.nlocals = 2,
		.credentials = r->credentials,
		.tokens = &r->tokens,
		.upload = p->input && p->input->upload.fd >= 0 ? &p->input->upload : NULL,
		.shared_key = arena_cstr(&r->arena, key),
		.log = &r->log};
	extras_session(&r->extras, &r->arena, &r->session);
	return 0;
}

static int
prepare_credentials(struct run *r, struct err *err)
{
	const struct registry_choice *c = &r->plan.registry;
	const struct env *env = &r->ctx->env;
	struct log *log = r->ctx->log;

	if (r->options.no_login)
		return 0;
	r->credentials = credentials_open(env, log, err);
	if (!r->credentials || login_registry(&r->arena, env, log, c, r->credentials, err))
		return -1;
	login_cache(&r->arena, env, log, c, r->plan.config.cache.ecr_url.value, r->credentials);
	return r->plan.pushes || r->options.push
		       ? login_create(&r->arena, env, log, c, r->plan.image, &r->immutable, err)
		       : 0;
}

/* ---- progress ------------------------------------------------------------- */

static void
note_line(struct log *log, enum log_level level, const char *text)
{
	struct run *r = log->arg;

	if (level >= LOG_WARN)
		progress_warn(r->progress, text, clock_wall_ns());
	else
		progress_note(r->progress, text, clock_wall_ns());
}

/* How annotations of a CI name the Dockerfile; NULL when it is not below the context. */
static const char *
source_path(struct arena *a, const struct plan *p)
{
	struct str dir = str_from(p->dockerfile_dir);

	if (!p->dockerfile_dir || !str_take(&dir, str_from(p->dir)))
		return NULL;
	if (dir.len == 0)
		return p->dockerfile_name;
	return dir.s[0] == '/' ? arena_fmt(a, "%s/%s", dir.s + 1, p->dockerfile_name) : NULL;
}

/* The size of the terminal as it is now, 0 where nobody knows. */
static struct winsize
terminal_size(void)
{
	struct winsize size = {0};

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size))
		size = (struct winsize){0};
	return size;
}

/* A screen is drawn many times a second: asking before that is simpler than a signal. */
static void
follow_size(struct run *r)
{
	struct winsize size;

	if (progress_mode_of(r->progress) != PROGRESS_TTY)
		return;
	size = terminal_size();
	if (size.ws_col != r->size.ws_col || size.ws_row != r->size.ws_row)
		progress_resize(r->progress, size.ws_col, size.ws_row);
	r->size = size;
}

static int
prepare_progress(struct run *r, struct err *err)
{
	struct progress_options o = {.fd = STDERR_FILENO};

	if (progress_mode_parse(r->options.progress, &o.mode, err))
		return -1;
	if (r->options.quiet)
		o.mode = PROGRESS_QUIET;
	o.terminal = isatty(STDERR_FILENO);
	if (o.terminal) {
		r->size = terminal_size();
		o.width = r->size.ws_col;
		o.height = r->size.ws_row;
	}
	o.ci = progress_ci_of(r->plan.ci.provider);
	o.description = arena_fmt(&r->arena, "building with %s at %s",
		r->plan.buildkit ? "BuildKit" : "the Docker Engine", r->plan.address);
	o.source_path = source_path(&r->arena, &r->plan);
	if (progress_options_from_env(&o, &r->ctx->env, r->ctx->log, err))
		return -1;
	r->progress = progress_new(&o, err);
	if (!r->progress)
		return -1;
	r->log = (struct log){r->ctx->log->min, note_line, r};
	return 0;
}

/* Exports of caches may fail without failing the build: then somebody has to say so. */
static void
note_cache_errors(struct run *r, const struct bk_update *u)
{
	size_t i;

	for (i = 0; i < u->nvertexes; i++) {
		const struct bk_vertex *v = &u->vertexes[i];

		if (v->error.len && str_starts(v->name, STR("exporting cache")))
			r->cache_error = arena_fmt(&r->arena, STR_FMT ": " STR_FMT,
				STR_ARG(v->name), STR_ARG(v->error));
	}
}

static int64_t
on_update(const struct bk_update *u, void *arg)
{
	struct run *r = arg;

	note_cache_errors(r, u);
	follow_size(r);
	return progress_update(r->progress, u);
}

static int64_t
on_tick(int64_t now_ns, void *arg)
{
	struct run *r = arg;

	follow_size(r);
	return progress_tick(r->progress, now_ns);
}

/* Where in the Dockerfile it failed, and what the failing step said last. */
static void
show_failure(struct run *r)
{
	const struct bk_failure *f = &r->result.failure;
	size_t i;

	progress_failure(r->progress);
	for (i = 0; i < f->nsources; i++)
		progress_source(r->progress, &f->sources[i]);
}

/* ---- solving -------------------------------------------------------------- */

static const char no_index_hint[] =
	"the Engine needs {\"features\": {\"containerd-snapshotter\": true}} in its daemon.json; "
	"or build with a BuildKit daemon (BUILDKIT_HOST)";

static void
warn_of_backend(struct run *r)
{
	const struct plan *p = &r->plan;

	if (!p->buildkit && p->platforms.n > 1 && !r->backend.info.containerd_store) {
		log_warn(&r->log, "this Docker Engine keeps images in its classic store, which "
				  "holds one platform for each image");
		log_warn(&r->log, "%s", no_index_hint);
	}
	if (p->buildkit && !p->pushes && r->extras.targets.n == 0)
		log_warn(&r->log, "no registry is configured: nothing is published, and images "
				  "stay in the daemon's cache");
}

static int
connect_backend(struct run *r, struct err *err)
{
	if (r->backend.peer)
		return 0;
	if (backend_open(&r->backend, &r->plan, &r->session, &r->log, err))
		return -1;
	r->features.info = &r->backend.info;
	r->features.engine = !r->plan.buildkit;
	r->features.arena = &r->arena;
	r->features.log = &r->log;
	return 0;
}

static int
solve_once(struct run *r, struct planned_solve *s, struct err *err)
{
	struct bk_observer observer = {on_update, on_tick, r};
	struct bk_export folder = {
		.fd = r->exported.staging, .name = EXPORTED_NAME, .kind = BK_EXPORT_DIR};
	int rc;

	r->result = (struct bk_result){0};
	r->cache_error = NULL;
	if (connect_backend(r, err))
		return -1;
	features_apply(&r->features, &r->options, s);
	if (extras_adapt(&r->extras, &r->arena, &r->backend, &r->plan, &r->log, s, err))
		return -1;
	if (s->kind == SOLVE_TARGETS)
		bk_session_exports(
			r->backend.session, r->extras.exports + s->target, s->solve.exporters.n);
	else
		bk_session_exports(r->backend.session, &folder, s->kind == SOLVE_EXPORT ? 1 : 0);
	progress_begin(r->progress, s->title, clock_wall_ns());
	rc = bk_solve_run(r->backend.peer, r->backend.session, &s->solve, &observer, &r->arena,
		&r->result, err);
	progress_end(r->progress, clock_wall_ns());
	return rc;
}

static bool
retry(struct run *r, struct patience *patience, const struct err *why, struct err *err)
{
	return patience_wait(patience, r->options.retry_for, &r->log, why, err);
}

static int
solve_with_retry(struct run *r, struct planned_solve *s, struct err *err)
{
	struct patience patience = {0};
	bool renewed = false;

	for (;;) {
		struct err why = {0}, signal = {0};
		enum retry_cause cause;

		if (solve_once(r, s, &why) == 0)
			return 0;
		if (features_refused(&r->features, &why, s))
			continue;
		cause = retry_cause_of(&why, r->result.errors);
		/* what was there before may come back, whatever stands in its place now */
		if (patience.tries && !r->backend.peer && why.kind != ERR_CANCELED)
			cause = RETRY_CONNECTION;
		if (cause == RETRY_LOGIN && !renewed && r->credentials &&
			credentials_renewed(r->credentials, r->plan.image)) {
			log_info(&r->log, "%s; trying again with a new login", why.msg);
			renewed = true;
			continue;
		}
		if (cause == RETRY_LOGIN)
			cause = RETRY_NEVER;
		if (cause == RETRY_CONNECTION)
			backend_close(&r->backend);
		if (cause == RETRY_NEVER || !retry(r, &patience, &why, &signal)) {
			*err = signal.kind ? signal : why;
			return -1;
		}
	}
}

static void
add_published(struct run *r, const struct planned_solve *s)
{
	const char *digest = kv_get(&r->result.response, "containerimage.digest");
	size_t i;

	r->digest = s->pushes ? digest : NULL;
	for (i = 0; i < s->engine.n; i++) {
		if (strlist_has(&s->tags, s->engine.items[i]))
			continue;
		strlist_add(&r->published, &r->arena, s->engine.items[i]);
		strlist_add(&r->digests, &r->arena, "");
	}
	if (!s->loads && !s->pushes)
		return;
	for (i = 0; i < s->tags.n; i++) {
		strlist_add(&r->published, &r->arena, s->tags.items[i]);
		/* what the Engine loaded has no digest in a registry yet */
		strlist_add(&r->digests, &r->arena, s->pushes ? digest : "");
		if (s->hands_on)
			strlist_add(&r->to_push, &r->arena, s->tags.items[i]);
	}
}

/* Daemons before 0.13 look at one exporter only: then it is one request for each. */
static int
solve_all(struct run *r, struct planned_solve *s, struct err *err)
{
	struct kvlist answers = {0};
	size_t i, k;

	if (s->solve.exporters.n < 2 || features_minor(r->backend.info.version) >= SINCE_EXPORTERS)
		return solve_with_retry(r, s, err);
	for (i = 0; i < s->solve.exporters.n; i++) {
		struct planned_solve one = *s;

		one.solve.exporters = (struct bk_entries){&s->solve.exporters.items[i], 1, 1};
		one.target = i;
		if (solve_with_retry(r, &one, err))
			return -1;
		for (k = 0; k < r->result.response.n; k++)
			kv_set(&answers, &r->arena, r->result.response.items[k].key,
				r->result.response.items[k].value);
	}
	r->result.response = answers;
	return 0;
}

static struct guard
guard_of(struct run *r)
{
	return (struct guard){
		r->ctx, &r->plan, r->credentials, &r->log, &r->arena, r->options.retry_for};
}

/* The tags of the result that the daemon is to publish become those of the plan. */
static int
split_tags(struct run *r, struct strlist *later, struct err *err)
{
	const struct target_list *targets = &r->extras.targets;
	struct guard guard = guard_of(r);
	bool pushes = targets->n == 0;
	struct strlist now = {0};
	size_t i;

	for (i = 0; i < targets->n; i++)
		pushes = pushes || targets->items[i].push;
	if (!r->plan.pushes || !pushes)
		return 0;
	if (guard_splits(&guard, &now, later, err))
		return -1;
	r->plan.tags = now;
	r->plan.pushes = now.n > 0;
	return 0;
}

/* And the others, once it has. */
static int
name_later(struct run *r, const struct strlist *later, struct planned_solve *s, struct err *err)
{
	const char *digest = kv_get(&r->result.response, "containerimage.digest");
	struct guard guard = guard_of(r);

	if (!s->pushes || later->n == 0)
		return 0;
	return guard_names(&guard, later, digest, &s->tags, err);
}

static int
run_solve(struct run *r, size_t i, struct err *err)
{
	struct strlist later = {0};
	struct planned_solve s;

	if (i == r->plan.nstages && split_tags(r, &later, err))
		return -1;
	if (solve_plan(&r->arena, &r->plan, &r->options, &r->extras, i, &s, err))
		return -1;
	if (s.kind == SOLVE_EXPORT && r->exported.dir < 0 &&
		exported_open(&r->exported, r->plan.dir, err))
		return -1;
	if (solve_all(r, &s, err)) {
		if (!r->plan.buildkit && r->plan.platforms.n > 1 && err->kind == ERR_BUILD &&
			!r->backend.info.containerd_store)
			err_hint(err, "%s", no_index_hint);
		return err_wrap(err, "%s", s.title);
	}
	if (r->cache_error)
		log_warn(&r->log, "%s; later builds will not find this cache", r->cache_error);
	if (i == r->plan.nstages &&
		stores_finish(&r->extras.stores, &r->arena, &r->result.response, &r->log, err))
		return err_wrap(err, "%s", s.title);
	if (s.kind == SOLVE_EXPORT) {
		r->export_pending = true;
		return 0;
	}
	if (s.kind == SOLVE_TARGETS && s.tags.n == 0 && s.engine.n == 0)
		return 0;
	if (s.engine.n && loading_finish(&r->loading, err))
		return err_wrap(err, "%s", s.title);
	if (verify_result(&r->arena, &r->result.response, &s, &r->backend.docker,
		    &r->loading.docker, err) ||
		name_later(r, &later, &s, err))
		return err_wrap(err, "%s", s.title);
	add_published(r, &s);
	return 0;
}

/* No export stage is left to come: what was collected takes its place. */
static int
publish_exports(struct run *r, size_t next, struct err *err)
{
	size_t i;

	if (!r->export_pending)
		return 0;
	for (i = next; i < r->plan.nstages; i++)
		if (r->plan.stages[i].is_export)
			return 0;
	r->export_pending = false;
	return exported_publish(&r->exported, err);
}

/* --push with an Engine: what it holds now goes to the registry. */
static int
push_loaded(struct run *r, struct err *err)
{
	struct handing handing = {.docker = &r->backend.docker,
		.arena = &r->arena,
		.credentials = r->credentials,
		.log = &r->log,
		.clock = clock_ms,
		.retry_for = r->options.retry_for};
	struct guard guard = guard_of(r);
	size_t i;

	for (i = 0; i < r->published.n; i++) {
		const char *reference = r->published.items[i];
		bool moves;
		char *digest;

		if (!strlist_has(&r->to_push, reference))
			continue;
		if (guard_asks(&guard, reference, &moves, err))
			return -1;
		if (!moves)
			continue;
		if (hand_on(&handing, reference, &digest, err))
			return -1;
		r->digests.items[i] = digest;
		if (strlist_has(&r->plan.tags, reference))
			r->digest = digest;
	}
	return 0;
}

/* Where nobody listens nobody is going to; a connection that was taken and dropped is an accident.
 */
static int
connect_first(struct run *r, struct err *err)
{
	struct patience patience = {0};

	for (;;) {
		struct err why = {0}, signal = {0};

		if (connect_backend(r, &why) == 0)
			return 0;
		if (why.kind != ERR_NET || (why.code != ECONNRESET && why.code != EPIPE) ||
			!retry(r, &patience, &why, &signal)) {
			*err = signal.kind ? signal : why;
			return -1;
		}
	}
}

static int
run_all(struct run *r, struct err *err)
{
	size_t i;

	if (loading_connect(&r->loading, err) || connect_first(r, err) ||
		extras_check(&r->extras, &r->arena, &r->backend, &r->plan, err))
		return -1;
	warn_of_backend(r);
	for (i = 0; i <= r->plan.nstages; i++)
		if (run_solve(r, i, err) || publish_exports(r, i + 1, err))
			return -1;
	return push_loaded(r, err) || targets_publish(&r->extras.targets, err) ? -1 : 0;
}

/* ---- the verb ------------------------------------------------------------- */

static int
write_results(struct run *r, struct err *err)
{
	const struct build_options *o = &r->options;
	const struct kvlist *answer = &r->result.response;
	struct result_field *fields = arena_new(&r->arena, struct result_field, answer->n);
	const char *digest = kv_get(answer, "containerimage.digest");
	const char *id = kv_get(answer, "containerimage.config.digest");
	struct outputs want = {.metadata_file = o->metadata_file,
		.iidfile = o->iidfile,
		.env_file = o->env_file,
		.quiet = o->quiet,
		.summary = r->plan.config.summary.value,
		.digest = r->digest != NULL};
	struct run_result result;
	size_t i;

	for (i = 0; i < answer->n; i++)
		fields[i] = (struct result_field){answer->items[i].key, answer->items[i].value};
	result = (struct run_result){
		.image = r->plan.image,
		.digest = r->digest,
		.image_id = id ? id : digest,
		.tags = (const char *const *)r->published.items,
		.digests = (const char *const *)r->digests.items,
		.n_tags = r->published.n,
		.fields = fields,
		.n_fields = answer->n,
	};
	return outputs_write(r->ctx->console, &r->ctx->env, &want, &result, err);
}

/* Hours of building should not end at a password that was wrong from the start. */
static int
check_registry(struct run *r, struct err *err)
{
	enum preflight_need need = r->plan.pushes ? PREFLIGHT_BUILD : PREFLIGHT_LOGIN;

	/* known by its name alone: the Dockerfile has not been read yet */
	if (str_istarts(str_from(r->options.target), STR("export")))
		return 0;
	if (r->options.push && !r->plan.pushes)
		need = PREFLIGHT_PUSH;
	/* the result goes elsewhere; whether a stage is published is not known yet */
	if (r->options.outputs.n && !r->options.push)
		need = PREFLIGHT_LOGIN;
	return preflight(r->ctx, &r->plan, need, r->credentials, r->ctx->log, err);
}

static int
log_in(struct run *r, struct err *err)
{
	interrupt_install();
	return prepare_credentials(r, err) || check_registry(r, err) ? -1 : 0;
}

static int
report_context(struct run *r, struct err *err)
{
	if (r->plan.input)
		return err_set(err, ERR_USAGE,
			"--context-report: the context is not a folder of this machine");
	if (progress_mode_of(r->progress) == PROGRESS_RAWJSON)
		return err_set(err, ERR_USAGE,
			"--context-report is text, for which --progress rawjson has no place");
	return context_report(
		&r->plan, &r->roots[0], r->options.quiet ? r->ctx->log : &r->log, err);
}

static int
build(struct run *r, struct err *err)
{
	const struct build_options *o = &r->options;
	int rc;

	if (prepare_progress(r, err) || prepare_files(r, err) ||
		outputs_check(o->metadata_file, o->iidfile, o->env_file, err))
		return -1;
	outputs_image_name(&r->ctx->env, r->ctx->log, r->plan.image);
	/* what an archive goes to is for nothing else */
	if (targets_stdout(&r->extras.targets))
		r->ctx->console->out = STDERR_FILENO;
	rc = o->context_report ? report_context(r, err) : 0;
	if (rc == 0)
		rc = run_all(r, err);
	progress_end(r->progress, clock_wall_ns());
	if (rc && err->kind != ERR_CANCELED) {
		/* files that were exported before another stage failed are wanted all the same */
		if (r->export_pending)
			exported_publish(&r->exported, NULL);
		show_failure(r);
	}
	progress_done(r->progress, clock_wall_ns());
	progress_warnings(r->progress, r->options.common.verbose);
	return rc ? rc : write_results(r, err);
}

/* Whether the result is going to a registry under the tags of the plan, as far as is known now. */
static bool
publishes(const struct run *r)
{
	if (r->plan.target_is_export || (r->options.outputs.n && !r->options.push))
		return false;
	return r->plan.pushes || r->options.push;
}

static int
decide(struct run *r, struct err *err)
{
	const struct build_options *o = &r->options;
	struct plan_request req = {
		.path = o->common.path,
		.reads_input = true,
		.file = o->common.file,
		.platform = o->platform,
		.builder = o->builder,
		.target = o->target,
		.no_stages = o->no_stages,
		.build_args = &o->build_args,
		.labels = &o->labels,
		.tags = &o->tags,
		.cache_from = &o->cache_from,
		.cache_to = &o->cache_to,
		.missing_ci =
			"commit and/or branch information is missing (perhaps you're not in a Git "
			"repository or forgot to set environment variables?)",
	};
	enum plan_step reached;
	struct guard guard;
	size_t i;

	/* a report that was asked for is none of what -q leaves out */
	if (o->quiet && !o->context_report)
		console_quiet(r->ctx->console);
	for (i = 0; i < o->common.notes.n; i++)
		log_warn(r->ctx->log, "%s", o->common.notes.items[i]);
	if (plan_begin(&r->arena, r->ctx, &req, &r->plan, &reached, err))
		return -1;
	console_provider(r->ctx->console, r->plan.ci.provider);
	if (!o->dry_run && log_in(r, err))
		return -1;
	if (plan_finish(&r->arena, r->ctx, &req, &r->plan, &reached, err))
		return -1;
	if (r->immutable && preflight_immutable(r->ctx, &r->plan, r->credentials, r->ctx->log, err))
		return -1;
	guard = guard_of(r);
	if (!o->dry_run && publishes(r) && guard_looks(&guard, err))
		return -1;
	if (extras_make(&r->extras, &r->arena, &r->ctx->env, o, &r->plan, r->ctx->log, err))
		return -1;
	if (!targets_engine(&r->extras.targets))
		return 0;
	r->extras.engine = &r->loading.sink;
	return loading_find(&r->loading, &r->arena, &r->ctx->env, err);
}

static int
print_plan(struct run *r, struct err *err)
{
	cleanup_buf struct buf text = {0};

	plan_json(&text, &r->plan);
	return console_print(r->ctx->console, buf_view(&text), err);
}

static void
run_release(struct run *r)
{
	backend_close(&r->backend);
	loading_release(&r->loading);
	exported_close(&r->exported);
	progress_free(r->progress);
	credentials_free(r->credentials);
	extras_release(&r->extras);
	plan_release(&r->plan);
	fd_close(&r->context_fd);
	fd_close(&r->dockerfile_fd);
	arena_release(&r->arena);
}

int
cmd_build(struct cmd_context *ctx, int argc, char **argv)
{
	struct run r = {
		.ctx = ctx, .context_fd = -1, .dockerfile_fd = -1, .exported = EXPORTED_NONE};
	struct err err = {0};
	int code = EXIT_OK, rc;

	rc = build_options_parse(&r.options, argc, argv, &r.arena, &err);
	if (rc == 0 && cmd_early(ctx, &r.options.common, config_print, &code)) {
		run_release(&r);
		return code;
	}
	if (rc == 0)
		rc = decide(&r, &err);
	if (rc == 0)
		rc = r.options.dry_run ? print_plan(&r, &err) : build(&r, &err);
	if (rc) {
		console_error(ctx->console, "build", &err);
		code = err.kind == ERR_CANCELED ? EXIT_SIGNAL + err.code : EXIT_BUILD;
	}
	run_release(&r);
	return code;
}
