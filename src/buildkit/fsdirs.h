/*
 * Directories of one tree by number, opened when needed: a table of (parent,
 * name) records and a few open descriptors. No path is ever joined and no symlink
 * followed: a directory is reached component by component from the nearest one
 * that is open.
 */
#ifndef BUILDKIT_FSDIRS_H
#define BUILDKIT_FSDIRS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum { FSDIRS_ROOT = 0, FSDIRS_OPEN = 16 };

struct fsdirs_rec {
	const char *name; /* in names; the root's is "" */
	uint32_t parent;
};

struct fsdirs_slot {
	int fd; /* -1: free */
	uint32_t dir;
	uint64_t used; /* clock of the last use */
};

struct fsdirs {
	struct arena names; /* the owner may keep other names here too */
	struct fsdirs_rec *recs;
	size_t n, cap;
	struct fsdirs_slot slots[FSDIRS_OPEN];
	uint64_t clock;
	int root; /* borrowed; AT_FDCWD too; -1: nothing can be opened */
};

void fsdirs_init(struct fsdirs *d, int root);
void fsdirs_release(struct fsdirs *d);
/* A new record; name is copied. */
uint32_t fsdirs_add(struct fsdirs *d, uint32_t parent, struct str name);
/* Forgets the record added last. */
void fsdirs_drop(struct fsdirs *d, uint32_t dir);
/*
 * A descriptor of the directory, open for reading, or -1 with errno. Borrowed
 * until the next call.
 */
int fsdirs_fd(struct fsdirs *d, uint32_t dir);
/* Appends "a/b/" for directory a/b, nothing for the root. */
void fsdirs_path(const struct fsdirs *d, uint32_t dir, struct buf *out);

#endif
