#include "config/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "config/ecr.h"

#define AT(field) offsetof(struct config, field)
#define END \
	{ \
		NULL, KEY_TEXT, 0, NULL, NULL \
	}
#define TEXT(name, field) \
	{ \
		name, KEY_TEXT, AT(field), NULL, NULL \
	}
#define WORD(name, field, words) \
	{ \
		name, KEY_TEXT, AT(field), NULL, words \
	}
#define SECRET(name, field) \
	{ \
		name, KEY_SECRET, AT(field), NULL, NULL \
	}
#define FLAG(name, field) \
	{ \
		name, KEY_FLAG, AT(field), NULL, NULL \
	}
#define MAP(name, keys) \
	{ \
		name, KEY_MAP, 0, keys, NULL \
	}
#define ACCESS(kind) \
	FLAG("insecure", registry.kind.access.insecure), \
	{ \
		"ca", KEY_PATH, AT(registry.kind.access.ca), NULL, NULL \
	}

static const struct key dockerhub_keys[] = {
	TEXT("namespace", registry.dockerhub.namespace),
	TEXT("username", registry.dockerhub.username),
	SECRET("password", registry.dockerhub.password),
	ACCESS(dockerhub),
	END,
};

static const struct key acr_keys[] = {
	TEXT("url", registry.acr.url),
	TEXT("tenantId", registry.acr.tenant),
	ACCESS(acr),
	END,
};

static const struct key ecr_keys[] = {
	TEXT("url", registry.ecr.url),
	TEXT("region", registry.ecr.region),
	ACCESS(ecr),
	END,
};

static const struct key gitea_keys[] = {
	TEXT("registry", registry.gitea.registry),
	TEXT("repository", registry.gitea.repository),
	TEXT("username", registry.gitea.username),
	SECRET("token", registry.gitea.token),
	ACCESS(gitea),
	END,
};

static const struct key github_keys[] = {
	TEXT("repository", registry.github.repository),
	TEXT("username", registry.github.username),
	SECRET("password", registry.github.password),
	SECRET("token", registry.github.token),
	ACCESS(github),
	END,
};

static const struct key gitlab_keys[] = {
	TEXT("registry", registry.gitlab.registry),
	TEXT("repository", registry.gitlab.repository),
	TEXT("user", registry.gitlab.user),
	SECRET("token", registry.gitlab.token),
	ACCESS(gitlab),
	END,
};

static const struct key quay_keys[] = {
	TEXT("repository", registry.quay.repository),
	TEXT("username", registry.quay.username),
	SECRET("password", registry.quay.password),
	ACCESS(quay),
	END,
};

static const struct key gcr_keys[] = {
	TEXT("url", registry.gcr.url),
	SECRET("keyfileContent", registry.gcr.keyfile),
	ACCESS(gcr),
	END,
};

static const struct key registry_keys[] = {
	MAP("dockerhub", dockerhub_keys),
	MAP("acr", acr_keys),
	MAP("ecr", ecr_keys),
	MAP("gitea", gitea_keys),
	MAP("github", github_keys),
	MAP("gitlab", gitlab_keys),
	MAP("quay", quay_keys),
	MAP("gcr", gcr_keys),
	END,
};

static const struct key cache_ecr_keys[] = {
	TEXT("url", cache.ecr_url),
	TEXT("tag", cache.ecr_tag),
	END,
};

static const char *const cache_modes[] = {"min", "max", NULL};

static const struct key cache_registry_keys[] = {
	TEXT("ref", cache.registry_ref),
	WORD("mode", cache.registry_mode, cache_modes),
	END,
};

static const struct key cache_keys[] = {
	MAP("ecr", cache_ecr_keys),
	FLAG("go_mounts", cache.go_mounts),
	MAP("registry", cache_registry_keys),
	{"gha", KEY_PAIRS, AT(cache.gha), NULL, NULL},
	{"s3", KEY_PAIRS, AT(cache.s3), NULL, NULL},
	END,
};

#define PROVIDER(p) \
	TEXT("cibuildname", ci.p.name), TEXT("cicommit", ci.p.commit), \
		TEXT("cibranchname", ci.p.branch)

static const struct key azure_keys[] = {PROVIDER(azure), END};
static const struct key buildkite_keys[] = {PROVIDER(buildkite), END};
static const struct key ci_gitlab_keys[] = {PROVIDER(gitlab), END};
static const struct key teamcity_keys[] = {PROVIDER(teamcity), END};
static const struct key ci_github_keys[] = {
	PROVIDER(github),
	TEXT("cirepository", ci.github.repository),
	END,
};

static const struct key ci_keys[] = {
	MAP("azure", azure_keys),
	MAP("buildkite", buildkite_keys),
	MAP("gitlab", ci_gitlab_keys),
	MAP("github", ci_github_keys),
	MAP("teamcity", teamcity_keys),
	TEXT("imagename", ci.image_name),
	END,
};

/* The reference has a field there that it cannot read; whatever it says has no meaning. */
static const struct key vcs_keys[] = {{"vcs", KEY_USELESS, 0, NULL, NULL}, END};

static const struct key git_keys[] = {
	{"name", KEY_CHECKED, 0, NULL, NULL},
	{"email", KEY_CHECKED, 0, NULL, NULL},
	{"key", KEY_CHECKED, 0, NULL, NULL},
	END,
};

static const struct key gitops_keys[] = {
	{"url", KEY_CHECKED, 0, NULL, NULL},
	{"path", KEY_CHECKED, 0, NULL, NULL},
	END,
};

const struct key target_keys[] = {
	{"context", KEY_TEXT, offsetof(struct config_target, context), NULL, NULL},
	{"namespace", KEY_TEXT, offsetof(struct config_target, namespace), NULL, NULL},
	{"kubeconfig", KEY_SECRET, offsetof(struct config_target, kubeconfig), NULL, NULL},
	END,
};

const struct key config_keys[] = {
	{"registry", KEY_REGISTRY, 0, registry_keys, NULL},
	MAP("cache", cache_keys),
	MAP("ci", ci_keys),
	MAP("vcs", vcs_keys),
	{"targets", KEY_TARGETS, 0, target_keys, NULL},
	MAP("git", git_keys),
	{"gitops", KEY_NAMES, AT(gitops), gitops_keys, NULL},
	FLAG("stages", stages),
	TEXT("default_branch", default_branch),
	{"tags", KEY_TAGS, 0, NULL, NULL},
	{"flavor", KEY_LINES, AT(flavor), NULL, NULL},
	{"labels", KEY_LABELS, 0, NULL, NULL},
	FLAG("summary", summary),
	FLAG("guard", guard),
	TEXT("builder", builder),
	{"secrets", KEY_SECRETS, AT(secrets), NULL, NULL},
	END,
};

static int bind_value(const struct keys_source *src, const struct key *key, const struct node *n,
	const char *path, void *base);

struct config_origin
keys_origin(const struct keys_source *src, const struct node *n)
{
	return (struct config_origin){src->source, src->name, n->line, n->col};
}

int
keys_wrong_type(
	const struct keys_source *src, const struct node *n, const char *path, const char *want)
{
	return node_error(src->err, src->name, n->line, n->col, "'%s' must be %s, not %s", path,
		want, node_what(n));
}

void *
keys_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return items;
	*cap = *cap ? *cap * 2 : 8;
	more = arena_alloc(a, *cap, size, _Alignof(max_align_t));
	if (n)
		memcpy(more, items, n * size);
	return more;
}

struct config_target *
keys_target(struct arena *a, struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->ntargets; i++)
		if (strcmp(c->targets[i].name, name) == 0)
			return &c->targets[i];
	c->targets = keys_grow(a, c->targets, c->ntargets, &c->captargets, sizeof(*c->targets));
	c->targets[c->ntargets].name = arena_cstr(a, name);
	return &c->targets[c->ntargets++];
}

static int
unknown_key(const struct keys_source *src, const struct key *keys, const struct node *n,
	const char *path)
{
	cleanup_buf struct buf known = {0};
	const struct key *k;

	node_error(src->err, src->name, n->key_line, n->key_col, "unknown key '%s'%s%s%s", n->key,
		*path ? " in '" : "", path, *path ? "'" : "");
	for (k = keys; k->name; k++)
		buf_addf(&known, "%s%s", k == keys ? "" : ", ", k->name);
	return err_hint(src->err, "keys known there: %s", buf_cstr(&known));
}

static int
bind_map(const struct keys_source *src, const struct key *keys, const struct node *map,
	const char *path, void *base)
{
	const struct node *n;
	const struct key *k;

	if (map->kind != NODE_MAP)
		return keys_wrong_type(src, map, *path ? path : "configuration", "a mapping");
	for (n = map->first; n; n = n->next) {
		for (k = keys; k->name; k++)
			if (strcmp(k->name, n->key) == 0)
				break;
		if (!k->name)
			return unknown_key(src, keys, n, path);
		if (bind_value(src, k, n,
			    arena_fmt(src->arena, "%s%s%s", path, *path ? "." : "", k->name), base))
			return -1;
	}
	return 0;
}

static bool
is_allowed(const struct key *key, const char *text)
{
	const char *const *w;

	for (w = key->words; w && *w; w++)
		if (strcmp(*w, text) == 0)
			return true;
	return !key->words;
}

static int
bind_text(const struct keys_source *src, const struct key *key, const struct node *n,
	const char *path, struct config_text *out)
{
	if (n->kind != NODE_SCALAR)
		return keys_wrong_type(src, n, path, "text");
	if (!*n->text)
		return 0;
	if (!is_allowed(key, n->text)) {
		node_error(
			src->err, src->name, n->line, n->col, "'%s' cannot be '%s'", path, n->text);
		return err_hint(src->err, "it is '%s' or '%s'", key->words[0], key->words[1]);
	}
	out->from = keys_origin(src, n);
	if (key->type == KEY_PATH && n->text[0] != '/' && src->dir)
		out->value = arena_fmt(src->arena, "%s%s%s", src->dir,
			src->dir[strlen(src->dir) - 1] == '/' ? "" : "/", n->text);
	else
		out->value = arena_cstr(src->arena, n->text);
	return 0;
}

static int
bind_secret(const struct keys_source *src, const struct node *n, const char *path,
	struct config_secret *out)
{
	if (n->kind != NODE_SCALAR)
		return keys_wrong_type(src, n, path, "text");
	if (!*n->text)
		return 0;
	secret_set(&out->value, str_from(n->text));
	out->from = keys_origin(src, n);
	return 0;
}

static int
bind_flag(const struct keys_source *src, const struct node *n, const char *path,
	struct config_flag *out)
{
	if (!node_bool(n, &out->value))
		return node_error(
			src->err, src->name, n->line, n->col, "'%s' must be true or false", path);
	out->set = true;
	out->from = keys_origin(src, n);
	return 0;
}

/* Attributes of BuildKit's cache backends that are credentials. */
static bool
is_secret_attribute(const char *key)
{
	static const char *const names[] = {"secret_access_key", "session_token", "token"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], key) == 0)
			return true;
	return false;
}

static int
bind_pairs(const struct keys_source *src, const struct node *map, const char *path,
	struct config_pairs *out)
{
	const struct node *n;
	struct config_pair *p;

	if (map->kind != NODE_MAP)
		return keys_wrong_type(src, map, path, "a mapping");
	out->present = true;
	for (n = map->first; n; n = n->next) {
		if (n->kind != NODE_SCALAR)
			return keys_wrong_type(
				src, n, arena_fmt(src->arena, "%s.%s", path, n->key), "text");
		out->items =
			keys_grow(src->arena, out->items, out->n, &out->cap, sizeof(*out->items));
		p = &out->items[out->n++];
		p->key = arena_cstr(src->arena, n->key);
		p->value = arena_cstr(src->arena, node_is_null(n) ? "" : n->text);
		p->secret = is_secret_attribute(n->key);
		p->from = keys_origin(src, n);
	}
	return 0;
}

/* false: no labels at all; a mapping: more labels. */
static int
bind_labels(const struct keys_source *src, const struct node *n, const char *path, struct config *c)
{
	c->labels_on.value = true;
	if (n->kind == NODE_SCALAR && !node_bool(n, &c->labels_on.value))
		return node_error(src->err, src->name, n->line, n->col,
			"'%s' must be a mapping, true or false", path);
	c->labels_on.set = true;
	c->labels_on.from = keys_origin(src, n);
	return n->kind == NODE_SCALAR ? 0 : bind_pairs(src, n, path, &c->labels);
}

static int
bind_tags_pr(
	const struct keys_source *src, const struct node *n, const char *path, struct config *c)
{
	static const char *const words[] = {"number", "branch", NULL};
	const struct key key = {"pr", KEY_TEXT, 0, NULL, words};

	return bind_text(src, &key, n, arena_fmt(src->arena, "%s.pr", path), &c->tags_pr);
}

/* Rules alone, or a mapping with 'pr' and 'rules'. */
static int
bind_tags(const struct keys_source *src, const struct node *map, const char *path, struct config *c)
{
	static const struct key known[] = {
		{"pr", KEY_TEXT, 0, NULL, NULL}, {"rules", KEY_LINES, 0, NULL, NULL}, END};
	const struct node *n;
	int rc = 0;

	if (map->kind != NODE_MAP)
		return lines_bind(src, map, path, &c->tags);
	for (n = map->first; n && !rc; n = n->next) {
		if (strcmp(n->key, "pr") == 0)
			rc = bind_tags_pr(src, n, path, c);
		else if (strcmp(n->key, "rules") == 0)
			rc = lines_bind(src, n, path, &c->tags);
		else
			rc = unknown_key(src, known, n, path);
	}
	return rc;
}

static int
bind_targets(const struct keys_source *src, const struct key *key, const struct node *map,
	const char *path, struct config *c)
{
	struct config_target *t;
	const struct node *n;

	if (map->kind != NODE_MAP)
		return keys_wrong_type(src, map, path, "a mapping");
	for (n = map->first; n; n = n->next) {
		t = keys_target(src->arena, c, n->key);
		if (node_is_null(n) || node_is_empty(n))
			continue;
		if (bind_map(src, key->keys, n, arena_fmt(src->arena, "%s.%s", path, n->key), t))
			return -1;
	}
	return 0;
}

static int
bind_names(const struct keys_source *src, const struct key *key, const struct node *map,
	const char *path, struct strlist *out)
{
	const struct node *n;

	if (map->kind != NODE_MAP)
		return keys_wrong_type(src, map, path, "a mapping");
	for (n = map->first; n; n = n->next) {
		strlist_add(out, src->arena, arena_cstr(src->arena, n->key));
		if (node_is_null(n) || node_is_empty(n))
			continue;
		if (bind_map(src, key->keys, n, arena_fmt(src->arena, "%s.%s", path, n->key), NULL))
			return -1;
	}
	return 0;
}

/* An explicit null: marks everything below as said, so that farther files cannot. */
static void
take_back(const struct keys_source *src, const struct key *key, const struct node *n, void *base)
{
	struct config_origin from = keys_origin(src, n);
	char *at = base ? (char *)base + key->offset : NULL;
	struct config *c = base;
	const struct key *k;

	switch (key->type) {
	case KEY_TEXT:
	case KEY_PATH:
		((struct config_text *)(void *)at)->from = from;
		break;
	case KEY_SECRET:
		((struct config_secret *)(void *)at)->from = from;
		break;
	case KEY_FLAG:
		((struct config_flag *)(void *)at)->from = from;
		break;
	case KEY_MAP:
	case KEY_REGISTRY:
		for (k = key->keys; k->name; k++)
			take_back(src, k, n, base);
		break;
	case KEY_PAIRS:
		((struct config_pairs *)(void *)at)->closed = true;
		break;
	case KEY_LABELS:
		c->labels_on.from = from;
		c->labels.closed = true;
		break;
	case KEY_TAGS:
		c->tags.present = true;
		c->tags_pr.from = from;
		break;
	case KEY_LINES:
	case KEY_SECRETS:
		((struct config_lines *)(void *)at)->present = true;
		break;
	case KEY_TARGETS:
	case KEY_NAMES:
	case KEY_CHECKED:
	case KEY_USELESS:
		break;
	}
}

static int
bind_value(const struct keys_source *src, const struct key *key, const struct node *n,
	const char *path, void *base)
{
	void *at = base ? (char *)base + key->offset : NULL;

	if (key->type == KEY_USELESS) {
		log_warn(src->log, "'%s', line %u: '%s' has no meaning and is ignored", src->name,
			n->key_line, path);
		return 0;
	}
	if (node_is_empty(n))
		return 0;
	if (node_is_null(n)) {
		take_back(src, key, n, base);
		return 0;
	}
	switch (key->type) {
	case KEY_TEXT:
	case KEY_PATH:
		return bind_text(src, key, n, path, at);
	case KEY_SECRET:
		return bind_secret(src, n, path, at);
	case KEY_FLAG:
		return bind_flag(src, n, path, at);
	case KEY_MAP:
	case KEY_REGISTRY:
		return bind_map(src, key->keys, n, path, base);
	case KEY_PAIRS:
		return bind_pairs(src, n, path, at);
	case KEY_LABELS:
		return bind_labels(src, n, path, base);
	case KEY_TAGS:
		return bind_tags(src, n, path, base);
	case KEY_LINES:
		return lines_bind_pairs(src, n, path, at);
	case KEY_SECRETS:
		return lines_bind_secrets(src, n, path, at);
	case KEY_TARGETS:
		return bind_targets(src, key, n, path, base);
	case KEY_NAMES:
		return bind_names(src, key, n, path, at);
	case KEY_CHECKED:
	case KEY_USELESS:
		break;
	}
	return n->kind == NODE_SCALAR ? 0 : keys_wrong_type(src, n, path, "text");
}

/* What holds for one file alone. */
static int
check(const struct keys_source *src, const struct config *c)
{
	const struct config_text *first = NULL, *t;
	const struct config_origin *o;
	const char *first_name = NULL;
	size_t i;

	for (i = 0; i < REGISTRY_KINDS; i++) {
		t = registry_configured(&c->registry, &registry_kinds[i]);
		if (t && first) {
			o = t->from.line > first->from.line ? &t->from : &first->from;
			node_error(src->err, src->name, o->line, o->col,
				"registry already defined, please check configuration");
			return err_hint(src->err,
				"both '%s' (line %u) and '%s' (line %u) are there", first_name,
				first->from.line, registry_kinds[i].name, t->from.line);
		}
		if (t) {
			first = t;
			first_name = registry_kinds[i].name;
		}
	}
	t = &c->cache.ecr_url;
	if (t->value && !config_is_ecr_url(t->value))
		return node_error(
			src->err, src->name, t->from.line, t->from.col, ECR_URL_REFUSED, t->value);
	return 0;
}

int
keys_bind(const struct keys_source *src, const struct node *n, struct config *out)
{
	if (!n || node_is_null(n) || node_is_empty(n))
		return 0;
	if (bind_map(src, config_keys, n, "", out))
		return -1;
	return check(src, out);
}
