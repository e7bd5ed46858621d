#include "cmd/stores.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/kv.h"
#include "base/log.h"
#include "buildkit/layout.h"
#include "cmd/caches.h"
#include "cmd/files.h"

static struct store *
find(const struct store_list *l, const char *id)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->items[i].bk.id, id))
			return &l->items[i];
	return NULL;
}

static struct store *
add(struct store_list *l, struct arena *a)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct store *items = arena_new(a, struct store, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	return &l->items[l->n++];
}

struct store *
store_open(struct store_list *l, struct arena *a, const char *id, const char *path, bool writable,
	struct err *err)
{
	struct store *s = find(l, id);
	cleanup_fd int dir = -1;
	char real[PATH_MAX];

	if (writable && folder_make(path, err))
		return NULL;
	if (s) {
		s->bk.writable |= writable;
		return s;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || !realpath(path, real)) {
		err_sys(err, "open folder '%s'", path);
		return NULL;
	}
	if (writable)
		layout_sweep(dir);
	s = add(l, a);
	*s = (struct store){.bk = {arena_cstr(a, id), path, steal_fd(&dir), writable},
		.real = arena_cstr(a, real)};
	return s;
}

/* ---- caches --------------------------------------------------------------- */

/*
 * What the daemon calls the cache, in its attribute and in the id of the layout.
 * That travels in a header field, which holds ASCII alone.
 */
static const char *
cache_id(struct arena *a, struct cache *c, const char *attr, const char **path)
{
	cleanup_buf struct buf text = {0};

	*path = kv_get(&c->attrs, attr);
	percent_encode(&text, str_from(*path), "/ :,;=@+()[]{}#&!$*?");
	kv_set(&c->attrs, a, attr, buf_cstr(&text));
	return arena_fmt(a, "local:%s", buf_cstr(&text));
}

static const char *
tag_of(const struct cache *c)
{
	const char *tag = kv_get(&c->attrs, "tag");

	return tag && *tag ? tag : "latest";
}

static int
open_import(struct store_list *l, struct arena *a, struct cache *c, struct err *err)
{
	const char *path, *id = cache_id(a, c, "src", &path), *digest = kv_get(&c->attrs, "digest");
	const struct store *s = store_open(l, a, id, path, false, err);
	cleanup_fd int blob = -1;
	uint64_t size;
	char *found;

	if (!s)
		return -1;
	if (!digest) {
		if (layout_find(s->bk.dir, tag_of(c), false, a, &found, err))
			return -1;
		if (!found)
			return err_set(err, ERR_CONFIG, "nothing in '%s' has the tag '%s'", path,
				tag_of(c));
		digest = found;
		kv_set(&c->attrs, a, "digest", digest);
	}
	blob = layout_blob(s->bk.dir, str_from(digest), &size, err);
	return blob < 0 ? -1 : 0;
}

static int
open_export(struct store_list *l, struct arena *a, struct cache *c, struct err *err)
{
	const char *path, *id = cache_id(a, c, "dest", &path);
	struct store *s = store_open(l, a, id, path, true, err);

	if (!s)
		return err_wrap(err, "--cache-to");
	s->tag = tag_of(c);
	return 0;
}

int
stores_caches(struct store_list *l, struct arena *a, struct cache_list *imports,
	struct cache_list *exports, struct log *log, struct err *err)
{
	size_t i, kept = 0;

	for (i = 0; i < imports->n; i++) {
		struct cache *c = &imports->items[i];
		struct err why = {0};

		if (!strcmp(c->type, "local") && open_import(l, a, c, &why))
			log_warn(log, "cache %s is not used: %s", c->shown, why.msg);
		else
			imports->items[kept++] = *c;
	}
	imports->n = kept;
	for (i = 0; i < exports->n; i++)
		if (!strcmp(exports->items[i].type, "local") &&
			open_export(l, a, &exports->items[i], err))
			return -1;
	return 0;
}

/* ---- while a build runs, and after it ------------------------------------- */

void
stores_session(struct store_list *l, struct arena *a, struct bk_session_options *session)
{
	size_t i;

	l->bk = arena_new(a, struct bk_store, l->n);
	for (i = 0; i < l->n; i++)
		l->bk[i] = l->items[i].bk;
	session->stores = l->bk;
	session->nstores = l->n;
}

void
stores_hidden(const struct store_list *l, struct arena *a, const char *folder, struct strlist *out)
{
	struct str prefix = str_from(strcmp(folder, "/") ? folder : "");
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct store *s = &l->items[i];
		bool cache = str_starts(str_from(s->bk.id), STR("local:"));

		if ((cache || s->bk.writable) && str_starts(str_from(s->real), prefix) &&
			s->real[prefix.len] == '/' && s->real[prefix.len + 1])
			strlist_add(out, a, s->real + prefix.len + 1);
	}
}

static int
name_result(const struct store *s, struct arena *a, const struct kvlist *answer, struct err *err)
{
	struct str rest = str_from(kv_get(answer, "image.name")), name;
	const char *descriptor = kv_get(answer, "containerimage.descriptor");
	cleanup_buf struct buf text = {0};
	struct strlist names = {0};
	bool full = rest.len > 0;

	if (!descriptor || !base64_decode(&text, str_from(descriptor)))
		return err_set(err, ERR_PROTO, "the daemon reports success but describes no image");
	while (full && str_next(&rest, ',', &name))
		strlist_add(&names, a, arena_str(a, name));
	if (!full)
		strlist_add(&names, a, "latest");
	return layout_name(s->bk.dir, buf_view(&text), &names, full, err);
}

static int
name_cache(const struct store *s, struct arena *a, const char *manifest, struct err *err)
{
	struct strlist names = {0};

	strlist_add(&names, a, s->tag);
	return layout_name(s->bk.dir, str_from(manifest), &names, false, err);
}

int
stores_finish(const struct store_list *l, struct arena *a, const struct kvlist *answer,
	struct log *log, struct err *err)
{
	const char *manifest = kv_get(answer, "cache.manifest");
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct store *s = &l->items[i];
		struct err why = {0};

		if (!strcmp(s->bk.id, STORE_EXPORT) && name_result(s, a, answer, err))
			return err_wrap(err, "image layout '%s'", s->bk.name);
		if (s->tag && manifest && name_cache(s, a, manifest, &why))
			log_warn(log, "cache '%s': %s; later builds will not find it", s->bk.name,
				why.msg);
	}
	return 0;
}

void
stores_close(struct store_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		fd_close(&l->items[i].bk.dir);
}
