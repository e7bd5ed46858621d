/*
 * 'push --from': an image layout goes to the registry, by our own client. Neither a
 * daemon nor the place where the image was built is needed.
 */
#ifndef CMD_PUBLISHED_H
#define CMD_PUBLISHED_H

#include <stdint.h>

#include "base/arena.h"

struct cmd_context;
struct copy;
struct credentials;
struct err;
struct parcel;
struct plan;

/* Everything is borrowed. */
struct published {
	struct cmd_context *ctx;
	const struct plan *plan; /* finished: its tags are what is published */
	struct arena *arena;
	struct credentials *credentials; /* NULL: anonymous */
	int64_t retry_for;               /* milliseconds; 0 is off */
};

/*
 * Publishes the image of a layout under the tags of the plan. What was published is
 * appended to tags, in order; *digest is that of all of them, in the arena. A tag that
 * may not be written again counts when it is this very image.
 */
int publish_parcel(const struct published *p, const char *path, struct strlist *tags, char **digest,
	struct err *err);

#endif
