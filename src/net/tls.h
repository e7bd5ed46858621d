/*
 * TLS 1.2 over any connection (RFC 5246), as a connection again. Certificates
 * are verified unless the caller asks for the opposite; the peer's must be one of
 * the host that was asked for, by name or by address.
 *
 * An end of the stream that the peer did not announce (no close_notify) is an
 * end like any other here, but conn_cut() tells it apart; in the middle of a
 * record it is an error. TLS 1.3 is not spoken; nor is renegotiation.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct conn;
struct env;
struct err;
struct tls_files;
struct tls_identity;
struct trust;

/* Everything is borrowed, and needed only until tls_connect returns. */
struct tls_options {
	const char *server_name;             /* DNS name, IPv4 or IPv6 address without brackets */
	const struct trust *trust;           /* whose word is taken; not needed when insecure */
	bool insecure;                       /* verify nothing: only when the user said so */
	const struct tls_identity *identity; /* for peers that ask who we are, or NULL */
	const char *const *alpn;             /* protocols by preference, NULL-terminated, or NULL */
	/* what the user sets to name an authority or a certificate of ours; NULL: as for registries
	 */
	const char *ca_setting, *cert_setting;
};

/*
 * Does the handshake over below, which is taken over, also on failure. ERR_TLS
 * when the peer or its certificate is not to our liking, or ours not to its:
 * the message says which and why, and the code is TLS_CERTIFICATE when it is the
 * peer's; ERR_NET when the connection breaks.
 */
enum { TLS_CERTIFICATE = 1 };
struct conn *tls_connect(
	struct conn *below, const struct tls_options *o, int64_t deadline, struct err *err);

/* What was agreed upon by ALPN ("h2", "http/1.1"); "" when nothing was, or c is no TLS. */
const char *tls_protocol(const struct conn *c);

/*
 * A client certificate with the chain behind it, and its key: RSA or EC, PEM, not
 * encrypted. ERR_CONFIG naming the file. Both paths may be the same file.
 */
struct tls_identity *tls_identity_load(
	const char *cert_path, const char *key_path, struct err *err);
/* Safe with NULL; the key is wiped. */
void tls_identity_free(struct tls_identity *id);
void tls_identity_freep(struct tls_identity **id);
#define cleanup_tls_identity CLEANUP(tls_identity_freep)

/*
 * tls_connect with files (net/tls_env.h): their CA in place of the system's, the
 * system's (env) when there is none. host: as server_name, unless the files name
 * another. ERR_CONFIG for a file that is of no use.
 */
struct conn *tls_connect_files(struct conn *below, const struct tls_files *f, const char *host,
	const char *const *alpn, const struct env *env, int64_t deadline, struct err *err);

#endif
