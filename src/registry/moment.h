/*
 * Points in time as cloud services write them. Seconds since the Unix epoch,
 * UTC only. Pure.
 */
#ifndef REGISTRY_MOMENT_H
#define REGISTRY_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { MOMENT_COMPACT_LEN = 16, MOMENT_TEXT_LEN = 20 };

/* "20150830T123600Z" */
void moment_compact(int64_t t, char out[MOMENT_COMPACT_LEN + 1]);
/* "2015-08-30T12:36:00Z" */
void moment_text(int64_t t, char out[MOMENT_TEXT_LEN + 1]);
/* RFC 3339; fractions of a second are dropped. */
bool moment_parse(struct str text, int64_t *t);
/* The date of HTTP (RFC 9110, 5.6.7), in its present form: "Sun, 06 Nov 1994 08:49:37 GMT". */
bool moment_parse_http(struct str text, int64_t *t);

#endif
