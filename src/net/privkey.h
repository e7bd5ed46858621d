/*
 * Private keys in DER: PKCS#1 (RFC 8017), SEC 1 (RFC 5915), PKCS#8 (RFC 5958, of
 * Ed25519 RFC 8410). Pure; what a key consists of are views into the input.
 * Nothing here checks that the parts belong together.
 */
#ifndef NET_PRIVKEY_H
#define NET_PRIVKEY_H

#include "net/cert.h"

enum {
	PRIVKEY_RSA_BITS_MAX = 4096, /* the library's limit */
	PRIVKEY_POINT_MAX = 133,     /* bytes of a public point, of P-521 */
	PRIVKEY_ED25519_LEN = 32,    /* bytes of a seed */
};

struct privkey {
	enum cert_key_type type;
	/* RSA, without leading zeros: d mod p-1 and q-1, 1/q mod p */
	struct str n, e, d, p, q, dp, dq, iq;
	enum cert_curve curve; /* EC */
	struct str x;          /* the number of EC, or the seed of Ed25519 */
};

/* der is what the armour held. False for other kinds, other curves and damaged keys. */
bool privkey_parse(const struct pem *armour, struct str der, struct privkey *out);
/* Bits of a number without leading zeros. */
size_t privkey_bits(struct str number);

#endif
