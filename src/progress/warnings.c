#include "progress/warnings.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/sha256.h"

enum { WARNINGS_BYTES = 16 * 1024 * 1024 }; /* of all texts; sources count for themselves */

void
warnings_release(struct warnings *w)
{
	arena_release(&w->arena);
	map_release(&w->seen);
	free(w->items);
	free(w->sources);
	*w = (struct warnings){0};
}

static void
hash_str(struct sha256 *h, struct str s)
{
	uint64_t len = s.len;

	sha256_add(h, &len, sizeof(len));
	sha256_add(h, s.s ? s.s : "", s.len);
}

/* All that tells two warnings apart; not the step, nor the file's language. */
static void
digest_of(const struct bk_warning *b, uint8_t digest[SHA256_LEN])
{
	struct sha256 h;
	size_t i;

	sha256_init(&h);
	hash_str(&h, b->text);
	hash_str(&h, b->url);
	hash_str(&h, b->source.filename);
	hash_str(&h, b->source.data);
	for (i = 0; i < b->ndetails; i++)
		hash_str(&h, b->details[i]);
	if (b->source.nranges)
		sha256_add(&h, b->source.ranges, b->source.nranges * sizeof(struct bk_range));
	sha256_out(&h, digest);
}

/* The file's text in our keeping; warnings of one file share it. */
static struct str
keep_source(struct warnings *w, const struct bk_source *src)
{
	size_t i;

	for (i = 0; i < w->nsources; i++)
		if (str_eq(w->sources[i].data, src->data))
			return w->sources[i].data;
	if (src->data.len > LIMIT_DOCKERFILE || src->data.len > WARNING_SOURCES - w->source_bytes)
		return (struct str){0};
	w->sources = xreallocarray(w->sources, w->nsources + 1, sizeof(*w->sources));
	w->sources[w->nsources] = (struct bk_source){.data = arena_dup(&w->arena, src->data)};
	w->source_bytes += src->data.len;
	return w->sources[w->nsources++].data;
}

static struct str
keep(struct warnings *w, struct str text)
{
	text = str_first(text, WARNING_TEXT);
	w->text_bytes += text.len;
	return arena_dup(&w->arena, text);
}

static struct bk_warning *
copy_of(struct warnings *w, const struct bk_warning *b)
{
	struct bk_warning *item = arena_new(&w->arena, struct bk_warning, 1);
	size_t n = b->ndetails < WARNING_PARTS ? b->ndetails : WARNING_PARTS, i;
	struct str *details = arena_new(&w->arena, struct str, n);
	struct bk_range *ranges;

	*item = (struct bk_warning){.level = b->level,
		.text = keep(w, b->text),
		.url = keep(w, b->url),
		.details = details,
		.ndetails = n};
	for (i = 0; i < n; i++)
		details[i] = keep(w, b->details[i]);
	n = b->source.nranges < WARNING_PARTS ? b->source.nranges : WARNING_PARTS;
	ranges = arena_new(&w->arena, struct bk_range, n);
	if (n)
		memcpy(ranges, b->source.ranges, n * sizeof(*ranges));
	item->source = (struct bk_source){.filename = keep(w, b->source.filename),
		.data = keep_source(w, &b->source),
		.ranges = ranges,
		.nranges = n};
	return item;
}

void
warnings_add(struct warnings *w, const struct bk_warning *warning)
{
	uint8_t digest[SHA256_LEN];
	struct str key = {(const char *)digest, sizeof(digest)};

	if (w->n >= WARNINGS_MAX || w->text_bytes > WARNINGS_BYTES)
		return;
	digest_of(warning, digest);
	if (map_get(&w->seen, key))
		return;
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 8;
		w->items = xreallocarray(w->items, w->cap, sizeof(struct bk_warning *));
	}
	w->items[w->n] = copy_of(w, warning);
	map_set(&w->seen, key, w->items[w->n++]);
}
