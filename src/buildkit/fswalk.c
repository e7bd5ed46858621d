#include "buildkit/fswalk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/mem.h"
#include "buildkit/follow.h"
#include "buildkit/fsdirs.h"
#include "buildkit/fslist.h"
#include "buildkit/fsxattr.h"
#include "buildkit/pattern.h"

/* Receivers that keep metadata only skip this root entry without counting it (fsutil receive.go).
 */
static const char metadata_name[] = ".fsutil-metadata";

enum { BUSY_AFTER = 1024 }; /* entries looked at in one call without showing one */

/* item.memory of a directory that only holds files from memory */
#define MEMORY_DIR UINT32_MAX

enum outcome {
	SHOWN,   /* the caller's entry is filled in */
	NOTHING, /* nothing to show yet */
	GONE,    /* it vanished while we walked */
	FAILED
};

/* One name of a directory that is being walked. */
struct item {
	uint64_t key;       /* first bytes of the name, so that most comparisons end here */
	size_t name;        /* offset in fswalk.names */
	uint32_t memory;    /* index + 1 of a file from memory, MEMORY_DIR, or 0 */
	unsigned char type; /* DT_* */
};

/* A directory on the way down. Items and names of all frames lie behind each other. */
struct frame {
	uint32_t dir;      /* in fsdirs */
	uint32_t memory;   /* MEMORY_DIR or 0 */
	size_t path_len;   /* of its path in fswalk.path, with a trailing slash */
	size_t first, at;  /* in fswalk.items */
	size_t first_name; /* in fswalk.names */
	uint64_t *hits;    /* of the include list, then of the exclude list */
	bool listed;
	bool shown;
};

struct memory_file {
	struct str path; /* resolved through the symlinks of its parents */
	const struct fssend_file *file;
};

struct fswalk {
	const struct fssend_root *root; /* borrowed */
	struct fsdirs *dirs;            /* borrowed */
	struct arena arena;
	struct memory_file *memory;
	struct str *never;
	struct pattern_list include, exclude;
	bool filtered; /* there is an include list */
	const struct fssend_observer *observer;
	struct frame *frames;
	size_t nframes, cap;
	struct item *items;
	size_t nitems, items_cap;
	struct buf names, path;
	struct fsxattr xattr;
	char link[LIMIT_PATH];
};

/* ---- start and end ----------------------------------------------------------- */

static struct frame *
push_frame(struct fswalk *w, uint32_t dir, uint32_t memory)
{
	struct frame *f = &w->frames[w->nframes++];

	f->dir = dir;
	f->memory = memory;
	f->path_len = w->path.len;
	f->first = f->at = w->nitems;
	f->first_name = w->names.len;
	f->listed = f->shown = false;
	return f;
}

/* Makes sure that there is a frame above the top, whose hits can be filled in. */
static uint64_t *
next_hits(struct fswalk *w)
{
	size_t words = w->include.nwords + w->exclude.nwords;
	size_t i;

	if (w->nframes == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 16;
		w->frames = xreallocarray(w->frames, w->cap, sizeof(*w->frames));
		for (i = w->nframes; i < w->cap; i++)
			w->frames[i].hits = NULL;
	}
	if (!w->frames[w->nframes].hits)
		w->frames[w->nframes].hits = xcalloc(words, sizeof(uint64_t));
	return w->frames[w->nframes].hits;
}

static const char *
clean_relative(struct arena *a, const char *path)
{
	return path_clean(a, str_from(arena_fmt(a, "/%s", path))) + 1;
}

static int
add_root(struct fswalk *w, struct err *err)
{
	const struct fssend_root *root = w->root;
	char *path;
	size_t i;

	w->memory = arena_new(&w->arena, struct memory_file, root->nfiles + 1);
	for (i = 0; i < root->nfiles; i++) {
		/* where the builder finds it when it opens the path through symlinks */
		if (follow_parents(root->dirfd, root->files[i].path, &w->arena, &path, err))
			return -1;
		w->memory[i] = (struct memory_file){str_from(path), &root->files[i]};
	}
	w->never = arena_new(&w->arena, struct str, root->nnever + 1);
	for (i = 0; i < root->nnever; i++)
		w->never[i] = str_from(clean_relative(&w->arena, root->never[i]));
	return 0;
}

static int
add_filter(struct fswalk *w, const struct fssend_filter *filter, struct err *err)
{
	struct strlist include = {0};
	bool everything = false;
	size_t i;

	for (i = 0; i < filter->ninclude; i++)
		strlist_add(&include, &w->arena, filter->include[i]);
	if (filter->nfollow && follow_paths(w->root->dirfd, filter->follow, filter->nfollow,
				       &w->arena, &include, &everything, err))
		return -1;
	if (everything)
		include = (struct strlist){0};
	w->filtered = include.n > 0;
	if (pattern_list_init(&w->include, (const char *const *)include.items, include.n, err))
		return err_wrap(err, "include patterns");
	if (pattern_list_init(&w->exclude, filter->exclude, filter->nexclude, err))
		return err_wrap(err, "exclude patterns");
	return 0;
}

struct fswalk *
fswalk_new(const struct fssend_root *root, const struct fssend_filter *filter, struct fsdirs *dirs,
	struct err *err)
{
	struct fswalk *w = xcalloc(1, sizeof(*w));

	w->root = root;
	w->dirs = dirs;
	if (add_root(w, err) || add_filter(w, filter, err)) {
		fswalk_free(w);
		return NULL;
	}
	next_hits(w);
	/* the root itself is no entry */
	push_frame(w, FSDIRS_ROOT, root->dirfd < 0 ? MEMORY_DIR : 0)->shown = true;
	return w;
}

void
fswalk_free(struct fswalk *w)
{
	size_t i;

	if (!w)
		return;
	for (i = 0; i < w->cap; i++)
		free(w->frames[i].hits);
	free(w->frames);
	free(w->items);
	buf_release(&w->names);
	buf_release(&w->path);
	fsxattr_release(&w->xattr);
	pattern_list_release(&w->include);
	pattern_list_release(&w->exclude);
	arena_release(&w->arena);
	free(w);
}

void
fswalk_observe(struct fswalk *w, const struct fssend_observer *observer)
{
	w->observer = observer;
}

/* ---- listing ------------------------------------------------------------------ */

static struct item *
add_item(struct fswalk *w, struct str name, unsigned char type, struct err *err)
{
	uint64_t key = 0;
	size_t i;

	if (w->nitems == w->items_cap) {
		w->items_cap = w->items_cap ? w->items_cap * 2 : 256;
		w->items = xreallocarray(w->items, w->items_cap, sizeof(*w->items));
	}
	for (i = 0; i < sizeof(key); i++)
		key = key << 8 | (i < name.len ? (unsigned char)name.s[i] : 0);
	w->items[w->nitems] = (struct item){.key = key, .name = w->names.len, .type = type};
	/* with its NUL */
	if (buf_add(&w->names, name.s, name.len, err) || buf_add(&w->names, "", 1, err))
		return NULL;
	return &w->items[w->nitems++];
}

static struct item *
find_item(struct fswalk *w, size_t first, struct str name)
{
	size_t i;

	for (i = first; i < w->nitems; i++)
		if (str_is(name, w->names.p + w->items[i].name))
			return &w->items[i];
	return NULL;
}

static int
compare_items(const void *a, const void *b, void *names)
{
	const struct item *x = a, *y = b;
	const char *base = names;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(base + x->name, base + y->name);
}

/* The files from memory that lie in the frame's directory, or below it. */
static int
add_memory(struct fswalk *w, const struct frame *f, struct err *err)
{
	struct str dir = str_first(buf_view(&w->path), f->path_len);
	size_t i;

	for (i = 0; i < w->root->nfiles; i++) {
		struct str rest = w->memory[i].path, name;
		struct item *item;
		bool below;

		if (!str_take(&rest, dir) || rest.len == 0)
			continue;
		below = str_cut(&rest, '/', &name);
		item = find_item(w, f->first, below ? name : rest);
		/* what is there as a directory stays one, with the file in it */
		if (item && below && (item->type == DT_DIR || item->memory == MEMORY_DIR))
			continue;
		if (!item)
			item = add_item(w, below ? name : rest, DT_UNKNOWN, err);
		if (!item)
			return -1;
		item->type = below ? DT_DIR : DT_REG;
		item->memory = below ? MEMORY_DIR : (uint32_t)i + 1;
	}
	return 0;
}

static bool
is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP;
}

static int
list_error(const struct fswalk *w, const struct frame *f, struct err *err)
{
	size_t len = f->path_len ? f->path_len - 1 : 0;

	/* it vanished while we walked, or is excluded and none of our business */
	if (f->dir != FSDIRS_ROOT && is_gone(errno))
		return 0;
	if (!f->shown && errno == EACCES)
		return 0;
	return err_sys(err, "read directory '%.*s'", len ? (int)len : 1, len ? w->path.p : ".");
}

/* What the file system did not tell about the type, for directories that matter. */
static unsigned char
known_type(int fd, const struct fslist_entry *e)
{
	struct stat st;

	if (e->type != DT_UNKNOWN)
		return e->type;
	if (fstatat(fd, e->name.s, &st, AT_SYMLINK_NOFOLLOW))
		return DT_UNKNOWN;
	return S_ISDIR(st.st_mode) ? DT_DIR : DT_REG;
}

static int
list_real(struct fswalk *w, const struct frame *f, struct err *err)
{
	int dirfd = fsdirs_fd(w->dirs, f->dir);
	cleanup_fd int own = -1;
	struct fslist list;
	struct fslist_entry e;

	if (dirfd < 0)
		return list_error(w, f, err);
	/* the root's descriptor may be in use elsewhere, and its offset with it */
	own = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return list_error(w, f, err);
	fslist_init(&list, own);
	while (fslist_next(&list, &e))
		if (!add_item(w, e.name, known_type(own, &e), err))
			return -1;
	errno = list.error;
	return list.error ? list_error(w, f, err) : 0;
}

static int
list_frame(struct fswalk *w, struct frame *f, struct err *err)
{
	f->listed = true;
	if (f->memory != MEMORY_DIR && list_real(w, f, err))
		return -1;
	if (add_memory(w, f, err))
		return -1;
	if (w->nitems - f->first > 1)
		qsort_r(w->items + f->first, w->nitems - f->first, sizeof(*w->items), compare_items,
			w->names.p);
	return 0;
}

static void
pop_frame(struct fswalk *w)
{
	struct frame *f = &w->frames[--w->nframes];

	w->nitems = f->first;
	w->names.len = f->first_name;
	/* nobody knows this directory, so its number can be used again */
	if (!f->shown)
		fsdirs_drop(w->dirs, f->dir);
}

/* ---- showing ------------------------------------------------------------------- */

static void
fill_stat(struct fsstat *out, const struct stat *st)
{
	out->mode = fsmode_from_unix(st->st_mode);
	out->size = S_ISDIR(st->st_mode) ? 0 : st->st_size;
	/* wraps beyond the year 2262, as the reference does */
	(void)!__builtin_mul_overflow((int64_t)st->st_mtim.tv_sec, 1000000000, &out->mtime_ns);
	(void)!__builtin_add_overflow(out->mtime_ns, st->st_mtim.tv_nsec, &out->mtime_ns);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		out->devmajor = (int64_t)(st->st_rdev >> 8 & 0xfff);
		out->devminor = (int64_t)((st->st_rdev & 0xff) | (st->st_rdev >> 12 & 0xfff00));
	}
}

static void
fill_memory(struct fsstat *out, const struct fssend_file *file)
{
	if (!file) {
		out->mode = FSMODE_DIR | 0755;
		return;
	}
	out->mode = file->mode & FSMODE_PERM;
	out->size = (int64_t)file->content.len;
	out->mtime_ns = file->mtime_ns;
}

/* The protocol's texts are UTF-8; some receivers end the transfer at anything else. */
static int
check_text(struct str text, struct str path, struct err *err)
{
	cleanup_buf struct buf clean = {0};
	size_t i;

	for (i = 0; i < text.len && (unsigned char)text.s[i] < 0x80; i++)
		continue;
	if (i == text.len || utf8_valid(text))
		return 0;
	utf8_clean(&clean, path);
	err_set(err, ERR_CONFIG, "the name or link target of '%s' is not valid UTF-8",
		buf_cstr(&clean));
	return err_hint(err, "rename it, or exclude it from the context");
}

static enum outcome
gone_or_failed(struct str path, const char *what, struct err *err)
{
	if (is_gone(errno))
		return GONE;
	err_sys(err, "%s '" STR_FMT "'", what, STR_ARG(path));
	return FAILED;
}

/* Fills out with the entry name of the directory with descriptor fd. path is its own. */
static enum outcome
read_entry(struct fswalk *w, int fd, const char *name, struct str path, struct fswalk_entry *out,
	struct err *err)
{
	struct stat st;
	ssize_t n;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return gone_or_failed(path, "stat", err);
	fill_stat(&out->stat, &st);
	out->is_socket = S_ISSOCK(st.st_mode);
	out->nlink = st.st_nlink;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(fd, name, w->link, sizeof(w->link));
		if (n < 0)
			return gone_or_failed(path, "read link", err);
		out->stat.linkname = str_n(w->link, (size_t)n);
		if (check_text(out->stat.linkname, path, err))
			return FAILED;
	}
	if (!fsxattr_read(&w->xattr, fd, name, st.st_dev, &out->stat.xattrs, err))
		return SHOWN;
	err_wrap(err, "read attributes of '" STR_FMT "'", STR_ARG(path));
	return FAILED;
}

/* Entry name of frame f, whose path is the first len bytes of the walk's path. */
static enum outcome
show(struct fswalk *w, const struct frame *f, const char *name, size_t len, uint32_t memory,
	struct fswalk_entry *out, struct err *err)
{
	struct str path = str_first(buf_view(&w->path), len);
	enum outcome got;
	int fd;

	*out = (struct fswalk_entry){.dir = f->dir};
	out->name = str_from_off(path, f->path_len);
	out->stat.path = path;
	if (len >= LIMIT_PATH) {
		err_errno(err, ERR_SYS, ENAMETOOLONG, "path '%.*s...'", 256, path.s);
		return FAILED;
	}
	if (check_text(out->name, path, err))
		return FAILED;
	if (memory) {
		out->file = memory == MEMORY_DIR ? 0 : memory;
		fill_memory(&out->stat, out->file ? w->memory[memory - 1].file : NULL);
	} else {
		fd = fsdirs_fd(w->dirs, f->dir);
		if (fd < 0)
			return gone_or_failed(path, "open the directory of", err);
		got = read_entry(w, fd, name, path, out, err);
		if (got != SHOWN)
			return got;
	}
	if (w->observer && w->observer->sent)
		w->observer->sent(w->observer->arg, path, out->stat.mode, (uint64_t)out->stat.size);
	return SHOWN;
}

/*
 * The outermost directory that was searched without being shown, which must
 * now come before an entry below it. NOTHING: there is none left.
 */
static enum outcome
show_parent(struct fswalk *w, struct fswalk_entry *out, struct err *err)
{
	enum outcome got;
	struct frame *f;
	size_t i;

	for (i = 1; i < w->nframes && w->frames[i].shown; i++)
		continue;
	if (i == w->nframes)
		return NOTHING;
	f = &w->frames[i];
	got = show(w, f - 1, w->dirs->recs[f->dir].name, f->path_len - 1, f->memory, out, err);
	if (got == SHOWN)
		f->shown = true;
	while (got == GONE && w->nframes > i)
		pop_frame(w);
	return got;
}

/* ---- deciding ------------------------------------------------------------------- */

static bool
is_never(const struct fswalk *w, struct str path)
{
	size_t i;

	if (str_is(path, metadata_name))
		return true;
	for (i = 0; i < w->root->nnever; i++)
		if (str_eq(path, w->never[i]))
			return true;
	return false;
}

static void
tell_ignored(const struct fswalk *w, struct str path, bool is_dir, struct str pattern)
{
	if (w->observer && w->observer->ignored)
		w->observer->ignored(w->observer->arg, path, is_dir, pattern);
}

/* Shall the path be shown, and if not: is there nothing below it either? */
static bool
wanted(struct fswalk *w, struct str path, bool is_dir, bool *prune)
{
	uint64_t *hits = next_hits(w);
	const struct frame *f = &w->frames[w->nframes - 1];
	bool top = f->dir == FSDIRS_ROOT;
	size_t words = w->include.nwords;
	struct str pattern = {0};
	ptrdiff_t decided;
	bool included = true, excluded;

	*prune = !is_dir;
	if (w->filtered)
		included =
			pattern_list_match(&w->include, path, top ? NULL : f->hits, hits, &decided);
	excluded = pattern_list_match(
		&w->exclude, path, top ? NULL : f->hits + words, hits + words, &decided);
	if (included && !excluded)
		return true;
	if (excluded && decided >= 0)
		pattern = pattern_list_text(&w->exclude, (size_t)decided);
	if (!included && pattern_list_prunes_include(&w->include, path))
		*prune = true;
	if (excluded && pattern_list_prunes_exclude(&w->exclude, path))
		*prune = true;
	if (*prune)
		tell_ignored(w, path, is_dir, pattern);
	return false;
}

/* Goes down into the directory that the walk's path names. */
static void
descend(struct fswalk *w, const struct frame *f, struct str name, uint32_t memory, bool shown)
{
	uint32_t dir = fsdirs_add(w->dirs, f->dir, name);

	buf_putc(&w->path, '/');
	/* the frames may have moved, and the hits of this one are filled in */
	push_frame(w, dir, memory)->shown = shown;
}

static enum outcome
next_item(struct fswalk *w, struct fswalk_entry *out, struct err *err)
{
	struct frame *f = &w->frames[w->nframes - 1];
	enum outcome got = NOTHING;
	bool prune, show_it;
	struct item item;
	struct str name;

	if (!f->listed)
		return list_frame(w, f, err) ? FAILED : NOTHING;
	if (f->at == w->nitems) {
		pop_frame(w);
		return NOTHING;
	}
	item = w->items[f->at];
	name = str_from(w->names.p + item.name);
	w->path.len = f->path_len;
	/* with room for a slash: what is shown has views of the path */
	if (buf_reserve(&w->path, name.len + 1, err))
		return FAILED;
	buf_str(&w->path, name);
	if (is_never(w, buf_view(&w->path))) {
		f->at++;
		return NOTHING;
	}
	show_it = wanted(w, buf_view(&w->path), item.type == DT_DIR, &prune);
	f = &w->frames[w->nframes - 1]; /* room for another frame may have moved it */
	if (show_it) {
		got = show_parent(w, out, err);
		if (got != NOTHING)
			return got;
	}
	f->at++;
	if (show_it)
		got = show(w, f, name.s, w->path.len, item.memory, out, err);
	if (got == SHOWN ? (out->stat.mode & FSMODE_DIR) != 0 : !show_it && !prune)
		descend(w, f, name, item.memory, show_it);
	return got;
}

enum fswalk_step
fswalk_next(struct fswalk *w, struct fswalk_entry *out, struct err *err)
{
	size_t looked;

	for (looked = 0; looked < BUSY_AFTER; looked++) {
		if (w->nframes == 0)
			return FSWALK_END;
		switch (next_item(w, out, err)) {
		case SHOWN:
			return FSWALK_ENTRY;
		case FAILED:
			return FSWALK_FAILED;
		case NOTHING:
		case GONE:
			break;
		}
	}
	return FSWALK_BUSY;
}
