#include "buildkit/fstree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "buildkit/fsdirs.h"
#include "buildkit/fslist.h"

/*
 * A tree that is being removed. The newest directory of dirs is at work; its
 * record goes when it is empty and removed itself.
 */
struct removal {
	struct fsdirs dirs;
	struct buf listed; /* one byte per directory: its content was looked at */
};

static void
removal_release(struct removal *r)
{
	fsdirs_release(&r->dirs);
	buf_release(&r->listed);
}

static int
remove_error(const struct removal *r, uint32_t dir, const char *name, struct err *err)
{
	cleanup_buf struct buf path = {0};
	int saved = errno;

	fsdirs_path(&r->dirs, dir, &path);
	return err_errno(err, ERR_SYS, saved, "remove '%s%s'", buf_cstr(&path), name);
}

/* Opens up a directory that does not let its owner in. */
static bool
make_accessible(int parent, const char *name)
{
	/* there is no chmod that does not follow symlinks on older kernels */
	cleanup_fd int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[64];

	if (fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, S_IRWXU) == 0;
}

static void
push(struct removal *r, uint32_t parent, struct str name)
{
	fsdirs_add(&r->dirs, parent, name);
	buf_putc(&r->listed, 0);
}

/* Removes what is no directory; directories are left to be removed before this one. */
static int
remove_entry(struct removal *r, uint32_t dir, int fd, struct fslist_entry *e, struct err *err)
{
	if (e->type != DT_DIR) {
		if (unlinkat(fd, e->name.s, 0) == 0 || errno == ENOENT)
			return 0;
		if ((errno == EACCES || errno == EPERM) && fchmod(fd, S_IRWXU) == 0 &&
			unlinkat(fd, e->name.s, 0) == 0)
			return 0;
		/* the list did not tell the type */
		if (errno != EISDIR)
			return remove_error(r, dir, e->name.s, err);
	}
	push(r, dir, e->name);
	return 0;
}

static int
empty_dir(struct removal *r, uint32_t dir, struct err *err)
{
	const struct fsdirs_rec *rec = &r->dirs.recs[dir];
	int parent = fsdirs_fd(&r->dirs, rec->parent), fd;
	struct fslist list;
	struct fslist_entry e;

	fd = fsdirs_fd(&r->dirs, dir);
	if (fd < 0 && errno == EACCES && make_accessible(parent, rec->name))
		fd = fsdirs_fd(&r->dirs, dir);
	if (fd < 0)
		return remove_error(r, rec->parent, rec->name, err);
	fslist_init(&list, fd);
	while (fslist_next(&list, &e))
		if (remove_entry(r, dir, fd, &e, err))
			return -1;
	errno = list.error;
	return list.error ? remove_error(r, dir, "", err) : 0;
}

static int
remove_dir(struct removal *r, uint32_t dir, struct err *err)
{
	struct fsdirs_rec rec = r->dirs.recs[dir];
	int parent = fsdirs_fd(&r->dirs, rec.parent);

	if (parent == -1)
		return remove_error(r, rec.parent, rec.name, err);
	if (unlinkat(parent, rec.name, AT_REMOVEDIR) && errno != ENOENT) {
		if ((errno != EACCES && errno != EPERM) || rec.parent == FSDIRS_ROOT ||
			fchmod(parent, S_IRWXU) || unlinkat(parent, rec.name, AT_REMOVEDIR))
			return remove_error(r, rec.parent, rec.name, err);
	}
	fsdirs_drop(&r->dirs, dir);
	r->listed.len--;
	return 0;
}

int
fstree_remove(int dirfd, const char *name, struct err *err)
{
	CLEANUP(removal_release) struct removal r = {0};
	uint32_t dir;

	fsdirs_init(&r.dirs, dirfd);
	buf_putc(&r.listed, 1);
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return err_sys(err, "remove '%s'", name);
	push(&r, FSDIRS_ROOT, str_from(name));
	while (r.dirs.n > 1) {
		dir = (uint32_t)r.dirs.n - 1;
		if (r.listed.p[dir]) {
			if (remove_dir(&r, dir, err))
				return -1;
		} else {
			r.listed.p[dir] = 1;
			if (empty_dir(&r, dir, err))
				return -1;
		}
	}
	return 0;
}

/* For file systems that cannot exchange two names: old is moved aside and back if need be. */
static int
swap_in_steps(int dirfd, const char *tmpname, const char *name, struct err *err)
{
	cleanup_free char *aside = xasprintf("%s.old", tmpname);

	if (fstree_remove(dirfd, aside, err))
		return -1;
	if (renameat(dirfd, name, dirfd, aside))
		return err_sys(err, "replace '%s'", name);
	if (renameat(dirfd, tmpname, dirfd, name)) {
		err_sys(err, "replace '%s'", name);
		(void)!renameat(dirfd, aside, dirfd, name);
		return -1;
	}
	return fstree_remove(dirfd, aside, err);
}

int
fstree_swap(int dirfd, const char *tmpname, const char *name, struct err *err)
{
	/* by number: older musl has no function for it */
	if (syscall(SYS_renameat2, dirfd, tmpname, dirfd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST &&
		syscall(SYS_renameat2, dirfd, tmpname, dirfd, name, RENAME_EXCHANGE) == 0)
		return fstree_remove(dirfd, tmpname, err);
	if (errno != EINVAL && errno != ENOSYS)
		return err_sys(err, "replace '%s'", name);
	if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT) {
		if (renameat(dirfd, tmpname, dirfd, name))
			return err_sys(err, "replace '%s'", name);
		return 0;
	}
	return swap_in_steps(dirfd, tmpname, name, err);
}
