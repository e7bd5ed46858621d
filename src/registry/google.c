#include "registry/google.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/jval.h"
#include "net/url.h"
#include "registry/cloud.h"
#include "registry/https.h"
#include "registry/jwt.h"
#include "registry/moment.h"
#include "registry/oauth.h"

enum { METADATA_MS = 3000, ASSERTION_LIFE = 3600, BACKDATED = 10, NESTED_MAX = 3, SKEW_MIN = 60 };

#define TOKEN_URL "https://oauth2.googleapis.com/token"

int
google_url_check(struct arena *a, const char *url, const char *universe, struct err *err)
{
	struct str host, domain = str_from(universe && *universe ? universe : "googleapis.com");
	struct url parsed;

	if (url_parse(a, url, &parsed, err)) {
		if (err)
			err->kind = ERR_CONFIG;
		return -1;
	}
	host = str_from(parsed.host);
	if (strcmp(parsed.scheme, "https") != 0 || parsed.user || host.len <= domain.len + 1 ||
		!str_ieq(str_from_off(host, host.len - domain.len), domain) ||
		host.s[host.len - domain.len - 1] != '.')
		return err_set(err, ERR_CONFIG,
			"a credential file sends tokens to '%.200s', which is not at https://*." STR_FMT,
			url, STR_ARG(domain));
	return 0;
}

/* ---- service accounts ---------------------------------------------------------------- */

static const char *
token_url(const struct jval *key)
{
	const char *url = jval_get_str(key, "token_uri");

	return url && *url ? url : TOKEN_URL;
}

int
google_assertion(const struct jval *key, int64_t now, struct buf *out, struct err *err)
{
	const char *mail = jval_get_str(key, "client_email");
	const char *pem = jval_get_str(key, "private_key");
	const char *kid = jval_get_str(key, "private_key_id");
	cleanup_jval struct jval *header = jval_new_object(), *claims = jval_new_object();

	if (!mail || !pem)
		return err_set(err, ERR_CONFIG,
			"the service account key lacks client_email or private_key");
	jval_set_str(header, "alg", "RS256");
	jval_set_str(header, "typ", "JWT");
	if (kid)
		jval_set_str(header, "kid", kid);
	jval_set_str(claims, "iss", mail);
	jval_set_str(claims, "scope", GOOGLE_SCOPE);
	jval_set_str(claims, "aud", token_url(key));
	/* Google's clock may be behind ours */
	jval_set_int(claims, "iat", now - BACKDATED);
	jval_set_int(claims, "exp", now - BACKDATED + ASSERTION_LIFE);
	if (jwt_sign_rs256(header, claims, str_from(pem), out, err))
		return err_wrap(err, "service account key of '%.200s'", mail);
	return 0;
}

static int
explain_account(
	struct cloud *c, const struct jval *key, const struct oauth_answer *answer, struct err *err)
{
	cleanup_buf struct buf words = {0};
	const char *kid = jval_get_str(key, "private_key_id");
	int64_t off = answer->theirs ? answer->theirs - cloud_now(c) : 0;

	oauth_words(answer, &words);
	err_setc(err, ERR_AUTH, answer->status,
		"Google does not accept the service account key '%.60s': %s", kid ? kid : "?",
		buf_cstr(&words));
	if (strstr(buf_cstr(&words), "reasonable timeframe") || off > SKEW_MIN || off < -SKEW_MIN)
		return err_hint(err, "the clock of this machine is %lld s off Google's",
			(long long)(off < 0 ? -off : off));
	return err_hint(err, "it was deleted, or its private_key is damaged (line breaks lost?)");
}

static int
service_account(struct cloud *c, const struct jval *key, struct oauth_token *out, struct err *err)
{
	cleanup_oauth_answer struct oauth_answer answer = {0};
	struct buf assertion = {0}, form = {0};
	int rc = google_url_check(
		c->arena, token_url(key), jval_get_str(key, "universe_domain"), err);

	if (rc == 0)
		rc = google_assertion(key, cloud_now(c), &assertion, err);
	if (rc == 0) {
		https_form(&form, "grant_type", STR("urn:ietf:params:oauth:grant-type:jwt-bearer"));
		https_form(&form, "assertion", buf_view(&assertion));
		rc = oauth_post(c, token_url(key), &form, &answer, err);
	}
	buf_wipe(&assertion);
	buf_wipe(&form);
	if (rc)
		return -1;
	if (answer.status != 200)
		return explain_account(c, key, &answer, err);
	return oauth_take(c, &answer, "Google", out, err);
}

/* ---- a user's login -------------------------------------------------------------------- */

static int
authorized_user(struct cloud *c, const struct jval *doc, struct oauth_token *out, struct err *err)
{
	static const char *const names[] = {"client_id", "client_secret", "refresh_token"};
	cleanup_oauth_answer struct oauth_answer answer = {0};
	cleanup_buf struct buf words = {0};
	struct buf form = {0};
	size_t i;
	int rc;

	https_form(&form, "grant_type", STR("refresh_token"));
	for (i = 0; i < ARRAY_LEN(names); i++)
		https_form(&form, names[i], str_from(jval_get_str(doc, names[i])));
	rc = oauth_post(c, TOKEN_URL, &form, &answer, err);
	buf_wipe(&form);
	if (rc)
		return -1;
	if (answer.status == 200)
		return oauth_take(c, &answer, "Google", out, err);
	oauth_words(&answer, &words);
	err_setc(err, ERR_AUTH, answer.status, "Google does not accept the user's login: %s",
		buf_cstr(&words));
	return err_hint(err, "run 'gcloud auth application-default login' again, or use a service "
			     "account");
}

/* ---- impersonation ---------------------------------------------------------------------- */

static struct jval *
impersonation_request(const struct jval *doc)
{
	const struct jval *more = jval_get(doc, "service_account_impersonation");
	int64_t life = jval_get_int(more, "token_lifetime_seconds", ASSERTION_LIFE);
	const struct jval *delegates = jval_get(doc, "delegates");
	struct jval *o = jval_new_object(), *scopes = jval_new_array(), *via = jval_new_array();
	char text[32];
	size_t i;

	snprintf(text, sizeof(text), "%llds", (long long)life);
	jval_set_str(o, "lifetime", text);
	jval_add_str(scopes, GOOGLE_SCOPE);
	jval_set(o, "scope", scopes);
	for (i = 0; i < jval_len(delegates); i++)
		jval_add_str(via, jval_str(jval_at(delegates, i)));
	jval_set(o, "delegates", via);
	return o;
}

static int
take_impersonated(const struct oauth_answer *answer, struct oauth_token *out, struct err *err)
{
	const char *token = jval_get_str(answer->doc, "accessToken");
	const char *end = jval_get_str(answer->doc, "expireTime");

	if (!token || !*token)
		return err_set(err, ERR_PROTO, "Google answers without an accessToken");
	secret_set(&out->value, str_from(token));
	if (!end || !moment_parse(str_from(end), &out->expires))
		out->expires = 0;
	return 0;
}

int
google_impersonate(struct cloud *c, const char *url, const struct jval *doc,
	const struct oauth_token *with, struct oauth_token *out, struct err *err)
{
	cleanup_jval struct jval *body = impersonation_request(doc);
	cleanup_oauth_answer struct oauth_answer answer = {0};
	cleanup_buf struct buf text = {0}, words = {0};
	struct buf bearer = {0};
	struct http_extra field;
	struct https_request req = {.method = "POST",
		.url = url,
		.fields = &field,
		.nfields = 1,
		.content_type = "application/json"};
	int rc;

	if (google_url_check(c->arena, url, jval_get_str(doc, "universe_domain"), err))
		return -1;
	buf_reserve(&bearer, with->value.len + 8, NULL);
	buf_puts(&bearer, "Bearer ");
	buf_str(&bearer, secret_reveal(&with->value));
	field = (struct http_extra){"Authorization", buf_view(&bearer)};
	jval_write(&text, body, 0);
	req.body = buf_view(&text);
	rc = oauth_send(c, &req, &answer, err);
	buf_wipe(&bearer);
	if (rc)
		return -1;
	if (answer.status == 200)
		return take_impersonated(&answer, out, err);
	oauth_words(&answer, &words);
	err_setc(err, ERR_AUTH, answer.status,
		"Google does not let the service account be used: %s", buf_cstr(&words));
	return err_hint(err, "grant roles/iam.workloadIdentityUser (or "
			     "roles/iam.serviceAccountTokenCreator) on it to the caller");
}

/* ---- credential files -------------------------------------------------------------------- */

static int from_document(struct cloud *c, const struct jval *doc, int depth,
	struct oauth_token *out, struct err *err);

static int
impersonated(struct cloud *c, const struct jval *doc, int depth, struct oauth_token *out,
	struct err *err)
{
	const char *url = jval_get_str(doc, "service_account_impersonation_url");
	cleanup_oauth_token struct oauth_token with = {0};

	if (!url)
		return err_set(err, ERR_CONFIG, "service_account_impersonation_url is missing");
	if (depth == NESTED_MAX)
		return err_set(err, ERR_CONFIG, "source_credentials are nested too deeply");
	if (from_document(c, jval_get(doc, "source_credentials"), depth + 1, &with, err))
		return -1;
	return google_impersonate(c, url, doc, &with, out, err);
}

static int
from_document(struct cloud *c, const struct jval *doc, int depth, struct oauth_token *out,
	struct err *err)
{
	const char *type = jval_get_str(doc, "type");

	if (!type)
		return err_set(err, ERR_CONFIG, "a Google credential needs a 'type'");
	if (!strcmp(type, "service_account"))
		return service_account(c, doc, out, err);
	if (!strcmp(type, "authorized_user"))
		return authorized_user(c, doc, out, err);
	if (!strcmp(type, "external_account"))
		return google_external(c, doc, out, err);
	if (!strcmp(type, "impersonated_service_account"))
		return impersonated(c, doc, depth, out, err);
	return err_set(
		err, ERR_CONFIG, "Google credentials of type '%.60s' are not supported", type);
}

static int
from_text(struct cloud *c, struct str text, const char *name, struct oauth_token *out,
	struct err *err)
{
	cleanup_jval struct jval *doc = jval_parse(text, NULL);

	if (jval_kind(doc) != JVAL_OBJECT)
		return err_set(err, ERR_CONFIG, "%s is no JSON object", name);
	if (from_document(c, doc, 0, out, err))
		return err_wrap(err, "%s", name);
	out->source = name;
	return 0;
}

static int
from_file(struct cloud *c, const char *path, struct oauth_token *out, struct err *err)
{
	struct buf text = {0};
	int rc = oauth_read_file(path, &text, err);

	if (rc == 0)
		rc = from_text(c, buf_view(&text), arena_fmt(c->arena, "'%s'", path), out, err);
	buf_wipe(&text);
	return rc;
}

/* ---- the metadata server ------------------------------------------------------------------ */

static int
from_metadata(struct cloud *c, struct oauth_token *out, struct err *err)
{
	cleanup_oauth_answer struct oauth_answer answer = {0};
	cleanup_buf struct buf words = {0};
	struct http_extra field = {"Metadata-Flavor", STR("Google")};
	const char *host = env_get(c->env, "GCE_METADATA_HOST");
	struct https_request req = {.method = "GET",
		.fields = &field,
		.nfields = 1,
		.plain = true,
		.direct = true,
		.timeout_ms = METADATA_MS};

	if (!host)
		host = env_get(c->env, "GCE_METADATA_ROOT");
	req.url = arena_fmt(c->arena,
		"http://%s/computeMetadata/v1/instance/service-accounts/default/token?scopes="
		"https%%3A%%2F%%2Fwww.googleapis.com%%2Fauth%%2Fcloud-platform",
		host ? host : "metadata.google.internal");
	if (oauth_send(c, &req, &answer, err))
		return -1;
	if (answer.status == 404)
		return err_setc(
			err, ERR_AUTH, 404, "no service account is attached to the machine");
	if (answer.status != 200) {
		oauth_words(&answer, &words);
		return err_setc(err, ERR_AUTH, answer.status, "the metadata server answers: %s",
			buf_cstr(&words));
	}
	out->source = "the metadata server";
	return oauth_take(c, &answer, "the metadata server", out, err);
}

/* ---- in order ------------------------------------------------------------------------------- */

static const char *
well_known(struct cloud *c)
{
	const char *folder = env_get(c->env, "CLOUDSDK_CONFIG"), *home = env_get(c->env, "HOME");
	static const char name[] = "application_default_credentials.json";

	if (folder)
		return arena_fmt(c->arena, "%s/%s", folder, name);
	return home ? arena_fmt(c->arena, "%s/.config/gcloud/%s", home, name) : NULL;
}

static bool
ready_token(struct cloud *c, struct oauth_token *out)
{
	static const char *const names[] = {
		"GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (!env_has(c->env, names[i]))
			continue;
		secret_set(&out->value, str_trim(str_from(env_get(c->env, names[i]))));
		out->source = names[i];
		return true;
	}
	return false;
}

int
google_token(struct cloud *c, struct oauth_token *out, struct err *err)
{
	const char *json = env_get(c->env, "GOOGLE_CREDENTIALS"), *path = well_known(c);
	const char *named = env_get(c->env, "GOOGLE_APPLICATION_CREDENTIALS");
	struct err why = {0};

	if (json)
		return from_text(c, str_from(json), "GOOGLE_CREDENTIALS", out, err);
	if (ready_token(c, out))
		return 0;
	if (named)
		return from_file(c, named, out, err)
			       ? err_wrap(err, "GOOGLE_APPLICATION_CREDENTIALS")
			       : 0;
	if (path && from_file(c, path, out, &why) == 0)
		return 0;
	if (path && (why.kind != ERR_SYS || (why.code != ENOENT && why.code != ENOTDIR))) {
		if (err)
			*err = why;
		return -1;
	}
	why = (struct err){0};
	if (env_true(c->env, "NO_GCE_CHECK"))
		err_set(&why, ERR_AUTH, "the metadata server is ruled out by NO_GCE_CHECK");
	else if (from_metadata(c, out, &why) == 0)
		return 0;
	if (why.kind == ERR_CANCELED) {
		if (err)
			*err = why;
		return -1;
	}
	return err_set(err, ERR_AUTH,
		"no Google credentials: GOOGLE_APPLICATION_CREDENTIALS is not set; no '%s'; %s",
		path ? path : "~/.config/gcloud/application_default_credentials.json", why.msg);
}
