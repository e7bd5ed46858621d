/*
 * A server on a port of 127.0.0.1, in a child: each connection is one request, which
 * is kept, and gets the next answer, byte for byte.
 */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include <sys/types.h>

#include "base/buf.h"

struct http_peer {
	pid_t pid;
	int seen; /* what it was asked, as a stream */
	char port[8];
	char url[40]; /* "http://127.0.0.1:PORT" */
};

/* The answers must live until then only. */
void http_peer_start(struct http_peer *p, const char *const *answers, size_t n);
/* All requests, after the last answer was fetched; the server has ended then. */
void http_peer_end(struct http_peer *p, struct buf *requests);

#endif
