/* What SSH keys do with numbers: public halves and signatures. Pure; the only file with the library
 * in it. */
#ifndef BUILDKIT_SSHCRYPT_H
#define BUILDKIT_SSHCRYPT_H

#include "net/privkey.h"

enum sshcrypt_hash { SSHCRYPT_SHA1, SSHCRYPT_SHA256, SSHCRYPT_SHA384, SSHCRYPT_SHA512 };

enum { SSHCRYPT_SIGNATURE_MAX = PRIVKEY_RSA_BITS_MAX / 8 };

/* The uncompressed point of an EC key, or the public key of Ed25519; its bytes. */
size_t sshcrypt_public(const struct privkey *k, uint8_t out[PRIVKEY_POINT_MAX]);
/*
 * Signs data, with PKCS#1 1.5 for RSA, deterministic ECDSA (RFC 6979; two numbers
 * of equal length) for EC; Ed25519 takes no hash. The bytes of the signature, 0
 * when the key is none.
 */
size_t sshcrypt_sign(const struct privkey *k, enum sshcrypt_hash hash, struct str data,
	uint8_t out[SSHCRYPT_SIGNATURE_MAX]);
/* The numbers of an RSA key belong together. */
bool sshcrypt_rsa_whole(const struct privkey *k);

#endif
