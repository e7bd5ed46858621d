/*
 * Real TLS servers for tests: certificates and servers made by the openssl
 * program. Without it the test fails and names the package.
 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <stddef.h>
#include <sys/types.h>

#include "tree.h"

struct conn;

struct tls_peer {
	pid_t pid;
	int in; /* its standard input, which it wants open */
	char port[8];
};

/* Runs tests/unit/certificates.sh in the tree. */
void tls_peer_certificates(const struct tree *t);
/*
 * Starts openssl s_server on a free port of 127.0.0.1, in the tree, with NAME.pem,
 * the chain in CHAIN.pem (NULL: none), and further arguments, NULL-terminated.
 */
void tls_peer_start(struct tls_peer *p, const struct tree *t, const char *name, const char *chain,
	const char *const *args);
void tls_peer_stop(struct tls_peer *p);
/* A connection to it. */
struct conn *tls_peer_dial(const struct tls_peer *p);

/*
 * A connection that delivers at most 'chunk' bytes at a time each way, makes its
 * caller wait before every second one, and ends after 'cut' bytes (0: never) as
 * if the peer had gone.
 */
struct conn *tls_peer_slow(struct conn *below, size_t chunk, size_t cut);

#endif
