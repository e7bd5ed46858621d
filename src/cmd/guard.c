#include "cmd/guard.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "ci/floating.h"
#include "cmd/plan.h"
#include "cmd/preflight.h"
#include "image/ref.h"
#include "registry/client.h"
#include "registry/origin.h"

/* ---- deciding --------------------------------------------------------------- */

static bool
watches(const struct plan *p, const char *reference)
{
	cleanup_arena struct arena a = {0};
	struct ref ref;

	if (!p->config.guard.value || ref_parse(&a, str_from(reference), &ref, NULL))
		return false;
	ref_or_latest(&ref);
	return ref.tag && tag_floats(ref.tag);
}

/* Labels say it, unless they are switched off: then the CI does. */
static struct tag_origin
ours(const struct plan *p)
{
	const char *created = kv_get(&p->labels, "org.opencontainers.image.created");
	const char *revision = kv_get(&p->labels, "org.opencontainers.image.revision");
	const char *version = kv_get(&p->labels, "org.opencontainers.image.version");

	return (struct tag_origin){
		.created = created ? created : p->ci.created,
		.revision = revision ? revision : p->ci.commit,
		.version = version ? version : p->ci.tag,
	};
}

static bool
decide(const struct plan *p, struct log *notes, const char *reference,
	const struct registry_origin *there)
{
	struct tag_origin mine = ours(p),
			  theirs = {there->version, there->created, there->revision};

	switch (tag_order(&mine, &theirs)) {
	case ORDER_UNKNOWN:
		log_info(notes, "guard: '%s' moves: %s does not say when it was committed",
			reference, theirs.created ? "this run" : "the image that it names");
		return true;
	case ORDER_NOT_OLDER:
		return true;
	case ORDER_OLDER_VERSION:
		log_warn(notes, "guard: '%s' stays at version %.60s, this is %.60s", reference,
			theirs.version, mine.version);
		return false;
	case ORDER_OLDER_COMMIT:
		log_warn(notes, "guard: '%s' stays at commit %.64s of %.40s, this one is of %.40s",
			reference, theirs.revision ? theirs.revision : "(unknown)", theirs.created,
			mine.created);
		return false;
	}
	return true;
}

/* ---- asking ----------------------------------------------------------------- */

static struct registry *
open_for(const struct guard *g, const char *reference, struct ref *ref, struct err *err)
{
	struct registry *r;

	if (ref_parse(g->arena, str_from(reference), ref, err))
		return NULL;
	ref_or_latest(ref);
	r = preflight_open(g->ctx, g->plan, ref, g->credentials, g->log, g->arena, err);
	if (r)
		registry_retry_for(r, g->retry_for ? g->retry_for : -1);
	return r;
}

/* notes: where the outcome is told, NULL for nowhere */
static int
ask(const struct guard *g, struct log *notes, struct registry *r, const char *reference,
	const char *tag, bool *moves, struct err *err)
{
	struct registry_origin there;
	bool found;

	if (registry_origin(r, g->arena, tag, &there, &found, DEADLINE_NONE, err)) {
		if (err->kind == ERR_AUTH)
			err_hint(err, "guard has to read what '%s' names now", tag);
		return -1;
	}
	*moves = true;
	if (found)
		*moves = decide(g->plan, notes, reference, &there);
	else
		log_info(notes, "guard: '%s' is new", reference);
	return 0;
}

static int
open_and_ask(const struct guard *g, struct log *notes, const char *reference, bool *moves,
	struct err *err)
{
	cleanup_registry struct registry *r = NULL;
	struct ref ref;

	*moves = true;
	if (!watches(g->plan, reference))
		return 0;
	r = open_for(g, reference, &ref, err);
	if (!r || ask(g, notes, r, reference, ref.tag, moves, err))
		return err_wrap(err, "guard: '%s'", reference);
	return 0;
}

int
guard_asks(const struct guard *g, const char *reference, bool *moves, struct err *err)
{
	return open_and_ask(g, g->log, reference, moves, err);
}

int
guard_looks(const struct guard *g, struct err *err)
{
	bool moves;
	size_t i;

	for (i = 0; i < g->plan->tags.n; i++)
		if (open_and_ask(g, NULL, g->plan->tags.items[i], &moves, err))
			return -1;
	return 0;
}

/* ---- daemons that publish --------------------------------------------------- */

int
guard_splits(const struct guard *g, struct strlist *now, struct strlist *later, struct err *err)
{
	const struct strlist *tags = &g->plan->tags;
	struct strlist watched = {0};
	size_t i;

	for (i = 0; i < tags->n; i++)
		strlist_add(watches(g->plan, tags->items[i]) ? &watched : now, g->arena,
			tags->items[i]);
	if (now->n) {
		*later = watched;
		return 0;
	}
	for (i = 0; i < watched.n; i++) {
		bool moves;

		if (guard_asks(g, watched.items[i], &moves, err))
			return -1;
		if (moves)
			strlist_add(now, g->arena, watched.items[i]);
	}
	return 0;
}

/* Asked last, with all at hand that the tag is written with. */
static int
name(const struct guard *g, const char *reference, const char *digest, bool *moves, struct err *err)
{
	cleanup_registry_manifest struct registry_manifest m = {.digest = ""};
	cleanup_registry struct registry *r = NULL;
	struct registry_document doc;
	struct ref ref;
	bool found;

	r = open_for(g, reference, &ref, err);
	if (!r || registry_manifest_get(r, digest, &m, &found, DEADLINE_NONE, err))
		return -1;
	if (!found)
		return err_set(err, ERR_PROTO,
			"the registry does not have %s, which was just published", digest);
	if (ask(g, g->log, r, reference, ref.tag, moves, err))
		return -1;
	doc = (struct registry_document){buf_view(&m.body), m.type, m.digest};
	return *moves ? registry_manifest_put(r, ref.tag, &doc, NULL, DEADLINE_NONE, err) : 0;
}

int
guard_names(const struct guard *g, const struct strlist *later, const char *digest,
	struct strlist *moved, struct err *err)
{
	size_t i;

	for (i = 0; i < later->n; i++) {
		bool moves;

		if (name(g, later->items[i], digest, &moves, err))
			return err_wrap(err, "guard: '%s'", later->items[i]);
		if (moves)
			strlist_add(moved, g->arena, later->items[i]);
	}
	return 0;
}
