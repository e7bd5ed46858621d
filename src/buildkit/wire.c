#include "buildkit/wire.h"

#include <string.h>

/* ---- reading --------------------------------------------------------------- */

static bool
take_varint(struct str *in, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < in->len && i < 10; i++) {
		uint64_t bits = (uint8_t)in->s[i] & 0x7f;

		/* the tenth byte has room for the 64th bit only */
		if (i == 9 && bits > 1)
			return false;
		value |= bits << (7 * i);
		if (!((uint8_t)in->s[i] & 0x80)) {
			*in = str_from_off(*in, i + 1);
			*out = value;
			return true;
		}
	}
	return false;
}

static bool
take_bytes(struct str *in, uint64_t n, struct str *out)
{
	if (n > in->len)
		return false;
	*out = str_first(*in, (size_t)n);
	*in = str_from_off(*in, (size_t)n);
	return true;
}

bool
wire_take(struct str *in, struct wire_field *f)
{
	uint64_t tag, n;

	*f = (struct wire_field){0};
	if (!take_varint(in, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
		return false;
	f->number = (uint32_t)(tag >> 3);
	f->type = (uint32_t)(tag & 7);
	switch (f->type) {
	case WIRE_VARINT:
		return take_varint(in, &f->value);
	case WIRE_64:
		return take_bytes(in, 8, &f->bytes);
	case WIRE_BYTES:
		return take_varint(in, &n) && take_bytes(in, n, &f->bytes);
	case WIRE_32:
		return take_bytes(in, 4, &f->bytes);
	default:
		return false;
	}
}

/* ---- writing --------------------------------------------------------------- */

size_t
wire_varint_size(uint64_t v)
{
	/* seven bits a byte; v | 1 because zero takes one byte too */
	return (size_t)(70 - __builtin_clzll(v | 1)) / 7;
}

static char *
put_varint(char *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (char)(v | 0x80);
		v >>= 7;
	}
	*p++ = (char)v;
	return p;
}

static char *
put_tag(char *p, uint32_t number, uint32_t wire)
{
	*p++ = (char)(number << 3 | wire);
	return p;
}

/* proto3: a field with its default value is not sent */
size_t
wire_number_size(uint64_t v)
{
	return v ? 1 + wire_varint_size(v) : 0;
}

size_t
wire_bytes_size(size_t len)
{
	return len ? 1 + wire_varint_size(len) + len : 0;
}

char *
wire_put_number(char *p, uint32_t number, uint64_t v)
{
	if (v == 0)
		return p;
	return put_varint(put_tag(p, number, WIRE_VARINT), v);
}

char *
wire_put_head(char *p, uint32_t number, uint64_t len)
{
	return put_varint(put_tag(p, number, WIRE_BYTES), len);
}

char *
wire_put_mem(char *p, struct str s)
{
	if (s.len)
		memcpy(p, s.s, s.len);
	return p + s.len;
}

char *
wire_put_bytes(char *p, uint32_t number, struct str s)
{
	if (s.len == 0)
		return p;
	return wire_put_mem(wire_put_head(p, number, s.len), s);
}

char *
wire_put_frame(char *p, size_t len)
{
	*p++ = 0; /* not compressed */
	*p++ = (char)(len >> 24);
	*p++ = (char)(len >> 16);
	*p++ = (char)(len >> 8);
	*p++ = (char)len;
	return p;
}
