#include "cmd/features.h"

#include <limits.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "buildkit/peer.h"
#include "cmd/options.h"
#include "cmd/solves.h"

enum {
	BEFORE_INFO = 8,    /* 0.8 to 0.10 do not tell their number: take the least */
	SINCE_SEVERAL = 11, /* more than one cache export in a request */
};

/* Engines that know a cache: with either image store, with containerd's, or none. */
enum engines { ANY_ENGINE, CONTAINERD_STORE, NO_ENGINE };

/* since: minor version of BuildKit. */
static const struct {
	const char *type;
	int since;
	enum engines importer, exporter;
} caches[] = {
	{"inline", 8, ANY_ENGINE, ANY_ENGINE},
	{"registry", 8, ANY_ENGINE, CONTAINERD_STORE},
	{"local", 8, ANY_ENGINE, CONTAINERD_STORE},
	{"gha", 9, CONTAINERD_STORE, CONTAINERD_STORE},
	{"s3", 11, NO_ENGINE, NO_ENGINE},
	{"azblob", 11, NO_ENGINE, NO_ENGINE},
};

int
features_minor(const char *version)
{
	struct str rest = str_from(version);
	uint64_t minor;

	if (!version)
		return BEFORE_INFO;
	str_take(&rest, STR("v"));
	/* builds from a working copy call themselves 0.0.0 */
	if (!str_take(&rest, STR("0.")) || !str_take_u64(&rest, 10, &minor) || minor == 0 ||
		minor > INT_MAX)
		return INT_MAX;
	return (int)minor;
}

static void
warn(struct features *f, const char *text)
{
	if (strlist_has(&f->said, text))
		return;
	strlist_add(&f->said, f->arena, text);
	log_warn(f->log, "%s", text);
}

static const char *
daemon_name(const struct features *f)
{
	const char *version = f->info->version;

	return arena_fmt(f->arena, "BuildKit %s%s", version ? version : "before 0.11",
		f->engine ? " of this Docker Engine" : "");
}

/* NULL when the daemon takes it, else what stands in the way. */
static const char *
obstacle(const struct features *f, const char *type, bool export)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(caches); i++) {
		enum engines store = export ? caches[i].exporter : caches[i].importer;

		if (strcmp(caches[i].type, type) != 0)
			continue;
		if (caches[i].since > features_minor(f->info->version))
			return arena_fmt(f->arena, "%s is too old for it, 0.%d is needed",
				daemon_name(f), caches[i].since);
		if (f->engine && store == NO_ENGINE)
			return "a Docker Engine does not know it, a BuildKit daemon does";
		if (f->engine && store == CONTAINERD_STORE && !f->info->containerd_store)
			return "a Docker Engine knows it only with the containerd image store";
	}
	return NULL; /* of later times: the daemon's word counts */
}

static void
filter_caches(struct features *f, struct bk_entries *l, bool export)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++) {
		const char *why = obstacle(f, l->items[i].type, export);

		if (!why) {
			l->items[kept++] = l->items[i];
			continue;
		}
		warn(f, arena_fmt(f->arena, "cache of type '%s' is not %s: %s", l->items[i].type,
				export ? "published" : "used", why));
	}
	l->n = kept;
}

/* Old daemons refuse two; the one that was asked for by name is worth more than the inline one. */
static void
keep_one_export(struct features *f, struct bk_entries *l)
{
	if (l->n < 2 || features_minor(f->info->version) >= SINCE_SEVERAL)
		return;
	if (!strcmp(l->items[0].type, "inline"))
		l->items[0] = l->items[1];
	l->n = 1;
	warn(f, arena_fmt(f->arena, "only the cache of type '%s' is published: %s takes one",
			l->items[0].type, daemon_name(f)));
}

static void
warn_option(struct features *f, bool given, const char *flag, int since)
{
	if (given && features_minor(f->info->version) < since)
		warn(f, arena_fmt(f->arena,
				"%s has no effect: %s is too old for it, 0.%d is needed", flag,
				daemon_name(f), since));
}

void
features_apply(struct features *f, const struct build_options *o, struct planned_solve *solve)
{
	filter_caches(f, &solve->solve.cache_imports, false);
	filter_caches(f, &solve->solve.cache_exports, true);
	keep_one_export(f, &solve->solve.cache_exports);
	warn_option(f, o->shm_size > 0, "--shm-size", 10);
	warn_option(f, o->ulimits.n > 0, "--ulimit", 10);
}

/* The daemon's words since 0.9, and before. */
static bool
is_refusal(struct features *f, const struct bk_entry *e, struct str text)
{
	const char *known = arena_fmt(f->arena, "failed to configure %s cache exporter", e->type);
	const char *unknown = arena_fmt(f->arena, "unknown cache exporter: \"%s\"", e->type);
	const char *may_fail = kv_get(&e->attrs, "ignore-error");

	return str_search(text, str_from(unknown)) >= 0 ||
	       (may_fail && !strcmp(may_fail, "true") && str_search(text, str_from(known)) >= 0);
}

bool
features_refused(struct features *f, const struct err *why, struct planned_solve *solve)
{
	struct bk_entries *l = &solve->solve.cache_exports;
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++)
		if (why->kind != ERR_BUILD || !is_refusal(f, &l->items[i], str_from(why->msg)))
			l->items[kept++] = l->items[i];
	if (kept == l->n)
		return false;
	l->n = kept;
	warn(f, arena_fmt(f->arena, "the cache is not published: %s", why->msg));
	return true;
}
