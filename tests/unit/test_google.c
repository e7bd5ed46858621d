/* Google Cloud: tokens from every kind of credential, against scripted services. */
#include "test.h"

#include "base/codec.h"
#include "base/jval.h"
#include "cloud_peer.h"
#include "net/conn.h"
#include "net/process.h"
#include "registry/credentials.h"
#include "registry/google.h"
#include "registry/jwt.h"

#define TOKEN_URL "POST https://oauth2.googleapis.com/token"
#define STS_URL "POST https://sts.googleapis.com/v1/token"
#define META \
	"GET http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/" \
	"token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"
#define IAM \
	"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" \
	"a@p.iam.gserviceaccount.com:generateAccessToken"
#define GOOD "{\"access_token\":\"ya29.x\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"
#define GOOD_IAM "{\"accessToken\":\"ya29.i\",\"expireTime\":\"2015-08-30T13:36:00Z\"}"
/* {"iss":"https://ci","sub":"repo:A/b","aud":"sts"} */
#define OIDC "e30.eyJpc3MiOiJodHRwczovL2NpIiwic3ViIjoicmVwbzpBL2IiLCJhdWQiOiJzdHMifQ.sig"

/* ---- a key, and another program that signs with it --------------------------------- */

static char key_path[] = "/tmp/buildtools-google-XXXXXX";
static char *key_pem;

static void
run_openssl(char **argv)
{
	struct err err = {0};
	struct conn *c = conn_process(argv, &err);
	char chunk[512];

	assert_ok(c ? 0 : -1, &err);
	while (conn_read(c, chunk, sizeof(chunk), -1, &err) > 0)
		;
	conn_close(c);
}

static int
make_key(void **state)
{
	char *argv[] = {(char[]){"openssl"}, (char[]){"genpkey"}, (char[]){"-quiet"},
		(char[]){"-algorithm"}, (char[]){"RSA"}, (char[]){"-pkeyopt"},
		(char[]){"rsa_keygen_bits:2048"}, (char[]){"-out"}, key_path, NULL};
	int fd = mkstemp(key_path);

	(void)state;
	assert_true(fd >= 0);
	fclose(fdopen(fd, "w"));
	run_openssl(argv);
	key_pem = test_read_file(key_path, NULL);
	assert_that(strstr(key_pem, "PRIVATE KEY"), "openssl makes no key: install openssl");
	return 0;
}

static int
drop_key(void **state)
{
	(void)state;
	remove(key_path);
	free(key_pem);
	return 0;
}

/* A service account's file with this key. */
static const char *
key_file(struct cloud_peer *p, const char *name, const char *token_uri)
{
	cleanup_jval struct jval *o = jval_new_object();
	cleanup_buf struct buf text = {0};

	jval_set_str(o, "type", "service_account");
	jval_set_str(o, "client_email", "ci@p.iam.gserviceaccount.com");
	jval_set_str(o, "private_key_id", "kid1");
	jval_set_str(o, "private_key", key_pem);
	if (token_uri)
		jval_set_str(o, "token_uri", token_uri);
	jval_write(&text, o, 2);
	return sandbox_put(&p->box, name, buf_cstr(&text));
}

static int
run(struct cloud_peer *p, struct credential *cred, int64_t *expires, struct err *err)
{
	struct cloud_registry r = {.kind = "gcr", .url = "europe-docker.pkg.dev/p/r"};

	return cloud_credential(&p->cloud, &r, cred, expires, err);
}

static void
check(struct cloud_peer *p, const char *token, int64_t expires, const char *source)
{
	cleanup_credential struct credential cred = {0};
	struct err err = {0};
	int64_t got;

	assert_ok(run(p, &cred, &got, &err), &err);
	assert_int_equal(cred.kind, CREDENTIAL_BASIC);
	assert_string_equal(cred.user, "oauth2accesstoken");
	assert_str(secret_reveal(&cred.secret), token);
	assert_int_equal(got, expires);
	assert_that(strstr(cred.source, source), "source '%s'", cred.source);
	cloud_peer_close(p);
}

static void
fails(struct cloud_peer *p, enum err_kind kind, const char *text, const char *hint)
{
	cleanup_credential struct credential cred = {0};
	struct err err = {0};
	int64_t got;

	assert_int_equal(run(p, &cred, &got, &err), -1);
	assert_err(&err, kind, text);
	assert_that(strstr(err.hint, hint), "hint '%s', want '%s'", err.hint, hint);
	assert_null(strstr(err.msg, "eyJpc3"));
	cloud_peer_close(p);
}

/* ---- service accounts ---------------------------------------------------------------- */

static void
check_assertion(struct cloud_peer *p, const char *jwt)
{
	cleanup_buf struct buf signature = {0}, claims = {0}, head = {0};
	const char *text = "input", *out = sandbox_put(&p->box, "signature", "");
	struct str rest = str_from(jwt), part;
	ptrdiff_t dot = str_rfind(rest, '.');
	char *argv[] = {(char[]){"openssl"}, (char[]){"dgst"}, (char[]){"-sha256"},
		(char[]){"-sign"}, key_path, (char[]){"-out"}, arena_cstr(&p->arena, out), NULL,
		NULL};
	size_t len;
	char *want;

	assert_true(dot > 0);
	text = sandbox_put(&p->box, "input", arena_str(&p->arena, str_first(rest, (size_t)dot)));
	argv[7] = arena_cstr(&p->arena, text);
	run_openssl(argv);
	want = test_read_file(out, &len);
	base64_encode(&signature, str_n(want, len), BASE64_URL | BASE64_NOPAD);
	free(want);
	assert_str(str_from_off(rest, (size_t)dot + 1), buf_cstr(&signature));
	assert_true(str_cut(&rest, '.', &part) && base64_decode(&head, part));
	assert_string_equal(
		buf_cstr(&head), "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"kid1\"}");
	assert_true(str_cut(&rest, '.', &part) && base64_decode(&claims, part));
	assert_string_equal(buf_cstr(&claims),
		"{\"iss\":\"ci@p.iam.gserviceaccount.com\",\"scope\":\"https://www.googleapis.com/"
		"auth/cloud-platform\",\"aud\":\"https://oauth2.googleapis.com/token\",\"iat\":"
		"1440938150,\"exp\":1440941750}");
}

static void
service_account(void **state)
{
	static const struct peer_answer answers[] = {{TOKEN_URL, 200, GOOD, NULL, NULL}, {0}};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, arena_fmt(&p.arena, "GOOGLE_APPLICATION_CREDENTIALS=%s",
				   key_file(&p, "key.json", NULL)));
	cloud_peer_script(&p, answers);
	{
		cleanup_credential struct credential cred = {0};
		struct err err = {0};
		int64_t got;

		assert_ok(run(&p, &cred, &got, &err), &err);
	}
	assert_string_equal(cloud_peer_form(&p, 0, "grant_type"),
		"urn:ietf:params:oauth:grant-type:jwt-bearer");
	check_assertion(&p, cloud_peer_form(&p, 0, "assertion"));
	cloud_peer_script(&p, answers);
	check(&p, "ya29.x", PEER_NOW + 3599, "key.json");
}

static void
service_account_refused(void **state)
{
	static const struct {
		const char *body, *date, *hint;
	} rows[] = {
		{"{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}",
			"Sun, 30 Aug 2015 12:36:02 GMT", "it was deleted, or its private_key"},
		{"{\"error\":\"invalid_grant\",\"error_description\":\"must be a short-lived token and "
		 "in a reasonable timeframe\"}",
			"Sun, 30 Aug 2015 14:36:00 GMT", "7200 s off Google's"},
	};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer_answer answers[] = {
			{TOKEN_URL, 400, rows[i].body, "date", rows[i].date}, {0}};

		cloud_peer_open(&p);
		cloud_peer_var(&p, arena_fmt(&p.arena, "GOOGLE_APPLICATION_CREDENTIALS=%s",
					   key_file(&p, "key.json", NULL)));
		cloud_peer_script(&p, answers);
		fails(&p, ERR_AUTH, "does not accept the service account key 'kid1': invalid_grant",
			rows[i].hint);
	}
}

static void
keys_that_are_none(void **state)
{
	static const struct {
		const char *pem, *text;
	} rows[] = {
		{"words", "is not one in PEM form"},
		{"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
			"is encrypted"},
		{"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no RSA key"},
		{"-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----\n", "not one in PEM"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_jval struct jval *empty = jval_new_object();
		cleanup_buf struct buf out = {0};
		struct err err = {0};

		assert_int_equal(
			jwt_sign_rs256(empty, empty, str_from(rows[i].pem), &out, &err), -1);
		assert_err(&err, ERR_CONFIG, rows[i].text);
		assert_int_equal(out.len, 0);
	}
}

static void
claims(void **state)
{
	cleanup_buf struct buf out = {0};

	(void)state;
	jwt_describe(STR(OIDC), &out);
	assert_string_equal(buf_cstr(&out), "iss 'https://ci', sub 'repo:A/b', aud 'sts'");
	buf_reset(&out);
	/* {"aud":["a","b"],"exp":7} */
	jwt_describe(STR("e30.eyJhdWQiOlsiYSIsImIiXSwiZXhwIjo3fQ.x"), &out);
	assert_string_equal(buf_cstr(&out), "aud 'a'");
	assert_int_equal(jwt_expires(STR("e30.eyJhdWQiOlsiYSIsImIiXSwiZXhwIjo3fQ.x")), 7);
	assert_int_equal(jwt_expires(STR("no token")), 0);
	buf_reset(&out);
	jwt_describe(STR("a.b"), &out);
	jwt_describe(STR("a.!.c"), &out);
	assert_int_equal(out.len, 0);
}

/* ---- other kinds ----------------------------------------------------------------------- */

static void
users_login(void **state)
{
	static const struct peer_answer good[] = {{TOKEN_URL, 200, GOOD, NULL, NULL}, {0}};
	static const struct peer_answer bad[] = {
		{TOKEN_URL, 400, "{\"error\":\"invalid_grant\"}", NULL, NULL}, {0}};
	static const char json[] = "{\"type\":\"authorized_user\",\"client_id\":\"c\","
				   "\"client_secret\":\"s&\",\"refresh_token\":\"r\"}";
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, arena_fmt(&p.arena, "CLOUDSDK_CONFIG=%s", p.box.root));
	sandbox_put(&p.box, "application_default_credentials.json", json);
	cloud_peer_script(&p, good);
	check(&p, "ya29.x", PEER_NOW + 3599, "application_default_credentials.json");
	cloud_peer_open(&p);
	cloud_peer_var(&p, arena_fmt(&p.arena, "GOOGLE_CREDENTIALS=%s", json));
	cloud_peer_script(&p, bad);
	fails(&p, ERR_AUTH, "GOOGLE_CREDENTIALS: Google does not accept the user's login",
		"gcloud auth");
}

static void
ready_tokens_and_metadata(void **state)
{
	static const struct peer_answer meta[] = {{META, 200, GOOD, NULL, NULL}, {0}};
	static const struct peer_answer bare[] = {{META, 404, "", NULL, NULL}, {0}};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, "CLOUDSDK_AUTH_ACCESS_TOKEN=ya29.ready");
	check(&p, "ya29.ready", 0, "CLOUDSDK_AUTH_ACCESS_TOKEN");

	cloud_peer_open(&p);
	cloud_peer_script(&p, meta);
	{
		cleanup_credential struct credential cred = {0};
		struct err err = {0};
		int64_t got;

		assert_ok(run(&p, &cred, &got, &err), &err);
		assert_string_equal(cloud_peer_field(&p, 0, "Metadata-Flavor"), "Google");
		assert_true(p.requests[0].direct);
	}
	cloud_peer_script(&p, meta);
	check(&p, "ya29.x", PEER_NOW + 3599, "metadata server");

	cloud_peer_open(&p);
	cloud_peer_script(&p, bare);
	fails(&p, ERR_AUTH, "no service account is attached", "");
	cloud_peer_open(&p);
	cloud_peer_var(&p, "NO_GCE_CHECK=true");
	fails(&p, ERR_AUTH, "GOOGLE_APPLICATION_CREDENTIALS is not set; no '/tmp", "");
}

static void
files_that_do_not_work(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{"words", "is no JSON object"},
		{"{}", "needs a 'type'"},
		{"{\"type\":\"gdch_service_account\"}", "'gdch_service_account' are not supported"},
		{"{\"type\":\"service_account\"}", "lacks client_email or private_key"},
		{"{\"type\":\"service_account\",\"token_uri\":\"https://evil.example/\"}",
			"'https://evil.example/', which is not at"},
		{"{\"type\":\"service_account\",\"token_uri\":\"http://x.googleapis.com/\"}",
			"which is not at"},
		{"{\"type\":\"service_account\",\"token_uri\":\"https://evilgoogleapis.com/\"}",
			"which is not at"},
		{"{\"type\":\"external_account\"}", "'audience' is missing"},
		{"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
		 "\"token_url\":\"https://sts.googleapis.com.evil.example/\"}",
			"which is not at"},
		{"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
		 "\"token_url\":\"https://sts.googleapis.com/v1/token\","
		 "\"service_account_impersonation_url\":\"https://evil.example/\"}",
			"which is not at"},
		{"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
		 "\"token_url\":\"https://sts.googleapis.com/v1/token\",\"credential_source\":{"
		 "\"executable\":{}}}",
			"runs a program"},
		{"{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
		 "\"token_url\":\"https://sts.googleapis.com/v1/token\"}",
			"neither a file nor a url"},
		{"{\"type\":\"impersonated_service_account\"}",
			"service_account_impersonation_url is missing"},
	};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cloud_peer_open(&p);
		cloud_peer_var(&p, arena_fmt(&p.arena, "GOOGLE_CREDENTIALS=%s", rows[i].json));
		fails(&p, ERR_CONFIG, rows[i].text, "");
	}
	cloud_peer_open(&p);
	cloud_peer_var(&p, "GOOGLE_APPLICATION_CREDENTIALS=/nowhere/key.json");
	fails(&p, ERR_SYS, "GOOGLE_APPLICATION_CREDENTIALS: ", "");
}

/* ---- federation ---------------------------------------------------------------------------- */

#define EXTERNAL(more, source) \
	"{\"type\":\"external_account\",\"audience\":\"//iam/p\"," \
	"\"subject_token_type\":\"urn:ietf:params:oauth:token-type:jwt\"," \
	"\"token_url\":\"https://sts.googleapis.com/v1/token\"," more \
	"\"credential_source\":" source "}"

static void
federation_from_a_url(void **state)
{
	static const struct peer_answer answers[] = {
		{"GET https://ci.example/oidc?audience=x", 200, "{\"value\":\"" OIDC "\"}", NULL,
			NULL},
		{STS_URL, 200, GOOD, NULL, NULL},
		{"POST " IAM, 200, GOOD_IAM, NULL, NULL},
		{0},
	};
	cleanup_credential struct credential cred = {0};
	struct cloud_peer p;
	struct err err = {0};
	int64_t expires;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p,
		"GOOGLE_CREDENTIALS=" EXTERNAL("\"service_account_impersonation_url\":\"" IAM "\",",
			"{\"url\":\"https://ci.example/oidc?audience=x\",\"headers\":{"
			"\"Authorization\":\"Bearer ci\"},\"format\":{\"type\":\"json\","
			"\"subject_token_field_name\":\"value\"}}"));
	cloud_peer_script(&p, answers);
	assert_ok(run(&p, &cred, &expires, &err), &err);
	assert_str(secret_reveal(&cred.secret), "ya29.i");
	assert_int_equal(expires, PEER_NOW + 3600);
	assert_string_equal(cloud_peer_field(&p, 0, "Authorization"), "Bearer ci");
	assert_string_equal(cloud_peer_form(&p, 1, "subject_token"), OIDC);
	assert_string_equal(cloud_peer_form(&p, 1, "audience"), "//iam/p");
	assert_string_equal(cloud_peer_form(&p, 1, "grant_type"),
		"urn:ietf:params:oauth:grant-type:token-exchange");
	assert_string_equal(cloud_peer_form(&p, 1, "requested_token_type"),
		"urn:ietf:params:oauth:token-type:access_token");
	assert_string_equal(cloud_peer_form(&p, 1, "subject_token_type"),
		"urn:ietf:params:oauth:token-type:jwt");
	assert_string_equal(cloud_peer_form(&p, 1, "scope"), GOOGLE_SCOPE);
	assert_string_equal(cloud_peer_field(&p, 2, "Authorization"), "Bearer ya29.x");
	assert_string_equal(p.requests[2].body,
		"{\"lifetime\":\"3600s\",\"scope\":[\"" GOOGLE_SCOPE "\"],\"delegates\":[]}");
	cloud_peer_close(&p);
}

static void
federation_from_a_file(void **state)
{
	static const struct peer_answer good[] = {{STS_URL, 200, GOOD, NULL, NULL}, {0}};
	static const struct peer_answer bad[] = {
		{STS_URL, 400,
			"{\"error\":\"unauthorized_client\",\"error_description\":\"rejected by the "
			"attribute condition\"}",
			NULL, NULL},
		{0}};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, arena_fmt(&p.arena,
				   "GOOGLE_CREDENTIALS=" EXTERNAL(
					   "\"client_id\":\"c\",\"client_secret\":\"s\",",
					   "{\"file\":\"%s\"}"),
				   sandbox_put(&p.box, "token", " " OIDC "\n")));
	cloud_peer_script(&p, good);
	check(&p, "ya29.x", PEER_NOW + 3599, "GOOGLE_CREDENTIALS");
	cloud_peer_open(&p);
	cloud_peer_var(
		&p, arena_fmt(&p.arena, "GOOGLE_CREDENTIALS=" EXTERNAL("", "{\"file\":\"%s\"}"),
			    sandbox_put(&p.box, "token", OIDC)));
	cloud_peer_script(&p, bad);
	fails(&p, ERR_AUTH, "rejected by the attribute condition",
		"fit the token: iss 'https://ci', sub 'repo:A/b', aud 'sts'");
}

static void
federation_with_aws(void **state)
{
	static const struct peer_answer answers[] = {{STS_URL, 200, GOOD, NULL, NULL}, {0}};
	cleanup_credential struct credential cred = {0};
	struct cloud_peer p;
	struct err err = {0};
	const char *subject;
	int64_t expires;
	cleanup_jval struct jval *doc = NULL;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE");
	cloud_peer_var(&p, "AWS_SECRET_ACCESS_KEY=s");
	cloud_peer_var(&p, "AWS_REGION=eu-west-1");
	cloud_peer_var(&p,
		"GOOGLE_CREDENTIALS=" EXTERNAL("",
			"{\"environment_id\":\"aws1\",\"regional_cred_verification_url\":\"https://"
			"sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15\"}"));
	cloud_peer_script(&p, answers);
	assert_ok(run(&p, &cred, &expires, &err), &err);
	subject = cloud_peer_form(&p, 0, "subject_token");
	{
		cleanup_buf struct buf plain = {0};

		percent_decode(&plain, str_from(subject), false);
		doc = jval_parse(buf_view(&plain), &err);
	}
	assert_string_equal(jval_get_str(doc, "url"),
		"https://sts.eu-west-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15");
	assert_string_equal(jval_get_str(doc, "method"), "POST");
	assert_string_equal(jval_get_str(jval_at(jval_get(doc, "headers"), 0), "value"),
		"sts.eu-west-1.amazonaws.com");
	assert_string_equal(jval_get_str(jval_at(jval_get(doc, "headers"), 1), "key"),
		"x-goog-cloud-target-resource");
	assert_non_null(strstr(jval_get_str(jval_at(jval_get(doc, "headers"), 3), "value"),
		"SignedHeaders=host;x-amz-date;x-goog-cloud-target-resource"));
	cloud_peer_close(&p);
}

static void
impersonation(void **state)
{
	static const struct peer_answer good[] = {
		{TOKEN_URL, 200, GOOD, NULL, NULL}, {"POST " IAM, 200, GOOD_IAM, NULL, NULL}, {0}};
	static const struct peer_answer bad[] = {{TOKEN_URL, 200, GOOD, NULL, NULL},
		{"POST " IAM, 403,
			"{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\",\"message\":\"no\"}}",
			NULL, NULL},
		{0}};
	static const char var[] = "GOOGLE_CREDENTIALS={\"type\":\"impersonated_service_account\","
				  "\"service_account_impersonation_url\":\"" IAM
				  "\",\"source_credentials\":{\"type\":"
				  "\"authorized_user\",\"client_id\":\"c\",\"client_secret\":\"s\","
				  "\"refresh_token\":\"r\"}}";
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, var);
	cloud_peer_script(&p, good);
	check(&p, "ya29.i", PEER_NOW + 3600, "GOOGLE_CREDENTIALS");
	cloud_peer_open(&p);
	cloud_peer_var(&p, var);
	cloud_peer_script(&p, bad);
	fails(&p, ERR_AUTH, "PERMISSION_DENIED: no", "workloadIdentityUser");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(service_account),
		cmocka_unit_test(service_account_refused),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(claims),
		cmocka_unit_test(users_login),
		cmocka_unit_test(ready_tokens_and_metadata),
		cmocka_unit_test(files_that_do_not_work),
		cmocka_unit_test(federation_from_a_url),
		cmocka_unit_test(federation_from_a_file),
		cmocka_unit_test(federation_with_aws),
		cmocka_unit_test(impersonation),
	};

	return cmocka_run_group_tests(tests, make_key, drop_key);
}
