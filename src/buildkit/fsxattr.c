#include "buildkit/fsxattr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "base/mem.h"
#include "buildkit/fswire.h"

enum {
	NAME_SIZE = 256,              /* XATTR_NAME_MAX and a NUL */
	PATH_SIZE = 64 + 4096,        /* /proc/self/fd/N/NAME */
	FIRST_SIZE = 512,             /* what mostly suffices */
	KERNEL_SIZE = 64 * 1024,      /* XATTR_LIST_MAX, XATTR_SIZE_MAX */
	TOTAL_SIZE = 2 * 1024 * 1024, /* of one entry; keeps its message below 3 MiB */
};

void
fsxattr_release(struct fsxattr *x)
{
	buf_release(&x->out);
}

/* There is no call with a directory and a name on the kernels that we must run on. */
static bool
entry_path(char *path, int dirfd, const char *name)
{
	int n = snprintf(path, PATH_SIZE, "/proc/self/fd/%d/%s", dirfd, name);

	return n > 0 && n < PATH_SIZE;
}

/* Bytes of the attribute, or of the list of names (name NULL), in *p: first small, then *big. */
static ssize_t
read_value(const char *path, const char *name, char *small, char **big, char **p)
{
	ssize_t n = name ? lgetxattr(path, name, small, FIRST_SIZE)
			 : llistxattr(path, small, FIRST_SIZE);

	*p = small;
	if (n >= 0 || errno != ERANGE)
		return n;
	*big = *p = xmalloc(KERNEL_SIZE);
	return name ? lgetxattr(path, name, *p, KERNEL_SIZE) : llistxattr(path, *p, KERNEL_SIZE);
}

static int
add_value(struct fsxattr *x, const char *path, const char *name, struct err *err)
{
	cleanup_free char *big = NULL;
	char small[FIRST_SIZE], *value;
	ssize_t n;

	if (str_starts(str_from(name), STR("com.apple.")))
		return 0;
	n = read_value(path, name, small, &big, &value);
	if (n < 0)
		return 0;
	return fsstat_add_xattr(&x->out, str_from(name), str_n(value, (size_t)n), err);
}

int
fsxattr_read(
	struct fsxattr *x, int dirfd, const char *name, dev_t dev, struct str *out, struct err *err)
{
	cleanup_free char *big = NULL;
	char path[PATH_SIZE], small[FIRST_SIZE], *list;
	ssize_t n;
	size_t at;

	*out = (struct str){0};
	if ((x->has_without && x->without == dev) || !entry_path(path, dirfd, name))
		return 0;
	n = read_value(path, NULL, small, &big, &list);
	if (n < 0 && errno == ENOTSUP) {
		x->has_without = true;
		x->without = dev;
	}
	if (n <= 0)
		return n < 0 && errno == E2BIG ? err_sys(err, "list names") : 0;
	x->out.max = TOTAL_SIZE;
	buf_reset(&x->out);
	for (at = 0; at < (size_t)n; at += strlen(list + at) + 1)
		if (add_value(x, path, list + at, err))
			return -1;
	*out = buf_view(&x->out);
	return 0;
}

static void
set_all(int fd, const char *path, struct str xattrs)
{
	struct str name, value;
	char cname[NAME_SIZE];

	while (fsstat_next_xattr(&xattrs, &name, &value)) {
		if (name.len == 0 || name.len >= sizeof(cname))
			continue;
		memcpy(cname, name.s, name.len);
		cname[name.len] = '\0';
		/* not every file system and not every user can have every attribute */
		if (path)
			(void)!lsetxattr(path, cname, value.s, value.len, 0);
		else
			(void)!fsetxattr(fd, cname, value.s, value.len, 0);
	}
}

void
fsxattr_set(int fd, struct str xattrs)
{
	set_all(fd, NULL, xattrs);
}

void
fsxattr_set_at(int dirfd, const char *name, struct str xattrs)
{
	char path[PATH_SIZE];

	if (xattrs.len && entry_path(path, dirfd, name))
		set_all(-1, path, xattrs);
}
