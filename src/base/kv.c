#include "base/kv.h"

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
	va_list ap;

	va_start(ap, fmt);
	kv_set(l, a, key, arena_vfmt(a, fmt, ap));
	va_end(ap);
}

const char *
kv_get(const struct kvlist *l, const char *key)
{
	const struct kv *kv = find(l, key);

	return kv ? kv->value : NULL;
}
