/* The peer's certificates: collected, put into order, verified. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/tls.h"
#include "net/tls_private.h"
#include "net/trust.h"

enum { DAYS_TO_EPOCH = 719528 }; /* from the year 0, as the library counts */

static struct tls_check *
self(const br_x509_class **ctx)
{
	return (struct tls_check *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct tls_check *k = self(ctx);

	(void)server_name;
	buf_reset(&k->bytes);
	k->nreceived = 0;
	k->npath = 0;
}

static void
start_cert(const br_x509_class **ctx, uint32_t len)
{
	struct tls_check *k = self(ctx);

	(void)len;
	if (k->nreceived == TLS_CHAIN_MAX)
		err_set(&k->why, ERR_TLS, "'%s' sends more than %d certificates", k->peer,
			TLS_CHAIN_MAX);
	else
		k->received[k->nreceived].at = k->bytes.len;
}

static void
append(const br_x509_class **ctx, const unsigned char *p, size_t len)
{
	struct tls_check *k = self(ctx);

	if (k->why.kind == ERR_NONE && buf_add(&k->bytes, p, len, NULL))
		err_set(&k->why, ERR_TLS, "'%s' sends more than %zu bytes of certificates", k->peer,
			k->bytes.max);
}

static void
end_cert(const br_x509_class **ctx)
{
	struct tls_check *k = self(ctx);

	if (k->why.kind != ERR_NONE)
		return;
	k->received[k->nreceived].len = k->bytes.len - k->received[k->nreceived].at;
	k->nreceived++;
}

/* ---- the path --------------------------------------------------------------- */

static struct str
received(const struct tls_check *k, size_t i)
{
	return str_n(k->bytes.p + k->received[i].at, k->received[i].len);
}

static bool
in_path(const struct tls_check *k, const char *der)
{
	size_t i;

	for (i = 0; i < k->npath; i++)
		if (k->der[i].s == der)
			return true;
	return false;
}

/* The certificate of the last one's issuer, if the peer sent it. */
static bool
extend_path(struct tls_check *k)
{
	const struct cert *last = &k->path[k->npath - 1];
	struct cert c;
	size_t i;

	if (str_eq(last->issuer, last->subject))
		return false;
	for (i = 1; i < k->nreceived; i++) {
		struct str der = received(k, i);

		if (in_path(k, der.s) || !cert_parse(der, &c) || !str_eq(c.subject, last->issuer))
			continue;
		k->der[k->npath] = der;
		k->path[k->npath++] = c;
		return true;
	}
	return false;
}

/*
 * Servers send chains out of order and with certificates that belong to nothing;
 * the library takes neither. The first one is the server's (RFC 5246, 7.4.2).
 */
static int
make_path(struct tls_check *k)
{
	if (k->nreceived == 0)
		return err_set(&k->why, ERR_TLS, "'%s' sends no certificate", k->peer);
	k->der[0] = received(k, 0);
	if (!cert_parse(k->der[0], &k->path[0]))
		return err_set(
			&k->why, ERR_TLS, "'%s' sends a certificate that cannot be read", k->peer);
	k->npath = 1;
	while (k->npath < TLS_CHAIN_MAX && extend_path(k))
		;
	return 0;
}

static unsigned
run_engine(struct tls_check *k)
{
	const br_x509_class **engine = &k->engine.vtable;
	size_t i;

	br_x509_minimal_set_time(
		&k->engine, (uint32_t)(k->now / 86400 + DAYS_TO_EPOCH), (uint32_t)(k->now % 86400));
	/* names are ours to check: the library knows no addresses */
	(*engine)->start_chain(engine, NULL);
	for (i = 0; i < k->npath; i++) {
		(*engine)->start_cert(engine, (uint32_t)k->der[i].len);
		(*engine)->append(engine, tls_bytes(k->der[i]), k->der[i].len);
		(*engine)->end_cert(engine);
	}
	return (*engine)->end_chain(engine);
}

static int
take_key(struct tls_check *k)
{
	struct cert_key key;

	if (!cert_key(k->path[0].spki, &key))
		return err_set(&k->why, ERR_TLS,
			"the certificate of '%s' has a key of a kind that is not supported",
			k->peer);
	if (key.type == CERT_KEY_RSA) {
		k->key.key_type = BR_KEYTYPE_RSA;
		k->key.key.rsa = (br_rsa_public_key){
			tls_bytes(key.n), key.n.len, tls_bytes(key.e), key.e.len};
	} else {
		k->key.key_type = BR_KEYTYPE_EC;
		k->key.key.ec = (br_ec_public_key){(int)key.curve, tls_bytes(key.q), key.q.len};
	}
	return 0;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct tls_check *k = self(ctx);
	unsigned code;

	if (k->why.kind != ERR_NONE || make_path(k))
		return BR_ERR_X509_INVALID_VALUE;
	if (k->options->insecure)
		return take_key(k) ? BR_ERR_X509_UNSUPPORTED : 0;
	code = run_engine(k);
	if (code == 0 && !cert_is_for(&k->path[0], k->options->server_name))
		code = BR_ERR_X509_BAD_SERVER_NAME;
	if (code == 0 && !k->path[0].for_servers)
		code = BR_ERR_X509_FORBIDDEN_KEY_USAGE;
	if (code)
		tls_check_explain(k, code);
	return code;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct tls_check *k = (const struct tls_check *)(const void *)ctx;
	const br_x509_class *const *engine = &k->engine.vtable;

	if (!k->options->insecure)
		return (*engine)->get_pkey(engine, usages);
	if (usages)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return &k->key;
}

static const br_x509_class check_class = {
	.context_size = sizeof(struct tls_check),
	.start_chain = start_chain,
	.start_cert = start_cert,
	.append = append,
	.end_cert = end_cert,
	.end_chain = end_chain,
	.get_pkey = get_pkey,
};

void
tls_check_init(struct tls_check *k, const struct tls_options *o, const char *peer,
	br_ssl_engine_context *eng)
{
	const br_x509_trust_anchor *anchors = NULL;
	size_t n = 0;

	k->vtable = &check_class;
	k->options = o;
	k->peer = peer;
	k->now = clock_wall_ns() / 1000000000;
	buf_init(&k->bytes, LIMIT_CERT_CHAIN);
	if (o->trust)
		anchors = trust_anchors(o->trust, &n);
	br_x509_minimal_init(&k->engine, &br_sha256_vtable, anchors, n);
	br_x509_minimal_set_rsa(&k->engine, br_ssl_engine_get_rsavrfy(eng));
	br_x509_minimal_set_ecdsa(
		&k->engine, br_ssl_engine_get_ec(eng), br_ssl_engine_get_ecdsa(eng));
	br_x509_minimal_set_hash(&k->engine, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(&k->engine, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(&k->engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_x509(eng, &k->vtable);
}

void
tls_check_release(struct tls_check *k)
{
	buf_release(&k->bytes);
}
