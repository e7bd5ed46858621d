/*
 * Tags that move from image to image, and which of two images is the newer one:
 * what 'guard' decides by. Pure.
 */
#ifndef CI_FLOATING_H
#define CI_FLOATING_H

#include <stdbool.h>

/*
 * 'latest' and versions of which a part is left out ("1", "1.2", "v1"), also with
 * a suffix ("1.2-alpine").
 */
bool tag_floats(const char *tag);

/* Where an image comes from, as its labels have it; NULL is unknown. */
struct tag_origin {
	const char *version; /* a semver, else it says nothing here */
	const char *created; /* RFC 3339: the commit's time */
	const char *revision;
};

enum tag_order {
	ORDER_UNKNOWN, /* there is nothing to compare */
	ORDER_NOT_OLDER,
	ORDER_OLDER_VERSION,
	ORDER_OLDER_COMMIT
};

/* What ours is beside theirs. Versions decide; where they do not, times do. */
enum tag_order tag_order(const struct tag_origin *ours, const struct tag_origin *theirs);

#endif
