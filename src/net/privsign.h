/*
 * What private keys are for: their public halves, and signatures as SSH and JSON
 * web tokens want them. Pure.
 */
#ifndef NET_PRIVSIGN_H
#define NET_PRIVSIGN_H

#include "net/privkey.h"

enum privsign_hash { PRIVSIGN_SHA1, PRIVSIGN_SHA256, PRIVSIGN_SHA384, PRIVSIGN_SHA512 };

enum { PRIVSIGN_MAX = PRIVKEY_RSA_BITS_MAX / 8 };

/* The uncompressed point of an EC key, or the public key of Ed25519; its bytes. */
size_t privsign_public(const struct privkey *k, uint8_t out[PRIVKEY_POINT_MAX]);
/*
 * Signs data, with PKCS#1 1.5 for RSA, deterministic ECDSA (RFC 6979; two numbers
 * of equal length) for EC; Ed25519 takes no hash. The bytes of the signature, 0
 * when the key is none.
 */
size_t privsign(const struct privkey *k, enum privsign_hash hash, struct str data,
	uint8_t out[PRIVSIGN_MAX]);
/* The numbers of an RSA key belong together. */
bool privsign_rsa_whole(const struct privkey *k);

#endif
