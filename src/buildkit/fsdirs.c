#include "buildkit/fsdirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/limits.h"

/* A component takes two bytes of a path or more. */
enum { DEPTH_MAX = LIMIT_PATH / 2 + 1 };

void
fsdirs_init(struct fsdirs *d, int root)
{
	size_t i;

	*d = (struct fsdirs){.root = root};
	for (i = 0; i < FSDIRS_OPEN; i++)
		d->slots[i].fd = -1;
	fsdirs_add(d, FSDIRS_ROOT, (struct str){0});
}

void
fsdirs_release(struct fsdirs *d)
{
	size_t i;

	for (i = 0; i < FSDIRS_OPEN; i++)
		fd_close(&d->slots[i].fd);
	arena_release(&d->names);
	free(d->recs);
	*d = (struct fsdirs){.root = -1};
	for (i = 0; i < FSDIRS_OPEN; i++)
		d->slots[i].fd = -1;
}

uint32_t
fsdirs_add(struct fsdirs *d, uint32_t parent, struct str name)
{
	if (d->n == UINT32_MAX)
		BUG("too many directories");
	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 16;
		d->recs = xreallocarray(d->recs, d->cap, sizeof(*d->recs));
	}
	d->recs[d->n] = (struct fsdirs_rec){arena_str(&d->names, name), parent};
	return (uint32_t)d->n++;
}

void
fsdirs_drop(struct fsdirs *d, uint32_t dir)
{
	size_t i;

	if (dir == FSDIRS_ROOT || dir + 1 != d->n)
		BUG("not the newest directory");
	d->n--;
	/* its number will be given to another directory */
	for (i = 0; i < FSDIRS_OPEN; i++)
		if (d->slots[i].dir == dir)
			fd_close(&d->slots[i].fd);
}

static int
cached(struct fsdirs *d, uint32_t dir)
{
	size_t i;

	for (i = 0; i < FSDIRS_OPEN; i++) {
		if (d->slots[i].fd < 0 || d->slots[i].dir != dir)
			continue;
		d->slots[i].used = ++d->clock;
		return d->slots[i].fd;
	}
	return -1;
}

static void
keep(struct fsdirs *d, uint32_t dir, int fd)
{
	struct fsdirs_slot *oldest = &d->slots[0];
	size_t i;

	for (i = 0; i < FSDIRS_OPEN; i++) {
		if (d->slots[i].fd < 0) {
			oldest = &d->slots[i];
			break;
		}
		if (d->slots[i].used < oldest->used)
			oldest = &d->slots[i];
	}
	fd_close(&oldest->fd);
	*oldest = (struct fsdirs_slot){.fd = fd, .dir = dir, .used = ++d->clock};
}

int
fsdirs_fd(struct fsdirs *d, uint32_t dir)
{
	uint32_t missing[DEPTH_MAX];
	size_t n = 0;
	int fd = -1;

	while (dir != FSDIRS_ROOT && (fd = cached(d, dir)) < 0) {
		if (n == DEPTH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		missing[n++] = dir;
		dir = d->recs[dir].parent;
	}
	if (dir == FSDIRS_ROOT)
		fd = d->root;
	if (fd == -1) {
		errno = ENOENT;
		return -1;
	}
	while (n) {
		dir = missing[--n];
		fd = openat(fd, d->recs[dir].name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return -1;
		keep(d, dir, fd);
	}
	return fd;
}

void
fsdirs_path(const struct fsdirs *d, uint32_t dir, struct buf *out)
{
	uint32_t up[DEPTH_MAX];
	size_t n = 0;

	for (; dir != FSDIRS_ROOT && n < DEPTH_MAX; dir = d->recs[dir].parent)
		up[n++] = dir;
	while (n) {
		buf_puts(out, d->recs[up[--n]].name);
		buf_putc(out, '/');
	}
}
