/*
 * Protocol buffers on the wire (proto3) and the frame that gRPC puts around a
 * message: for messages that carry bytes of files, which pass through here as
 * views and are never copied as a whole. Everything else has its .proto.
 */
#ifndef BUILDKIT_WIRE_H
#define BUILDKIT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

enum {
	WIRE_FRAME = 5,      /* bytes of the frame: a flag and the length */
	WIRE_NUMBER_MAX = 11 /* bytes of a tag and a number, or of what stands in front of bytes */
};

struct wire_field {
	uint32_t number;
	uint32_t type;
	uint64_t value;   /* WIRE_VARINT */
	struct str bytes; /* the others, as a view */
};

/* Takes the next field; false when it is malformed, or there is none. */
bool wire_take(struct str *in, struct wire_field *f);

/*
 * Bytes that a field takes and its writer, which returns where it ended. A field
 * with its default value is not sent. Field numbers are 1 to 15.
 */
size_t wire_number_size(uint64_t v);
size_t wire_bytes_size(size_t len);
char *wire_put_number(char *p, uint32_t number, uint64_t v);
char *wire_put_bytes(char *p, uint32_t number, struct str s);
/* What stands in front of a field of len bytes, also when there are none. */
char *wire_put_head(char *p, uint32_t number, uint64_t len);
char *wire_put_mem(char *p, struct str s);
/* Frame of a message of len bytes. */
char *wire_put_frame(char *p, size_t len);
size_t wire_varint_size(uint64_t v);

#endif
