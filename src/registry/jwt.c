#include "registry/jwt.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "net/privsign.h"
#include "registry/words.h"

enum { CLAIM_MAX = 200 };

/* ---- signing ------------------------------------------------------------------- */

/* Views into the DER, which the caller wipes. */
static int
decode_key(struct str pem, struct buf *der, struct privkey *out, struct err *err)
{
	struct str rest = pem;
	struct pem p;

	while (pem_next(&rest, &p)) {
		if (p.encrypted || str_is(p.label, "ENCRYPTED PRIVATE KEY"))
			return err_set(err, ERR_CONFIG, "the private key is encrypted");
		if (!str_is(p.label, "PRIVATE KEY") && !str_is(p.label, "RSA PRIVATE KEY"))
			continue;
		/* room for all, so that no copy stays behind */
		buf_reserve(der, p.body.len, NULL);
		if (!base64_decode(der, p.body))
			break;
		if (privkey_parse(&p, buf_view(der), out) && out->type == CERT_KEY_RSA)
			return 0;
		return err_set(err, ERR_CONFIG, "the private key is no RSA key, or damaged");
	}
	return err_set(err, ERR_CONFIG, "the private key is not one in PEM form");
}

static int
sign_text(struct str text, struct str pem, struct buf *signature, struct err *err)
{
	uint8_t out[PRIVSIGN_MAX];
	struct buf der = {0};
	struct privkey key;
	int rc = decode_key(pem, &der, &key, err);
	size_t len = rc ? 0 : privsign(&key, PRIVSIGN_SHA256, text, out);

	if (len)
		buf_mem(signature, out, len);
	else if (rc == 0)
		rc = err_set(err, ERR_CONFIG, "the private key is too large, or damaged");
	buf_wipe(&der);
	return rc;
}

static void
put_part(struct buf *out, const struct jval *object)
{
	cleanup_buf struct buf text = {0};

	jval_write(&text, object, 0);
	base64_encode(out, buf_view(&text), BASE64_URL | BASE64_NOPAD);
}

int
jwt_sign_rs256(const struct jval *header, const struct jval *claims, struct str key,
	struct buf *out, struct err *err)
{
	cleanup_buf struct buf text = {0}, signature = {0};

	put_part(&text, header);
	buf_putc(&text, '.');
	put_part(&text, claims);
	if (sign_text(buf_view(&text), key, &signature, err))
		return -1;
	buf_str(out, buf_view(&text));
	buf_putc(out, '.');
	base64_encode(out, buf_view(&signature), BASE64_URL | BASE64_NOPAD);
	return 0;
}

/* ---- reading ------------------------------------------------------------------- */

static struct jval *
claims_of(struct str token)
{
	cleanup_buf struct buf text = {0};
	struct str rest = str_trim(token), head, body;

	if (!str_cut(&rest, '.', &head) || !str_cut(&rest, '.', &body) ||
		!base64_decode(&text, body))
		return NULL;
	return jval_parse(buf_view(&text), NULL);
}

void
jwt_describe(struct str token, struct buf *out)
{
	static const char *const names[] = {"iss", "sub", "aud"};
	cleanup_jval struct jval *claims = claims_of(token);
	const char *between = "", *text;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		const struct jval *v = jval_get(claims, names[i]);

		/* aud may be a list */
		text = jval_str(jval_kind(v) == JVAL_ARRAY ? jval_at(v, 0) : v);
		if (!text)
			continue;
		buf_addf(out, "%s%s '", between, names[i]);
		words_add(out, str_from(text), CLAIM_MAX);
		buf_putc(out, '\'');
		between = ", ";
	}
}

int64_t
jwt_expires(struct str token)
{
	cleanup_jval struct jval *claims = claims_of(token);

	return jval_int(jval_get(claims, "exp"), 0);
}
