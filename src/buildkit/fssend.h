/*
 * Sender side of diff-copy: shows a directory to the builder and hands out the
 * files it asks for. Knows nothing of the network: packets come in by
 * fssend_receive, framed messages go out by fssend_produce.
 *
 * Memory grows with the number of paths (a record of 24 bytes, and the name),
 * never with their content. Every component is opened on its own and symlinks
 * are never followed, so a directory that is replaced while the transfer runs
 * cannot lead outside of the root. Owner and group are always sent as 0.
 * Extended attributes are read through /proc/self/fd; without /proc none are sent.
 */
#ifndef BUILDKIT_FSSEND_H
#define BUILDKIT_FSSEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct err;
struct fssend;

/* A file from memory. It hides an entry of the directory with the same path. */
struct fssend_file {
	const char *path;   /* root-relative; may be in a sub-directory, real or not */
	struct str content; /* borrowed until fssend_free */
	uint32_t mode;      /* permissions, 0644 */
	int64_t mtime_ns;   /* must change with the content, or the builder may not ask again */
};

/* All borrowed until fssend_free. */
struct fssend_root {
	int dirfd;        /* the directory, or -1 when only files are served */
	const char *name; /* what messages call it: "context" */
	const struct fssend_file *files;
	size_t nfiles;
	/* root-relative paths that are never sent, whatever the patterns say, with all below */
	const char *const *never;
	size_t nnever;
};

/* The lists of the call; borrowed for fssend_new only. */
struct fssend_filter {
	const char *const *include;
	size_t ninclude;
	const char *const *exclude;
	size_t nexclude;
	const char *const *follow;
	size_t nfollow;
};

/* Told of each entry of the walk; for reports. Either function may be NULL. */
struct fssend_observer {
	void *arg;
	void (*sent)(void *arg, struct str path, uint32_t mode, uint64_t size);
	/* pattern: the one that excluded it, empty when no include pattern matched */
	void (*ignored)(void *arg, struct str path, bool is_dir, struct str pattern);
};

struct fssend_stats {
	uint64_t entries;         /* announced, directories and links included */
	uint64_t files;           /* announced with content of their own */
	uint64_t bytes_announced; /* their sizes */
	uint64_t files_requested;
	uint64_t bytes_sent;   /* of content, without headers */
	uint64_t record_bytes; /* memory held for paths, beyond their names */
	uint64_t name_bytes;
};

enum fssend_state {
	FSSEND_MORE,  /* call again when there is room */
	FSSEND_WAIT,  /* nothing to say until a packet was received */
	FSSEND_DONE,  /* our FIN was produced: send it and end the call with status 0 */
	FSSEND_FAILED /* err is set; send what was produced, end the call with an error */
};

/* ERR_CONFIG for a bad pattern, ERR_SYS when the root cannot be used. NULL on failure. */
struct fssend *fssend_new(
	const struct fssend_root *root, const struct fssend_filter *filter, struct err *err);
void fssend_free(struct fssend *s);
/* Before the first fssend_produce. */
void fssend_observe(struct fssend *s, const struct fssend_observer *observer);

/*
 * Takes one packet (without frame). -1: the peer reported an error (ERR_REMOTE)
 * or broke the protocol. Call fssend_produce all the same: it has the ERR packet for
 * the second case, and answers FSSEND_FAILED with the same error.
 */
int fssend_receive(struct fssend *s, struct str packet, struct err *err);

/*
 * Appends whole framed messages to out until it grew by at least budget bytes
 * (and by up to one message more) or there is nothing more to say.
 */
enum fssend_state fssend_produce(struct fssend *s, struct buf *out, size_t budget, struct err *err);

void fssend_get_stats(const struct fssend *s, struct fssend_stats *out);

#endif
