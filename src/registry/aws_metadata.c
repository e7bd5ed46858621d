#include "registry/aws_metadata.h"

#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/jval.h"
#include "net/url.h"
#include "registry/aws_api.h"
#include "registry/aws_sign.h"
#include "registry/cloud.h"
#include "registry/https.h"
#include "registry/moment.h"
#include "registry/words.h"

enum {
	CONTAINER_MS = 2000,
	INSTANCE_MS = 1000,
	TOKEN_MAX = 64 * 1024,
	NAME_MAX_LEN = 256,
	CODE_MAX = 60,
	MESSAGE_MAX = 300
};

/* What names of roles consist of. */
#define ROLE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-"
#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI "AWS_CONTAINER_CREDENTIALS_FULL_URI"

int
aws_keys_parse(struct cloud *c, struct str json, const char *token_name, const char *source,
	struct aws_keys *out, struct err *err)
{
	cleanup_jval struct jval *doc = jval_parse(json, NULL);
	const char *id = jval_get_str(doc, "AccessKeyId");
	const char *secret = jval_get_str(doc, "SecretAccessKey");
	const char *expires = jval_get_str(doc, "Expiration");
	const char *code = jval_get_str(doc, "Code");
	cleanup_buf struct buf words = {0};

	*out = (struct aws_keys){.source = source};
	if (code && strcmp(code, "Success") != 0) {
		words_add(&words, str_from(code), CODE_MAX);
		buf_puts(&words, ": ");
		words_add(&words, str_from(jval_get_str(doc, "Message")), MESSAGE_MAX);
		return err_set(err, ERR_AUTH, "%s answers '%s'", source, buf_cstr(&words));
	}
	if (!id || !*id || !secret || !*secret)
		return err_set(err, ERR_PROTO, "%s answers without AccessKeyId and SecretAccessKey",
			source);
	if (expires && !moment_parse(str_from(expires), &out->expires))
		return err_set(err, ERR_PROTO, "%s answers an Expiration that is no date", source);
	out->id = arena_cstr(c->arena, id);
	secret_set(&out->secret, str_from(secret));
	if (jval_get_str(doc, token_name))
		secret_set(&out->token, str_from(jval_get_str(doc, token_name)));
	return 0;
}

/* ---- containers ------------------------------------------------------------------ */

const char *
aws_container_variable(const struct cloud *c)
{
	/* the relative one is set by the service itself, so it is the surer of the two */
	if (env_has(c->env, RELATIVE_URI))
		return RELATIVE_URI;
	return env_has(c->env, FULL_URI) ? FULL_URI : NULL;
}

bool
aws_container_host_ok(const char *host)
{
	return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "::1") ||
	       !strcmp(host, "169.254.170.2") || !strcmp(host, "169.254.170.23") ||
	       !strcmp(host, "fd00:ec2::23");
}

/* "127.evil.example" is no address of ours. */
static bool
is_address(const char *host)
{
	return strspn(host, "0123456789.") == strlen(host);
}

static int
container_url(struct cloud *c, const char **url, struct err *err)
{
	const char *variable = aws_container_variable(c), *value = env_get(c->env, variable);
	struct url parsed;

	if (!strcmp(variable, RELATIVE_URI)) {
		*url = arena_fmt(
			c->arena, "http://169.254.170.2%s%s", *value == '/' ? "" : "/", value);
		return 0;
	}
	*url = value;
	if (url_parse(c->arena, value, &parsed, err)) {
		if (err)
			err->kind = ERR_CONFIG;
		return err_wrap(err, "%s", variable);
	}
	if (!strcmp(parsed.scheme, "https"))
		return 0;
	if (strcmp(parsed.scheme, "http") != 0 || !aws_container_host_ok(parsed.host) ||
		(!strncmp(parsed.host, "127.", 4) && !is_address(parsed.host)))
		return err_set(err, ERR_CONFIG, "%s: keys are fetched from '%s' by https:// only",
			variable, parsed.host);
	return 0;
}

static int
container_token(struct cloud *c, struct buf *token, struct err *err)
{
	const char *path = env_get(c->env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *text = env_get(c->env, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct str bare;

	if (path && file_read(AT_FDCWD, path, TOKEN_MAX, token, err))
		return err_wrap(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	if (!path && text)
		buf_puts(token, text);
	bare = str_trim(buf_view(token));
	token->len = bare.len;
	if (bare.len && bare.s != token->p)
		memmove(token->p, bare.s, bare.len);
	if (str_find(buf_view(token), '\n') >= 0 || str_find(buf_view(token), '\r') >= 0)
		return err_set(
			err, ERR_CONFIG, "the container's authorization token has a line break");
	return 0;
}

int
aws_container_keys(struct cloud *c, struct aws_keys *out, struct err *err)
{
	cleanup_https_answer struct https_answer got = {0};
	struct buf token = {0};
	struct http_extra field;
	struct https_request req = {.method = "GET",
		.fields = &field,
		.plain = true,
		.direct = true,
		.timeout_ms = CONTAINER_MS,
		.max = TOKEN_MAX};
	int rc;

	if (container_url(c, &req.url, err))
		return -1;
	rc = container_token(c, &token, err);
	if (rc == 0) {
		field = (struct http_extra){"Authorization", buf_view(&token)};
		req.nfields = token.len ? 1 : 0;
		rc = https_retry(c->https, c->arena, &req, NULL, NULL, &got, err);
	}
	buf_wipe(&token);
	if (rc)
		return -1;
	if (got.status != 200)
		return err_setc(err, ERR_AUTH, got.status,
			"the container's credential endpoint answers %d", got.status);
	return aws_keys_parse(
		c, buf_view(&got.body), "Token", "the container's credential endpoint", out, err);
}

/* ---- instance metadata ------------------------------------------------------------- */

static const char *
instance_base(const struct cloud *c, struct arena *a)
{
	const char *given = env_get(c->env, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	struct str text = str_from(given);

	while (str_ends(text, STR("/")))
		text.len--;
	if (text.len)
		return arena_str(a, text);
	return env_is(c->env, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6")
		       ? "http://[fd00:ec2::254]"
		       : "http://169.254.169.254";
}

/* One request; its status is the caller's business. */
static int
instance_ask(struct cloud *c, const char *method, const char *path, const struct http_extra *field,
	struct https_answer *out, struct err *err)
{
	struct https_request req = {.method = method,
		.url = arena_fmt(c->arena, "%s/latest/%s", instance_base(c, c->arena), path),
		.fields = field,
		.nfields = field ? 1 : 0,
		.plain = true,
		.direct = true,
		.timeout_ms = INSTANCE_MS,
		.max = TOKEN_MAX};

	return c->https->send(c->https, c->arena, &req, out, err);
}

/* *token stays empty where version 1 has to do. */
static int
instance_token(struct cloud *c, struct buf *token, struct err *err)
{
	cleanup_https_answer struct https_answer got = {0};
	struct http_extra ttl = {"x-aws-ec2-metadata-token-ttl-seconds", STR("21600")};

	if (instance_ask(c, "PUT", "api/token", &ttl, &got, err))
		return -1;
	if (got.status == 200) {
		buf_str(token, str_trim(buf_view(&got.body)));
		return 0;
	}
	if ((got.status == 403 || got.status == 404 || got.status == 405) &&
		!aws_flag(c->env, "AWS_EC2_METADATA_V1_DISABLED"))
		return 0;
	return err_setc(err, ERR_AUTH, got.status,
		"instance metadata answers %d to a token request", got.status);
}

static int
instance_get(struct cloud *c, const char *path, const struct buf *token, struct https_answer *out,
	struct err *err)
{
	struct http_extra field = {"x-aws-ec2-metadata-token", buf_view(token)};

	return instance_ask(c, "GET", path, token->len ? &field : NULL, out, err);
}

static int
read_role(struct cloud *c, const struct buf *token, struct aws_keys *out, struct err *err)
{
	static const char folder[] = "meta-data/iam/security-credentials/";
	cleanup_https_answer struct https_answer names = {0}, keys = {0};
	struct str rest, role;
	size_t i;

	if (instance_get(c, folder, token, &names, err))
		return -1;
	if (names.status == 404)
		return err_setc(err, ERR_AUTH, 404, "no role is attached to the instance");
	rest = str_trim(buf_view(&names.body));
	if (names.status != 200 || !str_line(&rest, &role) || role.len > NAME_MAX_LEN)
		return err_setc(err, ERR_AUTH, names.status, "instance metadata names no role (%d)",
			names.status);
	for (i = 0; i < role.len; i++)
		if (!role.s[i] || !strchr(ROLE_CHARACTERS, role.s[i]))
			return err_set(
				err, ERR_PROTO, "instance metadata names a role that is none");
	if (instance_get(
		    c, arena_fmt(c->arena, "%s" STR_FMT, folder, STR_ARG(role)), token, &keys, err))
		return -1;
	if (keys.status != 200)
		return err_setc(err, ERR_AUTH, keys.status,
			"instance metadata answers %d for the role '" STR_FMT "'", keys.status,
			STR_ARG(role));
	return aws_keys_parse(c, buf_view(&keys.body), "Token",
		arena_fmt(c->arena, "the instance's role '" STR_FMT "'", STR_ARG(role)), out, err);
}

int
aws_instance_keys(struct cloud *c, struct aws_keys *out, struct err *err)
{
	struct buf token = {0};
	int rc = instance_token(c, &token, err);

	if (rc == 0)
		rc = read_role(c, &token, out, err);
	buf_wipe(&token);
	return rc;
}

int
aws_instance_region(struct cloud *c, struct buf *out, struct err *err)
{
	cleanup_https_answer struct https_answer got = {0};
	struct buf token = {0};
	int rc = instance_token(c, &token, err);

	if (rc == 0)
		rc = instance_get(c, "meta-data/placement/region", &token, &got, err);
	buf_wipe(&token);
	if (rc)
		return -1;
	if (got.status != 200)
		return err_setc(err, ERR_AUTH, got.status,
			"instance metadata answers %d for the region", got.status);
	/* it is named when it is none */
	words_add(out, buf_view(&got.body), NAME_MAX_LEN);
	return 0;
}
