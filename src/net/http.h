/*
 * One HTTP/1.1 exchange over a connection, as plain sequential code with an
 * absolute deadline. The codec is net/http1.h.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/buf.h"
#include "net/http1.h"

struct conn;
struct err;

struct http_extra {
	const char *name;
	struct str value;
};

/* A body that is not in memory. */
struct http_source {
	uint64_t length;
	/*
	 * Bytes of the body from offset at on: their number, never 0, or -1. Offsets
	 * follow each other, except that a request which is sent again begins at 0.
	 */
	ssize_t (*read)(struct http_source *s, uint64_t at, void *p, size_t len, struct err *err);
	/*
	 * For each piece to be taken, and then for the head of the answer, in place of
	 * the deadline of the exchange: nobody knows how long all of it takes.
	 */
	int64_t patience_ms;
};

struct http_request {
	const char *method;
	const char *target; /* path and query */
	const char *host;
	const struct http_extra *fields; /* further header fields; borrowed */
	size_t nfields;
	const char
		*content_type; /* NULL: no body; then Content-Length: 0 where a method wants one */
	struct str body;
	struct http_source *source; /* in place of body, or NULL */
	const char *upgrade;        /* NULL, or the protocol: Connection: Upgrade is sent */
};

/* A response whose head was read. Views in head live until the first http_body_read. */
struct http_response {
	struct conn *conn; /* borrowed */
	struct http_head head;
	bool headed;   /* private: the head came before the request was all sent */
	struct buf in; /* bytes read: the head, then unconsumed bytes */
	size_t at;     /* start of the unconsumed bytes in in */
	struct http_body body;
};

/*
 * Sends the request and reads the head of the final response (1xx are passed
 * over, 101 is final). A peer may answer before it has seen a whole source: the
 * rest is not sent then. ERR_NET, ERR_PROTO, ERR_LIMIT, ERR_CANCELED, or what the
 * source failed with.
 */
int http_exchange(struct conn *c, const struct http_request *req, struct http_response *resp,
	int64_t deadline, struct err *err);
/* Reads the head of the response to a request the caller has sent; no body is expected. */
int http_receive(struct conn *c, struct http_response *resp, int64_t deadline, struct err *err);
/* The next piece of the body: bytes > 0, 0 at its end, -1. The view lives until the next call. */
ssize_t http_body_read(
	struct http_response *resp, struct str *piece, int64_t deadline, struct err *err);
/* The whole body, at most max bytes: ERR_LIMIT beyond. */
int http_body_all(
	struct http_response *resp, size_t max, struct buf *out, int64_t deadline, struct err *err);
/* After 101: what was read beyond the head belongs to the next protocol. */
struct str http_rest(const struct http_response *resp);
void http_response_release(struct http_response *resp);

#define cleanup_http_response CLEANUP(http_response_release)

#endif
