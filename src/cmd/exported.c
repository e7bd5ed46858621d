#include "cmd/exported.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "buildkit/fstree.h"

/* In front of the names of our own folders; what others of us left behind begins so too. */
static const char mark[] = ".buildtools-";

static void
random_name(char *out, size_t size, const char *what)
{
	unsigned long long id;

	random_bytes(&id, sizeof(id));
	snprintf(out, size, "%s%s-%016llx", mark, what, id);
}

/*
 * What a process that was killed left behind: its folder is not locked any more.
 * Where locks do not work nothing is taken for left behind.
 */
static void
remove_stale(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d) {
		fd_close(&copy);
		return;
	}
	while ((entry = readdir(d))) {
		cleanup_fd int fd = -1;

		if (strncmp(entry->d_name, mark, strlen(mark)) != 0)
			continue;
		fd = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			fstree_remove(dir, entry->d_name, NULL);
	}
	closedir(d);
}

static int
open_dir(struct exported *e, struct err *err)
{
	struct stat st;

	e->made = mkdirat(e->parent, EXPORTED_NAME, 0755) == 0;
	if (!e->made && errno != EEXIST)
		return err_sys(err, "create folder '%s'", EXPORTED_NAME);
	e->dir = openat(e->parent, EXPORTED_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (e->dir >= 0)
		return 0;
	err_sys(err, "open folder '%s'", EXPORTED_NAME);
	if (fstatat(e->parent, EXPORTED_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		err_hint(err, "a symbolic link of that name is not followed: remove it");
	return -1;
}

/* A new folder of ours, locked as long as it is open. */
static int
make_folder(struct exported *e, const char *name, struct err *err)
{
	int fd;

	if (mkdirat(e->dir, name, 0755))
		return err_sys(err, "create a folder in '%s'", EXPORTED_NAME);
	fd = openat(e->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open a folder in '%s'", EXPORTED_NAME);
	(void)flock(fd, LOCK_EX | LOCK_NB);
	return fd;
}

int
exported_open(struct exported *e, const char *context, struct err *err)
{
	e->parent = open(context, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->parent < 0)
		return err_sys(err, "open '%s'", context);
	if (open_dir(e, err))
		return -1;
	random_name(e->name, sizeof(e->name), "new");
	flock(e->dir, LOCK_EX);
	remove_stale(e->dir);
	e->staging = make_folder(e, e->name, err);
	flock(e->dir, LOCK_UN);
	return e->staging < 0 ? -1 : 0;
}

/* Renames every entry of one folder into another, leaving out our own folders. */
static int
move_all(int from, int to, struct err *err)
{
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int rc = 0;

	if (!d) {
		fd_close(&copy);
		return err_sys(err, "read folder '%s'", EXPORTED_NAME);
	}
	while (rc == 0 && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			!strncmp(entry->d_name, mark, strlen(mark)))
			continue;
		if (renameat(from, entry->d_name, to, entry->d_name))
			rc = err_sys(err, "replace '%s/%s'", EXPORTED_NAME, entry->d_name);
	}
	closedir(d);
	return rc;
}

/* On failure everything is where it was before. */
static int
replace(struct exported *e, int old, struct err *err)
{
	if (move_all(e->dir, old, err)) {
		move_all(old, e->dir, NULL);
		return -1;
	}
	if (move_all(e->staging, e->dir, err)) {
		move_all(e->dir, e->staging, NULL);
		move_all(old, e->dir, NULL);
		return -1;
	}
	return 0;
}

int
exported_publish(struct exported *e, struct err *err)
{
	cleanup_fd int old = -1;
	char name[sizeof(e->name)];
	int rc = -1;

	random_name(name, sizeof(name), "old");
	/* builds in one directory take turns; renames only, so it is over at once */
	flock(e->dir, LOCK_EX);
	old = make_folder(e, name, err);
	if (old >= 0)
		rc = replace(e, old, err);
	flock(e->dir, LOCK_UN);
	if (rc == 0)
		e->made = false;
	fstree_remove(e->dir, name, NULL);
	return rc;
}

void
exported_close(struct exported *e)
{
	if (e->staging >= 0)
		fstree_remove(e->dir, e->name, NULL);
	/* a folder for nothing, unless somebody else uses it meanwhile */
	if (e->made)
		unlinkat(e->parent, EXPORTED_NAME, AT_REMOVEDIR);
	e->made = false;
	fd_close(&e->staging);
	fd_close(&e->dir);
	fd_close(&e->parent);
}
