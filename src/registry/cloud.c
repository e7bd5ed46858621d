#include "registry/cloud.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "registry/aws_credentials.h"
#include "registry/azure.h"
#include "registry/credentials.h"
#include "registry/ecr.h"
#include "registry/google.h"
#include "registry/oauth.h"

static int64_t
wall_clock(void)
{
	return clock_wall_ns() / 1000000000;
}

void
cloud_init(struct cloud *c, struct arena *a, const struct env *env, struct https *https,
	struct log *log)
{
	*c = (struct cloud){
		.arena = a, .env = env, .https = https, .log = log, .clock = wall_clock};
}

int64_t
cloud_now(const struct cloud *c)
{
	return c->clock() + c->skew;
}

static int
ecr_credential(struct cloud *c, const struct cloud_registry *r, struct credential *out,
	int64_t *expires, struct err *err)
{
	cleanup_aws_session struct aws_session session = {0};
	cleanup_aws_keys struct aws_keys keys = {0};
	struct ecr e;

	if (aws_session_open(c, &session, err) || ecr_open(&e, &session, r->url, r->region, err) ||
		aws_credentials(&session, &keys, err))
		return -1;
	e.keys = &keys;
	if (ecr_login(&e, out, expires, err))
		return -1;
	out->source = xstrdup(keys.source);
	return 0;
}

static int
google_credential(struct cloud *c, struct credential *out, int64_t *expires, struct err *err)
{
	cleanup_oauth_token struct oauth_token token = {0};

	if (google_token(c, &token, err))
		return -1;
	out->kind = CREDENTIAL_BASIC;
	out->user = xstrdup(GOOGLE_TOKEN_USER);
	secret_copy(&out->secret, &token.value);
	out->source = xstrdup(token.source);
	*expires = token.expires;
	return 0;
}

bool
cloud_knows(const char *kind)
{
	return !strcmp(kind, "ecr") || !strcmp(kind, "acr") || !strcmp(kind, "gcr");
}

int
cloud_credential(struct cloud *c, const struct cloud_registry *r, struct credential *out,
	int64_t *expires, struct err *err)
{
	*out = (struct credential){.kind = CREDENTIAL_NONE};
	*expires = 0;
	if (!strcmp(r->kind, "ecr"))
		return ecr_credential(c, r, out, expires, err);
	if (!strcmp(r->kind, "acr"))
		return azure_login(c, r->url, r->tenant, out, expires, err);
	if (!strcmp(r->kind, "gcr"))
		return google_credential(c, out, expires, err);
	return err_set(
		err, ERR_CONFIG, "registries of the kind '%s' have no login of a cloud", r->kind);
}

int
cloud_create(struct cloud *c, const struct cloud_registry *r, bool *immutable, struct err *err)
{
	cleanup_aws_session struct aws_session session = {0};
	cleanup_aws_keys struct aws_keys keys = {0};
	struct ecr e;

	*immutable = false;
	if (strcmp(r->kind, "ecr") != 0)
		return 0;
	if (aws_session_open(c, &session, err) || ecr_open(&e, &session, r->url, r->region, err) ||
		aws_credentials(&session, &keys, err))
		return -1;
	e.keys = &keys;
	return ecr_create(&e, r->repository, immutable, err);
}
