#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/keys.h"

static void
add_line(const struct keys_source *src, struct config_lines *out, struct str text, unsigned line,
	unsigned col)
{
	struct config_line *l;

	out->items = keys_grow(src->arena, out->items, out->n, &out->cap, sizeof(*out->items));
	l = &out->items[out->n++];
	l->text = arena_str(src->arena, text);
	l->from = (struct config_origin){src->source, src->name, line, col};
}

/* A block of text holds one rule in each line that is not blank. */
static void
add_block(const struct keys_source *src, const struct node *n, struct config_lines *out)
{
	struct str rest = str_from(n->text), line;

	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (line.len)
			add_line(src, out, line, n->line, n->col);
	}
}

/* KEY=VALUE as one field of a CSV line. */
static void
add_field(struct buf *b, const char *key, const char *value)
{
	bool quote = strpbrk(value, ",\"\n") != NULL;
	const char *p;

	if (b->len)
		buf_putc(b, ',');
	buf_addf(b, "%s%s=", quote ? "\"" : "", key);
	for (p = value; *p; p++) {
		if (*p == '"')
			buf_putc(b, '"');
		buf_putc(b, *p);
	}
	if (quote)
		buf_putc(b, '"');
}

static int
member_text(const struct keys_source *src, const struct node *n, const char *path, const char **out)
{
	if (n->kind != NODE_SCALAR)
		return keys_wrong_type(
			src, n, arena_fmt(src->arena, "%s.%s", path, n->key), "text");
	*out = node_is_null(n) ? "" : n->text;
	return 0;
}

static int
add_mapping(const struct keys_source *src, const struct node *map, const char *path,
	struct config_lines *out)
{
	cleanup_buf struct buf b = {0};
	const struct node *n;
	const char *value;

	for (n = map->first; n; n = n->next) {
		if (member_text(src, n, path, &value))
			return -1;
		add_field(&b, n->key, value);
	}
	if (b.len)
		add_line(src, out, buf_view(&b), map->line, map->col);
	return 0;
}

int
lines_bind(const struct keys_source *src, const struct node *n, const char *path,
	struct config_lines *out)
{
	const struct node *item;

	out->present = true;
	if (n->kind == NODE_MAP)
		return keys_wrong_type(src, n, path, "a list");
	if (n->kind == NODE_SCALAR) {
		add_block(src, n, out);
		return 0;
	}
	for (item = n->first; item; item = item->next) {
		if (item->kind == NODE_LIST)
			return keys_wrong_type(src, item, path, "a list of texts or mappings");
		if (item->kind == NODE_SCALAR)
			add_block(src, item, out);
		else if (add_mapping(src, item, path, out))
			return -1;
	}
	return 0;
}

int
lines_bind_pairs(const struct keys_source *src, const struct node *n, const char *path,
	struct config_lines *out)
{
	cleanup_buf struct buf b = {0};
	const struct node *item;
	const char *value;

	if (n->kind != NODE_MAP)
		return lines_bind(src, n, path, out);
	out->present = true;
	for (item = n->first; item; item = item->next) {
		if (member_text(src, item, path, &value))
			return -1;
		buf_reset(&b);
		add_field(&b, item->key, value);
		add_line(src, out, buf_view(&b), item->line, item->col);
	}
	return 0;
}

/* ID: FILE, or ID: {src: FILE}, or ID: {env: NAME} */
int
lines_bind_secrets(const struct keys_source *src, const struct node *n, const char *path,
	struct config_lines *out)
{
	const struct node *item, *field;
	const char *value;

	if (n->kind != NODE_MAP)
		return lines_bind(src, n, path, out);
	out->present = true;
	for (item = n->first; item; item = item->next) {
		cleanup_buf struct buf b = {0};

		add_field(&b, "id", item->key);
		if (item->kind == NODE_LIST)
			return keys_wrong_type(src, item, path, "a mapping of texts or mappings");
		if (item->kind == NODE_SCALAR && !node_is_null(item) && *item->text)
			add_field(&b, "src", item->text);
		for (field = item->first; field; field = field->next) {
			if (member_text(src, field, path, &value))
				return -1;
			add_field(&b, field->key, value);
		}
		add_line(src, out, buf_view(&b), item->line, item->col);
	}
	return 0;
}
