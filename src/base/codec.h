/*
 * Text encodings of bytes: base64 (RFC 4648, section 4 and 5), hex, percent
 * encoding (RFC 3986). Pure.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

enum base64_flags {
	BASE64_STD = 0,
	BASE64_URL = 1 << 0,   /* '-' and '_' instead of '+' and '/' */
	BASE64_NOPAD = 1 << 1, /* no '=' at the end */
};

void base64_encode(struct buf *out, struct str in, enum base64_flags flags);
/*
 * Reads the standard or the URL alphabet, padded or not, line breaks and blanks
 * allowed between digits. False when the text is anything else; out may then
 * hold a part.
 */
bool base64_decode(struct buf *out, struct str in);

/* Lower-case digits. */
void hex_encode(struct buf *out, const void *p, size_t len);
bool is_hex(struct str s);

/* Escapes everything but unreserved characters and those in keep (may be NULL). */
void percent_encode(struct buf *out, struct str in, const char *keep);
/* Invalid escapes stay as they are; plus: '+' is a blank. */
void percent_decode(struct buf *out, struct str in, bool plus);

/* Appends s with every byte that is not part of valid UTF-8 replaced by U+FFFD. */
void utf8_clean(struct buf *out, struct str s);
bool utf8_valid(struct str s);
/* Length of the valid sequence at the start of s, 0 when there is none. */
size_t utf8_len(struct str s);

#endif
