/* SHA-256 (FIPS 180-4), as bytes and as lower-case hex. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stdint.h>

#include "base/str.h"

enum { SHA256_LEN = 32, SHA256_HEX_LEN = 64 };

struct sha256 {
	uint64_t state[16]; /* private: the library's context */
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *p, size_t len);
/* The digest so far; more may be added afterwards. */
void sha256_out(const struct sha256 *h, uint8_t digest[SHA256_LEN]);
/* hex gets a terminating NUL. */
void sha256_hex(const struct sha256 *h, char hex[SHA256_HEX_LEN + 1]);
/* Of one text. */
void sha256_text(struct str s, char hex[SHA256_HEX_LEN + 1]);

#endif
