/*
 * An OCI image layout (image-spec 1.1): a folder of blobs, each under its digest,
 * and index.json, in which some of them have a name.
 *
 * Nothing outside of the folder is reached: digests are the only part of a path
 * that a peer chooses, and links within are not followed. Blobs and the index
 * take their places by one rename, complete and verified.
 */
#ifndef BUILDKIT_LAYOUT_H
#define BUILDKIT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/sha256.h"
#include "base/str.h"

struct err;

enum { LAYOUT_DIGEST_MAX = sizeof("sha512:") + 128 };

/*
 * A descriptor of the blob, to be closed by the caller, and its size. ERR_PROTO
 * for a digest that is none; ERR_SYS with ENOENT when there is no such blob.
 */
int layout_blob(int dir, struct str digest, uint64_t *size, struct err *err);

/* A blob that is coming in. */
struct ingest {
	int dir;       /* of the layout, borrowed */
	int fd;        /* -1: not begun */
	uint64_t size; /* so far */
	struct sha256 hash;
	char temp[32];
};
#define INGEST_NONE \
	{ \
		.fd = -1 \
	}

int ingest_open(struct ingest *in, int dir, struct err *err);
int ingest_add(struct ingest *in, struct str data, struct err *err);
/* Forgets what came so far. */
int ingest_restart(struct ingest *in, struct err *err);
/* "sha256:..." of what came so far. */
void ingest_digest(const struct ingest *in, char digest[LAYOUT_DIGEST_MAX]);
/* Puts it into its place, which may be taken already. */
int ingest_commit(struct ingest *in, struct err *err);
/* Removes what was not committed. Safe on INGEST_NONE. */
void ingest_close(struct ingest *in);

/* Removes what processes that were killed left there a day ago or longer. */
void layout_sweep(int dir);

/*
 * The digest that index.json has under a name, which is a tag or a full
 * reference; *digest is NULL when there is none. With 'single' the only entry
 * will do whatever it is called.
 */
int layout_find(
	int dir, const char *name, bool single, struct arena *a, char **digest, struct err *err);

/*
 * Writes a descriptor (JSON) into index.json under each of the names, where it
 * takes the place of what was there; full: they are references, else tags. Makes
 * the file oci-layout as well. Others that do the same wait, as do we for them.
 * The blob must be there.
 */
int layout_name(
	int dir, struct str descriptor, const struct strlist *names, bool full, struct err *err);

#endif
