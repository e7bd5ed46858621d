/*
 * HTTP/2 frames written by hand, for peers that do what a library would not let
 * them do.
 */
#ifndef H2_H
#define H2_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { H2_DATA, H2_HEADERS, H2_PRIORITY, H2_RST_STREAM, H2_SETTINGS, H2_PUSH, H2_PING, H2_GOAWAY };
enum { H2_END_STREAM = 1, H2_ACK = 1, H2_END_HEADERS = 4 };

/* What a client says first. */
#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

void h2_frame(struct buf *out, int type, int flags, uint32_t stream, const void *p, size_t len);
/* Name and value in turn, ended by NULL; nothing is indexed or compressed. */
void h2_headers(struct buf *out, int flags, uint32_t stream, const char *const *fields);
/* DATA with one gRPC message, or with the first 'keep' bytes of it. */
void h2_message(struct buf *out, int flags, uint32_t stream, struct str msg, size_t keep);
void h2_goaway(struct buf *out, uint32_t last, uint32_t code, const char *text);

#endif
