/* Amazon ECR: login and repositories against a scripted API. */
#include "test.h"

#include "cloud_peer.h"
#include "registry/credentials.h"
#include "registry/ecr.h"

#define HOST "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
#define API "POST https://api.ecr.eu-west-1.amazonaws.com/"
#define STS "POST https://sts.eu-west-1.amazonaws.com/"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
/* AWS:pw:d */
#define TOKEN_JSON \
	"{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3OmQ=\",\"expiresAt\":" \
	"1.44098136E9,\"proxyEndpoint\":\"https://" HOST "\"}]}"
#define IDENTITY(account) \
	"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/x</Arn>" \
	"<Account>" account "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
#define FAULT(code) "{\"__type\":\"" code "\",\"message\":\"AWS says so\"}"
#define NOT_FOUND FAULT("com.amazonaws.ecr#RepositoryNotFoundException")

static void
open_peer(struct cloud_peer *p)
{
	cloud_peer_open(p);
	cloud_peer_var(p, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE");
	cloud_peer_var(p, "AWS_SECRET_ACCESS_KEY=" SECRET);
}

static int
login(struct cloud_peer *p, const char *url, const char *region, struct credential *cred,
	int64_t *expires, struct err *err)
{
	struct cloud_registry r = {.kind = "ecr", .url = url, .region = region};

	return cloud_credential(&p->cloud, &r, cred, expires, err);
}

static const char *
operation(const struct cloud_peer *p, size_t n)
{
	const char *target = cloud_peer_field(p, n, "X-Amz-Target");
	const char *dot = target ? strchr(target, '.') : NULL;

	return dot ? dot + 1 : "";
}

/* ---- login --------------------------------------------------------------------- */

/* The request is the one whose signature is published, to the last byte. */
static void
login_signed_as_published(void **state)
{
	static const struct peer_answer answers[] = {{API, 200, TOKEN_JSON, NULL, NULL}, {0}};
	cleanup_credential struct credential cred = {0};
	struct cloud_peer p;
	struct err err = {0};
	int64_t expires;

	(void)state;
	open_peer(&p);
	cloud_peer_var(&p, "AWS_SESSION_TOKEN=SESSIONTOKENEXAMPLE");
	cloud_peer_script(&p, answers);
	assert_ok(login(&p, HOST "/team", NULL, &cred, &expires, &err), &err);
	assert_int_equal(cred.kind, CREDENTIAL_BASIC);
	assert_string_equal(cred.user, "AWS");
	assert_str(secret_reveal(&cred.secret), "pw:d");
	assert_string_equal(cred.source, "AWS_ACCESS_KEY_ID");
	assert_int_equal(expires, 1440981360);
	assert_string_equal(p.requests[0].body, "{}");
	assert_string_equal(cloud_peer_field(&p, 0, "Authorization"),
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/ecr/aws4_request, "
		"SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
		"Signature=0eb880629af611596c3d54289e5e06b5bd97a26da6b7e0a297e832eecbb8e024");
	sandbox_not_logged(&p.box, SECRET);
	cloud_peer_close(&p);
}

static void
r_15_region_and_endpoint(void **state)
{
	static const struct {
		const char *name, *url, *region, *var, *request, *scope;
	} rows[] = {
		{"of the url", HOST, NULL, "AWS_REGION=us-east-1", API, "/eu-west-1/ecr/"},
		{"configured", HOST, "eu-west-1", "AWS_REGION=us-east-1", API, "/eu-west-1/ecr/"},
		{"FIPS", "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", NULL, "X=1",
			"POST https://ecr-fips.us-gov-west-1.amazonaws.com/",
			"/us-gov-west-1/ecr/"},
		{"dual stack", "123456789012.dkr-ecr.eu-west-1.on.aws/x", NULL, "X=1",
			"POST https://ecr.eu-west-1.api.aws/", "/eu-west-1/ecr/"},
		{"China", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", NULL, "X=1",
			"POST https://api.ecr.cn-north-1.amazonaws.com.cn/", "/cn-north-1/ecr/"},
		{"Europe", "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", NULL, "X=1",
			"POST https://api.ecr.eusc-de-east-1.amazonaws.eu/",
			"/eusc-de-east-1/ecr/"},
		{"given endpoint", HOST, NULL, "AWS_ENDPOINT_URL_ECR=http://127.0.0.1:4566/",
			"POST http://127.0.0.1:4566/", "/eu-west-1/ecr/"},
		{"public", "public.ecr.aws/alias", "eu-west-1", "X=1",
			"POST https://api.ecr-public.us-east-1.amazonaws.com/",
			"/us-east-1/ecr-public/"},
		{"of the environment", "mirror.example", NULL, "AWS_REGION=eu-west-1", API,
			"/eu-west-1/ecr/"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer_answer answers[] = {
			{rows[i].request, 200, TOKEN_JSON, NULL, NULL}, {0}};
		cleanup_credential struct credential cred = {0};
		struct cloud_peer p;
		struct err err = {0};
		int64_t expires;

		open_peer(&p);
		cloud_peer_var(&p, rows[i].var);
		cloud_peer_script(&p, answers);
		assert_row_ok(rows[i].name,
			login(&p, rows[i].url, rows[i].region, &cred, &expires, &err), &err);
		assert_that(strstr(cloud_peer_field(&p, 0, "Authorization"), rows[i].scope),
			"row '%s'", rows[i].name);
		cloud_peer_close(&p);
	}
}

static void
tokens(void **state)
{
	static const struct {
		const char *name, *json, *user; /* NULL: refused */
		int64_t expires;
	} rows[] = {
		{"list", TOKEN_JSON, "AWS", 1440981360},
		{"object, of ECR Public",
			"{\"authorizationData\":{\"authorizationToken\":\"QVdTOnB3OmQ=\",\"expiresAt\":"
			"1440981360.25}}",
			"AWS", 1440981360},
		{"no end", "{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3OmQ=\"}]}",
			"AWS", 0},
		{"absurd end",
			"{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3OmQ=\",\"expiresAt\":"
			"1e300}]}",
			"AWS", 0},
		{"empty list", "{\"authorizationData\":[]}", NULL, 0},
		{"no colon", "{\"authorizationData\":[{\"authorizationToken\":\"QVdT\"}]}", NULL,
			0},
		{"no base64", "{\"authorizationData\":[{\"authorizationToken\":\"!\"}]}", NULL, 0},
		{"no JSON", "<html>", NULL, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_credential struct credential cred = {0};
		struct err err = {0};
		int64_t expires;
		int rc = ecr_token_parse(str_from(rows[i].json), &cred, &expires, &err);

		if (!rows[i].user) {
			assert_row_err(rows[i].name, &err, ERR_PROTO, "ECR");
			continue;
		}
		assert_row_ok(rows[i].name, rc, &err);
		assert_row_str(rows[i].name, str_from(cred.user), rows[i].user);
		assert_row_int(rows[i].name, expires, rows[i].expires);
	}
}

static void
refused_logins(void **state)
{
	static const struct {
		const char *code, *text, *message, *hint;
		enum err_kind kind;
	} rows[] = {
		{"UnrecognizedClientException", "invalid",
			"does not know the access key 'AKIDEXAMPLE' "
			"(AWS_ACCESS_KEY_ID)",
			"without AWS_SESSION_TOKEN", ERR_AUTH},
		{"ExpiredTokenException", "old", "credentials of AWS_ACCESS_KEY_ID have expired",
			"new temporary credentials", ERR_AUTH},
		{"InvalidSignatureException", "does not match the signature you provided",
			"40 characters long, is wrong", "line break", ERR_AUTH},
		{"InvalidSignatureException", "Signature expired: a is now earlier than b",
			"expired", "clock of this machine says 2015-08-30T12:36:00Z", ERR_AUTH},
		{"AccessDeniedException", "User u may not perform ecr:GetAuthorizationToken",
			"User u may not perform", "grant", ERR_AUTH},
		{"ServerException", "oops", "ServerException: oops", "", ERR_REMOTE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer_answer answers[] = {{API, 400, NULL, NULL, NULL}, {0}};
		cleanup_credential struct credential cred = {0};
		struct cloud_peer p;
		struct err err = {0};
		int64_t expires;

		open_peer(&p);
		answers[0].body = arena_fmt(&p.arena, "{\"__type\":\"x#%s\",\"message\":\"%s\"}",
			rows[i].code, rows[i].text);
		cloud_peer_script(&p, answers);
		assert_int_equal(login(&p, HOST, NULL, &cred, &expires, &err), -1);
		assert_row_err(rows[i].code, &err, rows[i].kind, rows[i].message);
		assert_that(strstr(err.hint, rows[i].hint), "row %zu: hint '%s'", i, err.hint);
		assert_null(strstr(err.msg, SECRET));
		cloud_peer_close(&p);
	}
}

static void
clock_that_is_off_is_corrected(void **state)
{
	static const struct peer_answer answers[] = {
		{API, 403, FAULT("InvalidSignatureException"), "date",
			"Sun, 30 Aug 2015 13:36:00 GMT"},
		{API, 200, TOKEN_JSON, NULL, NULL},
		{0},
	};
	cleanup_credential struct credential cred = {0};
	struct cloud_peer p;
	struct err err = {0};
	int64_t expires;

	(void)state;
	open_peer(&p);
	cloud_peer_script(&p, answers);
	assert_ok(login(&p, HOST, NULL, &cred, &expires, &err), &err);
	assert_string_equal(cloud_peer_field(&p, 0, "X-Amz-Date"), "20150830T123600Z");
	assert_string_equal(cloud_peer_field(&p, 1, "X-Amz-Date"), "20150830T133600Z");
	sandbox_logged(&p.box, "warn: the clock of this machine is 3600 s off AWS time");
	cloud_peer_close(&p);
}

static void
other_answers(void **state)
{
	static const struct peer_answer html[] = {{API, 404, "<html>", NULL, NULL}, {0}};
	static const struct peer_answer down[] = {{API, 0, NULL, NULL, NULL},
		{API, 500, "", NULL, NULL}, {API, 0, NULL, NULL, NULL}, {0}};
	cleanup_credential struct credential cred = {0};
	struct cloud_peer p;
	struct err err = {0};
	int64_t expires;

	(void)state;
	open_peer(&p);
	cloud_peer_var(&p, "AWS_CA_BUNDLE=/x/ca.pem");
	cloud_peer_script(&p, html);
	assert_int_equal(login(&p, HOST, NULL, &cred, &expires, &err), -1);
	assert_err(&err, ERR_REMOTE, "answers 404");
	assert_string_equal(p.requests[0].ca, "/x/ca.pem");
	cloud_peer_script(&p, down);
	err = (struct err){0};
	assert_int_equal(login(&p, HOST, NULL, &cred, &expires, &err), -1);
	assert_err(&err, ERR_NET, "GetAuthorizationToken: nobody is there");
	assert_int_equal(p.pauses, 2);
	cloud_peer_close(&p);
}

static void
throttled_calls_are_made_again(void **state)
{
	static const struct peer_answer twice[] = {
		{API, 400, FAULT("ThrottlingException"), NULL, NULL},
		{API, 400, FAULT("ThrottlingException"), NULL, NULL},
		{API, 200, TOKEN_JSON, NULL, NULL}, {0}};
	static const struct peer_answer always[] = {{API, 400, FAULT("SlowDown"), NULL, NULL},
		{API, 400, FAULT("SlowDown"), NULL, NULL},
		{API, 400, FAULT("SlowDown"), NULL, NULL}, {0}};
	cleanup_credential struct credential cred = {0}, none = {0};
	struct cloud_peer p;
	struct err err = {0};
	int64_t expires;

	(void)state;
	open_peer(&p);
	cloud_peer_script(&p, twice);
	assert_ok(login(&p, HOST, NULL, &cred, &expires, &err), &err);
	assert_int_equal(p.pauses, 2);
	cloud_peer_script(&p, always);
	assert_int_equal(login(&p, HOST, NULL, &none, &expires, &err), -1);
	assert_err(&err, ERR_REMOTE, "SlowDown");
	cloud_peer_close(&p);
}

/* ---- repositories ------------------------------------------------------------------ */

#define PUBLIC "POST https://api.ecr-public.us-east-1.amazonaws.com/"
#define ALIASES "{\"registries\":[{\"aliases\":[{\"name\":\"x\"},{\"name\":\"alias\"}]}]}"

static int
create(struct cloud_peer *p, const char *repository, struct err *err)
{
	struct cloud_registry r = {.kind = "ecr", .url = HOST "/team", .repository = repository};
	bool immutable;

	return cloud_create(&p->cloud, &r, &immutable, err);
}

static void
r_13_missing_repository_is_created(void **state)
{
	static const struct peer_answer answers[] = {
		{STS, 200, IDENTITY("123456789012"), NULL, NULL},
		{API, 400, NOT_FOUND, NULL, NULL},
		{API, 200, "{\"repository\":{}}", NULL, NULL},
		{API, 200, "{}", NULL, NULL},
		{0},
	};
	struct cloud_peer p;
	struct err err = {0};

	(void)state;
	open_peer(&p);
	cloud_peer_script(&p, answers);
	assert_ok(create(&p, "team/app", &err), &err);
	assert_string_equal(cloud_peer_form(&p, 0, "Action"), "GetCallerIdentity");
	assert_string_equal(operation(&p, 1), "DescribeRepositories");
	assert_string_equal(p.requests[1].body,
		"{\"registryId\":\"123456789012\",\"repositoryNames\":[\"team/app\"]}");
	assert_string_equal(operation(&p, 2), "CreateRepository");
	assert_string_equal(p.requests[2].body,
		"{\"registryId\":\"123456789012\",\"repositoryName\":\"team/app\"}");
	assert_string_equal(operation(&p, 3), "PutLifecyclePolicy");
	assert_string_equal(p.requests[3].body,
		"{\"registryId\":\"123456789012\",\"repositoryName\":\"team/app\","
		"\"lifecyclePolicyText\":\"{\\\"rules\\\":[{\\\"rulePriority\\\":10,"
		"\\\"description\\\":\\\"Only keep 20 images\\\",\\\"selection\\\":{"
		"\\\"tagStatus\\\":\\\"untagged\\\",\\\"countType\\\":\\\"imageCountMoreThan\\\","
		"\\\"countNumber\\\":20},\\\"action\\\":{\\\"type\\\":\\\"expire\\\"}}]}\"}");
	sandbox_logged(&p.box, "info: created the repository 'team/app'");
	cloud_peer_close(&p);
}

static void
r_13_others_are_left_alone(void **state)
{
	static const struct peer_answer there[] = {{STS, 200, IDENTITY("123456789012"), NULL, NULL},
		{API, 200, "{}", NULL, NULL}, {0}};
	static const struct peer_answer raced[] = {{STS, 200, IDENTITY("123456789012"), NULL, NULL},
		{API, 400, NOT_FOUND, NULL, NULL},
		{API, 400, FAULT("RepositoryAlreadyExistsException"), NULL, NULL}, {0}};
	static const struct peer_answer denied[] = {
		{STS, 200, IDENTITY("123456789012"), NULL, NULL},
		{API, 400, FAULT("AccessDeniedException"), NULL, NULL}, {0}};
	static const struct peer_answer elsewhere[] = {
		{STS, 200, IDENTITY("999999999999"), NULL, NULL}, {API, 200, "{}", NULL, NULL},
		{0}};
	static const struct peer_answer nameless[] = {
		{STS, 403, FAULT("AccessDenied"), NULL, NULL}, {API, 200, "{}", NULL, NULL}, {0}};
	static const struct {
		const char *name, *warning;
		const struct peer_answer *answers;
	} rows[] = {
		{"it is there", NULL, there},
		{"somebody was faster", NULL, raced},
		{"may not look", "warn: whether the repository 'team/app' exists is not known",
			denied},
		{"another account",
			"warn: account mismatch, logged in at '999999999999' got '123456789012' from "
			"repository url " HOST "/team",
			elsewhere},
		{"no account", "warn: which AWS account this is is not known", nameless},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_peer p;
		struct err err = {0};

		open_peer(&p);
		cloud_peer_script(&p, rows[i].answers);
		assert_row_ok(rows[i].name, create(&p, "team/app", &err), &err);
		if (rows[i].warning)
			sandbox_logged(&p.box, rows[i].warning);
		else
			sandbox_not_logged(&p.box, "warn:");
		cloud_peer_close(&p);
	}
}

static void
r_14_failures(void **state)
{
	static const struct peer_answer denied[] = {
		{STS, 200, IDENTITY("123456789012"), NULL, NULL}, {API, 400, NOT_FOUND, NULL, NULL},
		{API, 400, FAULT("AccessDeniedException"), NULL, NULL}, {0}};
	static const struct peer_answer look[] = {{STS, 200, IDENTITY("123456789012"), NULL, NULL},
		{API, 400, FAULT("ValidationException"), NULL, NULL}, {0}};
	static const struct peer_answer policy[] = {
		{STS, 200, IDENTITY("123456789012"), NULL, NULL}, {API, 400, NOT_FOUND, NULL, NULL},
		{API, 200, "{}", NULL, NULL}, {API, 400, FAULT("ValidationException"), NULL, NULL},
		{0}};
	static const struct {
		const char *text, *hint;
		enum err_kind kind;
		const struct peer_answer *answers;
	} rows[] = {
		{"repository 'team/app': CreateRepository: AccessDeniedException: AWS says so",
			"grant", ERR_AUTH, denied},
		{"repository 'team/app': DescribeRepositories: ValidationException", "", ERR_REMOTE,
			look},
		{"repository 'team/app': PutLifecyclePolicy: ValidationException", "", ERR_REMOTE,
			policy},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_peer p;
		struct err err = {0};

		open_peer(&p);
		cloud_peer_script(&p, rows[i].answers);
		assert_int_equal(create(&p, "team/app", &err), -1);
		assert_err(&err, rows[i].kind, rows[i].text);
		assert_non_null(strstr(err.hint, rows[i].hint));
		cloud_peer_close(&p);
	}
}

static void
r_13_repositories_of_ecr_public(void **state)
{
	static const struct peer_answer there[] = {{PUBLIC, 200, "{}", NULL, NULL}, {0}};
	static const struct peer_answer missing[] = {{PUBLIC, 400, NOT_FOUND, NULL, NULL},
		{PUBLIC, 200, ALIASES, NULL, NULL}, {PUBLIC, 200, "{}", NULL, NULL}, {0}};
	static const struct peer_answer others[] = {{PUBLIC, 400, NOT_FOUND, NULL, NULL},
		{PUBLIC, 200, "{\"registries\":[{\"aliases\":[{\"name\":\"me\"}]}]}", NULL, NULL},
		{0}};
	static const struct peer_answer hidden[] = {{PUBLIC, 400, NOT_FOUND, NULL, NULL},
		{PUBLIC, 400, FAULT("AccessDeniedException"), NULL, NULL},
		{PUBLIC, 200, "{}", NULL, NULL}, {0}};
	static const struct peer_answer denied[] = {{PUBLIC, 400, NOT_FOUND, NULL, NULL},
		{PUBLIC, 200, ALIASES, NULL, NULL},
		{PUBLIC, 400, FAULT("AccessDeniedException"), NULL, NULL}, {0}};
	static const struct {
		const char *name, *last, *logged, *hint; /* hint: it fails */
		const struct peer_answer *answers;
	} rows[] = {
		{"it is there", "DescribeRepositories", NULL, NULL, there},
		{"it is made", "CreateRepository", "info: created the repository 'team/app'", NULL,
			missing},
		{"the alias of somebody else", "DescribeRegistries",
			"warn: no repository is made: 'alias' is no alias of this account's", NULL,
			others},
		{"whose alias it is may not be asked", "CreateRepository",
			"warn: whose alias 'alias' is is not known", NULL, hidden},
		{"it may not be made", "CreateRepository", NULL,
			"grant ecr-public:CreateRepository", denied},
	};
	struct cloud_registry r = {
		.kind = "ecr", .url = "public.ecr.aws/alias", .repository = "alias/team/app"};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_peer p;
		struct err err = {0};
		bool immutable;
		int rc;

		open_peer(&p);
		cloud_peer_script(&p, rows[i].answers);
		rc = cloud_create(&p.cloud, &r, &immutable, &err);
		assert_row_int(rows[i].name, rc, rows[i].hint ? -1 : 0);
		if (rows[i].hint)
			assert_that(strstr(err.hint, rows[i].hint) != NULL, "%s", err.hint);
		for (k = 0; k < p.n; k++)
			assert_that(strstr(cloud_peer_field(&p, k, "Authorization"),
					    "/us-east-1/ecr-public/aws4_request") != NULL,
				"row '%s': not signed for ECR Public", rows[i].name);
		assert_row_str(rows[i].name, str_from(operation(&p, p.n - 1)), rows[i].last);
		assert_string_equal(p.requests[0].body, "{\"repositoryNames\":[\"team/app\"]}");
		if (!strcmp(rows[i].last, "CreateRepository"))
			assert_string_equal(
				p.requests[p.n - 1].body, "{\"repositoryName\":\"team/app\"}");
		if (rows[i].logged)
			sandbox_logged(&p.box, rows[i].logged);
		cloud_peer_close(&p);
	}
}

static void
whether_tags_can_be_written_again(void **state)
{
	static const struct {
		const char *said;
		bool immutable;
	} rows[] = {
		{"{\"repositories\":[{\"imageTagMutability\":\"IMMUTABLE\"}]}", true},
		{"{\"repositories\":[{\"imageTagMutability\":\"MUTABLE\"}]}", false},
		{"{\"repositories\":[{\"imageTagMutability\":\"IMMUTABLE_WITH_EXCLUSION\"}]}",
			false},
		{"{\"repositories\":[]}", false},
		{"{}", false},
	};
	struct cloud_registry r = {.kind = "ecr", .url = HOST "/team", .repository = "team/app"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct peer_answer answers[] = {
			{STS, 200, IDENTITY("123456789012"), NULL, NULL},
			{API, 200, rows[i].said, NULL, NULL}, {0}};
		struct cloud_peer p;
		struct err err = {0};
		bool immutable;

		open_peer(&p);
		cloud_peer_script(&p, answers);
		assert_row_ok(rows[i].said, cloud_create(&p.cloud, &r, &immutable, &err), &err);
		assert_row_int(rows[i].said, immutable, rows[i].immutable);
		cloud_peer_close(&p);
	}
}

static void
other_kinds_create_nothing(void **state)
{
	struct cloud_registry rows[] = {
		{.kind = "acr", .url = "x.azurecr.io", .repository = "x"},
		{.kind = "gitlab", .url = "x", .repository = "x"},
	};
	struct cloud_peer p;
	struct err err = {0};
	bool immutable;
	size_t i;

	(void)state;
	open_peer(&p);
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_ok(cloud_create(&p.cloud, &rows[i], &immutable, &err), &err);
	cloud_peer_close(&p);
}

static void
hosts(void **state)
{
	static const struct {
		const char *url, *account, *region; /* region NULL: none of ECR */
		bool fips, dual, is_public;
	} rows[] = {
		{HOST, "123456789012", "eu-west-1", false, false, false},
		{HOST ":443/a/b", "123456789012", "eu-west-1", false, false, false},
		{"1.dkr.ecr-fips.us-east-1.amazonaws.com", "1", "us-east-1", true, false, false},
		{"1.dkr-ecr-fips.us-east-1.on.aws", "1", "us-east-1", true, true, false},
		{"PUBLIC.ecr.aws/x", "", "us-east-1", false, false, true},
		{"1.dkr.ecrx.us-east-1.amazonaws.com", "", NULL, false, false, false},
		{"1.dkr.ecr.us-east-1", "", NULL, false, false, false},
		{"ghcr.io/x.dkr.ecr.eu-west-1.amazonaws.com", "", NULL, false, false, false},
		{"", "", NULL, false, false, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct ecr_host h;
		bool good = ecr_host_parse(str_from(rows[i].url), &h);

		assert_row_int(rows[i].url, good, rows[i].region != NULL);
		if (!good)
			continue;
		assert_row_str(rows[i].url, h.account, rows[i].account);
		assert_row_str(rows[i].url, h.region, rows[i].region);
		assert_row_int(rows[i].url, h.fips, rows[i].fips);
		assert_row_int(rows[i].url, h.dual, rows[i].dual);
		assert_row_int(rows[i].url, h.is_public, rows[i].is_public);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(login_signed_as_published),
		cmocka_unit_test(r_15_region_and_endpoint),
		cmocka_unit_test(tokens),
		cmocka_unit_test(refused_logins),
		cmocka_unit_test(clock_that_is_off_is_corrected),
		cmocka_unit_test(other_answers),
		cmocka_unit_test(throttled_calls_are_made_again),
		cmocka_unit_test(r_13_missing_repository_is_created),
		cmocka_unit_test(r_13_others_are_left_alone),
		cmocka_unit_test(r_13_repositories_of_ecr_public),
		cmocka_unit_test(whether_tags_can_be_written_again),
		cmocka_unit_test(r_14_failures),
		cmocka_unit_test(other_kinds_create_nothing),
		cmocka_unit_test(hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
