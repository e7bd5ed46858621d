/*
 * Private to the room: versions as semver.org (2.0.0) and PEP 440 define them.
 * Numbers stay text: nothing is computed with them.
 */
#ifndef CI_TAGS_VERSION_H
#define CI_TAGS_VERSION_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct tag_version {
	const char *raw;     /* as given */
	const char *version; /* normal form, without build metadata for semver */
	const char *major, *minor, *patch;
	bool is_release; /* no pre-release; for PEP 440 also no post- and dev-release */
};

/* A leading 'v' is allowed. False when it is no version. */
bool version_semver(struct arena *a, struct str text, struct tag_version *out);
bool version_pep440(struct arena *a, struct str text, struct tag_version *out);

/* The precedence of two semvers: negative, 0, positive. */
int version_compare(const struct tag_version *a, const struct tag_version *b);

#endif
