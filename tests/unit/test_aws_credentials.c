/* Where AWS keys come from, each source against a scripted service; files; XML. */
#include "test.h"

#include "cloud_peer.h"
#include "registry/aws_api.h"
#include "registry/aws_credentials.h"
#include "registry/aws_metadata.h"
#include "registry/aws_process.h"
#include "registry/aws_xml.h"

#define STS_EU "POST https://sts.eu-west-1.amazonaws.com/"
#define META "http://169.254.169.254/latest/"
#define KEYS_JSON \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"s3cret\"," \
	"\"Token\":\"t0ken\",\"Expiration\":\"2015-08-30T18:00:00Z\"}"
#define ROLE_XML(action) \
	"<" action "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" action \
	"Result><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>" \
	"<SecretAccessKey>a&amp;b&#x2F;c</SecretAccessKey><SessionToken>tok&lt;en</SessionToken>" \
	"<Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></" action "Result></" action \
	"Response>"
/* {"iss":"https://ci","sub":"repo:A/b","aud":"sts"} */
#define TOKEN "e30.eyJpc3MiOiJodHRwczovL2NpIiwic3ViIjoicmVwbzpBL2IiLCJhdWQiOiJzdHMifQ.sig"

/* Runs the chain; the keys are the caller's to release. */
static int
run(struct cloud_peer *p, struct aws_keys *keys, struct err *err)
{
	cleanup_aws_session struct aws_session s = {0};

	*keys = (struct aws_keys){0};
	if (aws_session_open(&p->cloud, &s, err))
		return -1;
	return aws_credentials(&s, keys, err);
}

static void
check(struct cloud_peer *p, const char *id, const char *secret, const char *token,
	const char *source, int64_t expires)
{
	cleanup_aws_keys struct aws_keys k;
	struct err err = {0};

	assert_ok(run(p, &k, &err), &err);
	assert_string_equal(k.id, id);
	assert_str(secret_reveal(&k.secret), secret);
	assert_str(secret_reveal(&k.token), token);
	assert_string_equal(k.source, source);
	assert_int_equal(k.expires, expires);
}

static void
fails(struct cloud_peer *p, enum err_kind kind, const char *text, const char *hint)
{
	cleanup_aws_keys struct aws_keys k;
	struct err err = {0};

	assert_int_equal(run(p, &k, &err), -1);
	assert_err(&err, kind, text);
	assert_that(strstr(err.hint, hint), "hint: %s", err.hint);
	assert_null(strstr(err.msg, "s3cret"));
	assert_null(strstr(err.hint, "eyJpc3"));
	cloud_peer_close(p);
}

/* ---- environment --------------------------------------------------------------- */

static void
from_the_environment(void **state)
{
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_ACCESS_KEY_ID=AKIA1");
	cloud_peer_var(&p, "AWS_SECRET_ACCESS_KEY=s3cret");
	cloud_peer_var(&p, "AWS_SESSION_TOKEN=t");
	/* keys beat a profile */
	cloud_peer_var(&p, "AWS_PROFILE=none");
	check(&p, "AKIA1", "s3cret", "t", "AWS_ACCESS_KEY_ID", 0);
	cloud_peer_close(&p);

	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_SECRET_KEY=s3cret");
	fails(&p, ERR_AUTH, "AWS_ACCESS_KEY_ID is not set, but AWS_SECRET_KEY is", "");

	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_ACCESS_KEY_ID=AKIA1");
	fails(&p, ERR_AUTH, "AWS_SECRET_ACCESS_KEY is not set, but AWS_ACCESS_KEY_ID is", "");
}

static void
web_identity(void **state)
{
	static const struct peer_answer good[] = {
		{STS_EU, 503, "", NULL, NULL}, /* and once more */
		{STS_EU, 200, ROLE_XML("AssumeRoleWithWebIdentity"), NULL, NULL},
		{0},
	};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, arena_fmt(&p.arena, "AWS_WEB_IDENTITY_TOKEN_FILE=%s",
				   sandbox_put(&p.box, "token", TOKEN "\n")));
	cloud_peer_var(&p, "AWS_ROLE_ARN=arn:aws:iam::1:role/x");
	cloud_peer_var(&p, "AWS_REGION=eu-west-1");
	cloud_peer_script(&p, good);
	check(&p, "ASIAROLE", "a&b/c", "tok<en", "AWS_WEB_IDENTITY_TOKEN_FILE", PEER_NOW + 3600);
	assert_int_equal(p.pauses, 1);
	assert_string_equal(cloud_peer_form(&p, 1, "WebIdentityToken"), TOKEN);
	assert_string_equal(cloud_peer_form(&p, 1, "RoleArn"), "arn:aws:iam::1:role/x");
	assert_string_equal(cloud_peer_form(&p, 1, "Action"), "AssumeRoleWithWebIdentity");
	assert_string_equal(cloud_peer_form(&p, 1, "Version"), "2011-06-15");
	assert_int_equal(strncmp(cloud_peer_form(&p, 1, "RoleSessionName"), "buildtools-", 11), 0);
	assert_null(cloud_peer_field(&p, 1, "Authorization"));
	cloud_peer_close(&p);
}

static void
identity_token_of_the_ci(void **state)
{
	static const struct peer_answer good[] = {
		{"GET https://ci.example/token?x=1&audience=sts.amazonaws.com", 200,
			"{\"value\":\"" TOKEN "\"}", NULL, NULL},
		{STS_EU, 200, ROLE_XML("AssumeRoleWithWebIdentity"), NULL, NULL},
		{0},
	};
	static const struct peer_answer bad[] = {
		{"GET https://ci.example/token?x=1&audience=sts.amazonaws.com", 403, "", NULL,
			NULL},
		{0},
	};
	struct cloud_peer p;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		cloud_peer_open(&p);
		cloud_peer_var(&p, "ACTIONS_ID_TOKEN_REQUEST_URL=https://ci.example/token?x=1");
		cloud_peer_var(&p, "ACTIONS_ID_TOKEN_REQUEST_TOKEN=job");
		cloud_peer_var(&p, "AWS_ROLE_ARN=arn:aws:iam::1:role/x");
		cloud_peer_var(&p, "AWS_REGION=eu-west-1");
		cloud_peer_script(&p, i ? bad : good);
		if (i) {
			fails(&p, ERR_AUTH, "the CI gives no identity token: status 403", "");
			continue;
		}
		check(&p, "ASIAROLE", "a&b/c", "tok<en", "AWS_ROLE_ARN, by the CI's identity token",
			PEER_NOW + 3600);
		assert_string_equal(cloud_peer_field(&p, 0, "Authorization"), "Bearer job");
		assert_string_equal(cloud_peer_form(&p, 1, "WebIdentityToken"), TOKEN);
		cloud_peer_close(&p);
	}
}

static void
web_identity_refused(void **state)
{
	static const struct {
		const char *name, *code, *kind_hint;
	} rows[] = {
		{"trust policy", "AccessDenied",
			"trust policy must fit the token: iss 'https://ci', sub 'repo:A/b', aud 'sts'"},
		{"no provider", "InvalidIdentityToken", "needs an OIDC provider"},
	};
	struct peer_answer answers[2] = {{STS_EU, 403, NULL, NULL, NULL}, {0}};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cloud_peer_open(&p);
		cloud_peer_var(&p, arena_fmt(&p.arena, "AWS_WEB_IDENTITY_TOKEN_FILE=%s",
					   sandbox_put(&p.box, "token", TOKEN)));
		cloud_peer_var(&p, "AWS_ROLE_ARN=arn:aws:iam::1:role/x");
		cloud_peer_var(&p, "AWS_DEFAULT_REGION=eu-west-1");
		answers[0].body = arena_fmt(&p.arena,
			"<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>Not "
			"authorized</Message></Error></ErrorResponse>",
			rows[i].code);
		cloud_peer_script(&p, answers);
		fails(&p, ERR_AUTH, "Not authorized", rows[i].kind_hint);
	}
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere");
	fails(&p, ERR_CONFIG, "AWS_ROLE_ARN is not", "");
}

/* ---- profiles -------------------------------------------------------------------- */

static void
put_files(struct cloud_peer *p, const char *config, const char *credentials)
{
	sandbox_dir(&p->box, ".aws");
	if (config)
		sandbox_put(&p->box, ".aws/config", config);
	if (credentials)
		sandbox_put(&p->box, ".aws/credentials", credentials);
}

static void
profiles(void **state)
{
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	put_files(&p,
		"# comment\n[default]\nregion = eu-west-1\n[profile \"two words\"]\n"
		"aws_access_key_id = CONFIG\naws_secret_access_key = c\ns3 =\n  nested = [x\n"
		"[services x]\nignored = 1\n[sso-session y]\nz=1\n",
		"[default]\nAWS_Access_Key_Id = AKIAD\naws_secret_access_key=s3cret\n\n"
		"[two words]\naws_access_key_id=AKIAT\n");
	check(&p, "AKIAD", "s3cret", "", "profile 'default'", 0);
	/* key by key, the credentials file wins */
	cloud_peer_var(&p, "AWS_PROFILE=two words");
	check(&p, "AKIAT", "c", "", "profile 'two words'", 0);
	cloud_peer_close(&p);
}

static void
roles_of_profiles(void **state)
{
	static const struct peer_answer two[] = {
		{STS_EU, 200, ROLE_XML("AssumeRole"), NULL, NULL},
		{STS_EU, 200, ROLE_XML("AssumeRole"), NULL, NULL},
		{0},
	};
	struct cloud_peer p;
	const char *auth;

	(void)state;
	cloud_peer_open(&p);
	put_files(&p,
		"[profile ci]\nregion=eu-west-1\nrole_arn=arn:1\nsource_profile=mid\n"
		"external_id = e x\nduration_seconds=900\nrole_session_name=me\n"
		"[profile mid]\nrole_arn=arn:2\nsource_profile=mid\n",
		"[mid]\naws_access_key_id=AKIAM\naws_secret_access_key=s3cret\n");
	cloud_peer_var(&p, "AWS_PROFILE=ci");
	cloud_peer_script(&p, two);
	check(&p, "ASIAROLE", "a&b/c", "tok<en", "profile 'ci'", PEER_NOW + 3600);
	/* the role in between first, with the keys of the same profile */
	assert_string_equal(cloud_peer_form(&p, 0, "RoleArn"), "arn:2");
	auth = cloud_peer_field(&p, 0, "Authorization");
	assert_non_null(strstr(auth, "Credential=AKIAM/20150830/eu-west-1/sts/aws4_request"));
	assert_string_equal(cloud_peer_form(&p, 1, "RoleArn"), "arn:1");
	assert_string_equal(cloud_peer_form(&p, 1, "ExternalId"), "e x");
	assert_string_equal(cloud_peer_form(&p, 1, "DurationSeconds"), "900");
	assert_string_equal(cloud_peer_form(&p, 1, "RoleSessionName"), "me");
	assert_string_equal(cloud_peer_field(&p, 1, "X-Amz-Security-Token"), "tok<en");
	cloud_peer_close(&p);
}

static void
profiles_that_do_not_work(void **state)
{
	static const struct {
		const char *config, *text;
		enum err_kind kind;
	} rows[] = {
		{"[profile x]\nrole_arn=a\nsource_profile=y\n[profile y]\nrole_arn=b\n"
		 "source_profile=x\n",
			"round in circles", ERR_CONFIG},
		{"[profile x]\nrole_arn=a\nsource_profile=z\n", "no profile 'z'", ERR_CONFIG},
		{"[profile x]\nrole_arn=a\nsource_profile=y\ncredential_source=Environment\n",
			"both source_profile and credential_source", ERR_CONFIG},
		{"[profile x]\nrole_arn=a\n", "but no source_profile", ERR_CONFIG},
		{"[profile x]\nrole_arn=a\ncredential_source=Moon\n", "'Moon' is none of",
			ERR_CONFIG},
		{"[profile x]\nrole_arn=a\ncredential_source=EcsContainer\n", "no container",
			ERR_AUTH},
		{"[profile x]\nrole_arn=a\nsource_profile=x\nmfa_serial=1\n", "mfa_serial",
			ERR_CONFIG},
		{"[profile x]\nsso_session=s\n", "logs in by 'sso_session'", ERR_CONFIG},
		{"[profile x]\nregion=eu\n", "has no credentials", ERR_AUTH},
		{"[default]\n", "no profile 'x' in", ERR_CONFIG},
		{"[profile x\n", "line 1: no ']'", ERR_CONFIG},
		{"\n[profile x]\nwords\n", "line 3: no 'KEY = VALUE'", ERR_CONFIG},
		{"[profile x]\ncredential_process=/nowhere/x\n",
			"credential_process of profile 'x'", ERR_NET},
		{"[profile x]\ncredential_process=echo '{}'\n", "another 'Version' than 1",
			ERR_AUTH},
		{"[profile x]\ncredential_process=echo 'open\n", "is no command", ERR_CONFIG},
		{"[profile x]\ncredential_process=sh -c 'echo broken >&2; exit 3'\n", "broken",
			ERR_AUTH},
	};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_aws_keys struct aws_keys k;
		struct err err = {0};

		cloud_peer_open(&p);
		put_files(&p, rows[i].config, NULL);
		cloud_peer_var(&p, "AWS_PROFILE=x");
		assert_row_int(rows[i].config, run(&p, &k, &err), -1);
		assert_row_err(rows[i].config, &err, rows[i].kind, rows[i].text);
		cloud_peer_close(&p);
	}
}

static void
credential_process(void **state)
{
	cleanup_arena struct arena a = {0};
	struct strlist words = {0};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	put_files(&p,
		"[default]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"AKIAP\", "
		"\"SecretAccessKey\": \"s3cret\", \"SessionToken\": \"t\", \"Expiration\": "
		"\"2015-08-30T12:36:01Z\"}'\n",
		NULL);
	check(&p, "AKIAP", "s3cret", "t", "credential_process of profile 'default'", PEER_NOW + 1);
	cloud_peer_close(&p);

	assert_true(aws_process_split(&a, STR(" a 'b c' \"d \\\" e\"f\\ g '' "), &words));
	assert_int_equal(words.n, 4);
	assert_string_equal(words.items[1], "b c");
	assert_string_equal(words.items[2], "d \" ef g");
	assert_string_equal(words.items[3], "");
}

/* ---- services of the machine ------------------------------------------------------- */

static void
container(void **state)
{
	static const struct peer_answer relative[] = {
		{"GET http://169.254.170.2/v2/x", 0, NULL, NULL, NULL},
		{"GET http://169.254.170.2/v2/x", 200, KEYS_JSON, NULL, NULL},
		{0},
	};
	static const struct peer_answer full[] = {
		{"GET http://169.254.170.23/v1/credentials", 200, KEYS_JSON, NULL, NULL},
		{0},
	};
	static const char *const forbidden[] = {"http://evil.example/",
		"http://127.0.0.1.evil.example/", "ftp://localhost/", "http://169.254.169.254/"};
	struct cloud_peer p;
	size_t i;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x");
	cloud_peer_script(&p, relative);
	check(&p, "ASIAX", "s3cret", "t0ken", "the container's credential endpoint", 1440957600);
	assert_true(p.requests[1].direct);
	assert_null(cloud_peer_field(&p, 1, "Authorization"));
	cloud_peer_close(&p);

	cloud_peer_open(&p);
	cloud_peer_var(
		&p, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials");
	cloud_peer_var(&p, arena_fmt(&p.arena, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s",
				   sandbox_put(&p.box, "t", "auth\n")));
	cloud_peer_var(&p, "AWS_CONTAINER_AUTHORIZATION_TOKEN=other");
	cloud_peer_script(&p, full);
	check(&p, "ASIAX", "s3cret", "t0ken", "the container's credential endpoint", 1440957600);
	assert_string_equal(cloud_peer_field(&p, 0, "Authorization"), "auth");
	cloud_peer_close(&p);

	for (i = 0; i < ARRAY_LEN(forbidden); i++) {
		cloud_peer_open(&p);
		cloud_peer_var(&p,
			arena_fmt(&p.arena, "AWS_CONTAINER_CREDENTIALS_FULL_URI=%s", forbidden[i]));
		fails(&p, ERR_CONFIG, "by https:// only", "");
	}
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_CONTAINER_CREDENTIALS_FULL_URI=https://any.example/");
	cloud_peer_var(&p, "AWS_CONTAINER_AUTHORIZATION_TOKEN=a\r\nb");
	fails(&p, ERR_CONFIG, "has a line break", "");
}

static void
instance(void **state)
{
	static const struct peer_answer two[] = {
		{"PUT " META "api/token", 200, "TTT\n", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/", 200, "role-x\n", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/role-x", 200, KEYS_JSON, NULL,
			NULL},
		{0},
	};
	static const struct peer_answer one[] = {
		{"PUT " META "api/token", 404, "", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/", 200, "r", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/r", 200, KEYS_JSON, NULL, NULL},
		{0},
	};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_script(&p, two);
	check(&p, "ASIAX", "s3cret", "t0ken", "the instance's role 'role-x'", 1440957600);
	assert_string_equal(
		cloud_peer_field(&p, 0, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
	assert_string_equal(cloud_peer_field(&p, 2, "x-aws-ec2-metadata-token"), "TTT");
	assert_true(p.requests[0].direct && p.requests[1].direct && p.requests[2].direct);
	cloud_peer_script(&p, one);
	check(&p, "ASIAX", "s3cret", "t0ken", "the instance's role 'r'", 1440957600);
	assert_null(cloud_peer_field(&p, 2, "x-aws-ec2-metadata-token"));
	cloud_peer_close(&p);
}

static void
instance_without_keys(void **state)
{
	static const struct peer_answer silent[] = {
		{"PUT " META "api/token", 0, NULL, NULL, NULL}, {0}};
	static const struct peer_answer roleless[] = {
		{"PUT " META "api/token", 200, "T", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/", 404, "", NULL, NULL}, {0}};
	static const struct peer_answer broken[] = {{"PUT " META "api/token", 200, "T", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/", 200, "r", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/r", 200,
			"{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"no\"}", NULL,
			NULL},
		{0}};
	static const struct peer_answer nonsense[] = {
		{"PUT " META "api/token", 200, "T", NULL, NULL},
		{"GET " META "meta-data/iam/security-credentials/", 200, "../x", NULL, NULL}, {0}};
	static const struct {
		const char *var, *text;
		const struct peer_answer *answers;
	} rows[] = {

		{"X=1", "nobody is there", silent},
		{"X=1", "no role is attached", roleless},
		{"X=1", "AssumeRoleUnauthorizedAccess", broken},
		{"X=1", "a role that is none", nonsense},
		{"AWS_EC2_METADATA_DISABLED=true", "off by AWS_EC2_METADATA_DISABLED", NULL},
	};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cloud_peer_open(&p);
		cloud_peer_var(&p, rows[i].var);
		cloud_peer_script(&p, rows[i].answers);
		fails(&p, ERR_AUTH, rows[i].text, "");
	}
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_EC2_METADATA_DISABLED=true");
	fails(&p, ERR_AUTH,
		"AWS_ACCESS_KEY_ID is not set; AWS_WEB_IDENTITY_TOKEN_FILE is not set; no ~/.aws/config",
		"");
}

/* ---- region -------------------------------------------------------------------------- */

static void
regions(void **state)
{
	static const struct peer_answer asked[] = {{"PUT " META "api/token", 200, "T", NULL, NULL},
		{"GET " META "meta-data/placement/region", 200, "ap-south-1\n", NULL, NULL}, {0}};
	static const struct {
		const char *var, *want;
		bool good;
	} rows[] = {
		{"AWS_REGION=eu-north-1", "eu-north-1", true},
		{"AWS_DEFAULT_REGION=eu-west-3", "eu-west-3", true},
		{"AWS_PROFILE=p", "sa-east-1", true},
		{"AWS_EC2_METADATA_DISABLED=true", "no AWS region", false},
		{"AWS_REGION=x.evil.example/", "is no AWS region", false},
	};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_aws_session struct aws_session s = {0};
		const char *region;
		struct err err = {0};
		int rc;

		cloud_peer_open(&p);
		put_files(&p, "[profile p]\nregion=sa-east-1\n", NULL);
		cloud_peer_var(&p, rows[i].var);
		assert_ok(aws_session_open(&p.cloud, &s, &err), &err);
		rc = aws_region(&s, &region, &err);
		if (rows[i].good)
			assert_row_str(rows[i].var, str_from(rc ? err.msg : region), rows[i].want);
		else
			assert_row_err(rows[i].var, &err, ERR_CONFIG, rows[i].want);
		cloud_peer_close(&p);
	}
	{
		cleanup_aws_session struct aws_session s = {0};
		const char *region;
		struct err err = {0};

		cloud_peer_open(&p);
		cloud_peer_script(&p, asked);
		assert_ok(aws_session_open(&p.cloud, &s, &err), &err);
		assert_ok(aws_region(&s, &region, &err), &err);
		assert_string_equal(region, "ap-south-1");
		cloud_peer_close(&p);
	}
	assert_string_equal(aws_domain("cn-north-1"), "amazonaws.com.cn");
	assert_string_equal(aws_domain("eusc-de-east-1"), "amazonaws.eu");
	assert_string_equal(aws_domain("us-isob-east-1"), "sc2s.sgov.gov");
	assert_null(aws_dual_domain("us-iso-east-1"));
}

/* ---- XML and errors ------------------------------------------------------------------- */

static void
xml(void **state)
{
	static const struct {
		const char *doc, *path, *want; /* NULL: not there */
	} rows[] = {
		{"<a><b>x</b></a>", "a/b", "x"},
		{"<?xml version='1.0'?><!-- <b> --><a y='>'><c/><b z=\"1\"> x </b></a>", "a/b",
			" x "},
		{"<a><c><b>no</b></c><b>x<i>y</i>z</b></a>", "a/b", "xz"},
		{"<a><b>&lt;&gt;&amp;&quot;&apos;&#65;&#x20ac;&#128512;</b></a>", "*/b",
			"<>&\"'A\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"<a><b><![CDATA[<&>]]></b></a>", "a/b", "<&>"},
		{"<a><b/></a>", "a/b", ""},
		{"<b>x</b>", "a/b", NULL},
		{"<a><b>x", "a/b", NULL},
		{"<a><b>&nbsp;</b></a>", "a/b", NULL},
		{"<a><b>&#0;</b></a>", "a/b", NULL},
		{"<a><b>&#xd800;</b></a>", "a/b", NULL},
		{"<!DOCTYPE a [<!ENTITY x 'y'>]><a><b>&x;</b></a>", "a/b", NULL},
		{"</a>", "a", NULL},
		{"", "a", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};
		size_t len = strlen(rows[i].doc);
		char *copy = test_guard_alloc(rows[i].doc, len);
		bool found = aws_xml_text(str_n(copy, len), rows[i].path, &out);

		test_guard_free(copy, len);
		assert_row_int(rows[i].doc, found, rows[i].want != NULL);
		assert_row_str(rows[i].doc, buf_view(&out), rows[i].want);
	}
}

static void
faults(void **state)
{
	static const struct {
		const char *body, *field, *code, *message;
	} rows[] = {
		{"{\"__type\":\"com.amazon#RepositoryNotFoundException\",\"message\":\"m\"}", NULL,
			"RepositoryNotFoundException", "m"},
		{"{\"Message\":\"m\"}", "ThrottlingException:http://x/", "ThrottlingException",
			"m"},
		{"<ErrorResponse><Error><Code>X</Code><Message>a&amp;b</Message></Error></ErrorResponse>",
			NULL, "X", "a&b"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf message = {0};
		char code[AWS_CODE_MAX];

		assert_true(aws_fault(str_from(rows[i].body), rows[i].field, code, &message));
		assert_row_str(rows[i].body, str_from(code), rows[i].code);
		assert_row_str(rows[i].body, buf_view(&message), rows[i].message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_environment),
		cmocka_unit_test(web_identity),
		cmocka_unit_test(identity_token_of_the_ci),
		cmocka_unit_test(web_identity_refused),
		cmocka_unit_test(profiles),
		cmocka_unit_test(roles_of_profiles),
		cmocka_unit_test(profiles_that_do_not_work),
		cmocka_unit_test(credential_process),
		cmocka_unit_test(container),
		cmocka_unit_test(instance),
		cmocka_unit_test(instance_without_keys),
		cmocka_unit_test(regions),
		cmocka_unit_test(xml),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
