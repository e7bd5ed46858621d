/*
 * Values of flags: checks and units. Pure. Messages quote the value and do not
 * name the flag. Private to the option tables and parser.
 */
#ifndef CMD_VALUES_H
#define CMD_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct err;

/* true, 1, yes, false, 0, no; any case. */
int value_bool(const char *value, bool *out, struct err *err);
/* As Go writes them: "90s", "1h30m", "1.5m", "500ms", "0". Milliseconds, at most ten years. */
int value_duration(const char *value, int64_t *out, struct err *err);
/* As Docker reads memory sizes: "64m", "1.5g", "4096", "2GiB"; units are powers of 1024. Bytes. */
int value_size(const char *value, uint64_t *out, struct err *err);

/* Checks of struct flag. */
int check_progress(const char **value, struct arena *a, struct err *err);
int check_network(const char **value, struct arena *a, struct err *err);
int check_build_arg(const char **value, struct arena *a, struct err *err);
int check_label(const char **value, struct arena *a, struct err *err);
int check_annotation(const char **value, struct arena *a, struct err *err);
int check_build_context(const char **value, struct arena *a, struct err *err);
/* host:ip, host=ip, with brackets around the address or not; becomes host=ip. */
int check_add_host(const char **value, struct arena *a, struct err *err);
int check_ulimit(const char **value, struct arena *a, struct err *err);
/* type=X somewhere in the comma list */
int check_attest(const char **value, struct arena *a, struct err *err);
/* a yes or no, or a comma list of name=value */
int check_attributes(const char **value, struct arena *a, struct err *err);

/* The name in front of a ",NAME=" inside the value of NAME=VALUE; empty without one. */
struct str value_split_name(const char *build_arg);

#endif
