/* 'push': sends exactly the tags of the plan from the Engine, or a file, to the registry. */

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/jval.h"
#include "base/log.h"
#include "cmd/backend.h"
#include "cmd/cmd.h"
#include "cmd/config_print.h"
#include "cmd/console.h"
#include "cmd/guard.h"
#include "cmd/handing.h"
#include "cmd/login.h"
#include "cmd/outputs.h"
#include "cmd/plan.h"
#include "cmd/preflight.h"
#include "cmd/published.h"
#include "docker/docker.h"
#include "image/ref.h"
#include "registry/client.h"
#include "registry/credentials.h"

enum {
	PING_MS = 30000,
	LOOK_MS = 30000, /* for a look at what the registry has */
};

struct push {
	struct arena arena;
	struct cmd_context *ctx;
	struct push_options options;
	struct plan plan;
	struct credentials *credentials;
	struct docker docker;
	struct strlist refs, ids;       /* what is to be pushed, and the Engine's ids of it */
	struct strlist pushed, digests; /* references in order, and what each one is */
	char *digest; /* of the commit's tag, else of the first of the image's own */
	struct handing handing;
	bool immutable; /* no tag of the repository can be written again */
};

/* ---- one tag ---------------------------------------------------------------- */

/*
 * Registries may forbid to write a tag again. When it is this very image that
 * stands there, everything is as it should be: a job was repeated.
 */
static bool
is_there(struct push *p, const struct ref *ref, const char *id, char **digest)
{
	cleanup_registry_manifest struct registry_manifest m = {.digest = ""};
	cleanup_registry struct registry *r =
		preflight_open(p->ctx, &p->plan, ref, p->credentials, p->ctx->log, &p->arena, NULL);
	cleanup_jval struct jval *v = NULL;
	const char *config;
	bool found;

	if (!r || registry_manifest_get(r, ref->tag, &m, &found, deadline_in(LOOK_MS), NULL) ||
		!found)
		return false;
	/* an image's id is the digest of its configuration, or with containerd's store its own */
	v = jval_parse(buf_view(&m.body), NULL);
	config = jval_get_str(jval_get(v, "config"), "digest");
	if (strcmp(id, m.digest) != 0 && (!config || strcmp(id, config) != 0))
		return false;
	*digest = arena_cstr(&p->arena, m.digest);
	return true;
}

static int
send_tag(struct push *p, const struct ref *ref, const char *text, const char *id, char **digest,
	struct err *err)
{
	if (hand_on(&p->handing, text, digest, err) == 0)
		return 0;
	if (err->kind != ERR_REMOTE || !is_there(p, ref, id, digest))
		return -1;
	log_info(
		p->ctx->log, "'%s' may not be written again, and is this very image already", text);
	return 0;
}

static int
push_tag(struct push *p, const char *text, const char *id, struct err *err)
{
	struct err why = {0};
	struct ref ref;
	char *digest;

	if (ref_parse(&p->arena, str_from(text), &ref, err))
		return -1;
	ref_or_latest(&ref);
	if (send_tag(p, &ref, text, id, &digest, &why)) {
		*err = why;
		return -1;
	}
	strlist_add(&p->pushed, &p->arena, text);
	strlist_add(&p->digests, &p->arena, digest);
	/* the result is the commit's image, never that of a stage */
	if (p->plan.commit_tag ? !strcmp(text, p->plan.commit_tag)
			       : !p->digest && strlist_has(&p->plan.tags, text))
		p->digest = digest;
	else if (p->digest && strlist_has(&p->plan.tags, text) && strcmp(p->digest, digest) != 0)
		log_warn(p->ctx->log, "'%s' is another image than the commit's: %s, not %s", text,
			digest, p->digest);
	return 0;
}

/* ---- all of them ------------------------------------------------------------ */

/* Everything must be there before the first one goes out: half a release helps nobody. */
static int
find_images(struct push *p, struct err *err)
{
	size_t i;
	char *id;

	for (i = 0; i < p->plan.nstages; i++)
		if (p->plan.stages[i].tag)
			strlist_add(&p->refs, &p->arena, p->plan.stages[i].tag);
	for (i = 0; i < p->plan.tags.n; i++)
		strlist_add(&p->refs, &p->arena, p->plan.tags.items[i]);
	for (i = 0; i < p->refs.n; i++) {
		if (docker_image_id(&p->docker, &p->arena, p->refs.items[i], &id, err)) {
			if (err->kind == ERR_REMOTE && err->code == 404)
				err_hint(err, "run 'build' first, for the same commit and branch");
			return err_wrap(err, "push '%s'", p->refs.items[i]);
		}
		strlist_add(&p->ids, &p->arena, id);
	}
	return 0;
}

/* What was built elsewhere, and came here as a file. */
static int
push_file(struct push *p, struct err *err)
{
	struct published run = {.ctx = p->ctx,
		.plan = &p->plan,
		.arena = &p->arena,
		.credentials = p->credentials,
		.retry_for = p->options.retry_for};
	size_t i;

	if (publish_parcel(&run, p->options.from, &p->pushed, &p->digest, err))
		return -1;
	for (i = 0; i < p->pushed.n; i++)
		strlist_add(&p->digests, &p->arena, p->digest);
	return 0;
}

/* Asked right before it would be written: another pipeline may end at any time. */
static int
push_guarded(struct push *p, size_t i, struct err *err)
{
	const char *reference = p->refs.items[i];
	struct guard guard = {
		p->ctx, &p->plan, p->credentials, p->ctx->log, &p->arena, p->options.retry_for};
	bool moves;

	if (guard_asks(&guard, reference, &moves, err))
		return -1;
	return moves ? push_tag(p, reference, p->ids.items[i], err) : 0;
}

static int
push_all(struct push *p, struct err *err)
{
	size_t i;

	if (!strcmp(p->plan.registry.kind, "none")) {
		err_set(err, ERR_CONFIG, "push not supported by registry");
		return err_hint(err,
			"no registry is configured: name one in .buildtools.yaml or by "
			"a variable such as DOCKERHUB_NAMESPACE");
	}
	if (p->options.from)
		return push_file(p, err);
	if (backend_ping(&p->docker, &p->plan.endpoint, deadline_in(PING_MS), err))
		return -1;
	if (find_images(p, err))
		return -1;
	p->handing = (struct handing){.docker = &p->docker,
		.arena = &p->arena,
		.credentials = p->credentials,
		.log = p->ctx->log,
		.clock = clock_ms,
		.retry_for = p->options.retry_for};
	for (i = 0; i < p->refs.n; i++)
		if (push_guarded(p, i, err))
			return -1;
	return 0;
}

/* ---- the verb --------------------------------------------------------------- */

static int
log_in(struct push *p, int *code, struct err *err)
{
	const struct registry_choice *c = &p->plan.registry;
	const struct env *env = &p->ctx->env;
	struct log *log = p->ctx->log;

	*code = EXIT_PUSH_LOGIN;
	if (p->options.no_login)
		return 0;
	p->credentials = credentials_open(env, log, err);
	if (!p->credentials || login_registry(&p->arena, env, log, c, p->credentials, err))
		return -1;
	*code = EXIT_PUSH_CREATE;
	if (login_create(&p->arena, env, log, c, p->plan.image, &p->immutable, err))
		return -1;
	*code = EXIT_PUSH_LOGIN;
	return preflight(p->ctx, &p->plan, PREFLIGHT_PUSH, p->credentials, log, err);
}

static int
write_results(struct push *p, struct err *err)
{
	struct outputs want = {.metadata_file = p->options.metadata_file,
		.env_file = p->options.env_file,
		.quiet = p->options.quiet,
		.summary = p->plan.config.summary.value,
		.image_name = p->digest != NULL,
		.digest = true};
	struct run_result result = {.image = p->plan.image,
		.digest = p->digest,
		.tags = (const char *const *)p->pushed.items,
		.digests = (const char *const *)p->digests.items,
		.n_tags = p->pushed.n};

	return outputs_write(p->ctx->console, &p->ctx->env, &want, &result, err);
}

static int
code_of(enum plan_step step)
{
	switch (step) {
	case PLAN_ENGINE:
		return EXIT_BUILD;
	case PLAN_CONFIG:
		return EXIT_PUSH_CONFIG;
	case PLAN_DOCKERFILE:
		return EXIT_PUSH_DOCKERFILE;
	case PLAN_CI:
		return EXIT_PUSH_CI;
	case PLAN_TAGS:
		return EXIT_PUSH_TAG;
	}
	return EXIT_PUSH_TAG;
}

static int
push(struct push *p, int *code, struct err *err)
{
	const struct push_options *o = &p->options;
	struct plan_request req = {
		.path = o->common.path,
		.file = o->common.file,
		/* a file holds no stages, and no Dockerfile has to lie beside it */
		.no_stages = o->no_stages || o->from,
		.only_names = o->from != NULL,
		.missing_ci =
			"Commit and/or branch information is missing. Perhaps you're not in a Git "
			"repository or forgot to set environment variables?",
	};
	enum plan_step reached;

	if (o->quiet)
		console_quiet(p->ctx->console);
	if (plan_begin(&p->arena, p->ctx, &req, &p->plan, &reached, err)) {
		*code = code_of(reached);
		return -1;
	}
	/* then nothing but the configuration matters */
	if (p->plan.buildkit && !o->from) {
		log_info(p->ctx->log,
			"BUILDKIT_HOST is set - images were pushed during build, skipping push");
		return 0;
	}
	console_provider(p->ctx->console, p->plan.ci.provider);
	interrupt_install();
	if (log_in(p, code, err))
		return -1;
	if (plan_finish(&p->arena, p->ctx, &req, &p->plan, &reached, err)) {
		*code = code_of(reached);
		return -1;
	}
	*code = EXIT_PUSH_TAG;
	if (outputs_check(o->metadata_file, NULL, o->env_file, err))
		return -1;
	if (p->immutable && preflight_immutable(p->ctx, &p->plan, p->credentials, p->ctx->log, err))
		return -1;
	return push_all(p, err) || write_results(p, err) ? -1 : 0;
}

int
cmd_push(struct cmd_context *ctx, int argc, char **argv)
{
	struct push p = {.ctx = ctx};
	struct err err = {0};
	int code = EXIT_BUILD, rc;

	rc = push_options_parse(&p.options, argc, argv, &p.arena, &err);
	if (rc == 0 && cmd_early(ctx, &p.options.common, config_print, &code)) {
		arena_release(&p.arena);
		return code;
	}
	if (rc == 0)
		rc = push(&p, &code, &err);
	if (rc) {
		console_error(ctx->console, "push", &err);
		if (err.kind == ERR_CANCELED)
			code = EXIT_SIGNAL + err.code;
	}
	credentials_free(p.credentials);
	plan_release(&p.plan);
	arena_release(&p.arena);
	return rc ? code : EXIT_OK;
}
