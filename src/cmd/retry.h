/*
 * Which failures of a build pass by themselves, so that the same request is
 * worth another try; and the pause before it.
 */
#ifndef CMD_RETRY_H
#define CMD_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct log;

enum retry_cause {
	RETRY_NEVER,      /* a step failed, or the daemon refused: it would again */
	RETRY_CONNECTION, /* to the daemon: connect anew */
	RETRY_REGISTRY,   /* it was busy, broken, or cut the daemon off */
	RETRY_LOGIN       /* it refused our credentials: once, if there are newer ones */
};

/*
 * failed_steps: how many ended with an error of their own. A step of the
 * Dockerfile is never repeated, whatever it says.
 */
enum retry_cause retry_cause_of(const struct err *err, size_t failed_steps);

/* How long one request has been failing; {0} at its start. */
struct patience {
	int tries;
	int64_t until; /* no new try after that; clock_ms() */
};

/*
 * Says why and waits before another try: longer each time, with jitter, until
 * retry_for milliseconds after the first failure. False when that time is
 * spent, or when a signal came: then *err is ERR_CANCELED.
 */
bool patience_wait(struct patience *p, int64_t retry_for, struct log *log, const struct err *why,
	struct err *err);

#endif
