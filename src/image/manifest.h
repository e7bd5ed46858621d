/*
 * Image manifests and indexes (OCI image specification, Docker schema 2): what they refer
 * to. Bytes are never written again from what was read: their digest would change. Pure.
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

enum { MANIFEST_ENTRIES_MAX = 4096 }; /* of one document */

struct descriptor {
	const char *digest; /* a valid one */
	const char *type;   /* media type; "" when there is none */
	uint64_t size;
	const char *name;    /* what its annotations call it: mostly a tag; or NULL */
	const char *ref;     /* a reference, as containerd writes it, or NULL */
	const char *sources; /* "containerd.io/distribution.source.HOST", or NULL */
};

struct manifest {
	bool is_index;
	const char *type;           /* media type of the document itself, or NULL */
	const char *artifact_type;  /* NULL; of a manifest without one, its configuration's */
	const char *subject;        /* digest of what it is about, or NULL */
	const char *base;           /* reference of the base image, or NULL */
	struct descriptor *entries; /* manifests of an index; else configuration, then layers */
	size_t n;
};

/*
 * Reads a document. host is the registry whose "sources" are of interest, or NULL.
 * ERR_PROTO: no JSON, something that is an index and a manifest at once, or is
 * neither; ERR_LIMIT. Everything lives in the arena.
 */
int manifest_parse(
	struct arena *a, struct str bytes, const char *host, struct manifest *out, struct err *err);

/* What can stand under a tag; is_index tells which of the two. */
bool manifest_type_is_known(const char *type, bool *is_index);
/* All of them, for Accept. */
#define MANIFEST_TYPES \
	"application/vnd.oci.image.index.v1+json, " \
	"application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.docker.distribution.manifest.v2+json"

#endif
