/* What the files of TLS share: the library's types, the store and the key as it wants them. */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <bearssl.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/cert.h"

struct privkey;
struct tls_options;
struct trust;

/* The library wants bytes it does not change as unsigned char *. */
static inline unsigned char *
tls_bytes(struct str s)
{
	return (unsigned char *)(uintptr_t)s.s;
}

/* ---- privsign.c ------------------------------------------------------------- */

/* The key in the library's form; its numbers stay where they are. */
br_ec_private_key tls_ec_key(const struct privkey *k);
br_rsa_private_key tls_rsa_key(const struct privkey *k);

/* ---- trust.c ---------------------------------------------------------------- */

const br_x509_trust_anchor *trust_anchors(const struct trust *t, size_t *n);

enum trust_name { TRUST_NAME_UNKNOWN, TRUST_NAME_KNOWN, TRUST_NAME_EXPIRED };

/* Is a certificate of that name there? Of an expired one, until when it was valid. */
enum trust_name trust_find(const struct trust *t, struct str name, int64_t *until);
/* Appends where the certificates come from: "142 of '/etc/ssl/certs/ca-certificates.crt'". */
void trust_origin_text(const struct trust *t, struct buf *out);
/* The system's certificates are among them, so the user's own can be added there. */
bool trust_has_system(const struct trust *t);

/* ---- tls_identity.c --------------------------------------------------------- */

struct tls_identity {
	struct buf storage; /* all certificates, DER */
	br_x509_certificate *chain;
	size_t n;
	struct buf secret; /* the key, DER; wiped */
	enum cert_key_type type;
	br_rsa_private_key rsa;
	br_ec_private_key ec;
};

/* Signs a hash for CertificateVerify; bytes of the signature, or 0. */
size_t tls_identity_sign(const struct tls_identity *id, int hash_id, size_t hash_len,
	unsigned char *data, size_t room);

/* ---- tls_check.c ------------------------------------------------------------ */

enum { TLS_CHAIN_MAX = 16 };

/*
 * The library's view of the peer's certificates. They are collected first, put
 * into order, checked by the library's own engine, and then by ours: for which
 * host, and for which purpose. When that fails, why says so in a user's words.
 */
struct tls_check {
	const br_x509_class *vtable; /* first: the library knows us by it */
	br_x509_minimal_context engine;
	const struct tls_options *options; /* borrowed, for the time of the handshake */
	const char *peer;                  /* borrowed; "host:port" */
	struct buf bytes;                  /* DER of all */
	struct {
		size_t at, len;
	} received[TLS_CHAIN_MAX];
	size_t nreceived;
	struct cert path[TLS_CHAIN_MAX]; /* from the server's to the last one that was sent */
	struct str der[TLS_CHAIN_MAX];   /* of path */
	size_t npath;
	br_x509_pkey key; /* when nothing is verified */
	int64_t now;
	struct err why;
};

void tls_check_init(struct tls_check *k, const struct tls_options *o, const char *peer,
	br_ssl_engine_context *eng);
void tls_check_release(struct tls_check *k);
/* Which of the path is meant, and why it does not hold; fills k->why. */
void tls_check_explain(struct tls_check *k, unsigned code);

/* ---- tls_text.c ------------------------------------------------------------- */

/* Why the library gave a connection up, as a sentence part behind the peer's name. */
const char *tls_error_text(int code);
/* What the peer complained of; NULL for what has no words. */
const char *tls_alert_text(int alert);

#endif
