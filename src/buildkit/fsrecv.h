/*
 * Receiver side of diff-copy: writes what the builder sends below a directory
 * (local export). Knows nothing of the network: packets come in by
 * fsrecv_receive, framed replies are appended to a buffer.
 *
 * The peer is not trusted: nothing is created, changed or linked outside of the
 * directory. Each component is opened on its own without following symlinks,
 * order and paths are checked as the protocol demands. Owner and group are the
 * caller's own. Nothing that the sender does not list is removed. Several
 * receivers may work in one directory at the same time.
 *
 * Directories get their final mode and time when everything is written.
 */
#ifndef BUILDKIT_FSRECV_H
#define BUILDKIT_FSRECV_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct err;
struct fsrecv;

enum {
	FSRECV_MAX_ENTRIES = 16 * 1024 * 1024, /* entries of one transfer */
	FSRECV_MAX_OPEN = 32                   /* files open for writing at the same time */
};

struct fsrecv_options {
	const char *name; /* what messages call the directory: "exported" */
};

struct fsrecv_stats {
	uint64_t entries;
	uint64_t files;
	uint64_t bytes; /* content written */
};

enum fsrecv_state {
	FSRECV_MORE, /* waiting for packets */
	FSRECV_DONE  /* everything is on disk and our FIN was appended; any end will do now */
};

/* dirfd is borrowed until fsrecv_free and must be open for reading. */
struct fsrecv *fsrecv_new(int dirfd, const struct fsrecv_options *options, struct err *err);
void fsrecv_free(struct fsrecv *r);

/*
 * Takes one packet (without frame) and appends REQ, FIN or ERR to out. -1: the
 * transfer failed; send what was appended and end the call with an error. Every
 * later call fails with the same error. Packets after FSRECV_DONE are ignored.
 */
int fsrecv_receive(struct fsrecv *r, struct str packet, struct buf *out, struct err *err);
enum fsrecv_state fsrecv_state(const struct fsrecv *r);
void fsrecv_get_stats(const struct fsrecv *r, struct fsrecv_stats *out);

#endif
