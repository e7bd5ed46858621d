#include "tree.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

void
tree_init(struct tree *t)
{
	snprintf(t->path, sizeof(t->path), "/tmp/tree.XXXXXX");
	assert_that(mkdtemp(t->path), "make '%s': %s", t->path, strerror(errno));
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void
tree_release(struct tree *t)
{
	if (t->path[0])
		nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	t->path[0] = '\0';
}

const char *
tree_path(const struct tree *t, const char *name)
{
	static char path[PATH_MAX];
	char *p;

	snprintf(path, sizeof(path), "%s/%s", t->path, name);
	for (p = strchr(path + strlen(t->path) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		assert_that(mkdir(path, 0755) == 0 || errno == EEXIST, "make '%s': %s", path,
			strerror(errno));
		*p = '/';
	}
	return path;
}

void
tree_write(const struct tree *t, const char *name, const char *fmt, ...)
{
	const char *path = tree_path(t, name);
	FILE *f = fopen(path, "w");
	va_list ap;

	assert_that(f, "write '%s': %s", path, strerror(errno));
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	assert_that(fclose(f) == 0, "write '%s': %s", path, strerror(errno));
}

void
tree_mkdir(const struct tree *t, const char *name)
{
	const char *path = tree_path(t, name);

	assert_that(
		mkdir(path, 0755) == 0 || errno == EEXIST, "make '%s': %s", path, strerror(errno));
}

void
tree_link(const struct tree *t, const char *name, const char *target)
{
	const char *path = tree_path(t, name);

	assert_that(symlink(target, path) == 0, "link '%s': %s", path, strerror(errno));
}
