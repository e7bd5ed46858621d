#include "net/der.h"

/* Length octets (X.690, 8.1.3): up to four bytes, never longer than what is there. */
static bool
take_length(struct str *rest, size_t *len)
{
	size_t n, i;
	uint64_t v;

	if (rest->len == 0)
		return false;
	v = (unsigned char)rest->s[0];
	n = v < 0x80 ? 0 : (size_t)(v & 0x7f);
	if (v == 0x80 || n > 4 || rest->len < 1 + n)
		return false;
	if (n)
		v = 0;
	for (i = 1; i <= n; i++)
		v = v << 8 | (unsigned char)rest->s[i];
	*rest = str_from_off(*rest, 1 + n);
	if (v > rest->len)
		return false;
	*len = (size_t)v;
	return true;
}

bool
der_next(struct str *rest, struct der *out)
{
	struct str at = *rest;
	size_t len;

	if (at.len == 0 || ((unsigned char)at.s[0] & 0x1f) == 0x1f)
		return false;
	out->tag = (unsigned char)at.s[0];
	at = str_from_off(at, 1);
	if (!take_length(&at, &len))
		return false;
	out->value = str_first(at, len);
	at = str_from_off(at, len);
	out->whole = str_first(*rest, rest->len - at.len);
	*rest = at;
	return true;
}

bool
der_take(struct str *rest, unsigned tag, struct str *value)
{
	struct str at = *rest;
	struct der d;

	if (!der_next(&at, &d) || d.tag != tag)
		return false;
	if (value)
		*value = d.value;
	*rest = at;
	return true;
}

bool
der_take_uint(struct str *rest, struct str *magnitude)
{
	struct str at = *rest, v;

	if (!der_take(&at, DER_INTEGER, &v) || v.len == 0 || (unsigned char)v.s[0] >= 0x80)
		return false;
	while (v.len && v.s[0] == 0)
		v = str_from_off(v, 1);
	*magnitude = v;
	*rest = at;
	return true;
}

bool
der_take_bits(struct str *rest, struct str *bytes)
{
	struct str at = *rest, v;

	if (!der_take(&at, DER_BITS, &v) || v.len == 0 || v.s[0] != 0)
		return false;
	*bytes = str_from_off(v, 1);
	*rest = at;
	return true;
}

bool
der_take_oid(struct str *rest, struct str oid)
{
	struct str at = *rest, v;

	if (!der_take(&at, DER_OID, &v) || !str_eq(v, oid))
		return false;
	*rest = at;
	return true;
}
