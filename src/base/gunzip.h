/*
 * Reads gzip (RFC 1952, RFC 1951): bytes are pulled from one function and handed
 * to another. Pure. The checksum is not looked at: whoever needs the content to be
 * right has another reader for it.
 */
#ifndef BASE_GUNZIP_H
#define BASE_GUNZIP_H

#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"

struct err;

struct gunzip_io {
	/* As read(2): 0 at the end, -1 with err set. */
	ssize_t (*read)(void *p, size_t len, void *arg, struct err *err);
	int (*write)(struct str bytes, void *arg, struct err *err);
	void *arg;
};

/* All members of the file. ERR_PROTO when it is malformed or cut off; errors of the two functions.
 */
int gunzip(const struct gunzip_io *io, struct err *err);

#endif
