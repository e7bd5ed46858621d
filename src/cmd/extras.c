#include "cmd/extras.h"

#include <string.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/attests.h"
#include "cmd/backend.h"
#include "cmd/exported.h"
#include "cmd/features.h"
#include "cmd/options.h"
#include "cmd/plan.h"
#include "cmd/solves.h"

/* minor versions of BuildKit that brought these (its sources at the tags) */
enum {
	SINCE_CONTEXTS = 10,
	SINCE_ATTESTS = 11,
	SINCE_ANNOTATIONS = 11,
	SINCE_LAYOUTS = 11,
};

struct reader {
	struct extras *x;
	struct arena *arena;
	const struct env *env;
};

static int
read_secret(struct reader *r, const char *text, struct err *err)
{
	return secret_add_flag(&r->x->secrets, r->arena, r->env, text, err);
}

static int
read_agent(struct reader *r, const char *text, struct err *err)
{
	return agent_add_flag(&r->x->agents, r->arena, r->env, text, err);
}

static int
read_context(struct reader *r, const char *text, struct err *err)
{
	return context_add_flag(&r->x->contexts, r->arena, text, err);
}

static int
read_output(struct reader *r, const char *text, struct err *err)
{
	return target_add_flag(&r->x->targets, r->arena, text, err);
}

static int
read_annotation(struct reader *r, const char *text, struct err *err)
{
	return annotation_add(r->arena, text, &r->x->annotations, err);
}

static int
read_attest(struct reader *r, const char *text, struct err *err)
{
	return attest_add(r->arena, text, &r->x->attests, err);
}

static int
read_flags(struct reader *r, const struct build_options *o, struct err *err)
{
	const struct {
		const char *flag;
		const struct strlist *values;
		int (*read)(struct reader *r, const char *text, struct err *err);
	} lists[] = {
		{"--secret", &o->secrets, read_secret},
		{"--ssh", &o->ssh, read_agent},
		{"--build-context", &o->build_contexts, read_context},
		{"--output", &o->outputs, read_output},
		{"--annotation", &o->annotations, read_annotation},
		{"--attest", &o->attests, read_attest},
	};
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(lists); i++)
		for (k = 0; k < lists[i].values->n; k++)
			if (lists[i].read(r, lists[i].values->items[k], err))
				return err_wrap(err, "%s", lists[i].flag);
	if (o->provenance &&
		attest_add_short(r->arena, "provenance", o->provenance, &r->x->attests, err))
		return err_wrap(err, "--provenance");
	if (o->sbom && attest_add_short(r->arena, "sbom", o->sbom, &r->x->attests, err))
		return err_wrap(err, "--sbom");
	return 0;
}

/* ---- where the result goes ------------------------------------------------ */

static int
check_load(const struct plan *p, struct err *err)
{
	if (p->platforms.n < 2)
		return 0;
	err_set(err, ERR_USAGE, "--load: an image for several platforms can only be pushed");
	return err_hint(err, "name one by --platform; an archive may hold several: -o "
			     "type=oci,dest=FILE");
}

static int
check_push(const struct plan *p, struct err *err)
{
	if (strcmp(p->registry.kind, "none") != 0)
		return 0;
	err_set(err, ERR_USAGE, "--push: no registry is configured");
	return err_hint(err, "name one in .buildtools.yaml or by a variable such as "
			     "DOCKERHUB_NAMESPACE; or -o type=image,name=REF,push=true");
}

/* type=docker without a file is the Engine's own store. */
static int
check_docker(struct target *t, const struct plan *p, struct err *err)
{
	if (strcmp(t->type, "docker") != 0 || t->form != TARGET_STORE)
		return 0;
	if (check_load(p, err))
		return err_wrap(err, "--output type=docker without dest");
	if (p->buildkit)
		t->form = TARGET_ENGINE;
	else
		t->type = "image";
	return 0;
}

static int
check_targets(struct extras *x, struct arena *a, const struct build_options *o,
	const struct plan *p, struct err *err)
{
	size_t i, streams = 0, layouts = 0, engines = 0;

	if (o->load && check_load(p, err))
		return -1;
	if (o->push && check_push(p, err))
		return -1;
	if (o->load && p->buildkit) {
		/* with --push as well: there and to the registry */
		if (o->push)
			target_add_image(&x->targets, a, true);
		target_add_engine(&x->targets, a);
	} else if (x->targets.n && (o->load || o->push)) {
		target_add_image(&x->targets, a, o->push);
	}
	if (x->targets.n == 0)
		return 0;
	for (i = 0; i < x->targets.n; i++) {
		struct target *t = &x->targets.items[i];

		if (check_docker(t, p, err))
			return -1;
		if (!strcmp(t->type, "docker") && p->platforms.n > 1)
			return err_set(err, ERR_USAGE,
				"--output: type 'docker' holds one platform, type 'oci' several");
		streams += t->form == TARGET_STDOUT;
		layouts += t->form == TARGET_LAYOUT;
		engines += t->form == TARGET_ENGINE;
	}
	if (engines > 1)
		return err_set(err, ERR_USAGE, "--output: the Engine can take one image, once");
	if (layouts > 1)
		return err_set(err, ERR_USAGE, "--output: tar=false can be asked for once");
	if (streams > 1)
		return err_set(
			err, ERR_USAGE, "--output: two archives cannot both go to standard output");
	if (x->annotations.n && !targets_image(&x->targets))
		return err_set(err, ERR_USAGE, "--annotation: no image is made, only files");
	if (o->iidfile && !targets_image(&x->targets))
		return err_set(err, ERR_USAGE, "--iidfile: no image is made, only files");
	return 0;
}

int
extras_make(struct extras *x, struct arena *a, const struct env *env, const struct build_options *o,
	const struct plan *p, struct log *log, struct err *err)
{
	struct reader r = {x, a, env};

	if (read_flags(&r, o, err) ||
		secrets_configured(&x->secrets, a, env, &p->config.secrets, log, err))
		return -1;
	return check_targets(x, a, o, p, err);
}

void
extras_never(const struct extras *x, struct arena *a, const char *folder, struct strlist *out)
{
	strlist_add(out, a, EXPORTED_NAME);
	targets_hidden(&x->targets, a, folder, out);
	stores_hidden(&x->stores, a, folder, out);
}

static int
open_stores(struct extras *x, struct arena *a, struct plan *p, struct log *log, struct err *err)
{
	size_t i;

	for (i = 0; i < x->targets.n; i++)
		if (x->targets.items[i].form == TARGET_LAYOUT &&
			!store_open(
				&x->stores, a, STORE_EXPORT, x->targets.items[i].dest, true, err))
			return err_wrap(err, "--output");
	for (i = 0; i < x->contexts.n; i++)
		if (x->contexts.items[i].layout &&
			!store_open(&x->stores, a, x->contexts.items[i].store,
				x->contexts.items[i].layout, false, err))
			return err_wrap(err, "context '%s'", x->contexts.items[i].name);
	return stores_caches(&x->stores, a, &p->imports, &p->exports, log, err);
}

int
extras_open(struct extras *x, struct arena *a, const struct env *env, struct plan *p,
	struct log *log, struct err *err)
{
	const char *tmpdir = env_get(env, "TMPDIR");
	size_t i;

	if (contexts_open(&x->contexts, err) ||
		targets_open(&x->targets, a, tmpdir ? tmpdir : "/tmp", err) ||
		open_stores(x, a, p, log, err))
		return -1;
	x->exports = targets_exports(&x->targets, a, x->engine);
	for (i = 0; i < x->contexts.n; i++) {
		struct named_context *c = &x->contexts.items[i];
		struct strlist never = {0};

		if (!c->dir)
			continue;
		extras_never(x, a, c->dir, &never);
		c->root.never = (const char *const *)never.items;
		c->root.nnever = never.n;
	}
	return 0;
}

void
extras_session(struct extras *x, struct arena *a, struct bk_session_options *session)
{
	size_t i, n = session->nlocals;
	struct bk_local *locals = arena_new(a, struct bk_local, n + x->contexts.n);

	memcpy(locals, session->locals, n * sizeof(*locals));
	for (i = 0; i < x->contexts.n; i++)
		if (x->contexts.items[i].dir)
			locals[n++] = (struct bk_local){
				x->contexts.items[i].local, &x->contexts.items[i].root};
	session->locals = locals;
	session->nlocals = n;
	stores_session(&x->stores, a, session);
	session->secrets = x->secrets.items;
	session->nsecrets = x->secrets.n;
	session->agents = x->agents.items;
	session->nagents = x->agents.n;
}

void
extras_release(struct extras *x)
{
	targets_close(&x->targets);
	contexts_close(&x->contexts);
	stores_close(&x->stores);
	agents_release(&x->agents);
	secrets_release(&x->secrets);
}

void
extras_frontend(const struct extras *x, struct arena *a, bool result, struct kvlist *attributes)
{
	size_t i;

	contexts_attrs(&x->contexts, a, attributes);
	for (i = 0; result && i < x->attests.n; i++)
		kv_set(attributes, a, x->attests.items[i].key, x->attests.items[i].value);
}

/* ---- what the daemon can do ----------------------------------------------- */

struct adapter {
	struct extras *x;
	struct arena *arena;
	struct backend *backend;
	const struct plan *plan;
	struct log *log;
	int minor;
};

static const char *
daemon_name(const struct adapter *d)
{
	const char *version = d->backend->info.version;

	return arena_fmt(d->arena, "BuildKit %s%s", version ? version : "before 0.11",
		d->plan->buildkit ? "" : " of this Docker Engine");
}

static void
warn(struct adapter *d, const char *flag, const char *why)
{
	const char *text = arena_fmt(d->arena, "%s %s", flag, why);

	if (strlist_has(&d->x->said, text))
		return;
	strlist_add(&d->x->said, d->arena, text);
	log_warn(d->log, "%s", text);
}

static const char *
too_old(const struct adapter *d, int since)
{
	return arena_fmt(d->arena, "has no effect: %s is too old for it, 0.%d is needed",
		daemon_name(d), since);
}

/* Removes what starts with the prefix; whether there was any. */
static bool
drop(struct kvlist *l, const char *prefix)
{
	size_t i, kept = 0, n = l->n;

	for (i = 0; i < n; i++)
		if (!str_starts(str_from(l->items[i].key), str_from(prefix)))
			l->items[kept++] = l->items[i];
	l->n = kept;
	return kept < n;
}

static void
adapt_attests(struct adapter *d, struct planned_solve *s)
{
	static const struct {
		const char *prefix, *flag;
	} kinds[] = {{"attest:provenance", "--provenance"}, {"attest:sbom", "--sbom"}};
	bool classic = !d->plan->buildkit && !d->backend->info.containerd_store;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (d->minor < SINCE_ATTESTS && drop(&s->solve.attrs, kinds[i].prefix))
			warn(d, kinds[i].flag, too_old(d, SINCE_ATTESTS));
		else if (classic && s->loads && drop(&s->solve.attrs, kinds[i].prefix))
			warn(d, kinds[i].flag,
				"has no effect: the classic image store of this Docker Engine "
				"keeps no attestations");
	}
}

static void
adapt_annotations(struct adapter *d, struct planned_solve *s)
{
	size_t i;

	for (i = 0; i < s->solve.exporters.n; i++) {
		struct bk_entry *e = &s->solve.exporters.items[i];

		if (!strcmp(e->type, "moby") && !d->backend->info.containerd_store) {
			if (drop(&e->attrs, "annotation"))
				warn(d, "--annotation",
					"has no effect: the classic image store of this Docker "
					"Engine keeps no annotations");
		} else if (d->minor < SINCE_ANNOTATIONS && drop(&e->attrs, "annotation")) {
			warn(d, "--annotation", too_old(d, SINCE_ANNOTATIONS));
		}
	}
}

/* An external frontend may know more than the daemon; the built-in one then refuses in its words.
 */
static void
adapt_contexts(struct adapter *d)
{
	int since = SINCE_CONTEXTS;
	size_t i;

	for (i = 0; i < d->x->contexts.n; i++)
		if (d->x->contexts.items[i].layout)
			since = SINCE_LAYOUTS;
	if (d->x->contexts.n && d->minor < since)
		warn(d, "--build-context",
			arena_fmt(d->arena,
				"needs BuildKit 0.%d, or a Dockerfile with '# syntax=docker/dockerfile:1' "
				"in its first line: %s is too old for it",
				since, daemon_name(d)));
}

static int
gateway(struct adapter *d, char **address, struct err *err)
{
	if (d->backend->info.host_gateway) {
		*address = arena_cstr(d->arena, d->backend->info.host_gateway);
		return 0;
	}
	if (!d->plan->buildkit)
		return docker_gateway(&d->backend->docker, d->arena, address, err);
	err_set(err, ERR_CONFIG, "this BuildKit daemon does not tell the address of its host");
	return err_hint(err, "give the address instead of host-gateway");
}

static int
adapt_hosts(struct adapter *d, struct planned_solve *s, struct err *err)
{
	static const char word[] = "=host-gateway";
	const char *hosts = kv_get(&s->solve.attrs, "add-hosts"), *at;
	cleanup_buf struct buf text = {0};
	char *address;

	if (!hosts || !strstr(hosts, word))
		return 0;
	if (gateway(d, &address, err))
		return err_wrap(err, "--add-host host-gateway");
	while ((at = strstr(hosts, word))) {
		buf_mem(&text, hosts, (size_t)(at - hosts));
		buf_addf(&text, "=%s", address);
		hosts = at + strlen(word);
	}
	buf_puts(&text, hosts);
	kv_set(&s->solve.attrs, d->arena, "add-hosts", buf_cstr(&text));
	return 0;
}

int
extras_adapt(struct extras *x, struct arena *a, struct backend *b, const struct plan *p,
	struct log *log, struct planned_solve *solve, struct err *err)
{
	struct adapter d = {x, a, b, p, log, features_minor(b->info.version)};

	adapt_attests(&d, solve);
	adapt_annotations(&d, solve);
	adapt_contexts(&d);
	return adapt_hosts(&d, solve, err);
}

int
extras_check(const struct extras *x, struct arena *a, struct backend *b, const struct plan *p,
	struct err *err)
{
	const struct adapter d = {
		.arena = a, .backend = b, .plan = p, .minor = features_minor(b->info.version)};
	size_t i;

	for (i = 0; i < x->targets.n; i++) {
		const struct target *t = &x->targets.items[i];

		if (t->form == TARGET_LAYOUT && d.minor < SINCE_LAYOUTS)
			return err_set(err, ERR_CONFIG,
				"--output: tar=false needs BuildKit 0.%d, %s is too old for it",
				SINCE_LAYOUTS, daemon_name(&d));
		if (p->buildkit || b->info.containerd_store ||
			(strcmp(t->type, "oci") != 0 && strcmp(t->type, "docker") != 0))
			continue;
		err_set(err, ERR_CONFIG,
			"--output: this Docker Engine keeps images in its classic store, out of "
			"which type '%s' cannot be made",
			t->type);
		return err_hint(err, "build with a BuildKit daemon (BUILDKIT_HOST), or switch "
				     "containerd-snapshotter on in the Engine's daemon.json");
	}
	return 0;
}
