#include "buildkit/sshkey.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "buildkit/sshwire.h"

enum {
	FACTOR_MAX = PRIVKEY_RSA_BITS_MAX / 8, /* bytes of p and q together, and so of each */
	BLOCK = 8, /* what OpenSSH fills up to when nothing is encrypted */
};

static const struct sshkey_kind kinds[] = {
	{"ssh-rsa", CERT_KEY_RSA, CERT_CURVE_NONE, NULL, PRIVSIGN_SHA1},
	{"ecdsa-sha2-nistp256", CERT_KEY_EC, CERT_P256, "nistp256", PRIVSIGN_SHA256},
	{"ecdsa-sha2-nistp384", CERT_KEY_EC, CERT_P384, "nistp384", PRIVSIGN_SHA384},
	{"ecdsa-sha2-nistp521", CERT_KEY_EC, CERT_P521, "nistp521", PRIVSIGN_SHA512},
	{"ssh-ed25519", CERT_KEY_ED25519, CERT_CURVE_NONE, NULL, PRIVSIGN_SHA512},
};

static int
damaged(struct err *err)
{
	return err_set(err, ERR_CONFIG, "the private key is damaged");
}

static int
unknown(struct str kind, struct err *err)
{
	err_set(err, ERR_CONFIG, "keys of type '" STR_FMT "' are not supported",
		STR_ARG(str_first(kind, 64)));
	return err_hint(err, "RSA of %d to %d bits, ECDSA and Ed25519 are", SSHKEY_RSA_BITS_MIN,
		PRIVKEY_RSA_BITS_MAX);
}

static int
encrypted(struct err *err)
{
	return err_set(err, ERR_CONFIG, "the private key is encrypted with a passphrase");
}

/* ---- OpenSSH's form (its PROTOCOL.key) ------------------------------------ */

/* out = d mod (p - 1), as long as p: bit by bit, and always the same work */
static void
reduce(struct str d, struct str p, uint8_t *out)
{
	uint8_t less[FACTOR_MAX];
	size_t bit, k;

	memset(out, 0, p.len);
	for (bit = 0; bit < d.len * 8; bit++) {
		unsigned carry = (uint8_t)d.s[bit / 8] >> (7 - bit % 8) & 1, borrow = 0, keep;

		for (k = p.len; k-- > 0;) {
			unsigned v = (unsigned)out[k] << 1 | carry;

			out[k] = (uint8_t)v;
			carry = v >> 8;
		}
		for (k = p.len; k-- > 0;) {
			/* p is odd */
			unsigned m = (uint8_t)p.s[k] - (k == p.len - 1), v = out[k] - m - borrow;

			less[k] = (uint8_t)v;
			borrow = v >> 8 & 1;
		}
		keep = borrow & ~carry & 1 ? 0xff : 0;
		for (k = 0; k < p.len; k++)
			out[k] = (uint8_t)((out[k] & keep) | (less[k] & ~keep));
	}
	explicit_bzero(less, sizeof(less));
}

static bool
is_odd(struct str number)
{
	return number.len && (number.s[number.len - 1] & 1);
}

/* What this form leaves out of an RSA key. */
static void
add_crt(struct sshkey *k)
{
	struct privkey *r = &k->parts;
	size_t len = r->p.len + r->q.len;
	uint8_t both[FACTOR_MAX];

	/* a key that is too large is refused as such later on */
	if (len > sizeof(both) || r->d.len > sizeof(both))
		return;
	reduce(r->d, r->p, both);
	reduce(r->d, r->q, both + r->p.len);
	secret_set(&k->crt, str_n((const char *)both, len));
	explicit_bzero(both, sizeof(both));
	r->dp = str_first(secret_reveal(&k->crt), r->p.len);
	r->dq = str_from_off(secret_reveal(&k->crt), r->p.len);
}

/* outer: the public half as the file has it once more, ending with what stands here */
static bool
take_parts(struct sshkey *k, struct str outer, struct str *in)
{
	struct privkey *r = &k->parts;
	struct str curve, public, pair;

	r->type = k->kind->type;
	r->curve = k->kind->curve;
	if (r->type == CERT_KEY_RSA) {
		if (!ssh_take_uint(in, &r->n) || !ssh_take_uint(in, &r->e) ||
			!ssh_take_uint(in, &r->d) || !ssh_take_uint(in, &r->iq) ||
			!ssh_take_uint(in, &r->p) || !ssh_take_uint(in, &r->q))
			return false;
		add_crt(k);
		return true;
	}
	if (r->type == CERT_KEY_EC)
		return ssh_take_string(in, &curve) && str_is(curve, k->kind->curve_name) &&
		       ssh_take_string(in, &public) && str_ends(outer, public) &&
		       ssh_take_uint(in, &r->x);
	if (!ssh_take_string(in, &public) || !ssh_take_string(in, &pair) ||
		pair.len != 2 * PRIVKEY_ED25519_LEN)
		return false;
	r->x = str_first(pair, PRIVKEY_ED25519_LEN);
	return str_eq(public, str_from_off(pair, PRIVKEY_ED25519_LEN));
}

static bool
is_padding(struct str rest)
{
	size_t i;

	for (i = 0; i < rest.len; i++)
		if ((uint8_t)rest.s[i] != i + 1)
			return false;
	return rest.len < BLOCK;
}

static int
read_private(struct sshkey *k, struct str outer, struct str in, struct err *err)
{
	struct str name, comment;
	uint32_t check, again;
	size_t i;

	if (!ssh_take_u32(&in, &check) || !ssh_take_u32(&in, &again) || check != again ||
		!ssh_take_string(&in, &name))
		return damaged(err);
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_is(name, kinds[i].name))
			k->kind = &kinds[i];
	if (!k->kind)
		return unknown(name, err);
	if (!take_parts(k, outer, &in) || !ssh_take_string(&in, &comment) || !is_padding(in))
		return damaged(err);
	k->comment = xstrndup(comment.s, str_first(comment, SSHKEY_COMMENT_MAX).len);
	return 0;
}

static int
read_openssh(struct sshkey *k, struct str *public, struct err *err)
{
	struct str in = secret_reveal(&k->bytes), cipher, kdf, options, private;
	uint32_t keys;

	if (!str_take(&in, STR("openssh-key-v1\0")) || !ssh_take_string(&in, &cipher) ||
		!ssh_take_string(&in, &kdf) || !ssh_take_string(&in, &options) ||
		!ssh_take_u32(&in, &keys) || keys != 1 || !ssh_take_string(&in, public))
		return damaged(err);
	if (!str_is(cipher, "none") || !str_is(kdf, "none"))
		return encrypted(err);
	if (!ssh_take_string(&in, &private) || in.len)
		return damaged(err);
	return read_private(k, *public, private, err);
}

/* ---- PEM ------------------------------------------------------------------ */

static int
read_pem(struct sshkey *k, const struct pem *p, struct err *err)
{
	size_t i;

	if (!privkey_parse(p, secret_reveal(&k->bytes), &k->parts)) {
		if (str_is(p->label, "DSA PRIVATE KEY"))
			return unknown(STR("ssh-dss"), err);
		return err_set(err, ERR_CONFIG,
			"the private key is damaged, or of a type that is not supported");
	}
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].type == k->parts.type && kinds[i].curve == k->parts.curve)
			k->kind = &kinds[i];
	return 0;
}

/* ---- both ----------------------------------------------------------------- */

static int
check_rsa(struct sshkey *k, struct err *err)
{
	const struct privkey *r = &k->parts;
	size_t bits = privkey_bits(r->n), factors = r->p.len + r->q.len;

	if (bits < SSHKEY_RSA_BITS_MIN || bits > PRIVKEY_RSA_BITS_MAX) {
		err_set(err, ERR_CONFIG, "RSA keys of %zu bits are not supported", bits);
		return err_hint(err, "those of %d to %d bits are", SSHKEY_RSA_BITS_MIN,
			PRIVKEY_RSA_BITS_MAX);
	}
	/* proving takes time by the exponent's length; longer ones than this are nobody's */
	if (r->e.len > sizeof(uint64_t))
		return err_set(
			err, ERR_CONFIG, "RSA exponents of %zu bytes are not supported", r->e.len);
	if (factors < r->n.len || factors > r->n.len + 1 || !is_odd(r->p) || !is_odd(r->q) ||
		!is_odd(r->e) || !privsign_rsa_whole(r))
		return damaged(err);
	ssh_put_uint(&k->public, r->e);
	ssh_put_uint(&k->public, r->n);
	return 0;
}

static int
check_point(struct sshkey *k, struct err *err)
{
	uint8_t point[PRIVKEY_POINT_MAX], signature[PRIVSIGN_MAX];
	struct privkey *r = &k->parts;
	size_t len;

	while (r->type == CERT_KEY_EC && r->x.len && r->x.s[0] == 0)
		r->x = str_from_off(r->x, 1);
	/* a number that is not below the order of the curve cannot sign */
	len = privsign(r, k->kind->hash, STR("x"), signature) ? privsign_public(r, point) : 0;
	if (len == 0)
		return damaged(err);
	if (k->kind->curve_name)
		ssh_put_string(&k->public, str_from(k->kind->curve_name));
	ssh_put_string(&k->public, str_n((const char *)point, len));
	return 0;
}

static int
decode(struct sshkey *k, const struct pem *p, struct err *err)
{
	struct buf bytes = {0};
	int rc = 0;

	/* room for all, so that no copy stays behind */
	buf_reserve(&bytes, p->body.len, NULL);
	if (!base64_decode(&bytes, p->body))
		rc = damaged(err);
	else
		secret_set(&k->bytes, buf_view(&bytes));
	buf_wipe(&bytes);
	return rc;
}

static int
find_armour(struct str text, struct pem *out, struct err *err)
{
	struct str rest = text;

	while (pem_next(&rest, out))
		if (str_ends(out->label, STR("PRIVATE KEY")))
			return out->encrypted || str_starts(out->label, STR("ENCRYPTED"))
				       ? encrypted(err)
				       : 0;
	if (str_starts(text, STR("ssh-")) || str_starts(text, STR("ecdsa-"))) {
		err_set(err, ERR_CONFIG, "this is the public half of a key");
		return err_hint(err, "the private one lies beside it, without '.pub'");
	}
	return err_set(err, ERR_CONFIG, "there is no private key in it, neither OpenSSH's nor PEM");
}

int
sshkey_parse(struct str text, struct sshkey *out, struct err *err)
{
	struct str public = {0};
	struct pem p;
	int rc;

	*out = (struct sshkey){0};
	if (find_armour(text, &p, err) || decode(out, &p, err))
		return -1;
	rc = str_is(p.label, "OPENSSH PRIVATE KEY") ? read_openssh(out, &public, err)
						    : read_pem(out, &p, err);
	if (rc)
		return -1;
	ssh_put_string(&out->public, str_from(out->kind->name));
	if (out->parts.type == CERT_KEY_RSA ? check_rsa(out, err) : check_point(out, err))
		return -1;
	if (public.len && !str_eq(public, buf_view(&out->public)))
		return damaged(err);
	if (!out->comment)
		out->comment = xstrdup("");
	return 0;
}

void
sshkey_release(struct sshkey *k)
{
	secret_release(&k->bytes);
	secret_release(&k->crt);
	buf_release(&k->public);
	free(k->comment);
	*k = (struct sshkey){0};
}
