/*
 * Private to the room: one request over HTTP or HTTPS to a registry, its token
 * server or wherever it redirects to. Every request has a connection of its own.
 */
#ifndef REGISTRY_WIRE_H
#define REGISTRY_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "net/http.h"
#include "net/url.h"

struct env;
struct err;
struct tls_identity;
struct trust;

/* What is needed to reach hosts on behalf of one registry. Texts live in the arena. */
struct wire {
	struct arena arena;
	const struct env *env; /* proxies, system certificates; borrowed */
	const char *agent;     /* User-Agent, or NULL */
	const char *host;      /* the registry's own, without brackets */
	const char *port;      /* NULL: the scheme's */
	bool reached;          /* somebody has answered already */
	bool insecure;         /* its certificate is not looked at, private addresses are fine */
	struct trust *trust;
	struct tls_identity *identity; /* shown to the registry alone, or NULL */
};

/*
 * For HOST[:PORT]. Trusted are the system's certificates, those of the PEM file
 * ca (may be NULL) and of the folders that Docker and Podman have for the host.
 * ERR_CONFIG for a file or host that is of no use.
 */
int wire_open(struct wire *w, const char *server, bool insecure, const char *ca,
	const struct env *env, struct err *err);
void wire_close(struct wire *w);

struct wire_request {
	const char *method;
	const char *url; /* whole */
	const char *accept;
	const char *content_type;  /* NULL: no body */
	const char *content_range; /* of a chunk, or NULL */
	struct str body;
	struct http_source *source; /* in place of body */
	int64_t patience_ms;        /* for one try; 0: the usual */
	struct str authorization;   /* field value; empty: none */
	size_t max;                 /* bytes of a good answer's body */
	bool streams; /* the body of a 200 is not read, but left to the caller: wire_read */
};

struct wire_reply {
	struct arena arena;
	struct http_head head; /* texts in the arena */
	struct buf body;       /* of an error: cut off at LIMIT_ERROR_BODY */
	const char *url;       /* that answered */
	bool foreign;          /* it is on another host than the one that was asked */
	bool lost;             /* on failure: the connection broke, another try may help */
	struct conn *conn;     /* of a body that streams */
	struct http_response stream;
};

/*
 * Sends the request and follows redirects, at most WIRE_REDIRECTS_MAX, never from
 * HTTPS to HTTP; authorization goes to the first host only, and so does a body. A
 * source is what is going to be public anyway, and may be sent to another host.
 * ERR_NET, ERR_TLS, ERR_PROTO, ERR_LIMIT, ERR_CANCELED. The reply is set in any
 * case and must be released.
 */
enum { WIRE_REDIRECTS_MAX = 10 };
int wire_send(struct wire *w, const struct wire_request *req, struct wire_reply *reply,
	int64_t deadline, struct err *err);
/* The next piece of a body that streams: bytes > 0, 0 at its end, -1. */
ssize_t wire_read(struct wire_reply *reply, struct str *piece, int64_t deadline, struct err *err);
void wire_reply_release(struct wire_reply *reply);
#define cleanup_wire_reply CLEANUP(wire_reply_release)

/* Resolves a Location: absolute, with a host, from the root, or relative to base. Pure. */
const char *wire_resolve(struct arena *a, const char *base, struct str location);
/* Scheme, host and port are the same. Pure. */
bool wire_same_origin(const struct url *a, const struct url *b);
/* An address such as 10.1.2.3, 169.254.169.254 or ::1, which only a local network knows. Pure. */
bool wire_is_private(const char *host);
/* localhost, names below it, 127.0.0.0/8, ::1: plain HTTP to them meets nobody. Pure. */
bool wire_is_loopback(const char *host);
/*
 * May a request that the registry asks for go there? Over HTTPS to any public
 * host. Over plain HTTP, and to private addresses, only to the registry's own
 * host, or when it was declared insecure. ERR_PROTO. Pure.
 */
int wire_allows(const struct wire *w, const struct url *u, bool plain, struct err *err);

#endif
