#include "cmd/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "ci/tags.h"
#include "cmd/cmd.h"
#include "cmd/dockerfiles.h"
#include "cmd/input.h"
#include "image/name.h"
#include "image/ref.h"
#include "image/tag.h"

static bool
reads_input(const struct plan_request *req)
{
	return req->reads_input && req->path && !strcmp(req->path, "-");
}

static int
find_dir(struct arena *a, struct cmd_context *ctx, const struct plan_request *req, struct plan *p,
	struct err *err)
{
	const char *path = req->path && !reads_input(req) ? req->path : ".";
	char real[PATH_MAX];
	struct stat st;

	if (!ctx->cwd)
		return err_set(err, ERR_SYS, "the working directory does not exist any more");
	if (!realpath(path, real)) {
		err_sys(err, "context '%s'", path);
		return err_hint(err, "the context is a directory on this machine");
	}
	if (stat(real, &st) == 0 && !S_ISDIR(st.st_mode)) {
		err_set(err, ERR_USAGE, "context '%s' is not a directory", path);
		return err_hint(err, "a Dockerfile is named by -f");
	}
	p->dir = arena_cstr(a, real);
	return 0;
}

static int
use_builder(struct arena *a, struct cmd_context *ctx, const char *address, struct plan *p,
	struct err *err)
{
	p->buildkit = true;
	p->address = address;
	return builder_address_parse(a, &ctx->env, address, &p->builder, err);
}

/* A BuildKit address that was given makes the Engine's settings irrelevant. */
static int
find_backend(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *p, struct err *err)
{
	const char *host = req->builder ? req->builder : env_get(&ctx->env, "BUILDKIT_HOST");

	if (host)
		return use_builder(a, ctx, host, p, err);
	if (docker_endpoint_find(a, &ctx->env, &p->endpoint, err))
		return -1;
	p->address = p->endpoint.address;
	return 0;
}

/* ---- CI data and configuration -------------------------------------------- */

static const struct config_ci *
config_ci_of(const struct config *c, const char *provider)
{
	const struct {
		const char *id;
		const struct config_ci *ci;
	} known[] = {{"azure", &c->ci.azure}, {"buildkite", &c->ci.buildkite},
		{"gitlab", &c->ci.gitlab}, {"github", &c->ci.github},
		{"teamcity", &c->ci.teamcity}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].id, provider))
			return known[i].ci;
	/* outside of a CI the file may still speak for one of them */
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].ci->name.value)
			return known[i].ci;
	return NULL;
}

/* What the file says stands in for variables that the provider did not set; git comes last. */
static void
apply_config_ci(struct arena *a, struct plan *p)
{
	const struct config_ci *c = config_ci_of(&p->config, p->ci.provider);
	bool commit_from_git = !p->ci.commit_source || !strcmp(p->ci.commit_source, "git");
	bool branch_from_git = !p->ci.branch_source || !strcmp(p->ci.branch_source, "git");

	if (!c)
		return;
	if (c->commit.value && commit_from_git) {
		p->ci.commit = c->commit.value;
		p->ci.commit_source = config_origin_text(a, &c->commit.from);
	}
	if (c->branch.value && branch_from_git && !p->ci.pull && !p->ci.tag) {
		p->ci.branch = c->branch.value;
		p->ci.branch_source = config_origin_text(a, &c->branch.from);
	}
	if (c->name.value && !p->ci.name)
		p->ci.name = c->name.value;
}

static int
load_config(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *p, struct err *err)
{
	if (config_load(a, &ctx->env, p->dir, ctx->log, &p->config, err))
		return -1;
	if (p->config.builder.value && !p->buildkit &&
		use_builder(a, ctx, p->config.builder.value, p, err))
		return -1;
	if (req->platform &&
		platform_list_parse(a, str_from(req->platform), "--platform", &p->platforms, err))
		return -1;
	if (p->platforms.n == 1)
		log_info(ctx->log, "building for platform %s",
			platform_list_format(a, &p->platforms));
	if (p->platforms.n > 1)
		log_info(ctx->log, "building for %zu platforms: %s", p->platforms.n,
			platform_list_format(a, &p->platforms));
	if (ci_detect(a, &ctx->env, p->dir, ctx->log, &p->ci, err))
		return -1;
	apply_config_ci(a, p);
	if (!p->ci.default_branch && p->config.default_branch.value)
		p->ci.default_branch = p->config.default_branch.value;
	if (registry_select(a, &p->config, &ctx->env, p->ci.provider, ctx->log, &p->registry, err))
		return -1;
	log_debug(ctx->log, "Using CI %s", p->ci.title);
	log_debug(ctx->log, "Using registry %s", p->registry.title);
	return 0;
}

/* ---- names ---------------------------------------------------------------- */

/*
 * In GitLab an image belongs below the project's path in its registry; a name
 * given by hand that leads beside it would be denied.
 */
static const char *
below_project(struct arena *a, const struct plan *p, const char *name)
{
	const char *repository = p->config.registry.gitlab.repository.value;
	struct str project = str_from(repository);
	ptrdiff_t slash = str_rfind(project, '/');

	if (strcmp(p->registry.kind, "gitlab") != 0 || slash < 0)
		return name;
	project = str_from_off(project, (size_t)slash + 1);
	if (str_ieq(str_from(name), project) ||
		(str_istarts(str_from(name), project) && name[project.len] == '/'))
		return name;
	return arena_fmt(a, STR_FMT "/%s", STR_ARG(project), name);
}

static int
make_name(struct arena *a, struct cmd_context *ctx, struct plan *p, struct err *err)
{
	const char *given = p->config.ci.image_name.value, *name = given ? given : p->ci.name;
	bool changed;

	if (!name)
		name = strrchr(p->dir, '/') + 1;
	p->name = name_path(a, str_from(name), &changed, err);
	if (!p->name)
		return err_wrap(err, "image name from '%s'", name);
	if (given) {
		log_info(ctx->log, "Using %s as BuildName", p->name);
		p->name = below_project(a, p, p->name);
	} else if (changed) {
		log_debug(ctx->log, "image name '%s' becomes '%s'", name, p->name);
	}
	p->image = arena_fmt(a, "%s/%s", p->registry.url, p->name);
	return 0;
}

static struct tag_facts
facts_of(const struct plan *p)
{
	const struct ci *ci = &p->ci;

	return (struct tag_facts){
		.commit = ci->commit,
		.branch = ci->branch,
		.tag = ci->tag,
		.is_pull = ci->pull != NULL,
		.pull_number = ci->pull ? ci->pull->number : NULL,
		.pull_prefix = !strcmp(ci->provider, "gitlab") ? "mr-" : NULL,
		.base = ci->pull ? ci->pull->base : NULL,
		.default_branch = ci->default_branch,
		.event = ci->event,
		.now = clock_wall_ns() / 1000000000,
		.commit_time = ci->created ? tags_time(ci->created) : 0,
	};
}

static int
tag_names(struct arena *a, struct cmd_context *ctx, struct plan *p, struct strlist *out,
	struct err *err)
{
	struct tag_facts facts = facts_of(p);
	struct strlist rules = {0}, flavor = {0};
	bool as_branch = p->config.tags_pr.value && !strcmp(p->config.tags_pr.value, "branch");
	size_t i;

	if (!p->config.tags.present)
		return tags_default(a, &facts, as_branch, ctx->log, out, err);
	for (i = 0; i < p->config.tags.n; i++)
		strlist_add(&rules, a, p->config.tags.items[i].text);
	for (i = 0; i < p->config.flavor.n; i++)
		strlist_add(&flavor, a, p->config.flavor.items[i].text);
	if (tags_apply(a, &rules, &flavor, &facts, ctx->log, out, err))
		return -1;
	if (out->n == 0)
		return err_set(err, ERR_CONFIG, "no rule under 'tags' gives a tag for this run");
	return 0;
}

static int
make_tags(struct arena *a, struct cmd_context *ctx, const struct plan_request *req, struct plan *p,
	struct err *err)
{
	struct strlist names = {0}, stages = {0};
	struct tag_facts facts = facts_of(p);
	struct ref given;
	size_t i;

	if (tag_names(a, ctx, p, &names, err))
		return -1;
	for (i = 0; i < names.n; i++) {
		const char *ref = arena_fmt(a, "%s:%s", p->image, names.items[i]);

		strlist_add(&p->tags, a, ref);
		if (p->ci.commit && !strcmp(names.items[i], p->ci.commit))
			p->commit_tag = ref;
	}
	for (i = 0; req->tags && i < req->tags->n; i++) {
		if (ref_parse(a, str_from(req->tags->items[i]), &given, err))
			return err_wrap(err, "--tag");
		if (!strlist_has(&p->tags, req->tags->items[i]))
			strlist_add(&p->tags, a, req->tags->items[i]);
	}
	for (i = 0; i < p->nstages; i++) {
		if (p->stages[i].is_export)
			continue;
		strlist_add(&stages, a, p->stages[i].written);
		p->stages[i].tag = arena_fmt(
			a, "%s:%s", p->image, tag_slug(a, str_from(p->stages[i].written), NULL));
	}
	return tags_check_stages(&facts, &names, &stages, err);
}

/* ---- what goes into the build --------------------------------------------- */

static void
add_user_arg(struct arena *a, struct cmd_context *ctx, const char *arg, struct plan *p)
{
	struct str rest = str_from(arg), key;
	const char *value;

	if (str_cut(&rest, '=', &key)) {
		kv_set(&p->build_args, a, arena_str(a, key), rest.s);
		return;
	}
	value = env_raw(&ctx->env, arg);
	if (value)
		kv_set(&p->build_args, a, arg, value);
	else
		log_warn(ctx->log, "ignoring build-arg %s: no such environment variable", arg);
}

static void
make_build_args(
	struct arena *a, struct cmd_context *ctx, const struct plan_request *req, struct plan *p)
{
	const char *branch = p->ci.branch ? p->ci.branch : p->ci.tag;
	size_t i;

	kv_set(&p->build_args, a, "BUILDKIT_INLINE_CACHE", "1");
	if (p->ci.commit)
		kv_set(&p->build_args, a, "CI_COMMIT", p->ci.commit);
	if (branch) {
		kv_set(&p->build_args, a, "CI_BRANCH", tag_branch(a, str_from(branch)));
		kv_set(&p->build_args, a, "CI_BRANCH_RAW", branch);
	}
	if (p->ci.tag)
		kv_set(&p->build_args, a, "CI_TAG", p->ci.tag);
	if (env_get(&ctx->env, "SOURCE_DATE_EPOCH")) /* what reproducible-builds.org agreed on */
		kv_set(&p->build_args, a, "SOURCE_DATE_EPOCH",
			env_get(&ctx->env, "SOURCE_DATE_EPOCH"));
	for (i = 0; req->build_args && i < req->build_args->n; i++)
		add_user_arg(a, ctx, req->build_args->items[i], p);
}

static void
set_label(struct arena *a, struct plan *p, const char *name, const char *value)
{
	if (value)
		kv_set(&p->labels, a, arena_fmt(a, "org.opencontainers.image.%s", name), value);
}

static void
make_labels(struct arena *a, const struct plan_request *req, struct plan *p)
{
	const char *ref = p->ci.tag ? p->ci.tag : p->ci.branch;
	const char *title = strrchr(p->name, '/');
	size_t i;

	if (!p->config.labels_on.set || p->config.labels_on.value) {
		set_label(a, p, "created", p->ci.created);
		set_label(a, p, "revision", p->ci.commit);
		set_label(a, p, "source", p->ci.repository_url);
		set_label(a, p, "url", p->ci.repository_url);
		set_label(a, p, "title", title ? title + 1 : p->name);
		set_label(a, p, "version",
			ref ? tag_slug(a, str_from(tag_branch(a, str_from(ref))), NULL) : NULL);
		set_label(a, p, "ref.name", ref);
	}
	for (i = 0; i < p->config.labels.n; i++)
		kv_set(&p->labels, a, p->config.labels.items[i].key,
			p->config.labels.items[i].value);
	for (i = 0; req->labels && i < req->labels->n; i++) {
		struct str rest = str_from(req->labels->items[i]), key = rest;

		if (str_cut(&rest, '=', &key))
			kv_set(&p->labels, a, arena_str(a, key), rest.s);
		else
			kv_set(&p->labels, a, req->labels->items[i], "");
	}
}

static void
add_tag(struct arena *a, struct plan *p, const char *branch)
{
	const char *tag = tag_slug(a, str_from(tag_branch(a, str_from(branch))), NULL);

	cache_add_ref(&p->imports, a, arena_fmt(a, "%s:%s", p->image, tag));
}

/* What is going to be shown: shared caches, stages newest first, the others. */
static void
show_caches(struct arena *a, struct plan *p, bool stages)
{
	size_t i;

	for (i = 0; i < p->imports.n && p->imports.items[i].shared; i++)
		strlist_add(&p->cache_from, a, p->imports.items[i].shown);
	for (size_t k = p->nstages; stages && k > 0; k--)
		if (p->stages[k - 1].tag)
			strlist_add(&p->cache_from, a, p->stages[k - 1].tag);
	for (; i < p->imports.n; i++)
		strlist_add(&p->cache_from, a, p->imports.items[i].shown);
	for (i = 0; i < p->exports.n; i++)
		strlist_add(&p->cache_to, a, p->exports.items[i].shown);
}

/*
 * Configured caches first, then what flags name, then the branch's image and
 * latest. Without a registry there are no images to look at.
 */
static int
make_caches(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *p, struct err *err)
{
	bool anywhere = strcmp(p->registry.kind, "none") != 0;
	size_t i;

	caches_configured(a, &p->config, &ctx->env, ctx->log, &p->imports, &p->exports);
	for (i = 0; req->cache_from && i < req->cache_from->n; i++)
		if (cache_add_flag(&p->imports, a, req->cache_from->items[i], "cache-from", err))
			return -1;
	for (i = 0; req->cache_to && i < req->cache_to->n; i++)
		if (cache_add_flag(&p->exports, a, req->cache_to->items[i], "cache-to", err))
			return -1;
	if (anywhere && p->ci.branch && !p->ci.pull)
		add_tag(a, p, p->ci.branch);
	if (anywhere && p->ci.pull && p->ci.pull->base)
		add_tag(a, p, p->ci.pull->base);
	if (anywhere)
		cache_add_ref(&p->imports, a, arena_fmt(a, "%s:latest", p->image));
	show_caches(a, p, anywhere);
	return 0;
}

int
plan_check_ci(const struct plan *p, const char *missing, struct err *err)
{
	if (p->ci.commit || p->ci.branch || p->ci.tag || p->ci.pull)
		return 0;
	err_set(err, ERR_CONFIG, "%s", missing);
	return err_hint(err, "is there a .git with a commit, or were the variables of the CI "
			     "passed on? 'buildtools info' shows what is found");
}

int
plan_begin(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *out, enum plan_step *reached, struct err *err)
{
	*out = (struct plan){0};
	*reached = PLAN_ENGINE;
	if (find_backend(a, ctx, req, out, err))
		return -1;
	*reached = PLAN_CONFIG;
	if (find_dir(a, ctx, req, out, err) || load_config(a, ctx, req, out, err) ||
		make_name(a, ctx, out, err))
		return -1;
	/* several platforms make an index, which an Engine can only hand on to a registry */
	out->pushes =
		strcmp(out->registry.kind, "none") != 0 && (out->buildkit || out->platforms.n > 1);
	return 0;
}

int
plan_finish(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *out, enum plan_step *reached, struct err *err)
{
	*reached = PLAN_DOCKERFILE;
	if (reads_input(req))
		out->input = arena_new(a, struct input, 1);
	if (dockerfile_load(a, ctx, req, out, err))
		return -1;
	*reached = PLAN_CI;
	if (req->missing_ci && plan_check_ci(out, req->missing_ci, err))
		return -1;
	*reached = PLAN_TAGS;
	if ((out->ci.commit || out->ci.branch || out->ci.tag || out->ci.pull) &&
		make_tags(a, ctx, req, out, err))
		return -1;
	make_build_args(a, ctx, req, out);
	make_labels(a, req, out);
	return make_caches(a, ctx, req, out, err);
}

int
plan_make(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *out, enum plan_step *reached, struct err *err)
{
	if (plan_begin(a, ctx, req, out, reached, err))
		return -1;
	return plan_finish(a, ctx, req, out, reached, err);
}

void
plan_release(struct plan *p)
{
	input_release(p->input);
	p->input = NULL;
	registry_choice_release(&p->registry);
	config_release(&p->config);
}
