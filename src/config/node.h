/*
 * A YAML document as a tree, with the place of every key and value. Private to
 * config/; the only door to the YAML library.
 *
 * Bounded: NODE_DEPTH_MAX levels, NODE_COUNT_MAX nodes (what an alias repeats
 * counts again), NODE_MEMBERS_MAX entries in one mapping or list.
 */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

enum { NODE_DEPTH_MAX = 32, NODE_COUNT_MAX = 20000, NODE_MEMBERS_MAX = 1000 };

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool plain;      /* scalar without quotes: can be null, a number or a truth value */
	char *text;      /* of a scalar, else NULL */
	const char *key; /* when member of a mapping, else NULL */
	unsigned key_line, key_col;
	unsigned line, col; /* of the value */
	struct node *first, *last, *next;
	size_t n; /* children */
};

/*
 * Parses the first document of text; *out is NULL when there is none. Keys are
 * unique. name is the file for messages. ERR_CONFIG on failure.
 */
int node_parse(
	struct arena *a, const char *name, struct str text, struct node **out, struct err *err);
/* Overwrites the text of all scalars below: they may be secrets. */
void node_wipe(struct node *n);

/* Written as null, NULL, Null or ~. */
bool node_is_null(const struct node *n);
/* A plain scalar without any text, as in "key:". */
bool node_is_empty(const struct node *n);
/* The words for true and false of YAML 1.1; false when it is neither. */
bool node_bool(const struct node *n, bool *value);
/* "text", "a list", "a mapping" */
const char *node_what(const struct node *n);

/* Sets ERR_CONFIG "'NAME', line L, column C: TEXT" and returns -1. */
int node_error(struct err *err, const char *name, unsigned line, unsigned col, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#endif
