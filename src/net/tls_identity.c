/* Client certificates and their keys: PKCS#1 (RFC 8017), PKCS#8 (RFC 5958), SEC 1 (RFC 5915). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/fd.h"
#include "base/limits.h"
#include "net/der.h"
#include "net/tls.h"
#include "net/tls_private.h"

enum { RSA_BITS_MAX = 4096, POINT_MAX = 133 };

static int
read_pem(const char *path, struct buf *out, struct err *err)
{
	if (file_read(AT_FDCWD, path, LIMIT_CA_FILE, out, err) == 0)
		return 0;
	if (err)
		err->kind = ERR_CONFIG;
	return -1;
}

static int
load_chain(struct tls_identity *id, const char *path, struct err *err)
{
	cleanup_buf struct buf text = {0};
	struct str rest, der;
	struct cert c;
	struct pem p;
	size_t start;

	if (read_pem(path, &text, err))
		return err_wrap(err, "client certificate");
	/* what is decoded is shorter than its text: the storage never moves */
	buf_reserve(&id->storage, text.len, NULL);
	rest = buf_view(&text);
	while (pem_next(&rest, &p)) {
		if (!pem_is_certificate(&p))
			continue;
		start = id->storage.len;
		if (!base64_decode(&id->storage, p.body))
			return err_set(err, ERR_CONFIG, "'%s' holds a damaged certificate", path);
		der = str_from_off(buf_view(&id->storage), start);
		if (!cert_parse(der, &c))
			return err_set(err, ERR_CONFIG, "'%s' holds a damaged certificate", path);
		id->chain = xreallocarray(id->chain, id->n + 1, sizeof(*id->chain));
		id->chain[id->n++] = (br_x509_certificate){tls_bytes(der), der.len};
	}
	if (id->n == 0)
		return err_set(err, ERR_CONFIG, "no certificate in PEM form in '%s'", path);
	return 0;
}

/* ---- keys ------------------------------------------------------------------- */

static size_t
bits_of(struct str n)
{
	return n.len ? n.len * 8 - (size_t)__builtin_clz((unsigned char)n.s[0]) + 24 : 0;
}

static bool
read_rsa(struct tls_identity *id, struct str der, struct str *modulus)
{
	struct str in, version, part[8];
	size_t i;

	/* n, e, d, p, q, d mod p-1, d mod q-1, 1/q mod p */
	if (!der_take(&der, DER_SEQUENCE, &in) || !der_take_uint(&in, &version) || version.len)
		return false;
	for (i = 0; i < ARRAY_LEN(part); i++)
		if (!der_take_uint(&in, &part[i]) || part[i].len == 0)
			return false;
	*modulus = part[0];
	id->type = CERT_KEY_RSA;
	id->rsa = (br_rsa_private_key){
		(uint32_t)bits_of(part[0]),
		tls_bytes(part[3]),
		part[3].len,
		tls_bytes(part[4]),
		part[4].len,
		tls_bytes(part[5]),
		part[5].len,
		tls_bytes(part[6]),
		part[6].len,
		tls_bytes(part[7]),
		part[7].len,
	};
	return id->rsa.n_bitlen <= RSA_BITS_MAX;
}

/* curve: known from outside already, or CERT_CURVE_NONE */
static bool
read_ec(struct tls_identity *id, struct str der, enum cert_curve curve)
{
	struct str in, d, inside;

	if (!der_take(&der, DER_SEQUENCE, &in) || !der_take(&in, DER_INTEGER, NULL) ||
		!der_take(&in, DER_OCTETS, &d) || d.len == 0 || d.len > POINT_MAX / 2)
		return false;
	if (der_take(&in, DER_CONTEXT_INSIDE, &inside) && !cert_take_curve(&inside, &curve))
		return false;
	id->type = CERT_KEY_EC;
	id->ec = (br_ec_private_key){(int)curve, tls_bytes(d), d.len};
	return curve != CERT_CURVE_NONE;
}

static bool
read_pkcs8(struct tls_identity *id, struct str der, struct str *modulus)
{
	enum cert_curve curve = CERT_CURVE_NONE;
	struct str in, algorithm, key;

	if (!der_take(&der, DER_SEQUENCE, &in) || !der_take(&in, DER_INTEGER, NULL) ||
		!der_take(&in, DER_SEQUENCE, &algorithm) || !der_take(&in, DER_OCTETS, &key))
		return false;
	if (der_take_oid(&algorithm, CERT_OID_RSA))
		return read_rsa(id, key, modulus);
	if (!der_take_oid(&algorithm, CERT_OID_EC))
		return false;
	cert_take_curve(&algorithm, &curve);
	return read_ec(id, key, curve);
}

/* The public half of the key is the one in the certificate. */
static bool
fits(const struct tls_identity *id, struct str modulus)
{
	unsigned char point[POINT_MAX];
	struct cert_key key;
	struct cert c;
	size_t n;

	if (!cert_parse(str_n((const char *)id->chain[0].data, id->chain[0].data_len), &c) ||
		!cert_key(c.spki, &key) || key.type != id->type)
		return false;
	if (key.type == CERT_KEY_RSA)
		return str_eq(key.n, modulus);
	if ((int)key.curve != id->ec.curve)
		return false;
	n = br_ec_get_default()->mulgen(point, id->ec.x, id->ec.xlen, id->ec.curve);
	return str_eq(key.q, str_n((const char *)point, n));
}

static int
use_key(struct tls_identity *id, const struct pem *p, const char *path, struct err *err)
{
	struct str der, modulus = {0};
	bool ok;

	if (p->encrypted || str_starts(p->label, STR("ENCRYPTED"))) {
		err_set(err, ERR_CONFIG, "the key in '%s' is encrypted", path);
		return err_hint(
			err, "store it without a passphrase: openssl pkey -in %s -out FILE", path);
	}
	buf_reserve(&id->secret, p->body.len, NULL);
	if (!base64_decode(&id->secret, p->body))
		return err_set(err, ERR_CONFIG, "the key in '%s' is damaged", path);
	der = buf_view(&id->secret);
	if (str_is(p->label, "RSA PRIVATE KEY"))
		ok = read_rsa(id, der, &modulus);
	else if (str_is(p->label, "EC PRIVATE KEY"))
		ok = read_ec(id, der, CERT_CURVE_NONE);
	else
		ok = read_pkcs8(id, der, &modulus);
	if (!ok) {
		err_set(err, ERR_CONFIG, "the key in '%s' is of a kind that is not supported",
			path);
		return err_hint(err,
			"RSA keys of up to %d bits are, and EC keys on P-256, P-384, P-521",
			RSA_BITS_MAX);
	}
	return fits(id, modulus) ? 0 : 1;
}

static int
load_key(struct tls_identity *id, const char *cert_path, const char *path, struct err *err)
{
	struct buf text = {0};
	bool found = false;
	struct str rest;
	struct pem p;
	int rc;

	if (read_pem(path, &text, err)) {
		buf_wipe(&text);
		return err_wrap(err, "key of the client certificate");
	}
	rest = buf_view(&text);
	while (!found && pem_next(&rest, &p))
		found = str_ends(p.label, STR("PRIVATE KEY"));
	rc = found ? use_key(id, &p, path, err)
		   : err_set(err, ERR_CONFIG, "no private key in PEM form in '%s'", path);
	if (rc == 1)
		rc = err_set(err, ERR_CONFIG,
			"the key in '%s' is not the one of the certificate in '%s'", path,
			cert_path);
	buf_wipe(&text);
	return rc;
}

struct tls_identity *
tls_identity_load(const char *cert_path, const char *key_path, struct err *err)
{
	struct tls_identity *id = xcalloc(1, sizeof(*id));

	if (load_chain(id, cert_path, err) || load_key(id, cert_path, key_path, err)) {
		tls_identity_free(id);
		return NULL;
	}
	return id;
}

void
tls_identity_free(struct tls_identity *id)
{
	if (!id)
		return;
	buf_wipe(&id->secret);
	buf_release(&id->storage);
	free(id->chain);
	free(id);
}

void
tls_identity_freep(struct tls_identity **id)
{
	tls_identity_free(*id);
	*id = NULL;
}

/* ---- signatures ------------------------------------------------------------- */

size_t
tls_identity_sign(const struct tls_identity *id, int hash_id, size_t hash_len, unsigned char *data,
	size_t room)
{
	static const struct {
		int id;
		const br_hash_class *hash;
		const unsigned char *oid;
	} hashes[] = {
		{br_sha256_ID, &br_sha256_vtable, BR_HASH_OID_SHA256},
		{br_sha384_ID, &br_sha384_vtable, BR_HASH_OID_SHA384},
		{br_sha512_ID, &br_sha512_vtable, BR_HASH_OID_SHA512},
	};
	unsigned char hash[64];
	size_t i, size;

	for (i = 0; i < ARRAY_LEN(hashes); i++)
		if (hashes[i].id == hash_id)
			break;
	if (i == ARRAY_LEN(hashes) || hash_len > sizeof(hash))
		return 0;
	memcpy(hash, data, hash_len);
	if (id->type == CERT_KEY_EC)
		/* the largest signature, of P-521, has 139 bytes */
		return room < 139 ? 0
				  : br_ecdsa_sign_asn1_get_default()(br_ec_get_default(),
					    hashes[i].hash, hash, &id->ec, data);
	size = (id->rsa.n_bitlen + 7) / 8;
	if (room < size ||
		!br_rsa_pkcs1_sign_get_default()(hashes[i].oid, hash, hash_len, &id->rsa, data))
		return 0;
	return size;
}
