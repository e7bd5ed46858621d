#include "net/cert.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/codec.h"
#include "net/der.h"

enum { HOSTS_IN_TEXT = 4, SAN_DNS = DER_CONTEXT + 2, SAN_IP = DER_CONTEXT + 7 };

/* ---- fields ----------------------------------------------------------------- */

/* The digits of an ASN.1 time are pairs; seconds are there and the zone is Z (RFC 5280, 4.1.2.5).
 */
static bool
take_pair(struct str *rest, int *out)
{
	if (rest->len < 2 || rest->s[0] < '0' || rest->s[0] > '9' || rest->s[1] < '0' ||
		rest->s[1] > '9')
		return false;
	*out = (rest->s[0] - '0') * 10 + (rest->s[1] - '0');
	*rest = str_from_off(*rest, 2);
	return true;
}

static bool
take_time(struct str *rest, int64_t *out)
{
	struct str at = *rest, v;
	int century = 0, part[6], i;
	struct tm tm;
	struct der d;

	if (!der_next(&at, &d) || (d.tag != DER_UTC_TIME && d.tag != DER_GENERALIZED_TIME))
		return false;
	v = d.value;
	if (d.tag == DER_GENERALIZED_TIME && !take_pair(&v, &century))
		return false;
	for (i = 0; i < 6; i++)
		if (!take_pair(&v, &part[i]))
			return false;
	if (!str_is(v, "Z") || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 ||
		part[3] > 23 || part[4] > 59 || part[5] > 60)
		return false;
	if (d.tag == DER_UTC_TIME)
		century = part[0] < 50 ? 20 : 19;
	tm = (struct tm){.tm_year = century * 100 + part[0] - 1900,
		.tm_mon = part[1] - 1,
		.tm_mday = part[2],
		.tm_hour = part[3],
		.tm_min = part[4],
		.tm_sec = part[5]};
	*out = timegm(&tm);
	*rest = at;
	return true;
}

static bool
take_whole(struct str *rest, unsigned tag, struct str *out)
{
	struct str at = *rest;
	struct der d;

	if (!der_next(&at, &d) || d.tag != tag)
		return false;
	*out = d.whole;
	*rest = at;
	return true;
}

bool
cert_take_trusted(struct str *rest, struct cert *out)
{
	struct str at = *rest, validity;

	if (!der_take(&at, DER_SEQUENCE, &validity) || !take_time(&validity, &out->not_before) ||
		!take_time(&validity, &out->not_after) || validity.len ||
		!take_whole(&at, DER_SEQUENCE, &out->subject) ||
		!take_whole(&at, DER_SEQUENCE, &out->spki))
		return false;
	out->trusted = str_first(*rest, rest->len - at.len);
	*rest = at;
	return true;
}

/* ---- extensions ------------------------------------------------------------- */

/* serverAuth or anyExtendedKeyUsage in the list of purposes */
static bool
lets_serve(struct str value)
{
	struct str list;

	if (!der_take(&value, DER_SEQUENCE, &list))
		return false;
	while (list.len) {
		if (der_take_oid(&list, STR("\x2b\x06\x01\x05\x05\x07\x03\x01")) ||
			der_take_oid(&list, STR("\x55\x1d\x25\x00")))
			return true;
		if (!der_take(&list, DER_OID, NULL))
			return false;
	}
	return false;
}

static bool
parse_extension(struct str e, struct cert *out)
{
	struct str oid, value, flag, inside;

	if (!der_take(&e, DER_OID, &oid))
		return false;
	der_take(&e, DER_BOOLEAN, NULL); /* critical or not */
	if (!der_take(&e, DER_OCTETS, &value) || e.len)
		return false;
	if (str_eq(oid, STR("\x55\x1d\x13"))) { /* basicConstraints */
		if (!der_take(&value, DER_SEQUENCE, &inside))
			return false;
		out->ca = der_take(&inside, DER_BOOLEAN, &flag) && flag.len == 1 && flag.s[0];
	} else if (str_eq(oid, STR("\x55\x1d\x11"))) { /* subjectAltName */
		return der_take(&value, DER_SEQUENCE, &out->san);
	} else if (str_eq(oid, STR("\x55\x1d\x25"))) { /* extKeyUsage */
		out->for_servers = lets_serve(value);
	}
	return true;
}

static bool
parse_extensions(struct str tbs, struct cert *out)
{
	struct str wrapped, list, one;

	/* unique identifiers of version 2, which nobody uses */
	der_take(&tbs, DER_CONTEXT + 1, NULL);
	der_take(&tbs, DER_CONTEXT + 2, NULL);
	if (tbs.len == 0)
		return true;
	if (!der_take(&tbs, DER_CONTEXT_INSIDE + 3, &wrapped) || tbs.len ||
		!der_take(&wrapped, DER_SEQUENCE, &list) || wrapped.len)
		return false;
	while (list.len)
		if (!der_take(&list, DER_SEQUENCE, &one) || !parse_extension(one, out))
			return false;
	return true;
}

bool
cert_parse(struct str der, struct cert *out)
{
	struct str whole, tbs;
	bool versioned;

	*out = (struct cert){.for_servers = true};
	if (!der_take(&der, DER_SEQUENCE, &whole) || der.len ||
		!der_take(&whole, DER_SEQUENCE, &tbs))
		return false;
	versioned = der_take(&tbs, DER_CONTEXT_INSIDE, NULL);
	if (!der_take(&tbs, DER_INTEGER, NULL) || !der_take(&tbs, DER_SEQUENCE, NULL) ||
		!take_whole(&tbs, DER_SEQUENCE, &out->issuer) || !cert_take_trusted(&tbs, out))
		return false;
	/* version 1 knows no extensions; old private CAs are such */
	out->ca = !versioned && str_eq(out->issuer, out->subject);
	return parse_extensions(tbs, out);
}

/* ---- keys ------------------------------------------------------------------- */

bool
cert_take_curve(struct str *rest, enum cert_curve *out)
{
	if (der_take_oid(rest, STR("\x2a\x86\x48\xce\x3d\x03\x01\x07")))
		*out = CERT_P256;
	else if (der_take_oid(rest, STR("\x2b\x81\x04\x00\x22")))
		*out = CERT_P384;
	else if (der_take_oid(rest, STR("\x2b\x81\x04\x00\x23")))
		*out = CERT_P521;
	else
		return false;
	return true;
}

bool
cert_key(struct str spki, struct cert_key *out)
{
	struct str inside, algorithm, key, pair;

	*out = (struct cert_key){0};
	if (!der_take(&spki, DER_SEQUENCE, &inside) ||
		!der_take(&inside, DER_SEQUENCE, &algorithm) || !der_take_bits(&inside, &key))
		return false;
	if (der_take_oid(&algorithm, CERT_OID_RSA)) {
		out->type = CERT_KEY_RSA;
		return der_take(&key, DER_SEQUENCE, &pair) && der_take_uint(&pair, &out->n) &&
		       der_take_uint(&pair, &out->e) && out->n.len && out->e.len;
	}
	out->type = CERT_KEY_EC;
	out->q = key;
	return der_take_oid(&algorithm, CERT_OID_EC) && cert_take_curve(&algorithm, &out->curve) &&
	       key.len && key.s[0] == 4;
}

/* ---- hosts ------------------------------------------------------------------ */

bool
cert_san_next(struct str *rest, struct cert_san *out)
{
	struct der d;

	while (der_next(rest, &d)) {
		*out = (struct cert_san){d.tag == SAN_IP, d.value};
		if (d.tag == SAN_DNS || (out->ip && (d.value.len == 4 || d.value.len == 16)))
			return true;
	}
	return false;
}

/* A wildcard is a whole first label in front of at least two more. */
static bool
name_matches(struct str pattern, struct str host)
{
	ptrdiff_t dot;

	if (!str_take(&pattern, STR("*.")))
		return str_ieq(pattern, host);
	dot = str_find(host, '.');
	return dot > 0 && str_find(pattern, '.') > 0 &&
	       str_ieq(str_from_off(host, (size_t)dot + 1), pattern);
}

bool
cert_is_for(const struct cert *c, const char *host)
{
	struct str rest = c->san, name = str_from(host), ip = {0};
	unsigned char bytes[16];
	struct cert_san san;

	if (inet_pton(AF_INET, host, bytes) == 1)
		ip = str_n((const char *)bytes, 4);
	else if (inet_pton(AF_INET6, host, bytes) == 1)
		ip = str_n((const char *)bytes, 16);
	if (str_ends(name, STR(".")))
		name.len--;
	if (name.len == 0)
		return false;
	while (cert_san_next(&rest, &san))
		if (ip.len ? san.ip && str_eq(san.value, ip)
			   : !san.ip && name_matches(san.value, name))
			return true;
	return false;
}

/* ---- text ------------------------------------------------------------------- */

/* A peer's text must neither break a line nor steer a terminal. */
static void
put_clean(struct buf *out, struct str text)
{
	cleanup_buf struct buf valid = {0};
	size_t i;

	utf8_clean(&valid, text);
	for (i = 0; i < valid.len; i++) {
		unsigned char c = (unsigned char)valid.p[i];
		/* U+0080 to U+009F are controls, too */
		bool c1 = c == 0xc2 && (unsigned char)valid.p[i + 1] < 0xa0;

		if (c1)
			i++;
		buf_putc(out, c < ' ' || c == 0x7f || c1 ? '?' : (char)c);
	}
}

void
cert_hosts_text(const struct cert *c, struct buf *out)
{
	struct str rest = c->san;
	char ip[INET6_ADDRSTRLEN];
	struct cert_san san;
	size_t n;

	for (n = 0; cert_san_next(&rest, &san); n++) {
		if (n >= HOSTS_IN_TEXT)
			continue;
		buf_puts(out, n ? ", '" : "'");
		if (san.ip && inet_ntop(san.value.len == 4 ? AF_INET : AF_INET6, san.value.s, ip,
				      sizeof(ip)))
			buf_puts(out, ip);
		else
			put_clean(out, str_first(san.value, 253));
		buf_putc(out, '\'');
	}
	if (n > HOSTS_IN_TEXT)
		buf_addf(out, " and %zu more", n - HOSTS_IN_TEXT);
}

static const struct {
	struct str oid;
	const char *name;
} attributes[] = {
	{{"\x55\x04\x03", 3}, "CN"},
	{{"\x55\x04\x06", 3}, "C"},
	{{"\x55\x04\x07", 3}, "L"},
	{{"\x55\x04\x08", 3}, "ST"},
	{{"\x55\x04\x0a", 3}, "O"},
	{{"\x55\x04\x0b", 3}, "OU"},
	{{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10}, "DC"},
};

static void
put_oid(struct buf *out, struct str oid)
{
	uint64_t arc = 0;
	bool first = true;
	size_t i;

	for (i = 0; i < oid.len; i++) {
		unsigned char b = (unsigned char)oid.s[i];

		arc = arc << 7 | (b & 0x7f);
		if (b & 0x80)
			continue;
		if (first)
			buf_addf(out, "%d.%llu", arc < 80 ? (int)(arc / 40) : 2,
				(unsigned long long)(arc < 80 ? arc % 40 : arc - 80));
		else
			buf_addf(out, ".%llu", (unsigned long long)arc);
		first = false;
		arc = 0;
	}
}

static void
put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
	} else {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(out, (char)(0x80 | (c & 0x3f)));
}

/* The other kinds of strings are UTF-8 or a part of it. T.61 is Latin-1 wherever it is met. */
static void
decode_string(struct buf *out, const struct der *d)
{
	size_t step = d->tag == DER_BMP_STRING ? 2 : 1, i;

	if (d->tag != DER_BMP_STRING && d->tag != DER_T61_STRING) {
		buf_str(out, d->value);
		return;
	}
	for (i = 0; i + step <= d->value.len; i += step) {
		unsigned c = (unsigned char)d->value.s[i];

		put_utf8(out, step == 1 ? c : c << 8 | (unsigned char)d->value.s[i + 1]);
	}
}

static void
put_value(struct buf *out, const struct der *d)
{
	cleanup_buf struct buf text = {0}, clean = {0};
	size_t i;

	decode_string(&text, d);
	put_clean(&clean, buf_view(&text));
	for (i = 0; i < clean.len; i++) {
		if (strchr(",+\"\\<>;", clean.p[i]))
			buf_putc(out, '\\');
		buf_putc(out, clean.p[i]);
	}
}

/* One attribute of a name, type and value; *in is the set it is in. */
static bool
take_attribute(struct str *in, struct str *oid, struct der *value)
{
	struct str pair;

	return der_take(in, DER_SEQUENCE, &pair) && der_take(&pair, DER_OID, oid) &&
	       der_next(&pair, value);
}

static void
put_type(struct buf *out, struct str oid)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(attributes); i++)
		if (str_eq(attributes[i].oid, oid)) {
			buf_puts(out, attributes[i].name);
			return;
		}
	put_oid(out, oid);
}

void
cert_name_text(struct str name, struct buf *out)
{
	cleanup_buf struct buf all = {0};
	struct str rdns, set, oid;
	struct der value;

	if (!der_take(&name, DER_SEQUENCE, &rdns))
		return;
	while (der_take(&rdns, DER_SET, &set)) {
		cleanup_buf struct buf one = {0};

		while (take_attribute(&set, &oid, &value)) {
			if (one.len)
				buf_putc(&one, '+');
			put_type(&one, oid);
			buf_putc(&one, '=');
			put_value(&one, &value);
		}
		/* what stands last comes first */
		if (all.len)
			buf_putc(&one, ',');
		buf_str(&one, buf_view(&all));
		buf_reset(&all);
		buf_str(&all, buf_view(&one));
	}
	buf_str(out, buf_view(&all));
}

void
cert_label(struct str name, struct buf *out)
{
	struct str rest = name, rdns, set, oid;
	struct der value, found = {0};

	if (!der_take(&rest, DER_SEQUENCE, &rdns))
		return;
	while (der_take(&rdns, DER_SET, &set))
		while (take_attribute(&set, &oid, &value))
			if (str_eq(attributes[0].oid, oid))
				found = value;
	if (found.value.len)
		put_value(out, &found);
	else
		cert_name_text(name, out);
}

void
cert_date(int64_t t, char out[16])
{
	time_t when = (time_t)t;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "?");
}

/* ---- PEM -------------------------------------------------------------------- */

/* Headers of an old kind stand in front of the base64, with an empty line behind them. */
static struct str
skip_headers(struct str body, bool *encrypted)
{
	struct str rest = body, line;

	while (str_line(&rest, &line) && str_find(line, ':') >= 0)
		if (str_istarts(line, STR("Proc-Type:")) && str_search(line, STR("ENCRYPTED")) >= 0)
			*encrypted = true;
	return str_find(body, ':') >= 0 ? rest : body;
}

bool
pem_next(struct str *rest, struct pem *out)
{
	struct str line, label;
	const char *body = NULL;

	while (str_line(rest, &line)) {
		line = str_trim(line);
		if (str_take(&line, STR("-----BEGIN ")) && str_ends(line, STR("-----"))) {
			*out = (struct pem){.label = str_first(line, line.len - 5)};
			body = rest->s;
		} else if (body && str_take(&line, STR("-----END "))) {
			label = str_first(line, line.len < 5 ? 0 : line.len - 5);
			out->body = str_n(body, (size_t)(line.s - STR("-----END ").len - body));
			body = NULL;
			if (!str_ends(line, STR("-----")) || !str_eq(label, out->label))
				continue;
			out->body = skip_headers(out->body, &out->encrypted);
			return true;
		}
	}
	return false;
}

bool
pem_is_certificate(const struct pem *p)
{
	return str_is(p->label, "CERTIFICATE") || str_is(p->label, "X509 CERTIFICATE");
}
