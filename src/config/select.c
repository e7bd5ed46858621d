#include "config/select.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "config/finish.h"
#include "config/keys.h"

#define SELECTOR "BUILDTOOLS_REGISTRY"

/* A kind that could be chosen. */
struct candidate {
	const struct registry_kind *kind;
	struct config_text by; /* what configures it */
	bool ambient;
};

struct candidates {
	struct candidate items[REGISTRY_KINDS];
	size_t n;
};

/* Variables that a CI sets by itself, for its own registry. */
static bool
is_ambient_variable(const char *name)
{
	struct str s = str_from(name);

	return str_starts(s, STR("GITHUB_")) || str_starts(s, STR("CI_"));
}

/* Somebody wrote it: in a file, even if a variable took its place, or into a variable of ours. */
static bool
is_explicit(const struct config_text *t)
{
	for (; t && t->value; t = t->beneath) {
		if (t->from.source != CONFIG_ENV)
			return true;
		if (!is_ambient_variable(t->from.name))
			return true;
	}
	return false;
}

/* May be NULL. */
static const struct config_text *
naming(const struct selection *s, const struct registry_kind *k, unsigned i)
{
	const struct config_text *t = registry_naming(&s->config->registry, k, i);

	return strcmp(k->name, "github") == 0 ? selection_github_text(s, t) : t;
}

static void
add_configured(const struct selection *s, const struct registry_kind *k, struct candidates *list)
{
	struct candidate *c = &list->items[list->n];
	const struct config_text *t;
	unsigned i;

	*c = (struct candidate){.kind = k, .ambient = true};
	for (i = 0; i < k->nnaming; i++) {
		t = naming(s, k, i);
		if (!t || !t->value)
			continue;
		if (!c->by.value || (c->ambient && is_explicit(t)))
			c->by = *t;
		if (is_explicit(t))
			c->ambient = false;
	}
	if (c->by.value) {
		list->n++;
	} else if (strcmp(k->name, "gitea") == 0 && s->gitea_host) {
		c->by.value = s->gitea_host;
		c->by.from = (struct config_origin){CONFIG_ENV, "GITHUB_SERVER_URL", 0, 0};
		list->n++;
	}
}

static const struct candidate *
pick(const struct candidates *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (!list->items[i].ambient)
			return &list->items[i];
	return list->n ? &list->items[0] : NULL;
}

static int
pick_by_name(const struct selection *s, const struct candidates *list, const char *name,
	const struct candidate **out)
{
	cleanup_buf struct buf known = {0};
	size_t i;

	*out = NULL;
	if (strcmp(name, "none") == 0)
		return 0;
	for (i = 0; i < list->n; i++)
		if (strcmp(list->items[i].kind->name, name) == 0) {
			*out = &list->items[i];
			return 0;
		}
	for (i = 0; i < list->n; i++)
		buf_addf(&known, "%s, ", list->items[i].kind->name);
	err_set(s->err, ERR_CONFIG, "'" SELECTOR "': registry '%s' is not configured", name);
	return err_hint(s->err, "it can be: %snone", buf_cstr(&known));
}

static const char *
origin(const struct selection *s, const struct config_text *t)
{
	return config_origin_text(s->arena, &t->from);
}

static void
report_others(
	const struct selection *s, const struct candidates *list, const struct candidate *chosen)
{
	const struct candidate *c;
	size_t i;

	for (i = 0; i < list->n; i++) {
		c = &list->items[i];
		if (c == chosen)
			continue;
		if (c->ambient && !chosen->ambient)
			log_warn(s->log,
				"registry '%s' of %s is used, although the CI offers '%s' by %s",
				chosen->kind->title, origin(s, &chosen->by), c->kind->title,
				origin(s, &c->by));
		else
			log_warn(s->log,
				"several registries are configured: '%s' by %s is used, '%s' by %s is not; " SELECTOR
				" can name another",
				chosen->kind->title, origin(s, &chosen->by), c->kind->title,
				origin(s, &c->by));
	}
}

/* Inside one kind variables win over files; when they are the CI's own, that may surprise. */
static void
report_hidden(const struct selection *s, const struct candidate *chosen)
{
	const struct config_text *t;
	unsigned i;

	for (i = 0; i < chosen->kind->nnaming; i++) {
		t = naming(s, chosen->kind, i);
		if (t && t->value && t->beneath && t->beneath->value &&
			is_ambient_variable(t->from.name) &&
			strcmp(t->value, t->beneath->value) != 0)
			log_warn(s->log, "'%s' of %s is used, not '%s' of %s", t->value,
				t->from.name, t->beneath->value, origin(s, t->beneath));
	}
}

/* A text or secret of this kind that is written in a file. */
static const struct key *
written_key(const struct selection *s, const struct key *keys, struct config_origin *from)
{
	const char *base = (const char *)s->config;

	for (; keys->name; keys++) {
		const struct config_text *t = (const void *)(base + keys->offset);
		const struct config_secret *c = (const void *)(base + keys->offset);

		if (keys->type == KEY_SECRET) {
			while (c->beneath)
				c = c->beneath;
			*from = c->from;
			if (!secret_is_set(&c->value))
				continue;
		} else if (keys->type == KEY_TEXT) {
			while (t->beneath)
				t = t->beneath;
			*from = t->from;
			if (!t->value)
				continue;
		} else {
			continue;
		}
		return keys;
	}
	return NULL;
}

static const struct key *
kind_keys(const struct registry_kind *k)
{
	const struct key *r = config_keys, *sub;

	while (r->type != KEY_REGISTRY)
		r++;
	for (sub = r->keys; sub->name; sub++)
		if (strcmp(sub->name, k->name) == 0)
			return sub->keys;
	BUG("a kind of registry without keys");
}

/* The key that would have made it configured. */
static const char *
naming_key(const struct registry_kind *k)
{
	size_t want = offsetof(struct config, registry) + k->naming[0];
	const struct key *key = kind_keys(k);

	while (key->name && key->offset != want)
		key++;
	return key->name;
}

/*
 * A registry of which only a part is written counts as not configured, and
 * images would go somewhere else without a word. Those that a CI completes may
 * well be incomplete elsewhere.
 */
static int
check_incomplete(const struct selection *s, const struct candidates *list)
{
	const struct registry_kind *k;
	const struct key *key;
	struct config_origin from;
	size_t i, j;

	for (i = 0; i < REGISTRY_KINDS; i++) {
		k = &registry_kinds[i];
		for (j = 0; j < list->n && list->items[j].kind != k; j++)
			;
		key = j < list->n ? NULL : written_key(s, kind_keys(k), &from);
		if (!key)
			continue;
		if (from.source == CONFIG_ENV) {
			if (!list->n && !is_ambient_variable(from.name))
				log_warn(s->log,
					"%s is set, but 'registry.%s.%s' is not: there is no registry",
					from.name, k->name, naming_key(k));
			continue;
		}
		if (strcmp(k->name, "github") == 0 || strcmp(k->name, "gitlab") == 0 ||
			strcmp(k->name, "gitea") == 0) {
			log_warn(s->log,
				"%s: 'registry.%s.%s' is missing, the registry is not used",
				config_origin_text(s->arena, &from), k->name, naming_key(k));
			continue;
		}
		return selection_error(
			s, &from, "registry.%s.%s is missing", k->name, naming_key(k));
	}
	return 0;
}

int
selection_error(const struct selection *s, const struct config_origin *from, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (from->line)
		return node_error(s->err, from->name, from->line, from->col, "%s", text);
	return err_set(s->err, ERR_CONFIG, "'%s': %s", from->name, text);
}

/* The host of the server whose job this is, when that server is Gitea or Forgejo. */
static const char *
gitea_host(struct arena *a, const struct env *env, bool *plain)
{
	struct str rest = str_from(env_get(env, "GITHUB_SERVER_URL")), host;

	*plain = str_istarts(rest, STR("http://"));
	if (!*plain && !str_istarts(rest, STR("https://")))
		return NULL;
	rest = str_from_off(rest, *plain ? 7 : 8);
	if (!str_cut(&rest, '/', &host))
		host = rest;
	return host.len ? arena_str(a, host) : NULL;
}

static void
choose_none(struct registry_choice *out)
{
	out->kind = "none";
	out->title = "No docker registry";
	out->url = "noregistry";
}

int
registry_select(struct arena *a, const struct config *c, const struct env *env,
	const char *ci_provider, struct log *log, struct registry_choice *out, struct err *err)
{
	struct selection s = {.arena = a, .config = c, .env = env, .log = log, .err = err};
	const char *name = env_get(env, SELECTOR);
	struct candidates list = {.n = 0};
	const struct candidate *chosen;
	size_t i;

	*out = (struct registry_choice){0};
	s.gitea_ci = ci_provider &&
		     (strcmp(ci_provider, "gitea") == 0 || strcmp(ci_provider, "forgejo") == 0);
	if (s.gitea_ci)
		s.gitea_host = gitea_host(a, env, &s.gitea_plain);
	for (i = 0; i < REGISTRY_KINDS; i++)
		add_configured(&s, &registry_kinds[i], &list);

	chosen = pick(&list);
	if (name) {
		if (pick_by_name(&s, &list, name, &chosen))
			return -1;
	} else {
		if ((!chosen || chosen->ambient) && check_incomplete(&s, &list))
			return -1;
		if (chosen)
			report_others(&s, &list, chosen);
	}
	if (!chosen) {
		choose_none(out);
		return 0;
	}
	report_hidden(&s, chosen);
	out->kind = chosen->kind->name;
	out->title = chosen->kind->title;
	out->ambient = chosen->ambient;
	out->from = chosen->by.from;
	if (selection_finish(&s, out)) {
		registry_choice_release(out);
		return -1;
	}
	return 0;
}

void
registry_choice_release(struct registry_choice *r)
{
	secret_release(&r->secret);
	*r = (struct registry_choice){0};
}
