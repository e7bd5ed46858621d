#include "net/privkey.h"

#include "base/mem.h"
#include "net/der.h"

size_t
privkey_bits(struct str number)
{
	return number.len ? number.len * 8 - (size_t)__builtin_clz((unsigned char)number.s[0]) + 24
			  : 0;
}

static bool
read_rsa(struct str der, struct privkey *out)
{
	struct str *const parts[] = {
		&out->n, &out->e, &out->d, &out->p, &out->q, &out->dp, &out->dq, &out->iq};
	struct str in, version;
	size_t i;

	out->type = CERT_KEY_RSA;
	if (!der_take(&der, DER_SEQUENCE, &in) || !der_take_uint(&in, &version) || version.len)
		return false;
	for (i = 0; i < ARRAY_LEN(parts); i++)
		if (!der_take_uint(&in, parts[i]) || parts[i]->len == 0)
			return false;
	return true;
}

/* curve: known from outside already, or CERT_CURVE_NONE */
static bool
read_ec(struct str der, enum cert_curve curve, struct privkey *out)
{
	struct str in, inside;

	out->type = CERT_KEY_EC;
	if (!der_take(&der, DER_SEQUENCE, &in) || !der_take(&in, DER_INTEGER, NULL) ||
		!der_take(&in, DER_OCTETS, &out->x) || out->x.len == 0 ||
		out->x.len > PRIVKEY_POINT_MAX / 2)
		return false;
	if (der_take(&in, DER_CONTEXT_INSIDE, &inside) && !cert_take_curve(&inside, &curve))
		return false;
	out->curve = curve;
	return curve != CERT_CURVE_NONE;
}

static bool
read_pkcs8(struct str der, struct privkey *out)
{
	enum cert_curve curve = CERT_CURVE_NONE;
	struct str in, algorithm, key;

	if (!der_take(&der, DER_SEQUENCE, &in) || !der_take(&in, DER_INTEGER, NULL) ||
		!der_take(&in, DER_SEQUENCE, &algorithm) || !der_take(&in, DER_OCTETS, &key))
		return false;
	if (der_take_oid(&algorithm, CERT_OID_RSA))
		return read_rsa(key, out);
	if (der_take_oid(&algorithm, STR("\x2b\x65\x70"))) {
		out->type = CERT_KEY_ED25519;
		return der_take(&key, DER_OCTETS, &out->x) && out->x.len == PRIVKEY_ED25519_LEN;
	}
	if (!der_take_oid(&algorithm, CERT_OID_EC))
		return false;
	cert_take_curve(&algorithm, &curve);
	return read_ec(key, curve, out);
}

bool
privkey_parse(const struct pem *armour, struct str der, struct privkey *out)
{
	*out = (struct privkey){0};
	if (str_is(armour->label, "RSA PRIVATE KEY"))
		return read_rsa(der, out);
	if (str_is(armour->label, "EC PRIVATE KEY"))
		return read_ec(der, CERT_CURVE_NONE, out);
	return read_pkcs8(der, out);
}
