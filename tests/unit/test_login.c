/* Which logins a build or push makes: of the registry, of the cache, and what failing means. */
#include "test.h"

#include "base/arena.h"
#include "base/env.h"
#include "base/mem.h"
#include "cmd/login.h"
#include "config/select.h"
#include "http_peer.h"
#include "registry/credentials.h"
#include "sandbox.h"

#define REG "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
#define CACHE "123456789012.dkr.ecr.us-east-1.amazonaws.com"
#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define BAD(body) "HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n" body
/* AWS:pw */
#define TOKEN \
	OK("{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3\",\"expiresAt\":2E9}]}")
/* the same, good until 1970, and AWS:next */
#define ENDED OK("{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3\",\"expiresAt\":1}]}")
#define NEXT \
	OK("{\"authorizationData\":[{\"authorizationToken\":\"QVdTOm5leHQ=\",\"expiresAt\":2E9}]}")
#define DENIED BAD("{\"__type\":\"AccessDeniedException\",\"message\":\"no right\"}")
#define IDENTITY OK("<R><S><Account>123456789012</Account></S></R>")

/* A run of the program as far as logins are concerned. */
struct run {
	struct sandbox box;
	struct arena arena;
	struct http_peer peer;
	struct env env;
	const char *vars[8];
	struct credentials *credentials;
	struct registry_choice choice;
};

static void
open_run(struct run *r, const char *const *answers, size_t n)
{
	*r = (struct run){.choice = {.kind = "ecr", .url = REG "/team", .server = REG}};
	sandbox_open(&r->box);
	if (n)
		http_peer_start(&r->peer, answers, n);
	r->vars[0] = arena_fmt(&r->arena, "HOME=%s", r->box.root);
	r->vars[1] = "AWS_ACCESS_KEY_ID=AKIA1";
	r->vars[2] = "AWS_SECRET_ACCESS_KEY=s3cret";
	r->vars[3] = arena_fmt(&r->arena, "AWS_ENDPOINT_URL=%s", r->peer.url);
	r->env.vars = r->vars;
	r->credentials = credentials_new(&r->env, &r->box.log);
}

static void
close_run(struct run *r, struct buf *requests)
{
	if (r->peer.pid)
		http_peer_end(&r->peer, requests);
	sandbox_not_logged(&r->box, "s3cret");
	credentials_free(r->credentials);
	arena_release(&r->arena);
	sandbox_close(&r->box);
}

static void
check_known(struct run *r, const char *where, const char *user, const char *secret)
{
	cleanup_credential struct credential cred = {0};
	struct err err = {0};

	assert_ok(credentials_find(r->credentials, where, &cred, &err), &err);
	assert_row_str(where, str_from(cred.user), user);
	assert_row_str(where, secret_reveal(&cred.secret), secret);
}

static void
r_11_registry(void **state)
{
	static const char *const good[] = {TOKEN}, *const bad[] = {DENIED};
	cleanup_buf struct buf requests = {0};
	struct err err = {0};
	struct run r;

	(void)state;
	open_run(&r, good, 1);
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	check_known(&r, REG "/team/app", "AWS", "pw");
	check_known(&r, "other.example", NULL, NULL);
	sandbox_logged(&r.box,
		"debug: Logged in to '" REG "' by AWS_ACCESS_KEY_ID until 2033-05-18T03:33:20Z");
	close_run(&r, &requests);
	assert_non_null(strstr(buf_cstr(&requests), "/eu-west-1/ecr/aws4_request"));

	open_run(&r, bad, 1);
	assert_int_equal(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), -1);
	assert_err(&err, ERR_AUTH,
		"login to '" REG "': GetAuthorizationToken: AccessDeniedException: no right");
	close_run(&r, &requests);
}

/* A build may take longer than a login lasts. */
static void
r_11_a_login_that_ends_is_made_again(void **state)
{
	static const char *const answers[] = {ENDED, NEXT};
	cleanup_buf struct buf requests = {0};
	struct err err = {0};
	struct run r;

	(void)state;
	open_run(&r, answers, 2);
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	assert_true(credentials_may_block(r.credentials, REG));
	check_known(&r, REG "/team/app", "AWS", "next");
	assert_false(credentials_may_block(r.credentials, REG));
	check_known(&r, REG, "AWS", "next");
	sandbox_logged(&r.box, "debug: credentials for " REG " from AWS_ACCESS_KEY_ID, renewed");
	close_run(&r, &requests);
}

static void
what_is_stored_will_do(void **state)
{
	static const char *const bad[] = {DENIED};
	cleanup_secret struct secret secret = {0};
	cleanup_buf struct buf requests = {0};
	struct err err = {0};
	struct run r;

	(void)state;
	open_run(&r, bad, 1);
	secret_set(&secret, STR("old"));
	credentials_add(r.credentials, REG, "AWS", &secret, "config.json");
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	check_known(&r, REG "/team/app", "AWS", "old");
	sandbox_logged(&r.box, "no right; using the credentials in config.json");
	close_run(&r, &requests);
}

/* A build may outlast the login: who asks for it then gets another one, from the same source. */
static void
logins_are_made_again(void **state)
{
	static const char *const answers[] = {
		OK("{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3\",\"expiresAt\":1E9}]}"),
		OK("{\"authorizationData\":[{\"authorizationToken\":\"QVdTOm5ldw==\",\"expiresAt\":4E9}]}"),
	};
	cleanup_buf struct buf requests = {0};
	struct err err = {0};
	struct run r;

	(void)state;
	open_run(&r, answers, 2);
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	check_known(&r, REG "/team/app", "AWS", "new");
	check_known(&r, REG "/team/other", "AWS", "new");
	close_run(&r, &requests);
}

/* Nobody is asked: there would be no answer. */
static void
others_need_no_cloud(void **state)
{
	struct err err = {0};
	struct run r;
	bool immutable;

	(void)state;
	open_run(&r, NULL, 0);
	r.choice = (struct registry_choice){.kind = "gcr",
		.url = "gcr.io/p",
		.server = "gcr.io",
		.user = "_json_key",
		.credentials = "GCR_KEYFILE_CONTENT"};
	secret_set(&r.choice.secret, STR("{}"));
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	/* */
	check_known(&r, "gcr.io/p/app", "_json_key", "{}");
	secret_release(&r.choice.secret);
	r.choice = (struct registry_choice){.kind = "none", .url = "noregistry"};
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	login_cache(&r.arena, &r.env, &r.box.log, &r.choice, NULL, r.credentials);
	assert_ok(login_create(&r.arena, &r.env, &r.box.log, &r.choice, "noregistry/x", &immutable,
			  &err),
		&err);
	close_run(&r, NULL);
}

static void
k_11_cache_that_refuses_is_a_warning(void **state)
{
	static const char *const bad[] = {DENIED};
	cleanup_buf struct buf requests = {0};
	struct run r;

	(void)state;
	open_run(&r, bad, 1);
	login_cache(&r.arena, &r.env, &r.box.log, &r.choice, CACHE "/cache", r.credentials);
	sandbox_logged(&r.box, "warn: cache: login to '" CACHE "': GetAuthorizationToken");
	close_run(&r, &requests);
	assert_non_null(strstr(buf_cstr(&requests), "/us-east-1/ecr/aws4_request"));
}

static void
k_12_cache_beside_another_registry(void **state)
{
	static const char *const good[] = {TOKEN};
	cleanup_buf struct buf requests = {0};
	struct err err = {0};
	struct run r;

	(void)state;
	open_run(&r, good, 1);
	r.choice = (struct registry_choice){.kind = "gitlab",
		.url = "reg.example/group",
		.server = "reg.example",
		.user = "u",
		.credentials = "CI_JOB_TOKEN"};
	secret_set(&r.choice.secret, STR("job"));
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	login_cache(&r.arena, &r.env, &r.box.log, &r.choice, CACHE "/cache", r.credentials);
	check_known(&r, "reg.example/group/app", "u", "job");
	check_known(&r, CACHE "/cache", "AWS", "pw");
	secret_release(&r.choice.secret);
	close_run(&r, &requests);
}

static void
cache_in_the_same_registry_needs_one_login(void **state)
{
	static const char *const good[] = {TOKEN};
	cleanup_buf struct buf requests = {0};
	struct err err = {0};
	struct run r;

	(void)state;
	open_run(&r, good, 1);
	assert_ok(
		login_registry(&r.arena, &r.env, &r.box.log, &r.choice, r.credentials, &err), &err);
	login_cache(&r.arena, &r.env, &r.box.log, &r.choice, REG "/cache", r.credentials);
	check_known(&r, REG "/cache", "AWS", "pw");
	sandbox_not_logged(&r.box, "warn:");
	close_run(&r, &requests);
}

static void
r_15_repository_with_its_prefix(void **state)
{
	static const char *const answers[] = {IDENTITY, OK("{}")};
	cleanup_buf struct buf requests = {0};
	struct err err = {0};
	struct run r;
	bool immutable;

	(void)state;
	open_run(&r, answers, 2);
	assert_ok(login_create(&r.arena, &r.env, &r.box.log, &r.choice, REG "/team/app", &immutable,
			  &err),
		&err);
	close_run(&r, &requests);
	assert_non_null(strstr(buf_cstr(&requests), "\"repositoryNames\":[\"team/app\"]"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r_11_registry),
		cmocka_unit_test(r_11_a_login_that_ends_is_made_again),
		cmocka_unit_test(what_is_stored_will_do),
		cmocka_unit_test(logins_are_made_again),
		cmocka_unit_test(others_need_no_cloud),
		cmocka_unit_test(k_11_cache_that_refuses_is_a_warning),
		cmocka_unit_test(k_12_cache_beside_another_registry),
		cmocka_unit_test(cache_in_the_same_registry_needs_one_login),
		cmocka_unit_test(r_15_repository_with_its_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
