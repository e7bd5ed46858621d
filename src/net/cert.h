/*
 * X.509 certificates (RFC 5280) read for what checks and messages need, and the
 * PEM armour (RFC 7468) around them and around keys. Pure: no clock, no
 * descriptor; every result is a view into the input. Nothing here verifies a
 * signature.
 */
#ifndef NET_CERT_H
#define NET_CERT_H

#include "base/str.h"

struct buf;

struct cert {
	struct str issuer, subject;    /* names, as DER elements */
	int64_t not_before, not_after; /* seconds since the Unix epoch */
	struct str spki;               /* public key, as DER element */
	struct str trusted;            /* validity, subject and public key, which lie in a row */
	struct str san;   /* content of the list of alternative names, for cert_san_next */
	bool ca;          /* may issue certificates */
	bool for_servers; /* no extended key usage, or one that lets it be a server's */
};

/* False when it is no certificate, or has bytes behind its end. */
bool cert_parse(struct str der, struct cert *out);

/*
 * The part of a certificate that a trust anchor consists of, taken from the
 * front of *rest; issuer and extensions stay empty.
 */
bool cert_take_trusted(struct str *rest, struct cert *out);

/* Certificates are read with the first two, private keys with all. */
enum cert_key_type { CERT_KEY_RSA, CERT_KEY_EC, CERT_KEY_ED25519 };

/* Numbers of the curves in TLS (RFC 8422, 5.1.1). */
enum cert_curve { CERT_CURVE_NONE = 0, CERT_P256 = 23, CERT_P384 = 24, CERT_P521 = 25 };

struct cert_key {
	enum cert_key_type type;
	struct str n, e;       /* RSA */
	enum cert_curve curve; /* EC */
	struct str q;          /* EC, uncompressed point */
};

/* False for other kinds of keys and other curves. */
bool cert_key(struct str spki, struct cert_key *out);
/* Takes the identifier of a curve. */
bool cert_take_curve(struct str *rest, enum cert_curve *out);

struct cert_san {
	bool ip;
	struct str value; /* text of the name, or the 4 or 16 bytes of the address */
};

/* The next host name or address; others are passed over. *rest starts as cert.san. */
bool cert_san_next(struct str *rest, struct cert_san *out);

/*
 * The certificate is one of this host: an IPv4 or IPv6 address (no brackets)
 * must be listed as address, anything else as name; "*.x.y" stands for one
 * label. The common name does not count (RFC 9525).
 */
bool cert_is_for(const struct cert *c, const char *host);

/* Appends "'a', 'b' and 3 more", or nothing when no host is listed. */
void cert_hosts_text(const struct cert *c, struct buf *out);
/* Appends the name as RFC 4514 writes it: "CN=x,O=y,C=z". */
void cert_name_text(struct str name, struct buf *out);
/* Appends the common name, or the whole when there is none. */
void cert_label(struct str name, struct buf *out);
/* "2024-01-02" */
void cert_date(int64_t t, char out[16]);

/* Object identifiers of algorithms, as encoded. */
#define CERT_OID_RSA STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define CERT_OID_EC STR("\x2a\x86\x48\xce\x3d\x02\x01")

struct pem {
	struct str label; /* between BEGIN and the dashes */
	struct str body;  /* base64 */
	bool encrypted;   /* by a header of its own (RFC 1421) */
};

/* The next armoured block; what stands between blocks is passed over. */
bool pem_next(struct str *rest, struct pem *out);
bool pem_is_certificate(const struct pem *p);

#endif
