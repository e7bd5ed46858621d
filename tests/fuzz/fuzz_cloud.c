/*
 * Answers of cloud services. The first byte is the way to log in, the rest are the answers in
 * order, each a status, a line and a body, with a byte 0xff between: there are credentials whose
 * parts are set, or an error that says something, fit for a terminal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "registry/aws_xml.h"
#include "registry/cloud.h"
#include "registry/credentials.h"
#include "registry/https.h"
#include "registry/moment.h"

#define KEYS "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"
#define EXTERNAL \
	"GOOGLE_CREDENTIALS={\"type\":\"external_account\",\"audience\":\"a\"," \
	"\"subject_token_type\":\"t\",\"token_url\":\"https://sts.googleapis.com/\"," \
	"\"service_account_impersonation_url\":\"https://iam.googleapis.com/\"," \
	"\"credential_source\":{\"url\":\"https://x/\",\"format\":{\"type\":\"json\"," \
	"\"subject_token_field_name\":\"value\"}}}"

/* A way to log in, or to make a repository. */
static const struct way {
	const char *kind, *url, *repository;
	const char *vars[5];
} ways[] = {
	{"ecr", "1.dkr.ecr.eu-west-1.amazonaws.com", NULL, {KEYS}},
	{"ecr", "public.ecr.aws", NULL, {KEYS}},
	{"ecr", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "x", {KEYS}},
	{"ecr", "r.example", NULL, {NULL}},
	{"ecr", "1.dkr.ecr.eu-west-1.amazonaws.com", NULL,
		{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"}},
	{"ecr", "1.dkr.ecr.eu-west-1.amazonaws.com", NULL,
		{"AWS_WEB_IDENTITY_TOKEN_FILE=/proc/self/comm", "AWS_ROLE_ARN=r"}},
	{"acr", "r.azurecr.io", NULL,
		{"AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s"}},
	{"acr", "r.azurecr.io", NULL, {NULL}},
	{"gcr", "gcr.io/p", NULL, {NULL}},
	{"gcr", "gcr.io/p", NULL, {EXTERNAL}},
};

static int
answer(struct https *h, struct arena *a, const struct https_request *req, struct https_answer *out,
	struct err *err)
{
	struct str *rest = h->arg, body, line;
	uint64_t status;

	(void)req;
	if (!str_next(rest, (char)0xff, &body))
		return err_set(err, ERR_NET, "nobody is there");
	*out = (struct https_answer){.status = 200};
	if (!str_cut(&body, '\n', &line))
		line = (struct str){0};
	if (str_take_u64(&line, 10, &status) && status >= 100 && status < 600)
		out->status = (int)status;
	kv_set(&out->fields, a, "date", arena_str(a, line));
	buf_init(&out->body, 1 << 20);
	buf_str(&out->body, body);
	return 0;
}

static int
no_pause(struct https *h, int ms, struct err *err)
{
	(void)h;
	(void)ms;
	(void)err;
	return 0;
}

static int64_t
standing_clock(void)
{
	return 1440938160;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	cleanup_credential struct credential cred = {0};
	cleanup_buf struct buf text = {0};
	struct str rest = str_n((const char *)data, size);
	const struct way *way;
	struct env env;
	struct https https = {answer, no_pause, &env, &rest};
	struct cloud cloud;
	struct cloud_registry r;
	struct err err = {0};
	const char *p;
	int64_t t;
	bool immutable = false;
	int rc;

	if (size == 0)
		return 0;
	moment_parse(rest, &t);
	moment_parse_http(rest, &t);
	aws_xml_text(rest, "a/*/b", &text);
	way = &ways[data[0] % ARRAY_LEN(ways)];
	rest = str_from_off(rest, 1);
	env.vars = way->vars;
	r = (struct cloud_registry){
		.kind = way->kind, .url = way->url, .repository = way->repository};
	cloud_init(&cloud, &a, &env, &https, NULL);
	cloud.clock = standing_clock;
	if (way->repository)
		rc = cloud_create(&cloud, &r, &immutable, &err);
	else
		rc = cloud_credential(&cloud, &r, &cred, &t, &err);
	if (rc ? err.kind == ERR_NONE || !*err.msg : err.kind != ERR_NONE)
		abort();
	for (p = err.msg; *p; p++)
		if (*p < ' ' || *p == 0x7f)
			abort();
	if (rc == 0 && !way->repository &&
		(cred.kind != CREDENTIAL_BASIC || !*cred.user || !secret_is_set(&cred.secret) ||
			!cred.source))
		abort();
	return 0;
}
