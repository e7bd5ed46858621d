#include "cmd/solves.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cmd/csv.h"
#include "cmd/extras.h"
#include "cmd/input.h"
#include "cmd/options.h"
#include "cmd/plan.h"
#include "image/ref.h"

/* bytes of /dev/shm in RUN steps; what the tool that this one replaces asks for */
enum { SHM_DEFAULT = 256 * 1024 * 1024 };

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

/* Names of stages, of which each value may hold several. */
static void
set_joined(struct kvlist *attrs, struct arena *a, const char *key, const struct strlist *l)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; i < l->n; i++)
		buf_addf(&text, "%s%s", i ? "," : "", l->items[i]);
	if (text.len)
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
	if (p->input && p->input->upload.fd >= 0) {
		kv_setf(attrs, a, "context", "http://buildkit-session/%s", p->input->upload.name);
		/* which we have read out of it */
		kv_set(attrs, a, "dockerfilekey", "dockerfile");
	}
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
		set_joined(attrs, a, "no-cache", &o->no_cache_filter);
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

/* Full references, comma-separated. */
static int
set_names(struct arena *a, struct kvlist *attrs, const struct strlist *tags, struct err *err)
{
	cleanup_buf struct buf names = {0};
	size_t i;

	for (i = 0; i < tags->n; i++) {
		struct ref ref;

		if (ref_parse(a, str_from(tags->items[i]), &ref, err))
			return -1;
		ref_or_latest(&ref);
		buf_addf(&names, "%s%s", i ? "," : "", ref_format(a, &ref));
	}
	kv_set(attrs, a, "name", buf_cstr(&names));
	return 0;
}

/* An Engine holds images of one platform; its exporter of that name puts them into its store. */
static const char *
image_exporter(const struct plan *p)
{
	return !p->buildkit && p->platforms.n <= 1 ? "moby" : "image";
}

static void
add_annotations(struct arena *a, const struct extras *x, struct kvlist *attrs)
{
	size_t i;

	for (i = 0; i < x->annotations.n; i++)
		kv_set(attrs, a, x->annotations.items[i].key, x->annotations.items[i].value);
}

static int
add_image_exporter(struct arena *a, const struct plan *p, const struct extras *x,
	struct planned_solve *out, struct err *err)
{
	struct bk_entry *e = bk_entry_add(&out->solve.exporters, a, image_exporter(p));

	if (set_names(a, &e->attrs, &out->tags, err))
		return -1;
	out->pushes = p->pushes;
	out->loads = !p->buildkit;
	if (p->pushes)
		kv_set(&e->attrs, a, "push", "true");
	if (p->pushes && p->registry.insecure)
		kv_set(&e->attrs, a, "registry.insecure", "true");
	if (x)
		add_annotations(a, x, &e->attrs);
	return 0;
}

/* The names that one --output gives its image, else those of the plan. */
static void
target_names(struct arena *a, const struct plan *p, const struct target *t, struct strlist *out)
{
	const char *given = kv_get(&t->attrs, "name");
	struct str rest = str_from(given), name;

	if (!given) {
		*out = p->tags;
		return;
	}
	while (str_next(&rest, ',', &name))
		if (str_trim(name).len)
			strlist_add(out, a, arena_str(a, str_trim(name)));
}

static int
add_target(struct arena *a, const struct plan *p, const struct extras *x, const struct target *t,
	struct planned_solve *out, struct err *err)
{
	bool image = !strcmp(t->type, "image");
	struct strlist names = {0};
	struct kvlist *attrs;
	size_t i;

	attrs = add_entry(a, &out->solve.exporters, image ? image_exporter(p) : t->type, &t->attrs);
	if (!strcmp(t->type, "local") || !strcmp(t->type, "tar"))
		return 0;
	target_names(a, p, t, &names);
	if (names.n && set_names(a, attrs, &names, err))
		return err_wrap(err, "--output");
	add_annotations(a, x, attrs);
	if (t->form == TARGET_ENGINE)
		out->engine = names;
	if (!image)
		return 0;
	for (i = 0; i < names.n; i++)
		if (!strlist_has(&out->tags, names.items[i]))
			strlist_add(&out->tags, a, names.items[i]);
	out->loads = !p->buildkit;
	out->pushes = t->push && !strcmp(image_exporter(p), "image");
	out->hands_on = t->push && !out->pushes;
	if (out->hands_on)
		kv_set(attrs, a, "push", "false");
	if (out->pushes && p->registry.insecure)
		kv_set(attrs, a, "registry.insecure", "true");
	return 0;
}

static int
add_targets(struct arena *a, const struct plan *p, const struct extras *x,
	struct planned_solve *out, struct err *err)
{
	size_t i;

	for (i = 0; i < x->targets.n; i++)
		if (add_target(a, p, x, &x->targets.items[i], out, err))
			return -1;
	return 0;
}

/* What flags name is one place, for the result alone; stages leave theirs beside shared ones. */
static void
cache_exports(struct arena *a, const struct plan *p, const struct plan_stage *stage, bool image,
	struct planned_solve *out)
{
	struct bk_entries *l = &out->solve.cache_exports;
	size_t i;

	/* an inline cache is part of an image */
	if (image && wants_inline_cache(p))
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

/*
 * A frontend of another image, as the reference client asks for it: daemons before
 * 0.9 do not look at the build argument.
 */
static void
set_frontend(struct arena *a, const struct plan *p, struct bk_solve *solve)
{
	const char *syntax = kv_get(&p->build_args, "BUILDKIT_SYNTAX");
	struct str rest = str_trim(str_from(syntax)), source;

	solve->frontend = "dockerfile.v0";
	if (rest.len == 0)
		return;
	solve->frontend = "gateway.v0";
	kv_set(&solve->attrs, a, "cmdline", arena_str(a, rest));
	str_next(&rest, ' ', &source);
	kv_set(&solve->attrs, a, "source", arena_str(a, source));
}

static void
set_entitlements(struct arena *a, const struct build_options *o, struct bk_solve *solve)
{
	struct strlist allow = {0};
	size_t i;

	for (i = 0; i < o->allow.n; i++)
		strlist_add(&allow, a, o->allow.items[i]);
	if (o->network && !strcmp(o->network, "host") && !strlist_has(&allow, "network.host"))
		strlist_add(&allow, a, "network.host");
	solve->entitlements = (const char *const *)allow.items;
	solve->nentitlements = allow.n;
}

static enum solve_kind
kind_of(const struct plan *p, const struct plan_stage *stage, const struct extras *x)
{
	if (!stage && x->targets.n)
		return SOLVE_TARGETS;
	if (stage ? stage->is_export : p->target_is_export)
		return SOLVE_EXPORT;
	return SOLVE_IMAGE;
}

int
solve_plan(struct arena *a, const struct plan *p, const struct build_options *o,
	const struct extras *x, size_t i, struct planned_solve *out, struct err *err)
{
	const struct plan_stage *stage = i < p->nstages ? &p->stages[i] : NULL;
	const char *target = stage ? stage->name : o->target;

	*out = (struct planned_solve){.kind = kind_of(p, stage, x)};
	out->title = target ? arena_fmt(a, "stage '%s'", target) : "image";
	set_frontend(a, p, &out->solve);
	frontend_attrs(a, p, o, &out->solve.attrs);
	extras_frontend(x, a, !stage, &out->solve.attrs);
	if (target)
		kv_set(&out->solve.attrs, a, "target", target);
	set_entitlements(a, o, &out->solve);
	cache_imports(a, p, i, &out->solve.cache_imports);
	cache_exports(a, p, stage,
		out->kind == SOLVE_IMAGE ||
			(out->kind == SOLVE_TARGETS && targets_image(&x->targets)),
		out);
	if (!stage)
		set_prefixed(&out->solve.attrs, a, "label:", &p->labels);
	if (out->kind == SOLVE_TARGETS)
		return add_targets(a, p, x, out, err);
	if (out->kind == SOLVE_EXPORT) {
		bk_entry_add(&out->solve.exporters, a, "local");
		return 0;
	}
	if (stage)
		strlist_add(&out->tags, a, stage->tag);
	else
		out->tags = p->tags;
	out->hands_on = o->push && !p->buildkit && !p->pushes;
	return add_image_exporter(a, p, stage ? NULL : x, out, err);
}
