#include "registry/aws_credentials.h"

#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "registry/aws_api.h"
#include "registry/aws_metadata.h"
#include "registry/aws_process.h"
#include "registry/aws_xml.h"
#include "registry/cloud.h"
#include "registry/https.h"
#include "registry/jwt.h"
#include "registry/moment.h"
#include "registry/oidc.h"

enum { TOKEN_FILE_MAX = 64 * 1024, REGION_MAX = 64, ROLES_MAX = 8 };

int
aws_session_open(struct cloud *c, struct aws_session *s, struct err *err)
{
	*s = (struct aws_session){.cloud = c, .profile = aws_profile_name(c->env)};
	if (aws_profiles_load(c->arena, c->env, &s->files, err) == 0)
		return 0;
	aws_session_release(s);
	return -1;
}

void
aws_session_release(struct aws_session *s)
{
	aws_profiles_release(&s->files);
}

/* ---- region ---------------------------------------------------------------------- */

bool
aws_region_ok(const char *region)
{
	return *region && strlen(region) <= REGION_MAX &&
	       strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(region);
}

static bool
metadata_off(const struct aws_session *s)
{
	return aws_flag(s->cloud->env, "AWS_EC2_METADATA_DISABLED");
}

static const char *
configured_region(struct aws_session *s)
{
	const struct env *env = s->cloud->env;
	struct str written;

	if (env_get(env, "AWS_REGION"))
		return env_get(env, "AWS_REGION");
	if (env_get(env, "AWS_DEFAULT_REGION"))
		return env_get(env, "AWS_DEFAULT_REGION");
	written = aws_profile_get(&s->files, s->profile, "region");
	return written.len ? arena_str(s->cloud->arena, written) : NULL;
}

int
aws_region(struct aws_session *s, const char **region, struct err *err)
{
	cleanup_buf struct buf found = {0};
	struct err why = {0};

	*region = configured_region(s);
	if (!*region && !metadata_off(s) && aws_instance_region(s->cloud, &found, &why) == 0)
		*region = arena_str(s->cloud->arena, buf_view(&found));
	if (!*region) {
		err_set(err, ERR_CONFIG,
			"no AWS region: neither AWS_REGION, AWS_DEFAULT_REGION nor "
			"the profile '%s' names one",
			s->profile);
		return err_hint(err, "set AWS_REGION, or 'region' beside the registry's url");
	}
	if (!aws_region_ok(*region))
		return err_set(err, ERR_CONFIG, "'%.80s' is no AWS region", *region);
	return 0;
}

/* ---- the token service -------------------------------------------------------------- */

static int
call_sts(struct aws_session *s, const char *what, const struct buf *form,
	const struct aws_keys *keys, struct buf *answer, char code[AWS_CODE_MAX], struct err *err)
{
	struct arena *a = s->cloud->arena;
	const char *region = s->region ? s->region : configured_region(s);
	struct aws_call call = {
		.what = what, .body = buf_view(form), .service = "sts", .keys = keys};
	const char *usual = "https://sts.amazonaws.com";

	if (region && !aws_region_ok(region))
		return err_set(err, ERR_CONFIG, "'%.80s' is no AWS region", region);
	if (region)
		usual = arena_fmt(a, "https://sts.%s.%s", region, aws_domain(region));
	call.region = region ? region : "us-east-1";
	call.url = aws_endpoint(a, s->cloud->env, "STS", usual, &call.plain);
	return aws_call(s->cloud, &call, answer, code, err);
}

static int
take_text(struct str xml, const char *path, struct buf *out, struct err *err)
{
	buf_reserve(out, 8 * 1024, NULL);
	if (aws_xml_text(xml, path, out) && out->len)
		return 0;
	return err_set(err, ERR_PROTO, "the token service's answer lacks '%s'", path);
}

static int
parse_role_keys(struct aws_session *s, struct str xml, const char *source, struct aws_keys *out,
	struct err *err)
{
	struct buf id = {0}, secret = {0}, token = {0}, expires = {0};
	int rc;

	*out = (struct aws_keys){.source = source};
	rc = take_text(xml, "*/*/Credentials/AccessKeyId", &id, err);
	if (rc == 0)
		rc = take_text(xml, "*/*/Credentials/SecretAccessKey", &secret, err);
	if (rc == 0)
		rc = take_text(xml, "*/*/Credentials/SessionToken", &token, err);
	if (rc == 0)
		rc = take_text(xml, "*/*/Credentials/Expiration", &expires, err);
	if (rc == 0 && !moment_parse(str_trim(buf_view(&expires)), &out->expires))
		rc = err_set(err, ERR_PROTO, "the token service's Expiration is no date");
	if (rc == 0) {
		out->id = arena_str(s->cloud->arena, buf_view(&id));
		secret_set(&out->secret, buf_view(&secret));
		secret_set(&out->token, buf_view(&token));
	}
	buf_wipe(&id);
	buf_wipe(&secret);
	buf_wipe(&token);
	buf_wipe(&expires);
	return rc;
}

/* A role to take on. Empty texts are not sent. */
struct role {
	struct str arn, session, external_id, duration;
	const char *source;
};

static void
start_role(struct aws_session *s, const char *action, const struct role *r, struct buf *form)
{
	struct str session = r->session;
	unsigned char random[6];

	https_form(form, "Action", str_from(action));
	https_form(form, "Version", STR("2011-06-15"));
	https_form(form, "RoleArn", r->arn);
	if (session.len == 0) {
		cleanup_buf struct buf name = {0};

		random_bytes(random, sizeof(random));
		buf_puts(&name, "buildtools-");
		hex_encode(&name, random, sizeof(random));
		session = arena_dup(s->cloud->arena, buf_view(&name));
	}
	https_form(form, "RoleSessionName", session);
	if (r->external_id.len)
		https_form(form, "ExternalId", r->external_id);
	if (r->duration.len)
		https_form(form, "DurationSeconds", r->duration);
}

static int
assume_role(struct aws_session *s, const struct role *r, const struct aws_keys *keys,
	struct aws_keys *out, struct err *err)
{
	cleanup_buf struct buf form = {0};
	char code[AWS_CODE_MAX];
	struct buf answer = {0};
	int rc;

	start_role(s, "AssumeRole", r, &form);
	rc = call_sts(s, "AssumeRole", &form, keys, &answer, code, err);
	if (rc == 0)
		rc = parse_role_keys(s, buf_view(&answer), r->source, out, err);
	else
		err_wrap(err, "role '" STR_FMT "'", STR_ARG(r->arn));
	buf_wipe(&answer);
	return rc;
}

/* Who refused what is told apart by the claims, so they are shown; the token is not. */
static int
explain_identity(const struct role *r, struct str token, const char *code, struct err *err)
{
	cleanup_buf struct buf claims = {0};

	err_wrap(err, "role '" STR_FMT "'", STR_ARG(r->arn));
	jwt_describe(token, &claims);
	if (!strcmp(code, "AccessDenied"))
		return err_hint(err, "the role's trust policy must fit the token: %s (case counts)",
			buf_cstr(&claims));
	if (!strcmp(code, "InvalidIdentityToken"))
		return err_hint(err, "the role's account needs an OIDC provider for the token: %s",
			buf_cstr(&claims));
	if (claims.len)
		err_hint(err, "the token says: %s", buf_cstr(&claims));
	return -1;
}

/* The token is taken over. */
static int
assume_with_token(struct aws_session *s, const struct role *r, struct buf *token,
	struct aws_keys *out, struct err *err)
{
	struct buf form = {0}, answer = {0};
	char code[AWS_CODE_MAX] = "";
	int rc;

	buf_reserve(&form, 4 * token->len + 4096, NULL);
	start_role(s, "AssumeRoleWithWebIdentity", r, &form);
	https_form(&form, "WebIdentityToken", str_trim(buf_view(token)));
	rc = call_sts(s, "AssumeRoleWithWebIdentity", &form, NULL, &answer, code, err);
	if (rc == 0)
		rc = parse_role_keys(s, buf_view(&answer), r->source, out, err);
	else
		rc = explain_identity(r, buf_view(token), code, err);
	buf_wipe(token);
	buf_wipe(&form);
	buf_wipe(&answer);
	return rc;
}

static int
assume_by_identity(struct aws_session *s, const struct role *r, const char *path,
	struct aws_keys *out, struct err *err)
{
	struct buf token = {0};

	buf_reserve(&token, TOKEN_FILE_MAX + 1, NULL);
	if (file_read(AT_FDCWD, path, TOKEN_FILE_MAX, &token, err)) {
		buf_wipe(&token);
		return err_wrap(err, "web identity token");
	}
	return assume_with_token(s, r, &token, out, err);
}

int
aws_account(struct aws_session *s, const struct aws_keys *k, const char **account, struct err *err)
{
	cleanup_buf struct buf form = {0}, answer = {0}, text = {0};
	char code[AWS_CODE_MAX];

	https_form(&form, "Action", STR("GetCallerIdentity"));
	https_form(&form, "Version", STR("2011-06-15"));
	if (call_sts(s, "GetCallerIdentity", &form, k, &answer, code, err) ||
		take_text(buf_view(&answer), "*/*/Account", &text, err))
		return -1;
	*account = arena_str(s->cloud->arena, str_trim(buf_view(&text)));
	return 0;
}

/* ---- profiles ------------------------------------------------------------------------- */

static struct str
setting(const struct aws_session *s, const char *profile, const char *key)
{
	return aws_profile_get(&s->files, profile, key);
}

/* False when the profile has no keys of its own. */
static bool
static_keys(struct aws_session *s, const char *profile, struct aws_keys *out)
{
	struct str id = setting(s, profile, "aws_access_key_id");
	struct str secret = setting(s, profile, "aws_secret_access_key");
	struct str token = setting(s, profile, "aws_session_token");

	if (id.len == 0 || secret.len == 0)
		return false;
	*out = (struct aws_keys){.id = arena_str(s->cloud->arena, id),
		.source = arena_fmt(s->cloud->arena, "profile '%s'", profile)};
	secret_set(&out->secret, secret);
	if (token.len)
		secret_set(&out->token, token);
	return true;
}

static int environment_keys(struct aws_session *s, struct aws_keys *out, struct err *err);
static int profile_keys(struct aws_session *s, const char *profile, struct strlist *seen,
	struct aws_keys *out, struct err *err);

static int
named_source(struct aws_session *s, const char *profile, struct str name, struct aws_keys *out,
	struct err *err)
{
	if (str_is(name, "Environment"))
		return environment_keys(s, out, err);
	if (str_is(name, "Ec2InstanceMetadata"))
		return aws_instance_keys(s->cloud, out, err);
	if (!str_is(name, "EcsContainer"))
		return err_set(err, ERR_CONFIG,
			"profile '%s': credential_source '" STR_FMT
			"' is none of Environment, Ec2InstanceMetadata, EcsContainer",
			profile, STR_ARG(str_first(name, 60)));
	if (!aws_container_variable(s->cloud))
		return err_set(err, ERR_AUTH,
			"profile '%s': credential_source is EcsContainer, but no container endpoint "
			"is named",
			profile);
	return aws_container_keys(s->cloud, out, err);
}

static int
role_keys(struct aws_session *s, const char *profile, struct strlist *seen, struct aws_keys *out,
	struct err *err)
{
	struct str from = setting(s, profile, "source_profile");
	struct str named = setting(s, profile, "credential_source");
	struct str file = setting(s, profile, "web_identity_token_file");
	cleanup_aws_keys struct aws_keys first = {0};
	struct role r = {.arn = setting(s, profile, "role_arn"),
		.session = setting(s, profile, "role_session_name"),
		.external_id = setting(s, profile, "external_id"),
		.duration = setting(s, profile, "duration_seconds"),
		.source = arena_fmt(s->cloud->arena, "profile '%s'", profile)};
	int rc;

	if (setting(s, profile, "mfa_serial").len)
		return err_set(err, ERR_CONFIG,
			"profile '%s' has an mfa_serial: nobody is here to type the code", profile);
	if (from.len && named.len)
		return err_set(err, ERR_CONFIG,
			"profile '%s' has both source_profile and credential_source", profile);
	if (file.len && from.len + named.len == 0)
		return assume_by_identity(s, &r, arena_str(s->cloud->arena, file), out, err);
	if (named.len)
		rc = named_source(s, profile, named, &first, err);
	else if (from.len)
		rc = profile_keys(s, arena_str(s->cloud->arena, from), seen, &first, err);
	else
		rc = err_set(err, ERR_CONFIG,
			"profile '%s' has role_arn, but no source_profile, credential_source or "
			"web_identity_token_file",
			profile);
	return rc ? rc : assume_role(s, &r, &first, out, err);
}

/* The profile's ways that only an interactive tool can go. */
static const char *
interactive(const struct aws_session *s, const char *profile)
{
	static const char *const keys[] = {
		"sso_session", "sso_start_url", "sso_account_id", "login_session"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (setting(s, profile, keys[i]).len)
			return keys[i];
	return NULL;
}

static int
profile_keys(struct aws_session *s, const char *profile, struct strlist *seen, struct aws_keys *out,
	struct err *err)
{
	bool again = strlist_has(seen, profile);
	struct str command = setting(s, profile, "credential_process");

	if (!aws_profile_exists(&s->files, profile))
		return err_set(err, ERR_CONFIG, "there is no profile '%s' in %s or %s", profile,
			s->files.config_path ? s->files.config_path : "~/.aws/config",
			s->files.credentials_path ? s->files.credentials_path
						  : "~/.aws/credentials");
	/* a role may be taken on from keys of the very same profile */
	if (setting(s, profile, "role_arn").len && !again && seen->n < ROLES_MAX) {
		strlist_add(seen, s->cloud->arena, profile);
		return role_keys(s, profile, seen, out, err);
	}
	if (static_keys(s, profile, out))
		return 0;
	if (again || seen->n >= ROLES_MAX)
		return err_set(err, ERR_CONFIG,
			"profile '%s': source_profile goes round in circles", profile);
	if (command.len)
		return aws_process_keys(s->cloud, profile, command, out, err);
	if (interactive(s, profile))
		return err_set(err, ERR_CONFIG,
			"profile '%s' logs in by '%s', which needs the AWS command line tool",
			profile, interactive(s, profile));
	return err_set(err, ERR_AUTH, "profile '%s' has no credentials", profile);
}

/* ---- the chain --------------------------------------------------------------------------- */

static const char *
first_of(const struct env *env, const char *name, const char *old, const char **used)
{
	*used = env_get(env, name) || !env_get(env, old) ? name : old;
	return env_get(env, *used);
}

static int
environment_keys(struct aws_session *s, struct aws_keys *out, struct err *err)
{
	const struct env *env = s->cloud->env;
	const char *id_name, *secret_name;
	const char *id = first_of(env, "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", &id_name);
	const char *secret = first_of(env, "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", &secret_name);
	const char *token = env_get(env, "AWS_SESSION_TOKEN");

	if (!id || !secret)
		return err_set(err, ERR_AUTH, "%s is not set%s%s%s", id ? secret_name : id_name,
			id || secret ? ", but " : "",
			id       ? id_name
			: secret ? secret_name
				 : "",
			id || secret ? " is" : "");
	*out = (struct aws_keys){.id = id, .source = id_name};
	secret_set(&out->secret, str_from(secret));
	if (token)
		secret_set(&out->token, str_from(token));
	return 0;
}

static int
identity_keys(struct aws_session *s, struct aws_keys *out, struct err *err)
{
	const struct env *env = s->cloud->env;
	struct role r = {.arn = str_from(env_get(env, "AWS_ROLE_ARN")),
		.session = str_from(env_get(env, "AWS_ROLE_SESSION_NAME")),
		.source = "AWS_WEB_IDENTITY_TOKEN_FILE"};

	if (r.arn.len == 0)
		return err_set(err, ERR_CONFIG,
			"AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
	return assume_by_identity(s, &r, env_get(env, "AWS_WEB_IDENTITY_TOKEN_FILE"), out, err);
}

/* A role is named, and the CI vouches for the job. */
static bool
ci_speaks(const struct aws_session *s)
{
	return env_has(s->cloud->env, "AWS_ROLE_ARN") && oidc_available(s->cloud->env);
}

static int
ci_keys(struct aws_session *s, struct aws_keys *out, struct err *err)
{
	const struct env *env = s->cloud->env;
	struct role r = {.arn = str_from(env_get(env, "AWS_ROLE_ARN")),
		.session = str_from(env_get(env, "AWS_ROLE_SESSION_NAME")),
		.source = "AWS_ROLE_ARN, by the CI's identity token"};
	struct buf token = {0};

	buf_reserve(&token, TOKEN_FILE_MAX, NULL);
	if (oidc_token(s->cloud, "sts.amazonaws.com", &token, err)) {
		buf_wipe(&token);
		return -1;
	}
	return assume_with_token(s, &r, &token, out, err);
}

static bool
profile_speaks(const struct aws_session *s)
{
	static const char *const keys[] = {"aws_access_key_id", "role_arn", "credential_process"};
	size_t i;

	if (env_has(s->cloud->env, "AWS_PROFILE") || env_has(s->cloud->env, "AWS_DEFAULT_PROFILE"))
		return true;
	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (setting(s, s->profile, keys[i]).len)
			return true;
	return interactive(s, s->profile) != NULL;
}

/* Nothing that was asked for by name: the instance is the last resort. */
static int
last_resort(struct aws_session *s, struct aws_keys *out, struct err *err)
{
	struct err why = {0};
	const char *files =
		s->files.config_path || s->files.credentials_path
			? arena_fmt(s->cloud->arena, "no keys in profile '%s'", s->profile)
			: "no ~/.aws/config or ~/.aws/credentials";

	if (metadata_off(s))
		err_set(&why, ERR_AUTH, "instance metadata: off by AWS_EC2_METADATA_DISABLED");
	else if (aws_instance_keys(s->cloud, out, &why) == 0)
		return 0;
	if (why.kind == ERR_CANCELED) {
		if (err)
			*err = why;
		return -1;
	}
	return err_set(err, ERR_AUTH,
		"no AWS credentials: AWS_ACCESS_KEY_ID is not set; AWS_WEB_IDENTITY_TOKEN_FILE is not "
		"set; %s; no container endpoint; %s",
		files, why.msg);
}

int
aws_credentials(struct aws_session *s, struct aws_keys *out, struct err *err)
{
	const struct env *env = s->cloud->env;
	struct strlist seen = {0};

	*out = (struct aws_keys){0};
	if (env_has(env, "AWS_ACCESS_KEY_ID") || env_has(env, "AWS_ACCESS_KEY") ||
		env_has(env, "AWS_SECRET_ACCESS_KEY") || env_has(env, "AWS_SECRET_KEY"))
		return environment_keys(s, out, err);
	if (env_has(env, "AWS_WEB_IDENTITY_TOKEN_FILE"))
		return identity_keys(s, out, err);
	if (ci_speaks(s))
		return ci_keys(s, out, err);
	if (profile_speaks(s))
		return profile_keys(s, s->profile, &seen, out, err);
	if (aws_container_variable(s->cloud))
		return aws_container_keys(s->cloud, out, err);
	return last_resort(s, out, err);
}
