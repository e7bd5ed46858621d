/*
 * HTTP/1.1 (RFC 9112) as a codec: bytes in, parsed heads and body pieces out.
 * No descriptor, no clock. What the sender of a message must not do is refused,
 * so that two readers never disagree about where a message ends.
 */
#ifndef NET_HTTP1_H
#define NET_HTTP1_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"
#include "base/str.h"

struct buf;
struct err;

struct http_field {
	struct str name, value; /* views into the parsed bytes */
};

struct http_head {
	int minor;  /* of the version: 0 or 1 */
	int status; /* 100 to 599 */
	struct str reason;
	struct http_field fields[LIMIT_HTTP_HEADERS];
	size_t n;
};

/*
 * Parses one response head. Returns the bytes it takes, 0 when it is not
 * complete, -1 (ERR_PROTO) when it is malformed and ERR_LIMIT when it passes
 * LIMIT_HTTP_HEAD or LIMIT_HTTP_HEADERS.
 */
ssize_t http_head_parse(struct str in, struct http_head *out, struct err *err);
/* The first field of that name, case ignored; s is NULL when there is none. */
struct str http_head_get(const struct http_head *h, const char *name);

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_TO_CLOSE };
enum http_chunk_state {
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_CRLF,
	HTTP_CHUNK_TRAILER,
	HTTP_CHUNK_DONE
};

/* Where in a body we are. */
struct http_body {
	enum http_body_kind kind;
	uint64_t left; /* bytes of the body, or of the present chunk */
	enum http_chunk_state chunk;
	size_t trailer; /* bytes of trailer lines so far */
};

/*
 * How the body of this response is delimited (RFC 9112, 6.3). head_only is true
 * for the answer to a HEAD request.
 */
int http_body_start(
	struct http_body *b, const struct http_head *h, bool head_only, struct err *err);

enum http_body_event { HTTP_BODY_ERROR = -1, HTTP_BODY_MORE, HTTP_BODY_DATA, HTTP_BODY_END };
/*
 * Consumes from *in and gives the next piece of the body as a view into it:
 * DATA; MORE when all was consumed and the body goes on; END.
 */
enum http_body_event http_body_next(
	struct http_body *b, struct str *in, struct str *data, struct err *err);
/* The stream has ended: 0 when that ends the body, -1 (ERR_PROTO) when it cuts it off. */
int http_body_eof(const struct http_body *b, struct err *err);

/*
 * Writes the request line and Host. target must begin with '/'. Then fields by
 * http_field_write, then an empty line by http_head_end.
 */
void http_request_start(struct buf *out, const char *method, const char *target, const char *host);
/* A value with CR, LF or NUL is ERR_USAGE: it would start a field of its own. */
int http_field_write(struct buf *out, const char *name, struct str value, struct err *err);
void http_head_end(struct buf *out);

#endif
