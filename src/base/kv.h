/* Ordered list of names with values, as C strings in an arena. {0} is empty. */
#ifndef BASE_KV_H
#define BASE_KV_H

#include <stddef.h>

struct arena;

struct kv {
	const char *key, *value;
};

struct kvlist {
	struct kv *items;
	size_t n, cap;
};

/* Copies both; a key that is there already keeps its place and gets the new value. */
void kv_set(struct kvlist *l, struct arena *a, const char *key, const char *value);
/* As kv_set, the value made by a format. */
void kv_setf(struct kvlist *l, struct arena *a, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* NULL when the key is not there. */
const char *kv_get(const struct kvlist *l, const char *key);

#endif
