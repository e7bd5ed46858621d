/*
 * An image on its way as files: an OCI image layout that is read, in a folder or in a tar
 * archive, which stays packed.
 * Whoever made one may have meant ill: only regular files count, no symlink is followed,
 * everything has a cap, and what a blob holds is for the reader to verify.
 */
#ifndef IMAGE_PARCEL_H
#define IMAGE_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/mem.h"

struct buf;
struct err;
struct parcel;

enum {
	PARCEL_DOCUMENT_MAX = 4 * 1024 * 1024, /* index.json, manifests */
	PARCEL_BLOBS_MAX = 64 * 1024,          /* in an archive */
};

/*
 * ERR_SYS naming the path; ERR_CONFIG for what is no layout, ERR_PROTO for a broken
 * one. NULL on failure.
 */
struct parcel *parcel_open(const char *path, struct err *err);
void parcel_close(struct parcel *l);
void parcel_closep(struct parcel **l);
#define cleanup_parcel CLEANUP(parcel_closep)

/* index.json. */
int parcel_index(struct parcel *l, struct buf *out, struct err *err);

/* Where the bytes of a blob are. */
struct parcel_blob {
	int fd; /* -1: there is none */
	bool owned;
	uint64_t at, size;
};

/*
 * A blob by its sha256 digest; *found is false, and that is success, when it is not
 * there. To be closed.
 */
int parcel_find(struct parcel *l, const char *digest, struct parcel_blob *out, bool *found,
	struct err *err);
/* Bytes from offset at on: their number, 0 behind the end, -1. */
ssize_t parcel_blob_read(
	const struct parcel_blob *b, uint64_t at, void *p, size_t len, struct err *err);
void parcel_blob_close(struct parcel_blob *b);
#define cleanup_parcel_blob CLEANUP(parcel_blob_close)

/* A manifest whole, whose bytes are those of its digest. ERR_PROTO; ERR_LIMIT. */
int parcel_document(
	struct parcel *l, const char *digest, uint64_t size, struct buf *out, struct err *err);

#endif
