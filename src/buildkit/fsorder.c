#include "buildkit/fsorder.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"

void
fsorder_release(struct fsorder *o)
{
	buf_release(&o->path);
	free(o->levels);
	*o = (struct fsorder){0};
}

static int
bad_path(struct str path, const char *problem, struct err *err)
{
	cleanup_buf struct buf clean = {0};

	utf8_clean(&clean, str_first(path, 512));
	return err_set(err, ERR_PROTO, "path '%s' %s", buf_cstr(&clean), problem);
}

/*
 * The level whose directory has this path; -1: none on the way to the newest
 * entry. Its components were checked when it came itself.
 */
static ptrdiff_t
level_of(const struct fsorder *o, struct str dir)
{
	size_t i;

	if (dir.len > o->path.len || !str_eq(dir, str_first(buf_view(&o->path), dir.len)))
		return -1;
	for (i = o->n; i > 0; i--)
		if (o->levels[i - 1].path_len == dir.len)
			return (ptrdiff_t)i - 1;
	return -1;
}

/* What came last in the directory of level i, or empty. */
static struct str
last_name(const struct fsorder *o, size_t i)
{
	struct str rest = str_from_off(buf_view(&o->path), o->levels[i].path_len);
	struct str name;

	str_take(&rest, STR("/"));
	return str_cut(&rest, '/', &name) ? name : rest;
}

static void
push(struct fsorder *o, uint32_t dir)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 16;
		o->levels = xreallocarray(o->levels, o->cap, sizeof(*o->levels));
	}
	o->levels[o->n++] = (struct fsorder_level){dir, o->path.len};
}

int
fsorder_next(struct fsorder *o, struct str path, uint32_t *dir, struct str *name, struct err *err)
{
	ptrdiff_t slash = str_rfind(path, '/'), level;
	struct str parent = str_first(path, slash < 0 ? 0 : (size_t)slash);
	struct str last;

	if (o->n == 0)
		push(o, 0);
	*name = str_from_off(path, (size_t)(slash + 1));
	if (slash == 0)
		return bad_path(path, "is absolute", err);
	if (name->len == 0 || str_eq(*name, STR(".")) || str_eq(*name, STR("..")) ||
		memchr(path.s, '\0', path.len))
		return bad_path(path, "is not clean", err);
	if (path.len >= LIMIT_PATH)
		return bad_path(path, "is too long", err);
	level = level_of(o, parent);
	if (level < 0)
		return bad_path(path, "comes without its directory, or out of order", err);
	last = last_name(o, (size_t)level);
	if (last.len && str_cmp(last, *name) >= 0)
		return bad_path(path, "comes out of order", err);
	o->n = (size_t)level + 1;
	*dir = o->levels[level].dir;
	buf_reset(&o->path);
	buf_str(&o->path, path);
	return 0;
}

void
fsorder_enter(struct fsorder *o, uint32_t dir)
{
	push(o, dir);
}

int
fsorder_compare(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len, i;

	for (i = 0; i < n && a.s[i] == b.s[i]; i++)
		continue;
	if (i == n)
		return (a.len > b.len) - (a.len < b.len);
	if (a.s[i] == '/' || b.s[i] == '/')
		return a.s[i] == '/' ? -1 : 1;
	return a.s[i] < b.s[i] ? -1 : 1;
}
