#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 16 * 1024 };

struct arena_page {
	struct arena_page *next;
	size_t used, cap;
	_Alignas(max_align_t) char data[];
};

void
arena_release(struct arena *a)
{
	struct arena_page *p, *next;

	for (p = a->page; p; p = next) {
		next = p->next;
		free(p);
	}
	a->page = NULL;
}

static struct arena_page *
new_page(size_t need)
{
	size_t cap = need > PAGE ? need : PAGE;
	struct arena_page *p;

	if (cap > SIZE_MAX - sizeof(*p))
		die_oom();
	p = xmalloc(sizeof(*p) + cap);
	p->next = NULL;
	p->used = 0;
	p->cap = cap;
	return p;
}

void *
arena_alloc(struct arena *a, size_t n, size_t size, size_t align)
{
	struct arena_page *p = a->page;
	size_t bytes, at;
	void *out;

	if (__builtin_mul_overflow(n, size, &bytes))
		die_oom();
	at = p ? (p->used + align - 1) & ~(align - 1) : 0;
	if (!p || at > p->cap || bytes > p->cap - at) {
		p = new_page(bytes);
		at = 0;
		/* a large object gets a page behind the current one, which stays in use */
		if (a->page && bytes > PAGE / 2) {
			p->next = a->page->next;
			a->page->next = p;
		} else {
			p->next = a->page;
			a->page = p;
		}
	}
	out = p->data + at;
	p->used = at + bytes;
	memset(out, 0, bytes);
	return out;
}

char *
arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1, 1, 1);

	if (s.len)
		memcpy(p, s.s, s.len);
	return p;
}

char *
arena_cstr(struct arena *a, const char *s)
{
	return arena_str(a, str_from(s));
}

struct str
arena_dup(struct arena *a, struct str s)
{
	return (struct str){arena_str(a, s), s.len};
}

char *
arena_vfmt(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		BUG("bad format");
	p = arena_alloc(a, (size_t)n + 1, 1, 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

char *
arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vfmt(a, fmt, ap);
	va_end(ap);
	return p;
}

void
strlist_add(struct strlist *l, struct arena *a, const char *s)
{
	if (l->n + 1 >= l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		char **items = arena_new(a, char *, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n++] = (char *)(uintptr_t)s;
	l->items[l->n] = NULL;
}

bool
strlist_has(const struct strlist *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->items[i], s) == 0)
			return true;
	return false;
}
