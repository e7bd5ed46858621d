#include "registry/aws_sign.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "net/http.h"
#include "net/url.h"
#include "registry/moment.h"

enum { HMAC_BLOCK = 64, DATE_LEN = 8, QUERY_MAX = 256 };

void
aws_keys_release(struct aws_keys *k)
{
	secret_release(&k->secret);
	secret_release(&k->token);
	*k = (struct aws_keys){0};
}

void
hmac_sha256(struct str key, struct str text, uint8_t out[SHA256_LEN])
{
	uint8_t block[HMAC_BLOCK] = {0}, inner[SHA256_LEN];
	struct sha256 h;
	size_t i;

	sha256_init(&h);
	if (key.len > HMAC_BLOCK) {
		sha256_add(&h, key.s, key.len);
		sha256_out(&h, block);
		sha256_init(&h);
	} else if (key.len) {
		memcpy(block, key.s, key.len);
	}
	for (i = 0; i < HMAC_BLOCK; i++)
		block[i] ^= 0x36;
	sha256_add(&h, block, HMAC_BLOCK);
	sha256_add(&h, text.s, text.len);
	sha256_out(&h, inner);
	for (i = 0; i < HMAC_BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	sha256_init(&h);
	sha256_add(&h, block, HMAC_BLOCK);
	sha256_add(&h, inner, SHA256_LEN);
	sha256_out(&h, out);
	explicit_bzero(block, sizeof(block));
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(&h, sizeof(h));
}

/* ---- the canonical request -------------------------------------------------- */

/* Dot segments are resolved, double slashes made one, and everything is escaped once more. */
static void
put_path(struct arena *a, const char *path, struct buf *out)
{
	struct str rest = str_from(path), piece;
	struct strlist kept = {0};
	bool slash = str_ends(rest, STR("/"));
	size_t i;

	while (str_next(&rest, '/', &piece)) {
		if (str_is(piece, "..") && kept.n)
			kept.n--;
		else if (piece.len && !str_is(piece, ".") && !str_is(piece, ".."))
			strlist_add(&kept, a, arena_str(a, piece));
	}
	for (i = 0; i < kept.n; i++) {
		buf_putc(out, '/');
		percent_encode(out, str_from(kept.items[i]), NULL);
	}
	if (slash || kept.n == 0)
		buf_putc(out, '/');
}

struct pair {
	struct str name, value;
};

static int
compare_pairs(const void *x, const void *y)
{
	const struct pair *a = x, *b = y;
	int order = str_cmp(a->name, b->name);

	return order ? order : str_cmp(a->value, b->value);
}

/* Escaped in the one way that counts, however it was escaped before. */
static struct str
escaped(struct arena *a, struct str text)
{
	cleanup_buf struct buf plain = {0}, again = {0};

	percent_decode(&plain, text, false);
	percent_encode(&again, buf_view(&plain), NULL);
	return arena_dup(a, buf_view(&again));
}

static int
put_query(struct arena *a, const char *query, struct buf *out, struct err *err)
{
	struct pair *pairs = arena_new(a, struct pair, QUERY_MAX);
	struct str rest = str_from(query), piece, name;
	size_t n = 0, i;

	while (query && str_next(&rest, '&', &piece)) {
		if (piece.len == 0)
			continue;
		if (n == QUERY_MAX)
			return err_set(
				err, ERR_LIMIT, "more than %d parameters in a query", QUERY_MAX);
		if (str_cut(&piece, '=', &name))
			pairs[n++] = (struct pair){escaped(a, name), escaped(a, piece)};
		else
			pairs[n++] = (struct pair){escaped(a, piece), {0}};
	}
	qsort(pairs, n, sizeof(*pairs), compare_pairs);
	for (i = 0; i < n; i++)
		buf_addf(out, "%s" STR_FMT "=" STR_FMT, i ? "&" : "", STR_ARG(pairs[i].name),
			STR_ARG(pairs[i].value));
	return 0;
}

static struct str
lower(struct arena *a, const char *name)
{
	char *copy = arena_cstr(a, name);
	size_t i;

	for (i = 0; copy[i]; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] | 0x20);
	return str_from(copy);
}

/* Trimmed, runs of blanks made one. */
static void
put_value(struct str value, struct buf *out)
{
	size_t i;

	value = str_trim(value);
	for (i = 0; i < value.len; i++)
		if (value.s[i] != ' ' || value.s[i - 1] != ' ')
			buf_putc(out, value.s[i]);
}

/* Lines "name:value", several values of one name joined, and the names with ';' between. */
static void
put_fields(struct pair *fields, size_t n, struct buf *out, struct buf *names)
{
	size_t i;

	/* insertion keeps the order of values that have the same name */
	for (i = 1; i < n; i++) {
		struct pair one = fields[i];
		size_t k = i;

		for (; k > 0 && str_cmp(fields[k - 1].name, one.name) > 0; k--)
			fields[k] = fields[k - 1];
		fields[k] = one;
	}
	for (i = 0; i < n; i++) {
		if (i && str_eq(fields[i].name, fields[i - 1].name)) {
			buf_putc(out, ',');
		} else {
			buf_addf(out, "%s" STR_FMT ":", i ? "\n" : "", STR_ARG(fields[i].name));
			buf_addf(names, "%s" STR_FMT, i ? ";" : "", STR_ARG(fields[i].name));
		}
		put_value(fields[i].value, out);
	}
	buf_puts(out, "\n");
}

/* As it goes on the wire: without the port when the scheme implies it. */
static const char *
host_of(struct arena *a, const struct url *url)
{
	const char *usual = !strcmp(url->scheme, "https") ? "443" : "80";
	bool bare = strchr(url->host, ':') == NULL;
	char *host = arena_fmt(a, "%s%s%s", bare ? "" : "[", url->host, bare ? "" : "]");

	return url->port && strcmp(url->port, usual) != 0 ? arena_fmt(a, "%s:%s", host, url->port)
							  : host;
}

int
aws_canonical_request(struct arena *a, const struct aws_request *r, struct buf *out,
	struct str *signed_names, struct err *err)
{
	struct pair *fields = arena_new(a, struct pair, r->nfields + 1);
	cleanup_buf struct buf names = {0};
	char hash[SHA256_HEX_LEN + 1];
	struct url url;
	size_t i;

	if (url_parse(a, r->url, &url, err))
		return err_wrap(err, "'%s'", r->url);
	buf_addf(out, "%s\n", r->method);
	put_path(a, url.path, out);
	buf_putc(out, '\n');
	if (put_query(a, url.query, out, err))
		return -1;
	buf_putc(out, '\n');
	for (i = 0; i < r->nfields; i++)
		fields[i] = (struct pair){lower(a, r->fields[i].name), r->fields[i].value};
	fields[i] = (struct pair){STR("host"), str_from(host_of(a, &url))};
	put_fields(fields, r->nfields + 1, out, &names);
	*signed_names = arena_dup(a, buf_view(&names));
	sha256_text(r->body, hash);
	buf_addf(out, "\n" STR_FMT "\n%s", STR_ARG(*signed_names), hash);
	return 0;
}

/* ---- the signature ------------------------------------------------------------ */

void
aws_string_to_sign(const struct aws_request *r, struct str canonical, struct buf *out)
{
	char date[MOMENT_COMPACT_LEN + 1], hash[SHA256_HEX_LEN + 1];

	moment_compact(r->now, date);
	sha256_text(canonical, hash);
	buf_addf(out, "AWS4-HMAC-SHA256\n%s\n%.*s/%s/%s/aws4_request\n%s", date, DATE_LEN, date,
		r->region, r->service, hash);
}

static struct str
bytes(const uint8_t digest[SHA256_LEN])
{
	return str_n((const char *)digest, SHA256_LEN);
}

void
aws_signing_key(const struct aws_keys *k, const char *date, const char *region, const char *service,
	uint8_t key[SHA256_LEN])
{
	struct buf first = {0};

	/* room for all, so that no copy stays behind */
	buf_reserve(&first, k->secret.len + 8, NULL);
	buf_puts(&first, "AWS4");
	buf_str(&first, secret_reveal(&k->secret));
	hmac_sha256(buf_view(&first), str_n(date, DATE_LEN), key);
	hmac_sha256(bytes(key), str_from(region), key);
	hmac_sha256(bytes(key), str_from(service), key);
	hmac_sha256(bytes(key), STR("aws4_request"), key);
	buf_wipe(&first);
}

/* Secrets leave their type here: on the way to the wire. */
static char *
revealed(const struct secret *s)
{
	struct str text = secret_reveal(s);

	return xstrndup(text.s ? text.s : "", text.len);
}

static void
free_wiped(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

int
aws_sign(struct arena *a, const struct aws_request *r, const struct aws_keys *k,
	struct aws_signed *out, struct err *err)
{
	cleanup_buf struct buf canonical = {0}, text = {0}, field = {0};
	char *date = arena_new(a, char, MOMENT_COMPACT_LEN + 1);
	uint8_t key[SHA256_LEN], mac[SHA256_LEN];
	struct aws_request with = *r;
	struct str names;
	int rc;

	*out = (struct aws_signed){.fields = arena_new(a, struct http_extra, r->nfields + 3)};
	moment_compact(r->now, date);
	for (; out->n < r->nfields; out->n++)
		out->fields[out->n] = r->fields[out->n];
	out->fields[out->n++] = (struct http_extra){"X-Amz-Date", str_from(date)};
	if (secret_is_set(&k->token)) {
		out->token = revealed(&k->token);
		out->fields[out->n++] =
			(struct http_extra){"X-Amz-Security-Token", str_from(out->token)};
	}
	with.fields = out->fields;
	with.nfields = out->n;
	rc = aws_canonical_request(a, &with, &canonical, &names, err);
	if (rc == 0) {
		aws_string_to_sign(&with, buf_view(&canonical), &text);
		aws_signing_key(k, date, r->region, r->service, key);
		hmac_sha256(bytes(key), buf_view(&text), mac);
		explicit_bzero(key, sizeof(key));
		buf_addf(&field,
			"AWS4-HMAC-SHA256 Credential=%s/%.*s/%s/%s/aws4_request, SignedHeaders=" STR_FMT
			", Signature=",
			k->id, DATE_LEN, date, r->region, r->service, STR_ARG(names));
		hex_encode(&field, mac, sizeof(mac));
		out->authorization = buf_steal(&field);
		out->fields[out->n++] =
			(struct http_extra){"Authorization", str_from(out->authorization)};
	} else {
		aws_signed_release(out);
	}
	buf_wipe(&canonical); /* the token is in it */
	return rc;
}

void
aws_signed_release(struct aws_signed *s)
{
	free_wiped(s->authorization);
	free_wiped(s->token);
	*s = (struct aws_signed){0};
}
