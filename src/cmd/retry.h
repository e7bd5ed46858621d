/*
 * Which failures of a build pass by themselves, so that the same request is
 * worth another try. Pure.
 */
#ifndef CMD_RETRY_H
#define CMD_RETRY_H

#include <stddef.h>

struct err;

enum retry_cause {
	RETRY_NEVER,      /* a step failed, or the daemon refused: it would again */
	RETRY_CONNECTION, /* to the daemon: connect anew */
	RETRY_REGISTRY    /* it was busy, broken, or cut the daemon off */
};

/*
 * failed_steps: how many ended with an error of their own. A step of the
 * Dockerfile is never repeated, whatever it says.
 */
enum retry_cause retry_cause_of(const struct err *err, size_t failed_steps);

#endif
