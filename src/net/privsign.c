#include "net/privsign.h"

#include <string.h>

#include "base/ed25519.h"
#include "base/mem.h"
#include "net/tls_private.h"

enum { HASH_MAX = 64 };

static const struct {
	const br_hash_class *class;
	const unsigned char *oid;
} hashes[] = {
	[PRIVSIGN_SHA1] = {&br_sha1_vtable, BR_HASH_OID_SHA1},
	[PRIVSIGN_SHA256] = {&br_sha256_vtable, BR_HASH_OID_SHA256},
	[PRIVSIGN_SHA384] = {&br_sha384_vtable, BR_HASH_OID_SHA384},
	[PRIVSIGN_SHA512] = {&br_sha512_vtable, BR_HASH_OID_SHA512},
};

br_ec_private_key
tls_ec_key(const struct privkey *k)
{
	return (br_ec_private_key){(int)k->curve, tls_bytes(k->x), k->x.len};
}

br_rsa_private_key
tls_rsa_key(const struct privkey *k)
{
	return (br_rsa_private_key){
		(uint32_t)privkey_bits(k->n),
		tls_bytes(k->p),
		k->p.len,
		tls_bytes(k->q),
		k->q.len,
		tls_bytes(k->dp),
		k->dp.len,
		tls_bytes(k->dq),
		k->dq.len,
		tls_bytes(k->iq),
		k->iq.len,
	};
}

static void
ed25519_key(const struct privkey *k, struct ed25519_key *out)
{
	ed25519_key_init(out, (const uint8_t *)k->x.s);
}

size_t
privsign_public(const struct privkey *k, uint8_t out[PRIVKEY_POINT_MAX])
{
	cleanup_ed25519_key struct ed25519_key ed = {{0}, {0}};
	br_ec_private_key ec = tls_ec_key(k);

	if (k->type == CERT_KEY_EC)
		return br_ec_get_default()->mulgen(out, ec.x, ec.xlen, ec.curve);
	if (k->type != CERT_KEY_ED25519)
		return 0;
	ed25519_key(k, &ed);
	memcpy(out, ed.public, sizeof(ed.public));
	return sizeof(ed.public);
}

static size_t
digest(enum privsign_hash hash, struct str data, uint8_t out[HASH_MAX])
{
	const br_hash_class *class = hashes[hash].class;
	br_hash_compat_context h;

	class->init(&h.vtable);
	class->update(&h.vtable, data.s, data.len);
	class->out(&h.vtable, out);
	return class->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

static size_t
sign_rsa(const struct privkey *k, enum privsign_hash hash, struct str data,
	uint8_t out[PRIVSIGN_MAX])
{
	br_rsa_private_key key = tls_rsa_key(k);
	uint8_t hashed[HASH_MAX];
	size_t len = digest(hash, data, hashed);

	if (k->n.len > PRIVSIGN_MAX ||
		!br_rsa_pkcs1_sign_get_default()(hashes[hash].oid, hashed, len, &key, out))
		return 0;
	return k->n.len;
}

size_t
privsign(const struct privkey *k, enum privsign_hash hash, struct str data,
	uint8_t out[PRIVSIGN_MAX])
{
	cleanup_ed25519_key struct ed25519_key ed = {{0}, {0}};
	br_ec_private_key ec = tls_ec_key(k);
	uint8_t hashed[HASH_MAX];

	if (k->type == CERT_KEY_RSA)
		return sign_rsa(k, hash, data, out);
	if (k->type == CERT_KEY_EC) {
		(void)digest(hash, data, hashed);
		return br_ecdsa_sign_raw_get_default()(
			br_ec_get_default(), hashes[hash].class, hashed, &ec, out);
	}
	ed25519_key(k, &ed);
	ed25519_sign(&ed, data, out);
	return ED25519_SIGNATURE_LEN;
}

bool
privsign_rsa_whole(const struct privkey *k)
{
	br_rsa_public_key public = {tls_bytes(k->n), k->n.len, tls_bytes(k->e), k->e.len};
	uint8_t signature[PRIVSIGN_MAX], hashed[HASH_MAX], back[HASH_MAX];
	size_t len = digest(PRIVSIGN_SHA256, STR("x"), hashed);

	return sign_rsa(k, PRIVSIGN_SHA256, STR("x"), signature) &&
	       br_rsa_pkcs1_vrfy_get_default()(
		       signature, k->n.len, BR_HASH_OID_SHA256, len, &public, back) &&
	       memcmp(hashed, back, len) == 0;
}
