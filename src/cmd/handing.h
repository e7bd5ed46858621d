/* Pushing out of the Engine, reference by reference: what 'push' does, and 'build --push'. */
#ifndef CMD_HANDING_H
#define CMD_HANDING_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct credentials;
struct docker;
struct err;
struct log;

/* One run of pushes to one registry. Everything but contact is the caller's, and borrowed. */
struct handing {
	const struct docker *docker;
	struct arena *arena;
	struct credentials *credentials; /* may be NULL */
	struct log *log;
	int64_t (*clock)(void); /* milliseconds, as clock_ms */
	int64_t silence_ms;     /* of the Engine between two signs of life; 0: the usual */
	int64_t retry_for;      /* milliseconds from the first accident of a reference on */
	bool contact;           /* the registry was there and took something */
};

/*
 * Pushes exactly the reference, again after accidents. What the registry holds
 * then is in *digest (in the arena). A sign of life is logged now and then.
 */
int hand_on(struct handing *h, const char *reference, char **digest, struct err *err);

#endif
