/* 'buildtools info': what would be done here, and where each value came from. */

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/flags.h"
#include "cmd/plan.h"

static void
row(struct buf *out, const char *name, const char *value, const char *from)
{
	buf_addf(out, "%-15s %s", name, value ? value : "-");
	if (from)
		buf_addf(out, "  (%s)", from);
	buf_putc(out, '\n');
}

static void
rows(struct buf *out, const char *name, const struct strlist *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		row(out, i ? "" : name, l->items[i], NULL);
}

static void
show(struct buf *out, struct arena *a, const struct plan *p)
{
	const struct ci *ci = &p->ci;
	const struct registry_choice *r = &p->registry;
	size_t i;

	row(out, "ci", ci->provider, ci->event);
	row(out, "job", ci->job_url, NULL);
	row(out, "commit", ci->commit, ci->commit_source);
	row(out, "branch", ci->branch, ci->branch ? ci->branch_source : NULL);
	row(out, "tag", ci->tag, ci->tag ? ci->branch_source : NULL);
	row(out, "default branch", ci->default_branch, NULL);
	if (ci->pull)
		row(out, "pull request", ci->pull->number ? ci->pull->number : "yes",
			ci->branch_source);
	row(out, "repository", ci->repository, NULL);
	row(out, "registry", r->url,
		r->from.source ? arena_fmt(a, "%s, %s", r->title, config_origin_text(a, &r->from))
			       : r->title);
	row(out, "credentials", r->credentials ? r->credentials : "none of its own", NULL);
	row(out, "image", p->image, NULL);
	rows(out, "tags", &p->tags);
	for (i = 0; i < p->nstages; i++)
		row(out, i ? "" : "stages", p->stages[i].name,
			p->stages[i].is_export ? "export" : p->stages[i].tag);
	rows(out, "cache from", &p->cache_from);
	rows(out, "configuration", &p->config.files);
	row(out, "backend", p->buildkit ? "BuildKit" : "Docker Engine",
		p->buildkit ? p->address : arena_fmt(a, "%s, %s", p->address, p->endpoint.source));
}

static int
info(struct cmd_context *ctx, struct arena *a, const struct info_options *o, struct err *err)
{
	struct plan_request req = {.path = o->common.path,
		.file = o->common.file,
		.platform = o->platform,
		.builder = o->builder,
		.no_dockerfile = true};
	cleanup_plan struct plan plan = {0};
	cleanup_buf struct buf text = {0};
	enum plan_step reached;

	if (plan_make(a, ctx, &req, &plan, &reached, err))
		return -1;
	console_provider(ctx->console, plan.ci.provider);
	if (o->json)
		plan_json(&text, &plan);
	else
		show(&text, a, &plan);
	return console_print(ctx->console, buf_view(&text), err);
}

int
cmd_info(struct cmd_context *ctx, int argc, char **argv)
{
	cleanup_arena struct arena a = {0};
	struct info_options o;
	struct err err = {0};
	int code = EXIT_OK;

	if (info_options_parse(&o, argc, argv, &a, &err))
		return cmd_usage(ctx, &tool_info, &err);
	if (cmd_early(ctx, &o.common, NULL, &code))
		return code;
	if (info(ctx, &a, &o, &err) == 0)
		return EXIT_OK;
	return cmd_failed(ctx, &tool_info, &err);
}
