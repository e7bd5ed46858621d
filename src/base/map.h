/*
 * Hash map from byte strings to pointers. Keys are copied. Iteration is in the
 * order of insertion. {0} is an empty map. Values are borrowed.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

struct map_entry {
	char *key; /* owned */
	size_t len;
	uint64_t hash;
	void *value;
};

struct map {
	struct map_entry *entries; /* in order of insertion */
	uint32_t *slots;           /* index + 1, 0 is free */
	size_t n, cap, nslots;
};

void map_release(struct map *m);
/* NULL when the key is not there. */
void *map_get(const struct map *m, struct str key);
/* Adds or replaces. */
void map_set(struct map *m, struct str key, void *value);

#define cleanup_map CLEANUP(map_release)

#endif
