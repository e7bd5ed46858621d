#include "base/ed25519.h"

#include <sodium/core.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/randombytes.h>
#include <string.h>

#include "base/clock.h"

_Static_assert(ED25519_SEED_LEN == crypto_sign_ed25519_SEEDBYTES, "seed");
_Static_assert(ED25519_PUBLIC_LEN == crypto_sign_ed25519_PUBLICKEYBYTES, "public key");
_Static_assert(ED25519_SIGNATURE_LEN == crypto_sign_ed25519_BYTES, "signature");
_Static_assert(sizeof(struct ed25519_key) == crypto_sign_ed25519_SECRETKEYBYTES, "secret key");

/* ---- what the library's files ask of the parts of it that are left out -------------------- */

void
randombytes_buf(void *const buf, const size_t size)
{
	random_bytes(buf, (unsigned)size);
}

void
sodium_misuse(void)
{
	BUG("libsodium was misused");
}

/* ---- keys and signatures ------------------------------------------------------------------ */

void
ed25519_key_init(struct ed25519_key *key, const uint8_t seed[ED25519_SEED_LEN])
{
	crypto_sign_ed25519_seed_keypair(key->public, (uint8_t *)key, seed);
}

void
ed25519_key_release(struct ed25519_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

void
ed25519_sign(
	const struct ed25519_key *key, struct str message, uint8_t signature[ED25519_SIGNATURE_LEN])
{
	crypto_sign_ed25519_detached(
		signature, NULL, (const uint8_t *)message.s, message.len, (const uint8_t *)key);
}

bool
ed25519_verify(const uint8_t public[ED25519_PUBLIC_LEN], struct str message,
	const uint8_t signature[ED25519_SIGNATURE_LEN])
{
	return crypto_sign_ed25519_verify_detached(
		       signature, (const uint8_t *)message.s, message.len, public) == 0;
}
