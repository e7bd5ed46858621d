/*
 * Terminal output cut into what it means (ECMA-48): text, the few controls we
 * act on, control sequences. Pure, and the same for any cutting of the input.
 * Text comes out as valid UTF-8 without control characters; device control,
 * operating system and other strings never come out, and end with their line
 * at the latest, so that an unfinished one cannot hide what follows.
 */
#ifndef PROGRESS_ESCAPE_H
#define PROGRESS_ESCAPE_H

#include <stdbool.h>

#include "base/str.h"

enum { ESCAPE_PARAMS = 48 }; /* longer control sequences are dropped */

enum escape_kind {
	ESCAPE_TEXT,
	ESCAPE_CONTROL, /* code is one of \n \r \b \t */
	ESCAPE_CSI,     /* text holds parameters and intermediates, code the final byte */
};

struct escape_event {
	enum escape_kind kind;
	char code;
	struct str text; /* borrowed until the next call */
};

/* {0} is the start. */
struct escape {
	unsigned char state;
	unsigned char nutf, nseq;
	bool too_long;
	char utf[4];
	char seq[ESCAPE_PARAMS];
};

/* Takes from the front of *rest; false when all is consumed and nothing came out. */
bool escape_next(struct escape *e, struct str *rest, struct escape_event *ev);
/* The sequence sets colours or other attributes of text and does nothing else. */
bool escape_is_color(const struct escape_event *ev);
/* It sets all of them back. */
bool escape_is_reset(const struct escape_event *ev);

#endif
