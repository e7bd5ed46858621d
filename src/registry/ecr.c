#include "registry/ecr.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/log.h"
#include "registry/aws_api.h"
#include "registry/aws_credentials.h"
#include "registry/cloud.h"
#include "registry/credentials.h"

/* ECR Public has one place for its API. */
#define PUBLIC_REGION "us-east-1"

/* What the lifecycle policy keeps. */
#define POLICY \
	"{\"rules\":[{\"rulePriority\":10,\"description\":\"Only keep 20 images\",\"selection\":" \
	"{\"tagStatus\":\"untagged\",\"countType\":\"imageCountMoreThan\",\"countNumber\":20}," \
	"\"action\":{\"type\":\"expire\"}}]}"

/* ---- where it is -------------------------------------------------------------------- */

bool
ecr_host_parse(struct str url, struct ecr_host *out)
{
	size_t len = 0;
	struct str host, piece, rest;

	*out = (struct ecr_host){.fips = false};
	while (len < url.len && url.s[len] != '/' && url.s[len] != ':')
		len++;
	host = str_first(url, len);
	if (str_iis(host, "public.ecr.aws") || str_iis(host, "ecr-public.aws.com")) {
		out->is_public = true;
		out->region = STR(PUBLIC_REGION);
		return true;
	}
	rest = host;
	if (!str_cut(&rest, '.', &out->account) || out->account.len == 0 ||
		!(str_take(&rest, STR("dkr.ecr")) || str_take(&rest, STR("dkr-ecr"))))
		return false;
	out->fips = str_take(&rest, STR("-fips"));
	if (!str_take(&rest, STR(".")) || !str_cut(&rest, '.', &out->region) ||
		out->region.len == 0)
		return false;
	piece = rest;
	out->dual = str_take(&piece, STR("on."));
	return rest.len > 0;
}

static const char *
usual_endpoint(const struct ecr *e, const struct ecr_host *h)
{
	struct arena *a = e->session->cloud->arena;
	const struct env *env = e->session->cloud->env;
	const char *dual = aws_dual_domain(e->region);

	if (e->is_public)
		return "https://api.ecr-public." PUBLIC_REGION ".amazonaws.com";
	if (h->fips || aws_flag(env, "AWS_USE_FIPS_ENDPOINT"))
		return arena_fmt(a, "https://ecr-fips.%s.%s", e->region, aws_domain(e->region));
	if (dual && (h->dual || aws_flag(env, "AWS_USE_DUALSTACK_ENDPOINT")))
		return arena_fmt(a, "https://ecr.%s.%s", e->region, dual);
	return arena_fmt(a, "https://api.ecr.%s.%s", e->region, aws_domain(e->region));
}

int
ecr_open(struct ecr *e, struct aws_session *session, const char *url, const char *region,
	struct err *err)
{
	struct arena *a = session->cloud->arena;
	struct ecr_host h;

	*e = (struct ecr){.session = session, .url = url, .account = ""};
	if (ecr_host_parse(str_from(url), &h)) {
		e->account = arena_str(a, h.account);
		e->is_public = h.is_public;
		if (!region || e->is_public)
			region = arena_str(a, h.region);
	}
	if (region && !aws_region_ok(region))
		return err_set(err, ERR_CONFIG, "'%.80s' is no AWS region", region);
	if (!region && aws_region(session, &region, err))
		return -1;
	e->region = region;
	session->region = region;
	e->endpoint = aws_endpoint(a, session->cloud->env, e->is_public ? "ECR_PUBLIC" : "ECR",
		usual_endpoint(e, &h), &e->plain);
	return 0;
}

/* ---- calls ---------------------------------------------------------------------------- */

/* body: taken over. */
static int
call(const struct ecr *e, const char *operation, struct jval *body, struct buf *answer,
	char code[AWS_CODE_MAX], struct err *err)
{
	struct cloud *c = e->session->cloud;
	cleanup_buf struct buf text = {0};
	struct aws_call request = {.what = operation,
		.url = e->endpoint,
		.plain = e->plain,
		.service = e->is_public ? "ecr-public" : "ecr",
		.region = e->region,
		.keys = e->keys};

	request.target = arena_fmt(c->arena, "%s.%s",
		e->is_public ? "SpencerFrontendService" : "AmazonEC2ContainerRegistry_V20150921",
		operation);
	jval_write(&text, body, 0);
	jval_free(body);
	request.body = buf_view(&text);
	return aws_call(c, &request, answer, code, err);
}

/* AWS writes times as numbers that may have a fraction and an exponent. */
static int64_t
seconds_of(const struct jval *v)
{
	cleanup_buf struct buf text = {0};
	double seconds;

	if (jval_kind(v) != JVAL_NUMBER)
		return 0;
	jval_write(&text, v, 0);
	seconds = strtod(buf_cstr(&text), NULL);
	return seconds > 0 && seconds < 1e11 ? (int64_t)seconds : 0;
}

int
ecr_token_parse(struct str json, struct credential *out, int64_t *expires, struct err *err)
{
	cleanup_jval struct jval *doc = jval_parse(json, NULL);
	const struct jval *data = jval_get(doc, "authorizationData");
	const char *token;
	struct buf text = {0};
	struct str user, rest;
	int rc = 0;

	/* a list from ECR, an object from ECR Public */
	if (jval_kind(data) == JVAL_ARRAY)
		data = jval_at(data, 0);
	token = jval_get_str(data, "authorizationToken");
	*expires = seconds_of(jval_get(data, "expiresAt"));
	*out = (struct credential){.kind = CREDENTIAL_NONE};
	if (!token)
		return err_set(err, ERR_PROTO, "ECR answers without an authorizationToken");
	buf_reserve(&text, strlen(token) + 1, NULL);
	base64_decode(&text, str_from(token));
	rest = buf_view(&text);
	if (str_cut(&rest, ':', &user) && user.len && rest.len) {
		out->kind = CREDENTIAL_BASIC;
		out->user = xstrndup(user.s, user.len);
		secret_set(&out->secret, rest);
	} else {
		rc = err_set(
			err, ERR_PROTO, "ECR's authorizationToken is not USER:PASSWORD in base64");
	}
	buf_wipe(&text);
	return rc;
}

int
ecr_login(struct ecr *e, struct credential *out, int64_t *expires, struct err *err)
{
	struct buf answer = {0};
	char code[AWS_CODE_MAX];
	int rc = call(e, "GetAuthorizationToken", jval_new_object(), &answer, code, err);

	if (rc == 0)
		rc = ecr_token_parse(buf_view(&answer), out, expires, err);
	else if (!strcmp(code, "AccessDeniedException"))
		err_hint(err, "grant %s on *",
			e->is_public
				? "ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken"
				: "ecr:GetAuthorizationToken");
	buf_wipe(&answer);
	return rc;
}

/* ---- repositories ------------------------------------------------------------------------ */

static struct jval *
about(const struct ecr *e, const char *repository)
{
	struct jval *o = jval_new_object();

	/* whose it is matters only when it is not the keys' own */
	if (strlen(e->account) == 12)
		jval_set_str(o, "registryId", e->account);
	if (repository)
		jval_set_str(o, "repositoryName", repository);
	return o;
}

/* Only for all of its tags: exceptions, which some repositories have, are rules of their own. */
static bool
is_immutable(struct str json)
{
	cleanup_jval struct jval *v = jval_parse(json, NULL);
	const char *said =
		jval_get_str(jval_at(jval_get(v, "repositories"), 0), "imageTagMutability");

	return said && !strcmp(said, "IMMUTABLE");
}

/* 1: it is there, or nobody may know; 0: it is not; -1 */
static int
exists(const struct ecr *e, const char *repository, bool *immutable, struct err *err)
{
	cleanup_buf struct buf answer = {0};
	struct jval *o = about(e, NULL), *names = jval_new_array();
	char code[AWS_CODE_MAX];
	struct err why = {0};

	jval_add_str(names, repository);
	jval_set(o, "repositoryNames", names);
	if (call(e, "DescribeRepositories", o, &answer, code, &why) == 0) {
		*immutable = is_immutable(buf_view(&answer));
		return 1;
	}
	if (!strcmp(code, "RepositoryNotFoundException"))
		return 0;
	if (!strcmp(code, "AccessDeniedException")) {
		log_warn(e->session->cloud->log,
			"whether the repository '%s' exists is not known: %s", repository, why.msg);
		return 1;
	}
	if (err)
		*err = why;
	return -1;
}

static int
put_policy(const struct ecr *e, const char *repository, struct err *err)
{
	cleanup_buf struct buf answer = {0};
	struct jval *o = about(e, repository);
	char code[AWS_CODE_MAX];

	jval_set_str(o, "lifecyclePolicyText", POLICY);
	if (call(e, "PutLifecyclePolicy", o, &answer, code, err) == 0)
		return 0;
	return strcmp(code, "AccessDeniedException")
		       ? -1
		       : err_hint(err, "grant ecr:PutLifecyclePolicy");
}

static int
create(const struct ecr *e, const char *repository, struct err *err)
{
	cleanup_buf struct buf answer = {0};
	char code[AWS_CODE_MAX];
	struct err why = {0};

	if (call(e, "CreateRepository", about(e, repository), &answer, code, &why) == 0) {
		log_info(e->session->cloud->log, "created the repository '%s'", repository);
		/* ECR Public has no policies of this kind */
		return e->is_public ? 0 : put_policy(e, repository, err);
	}
	/* somebody else was faster: it is not ours to set a policy on */
	if (!strcmp(code, "RepositoryAlreadyExistsException"))
		return 0;
	if (!strcmp(code, "AccessDeniedException"))
		err_hint(&why, "grant %s:CreateRepository, or create '%s' in %s",
			e->is_public ? "ecr-public" : "ecr", repository, e->region);
	if (err)
		*err = why;
	return -1;
}

/* Pushing to somebody else's registry is usual, but it is also a usual mistake. */
static void
compare_accounts(const struct ecr *e)
{
	struct log *log = e->session->cloud->log;
	const char *account;
	struct err why = {0};

	if (aws_account(e->session, e->keys, &account, &why))
		log_warn(log, "which AWS account this is is not known: %s", why.msg);
	else if (*e->account && strcmp(account, e->account) != 0)
		log_warn(log, "account mismatch, logged in at '%s' got '%s' from repository url %s",
			account, e->account, e->url);
}

static bool
has_alias(const struct jval *registries, struct str alias)
{
	size_t i, k;

	for (i = 0; i < jval_len(registries); i++) {
		const struct jval *aliases = jval_get(jval_at(registries, i), "aliases");

		for (k = 0; k < jval_len(aliases); k++) {
			const char *name = jval_get_str(jval_at(aliases, k), "name");

			if (name && str_is(alias, name))
				return true;
		}
	}
	return false;
}

/*
 * New repositories of ECR Public always go to the registry of the keys' account,
 * whatever alias the address has. False, with a warning, when that is another one.
 */
static bool
is_own_alias(const struct ecr *e, struct str alias)
{
	cleanup_buf struct buf answer = {0};
	cleanup_jval struct jval *v = NULL;
	struct log *log = e->session->cloud->log;
	char code[AWS_CODE_MAX];
	struct err why = {0};

	if (call(e, "DescribeRegistries", jval_new_object(), &answer, code, &why)) {
		log_warn(log, "whose alias '" STR_FMT "' is is not known: %s", STR_ARG(alias),
			why.msg);
		return true;
	}
	v = jval_parse(buf_view(&answer), NULL);
	if (has_alias(jval_get(v, "registries"), alias))
		return true;
	log_warn(log, "no repository is made: '" STR_FMT "' is no alias of this account's registry",
		STR_ARG(alias));
	return false;
}

int
ecr_create(struct ecr *e, const char *repository, bool *immutable, struct err *err)
{
	struct str name = str_from(repository), alias = STR("");
	int found;

	*immutable = false;
	/* what stands first in public.ecr.aws/ALIAS/NAME is no part of the name */
	if (e->is_public && str_cut(&name, '/', &alias))
		repository = arena_str(e->session->cloud->arena, name);
	if (!e->is_public)
		compare_accounts(e);
	found = exists(e, repository, immutable, err);
	if (found == 0 && (!e->is_public || is_own_alias(e, alias)) && create(e, repository, err))
		found = -1;
	return found < 0 ? err_wrap(err, "repository '%s'", repository) : 0;
}
