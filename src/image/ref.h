/*
 * Image references: [domain/]path[:tag][@digest], read as distribution does:
 * "alpine" is docker.io/library/alpine, "host:5000/a" and "localhost/a" name a
 * registry, "user/app" is on docker.io. Pure.
 */
#ifndef IMAGE_REF_H
#define IMAGE_REF_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

enum {
	REF_PATH_MAX = 255, /* bytes of a path, domain not counted */
	REF_TAG_MAX = 128,
	REF_MAX = 4096, /* bytes of a whole reference that we look at */
};

/* All texts live in the arena given to ref_parse. */
struct ref {
	const char *domain; /* "docker.io", "host:5000", "[::1]:5000"; never NULL */
	const char *path;   /* "library/alpine"; never NULL */
	const char *tag;    /* NULL when none was written */
	const char *digest; /* NULL when none was written */
};

/*
 * ERR_CONFIG names the reference and the part that is wrong. No tag is made up:
 * see ref_or_latest.
 */
int ref_parse(struct arena *a, struct str text, struct ref *out, struct err *err);
/* The tag "latest" for a reference that has neither tag nor digest. */
void ref_or_latest(struct ref *ref);

/* The full form: "docker.io/library/alpine:3@sha256:..."; reading it gives the same again. */
char *ref_format(struct arena *a, const struct ref *ref);
/* The short form users know: without "docker.io/" and "library/". */
char *ref_familiar(struct arena *a, const struct ref *ref);
/* Without tag and digest: "docker.io/library/alpine". */
char *ref_name(struct arena *a, const struct ref *ref);
/* What a request names after /v2/<path>/manifests/: the digest wins, then the tag, then "latest".
 */
const char *ref_target(const struct ref *ref);
/* The host[:port] that answers API requests: registry-1.docker.io for docker.io. */
const char *ref_api_host(const struct ref *ref);

/* Whether the first element of a name is a registry rather than a part of the path. */
bool ref_is_domain(struct str first_element);
bool ref_domain_is_valid(struct str s);
bool ref_path_is_valid(struct str s);
bool ref_tag_is_valid(struct str s);

#endif
