#include "base/kv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

static struct kv *
find(const struct kvlist *l, const char *key)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->items[i].key, key) == 0)
			return &l->items[i];
	return NULL;
}

void
kv_set(struct kvlist *l, struct arena *a, const char *key, const char *value)
{
	struct kv *kv = find(l, key);

	if (kv) {
		kv->value = arena_cstr(a, value);
		return;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct kv *items = arena_new(a, struct kv, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n++] = (struct kv){arena_cstr(a, key), arena_cstr(a, value)};
}

void
kv_setf(struct kvlist *l, struct arena *a, const char *key, const char *fmt, ...)
{
	char *value;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("bad format");
	value = arena_alloc(a, (size_t)n + 1, 1, 1);
	va_start(ap, fmt);
	vsnprintf(value, (size_t)n + 1, fmt, ap);
	va_end(ap);
	kv_set(l, a, key, value);
}

const char *
kv_get(const struct kvlist *l, const char *key)
{
	const struct kv *kv = find(l, key);

	return kv ? kv->value : NULL;
}
