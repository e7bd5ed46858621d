/*
 * Reading tar archives (POSIX.1-2001 and GNU): what lies where in them. Content is not
 * touched, so that an archive of any size costs a header's memory. The archive is
 * hostile: every size is held against the file's.
 */
#ifndef IMAGE_TAR_H
#define IMAGE_TAR_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum {
	TAR_BLOCK = 512,
	TAR_NAME_MAX = 512,        /* bytes; longer names are given as empty */
	TAR_EXTRA_MAX = 64 * 1024, /* an extended header or long name */
	TAR_ENTRIES_MAX = 1024 * 1024,
};

struct tar {
	int fd;        /* borrowed; any offset, it is read with pread(2) */
	uint64_t size; /* of the file */
	uint64_t at;   /* of the next header */
	unsigned entries;
};

struct tar_entry {
	char name[TAR_NAME_MAX + 1]; /* without "./" at the beginning and '/' at the end */
	bool is_file;                /* a regular one; anything else has no content for us */
	uint64_t at, size;           /* its content */
};

/*
 * The next entry: 1, 0 at the end, -1. ERR_PROTO for what is no tar archive or is cut
 * off, ERR_LIMIT, ERR_SYS.
 */
int tar_next(struct tar *t, struct tar_entry *e, struct err *err);

#endif
