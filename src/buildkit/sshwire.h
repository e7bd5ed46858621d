/*
 * The data types of SSH (RFC 4251, 5). Consumers take from the front of *rest and
 * return whether they did; on false *rest is unchanged. Results are views.
 */
#ifndef BUILDKIT_SSHWIRE_H
#define BUILDKIT_SSHWIRE_H

#include "base/buf.h"

bool ssh_take_u32(struct str *rest, uint32_t *n);
/* A length and as many bytes. */
bool ssh_take_string(struct str *rest, struct str *out);
/* A number that is not negative, without leading zeros: {.len = 0} is zero. */
bool ssh_take_uint(struct str *rest, struct str *magnitude);

void ssh_put_u32(struct buf *out, uint32_t n);
void ssh_put_string(struct buf *out, struct str s);
/* Leading zeros are left out. */
void ssh_put_uint(struct buf *out, struct str magnitude);

#endif
