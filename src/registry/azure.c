#include "registry/azure.h"

#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/log.h"
#include "net/url.h"
#include "registry/cloud.h"
#include "registry/credentials.h"
#include "registry/https.h"
#include "registry/jwt.h"
#include "registry/oauth.h"
#include "registry/oidc.h"
#include "registry/words.h"

enum { PROBE_MS = 1000, ENDPOINT_MS = 10 * 1000, LINE_MAX = 300 };

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* ---- Microsoft Entra ------------------------------------------------------------------- */

static bool
tenant_ok(const char *tenant)
{
	return *tenant && strspn(tenant, "0123456789abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-") == strlen(tenant);
}

static const char *
authority(const struct cloud *c)
{
	const char *given = env_get(c->env, "AZURE_AUTHORITY_HOST");

	return given ? given : "https://login.microsoftonline.com";
}

/* The numbers in Entra's messages, and what to do about them. */
static const struct {
	const char *code, *hint;
} known[] = {
	{"AADSTS7000215",
		"AZURE_CLIENT_SECRET is wrong: it must be the secret's value, not its id"},
	{"AADSTS7000222", "the client secret has expired: make a new one"},
	{"AADSTS90002", "AZURE_TENANT_ID names no tenant"},
	{"AADSTS700016", "AZURE_CLIENT_ID names no application of this tenant"},
};

/* One number must not be taken for the start of another. */
static bool
has_code(const char *text, const char *code)
{
	const char *at = strstr(text, code);

	return at && (at[strlen(code)] < '0' || at[strlen(code)] > '9');
}

static int
explain(const struct oauth_answer *answer, struct str assertion, struct err *err)
{
	cleanup_buf struct buf words = {0}, claims = {0};
	size_t i;

	oauth_words(answer, &words);
	err_setc(err, ERR_AUTH, answer->status, "Microsoft Entra does not give a token: %s",
		buf_cstr(&words));
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (has_code(buf_cstr(&words), known[i].code))
			return err_hint(err, "%s", known[i].hint);
	jwt_describe(assertion, &claims);
	if (claims.len)
		err_hint(err, "the federated credential must fit the token, case counts: %s",
			buf_cstr(&claims));
	return -1;
}

/* assertion: proves who we are in place of a secret; may be empty */
static int
client_token(struct cloud *c, const char *resource, const char *tenant, struct str secret,
	struct str assertion, struct oauth_token *out, struct err *err)
{
	cleanup_oauth_answer struct oauth_answer answer = {0};
	const char *client = env_get(c->env, "AZURE_CLIENT_ID");
	struct str host = str_from(authority(c));
	struct buf form = {0};
	int rc;

	if (!tenant_ok(tenant))
		return err_set(err, ERR_CONFIG, "AZURE_TENANT_ID '%.80s' is no tenant", tenant);
	while (str_ends(host, STR("/")))
		host.len--;
	buf_reserve(&form, 4 * (secret.len + assertion.len) + 1024, NULL);
	https_form(&form, "grant_type", STR("client_credentials"));
	https_form(&form, "client_id", str_from(client));
	https_form(&form, "scope", str_from(arena_fmt(c->arena, "%s/.default", resource)));
	if (assertion.len) {
		https_form(&form, "client_assertion_type", STR(ASSERTION_TYPE));
		https_form(&form, "client_assertion", assertion);
	} else {
		https_form(&form, "client_secret", secret);
	}
	rc = oauth_post(c,
		arena_fmt(c->arena, STR_FMT "/%s/oauth2/v2.0/token", STR_ARG(host), tenant), &form,
		&answer, err);
	buf_wipe(&form);
	if (rc)
		return -1;
	if (answer.status != 200)
		return explain(&answer, assertion, err);
	return oauth_take(c, &answer, "Microsoft Entra", out, err);
}

static int
federated(struct cloud *c, const char *resource, const char *tenant, struct oauth_token *out,
	struct err *err)
{
	const char *path = env_get(c->env, "AZURE_FEDERATED_TOKEN_FILE");
	struct buf token = {0};
	int rc = 0;

	out->source = path ? "AZURE_FEDERATED_TOKEN_FILE" : "AZURE_FEDERATED_TOKEN";
	if (path)
		rc = oauth_read_file(path, &token, err);
	else
		buf_puts(&token, env_get(c->env, "AZURE_FEDERATED_TOKEN"));
	if (rc == 0)
		rc = client_token(
			c, resource, tenant, (struct str){0}, str_trim(buf_view(&token)), out, err);
	else
		err_wrap(err, "AZURE_FEDERATED_TOKEN_FILE");
	buf_wipe(&token);
	return rc;
}

static int
ci_identity(struct cloud *c, const char *resource, const char *tenant, struct oauth_token *out,
	struct err *err)
{
	struct buf token = {0};
	int rc;

	buf_reserve(&token, 16 * 1024, NULL);
	out->source = "AZURE_CLIENT_ID, by the CI's identity token";
	rc = oidc_token(c, "api://AzureADTokenExchange", &token, err);
	if (rc == 0)
		rc = client_token(c, resource, tenant, (struct str){0}, buf_view(&token), out, err);
	buf_wipe(&token);
	return rc;
}

/* ---- managed identity ------------------------------------------------------------------- */

struct identity_request {
	const char *url;
	struct http_extra field;
	int timeout_ms;
};

static int
identity_request(
	struct cloud *c, const char *resource, struct identity_request *out, struct err *err)
{
	const struct env *env = c->env;
	const char *endpoint = env_get(env, "IDENTITY_ENDPOINT");
	const char *header = env_get(env, "IDENTITY_HEADER");
	const char *host = env_get(env, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
	const char *client = env_get(env, "AZURE_CLIENT_ID");
	cleanup_buf struct buf query = {0};

	if (env_has(env, "IDENTITY_SERVER_THUMBPRINT") || (endpoint && !header) ||
		(!endpoint && env_has(env, "MSI_ENDPOINT")))
		return err_set(err, ERR_CONFIG,
			"managed identities of this kind of machine (Arc, Service Fabric, Cloud "
			"Shell) are not supported");
	https_form(&query, "api-version", endpoint ? STR("2019-08-01") : STR("2018-02-01"));
	https_form(&query, "resource", str_from(resource));
	if (client)
		https_form(&query, "client_id", str_from(client));
	if (endpoint) {
		out->url = arena_fmt(c->arena, "%s?%s", endpoint, buf_cstr(&query));
		out->field = (struct http_extra){"X-IDENTITY-HEADER", str_from(header)};
		out->timeout_ms = ENDPOINT_MS;
		return 0;
	}
	out->url = arena_fmt(c->arena, "%s/metadata/identity/oauth2/token?%s",
		host ? host : "http://169.254.169.254", buf_cstr(&query));
	out->field = (struct http_extra){"Metadata", STR("true")};
	out->timeout_ms = PROBE_MS;
	return 0;
}

static int
managed_identity(struct cloud *c, const char *resource, struct oauth_token *out, struct err *err)
{
	cleanup_oauth_answer struct oauth_answer answer = {0};
	cleanup_buf struct buf words = {0};
	struct identity_request r = {.url = NULL};
	struct https_request req = {.method = "GET", .nfields = 1, .plain = true, .direct = true};

	if (identity_request(c, resource, &r, err))
		return -1;
	req.url = r.url;
	req.fields = &r.field;
	req.timeout_ms = r.timeout_ms;
	if (oauth_send(c, &req, &answer, err))
		return -1;
	if (answer.status != 200) {
		oauth_words(&answer, &words);
		err_setc(err, ERR_AUTH, answer.status, "managed identity: %s", buf_cstr(&words));
		if (answer.status == 400)
			err_hint(err,
				"the machine has no identity, or several: then AZURE_CLIENT_ID "
				"must name one");
		return -1;
	}
	out->source = "managed identity";
	return oauth_take(c, &answer, "the managed identity service", out, err);
}

/* ---- in order ------------------------------------------------------------------------------ */

/* Half a login is a mistake, not a reason to look elsewhere. */
static int
check_complete(const struct cloud *c, const char *what, const char *tenant, struct err *err)
{
	if (!tenant)
		return err_set(err, ERR_CONFIG, "%s is set, but AZURE_TENANT_ID is not", what);
	if (!env_has(c->env, "AZURE_CLIENT_ID"))
		return err_set(err, ERR_CONFIG, "%s is set, but AZURE_CLIENT_ID is not", what);
	return 0;
}

int
azure_token(struct cloud *c, const char *resource, const char *tenant, struct oauth_token *out,
	struct err *err)
{
	const struct env *env = c->env;
	const char *secret = env_get(env, "AZURE_CLIENT_SECRET");
	struct err why = {0};

	if (env_has(env, "AZURE_TENANT_ID"))
		tenant = env_get(env, "AZURE_TENANT_ID");
	if (secret) {
		if (check_complete(c, "AZURE_CLIENT_SECRET", tenant, err))
			return -1;
		out->source = "AZURE_CLIENT_SECRET";
		return client_token(
			c, resource, tenant, str_from(secret), (struct str){0}, out, err);
	}
	if (env_has(env, "AZURE_FEDERATED_TOKEN_FILE") || env_has(env, "AZURE_FEDERATED_TOKEN")) {
		if (check_complete(c, "AZURE_FEDERATED_TOKEN_FILE", tenant, err))
			return -1;
		return federated(c, resource, tenant, out, err);
	}
	if (env_has(env, "AZURE_CLIENT_CERTIFICATE_PATH") || env_has(env, "AZURE_USERNAME"))
		return err_set(err, ERR_CONFIG, "login to Azure by %s is not supported",
			env_has(env, "AZURE_USERNAME") ? "AZURE_USERNAME"
						       : "AZURE_CLIENT_CERTIFICATE_PATH");
	if (tenant && env_has(env, "AZURE_CLIENT_ID") && oidc_available(env))
		return ci_identity(c, resource, tenant, out, err);
	if (managed_identity(c, resource, out, &why) == 0)
		return 0;
	if (why.kind == ERR_NET)
		return err_set(err, ERR_AUTH,
			"no Azure credentials: AZURE_CLIENT_SECRET is not set; "
			"AZURE_FEDERATED_TOKEN_FILE is not set; managed identity: %s",
			why.msg);
	if (err)
		*err = why;
	return -1;
}

/* ---- the registry ---------------------------------------------------------------------------- */

static const char *
management_resource(const char *host)
{
	if (str_ends(str_from(host), STR(".azurecr.cn")))
		return "https://management.chinacloudapi.cn";
	if (str_ends(str_from(host), STR(".azurecr.us")))
		return "https://management.usgovcloudapi.net";
	return "https://management.azure.com";
}

static int
exchange(struct cloud *c, const char *host, const char *tenant, const struct oauth_token *token,
	struct oauth_answer *answer, struct err *err)
{
	struct buf form = {0};
	int rc;

	buf_reserve(&form, 4 * token->value.len + 1024, NULL);
	https_form(&form, "grant_type", STR("access_token"));
	https_form(&form, "service", str_from(host));
	if (tenant)
		https_form(&form, "tenant", str_from(tenant));
	https_form(&form, "access_token", secret_reveal(&token->value));
	rc = oauth_post(
		c, arena_fmt(c->arena, "https://%s/oauth2/exchange", host), &form, answer, err);
	buf_wipe(&form);
	return rc;
}

/* The registry's errors have a form of their own: {"errors": [{"code", "message"}]}. */
static void
registry_words(const struct oauth_answer *answer, struct buf *out)
{
	const struct jval *first = jval_at(jval_get(answer->doc, "errors"), 0);
	const char *code = jval_get_str(first, "code"), *text = jval_get_str(first, "message");

	if (!code && !text) {
		oauth_words(answer, out);
		return;
	}
	words_add(out, str_from(code), LINE_MAX);
	buf_puts(out, code && text ? ": " : "");
	words_add(out, str_from(text), LINE_MAX);
}

static int
take_refresh(const struct oauth_answer *answer, const char *host, const struct oauth_token *token,
	struct credential *out, int64_t *expires, struct err *err)
{
	const char *refresh = jval_get_str(answer->doc, "refresh_token");
	cleanup_buf struct buf words = {0};

	if (answer->status != 200) {
		registry_words(answer, &words);
		err_setc(err,
			answer->status == 401 || answer->status == 403 ? ERR_AUTH : ERR_REMOTE,
			answer->status, "'%s' does not accept the Azure token of %s: %s", host,
			token->source, buf_cstr(&words));
		return answer->status == 401
			       ? err_hint(err, "another cloud, a registry of another tenant, or "
					       "tokens of the management API are turned off")
			       : -1;
	}
	if (!refresh || !*refresh)
		return err_set(err, ERR_PROTO, "'%s' answers without a refresh_token", host);
	*expires = jwt_expires(str_from(refresh));
	out->kind = CREDENTIAL_BASIC;
	out->user = xstrdup(AZURE_TOKEN_USER);
	secret_set(&out->secret, str_from(refresh));
	out->source = xstrdup(token->source);
	return 0;
}

static int
login_for(struct cloud *c, const char *resource, const char *host, const char *tenant,
	struct credential *out, int64_t *expires, struct err *err)
{
	cleanup_oauth_answer struct oauth_answer answer = {0};
	cleanup_oauth_token struct oauth_token token = {0};

	if (azure_token(c, resource, tenant, &token, err) ||
		exchange(c, host, tenant, &token, &answer, err))
		return -1;
	return take_refresh(&answer, host, &token, out, expires, err);
}

int
azure_login(struct cloud *c, const char *url, const char *tenant, struct credential *out,
	int64_t *expires, struct err *err)
{
	struct str rest = str_from(url), host = rest;
	struct err why = {0};
	const char *name;

	*out = (struct credential){.kind = CREDENTIAL_NONE};
	*expires = 0;
	str_cut(&rest, '/', &host);
	name = arena_str(c->arena, host);
	if (!tenant)
		tenant = env_get(c->env, "AZURE_TENANT_ID");
	if (login_for(c, AZURE_REGISTRY_RESOURCE, name, tenant, out, expires, &why) == 0)
		return 0;
	/* a tenant may not know the registry service, and a registry take the other token only */
	if (why.kind != ERR_AUTH || why.code == 0) {
		if (err)
			*err = why;
		return -1;
	}
	log_debug(c->log, "%s; trying the management API's token", why.msg);
	return login_for(c, management_resource(name), name, tenant, out, expires, err);
}
