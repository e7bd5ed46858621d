#include "cmd/guard.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "ci/floating.h"
#include "cmd/plan.h"
#include "cmd/preflight.h"
#include "image/ref.h"
#include "registry/client.h"
#include "registry/origin.h"

enum { LOOK_MS = 60000 };

bool
guard_watches(const struct plan *p, const char *reference)
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
decide(const struct guard *g, const char *reference, const struct registry_origin *there)
{
	struct tag_origin mine = ours(g->plan),
			  theirs = {there->version, there->created, there->revision};

	switch (tag_order(&mine, &theirs)) {
	case ORDER_UNKNOWN:
		log_info(g->log, "guard: '%s' moves: %s does not say when it was committed",
			reference, theirs.created ? "this run" : "the image that it names");
		return true;
	case ORDER_NOT_OLDER:
		return true;
	case ORDER_OLDER_VERSION:
		log_warn(g->log, "guard: '%s' stays at version %.60s, this is %.60s", reference,
			theirs.version, mine.version);
		return false;
	case ORDER_OLDER_COMMIT:
		log_warn(g->log, "guard: '%s' stays at commit %.64s of %.40s, this one is of %.40s",
			reference, theirs.revision ? theirs.revision : "(unknown)", theirs.created,
			mine.created);
		return false;
	}
	return true;
}

static int
look(const struct guard *g, const struct ref *ref, struct registry_origin *there, bool *found,
	struct err *err)
{
	cleanup_registry struct registry *r =
		preflight_open(g->ctx, g->plan, ref, g->credentials, g->log, g->arena, err);

	return !r || registry_origin(r, g->arena, ref->tag, there, found, deadline_in(LOOK_MS), err)
		       ? -1
		       : 0;
}

int
guard_asks(const struct guard *g, const char *reference, bool *moves, struct err *err)
{
	struct registry_origin there;
	struct ref ref;
	bool found;

	if (ref_parse(g->arena, str_from(reference), &ref, err))
		return -1;
	ref_or_latest(&ref);
	if (look(g, &ref, &there, &found, err)) {
		if (err->kind == ERR_AUTH)
			err_hint(err, "guard has to read what '%s' names now", ref.tag);
		return err_wrap(err, "guard: '%s'", reference);
	}
	*moves = true;
	if (found)
		*moves = decide(g, reference, &there);
	else
		log_info(g->log, "guard: '%s' is new", reference);
	return 0;
}
