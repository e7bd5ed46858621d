/*
 * DER (X.690) as far as certificates and keys need it: definite lengths, tags of
 * one byte. Pure; every result is a view into the input. Consumers take from the
 * front of *rest and return whether they did; on false *rest is unchanged.
 */
#ifndef NET_DER_H
#define NET_DER_H

#include "base/str.h"

/* First byte of an element: class, constructed bit and number. */
enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_T61_STRING = 0x14,
	DER_BMP_STRING = 0x1e,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0x80,        /* + number: primitive */
	DER_CONTEXT_INSIDE = 0xa0, /* + number: constructed */
};

struct der {
	unsigned tag;
	struct str value; /* content */
	struct str whole; /* with tag and length */
};

/* The next element, whatever it is. */
bool der_next(struct str *rest, struct der *out);
/* The next element, which must have this tag; value may be NULL. */
bool der_take(struct str *rest, unsigned tag, struct str *value);
/* A number that is not negative, without leading zeros: {.len = 0} is zero. */
bool der_take_uint(struct str *rest, struct str *magnitude);
/* A bit string of whole bytes. */
bool der_take_bits(struct str *rest, struct str *bytes);
/* An object identifier with exactly these encoded bytes. */
bool der_take_oid(struct str *rest, struct str oid);

#endif
