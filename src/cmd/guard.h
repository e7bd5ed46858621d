/*
 * 'guard: true': a tag that moves from image to image does not go back to an older
 * commit or version, whichever pipeline ends last.
 */
#ifndef CMD_GUARD_H
#define CMD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct cmd_context;
struct credentials;
struct err;
struct log;
struct plan;

/* Everything is borrowed. */
struct guard {
	struct cmd_context *ctx;
	const struct plan *plan;
	struct credentials *credentials; /* NULL: anonymous */
	struct log *log;
	struct arena *arena;
	int64_t retry_for; /* of a registry that is asked; milliseconds, 0 is off */
};

/*
 * Asks the registry what a reference names now. *moves is false when that is newer
 * than the image of this run, which is said, like anything that keeps us from knowing.
 * An error when the registry does not let us look: then nothing may move. References
 * that are not guarded move without a question.
 */
int guard_asks(const struct guard *g, const char *reference, bool *moves, struct err *err);

/*
 * Whether all that is guarded among the tags of the plan can be asked about: to be known
 * before a build, not after it.
 */
int guard_looks(const struct guard *g, struct err *err);

/*
 * A daemon that publishes what it builds takes its time between the question and the
 * tag. So it gets the tags of the plan that are not guarded (now), and the others are
 * given to the image afterwards (later). When all are guarded, now has those that may
 * move at this moment, maybe none.
 */
int guard_splits(
	const struct guard *g, struct strlist *now, struct strlist *later, struct err *err);
/* Those that may move name the image of that digest then, and are added to moved. */
int guard_names(const struct guard *g, const struct strlist *later, const char *digest,
	struct strlist *moved, struct err *err);

#endif
