#include "cmd/caches.h"

#include <string.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "config/config.h"

static bool
is_secret(const char *key)
{
	static const char *const names[] = {"access_key_id", "secret_access_key", "session_token",
		"token", "ghtoken", "account_key"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], key))
			return true;
	return false;
}

static const char *
show(struct arena *a, const struct cache *c)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	if (!strcmp(c->type, "registry") && c->attrs.n == 1)
		return c->attrs.items[0].value;
	buf_addf(&text, "type=%s", c->type);
	for (i = 0; i < c->attrs.n; i++)
		buf_addf(&text, ",%s=%s", c->attrs.items[i].key,
			is_secret(c->attrs.items[i].key) ? "***" : c->attrs.items[i].value);
	return arena_str(a, buf_view(&text));
}

void
cache_add(struct cache_list *l, struct arena *a, const struct cache *c)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct cache *items = arena_new(a, struct cache, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n] = *c;
	l->items[l->n].shown = show(a, c);
	l->n++;
}

void
cache_add_ref(struct cache_list *l, struct arena *a, const char *ref)
{
	struct cache c = {.type = "registry"};

	kv_set(&c.attrs, a, "ref", ref);
	cache_add(l, a, &c);
}

/* A local cache is a folder, which has to be named. */
static int
check_local(const struct cache *c, const char *flag, struct err *err)
{
	const char *attr = strcmp(flag, "cache-to") ? "src" : "dest";
	const char *path = kv_get(&c->attrs, attr), *reset = kv_get(&c->attrs, "reset");

	if (strcmp(c->type, "local") != 0)
		return 0;
	if (!path || !*path)
		return err_set(err, ERR_USAGE, "--%s: type=local needs %s=FOLDER", flag, attr);
	if (reset && strcmp(reset, "false") != 0)
		return err_set(err, ERR_USAGE,
			"--%s: reset is not offered; a new folder is a new cache", flag);
	return 0;
}

int
cache_add_flag(
	struct cache_list *l, struct arena *a, const char *text, const char *flag, struct err *err)
{
	struct str rest = str_from(text), field, key;
	struct cache c = {0};

	if (!strchr(text, '=')) {
		cache_add_ref(l, a, text);
		return 0;
	}
	while (str_next(&rest, ',', &field)) {
		if (!str_cut(&field, '=', &key))
			return err_set(err, ERR_USAGE,
				"--%s: '" STR_FMT "' in '%s' is not key=value", flag,
				STR_ARG(field), text);
		key = str_trim(key);
		if (str_is(key, "type"))
			c.type = arena_str(a, field);
		else
			kv_set(&c.attrs, a, arena_str(a, key), arena_str(a, field));
	}
	if (!c.type)
		return err_set(err, ERR_USAGE, "--%s: '%s' names no type", flag, text);
	if (check_local(&c, flag, err))
		return -1;
	cache_add(l, a, &c);
	return 0;
}

/* ---- configuration -------------------------------------------------------- */

/* A cache that cannot be written is slow next time, no reason to fail now. */
static void
add_both(struct arena *a, struct cache *c, struct cache_list *imports, struct cache_list *exports)
{
	struct cache out = {.type = c->type, .shared = true};
	size_t i;

	c->shared = true;
	for (i = 0; i < c->attrs.n; i++)
		kv_set(&out.attrs, a, c->attrs.items[i].key, c->attrs.items[i].value);
	cache_add(imports, a, c);
	if (!kv_get(&out.attrs, "mode"))
		kv_set(&out.attrs, a, "mode", "max");
	if (!strcmp(out.type, "registry")) {
		kv_set(&out.attrs, a, "image-manifest", "true");
		kv_set(&out.attrs, a, "oci-mediatypes", "true");
	}
	if (!kv_get(&out.attrs, "ignore-error"))
		kv_set(&out.attrs, a, "ignore-error", "true");
	cache_add(exports, a, &out);
}

static void
add_ref(struct arena *a, const char *ref, const char *mode, struct cache_list *imports,
	struct cache_list *exports)
{
	struct cache c = {.type = "registry"};

	kv_set(&c.attrs, a, "ref", ref);
	add_both(a, &c, imports, exports);
	if (mode) {
		struct cache *last = &exports->items[exports->n - 1];

		kv_set(&last->attrs, a, "mode", mode);
		last->shown = show(a, last);
	}
}

static void
set_pairs(struct arena *a, struct cache *c, const struct config_pairs *pairs)
{
	size_t i;

	for (i = 0; i < pairs->n; i++)
		kv_set(&c->attrs, a, pairs->items[i].key, pairs->items[i].value);
}

/* A value of one variable, or of another, for an attribute that nobody has set. */
static void
set_default(struct arena *a, struct cache *c, const char *key, const char *value, const char *other)
{
	if (!value)
		value = other;
	if (value && !kv_get(&c->attrs, key))
		kv_set(&c->attrs, a, key, value);
}

/* Which variables of GitHub's runner mean what: buildctl of 0.32 reads them in this way. */
static void
add_gha(struct arena *a, const struct config_pairs *pairs, const struct env *env, struct log *log,
	struct cache_list *imports, struct cache_list *exports)
{
	const char *results = env_get(env, "ACTIONS_RESULTS_URL"), *version;
	struct cache c = {.type = "gha"};

	set_pairs(a, &c, pairs);
	version = kv_get(&c.attrs, "version");
	if ((version && !strcmp(version, "2")) ||
		(!version && env_true(env, "ACTIONS_CACHE_SERVICE_V2")))
		set_default(a, &c, "url_v2", results, NULL);
	set_default(a, &c, "url", env_get(env, "ACTIONS_CACHE_URL"), results);
	set_default(a, &c, "token", env_get(env, "ACTIONS_RUNTIME_TOKEN"), NULL);
	if (!kv_get(&c.attrs, "token") ||
		!(kv_get(&c.attrs, "url") || kv_get(&c.attrs, "url_v2"))) {
		log_warn(log, "cache.gha is left out: the job does not have ACTIONS_RUNTIME_TOKEN "
			      "and ACTIONS_RESULTS_URL, which a step must hand on to it");
		return;
	}
	add_both(a, &c, imports, exports);
}

static void
add_s3(struct arena *a, const struct config_pairs *pairs, const struct env *env,
	struct cache_list *imports, struct cache_list *exports)
{
	struct cache c = {.type = "s3"};

	set_pairs(a, &c, pairs);
	/* halves of two pairs would not fit */
	if (!kv_get(&c.attrs, "access_key_id") && env_get(env, "AWS_ACCESS_KEY_ID")) {
		set_default(a, &c, "access_key_id", env_get(env, "AWS_ACCESS_KEY_ID"), NULL);
		set_default(
			a, &c, "secret_access_key", env_get(env, "AWS_SECRET_ACCESS_KEY"), NULL);
		set_default(a, &c, "session_token", env_get(env, "AWS_SESSION_TOKEN"), NULL);
	}
	add_both(a, &c, imports, exports);
}

void
caches_configured(struct arena *a, const struct config *c, const struct env *env, struct log *log,
	struct cache_list *imports, struct cache_list *exports)
{
	if (c->cache.ecr_url.value)
		add_ref(a, arena_fmt(a, "%s:%s", c->cache.ecr_url.value, c->cache.ecr_tag.value),
			NULL, imports, exports);
	if (c->cache.registry_ref.value)
		add_ref(a, c->cache.registry_ref.value, c->cache.registry_mode.value, imports,
			exports);
	if (c->cache.gha.present)
		add_gha(a, &c->cache.gha, env, log, imports, exports);
	if (c->cache.s3.present)
		add_s3(a, &c->cache.s3, env, imports, exports);
}

/* ---- stages --------------------------------------------------------------- */

/* A reference without a tag has one made up, as the daemon would. */
static const char *
ref_of_stage(struct arena *a, const char *ref, const char *stage)
{
	const char *name = strrchr(ref, '/');

	return arena_fmt(a, "%s%s-%s", ref, strchr(name ? name : ref, ':') ? "" : ":latest", stage);
}

const struct kvlist *
cache_of_stage(struct arena *a, const struct cache *c, const char *stage)
{
	static const struct {
		const char *type, *attr, *fallback;
	} places[] = {{"registry", "ref", NULL}, {"gha", "scope", "buildkit"},
		{"s3", "name", "buildkit"}};
	struct kvlist *out = arena_new(a, struct kvlist, 1);
	size_t i;

	for (i = 0; i < c->attrs.n; i++)
		kv_set(out, a, c->attrs.items[i].key, c->attrs.items[i].value);
	for (i = 0; i < ARRAY_LEN(places); i++) {
		const char *value = kv_get(&c->attrs, places[i].attr);

		if (strcmp(places[i].type, c->type) != 0)
			continue;
		if (!value)
			value = places[i].fallback;
		if (!value || strchr(value, ';'))
			return NULL;
		if (!strcmp(c->type, "registry"))
			value = ref_of_stage(a, value, stage);
		else
			value = arena_fmt(a, "%s-%s", value, stage);
		kv_set(out, a, places[i].attr, value);
		return out;
	}
	return NULL;
}
