/*
 * Extended attributes of entries, in the form of fsstat.xattrs.
 */
#ifndef BUILDKIT_FSXATTR_H
#define BUILDKIT_FSXATTR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct err;

struct fsxattr {
	struct buf out;
	bool has_without; /* a device is known whose files have none */
	dev_t without;
};

void fsxattr_release(struct fsxattr *x);

/*
 * Reads the attributes of entry name in directory dirfd, never those behind a
 * symlink. *out is a view until the next call, empty when there are none, where the
 * file system has no attributes, and without /proc. Values that cannot be read and
 * names of Apple's are left out.
 */
int fsxattr_read(struct fsxattr *x, int dirfd, const char *name, dev_t dev, struct str *out,
	struct err *err);

/*
 * Sets all attributes of an encoded list on an open file or directory. What
 * cannot be set is left out.
 */
void fsxattr_set(int fd, struct str xattrs);
/* The same for an entry that cannot be opened, such as a symlink. */
void fsxattr_set_at(int dirfd, const char *name, struct str xattrs);

#endif
