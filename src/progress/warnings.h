/* The warnings of a whole run, each kept once, for the summary at its end. */
#ifndef PROGRESS_WARNINGS_H
#define PROGRESS_WARNINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/map.h"
#include "buildkit/event.h"

enum {
	WARNINGS_MAX = 1000,
	WARNING_TEXT = 16 * 1024,           /* bytes of each text of one */
	WARNING_PARTS = 64,                 /* details of one, and ranges */
	WARNING_SOURCES = 32 * 1024 * 1024, /* bytes of source files kept */
};

/* {0} is empty. */
struct warnings {
	struct arena arena; /* holds all below */
	struct bk_warning **items;
	size_t n, cap;
	struct map seen;
	struct bk_source *sources; /* without ranges */
	size_t nsources, source_bytes, text_bytes;
};

void warnings_release(struct warnings *w);
/* Adds a copy, unless there is one that says the same of the same place. */
void warnings_add(struct warnings *w, const struct bk_warning *warning);

#endif
