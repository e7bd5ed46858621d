/* Azure Container Registry: the ways to a token, and its exchange, against scripted services. */
#include "test.h"

#include "cloud_peer.h"
#include "registry/azure.h"
#include "registry/credentials.h"

#define LOGIN "POST https://login.microsoftonline.com/t-1/oauth2/v2.0/token"
#define EXCHANGE "POST https://reg.azurecr.io/oauth2/exchange"
#define IMDS \
	"GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&" \
	"resource=https%3A%2F%2Fcontainerregistry.azure.net"
#define TOKEN "{\"access_token\":\"aad1\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"
/* {"exp":1440949000} */
#define REFRESH "e30.eyJleHAiOjE0NDA5NDkwMDB9.sig"
#define GOOD "{\"refresh_token\":\"" REFRESH "\"}"
#define OIDC "e30.eyJpc3MiOiJodHRwczovL2NpIiwic3ViIjoicmVwbzpBL2IiLCJhdWQiOiJzdHMifQ.sig"

static void
open_with_secret(struct cloud_peer *p)
{
	cloud_peer_open(p);
	cloud_peer_var(p, "AZURE_TENANT_ID=t-1");
	cloud_peer_var(p, "AZURE_CLIENT_ID=c-1");
	cloud_peer_var(p, "AZURE_CLIENT_SECRET=s3&cret");
}

static int
login(struct cloud_peer *p, const char *url, struct credential *cred, int64_t *expires,
	struct err *err)
{
	struct cloud_registry r = {.kind = "acr", .url = url, .tenant = NULL};

	return cloud_credential(&p->cloud, &r, cred, expires, err);
}

static void
works(struct cloud_peer *p, const char *source)
{
	cleanup_credential struct credential cred = {0};
	struct err err = {0};
	int64_t expires;

	assert_ok(login(p, "reg.azurecr.io/team", &cred, &expires, &err), &err);
	assert_int_equal(cred.kind, CREDENTIAL_BASIC);
	assert_string_equal(cred.user, "00000000-0000-0000-0000-000000000000");
	assert_str(secret_reveal(&cred.secret), REFRESH);
	assert_string_equal(cred.source, source);
	assert_int_equal(expires, 1440949000);
}

static void
fails(struct cloud_peer *p, enum err_kind kind, const char *text, const char *hint)
{
	cleanup_credential struct credential cred = {0};
	struct err err = {0};
	int64_t expires;

	assert_int_equal(login(p, "reg.azurecr.io/team", &cred, &expires, &err), -1);
	assert_err(&err, kind, text);
	assert_that(strstr(err.hint, hint), "hint '%s', want '%s'", err.hint, hint);
	assert_null(strstr(err.msg, "s3&cret"));
	assert_null(strstr(err.msg, "eyJpc3"));
	cloud_peer_close(p);
}

static void
r_06_client_secret_and_exchange(void **state)
{
	static const struct peer_answer answers[] = {
		{LOGIN, 200, TOKEN, NULL, NULL}, {EXCHANGE, 200, GOOD, NULL, NULL}, {0}};
	struct cloud_peer p;

	(void)state;
	open_with_secret(&p);
	cloud_peer_script(&p, answers);
	works(&p, "AZURE_CLIENT_SECRET");
	assert_string_equal(cloud_peer_form(&p, 0, "grant_type"), "client_credentials");
	assert_string_equal(cloud_peer_form(&p, 0, "client_id"), "c-1");
	assert_string_equal(cloud_peer_form(&p, 0, "client_secret"), "s3&cret");
	assert_string_equal(
		cloud_peer_form(&p, 0, "scope"), "https://containerregistry.azure.net/.default");
	assert_string_equal(cloud_peer_form(&p, 1, "grant_type"), "access_token");
	assert_string_equal(cloud_peer_form(&p, 1, "service"), "reg.azurecr.io");
	assert_string_equal(cloud_peer_form(&p, 1, "tenant"), "t-1");
	assert_string_equal(cloud_peer_form(&p, 1, "access_token"), "aad1");
	sandbox_not_logged(&p.box, "s3&cret");
	sandbox_not_logged(&p.box, "aad1");
	cloud_peer_close(&p);
}

static void
management_token_where_the_other_is_refused(void **state)
{
	static const struct peer_answer answers[] = {
		{LOGIN, 400,
			"{\"error\":\"invalid_resource\",\"error_description\":\"AADSTS500011: no\"}",
			NULL, NULL},
		{LOGIN, 200, TOKEN, NULL, NULL},
		{EXCHANGE, 200, GOOD, NULL, NULL},
		{0},
	};
	struct cloud_peer p;

	(void)state;
	open_with_secret(&p);
	cloud_peer_script(&p, answers);
	works(&p, "AZURE_CLIENT_SECRET");
	assert_string_equal(
		cloud_peer_form(&p, 1, "scope"), "https://management.azure.com/.default");
	cloud_peer_close(&p);
}

static void
federated_token(void **state)
{
	static const struct peer_answer good[] = {
		{"POST https://login.example.cn/t-1/oauth2/v2.0/token", 200, TOKEN, NULL, NULL},
		{EXCHANGE, 200, GOOD, NULL, NULL}, {0}};
	static const struct peer_answer bad[] = {
		{LOGIN, 400,
			"{\"error\":\"invalid_client\",\"error_description\":\"AADSTS700213: No "
			"matching federated identity record\\r\\nTrace ID: x\",\"correlation_id\":"
			"\"corr-1\"}",
			NULL, NULL},
		{LOGIN, 400,
			"{\"error\":\"invalid_client\",\"error_description\":\"AADSTS700213: No "
			"matching federated identity record\\r\\nTrace ID: x\",\"correlation_id\":"
			"\"corr-1\"}",
			NULL, NULL},
		{0}};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_TENANT_ID=t-1");
	cloud_peer_var(&p, "AZURE_CLIENT_ID=c-1");
	cloud_peer_var(&p, "AZURE_AUTHORITY_HOST=https://login.example.cn/");
	cloud_peer_var(&p, arena_fmt(&p.arena, "AZURE_FEDERATED_TOKEN_FILE=%s",
				   sandbox_put(&p.box, "token", OIDC "\n")));
	cloud_peer_script(&p, good);
	works(&p, "AZURE_FEDERATED_TOKEN_FILE");
	assert_string_equal(cloud_peer_form(&p, 0, "client_assertion"), OIDC);
	assert_string_equal(cloud_peer_form(&p, 0, "client_assertion_type"),
		"urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	assert_null(cloud_peer_form(&p, 0, "client_secret"));
	cloud_peer_close(&p);

	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_TENANT_ID=t-1");
	cloud_peer_var(&p, "AZURE_CLIENT_ID=c-1");
	cloud_peer_var(&p, "AZURE_FEDERATED_TOKEN=" OIDC);
	cloud_peer_script(&p, bad);
	fails(&p, ERR_AUTH,
		"AADSTS700213: No matching federated identity record (correlation id corr-1)",
		"iss 'https://ci', sub 'repo:A/b', aud 'sts'");
}

static void
identity_token_of_the_ci(void **state)
{
	static const struct peer_answer answers[] = {
		{"GET https://ci.example/token?audience=api%3A%2F%2FAzureADTokenExchange", 200,
			"{\"value\":\"" OIDC "\"}", NULL, NULL},
		{LOGIN, 200, TOKEN, NULL, NULL}, {EXCHANGE, 200, GOOD, NULL, NULL}, {0}};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_TENANT_ID=t-1");
	cloud_peer_var(&p, "AZURE_CLIENT_ID=c-1");
	cloud_peer_var(&p, "ACTIONS_ID_TOKEN_REQUEST_URL=https://ci.example/token");
	cloud_peer_var(&p, "ACTIONS_ID_TOKEN_REQUEST_TOKEN=job");
	cloud_peer_script(&p, answers);
	works(&p, "AZURE_CLIENT_ID, by the CI's identity token");
	assert_string_equal(cloud_peer_form(&p, 1, "client_assertion"), OIDC);
	cloud_peer_close(&p);
}

static void
managed_identity(void **state)
{
	static const struct peer_answer vm[] = {
		{IMDS "&client_id=c-1", 200, "{\"access_token\":\"aad1\",\"expires_in\":\"86399\"}",
			NULL, NULL},
		{EXCHANGE, 200, GOOD, NULL, NULL}, {0}};
	static const struct peer_answer app[] = {
		{"GET http://127.0.0.1:41/msi?api-version=2019-08-01&resource=https%3A%2F%2F"
		 "containerregistry.azure.net",
			200, TOKEN, NULL, NULL},
		{EXCHANGE, 200, GOOD, NULL, NULL}, {0}};
	static const struct peer_answer none[] = {{IMDS, 0, NULL, NULL, NULL},
		{IMDS, 0, NULL, NULL, NULL}, {IMDS, 0, NULL, NULL, NULL}, {0}};
	struct cloud_peer p;

	(void)state;
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_CLIENT_ID=c-1");
	cloud_peer_script(&p, vm);
	works(&p, "managed identity");
	assert_string_equal(cloud_peer_field(&p, 0, "Metadata"), "true");
	assert_true(p.requests[0].direct);
	assert_null(cloud_peer_form(&p, 1, "tenant"));
	cloud_peer_close(&p);

	cloud_peer_open(&p);
	cloud_peer_var(&p, "IDENTITY_ENDPOINT=http://127.0.0.1:41/msi");
	cloud_peer_var(&p, "IDENTITY_HEADER=h");
	cloud_peer_script(&p, app);
	works(&p, "managed identity");
	assert_string_equal(cloud_peer_field(&p, 0, "X-IDENTITY-HEADER"), "h");
	cloud_peer_close(&p);

	cloud_peer_open(&p);
	cloud_peer_script(&p, none);
	fails(&p, ERR_AUTH,
		"no Azure credentials: AZURE_CLIENT_SECRET is not set; AZURE_FEDERATED_TOKEN_FILE is "
		"not set; managed identity: nobody is there",
		"");
	cloud_peer_open(&p);
	cloud_peer_var(&p, "IDENTITY_ENDPOINT=http://127.0.0.1/");
	cloud_peer_var(&p, "IMDS_ENDPOINT=http://127.0.0.1/");
	fails(&p, ERR_CONFIG, "are not supported", "");
}

static void
logins_that_do_not_work(void **state)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
		{"AADSTS7000215: Invalid client secret", "must be the secret's value"},
		{"AADSTS7000222: expired", "has expired"},
		{"AADSTS90002: no", "names no tenant"},
		{"AADSTS700016: no", "names no application"},
		{"AADSTS7000161: other", ""},
		{"odd \\u001b[31mred\\u009b \\u00e4", ""},
	};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer_answer answers[3] = {{LOGIN, 401, NULL, NULL, NULL}};

		open_with_secret(&p);
		answers[0].body = arena_fmt(&p.arena,
			"{\"error\":\"invalid_client\",\"error_description\":\"%s\"}",
			rows[i].text);
		answers[1] = answers[0];
		cloud_peer_script(&p, answers);
		fails(&p, ERR_AUTH,
			strncmp(rows[i].text, "odd", 3) ? rows[i].text : "odd  [31mred  \xc3\xa4",
			rows[i].hint);
	}
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_CLIENT_SECRET=s");
	fails(&p, ERR_CONFIG, "AZURE_TENANT_ID is not", "");
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_CLIENT_SECRET=s");
	cloud_peer_var(&p, "AZURE_TENANT_ID=t");
	fails(&p, ERR_CONFIG, "AZURE_CLIENT_ID is not", "");
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_CLIENT_SECRET=s");
	cloud_peer_var(&p, "AZURE_CLIENT_ID=c");
	cloud_peer_var(&p, "AZURE_TENANT_ID=t/../x");
	fails(&p, ERR_CONFIG, "is no tenant", "");
	cloud_peer_open(&p);
	cloud_peer_var(&p, "AZURE_USERNAME=u");
	fails(&p, ERR_CONFIG, "AZURE_USERNAME is not supported", "");
}

static void
r_19_errors_of_the_exchange(void **state)
{
	static const struct {
		const char *name, *body, *text, *hint;
		int status;
		enum err_kind kind;
		bool twice; /* the management token is tried, too */
	} rows[] = {
		{"no refresh token", "{}", "answers without a refresh_token", "", 200, ERR_PROTO,
			false},
		{"no JSON", "<html>", "answers without a refresh_token", "", 200, ERR_PROTO, false},
		{"not accepted",
			"{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"nobody\"}]}",
			"does not accept the Azure token of AZURE_CLIENT_SECRET: UNAUTHORIZED: nobody",
			"another cloud", 401, ERR_AUTH, true},
		{"firewall",
			"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"client with IP '1.2.3.4' is not "
			"allowed access\"}]}",
			"is not allowed access", "", 403, ERR_AUTH, true},
		{"not there", "", "status 404", "", 404, ERR_REMOTE, false},
	};
	struct cloud_peer p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer_answer answers[5] = {{LOGIN, 200, TOKEN, NULL, NULL},
			{EXCHANGE, rows[i].status, rows[i].body, NULL, NULL}};

		if (rows[i].twice) {
			answers[2] = answers[0];
			answers[3] = answers[1];
		}
		open_with_secret(&p);
		cloud_peer_script(&p, answers);
		fails(&p, rows[i].kind, rows[i].text, rows[i].hint);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r_06_client_secret_and_exchange),
		cmocka_unit_test(management_token_where_the_other_is_refused),
		cmocka_unit_test(federated_token),
		cmocka_unit_test(identity_token_of_the_ci),
		cmocka_unit_test(managed_identity),
		cmocka_unit_test(logins_that_do_not_work),
		cmocka_unit_test(r_19_errors_of_the_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
