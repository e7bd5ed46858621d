#include "fsprobe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "test.h"

enum { NOBODY = 65534 };

void
be_nobody(void)
{
	if (geteuid() == 0)
		assert_that(seteuid(NOBODY) == 0, "seteuid: %s", strerror(errno));
}

void
be_self(void)
{
	if (getuid() != geteuid())
		assert_that(seteuid(getuid()) == 0, "seteuid: %s", strerror(errno));
}

void
tree_init_in_memory(struct tree *t)
{
	snprintf(t->path, sizeof(t->path), "/dev/shm/tree.XXXXXX");
	if (!mkdtemp(t->path))
		tree_init(t);
}

int
tree_open(const struct tree *t)
{
	int fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_that(fd >= 0, "open '%s': %s", t->path, strerror(errno));
	return fd;
}

/* The path of the first name of an inode, so that hard links show. */
struct seen {
	ino_t ino;
	char *path;
};

struct describer {
	struct buf *out;
	bool dir_times;
	struct seen seen[256];
	size_t nseen;
};

static const char *
first_name(struct describer *d, const struct stat *st, const char *path)
{
	size_t i;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	for (i = 0; i < d->nseen; i++)
		if (d->seen[i].ino == st->st_ino)
			return d->seen[i].path;
	assert_true(d->nseen < 256);
	d->seen[d->nseen].ino = st->st_ino;
	d->seen[d->nseen++].path = strdup(path);
	return NULL;
}

static void
describe_xattrs(const char *path, struct buf *out)
{
	char list[1024], value[1024];
	ssize_t n = llistxattr(path, list, sizeof(list)), len;
	size_t at;

	for (at = 0; n > 0 && at < (size_t)n; at += strlen(list + at) + 1) {
		len = lgetxattr(path, list + at, value, sizeof(value));
		if (len >= 0 && strncmp(list + at, "user.", 5) == 0)
			buf_addf(out, " %s=%.*s", list + at, (int)len, value);
	}
}

static void
describe_entry(struct describer *d, const char *path, const char *shown)
{
	char target[4096];
	struct stat st;
	const char *first;
	char *text;
	ssize_t n;
	size_t len;

	assert_int_equal(lstat(path, &st), 0);
	buf_addf(d->out, "%s %o", shown, (unsigned)st.st_mode);
	if (!S_ISDIR(st.st_mode) || d->dir_times)
		buf_addf(d->out, " %lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	first = first_name(d, &st, shown);
	if (first) {
		buf_addf(d->out, " = %s", first);
	} else if (S_ISLNK(st.st_mode)) {
		n = readlink(path, target, sizeof(target));
		buf_addf(d->out, " -> %.*s", (int)n, target);
	} else if (S_ISREG(st.st_mode)) {
		text = test_read_file(path, &len);
		buf_addf(d->out, " %zu ", len);
		buf_mem(d->out, text, len < 200 ? len : 200);
		free(text);
	} else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		buf_addf(d->out, " device %llx", (unsigned long long)st.st_rdev);
	}
	describe_xattrs(path, d->out);
	buf_putc(d->out, '\n');
}

static void
describe_dir(struct describer *d, const char *path, const char *shown)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), i;
	cleanup_buf struct buf sub = {0}, sub_shown = {0};
	struct stat st;

	assert_that(n >= 0, "list '%s': %s", path, strerror(errno));
	for (i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			buf_reset(&sub);
			buf_addf(&sub, "%s/%s", path, name);
			buf_reset(&sub_shown);
			buf_addf(&sub_shown, "%s%s%s", shown, shown[0] ? "/" : "", name);
			describe_entry(d, sub.p, sub_shown.p);
			if (lstat(sub.p, &st) == 0 && S_ISDIR(st.st_mode))
				describe_dir(d, sub.p, sub_shown.p);
		}
		free(names[i]);
	}
	free(names);
}

void
tree_describe(const struct tree *t, bool dir_times, struct buf *out)
{
	struct describer d = {.out = out, .dir_times = dir_times};
	size_t i;

	describe_dir(&d, t->path, "");
	for (i = 0; i < d.nseen; i++)
		free(d.seen[i].path);
}
