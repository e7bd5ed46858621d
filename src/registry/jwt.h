/*
 * JSON web tokens (RFC 7519): signed with an RSA key (RS256, RFC 7518), and read
 * for what messages need. No signature is ever verified here: tokens that are read
 * are our own, on the way to whoever verifies them. Pure.
 */
#ifndef REGISTRY_JWT_H
#define REGISTRY_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct err;
struct jval;
struct secret;

/*
 * Appends header.claims.signature. key: PEM, PKCS#8 or PKCS#1, not encrypted.
 * ERR_CONFIG when it is no such key; the message does not show it.
 */
int jwt_sign_rs256(const struct jval *header, const struct jval *claims, struct str key,
	struct buf *out, struct err *err);

/*
 * Appends "iss 'x', sub 'y', aud 'z'" of a token: who it is from, for and about, but
 * not the token. Nothing when it is no token.
 */
void jwt_describe(struct str token, struct buf *out);
/* The claim exp; 0 when it is not known. */
int64_t jwt_expires(struct str token);

#endif
