/*
 * The commands that CI systems read from a log: sections, annotations, and how
 * to keep those out that a build prints. Pure. Facts: each vendor's page on
 * logging commands.
 */
#ifndef PROGRESS_CI_H
#define PROGRESS_CI_H

#include <stdbool.h>

#include "base/buf.h"
#include "progress/progress.h"

/*
 * Breaks commands that are obeyed anywhere in a line and of which at least one
 * byte lies at 'from' or later. The length stays.
 */
void ci_defuse(struct buf *text, size_t from, enum progress_ci ci);
/* Bytes at the end of text that may become such a command. */
size_t ci_fuse(struct str text, enum progress_ci ci);
/* Own colours are rendered where the log is shown. */
bool ci_has_colors(enum progress_ci ci);

/* A section's begin and end; number tells sections of one run apart. */
void ci_section_open(
	struct buf *out, enum progress_ci ci, const char *title, unsigned number, int64_t now_ns);
void ci_section_close(
	struct buf *out, enum progress_ci ci, const char *title, unsigned number, int64_t now_ns);
/* Between these two the CI obeys nothing (GitHub); others need no such thing. */
void ci_guard_open(struct buf *out, enum progress_ci ci, const char *token);
void ci_guard_close(struct buf *out, enum progress_ci ci, const char *token);

#endif
