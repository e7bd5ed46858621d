/*
 * The output of one step as lines fit for a log: each begins with a prefix
 * (the time), holds valid UTF-8 without control characters but tabs and, when
 * wanted, colours that end with the line, and is no longer than LIMIT_LOG_LINE.
 *
 * A carriage return goes back to the start of the line: what follows replaces
 * it, so that of a progress bar only the last state is left. What was already
 * shown cannot be taken back and becomes a line of its own.
 */
#ifndef PROGRESS_LOGLINE_H
#define PROGRESS_LOGLINE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "progress/escape.h"
#include "progress/progress.h"

/* {0} is empty. */
struct logline {
	struct buf text; /* the line that has not ended yet, prefix included */
	size_t prefix;   /* bytes of it */
	size_t shown;    /* bytes of text that were printed; the owner's */
	size_t floor;    /* a backspace goes back no further */
	bool open;       /* there is such a line */
	bool cr;         /* the next character replaces it */
	bool rewritten;  /* that has happened to it */
	bool colored;    /* attributes are set at its end */
	struct escape esc;
};

struct logline_sink {
	/* A complete line without line feed; shown as in struct logline. */
	void (*line)(void *arg, struct str line, size_t shown);
	void *arg;
	enum progress_ci ci; /* whose commands are made harmless */
	bool colors;         /* are kept */
};

void logline_release(struct logline *l);
void logline_add(
	struct logline *l, const struct logline_sink *sink, struct str prefix, struct str data);
/* Ends the open line, if there is one. */
void logline_finish(struct logline *l, const struct logline_sink *sink);
/* How much of text can be printed: the start of what may become a command is held back. */
size_t logline_printable(const struct logline *l, enum progress_ci ci);

/* The last lines of an output, bounded in number and size. {0} is empty. */
struct tail {
	struct buf text; /* each ends with a line feed */
	size_t nlines;
	bool cut; /* some were dropped */
};

enum { TAIL_BYTES = 1024 * 1024 };

void tail_release(struct tail *t);
/* keep: lines that must be left, 0 is as many as fit in TAIL_BYTES. */
void tail_add(struct tail *t, struct str line, size_t keep);
/* The last n lines, 0 is all. */
struct str tail_view(const struct tail *t, size_t n);

#endif
