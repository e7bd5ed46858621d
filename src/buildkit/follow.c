#include "buildkit/follow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/map.h"
#include "buildkit/fslist.h"
#include "buildkit/pattern.h"

struct follower {
	int root;
	struct arena *a;
	struct map seen;  /* paths that were resolved or are being resolved */
	struct map found; /* results */
	struct err *err;
};

/* Clean and relative to the root, which is "."; ".." cannot leave it. */
static const char *
relative(struct arena *a, struct str path)
{
	char *clean = path_clean(a, str_from(arena_fmt(a, "/" STR_FMT, STR_ARG(path))));

	return clean[1] ? clean + 1 : ".";
}

/* The path rest, taken from what a symlink in front of it leads to. */
static const char *
behind(struct arena *a, const char *target, const char *rest)
{
	return relative(a, str_from(arena_fmt(a, "%s/%s", target, rest)));
}

static struct str
dir_of(const char *path)
{
	ptrdiff_t at = str_rfind(str_from(path), '/');

	return at < 0 ? (struct str){0} : str_n(path, (size_t)at);
}

/* Is the error one of an entry that is not there, or not what was thought? */
static bool
is_absent(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == EINVAL ||
	       errnum == ENAMETOOLONG;
}

/*
 * Where the symlink name in dirfd leads, relative to the root; *out is NULL when
 * it is no symlink. path is the link's own.
 */
static int
read_link(int dirfd, const char *path, struct arena *a, const char **out, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char target[LIMIT_PATH];
	struct str dir = dir_of(path);
	ssize_t n;

	*out = NULL;
	if (dirfd < 0)
		return 0;
	n = readlinkat(dirfd, name, target, sizeof(target));
	if (n < 0 && is_absent(errno))
		return 0;
	if (n < 0)
		return err_sys(err, "read link '%s'", path);
	if ((size_t)n == sizeof(target))
		return err_errno(err, ERR_SYS, ENAMETOOLONG, "read link '%s'", path);
	if (n > 0 && target[0] == '/')
		*out = relative(a, str_n(target, (size_t)n));
	else
		*out = relative(
			a, str_from(arena_fmt(a, STR_FMT "/%.*s", STR_ARG(dir), (int)n, target)));
	return 0;
}

/* Adds the targets of all symlinks in dirfd that match the wildcards in path's last part. */
static int
read_matching_links(struct follower *f, int dirfd, const char *path, struct strlist *targets)
{
	struct str dir = dir_of(path);
	struct str pattern = str_from(dir.len ? path + dir.len + 1 : path);
	cleanup_fd int fd = -1;
	struct fslist list;
	struct fslist_entry e;
	const char *target, *link;

	if (dirfd < 0)
		return 0;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && is_absent(errno))
		return 0;
	if (fd < 0)
		return err_sys(f->err, "read directory '" STR_FMT "'", STR_ARG(dir));
	fslist_init(&list, fd);
	while (fslist_next(&list, &e)) {
		if ((e.type != DT_LNK && e.type != DT_UNKNOWN) ||
			!pattern_match_name(pattern, e.name))
			continue;
		link = dir.len ? arena_fmt(f->a, STR_FMT "/%s", STR_ARG(dir), e.name.s)
			       : arena_str(f->a, e.name);
		if (read_link(fd, link, f->a, &target, f->err))
			return -1;
		if (target)
			strlist_add(targets, f->a, target);
		if (targets->n > FOLLOW_MAX_RESULTS)
			return err_set(f->err, ERR_LIMIT, "too many symlinks match '%s'", path);
	}
	errno = list.error;
	if (list.error)
		return err_sys(f->err, "read directory '" STR_FMT "'", STR_ARG(dir));
	return 0;
}

/* Marks the key; true when it was marked before. */
static bool
mark(struct map *m, const char *key)
{
	if (map_get(m, str_from(key)))
		return true;
	map_set(m, str_from(key), m);
	return false;
}

static int
targets_of(struct follower *f, int dirfd, const char *path, struct strlist *targets)
{
	const char *slash = strrchr(path, '/');
	const char *target;

	if (pattern_has_wildcard(str_from(slash ? slash + 1 : path)))
		return read_matching_links(f, dirfd, path, targets);
	if (read_link(dirfd, path, f->a, &target, f->err))
		return -1;
	if (target)
		strlist_add(targets, f->a, target);
	return 0;
}

/* Opens the directory name in *fd in its place; *fd is -1 when there is none. */
static void
descend(int root, int *fd, const char *name)
{
	int from = *fd >= 0 ? *fd : root;
	int next =
		from < 0 ? -1 : openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	fd_close(fd);
	*fd = next;
}

/*
 * Follows one path to its first symlink. Every new path that it leads to is
 * added to next. A path is looked at once, however it is reached: that ends
 * circles.
 */
static int
follow_one(struct follower *f, const char *path, struct strlist *next)
{
	cleanup_fd int fd = -1;
	struct strlist targets = {0};
	char *current = arena_cstr(f->a, path), *name = current, *end;
	bool missing = f->root < 0, last = false;
	size_t i;

	while (!last && targets.n == 0) {
		end = name + strcspn(name, "/");
		last = *end == '\0';
		*end = '\0';
		if (!missing && targets_of(f, fd >= 0 ? fd : f->root, current, &targets))
			return -1;
		if (targets.n || last)
			mark(&f->found, current);
		if (!missing && !last && targets.n == 0) {
			descend(f->root, &fd, name);
			missing = fd < 0;
		}
		if (!last) {
			*end = '/';
			name = end + 1;
		}
	}
	for (i = 0; i < targets.n; i++)
		strlist_add(next, f->a, behind(f->a, targets.items[i], last ? "" : name));
	return 0;
}

/* Follows a list of paths and what they lead to, symlink by symlink. */
static int
follow_all(struct follower *f, struct strlist *paths)
{
	struct strlist now = *paths, next;
	size_t depth, i;

	/* a link into itself makes ever longer paths: that ends by depth */
	for (depth = 0; now.n && depth < FOLLOW_MAX_DEPTH; depth++) {
		next = (struct strlist){0};
		for (i = 0; i < now.n; i++) {
			if (mark(&f->seen, now.items[i]))
				continue;
			if (f->seen.n > FOLLOW_MAX_RESULTS)
				return err_set(f->err, ERR_LIMIT,
					"the requested paths lead through more than %d others",
					FOLLOW_MAX_RESULTS);
			if (strlen(now.items[i]) > LIMIT_PATH)
				continue;
			if (follow_one(f, now.items[i], &next))
				return -1;
		}
		now = next;
	}
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
follow_paths(int dirfd, const char *const *paths, size_t n, struct arena *a, struct strlist *out,
	bool *everything, struct err *err)
{
	struct follower f = {.root = dirfd, .a = a, .err = err};
	struct strlist list = {0}, found = {0};
	const char *last = NULL;
	size_t i;
	int rc;

	*everything = false;
	for (i = 0; i < n; i++)
		strlist_add(&list, a, relative(a, str_from(paths[i])));
	rc = follow_all(&f, &list);
	for (i = 0; rc == 0 && i < f.found.n; i++)
		strlist_add(&found, a, arena_cstr(a, f.found.entries[i].key));
	map_release(&f.seen);
	map_release(&f.found);
	if (found.n)
		qsort(found.items, found.n, sizeof(*found.items), compare);
	for (i = 0; i < found.n; i++) {
		const char *path = found.items[i];

		*everything |= strcmp(path, ".") == 0;
		if (last && strncmp(path, last, strlen(last)) == 0 && path[strlen(last)] == '/')
			continue;
		strlist_add(out, a, path);
		last = path;
	}
	return rc;
}

/* The path behind its first symlink among the parents, or NULL when there is none. */
static int
follow_first_parent(int root, const char *path, struct arena *a, const char **out, struct err *err)
{
	cleanup_fd int fd = -1;
	char *current = arena_cstr(a, path), *name = current, *end;
	const char *target;

	*out = NULL;
	while ((end = strchr(name, '/'))) {
		*end = '\0';
		if (read_link(fd >= 0 ? fd : root, current, a, &target, err))
			return -1;
		if (target) {
			*out = behind(a, target, end + 1);
			return 0;
		}
		descend(root, &fd, name);
		if (fd < 0)
			return 0;
		*end = '/';
		name = end + 1;
	}
	return 0;
}

int
follow_parents(int dirfd, const char *path, struct arena *a, char **out, struct err *err)
{
	const char *now = relative(a, str_from(path)), *next;
	int jumps;

	for (jumps = 0; jumps < FOLLOW_MAX_DEPTH && strlen(now) <= LIMIT_PATH; jumps++) {
		if (follow_first_parent(dirfd, now, a, &next, err))
			return -1;
		if (!next) {
			*out = arena_cstr(a, now);
			return 0;
		}
		now = next;
	}
	return err_errno(err, ERR_SYS, ELOOP, "resolve '%s'", path);
}
