/*
 * Content digests: "algorithm:hex", as the image specification and the
 * reference grammar of distribution write them. Pure.
 */
#ifndef IMAGE_DIGEST_H
#define IMAGE_DIGEST_H

#include <stdbool.h>

#include "base/str.h"

struct err;

/*
 * sha256, sha384 and sha512 have exactly 64, 96 and 128 lower-case digits.
 * Other algorithms need a well-formed name and 32 digits or more.
 */
bool digest_is_valid(struct str s);
/* The same with words for what is wrong: ERR_PROTO, since digests come from peers. */
int digest_check(struct str s, struct err *err);
/* What stands before and after the colon; empty when there is none. */
struct str digest_algorithm(struct str s);
struct str digest_hex(struct str s);

#endif
