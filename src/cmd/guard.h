/*
 * 'guard: true': a tag that moves from image to image does not go back to an older
 * commit or version, whichever pipeline ends last.
 */
#ifndef CMD_GUARD_H
#define CMD_GUARD_H

#include <stdbool.h>

struct arena;
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
};

/* Whether the reference has to be asked about before it is written. */
bool guard_watches(const struct plan *p, const char *reference);

/*
 * Asks the registry what a reference names now. *moves is false when that is newer
 * than the image of this run, which is said, like anything that keeps us from knowing.
 * An error when the registry does not let us look: then nothing may move.
 */
int guard_asks(const struct guard *g, const char *reference, bool *moves, struct err *err);

#endif
