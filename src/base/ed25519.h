/* Ed25519 signatures (RFC 8032), plain: no context, no prehash. The private key is made of a seed.
 */
#ifndef BASE_ED25519_H
#define BASE_ED25519_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

enum { ED25519_SEED_LEN = 32, ED25519_PUBLIC_LEN = 32, ED25519_SIGNATURE_LEN = 64 };

/* A key pair, wiped when it is released. */
struct ed25519_key {
	uint8_t seed[ED25519_SEED_LEN];
	uint8_t public[ED25519_PUBLIC_LEN]; /* follows the seed: the library's form of a secret key
					     */
};

/* The same seed gives the same pair. */
void ed25519_key_init(struct ed25519_key *key, const uint8_t seed[ED25519_SEED_LEN]);
void ed25519_key_release(struct ed25519_key *key);
#define cleanup_ed25519_key CLEANUP(ed25519_key_release)

void ed25519_sign(const struct ed25519_key *key, struct str message,
	uint8_t signature[ED25519_SIGNATURE_LEN]);
/* False for a signature that is wrong, malleable or of a key that is no point of the group. */
bool ed25519_verify(const uint8_t public[ED25519_PUBLIC_LEN], struct str message,
	const uint8_t signature[ED25519_SIGNATURE_LEN]);

#endif
