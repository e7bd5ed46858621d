/*
 * Private to the room: one request to one address, over a connection of its own. What
 * clients of registries (wire.h) and of token services (https.h) have in common.
 */
#ifndef REGISTRY_EXCHANGE_H
#define REGISTRY_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct conn;
struct env;
struct err;
struct http_request;
struct http_response;
struct tls_files;
struct tls_options;
struct url;

/* Everything is borrowed. */
struct exchange {
	const struct env *env; /* proxies, and the system's certificates where tls is NULL */
	const struct url *url;
	bool direct;                   /* past every proxy */
	const struct tls_options *tls; /* of https; its server_name and alpn are not looked at */
	const struct tls_files *files; /* in place of tls; NULL: the system's certificates */
};

/*
 * Connects, sends the request and reads the head of the answer. Host and target of
 * the request are made here, in the arena. *c is the connection, to be closed by the
 * caller after the response was released, and NULL when it did not come to one.
 */
int exchange_start(const struct exchange *x, struct arena *a, struct http_request *req,
	struct http_response *resp, struct conn **c, int64_t deadline, struct err *err);

/* As written, else what the scheme has. */
const char *exchange_port(const struct url *u);
/* Waits that long. ERR_CANCELED. */
int exchange_pause(int64_t ms, struct err *err);

#endif
