#include "base/jval.h"
#include "cmd/plan.h"

static struct jval *
strings(const struct strlist *l)
{
	struct jval *v = jval_new_array();
	size_t i;

	for (i = 0; i < l->n; i++)
		jval_add_str(v, l->items[i]);
	return v;
}

static struct jval *
pairs(const struct kvlist *l)
{
	struct jval *v = jval_new_object();
	size_t i;

	for (i = 0; i < l->n; i++)
		jval_set_str(v, l->items[i].key, l->items[i].value);
	return v;
}

static struct jval *
ci_object(const struct ci *ci)
{
	struct jval *v = jval_new_object();

	jval_set_str(v, "provider", ci->provider);
	jval_set_str(v, "event", ci->event);
	jval_set_str(v, "job_url", ci->job_url);
	jval_set_str(v, "source", ci->source);
	return v;
}

static struct jval *
pull_object(const struct ci_pull *pull)
{
	struct jval *v;

	if (!pull)
		return NULL;
	v = jval_new_object();
	jval_set_str(v, "number", pull->number);
	jval_set_str(v, "head", pull->head);
	jval_set_str(v, "base", pull->base);
	jval_set_str(v, "head_commit", pull->head_commit);
	return v;
}

static struct jval *
registry_object(const struct registry_choice *r)
{
	struct jval *v = jval_new_object();

	jval_set_str(v, "kind", r->kind);
	jval_set_str(v, "url", r->url);
	jval_set_str(v, "credentials", r->credentials);
	return v;
}

static struct jval *
stages_array(const struct plan *p)
{
	struct jval *list = jval_new_array();
	size_t i;

	for (i = 0; i < p->nstages; i++) {
		struct jval *v = jval_new_object();

		jval_set_str(v, "name", p->stages[i].name);
		jval_set_bool(v, "export", p->stages[i].is_export);
		jval_set_str(v, "tag", p->stages[i].tag);
		jval_add(list, v);
	}
	return list;
}

static struct jval *
platforms_array(const struct platform_list *l)
{
	cleanup_arena struct arena a = {0};
	struct jval *list = jval_new_array();
	size_t i;

	for (i = 0; i < l->n; i++)
		jval_add_str(list, platform_format(&a, &l->items[i]));
	return list;
}

static struct jval *
backend_object(const struct plan *p)
{
	struct jval *v = jval_new_object();

	jval_set_str(v, "kind", p->buildkit ? "buildkit" : "docker");
	jval_set_str(v, "address", p->address);
	return v;
}

void
plan_json(struct buf *out, const struct plan *p)
{
	cleanup_jval struct jval *v = jval_new_object();

	jval_set(v, "ci", ci_object(&p->ci));
	jval_set_str(v, "commit", p->ci.commit);
	jval_set_str(v, "branch", p->ci.branch);
	jval_set_str(v, "tag", p->ci.tag);
	jval_set_str(v, "default_branch", p->ci.default_branch);
	jval_set(v, "pull_request", pull_object(p->ci.pull));
	jval_set_str(v, "repository", p->ci.repository);
	jval_set(v, "registry", registry_object(&p->registry));
	jval_set_str(v, "image", p->image);
	jval_set(v, "tags", strings(&p->tags));
	jval_set(v, "stages", stages_array(p));
	jval_set(v, "build_args", pairs(&p->build_args));
	jval_set(v, "labels", pairs(&p->labels));
	jval_set(v, "cache_from", strings(&p->cache_from));
	jval_set(v, "cache_to", strings(&p->cache_to));
	jval_set(v, "platforms", platforms_array(&p->platforms));
	jval_set(v, "backend", backend_object(p));
	jval_write(out, v, 2);
	buf_putc(out, '\n');
}
