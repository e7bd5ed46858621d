/*
 * HTTP proxies: which one a connection goes through, by the environment, and the
 * tunnel through it (CONNECT, RFC 9110, 9.3.6).
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"

struct arena;
struct conn;
struct env;
struct err;

struct proxy {
	const char *host; /* NULL: no proxy, connect directly */
	const char *port;
	const char *source;  /* the variable that names it */
	bool tls;            /* https:// is spoken with the proxy itself */
	struct secret login; /* "user:password", or not set */
};

/*
 * The proxy for host and port (digits): HTTPS_PROXY for https, http_proxy for
 * plain http (lower case only: a web server's CGI sets the other from a request),
 * else ALL_PROXY, in lower case first. NO_PROXY makes exceptions: names with all
 * below them, addresses, address ranges, "*", each with an optional ":port".
 * localhost and loopback addresses never have one. ERR_CONFIG for a variable that
 * makes no sense; its value is not shown, as it may hold a password.
 */
int proxy_find(struct arena *a, const struct env *env, bool https, const char *host,
	const char *port, struct proxy *out, struct err *err);
/* Wipes the login; texts belong to the arena. */
void proxy_release(struct proxy *p);
#define cleanup_proxy CLEANUP(proxy_release)

/* NO_PROXY (the list) covers this host and port. */
bool proxy_exempts(const char *list, const char *host, const char *port);

/*
 * A connection to host:port through the proxy, named after the target. ERR_NET or
 * ERR_TLS when the proxy cannot be reached, ERR_AUTH when it wants (other)
 * credentials, ERR_REMOTE with its status when it declines. env: for the
 * certificates trusted where the proxy speaks TLS.
 */
struct conn *proxy_connect(const struct proxy *p, const struct env *env, const char *host,
	const char *port, int64_t deadline, struct err *err);
/* The same over a connection to the proxy, which is taken over, also on failure. */
struct conn *proxy_tunnel(struct conn *below, const struct proxy *p, const char *host,
	const char *port, int64_t deadline, struct err *err);

/* dial_tcp, through what proxy_find finds. */
struct conn *proxy_dial(const struct env *env, bool https, const char *host, const char *port,
	int64_t deadline, struct err *err);

#endif
