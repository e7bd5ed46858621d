/* Why a certificate is not accepted, in words that say which one and what to do. */
#include <stdio.h>

#include "net/tls.h"
#include "net/tls_private.h"
#include "net/trust.h"

/* "the certificate of 'host:port'", or "the certificate 'CA', which stands behind that of
 * 'host:port'," */
static void
subject_text(const struct tls_check *k, size_t i, struct buf *out)
{
	if (i == 0) {
		buf_addf(out, "the certificate of '%s'", k->peer);
		return;
	}
	buf_puts(out, "the certificate '");
	cert_label(k->path[i].subject, out);
	buf_addf(out, "', which vouches for '%s',", k->peer);
}

static void
explain_time(struct tls_check *k)
{
	cleanup_buf struct buf text = {0};
	char date[16], today[16];
	size_t i;

	for (i = 0; i < k->npath; i++)
		if (k->path[i].not_after < k->now || k->path[i].not_before > k->now)
			break;
	if (i == k->npath)
		return;
	subject_text(k, i, &text);
	if (k->path[i].not_after < k->now) {
		cert_date(k->path[i].not_after, date);
		err_set(&k->why, ERR_TLS, "%s expired on %s", buf_cstr(&text), date);
	} else {
		cert_date(k->path[i].not_before, date);
		err_set(&k->why, ERR_TLS, "%s is not valid before %s", buf_cstr(&text), date);
	}
	cert_date(k->now, today);
	err_hint(&k->why, "the clock of this machine says %s", today);
}

static void
explain_host(struct tls_check *k)
{
	cleanup_buf struct buf text = {0};

	cert_hosts_text(&k->path[0], &text);
	if (text.len) {
		err_set(&k->why, ERR_TLS, "the certificate of '%s' is issued for %s, not for '%s'",
			k->peer, buf_cstr(&text), k->options->server_name);
		return;
	}
	cert_label(k->path[0].subject, &text);
	err_set(&k->why, ERR_TLS, "the certificate of '%s' names no host, so it is not for '%s'",
		k->peer, k->options->server_name);
	err_hint(&k->why,
		"it needs a subject alternative name; the common name '%s' does not count",
		buf_cstr(&text));
}

static void
explain_trust(struct tls_check *k)
{
	const struct cert *last = &k->path[k->npath - 1];
	cleanup_buf struct buf text = {0}, origin = {0};
	const char *why = "which is not trusted";
	char date[16], expired[64];
	int64_t until;

	cert_label(last->issuer, &text);
	switch (trust_find(k->options->trust, last->issuer, &until)) {
	case TRUST_NAME_EXPIRED:
		cert_date(until, date);
		snprintf(expired, sizeof(expired), "whose own certificate expired on %s", date);
		why = expired;
		break;
	case TRUST_NAME_KNOWN:
		why = "but not with the key that is trusted under this name";
		break;
	case TRUST_NAME_UNKNOWN:
		break;
	}
	if (k->npath == 1 && str_eq(last->issuer, last->subject))
		err_set(&k->why, ERR_TLS, "the certificate of '%s' was issued by itself, '%s', %s",
			k->peer, buf_cstr(&text), why);
	else
		err_set(&k->why, ERR_TLS, "the certificate of '%s' was issued by '%s', %s", k->peer,
			buf_cstr(&text), why);
	trust_origin_text(k->options->trust, &origin);
	if (trust_has_system(k->options->trust))
		err_hint(&k->why, "trusted: %s; name a file with the issuer's certificate by %s",
			buf_cstr(&origin),
			k->options->ca_setting ? k->options->ca_setting
					       : "SSL_CERT_FILE, or by 'ca:' of the registry "
						 "in the configuration");
	else
		err_hint(&k->why, "trusted: only %s", buf_cstr(&origin));
}

static void
explain_other(struct tls_check *k, unsigned code)
{
	static const struct {
		unsigned code;
		const char *text;
	} words[] = {
		{BR_ERR_X509_BAD_SIGNATURE, "carries a signature that is not its issuer's"},
		{BR_ERR_X509_CRITICAL_EXTENSION, "has a critical extension that is not supported"},
		{BR_ERR_X509_UNSUPPORTED, "uses an algorithm that is not supported"},
		{BR_ERR_X509_WRONG_KEY_TYPE, "uses an algorithm that is not supported"},
		{BR_ERR_X509_LIMIT_EXCEEDED, "has a key that is too large"},
		{BR_ERR_X509_WEAK_PUBLIC_KEY, "has a key that is too weak"},
		{BR_ERR_X509_FORBIDDEN_KEY_USAGE, "is not meant for a server"},
	};
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words) && words[i].code != code; i++)
		;
	/* the library does not say which one it is of several */
	buf_addf(&text, "the certificate of '%s'%s", k->peer,
		k->npath > 1 && code != BR_ERR_X509_FORBIDDEN_KEY_USAGE
			? ", or one that vouches for it,"
			: "");
	if (i < ARRAY_LEN(words))
		err_set(&k->why, ERR_TLS, "%s %s", buf_cstr(&text), words[i].text);
	else
		err_set(&k->why, ERR_TLS, "%s cannot be read (X.509 error %u)", buf_cstr(&text),
			code);
}

/* Of several, the one that may not issue certificates but did. */
static void
explain_issuer(struct tls_check *k)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 1; i < k->npath && k->path[i].ca; i++)
		;
	if (i < k->npath)
		cert_label(k->path[i].subject, &text);
	err_set(&k->why, ERR_TLS,
		"the certificate of '%s' was issued by '%s', which may not issue certificates",
		k->peer, buf_cstr(&text));
}

void
tls_check_explain(struct tls_check *k, unsigned code)
{
	switch (code) {
	case BR_ERR_X509_EXPIRED:
		explain_time(k);
		break;
	case BR_ERR_X509_BAD_SERVER_NAME:
		explain_host(k);
		break;
	case BR_ERR_X509_NOT_TRUSTED:
		explain_trust(k);
		break;
	case BR_ERR_X509_NOT_CA:
		explain_issuer(k);
		break;
	default:
		break;
	}
	if (k->why.kind == ERR_NONE)
		explain_other(k, code);
}
