/*
 * A build that a test plays to the printer: steps, output and time, and what came out of it.
 * Times are milliseconds since the start of the build; the daemon's clock is five seconds late.
 */
#ifndef BUILD_RUN_H
#define BUILD_RUN_H

#include "base/buf.h"
#include "buildkit/event.h"
#include "progress/progress.h"

struct run {
	struct progress *p;
	struct progress_options options;
	int fd;         /* memory file that stands for standard error */
	size_t chunk;   /* output of steps comes in pieces of that many bytes, 0: whole */
	int64_t next;   /* what the last call returned, as milliseconds, or PROGRESS_IDLE */
	struct buf out; /* by run_output */
};

/* Our clock, nanoseconds. */
int64_t run_now(int ms);
/* The daemon's; -1 is unset. */
int64_t run_daemon(int ms);

/* Options are what they are, but for fd and token. */
void run_start(struct run *r, enum progress_mode mode);
void run_release(struct run *r);

/* Each sends one update at time 'at'. stop -1: it still runs. */
void run_step(struct run *r, int at, const char *id, const char *name, int start, int stop);
void run_cached(struct run *r, int at, const char *id, const char *name);
void run_failed(struct run *r, int at, const char *id, const char *name, int start, int stop,
	const char *error);
void run_member(struct run *r, int at, const char *id, const char *group, bool weak, int start,
	int stop, const char *error);
void run_log(struct run *r, int at, const char *id, const char *text);
void run_status(struct run *r, int at, const char *id, const char *status, int64_t current,
	int64_t total, int start, int stop);
void run_warn(struct run *r, int at, const char *id, const char *text);
void run_update(struct run *r, int at, struct bk_update u);
void run_tick(struct run *r, int at);

/* What was written since the last call. */
const char *run_output(struct run *r);
/* Compares that; the failure shows both. */
#define run_expect(r, want) run_expect_at(r, __FILE__, __LINE__, want)
void run_expect_at(struct run *r, const char *file, int line, const char *want);

#endif
