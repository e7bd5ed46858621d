/*
 * Passwords and tokens. A type of its own, so that no log, JSON or format
 * function takes one by accident; the bytes are wiped when it is released.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

#include "base/mem.h"
#include "base/str.h"

struct secret {
	char *value; /* NULL is no secret */
	size_t len;
};

/* Copies the bytes. */
void secret_set(struct secret *s, struct str value);
void secret_copy(struct secret *to, const struct secret *from);
void secret_release(struct secret *s);
bool secret_is_set(const struct secret *s);
/* For the one place that puts it on the wire; never for messages. */
struct str secret_reveal(const struct secret *s);

#define cleanup_secret CLEANUP(secret_release)

#endif
