#include "cmd/solves.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cmd/options.h"
#include "cmd/plan.h"
#include "image/ref.h"

/* bytes of /dev/shm in RUN steps; what the tool that this one replaces asks for */
enum { SHM_DEFAULT = 256 * 1024 * 1024 };

/* One record of comma-separated fields; a field that holds a comma is quoted (RFC 4180). */
static void
csv_add(struct buf *out, const char *field)
{
	const char *s;

	if (out->len)
		buf_putc(out, ',');
	if (!strpbrk(field, ",\"")) {
		buf_puts(out, field);
		return;
	}
	buf_putc(out, '"');
	for (s = field; *s; s++) {
		if (*s == '"')
			buf_putc(out, '"');
		buf_putc(out, *s);
	}
	buf_putc(out, '"');
}

static void
set_list(struct kvlist *attrs, struct arena *a, const char *key, const struct strlist *l)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	if (l->n == 0)
		return;
	for (i = 0; i < l->n; i++)
		csv_add(&text, l->items[i]);
	kv_set(attrs, a, key, buf_cstr(&text));
}

static void
set_prefixed(struct kvlist *attrs, struct arena *a, const char *prefix, const struct kvlist *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		kv_set(attrs, a, arena_fmt(a, "%s%s", prefix, l->items[i].key), l->items[i].value);
}

static void
frontend_attrs(
	struct arena *a, const struct plan *p, const struct build_options *o, struct kvlist *attrs)
{
	kv_set(attrs, a, "filename", p->dockerfile_name);
	if (p->platforms.n)
		kv_set(attrs, a, "platform",
			platform_list_format(a, (struct platform_list *)(uintptr_t)&p->platforms));
	/* always asking keeps base images fresh; --no-pull takes what the daemon has */
	kv_set(attrs, a, "image-resolve-mode", o->no_pull ? "local" : "pull");
	kv_setf(attrs, a, "shm-size", "%llu",
		(unsigned long long)(o->shm_size ? o->shm_size : SHM_DEFAULT));
	if (o->network && strcmp(o->network, "default") != 0)
		kv_set(attrs, a, "force-network-mode", o->network);
	set_list(attrs, a, "add-hosts", &o->add_hosts);
	set_list(attrs, a, "ulimit", &o->ulimits);
	if (o->no_cache)
		kv_set(attrs, a, "no-cache", "");
	else
		set_list(attrs, a, "no-cache", &o->no_cache_filter);
	set_prefixed(attrs, a, "build-arg:", &p->build_args);
}

static struct kvlist *
add_entry(struct arena *a, struct bk_entries *l, const char *type, const struct kvlist *attrs)
{
	struct bk_entry *e = bk_entry_add(l, a, type);
	size_t i;

	for (i = 0; i < attrs->n; i++)
		kv_set(&e->attrs, a, attrs->items[i].key, attrs->items[i].value);
	return &e->attrs;
}

static void
import_ref(struct arena *a, struct bk_entries *l, const char *ref)
{
	kv_set(&bk_entry_add(l, a, "registry")->attrs, a, "ref", ref);
}

/*
 * Shared caches first, a stage's own place in them as well; then its own image
 * and those of the stages before it, newest first; then the others.
 */
static void
cache_imports(struct arena *a, const struct plan *p, size_t stage, struct bk_entries *l)
{
	bool anywhere = strcmp(p->registry.kind, "none") != 0;
	const struct kvlist *own;
	size_t i, k;

	for (i = 0; i < p->imports.n && p->imports.items[i].shared; i++) {
		const struct cache *c = &p->imports.items[i];

		add_entry(a, l, c->type, &c->attrs);
		own = stage < p->nstages ? cache_of_stage(a, c, p->stages[stage].name) : NULL;
		if (own)
			add_entry(a, l, c->type, own);
	}
	for (k = stage < p->nstages ? stage + 1 : p->nstages; anywhere && k > 0; k--)
		if (p->stages[k - 1].tag)
			import_ref(a, l, p->stages[k - 1].tag);
	for (; i < p->imports.n; i++)
		add_entry(a, l, p->imports.items[i].type, &p->imports.items[i].attrs);
}

/* Words of Go's strconv.ParseBool that mean yes: how the daemon side reads it. */
static bool
wants_inline_cache(const struct plan *p)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	const char *value = kv_get(&p->build_args, "BUILDKIT_INLINE_CACHE");
	size_t i;

	for (i = 0; value && i < ARRAY_LEN(yes); i++)
		if (!strcmp(value, yes[i]))
			return true;
	return false;
}

static int
add_image_exporter(
	struct arena *a, const struct plan *p, struct planned_solve *out, struct err *err)
{
	bool engine = !p->buildkit && p->platforms.n <= 1;
	struct bk_entry *e = bk_entry_add(&out->solve.exporters, a, engine ? "moby" : "image");
	cleanup_buf struct buf names = {0};
	size_t i;

	for (i = 0; i < out->tags.n; i++) {
		struct ref ref;

		if (ref_parse(a, str_from(out->tags.items[i]), &ref, err))
			return -1;
		ref_or_latest(&ref);
		buf_addf(&names, "%s%s", i ? "," : "", ref_format(a, &ref));
	}
	kv_set(&e->attrs, a, "name", buf_cstr(&names));
	if (p->pushes)
		kv_set(&e->attrs, a, "push", "true");
	if (p->pushes && p->registry.insecure)
		kv_set(&e->attrs, a, "registry.insecure", "true");
	return 0;
}

/* What flags name is one place, for the result alone; stages leave theirs beside shared ones. */
static void
cache_exports(struct arena *a, const struct plan *p, const struct plan_stage *stage,
	struct planned_solve *out)
{
	struct bk_entries *l = &out->solve.cache_exports;
	size_t i;

	/* an inline cache is part of an image */
	if (out->kind == SOLVE_IMAGE && wants_inline_cache(p))
		bk_entry_add(l, a, "inline");
	for (i = 0; i < p->exports.n; i++) {
		const struct cache *c = &p->exports.items[i];
		const struct kvlist *attrs = &c->attrs;

		if (stage)
			attrs = c->shared ? cache_of_stage(a, c, stage->name) : NULL;
		/* it was asked for already */
		if (attrs && !strcmp(c->type, "inline") && l->n &&
			!strcmp(l->items[0].type, "inline"))
			continue;
		if (attrs)
			add_entry(a, l, c->type, attrs);
	}
}

int
solve_plan(struct arena *a, const struct plan *p, const struct build_options *o, size_t i,
	struct planned_solve *out, struct err *err)
{
	const struct plan_stage *stage = i < p->nstages ? &p->stages[i] : NULL;
	bool export = stage ? stage->is_export : p->target_is_export;
	const char *target = stage ? stage->name : o->target;
	struct strlist allow = o->allow;

	*out = (struct planned_solve){.kind = export ? SOLVE_EXPORT : SOLVE_IMAGE};
	out->solve.frontend = "dockerfile.v0";
	out->title = target ? arena_fmt(a, "stage '%s'", target) : "image";
	frontend_attrs(a, p, o, &out->solve.attrs);
	if (target)
		kv_set(&out->solve.attrs, a, "target", target);
	if (o->network && !strcmp(o->network, "host") && !strlist_has(&allow, "network.host"))
		strlist_add(&allow, a, "network.host");
	out->solve.entitlements = (const char *const *)allow.items;
	out->solve.nentitlements = allow.n;
	cache_imports(a, p, i, &out->solve.cache_imports);
	cache_exports(a, p, stage, out);
	if (export) {
		bk_entry_add(&out->solve.exporters, a, "local");
		return 0;
	}
	if (stage)
		strlist_add(&out->tags, a, stage->tag);
	else
		out->tags = p->tags;
	if (!stage)
		set_prefixed(&out->solve.attrs, a, "label:", &p->labels);
	return add_image_exporter(a, p, out, err);
}
