/* What the files of this room share. */
#ifndef PROGRESS_PRIVATE_H
#define PROGRESS_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "progress/ci.h"
#include "progress/progress.h"
#include "progress/trace.h"
#include "progress/warnings.h"

enum {
	ONE_MS = 1000000,
	UPDATE_MS = 100, /* between redraws that updates cause */
	TICK_MS = 150,   /* between redraws without updates */
	FLUSH_BYTES = 64 * 1024,
};

struct progress {
	enum progress_mode mode; /* never auto */
	enum progress_ci ci;
	int fd;
	bool broken; /* writing failed: nothing is written any more */
	bool colors; /* of our own */
	bool cut_names;
	unsigned width, height, wanted_lines;
	int64_t update_ns, tick_ns;
	struct progress_palette palette;
	char *description, *source_path, *token;
	char *title;       /* of the Solve, NULL: none */
	unsigned sections; /* Solves so far */
	bool active;       /* a Solve is on */
	bool guarded;      /* the CI obeys nothing now */
	int64_t last_draw;
	bool dirty; /* something changed since */

	struct buf out;
	struct trace trace;
	struct warnings warnings;

	/* plain */
	struct step *current; /* has the output */
	unsigned number;      /* of the last step that was printed */
	bool printed;         /* anything at all: an empty line has to separate */
	bool midline;         /* the cursor is behind an unfinished line of current */
	/* tty */
	unsigned lines; /* drawn above the cursor */
};

/* Writes what has been put in p->out. */
void progress_flush(struct progress *p);
/* Keep build output from being obeyed; p->out gets the commands. */
void progress_guard(struct progress *p);
void progress_unguard(struct progress *p);

/* One redraw each. */
void plain_draw(struct progress *p, int64_t now);
void plain_end(struct progress *p, int64_t now);
/* Makes sure that the next output begins a line. */
void plain_fresh_line(struct progress *p);
/* trace.full */
void plain_full(void *arg, struct step *s);

void tty_draw(struct progress *p, int64_t now, bool final);
/* The screen below the last permanent line is cleared. */
void tty_erase(struct progress *p);
/* Size of the emulated terminals. */
void tty_layout(struct progress *p);

void rawjson_update(struct buf *out, const struct bk_update *u);

#endif
