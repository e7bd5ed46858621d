#include "config/node.h"

#include <yaml.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/* An alias is looked for among these; more have no use in a configuration. */
enum { ANCHORS_MAX = 100 };

struct anchor {
	const char *name;
	struct node *node;
};

struct reader {
	yaml_parser_t yaml;
	struct arena *arena;
	const char *name;
	struct str text;
	size_t count;
	struct anchor anchors[ANCHORS_MAX];
	size_t nanchors;
	struct err *err;
};

static struct node *read_node(struct reader *r, yaml_event_t *ev, unsigned depth);

int
node_error(struct err *err, const char *name, unsigned line, unsigned col, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_CONFIG, "'%s', line %u, column %u: %s", name, line, col, text);
}

static unsigned
one_based(size_t mark)
{
	return (unsigned)mark + 1;
}

/* Always NULL, for functions that return a node. */
static void *fail_at(struct reader *r, yaml_mark_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void *
fail_at(struct reader *r, yaml_mark_t at, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	node_error(r->err, r->name, one_based(at.line), one_based(at.column), "%s", text);
	return NULL;
}

/* The library counts bytes, not lines, while it decodes characters. */
static int
fail_decoding(struct reader *r)
{
	struct str before = str_first(r->text, r->yaml.problem_offset);
	unsigned line = 1, col = 1;
	size_t i;

	for (i = 0; i < before.len; i++, col++)
		if (before.s[i] == '\n') {
			line++;
			col = 0;
		}
	return node_error(r->err, r->name, line, col, "%s", r->yaml.problem);
}

static int
fail_parsing(struct reader *r)
{
	const yaml_parser_t *y = &r->yaml;
	yaml_mark_t at = y->problem_mark;

	if (y->error == YAML_MEMORY_ERROR)
		die_oom();
	if (y->error == YAML_READER_ERROR)
		return fail_decoding(r);
	return node_error(r->err, r->name, one_based(at.line), one_based(at.column), "%s%s%s",
		y->problem ? y->problem : "not valid YAML", y->context ? " " : "",
		y->context ? y->context : "");
}

static int
next_event(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->yaml, ev))
		return 0;
	return fail_parsing(r);
}

static struct node *
new_node(struct reader *r, enum node_kind kind, yaml_mark_t at, unsigned depth)
{
	struct node *n;

	if (depth > NODE_DEPTH_MAX)
		return fail_at(r, at, "nested too deeply");
	if (++r->count > NODE_COUNT_MAX)
		return fail_at(r, at, "too many values");
	n = arena_new(r->arena, struct node, 1);
	n->kind = kind;
	n->line = one_based(at.line);
	n->col = one_based(at.column);
	return n;
}

static int
append(struct reader *r, struct node *parent, struct node *child)
{
	if (parent->n >= NODE_MEMBERS_MAX)
		return node_error(r->err, r->name, child->line, child->col, "too many entries");
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
	return 0;
}

static struct node *
member(const struct node *map, const char *key)
{
	struct node *n;

	for (n = map->first; n; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

/* Only the tags of the language itself: they decide between text and a plain value. */
static int
check_tag(struct reader *r, const yaml_event_t *ev, const yaml_char_t *tag,
	const char *const *allowed)
{
	const char *have = (const char *)tag;

	if (!have)
		return 0;
	for (; *allowed; allowed++)
		if (strcmp(have, *allowed) == 0)
			return 0;
	/* what stands there may be a password that lacks its quotes: it is not repeated */
	fail_at(r, ev->start_mark, "unsupported tag; text that starts with '!' needs quotes");
	return -1;
}

static struct node *
read_scalar(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	static const char *const tags[] = {"!", YAML_STR_TAG, YAML_BOOL_TAG, YAML_INT_TAG,
		YAML_FLOAT_TAG, YAML_NULL_TAG, NULL};
	const char *tag = (const char *)ev->data.scalar.tag;
	const char *text = (const char *)ev->data.scalar.value;
	struct node *n = new_node(r, NODE_SCALAR, ev->start_mark, depth);

	if (!n || check_tag(r, ev, ev->data.scalar.tag, tags))
		return NULL;
	if (strlen(text) != ev->data.scalar.length)
		return fail_at(r, ev->start_mark, "text with a NUL character");
	n->text = arena_cstr(r->arena, text);
	if (!tag)
		n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	else
		n->plain = strcmp(tag, "!") != 0 && strcmp(tag, YAML_STR_TAG) != 0;
	return n;
}

static int
read_list(struct reader *r, struct node *list, unsigned depth)
{
	yaml_event_t ev;
	struct node *n;

	for (;;) {
		if (next_event(r, &ev))
			return -1;
		if (ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		n = read_node(r, &ev, depth + 1);
		if (!n || append(r, list, n))
			return -1;
	}
	yaml_event_delete(&ev);
	return 0;
}

/* Members of 'from' that the mapping does not have itself (the "<<" key of YAML 1.1). */
static int
merge_map(struct reader *r, struct node *map, const struct node *from)
{
	const struct node *n;
	struct node *copy;

	if (from->kind != NODE_MAP)
		return node_error(r->err, r->name, from->line, from->col,
			"'<<' needs a mapping, not %s", node_what(from));
	for (n = from->first; n; n = n->next) {
		if (member(map, n->key))
			continue;
		copy = arena_new(r->arena, struct node, 1);
		*copy = *n;
		copy->next = NULL;
		if (append(r, map, copy))
			return -1;
	}
	return 0;
}

static int
merge_value(struct reader *r, struct node *map, const struct node *value)
{
	const struct node *n;

	if (value->kind != NODE_LIST)
		return merge_map(r, map, value);
	for (n = value->first; n; n = n->next)
		if (merge_map(r, map, n))
			return -1;
	return 0;
}

/* Takes the event of a key; the key's text and place are left in a node of their own. */
static struct node *
read_key(struct reader *r, yaml_event_t *ev, const struct node *map, unsigned depth)
{
	struct node *key = NULL;
	const struct node *other;

	if (ev->type != YAML_SCALAR_EVENT)
		fail_at(r, ev->start_mark, "a key must be text");
	else
		key = read_scalar(r, ev, depth);
	yaml_event_delete(ev);
	if (!key)
		return NULL;
	other = member(map, key->text);
	if (other) {
		node_error(r->err, r->name, key->line, key->col,
			"key '%s' already defined at line %u", key->text, other->key_line);
		return NULL;
	}
	return key;
}

static int
read_map(struct reader *r, struct node *map, unsigned depth)
{
	struct node *key, *value, *merge = NULL;
	yaml_event_t ev;

	for (;;) {
		if (next_event(r, &ev))
			return -1;
		if (ev.type == YAML_MAPPING_END_EVENT)
			break;
		key = read_key(r, &ev, map, depth + 1);
		if (!key || next_event(r, &ev))
			return -1;
		value = read_node(r, &ev, depth + 1);
		if (!value)
			return -1;
		value->key = key->text;
		value->key_line = key->line;
		value->key_col = key->col;
		if (key->plain && !merge && strcmp(key->text, "<<") == 0)
			merge = value;
		else if (append(r, map, value))
			return -1;
	}
	yaml_event_delete(&ev);
	return merge ? merge_value(r, map, merge) : 0;
}

/* Every use is a copy, so that it counts: short documents must not become huge ones. */
static struct node *
copy_node(struct reader *r, const struct node *from, yaml_mark_t at, unsigned depth)
{
	struct node *n = new_node(r, from->kind, at, depth);
	const struct node *child;
	struct node *copy;

	if (!n)
		return NULL;
	n->plain = from->plain;
	n->text = from->text;
	n->line = from->line;
	n->col = from->col;
	for (child = from->first; child; child = child->next) {
		copy = copy_node(r, child, at, depth + 1);
		if (!copy || append(r, n, copy))
			return NULL;
		copy->key = child->key;
		copy->key_line = child->key_line;
		copy->key_col = child->key_col;
	}
	return n;
}

static struct node *
read_alias(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	const char *name = (const char *)ev->data.alias.anchor;
	size_t i;

	/* the newest first: a name may be given again */
	for (i = r->nanchors; i-- > 0;)
		if (strcmp(r->anchors[i].name, name) == 0)
			return copy_node(r, r->anchors[i].node, ev->start_mark, depth);
	return fail_at(r, ev->start_mark, "unknown anchor; text that starts with '*' needs quotes");
}

static struct node *
read_content(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	static const char *const map_tags[] = {YAML_MAP_TAG, NULL};
	static const char *const list_tags[] = {YAML_SEQ_TAG, NULL};
	struct node *n;

	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return read_alias(r, ev, depth);
	case YAML_SCALAR_EVENT:
		return read_scalar(r, ev, depth);
	case YAML_MAPPING_START_EVENT:
		n = new_node(r, NODE_MAP, ev->start_mark, depth);
		if (!n || check_tag(r, ev, ev->data.mapping_start.tag, map_tags))
			return NULL;
		return read_map(r, n, depth) ? NULL : n;
	case YAML_SEQUENCE_START_EVENT:
		n = new_node(r, NODE_LIST, ev->start_mark, depth);
		if (!n || check_tag(r, ev, ev->data.sequence_start.tag, list_tags))
			return NULL;
		return read_list(r, n, depth) ? NULL : n;
	default:
		return fail_at(r, ev->start_mark, "a value is missing");
	}
}

static const char *
anchor_of(const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)ev->data.scalar.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)ev->data.mapping_start.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)ev->data.sequence_start.anchor;
	default:
		return NULL;
	}
}

/* Takes the event. An anchor is known once its node is complete, so nothing can contain itself. */
static struct node *
read_node(struct reader *r, yaml_event_t *ev, unsigned depth)
{
	struct node *n = read_content(r, ev, depth);
	const char *anchor = anchor_of(ev);

	if (n && anchor) {
		if (r->nanchors == ANCHORS_MAX) {
			n = fail_at(r, ev->start_mark, "too many anchors");
		} else {
			r->anchors[r->nanchors].name = arena_cstr(r->arena, anchor);
			r->anchors[r->nanchors++].node = n;
		}
	}
	yaml_event_delete(ev);
	return n;
}

static int
read_document(struct reader *r, struct node **out)
{
	yaml_event_t ev;
	yaml_event_type_t type;

	do {
		if (next_event(r, &ev))
			return -1;
		type = ev.type;
		yaml_event_delete(&ev);
		if (type == YAML_STREAM_END_EVENT)
			return 0;
	} while (type != YAML_DOCUMENT_START_EVENT);

	if (next_event(r, &ev))
		return -1;
	*out = read_node(r, &ev, 0);
	if (!*out || next_event(r, &ev))
		return -1;
	yaml_event_delete(&ev);
	return 0;
}

int
node_parse(struct arena *a, const char *name, struct str text, struct node **out, struct err *err)
{
	struct reader r = {.arena = a, .name = name, .text = text, .err = err};
	int rc;

	*out = NULL;
	if (!yaml_parser_initialize(&r.yaml))
		die_oom();
	yaml_parser_set_input_string(
		&r.yaml, (const unsigned char *)(text.s ? text.s : ""), text.len);
	rc = read_document(&r, out);
	yaml_parser_delete(&r.yaml);
	return rc;
}

void
node_wipe(struct node *n)
{
	struct node *child;

	if (!n)
		return;
	if (n->text)
		explicit_bzero(n->text, strlen(n->text));
	for (child = n->first; child; child = child->next)
		node_wipe(child);
}

static bool
word_in(const struct node *n, const char *const *words)
{
	if (n->kind != NODE_SCALAR || !n->plain)
		return false;
	for (; *words; words++)
		if (strcmp(n->text, *words) == 0)
			return true;
	return false;
}

bool
node_is_null(const struct node *n)
{
	static const char *const words[] = {"null", "Null", "NULL", "~", NULL};

	return word_in(n, words);
}

bool
node_is_empty(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->plain && !*n->text;
}

bool
node_bool(const struct node *n, bool *value)
{
	static const char *const yes[] = {
		"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y", NULL};
	static const char *const no[] = {
		"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N", NULL};

	*value = word_in(n, yes);
	return *value || word_in(n, no);
}

const char *
node_what(const struct node *n)
{
	static const char *const names[] = {"text", "a list", "a mapping"};

	return names[n->kind];
}
