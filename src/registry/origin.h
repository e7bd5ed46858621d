/*
 * Where the image under a tag comes from: what its labels say (OCI image
 * specification, "pre-defined annotation keys"). Little is read: a manifest, of an
 * index that of its first image, and its configuration.
 */
#ifndef REGISTRY_ORIGIN_H
#define REGISTRY_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct registry;

/* Texts live in the arena, ASCII without blanks; NULL: there is no such label. */
struct registry_origin {
	const char *created, *revision, *version;
};

/*
 * *found is false, and that is success, when there is nothing under the tag.
 * Otherwise the errors of registry/client.h; ERR_PROTO for what is no image.
 */
int registry_origin(struct registry *r, struct arena *a, const char *tag,
	struct registry_origin *out, bool *found, int64_t deadline, struct err *err);

#endif
