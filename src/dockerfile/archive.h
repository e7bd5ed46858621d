/*
 * Finds one file in a tar archive (POSIX ustar and pax, GNU) that comes in
 * pieces. Pure.
 */
#ifndef DOCKERFILE_ARCHIVE_H
#define DOCKERFILE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct err;

enum { ARCHIVE_BLOCK = 512 };

struct archive {
	struct str want; /* borrowed; a path from the archive's top */
	struct buf out;  /* its content; the last one of that name counts */
	bool found;
	bool link; /* it is a link to something else */

	/* private */
	char head[ARCHIVE_BLOCK];
	size_t have;
	uint64_t left, padding; /* of the present entry's content */
	struct buf *into;       /* where that goes, or NULL */
	struct buf note, path;  /* for the next entry: its pax header, its long name */
	char kind;              /* of the present entry */
	bool started, ended, pax_sized;
	uint64_t pax_size;
};

/* limit: bytes of the content that is looked for. */
void archive_init(struct archive *a, struct str want, size_t limit);
void archive_release(struct archive *a);

/* Is this the first block of an archive? */
bool archive_is_head(struct str first);
/* The next bytes. ERR_CONFIG for an archive that is damaged, ERR_LIMIT. */
int archive_feed(struct archive *a, struct str bytes, struct err *err);
/* No more bytes follow. */
int archive_end(struct archive *a, struct err *err);

#endif
