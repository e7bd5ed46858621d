/*
 * A small terminal emulation: what the output of a step would look like on a
 * screen of a few rows. Knows cursor movement and erasing, no attributes.
 */
#ifndef PROGRESS_TERM_H
#define PROGRESS_TERM_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct term;

struct term *term_new(unsigned cols, unsigned rows);
void term_free(struct term *t);
void term_write(struct term *t, struct str data);
/* The last rows, cut at the new width, stay. */
void term_resize(struct term *t, unsigned cols, unsigned rows);
unsigned term_rows(const struct term *t);
/* Rows that hold more than blanks. */
unsigned term_used(const struct term *t);
/* Appends a row without blanks at its end; nothing when it is blank. */
void term_row(const struct term *t, unsigned row, struct buf *out);

/* Columns that a code point takes: 0, 1 or 2. */
unsigned char_columns(uint32_t c);
/* Reads a code point of valid UTF-8 from the front of *rest. */
uint32_t utf8_take(struct str *rest);
/* Columns of valid UTF-8 without control characters. */
size_t text_columns(struct str s);
/* As much of it as fits in that many columns. */
struct str text_cut(struct str s, size_t columns);

#endif
