/*
 * Publishing what lies in an image layout: everything is read and verified before the
 * first byte goes out, then blobs, the manifests that refer to them, and tags last, so
 * that no name ever leads to something incomplete. Nothing but manifests is in memory,
 * one at a time.
 */
#ifndef REGISTRY_COPY_H
#define REGISTRY_COPY_H

#include <stdint.h>

#include "base/mem.h"

struct copy;
struct err;
struct parcel;
struct log;
struct ref;
struct registry;

enum {
	COPY_MANIFESTS_MAX = 1024,
	COPY_BLOBS_MAX = 16384,
	COPY_DEPTH_MAX = 4,                   /* indexes in indexes */
	COPY_READINGS_MAX = 32 * 1024 * 1024, /* bytes of manifests */
};

/* What became of the blobs. */
struct copy_count {
	unsigned sent, mounted, there;
	uint64_t bytes; /* that were sent */
};

/*
 * Finds the one image of the parcel, or the one with that name or digest (pick; NULL:
 * there is only one), with all platforms, attestations, and what is
 * about it (manifests with a subject), for publishing in the repository of where.
 * Everything is borrowed. ERR_CONFIG when it holds several images; ERR_PROTO,
 * ERR_LIMIT, ERR_SYS. NULL on failure.
 */
struct copy *copy_open(struct parcel *parcel, const char *pick, const struct ref *where,
	struct log *log, struct err *err);
void copy_close(struct copy *c);
void copy_closep(struct copy **c);
#define cleanup_copy CLEANUP(copy_closep)

/* Digest of the image. */
const char *copy_digest(const struct copy *c);

/* Everything but tags. What the registry has already is not sent. */
int copy_content(struct copy *c, struct registry *r, struct copy_count *count, struct err *err);
/* Then a tag. */
int copy_tag(struct copy *c, struct registry *r, const char *tag, struct err *err);

#endif
