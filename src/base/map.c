#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* FNV-1a with a start value per process: a peer that chooses keys cannot aim at one slot */
static uint64_t
hash_of(struct str key)
{
	static uint64_t seed;
	uint64_t h;
	size_t i;

	if (!seed) {
		random_bytes(&seed, sizeof(seed));
		seed |= 1;
	}
	h = 0xcbf29ce484222325u ^ seed;
	for (i = 0; i < key.len; i++) {
		h ^= (unsigned char)key.s[i];
		h *= 0x100000001b3u;
	}
	return h ^ h >> 29;
}

void
map_release(struct map *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free(m->entries[i].key);
	free(m->entries);
	free(m->slots);
	*m = (struct map){0};
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *
slot_of(const struct map *m, struct str key, uint64_t hash)
{
	size_t i = (size_t)hash & (m->nslots - 1);

	for (;; i = (i + 1) & (m->nslots - 1)) {
		const struct map_entry *e;

		if (m->slots[i] == 0)
			return &m->slots[i];
		e = &m->entries[m->slots[i] - 1];
		if (e->hash == hash && str_eq(str_n(e->key, e->len), key))
			return &m->slots[i];
	}
}

void *
map_get(const struct map *m, struct str key)
{
	uint32_t *slot;

	if (m->n == 0)
		return NULL;
	slot = slot_of(m, key, hash_of(key));
	return *slot ? m->entries[*slot - 1].value : NULL;
}

static void
grow(struct map *m)
{
	size_t nslots = m->nslots ? m->nslots * 2 : 16, i;

	free(m->slots);
	m->slots = xcalloc(nslots, sizeof(*m->slots));
	m->nslots = nslots;
	for (i = 0; i < m->n; i++) {
		struct map_entry *e = &m->entries[i];

		*slot_of(m, str_n(e->key, e->len), e->hash) = (uint32_t)i + 1;
	}
}

void
map_set(struct map *m, struct str key, void *value)
{
	uint64_t hash = hash_of(key);
	uint32_t *slot;

	if (m->n * 2 >= m->nslots)
		grow(m);
	slot = slot_of(m, key, hash);
	if (*slot) {
		m->entries[*slot - 1].value = value;
		return;
	}
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 8;
		m->entries = xreallocarray(m->entries, m->cap, sizeof(*m->entries));
	}
	m->entries[m->n] = (struct map_entry){xstrndup(key.s, key.len), key.len, hash, value};
	*slot = (uint32_t)++m->n;
}
