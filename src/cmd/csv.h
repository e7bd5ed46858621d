/* One record of comma-separated fields (RFC 4180): how values of flags and attributes are packed.
 */
#ifndef CMD_CSV_H
#define CMD_CSV_H

#include "base/arena.h"
#include "base/kv.h"

struct buf;
struct err;

/* Appends a field, quoted when it has to be. */
void csv_add(struct buf *out, const char *field);
/* The fields of a record. ERR_USAGE for quotes that do not match. */
int csv_split(struct arena *a, const char *record, struct strlist *out, struct err *err);
/*
 * Fields of the form KEY=VALUE; keys lose blanks around them and become lower
 * case. ERR_USAGE names the field that has another form.
 */
int csv_pairs(struct arena *a, const char *record, struct kvlist *out, struct err *err);

#endif
