#include "base/sha256.h"

#include <bearssl_hash.h>
#include <stdio.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct sha256), "context fits");

static br_sha256_context *
lib(struct sha256 *h)
{
	return (br_sha256_context *)(void *)h->state;
}

void
sha256_init(struct sha256 *h)
{
	br_sha256_init(lib(h));
}

void
sha256_add(struct sha256 *h, const void *p, size_t len)
{
	br_sha256_update(lib(h), p, len);
}

void
sha256_out(const struct sha256 *h, uint8_t digest[SHA256_LEN])
{
	struct sha256 copy = *h;

	br_sha256_out(lib(&copy), digest);
}

void
sha256_hex(const struct sha256 *h, char hex[SHA256_HEX_LEN + 1])
{
	uint8_t digest[SHA256_LEN];
	size_t i;

	sha256_out(h, digest);
	for (i = 0; i < SHA256_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

void
sha256_text(struct str s, char hex[SHA256_HEX_LEN + 1])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, s.s, s.len);
	sha256_hex(&h, hex);
}
