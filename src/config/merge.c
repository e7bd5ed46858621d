#include <string.h>

#include "base/log.h"
#include "config/keys.h"

#define NAMING(field) offsetof(struct config_registries, field)

const struct registry_kind registry_kinds[REGISTRY_KINDS] = {
	{"dockerhub", "Dockerhub", {NAMING(dockerhub.namespace)}, 1},
	{"acr", "ACR", {NAMING(acr.url)}, 1},
	{"ecr", "ECR", {NAMING(ecr.url)}, 1},
	{"gitea", "Gitea", {NAMING(gitea.registry), NAMING(gitea.repository)}, 2},
	{"github", "Github", {NAMING(github.repository)}, 1},
	{"gitlab", "Gitlab", {NAMING(gitlab.registry), NAMING(gitlab.repository)}, 2},
	{"quay", "Quay.io", {NAMING(quay.repository)}, 1},
	{"gcr", "GCR", {NAMING(gcr.url)}, 1},
};

const struct config_text *
registry_naming(const struct config_registries *r, const struct registry_kind *k, unsigned i)
{
	return (const struct config_text *)(const void *)((const char *)r + k->naming[i]);
}

const struct config_text *
registry_configured(const struct config_registries *r, const struct registry_kind *k)
{
	unsigned i;

	for (i = 0; i < k->nnaming; i++)
		if (registry_naming(r, k, i)->value)
			return registry_naming(r, k, i);
	return NULL;
}

struct merge {
	struct arena *arena;
	struct log *log;
	struct config *from; /* the whole farther file */
};

static void merge_keys(const struct merge *m, const struct key *keys, void *to, void *from);

static void
merge_secret(struct config_secret *to, struct config_secret *from)
{
	if (to->from.source != CONFIG_NOWHERE)
		return;
	*to = *from;
	*from = (struct config_secret){0};
}

static void
wipe_pair(struct config_pair *p)
{
	if (p->secret)
		explicit_bzero(p->value, strlen(p->value));
}

/* The values change owner, or are wiped, so that releasing 'from' does not blank ours. */
static void
merge_pairs(const struct merge *m, struct config_pairs *to, struct config_pairs *from)
{
	size_t i, j;

	if (to->closed)
		return;
	for (i = 0; i < from->n; i++) {
		for (j = 0; j < to->n; j++)
			if (strcmp(to->items[j].key, from->items[i].key) == 0)
				break;
		if (j < to->n) {
			wipe_pair(&from->items[i]);
			continue;
		}
		to->items = keys_grow(m->arena, to->items, to->n, &to->cap, sizeof(*to->items));
		to->items[to->n++] = from->items[i];
	}
	from->n = 0;
	to->present = to->present || from->present;
	to->closed = from->closed;
}

static void
merge_labels(const struct merge *m, struct config *to, struct config *from)
{
	bool off = to->labels_on.set && !to->labels_on.value;

	if (to->labels_on.from.source == CONFIG_NOWHERE)
		to->labels_on = from->labels_on;
	if (!off)
		merge_pairs(m, &to->labels, &from->labels);
}

static void
merge_targets(const struct merge *m, const struct key *key, struct config *to, struct config *from)
{
	struct config_target *t;
	size_t i;

	for (i = 0; i < from->ntargets; i++) {
		t = keys_target(m->arena, to, from->targets[i].name);
		merge_keys(m, key->keys, t, &from->targets[i]);
	}
}

static void
merge_names(const struct merge *m, struct strlist *to, const struct strlist *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		if (!strlist_has(to, from->items[i]))
			strlist_add(to, m->arena, from->items[i]);
}

/* A registry that a nearer file settles takes the place of all other kinds. */
static void
merge_registry(const struct merge *m, const struct key *keys, struct config *to)
{
	const struct registry_kind *settled = NULL, *kind;
	const struct config_text *by = NULL, *t;
	size_t i;

	for (i = 0; i < REGISTRY_KINDS && !by; i++) {
		settled = &registry_kinds[i];
		by = registry_configured(&to->registry, settled);
	}
	for (; keys->name; keys++) {
		kind = NULL;
		for (i = 0; i < REGISTRY_KINDS; i++)
			if (strcmp(registry_kinds[i].name, keys->name) == 0)
				kind = &registry_kinds[i];
		if (!by || settled == kind) {
			merge_keys(m, keys->keys, to, m->from);
			continue;
		}
		t = kind ? registry_configured(&m->from->registry, kind) : NULL;
		if (t)
			log_info(m->log, "registry '%s' of '%s' is replaced by '%s' of '%s'",
				kind->name, t->from.name, settled->name, by->from.name);
	}
}

static void
merge_key(const struct merge *m, const struct key *key, void *to, void *from)
{
	struct config_text *text = to;
	struct config_flag *flag = to;
	struct config_lines *lines = to;

	switch (key->type) {
	case KEY_TEXT:
	case KEY_PATH:
		if (text->from.source == CONFIG_NOWHERE)
			*text = *(struct config_text *)from;
		break;
	case KEY_SECRET:
		merge_secret(to, from);
		break;
	case KEY_FLAG:
		if (flag->from.source == CONFIG_NOWHERE)
			*flag = *(struct config_flag *)from;
		break;
	case KEY_PAIRS:
		merge_pairs(m, to, from);
		break;
	case KEY_LINES:
	case KEY_SECRETS:
		if (!lines->present)
			*lines = *(struct config_lines *)from;
		break;
	case KEY_NAMES:
		merge_names(m, to, from);
		break;
	default:
		break;
	}
}

static void
merge_tags(struct config *to, const struct config *from)
{
	if (!to->tags.present)
		to->tags = from->tags;
	if (to->tags_pr.from.source == CONFIG_NOWHERE)
		to->tags_pr = from->tags_pr;
}

/* to and from are two of the same struct, which the offsets of the keys are about. */
static void
merge_keys(const struct merge *m, const struct key *keys, void *to, void *from)
{
	for (; keys->name; keys++) {
		if (keys->type == KEY_MAP)
			merge_keys(m, keys->keys, to, from);
		else if (keys->type == KEY_REGISTRY)
			merge_registry(m, keys->keys, to);
		else if (keys->type == KEY_LABELS)
			merge_labels(m, to, from);
		else if (keys->type == KEY_TAGS)
			merge_tags(to, from);
		else if (keys->type == KEY_TARGETS)
			merge_targets(m, keys, to, from);
		else
			merge_key(m, keys, (char *)to + keys->offset, (char *)from + keys->offset);
	}
}

void
keys_merge(struct arena *a, struct log *log, struct config *to, struct config *from)
{
	struct merge m = {.arena = a, .log = log, .from = from};

	merge_keys(&m, config_keys, to, from);
}

static void
release_keys(const struct key *keys, void *base)
{
	struct config_secret *secret;
	struct config_pairs *pairs;
	size_t i;

	for (; keys->name; keys++) {
		void *at = (char *)base + keys->offset;

		if (keys->type == KEY_MAP || keys->type == KEY_REGISTRY) {
			release_keys(keys->keys, base);
		} else if (keys->type == KEY_SECRET) {
			for (secret = at; secret; secret = secret->beneath)
				secret_release(&secret->value);
		} else if (keys->type == KEY_PAIRS) {
			pairs = at;
			for (i = 0; i < pairs->n; i++)
				wipe_pair(&pairs->items[i]);
		}
	}
}

void
keys_release(struct config *c)
{
	size_t i;

	release_keys(config_keys, c);
	for (i = 0; i < c->ntargets; i++)
		release_keys(target_keys, &c->targets[i]);
}
