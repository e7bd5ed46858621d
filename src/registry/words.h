/* Text of a peer, made fit for a message: it may be anything, and ends up on a terminal. Pure. */
#ifndef REGISTRY_WORDS_H
#define REGISTRY_WORDS_H

#include "base/buf.h"

/*
 * Appends at most max bytes of it, trimmed, valid UTF-8, control characters (C0, DEL
 * and C1) as blanks; "..." stands for what was cut off.
 */
void words_add(struct buf *out, struct str text, size_t max);

#endif
