/*
 * The keys of .buildtools.yaml as tables, and what is done by walking them:
 * taking a document over into struct config, combining two files, wiping.
 * Private to config/.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/config.h"
#include "config/node.h"

enum key_type {
	KEY_TEXT,     /* struct config_text */
	KEY_PATH,     /* the same, joined to the folder of its file */
	KEY_SECRET,   /* struct config_secret */
	KEY_FLAG,     /* struct config_flag */
	KEY_MAP,      /* keys of its own, in the same struct */
	KEY_REGISTRY, /* the same, one kind of registry each */
	KEY_PAIRS,    /* struct config_pairs */
	KEY_LABELS,   /* struct config: labels and labels_on */
	KEY_TAGS,     /* struct config: tags and tags_pr */
	KEY_LINES,    /* struct config_lines of "key=value" */
	KEY_SECRETS,  /* struct config_lines of --secret */
	KEY_TARGETS,  /* struct config: targets */
	KEY_NAMES,    /* struct strlist: only the names of the members are kept */
	KEY_CHECKED,  /* text that belongs to other tools */
	KEY_USELESS   /* anything, with a warning */
};

struct key {
	const char *name; /* NULL ends a table */
	enum key_type type;
	size_t offset;            /* in struct config, or in struct config_target */
	const struct key *keys;   /* of a mapping */
	const char *const *words; /* the only texts allowed, or NULL */
};

extern const struct key config_keys[];
extern const struct key target_keys[];

/* One document on its way into a configuration of its own. */
struct keys_source {
	struct arena *arena;
	enum config_source source;
	const char *name; /* file, for origins and messages */
	const char *dir;  /* what relative names in it refer to */
	struct log *log;
	struct err *err;
};

/* Understands the document. n may be NULL: an empty one. out starts as {0}. */
int keys_bind(const struct keys_source *src, const struct node *n, struct config *out);

/* Adds what 'to', the nearer files, does not say. Secrets move from 'from' to 'to'. */
void keys_merge(struct arena *a, struct log *log, struct config *to, struct config *from);

/* Wipes all secrets. */
void keys_release(struct config *c);

/* A kind of registry, in the order in which they are preferred. */
struct registry_kind {
	const char *name, *title;
	/* offsets in struct config_registries of the texts that make it configured: any of them */
	size_t naming[2];
	unsigned nnaming;
};

enum { REGISTRY_KINDS = 8 };
extern const struct registry_kind registry_kinds[REGISTRY_KINDS];

const struct config_text *registry_naming(
	const struct config_registries *r, const struct registry_kind *k, unsigned i);
/* The naming text that is set, or NULL when this kind is not configured. */
const struct config_text *registry_configured(
	const struct config_registries *r, const struct registry_kind *k);

/* Config lines, see lines.c: a list of rules, a block of text with one in each line, or mappings.
 */
int lines_bind(const struct keys_source *src, const struct node *n, const char *path,
	struct config_lines *out);
/* "key=value" lines from a mapping, or as lines_bind. */
int lines_bind_pairs(const struct keys_source *src, const struct node *n, const char *path,
	struct config_lines *out);
/* The lines of --secret from a list, or from a mapping of ids. */
int lines_bind_secrets(const struct keys_source *src, const struct node *n, const char *path,
	struct config_lines *out);

/* The place of a node. */
struct config_origin keys_origin(const struct keys_source *src, const struct node *n);
/* "'PATH' must be WANT, not ..." */
int keys_wrong_type(
	const struct keys_source *src, const struct node *n, const char *path, const char *want);
/* The list with room for one more than n, zeroed: items itself or a larger copy. */
void *keys_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size);
/* The target of that name, made when it is new. */
struct config_target *keys_target(struct arena *a, struct config *c, const char *name);

#endif
