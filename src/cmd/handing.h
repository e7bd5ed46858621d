/* Pushing out of the Engine, reference by reference: what 'push' does, and 'build --push'. */
#ifndef CMD_HANDING_H
#define CMD_HANDING_H

struct arena;
struct credentials;
struct docker;
struct err;
struct log;

/*
 * Pushes exactly the reference. credentials may be NULL. What the registry holds then
 * is in *digest (in the arena). A sign of life is logged now and then.
 */
int hand_on(const struct docker *d, struct arena *a, struct credentials *credentials,
	const char *reference, struct log *log, char **digest, struct err *err);

#endif
