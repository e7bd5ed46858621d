/* Client certificates and their keys. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/fd.h"
#include "base/limits.h"
#include "net/privkey.h"
#include "net/tls.h"
#include "net/tls_private.h"

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

/* The key in the library's form; false for those that it or TLS 1.2 does not know. */
static bool
adopt(struct tls_identity *id, const struct privkey *k)
{
	id->type = k->type;
	id->ec = tls_ec_key(k);
	id->rsa = tls_rsa_key(k);
	return k->type == CERT_KEY_EC ||
	       (k->type == CERT_KEY_RSA && id->rsa.n_bitlen <= PRIVKEY_RSA_BITS_MAX);
}

/* The public half of the key is the one in the certificate. */
static bool
fits(const struct tls_identity *id, struct str modulus)
{
	unsigned char point[PRIVKEY_POINT_MAX];
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
	struct privkey key;

	if (p->encrypted || str_starts(p->label, STR("ENCRYPTED"))) {
		err_set(err, ERR_CONFIG, "the key in '%s' is encrypted", path);
		return err_hint(
			err, "store it without a passphrase: openssl pkey -in %s -out FILE", path);
	}
	buf_reserve(&id->secret, p->body.len, NULL);
	if (!base64_decode(&id->secret, p->body))
		return err_set(err, ERR_CONFIG, "the key in '%s' is damaged", path);
	if (!privkey_parse(p, buf_view(&id->secret), &key) || !adopt(id, &key)) {
		err_set(err, ERR_CONFIG, "the key in '%s' is of a kind that is not supported",
			path);
		return err_hint(err,
			"RSA keys of up to %d bits are, and EC keys on P-256, P-384, P-521",
			PRIVKEY_RSA_BITS_MAX);
	}
	return fits(id, key.n) ? 0 : 1;
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
