/* 'push': sends exactly the tags of the plan from the Engine to the registry. */

#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/config_print.h"
#include "cmd/console.h"
#include "cmd/login.h"
#include "cmd/outputs.h"
#include "cmd/plan.h"
#include "docker/docker.h"
#include "image/ref.h"
#include "registry/credentials.h"

enum {
	PING_MS = 30000,
	HEARTBEAT_MS = 30000, /* CI systems end jobs that say nothing for minutes */
};

struct push {
	struct arena arena;
	struct cmd_context *ctx;
	struct push_options options;
	struct plan plan;
	struct credentials *credentials;
	struct docker docker;
	struct strlist pushed, digests; /* references in order, and what each one is */
	char *digest; /* of the commit's tag, else of the first of the image's own */
	const char *current;
	int64_t said; /* when something was last printed */
};

/* Nothing of every layer's every step, but a sign of life. */
static void
on_progress(const char *id, const char *status, int64_t current, int64_t total, void *arg)
{
	struct push *p = arg;

	log_debug(p->ctx->log, "%s %s %s %lld/%lld", p->current, id, status, (long long)current,
		(long long)total);
	if (clock_ms() - p->said < HEARTBEAT_MS)
		return;
	p->said = clock_ms();
	if (total > 0)
		log_info(p->ctx->log, "still pushing '%s': %s %s, %lld of %lld MB", p->current, id,
			status, (long long)(current / 1000000), (long long)(total / 1000000));
	else
		log_info(p->ctx->log, "still pushing '%s': %s %s", p->current, id, status);
}

static int
push_tag(struct push *p, const char *text, struct err *err)
{
	cleanup_credential struct credential cred = {0};
	struct docker_auth auth = {0};
	struct ref ref;
	char *digest;

	if (ref_parse(&p->arena, str_from(text), &ref, err))
		return -1;
	ref_or_latest(&ref);
	if (p->credentials &&
		credentials_find(p->credentials,
			arena_fmt(&p->arena, "%s/%s", ref.domain, ref.path), &cred, err))
		return -1;
	auth = (struct docker_auth){.user = cred.user,
		.secret = &cred.secret,
		.server = ref.domain,
		.identity = cred.kind == CREDENTIAL_IDENTITY};
	p->current = text;
	p->said = clock_ms();
	log_info(p->ctx->log, "Pushing tag '%s'", text);
	if (docker_push(&p->docker, &p->arena,
		    ref_familiar(&p->arena, &(struct ref){ref.domain, ref.path, NULL, NULL}),
		    ref.tag, &auth, on_progress, p, &digest, err))
		return err_wrap(err, "push '%s'", text);
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

static int
push_all(struct push *p, struct err *err)
{
	size_t i;

	if (!strcmp(p->plan.registry.kind, "none"))
		return err_set(err, ERR_CONFIG, "push not supported by registry");
	if (docker_ping(&p->docker, &p->plan.endpoint, deadline_in(PING_MS), err))
		return err_wrap(err, "the Docker Engine at %s (%s) does not answer",
			p->plan.endpoint.address, p->plan.endpoint.source);
	for (i = 0; i < p->plan.nstages; i++)
		if (p->plan.stages[i].tag && push_tag(p, p->plan.stages[i].tag, err))
			return -1;
	for (i = 0; i < p->plan.tags.n; i++)
		if (push_tag(p, p->plan.tags.items[i], err))
			return -1;
	return 0;
}

static int
prepare_credentials(struct push *p, int *code, struct err *err)
{
	const struct registry_choice *c = &p->plan.registry;
	const struct env *env = &p->ctx->env;
	struct log *log = p->ctx->log;

	if (p->options.no_login)
		return 0;
	p->credentials = credentials_open(env, log, err);
	if (!p->credentials || login_registry(&p->arena, env, log, c, p->credentials, err))
		return -1;
	*code = EXIT_PUSH_CREATE;
	if (login_create(&p->arena, env, log, c, p->plan.image, err))
		return -1;
	*code = EXIT_PUSH_LOGIN;
	return 0;
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
		.no_stages = o->no_stages,
		.missing_ci =
			"Commit and/or branch information is missing. Perhaps you're not in a Git "
			"repository or forgot to set environment variables?",
	};
	struct err planning = {0};
	enum plan_step reached;
	int rc = plan_make(&p->arena, p->ctx, &req, &p->plan, &reached, &planning);

	/* then nothing but the configuration matters */
	if (p->plan.buildkit && (rc == 0 || reached > PLAN_CONFIG)) {
		log_info(p->ctx->log,
			"BUILDKIT_HOST is set - images were pushed during build, skipping push");
		return 0;
	}
	if (rc) {
		*code = code_of(reached);
		*err = planning;
		return -1;
	}
	console_provider(p->ctx->console, p->plan.ci.provider);
	*code = EXIT_PUSH_LOGIN;
	if (prepare_credentials(p, code, err))
		return -1;
	interrupt_install();
	*code = EXIT_PUSH_TAG;
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
