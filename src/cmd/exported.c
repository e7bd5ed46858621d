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

int
exported_open(struct exported *e, const char *context, struct err *err)
{
	cleanup_fd int parent = open(context, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return err_sys(err, "open '%s'", context);
	if (mkdirat(parent, EXPORTED_NAME, 0755) && errno != EEXIST)
		return err_sys(err, "create folder '%s'", EXPORTED_NAME);
	e->dir = openat(parent, EXPORTED_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (e->dir < 0) {
		err_sys(err, "open folder '%s'", EXPORTED_NAME);
		if (err && err->code == ELOOP)
			err_hint(err, "a symbolic link of that name is not followed: remove it");
		return -1;
	}
	random_name(e->name, sizeof(e->name), "new");
	if (mkdirat(e->dir, e->name, 0755))
		return err_sys(err, "create a folder in '%s'", EXPORTED_NAME);
	e->staging = openat(e->dir, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (e->staging < 0)
		return err_sys(err, "open a folder in '%s'", EXPORTED_NAME);
	return 0;
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

int
exported_publish(struct exported *e, struct err *err)
{
	cleanup_fd int old = -1;
	char name[sizeof(e->name)];
	int rc;

	random_name(name, sizeof(name), "old");
	if (mkdirat(e->dir, name, 0755))
		return err_sys(err, "create a folder in '%s'", EXPORTED_NAME);
	old = openat(e->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0)
		return err_sys(err, "open a folder in '%s'", EXPORTED_NAME);
	/* builds in one directory take turns; renames only, so it is over at once */
	flock(e->dir, LOCK_EX);
	rc = move_all(e->dir, old, err);
	if (rc == 0)
		rc = move_all(e->staging, e->dir, err);
	if (rc)
		move_all(old, e->dir, NULL);
	flock(e->dir, LOCK_UN);
	fstree_remove(e->dir, name, NULL);
	return rc;
}

void
exported_close(struct exported *e)
{
	if (e->staging >= 0)
		fstree_remove(e->dir, e->name, NULL);
	fd_close(&e->staging);
	fd_close(&e->dir);
}
