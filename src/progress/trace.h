/*
 * What is known of the running Solve: its steps, built up from updates. The
 * same for all ways of showing it; those keep their own fields in the steps.
 *
 * Names, errors and warnings are made fit for printing when they come in. The
 * number of everything a daemon can send is capped: what is beyond is ignored.
 */
#ifndef PROGRESS_TRACE_H
#define PROGRESS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "buildkit/event.h"
#include "progress/logline.h"
#include "progress/progress.h"

struct term;

enum {
	MAX_STEPS = 100000,       /* per Solve */
	MAX_STATUSES = 10000,     /* per step */
	MAX_INTERVALS = 1024,     /* per step */
	MAX_WARNINGS = 1000,      /* per step */
	MAX_NAME = 8 * 1024,      /* a step's or status's name */
	MAX_TEXT = 64 * 1024,     /* an error or a warning */
	MAX_PENDING = 256 * 1024, /* output of a step that waits to be printed */
};

struct interval {
	int64_t start, stop; /* daemon's clock; stop 0: still running */
};

struct status {
	char *id;
	int64_t current, total;
	int64_t timestamp, started, completed;
	bool listed; /* has started */
	/* plain */
	bool news, printed, ended;
	int64_t last_current, last_timestamp; /* as printed */
};

struct step {
	char *name, *error; /* error NULL: none */
	bool cached;
	bool listed;                /* has started, and is in trace.listed */
	bool hidden;                /* a group that shows nothing yet */
	bool import;                /* looks for a cache, which may well fail */
	struct interval *intervals; /* by start, one per start */
	size_t nintervals, capintervals;
	struct interval newest; /* of the merged ones */

	/* a member of a group is not shown; what it says counts for the group */
	struct step *group;
	size_t members, cached_members; /* of a group */

	struct status **statuses; /* by arrival */
	size_t nstatuses, capstatuses;
	struct map status_by_id;
	char **warnings;
	size_t nwarnings, capwarnings;

	struct logline log;
	struct tail tail;
	uint64_t log_bytes;

	/* plain */
	bool news;             /* is in trace.news */
	unsigned number;       /* 0: not printed yet */
	bool ended;            /* the end line is printed */
	size_t warned;         /* warnings printed */
	struct buf pending;    /* complete lines to print */
	size_t pending_shown;  /* bytes of the first that are printed already */
	uint64_t count;        /* updates since it lost the output */
	int64_t block_start;   /* time of the first of those */
	int64_t rewrite_shown; /* when a line with carriage returns was last printed unfinished */

	/* tty */
	struct term *term;
	unsigned term_rows;  /* window in this frame, 0: none */
	unsigned term_shown; /* frames with a window so far */
};

struct trace {
	struct map by_digest, groups; /* struct step */
	struct step **all;            /* owned, by first message */
	size_t nall, capall;
	struct step **listed; /* by start */
	size_t nlisted, caplisted;
	struct step **news; /* something happened since it was last printed */
	size_t nnews, capnews;
	int64_t first_received; /* of the update in which a step started first, 0: none yet */
	int64_t clock_diff;     /* our clock minus the daemon's */
	int64_t now;            /* when the update at hand was received */

	/* set by the owner */
	enum progress_ci ci;
	bool colors;
	size_t keep;         /* lines kept per step, 0: many */
	bool pending;        /* complete lines are kept for printing */
	unsigned cols, rows; /* not 0: output goes to a terminal emulation of that size, too */
	void (*full)(void *arg, struct step *s); /* pending has reached MAX_PENDING: print it */
	void *arg;
};

void trace_release(struct trace *t);
/* Forgets the steps. */
void trace_reset(struct trace *t);
void trace_update(struct trace *t, const struct bk_update *u);
/* The Solve is over: unfinished lines become lines, groups with an error are shown. */
void trace_finish(struct trace *t);
/* Gives back the memory of output, for a step that is done. */
void step_forget_output(struct step *s);

bool step_is_running(const struct step *s);
bool step_is_completed(const struct step *s);
bool step_is_canceled(const struct step *s);
/* Failed in a way that is shown as failure. */
bool step_is_failed(const struct step *s);
/* A lookup of a cache that failed, as is normal on first builds; out gets a short remark. */
bool step_quiet_error(const struct step *s, struct buf *out);
/* Sum of all intervals; open ones last until 'now' on the daemon's clock. */
int64_t step_duration(const struct step *s, int64_t now);
/* "12.00MB" */
void format_size(struct buf *out, int64_t n);
/* "1.2" from nanoseconds, with that many decimals. */
void format_seconds(struct buf *out, int64_t ns, int decimals);

#endif
