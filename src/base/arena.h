/*
 * Memory that is given back all at once. What is parsed together lives in one
 * arena; nothing in it is freed by itself. {0} is an empty arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

struct arena_page;

struct arena {
	struct arena_page *page; /* newest first */
};

void arena_release(struct arena *a);

/* Zeroed memory for n objects of a type. */
#define arena_new(a, type, n) ((type *)arena_alloc((a), (n), sizeof(type), _Alignof(type)))
void *arena_alloc(struct arena *a, size_t n, size_t size, size_t align);
/* A copy as C string. */
char *arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, const char *s);
/* A copy as view. */
struct str arena_dup(struct arena *a, struct str s);
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vfmt(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/*
 * A list of C strings in an arena; {0} is empty. items is NULL-terminated once
 * something was added, so it can serve as argv.
 */
struct strlist {
	char **items;
	size_t n, cap;
};

/* Keeps the pointer: the string must live in the arena or be a literal. */
void strlist_add(struct strlist *l, struct arena *a, const char *s);
bool strlist_has(const struct strlist *l, const char *s);

#define cleanup_arena CLEANUP(arena_release)

#endif
