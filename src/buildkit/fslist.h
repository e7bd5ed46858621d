/*
 * The names in a directory, as the kernel gives them: no order, "." and ".."
 * left out.
 */
#ifndef BUILDKIT_FSLIST_H
#define BUILDKIT_FSLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct fslist_entry {
	struct str name;    /* view until the next call; NUL-terminated too */
	unsigned char type; /* DT_* of <dirent.h>; DT_UNKNOWN where the file system does not tell */
};

struct fslist {
	int fd;    /* borrowed; read from its current offset */
	int error; /* errno that ended the list early, or 0 */
	size_t at, len;
	_Alignas(8) char data[32 * 1024];
};

void fslist_init(struct fslist *l, int fd);
/* False at the end and on error. */
bool fslist_next(struct fslist *l, struct fslist_entry *out);

#endif
