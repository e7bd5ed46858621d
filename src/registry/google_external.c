/*
 * Workload identity federation: somebody else's token (of a CI, of a cluster, of
 * AWS) is exchanged for one of Google's (RFC 8693).
 */
#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "net/url.h"
#include "registry/aws_credentials.h"
#include "registry/cloud.h"
#include "registry/google.h"
#include "registry/https.h"
#include "registry/jwt.h"
#include "registry/oauth.h"

enum { HEADERS_MAX = 16, SUBJECT_MAX = 1024 * 1024 };

#define GRANT_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
#define TYPE_ACCESS "urn:ietf:params:oauth:token-type:access_token"

/* ---- somebody else's token ----------------------------------------------------------- */

/* The whole text, or one member of it. */
static int
pick(const struct jval *source, struct buf *text, struct err *err)
{
	const struct jval *format = jval_get(source, "format");
	const char *type = jval_get_str(format, "type");
	const char *name = jval_get_str(format, "subject_token_field_name");
	cleanup_jval struct jval *doc = NULL;
	const char *token;
	struct str bare;

	if (type && !strcmp(type, "json")) {
		doc = jval_parse(buf_view(text), NULL);
		token = name ? jval_get_str(doc, name) : NULL;
		if (!token)
			return err_set(err, ERR_CONFIG, "credential_source has no '%.60s'",
				name ? name : "subject_token_field_name");
		buf_wipe(text);
		buf_puts(text, token);
		return 0;
	}
	bare = str_trim(buf_view(text));
	if (bare.len == 0)
		return err_set(err, ERR_CONFIG, "credential_source is empty");
	memmove(text->p, bare.s, bare.len);
	text->len = bare.len;
	text->p[text->len] = '\0';
	return 0;
}

struct header_list {
	struct http_extra items[HEADERS_MAX];
	size_t n;
};

static bool
add_header(const char *key, const struct jval *v, void *arg)
{
	struct header_list *l = arg;

	if (l->n == HEADERS_MAX)
		return false;
	if (jval_str(v))
		l->items[l->n++] = (struct http_extra){key, str_from(jval_str(v))};
	return true;
}

/* What only this machine can answer may be asked for without TLS. */
static bool
is_local(struct arena *a, const char *url)
{
	struct url parsed;

	return url_parse(a, url, &parsed, NULL) == 0 &&
	       (!strcmp(parsed.host, "169.254.169.254") || !strcmp(parsed.host, "localhost") ||
		       !strcmp(parsed.host, "127.0.0.1"));
}

static int
fetch(struct cloud *c, const char *url, const struct jval *source, struct buf *text,
	struct err *err)
{
	cleanup_https_answer struct https_answer got = {0};
	struct header_list fields = {.n = 0};
	bool local = is_local(c->arena, url);
	struct https_request req = {.method = "GET",
		.url = url,
		.fields = fields.items,
		.plain = local,
		.direct = local,
		.max = SUBJECT_MAX};

	jval_each(jval_get(source, "headers"), add_header, &fields);
	req.nfields = fields.n;
	if (https_retry(c->https, c->arena, &req, NULL, NULL, &got, err))
		return err_wrap(err, "credential_source");
	if (got.status != 200)
		return err_setc(
			err, ERR_AUTH, got.status, "the credential_source answers %d", got.status);
	*text = got.body;
	got.body = (struct buf){0};
	return pick(source, text, err);
}

/* ---- AWS -------------------------------------------------------------------------------- */

/* "https://sts.{region}.amazonaws.com?..." with the region put in. */
static int
verification_url(
	struct cloud *c, const struct jval *source, const char *region, char **url, struct err *err)
{
	const char *form = jval_get_str(source, "regional_cred_verification_url");
	struct str rest = str_from(form), head = {0};
	ptrdiff_t at = str_search(rest, STR("{region}"));
	struct url parsed;
	struct str host;

	if (!form)
		return err_set(err, ERR_CONFIG, "regional_cred_verification_url is missing");
	if (at >= 0) {
		head = str_first(rest, (size_t)at);
		rest = str_from_off(rest, (size_t)at + STR("{region}").len);
	}
	*url = arena_fmt(c->arena, STR_FMT "%s" STR_FMT, STR_ARG(head), at >= 0 ? region : "",
		STR_ARG(rest));
	if (url_parse(c->arena, *url, &parsed, err))
		return -1;
	host = str_from(parsed.host);
	if (strcmp(parsed.scheme, "https") != 0 || !str_starts(host, STR("sts.")) ||
		!str_ends(host, STR(".amazonaws.com")))
		return err_set(err, ERR_CONFIG, "'%.200s' is not AWS's token service", *url);
	return 0;
}

static void
add_pair(struct jval *list, const char *key, struct str value)
{
	cleanup_buf struct buf text = {0};
	struct jval *o = jval_new_object();

	buf_str(&text, value);
	jval_set_str(o, "key", key);
	jval_set_str(o, "value", buf_cstr(&text));
	jval_add(list, o);
}

/* The request that Google sends to AWS in our place: it proves who we are. */
static int
sign_identity(struct cloud *c, const struct jval *doc, const char *url, const char *region,
	const struct aws_keys *keys, struct buf *out, struct err *err)
{
	struct http_extra target = {
		"x-goog-cloud-target-resource", str_from(jval_get_str(doc, "audience"))};
	struct aws_request r = {.method = "POST",
		.url = url,
		.fields = &target,
		.nfields = 1,
		.region = region,
		.service = "sts",
		.now = cloud_now(c)};
	cleanup_jval struct jval *o = jval_new_object();
	cleanup_aws_signed struct aws_signed done = {0};
	struct jval *headers = jval_new_array();
	struct buf text = {0};
	struct url parsed;
	size_t i;

	jval_set_str(o, "url", url);
	jval_set_str(o, "method", "POST");
	jval_set(o, "headers", headers);
	if (url_parse(c->arena, url, &parsed, err) || aws_sign(c->arena, &r, keys, &done, err))
		return -1;
	add_pair(headers, "host", str_from(parsed.host));
	for (i = 0; i < done.n; i++)
		add_pair(headers, done.fields[i].name, done.fields[i].value);
	jval_write(&text, o, 0);
	percent_encode(out, buf_view(&text), NULL);
	buf_wipe(&text);
	return 0;
}

static int
aws_subject(struct cloud *c, const struct jval *doc, const struct jval *source, struct buf *out,
	struct err *err)
{
	cleanup_aws_session struct aws_session s = {0};
	cleanup_aws_keys struct aws_keys keys = {0};
	const char *region;
	char *url = NULL;

	if (aws_session_open(c, &s, err) || aws_region(&s, &region, err) ||
		aws_credentials(&s, &keys, err) || verification_url(c, source, region, &url, err))
		return -1;
	return sign_identity(c, doc, url, region, &keys, out, err);
}

static int
subject_token(struct cloud *c, const struct jval *doc, struct buf *out, struct err *err)
{
	const struct jval *source = jval_get(doc, "credential_source");
	const char *file = jval_get_str(source, "file"), *url = jval_get_str(source, "url");
	const char *id = jval_get_str(source, "environment_id");

	if (id && !strncmp(id, "aws", 3))
		return aws_subject(c, doc, source, out, err);
	if (file) {
		if (oauth_read_file(file, out, err))
			return err_wrap(err, "credential_source");
		return pick(source, out, err);
	}
	if (url)
		return fetch(c, url, source, out, err);
	if (jval_get(source, "executable"))
		return err_set(err, ERR_CONFIG, "credential_source runs a program: not supported");
	return err_set(err, ERR_CONFIG, "credential_source names neither a file nor a url");
}

/* ---- the exchange ---------------------------------------------------------------------- */

static void
exchange_form(const struct jval *doc, struct str subject, struct buf *form)
{
	const char *project = jval_get_str(doc, "workforce_pool_user_project");
	cleanup_jval struct jval *options = jval_new_object();
	cleanup_buf struct buf text = {0};

	https_form(form, "audience", str_from(jval_get_str(doc, "audience")));
	https_form(form, "grant_type", STR(GRANT_EXCHANGE));
	https_form(form, "requested_token_type", STR(TYPE_ACCESS));
	https_form(form, "subject_token_type", str_from(jval_get_str(doc, "subject_token_type")));
	https_form(form, "subject_token", subject);
	https_form(form, "scope", STR(GOOGLE_SCOPE));
	if (project && !jval_get_str(doc, "client_id")) {
		jval_set_str(options, "userProject", project);
		jval_write(&text, options, 0);
		https_form(form, "options", buf_view(&text));
	}
}

static int
explain(const struct oauth_answer *answer, struct str subject, struct err *err)
{
	cleanup_buf struct buf words = {0}, claims = {0};

	oauth_words(answer, &words);
	err_setc(err, ERR_AUTH, answer->status, "Google does not accept the identity token: %s",
		buf_cstr(&words));
	jwt_describe(subject, &claims);
	if (claims.len)
		err_hint(
			err, "the provider's conditions must fit the token: %s", buf_cstr(&claims));
	return -1;
}

static int
post_exchange(struct cloud *c, const struct jval *doc, struct str subject,
	struct oauth_answer *answer, struct err *err)
{
	const char *id = jval_get_str(doc, "client_id"),
		   *secret = jval_get_str(doc, "client_secret");
	struct buf form = {0}, login = {0}, basic = {0};
	struct http_extra field;
	struct https_request req = {.method = "POST",
		.url = jval_get_str(doc, "token_url"),
		.fields = &field,
		.content_type = "application/x-www-form-urlencoded"};
	int rc;

	buf_reserve(&form, 4 * subject.len + 4096, NULL);
	exchange_form(doc, subject, &form);
	if (id) {
		buf_addf(&login, "%s:%s", id, secret ? secret : "");
		buf_puts(&basic, "Basic ");
		base64_encode(&basic, buf_view(&login), BASE64_STD);
		field = (struct http_extra){"Authorization", buf_view(&basic)};
		req.nfields = 1;
	}
	req.body = buf_view(&form);
	rc = oauth_send(c, &req, answer, err);
	buf_wipe(&form);
	buf_wipe(&login);
	buf_wipe(&basic);
	return rc;
}

static int
exchange(struct cloud *c, const struct jval *doc, struct str subject, struct oauth_token *out,
	struct err *err)
{
	cleanup_oauth_answer struct oauth_answer answer = {0};

	if (post_exchange(c, doc, subject, &answer, err))
		return -1;
	if (answer.status != 200)
		return explain(&answer, subject, err);
	return oauth_take(c, &answer, "Google", out, err);
}

static int
check(struct cloud *c, const struct jval *doc, struct err *err)
{
	static const char *const needed[] = {"audience", "subject_token_type", "token_url"};
	const char *universe = jval_get_str(doc, "universe_domain");
	const char *url = jval_get_str(doc, "service_account_impersonation_url");
	size_t i;

	for (i = 0; i < ARRAY_LEN(needed); i++)
		if (!jval_get_str(doc, needed[i]))
			return err_set(err, ERR_CONFIG, "'%s' is missing", needed[i]);
	if (google_url_check(c->arena, jval_get_str(doc, "token_url"), universe, err))
		return -1;
	return url ? google_url_check(c->arena, url, universe, err) : 0;
}

int
google_external(struct cloud *c, const struct jval *doc, struct oauth_token *out, struct err *err)
{
	const char *url = jval_get_str(doc, "service_account_impersonation_url");
	cleanup_oauth_token struct oauth_token federated = {0};
	struct buf subject = {0};
	int rc;

	/* before anything of ours is fetched, let alone sent */
	if (check(c, doc, err))
		return -1;
	rc = subject_token(c, doc, &subject, err);
	if (rc == 0)
		rc = exchange(c, doc, buf_view(&subject), url ? &federated : out, err);
	if (rc == 0 && url)
		rc = google_impersonate(c, url, doc, &federated, out, err);
	buf_wipe(&subject);
	return rc;
}
