/* The session's token authority: keys, signatures, and tokens that are fetched from here. */
#include "test.h"

#include "session_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/ed25519.h"
#include "base/env.h"
#include "base/loop.h"
#include "buildkit/proto/session.pb-c.h"
#include "fake_registry.h"
#include "registry/authority.h"
#include "registry/credentials.h"
#include "registry/tokens.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SALT "0123456789abcdef0123456789abcdef"
#define WANTS(challenge) \
	"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " challenge "\r\nContent-Length: 0\r\n\r\n"
#define BEARER WANTS("Bearer realm=\"http://@HOST@/token\",service=\"svc\"")
#define JSON(status, body) \
	"HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body
/* of me:s3cret, and of me:newer */
#define LOGIN "Authorization: Basic bWU6czNjcmV0\r\n"
#define NEW_LOGIN "Authorization: Basic bWU6bmV3ZXI=\r\n"
/* the registry is asked twice: how it is spoken to, and what it wants */
#define PING \
	{ \
		"GET /v2/ ", NULL, "Authorization", BEARER \
	}

/* A daemon's session with us, and a registry on 127.0.0.1 that is its own token server. */
struct scene {
	struct fixture f;
	struct fake_registry registry;
	char docker[96];
	const char *vars[4];
	struct env env;
	struct bk_tokens tokens;
	struct secret secret;
	char realm[64];
};

static void
open_scene(struct scene *s, const struct fake_step *steps, size_t n)
{
	*s = (struct scene){.docker = ""};
	fixture_open(&s->f);
	fake_registry_start(&s->registry, steps, n);
	snprintf(s->docker, sizeof(s->docker), "DOCKER_CONFIG=%s", s->f.box.root);
	snprintf(s->realm, sizeof(s->realm), "http://%s/token", s->registry.host);
	s->vars[0] = s->docker;
	s->env.vars = s->vars;
	s->tokens = (struct bk_tokens){.env = &s->env, .agent = "buildtools/test"};
	s->f.options.tokens = &s->tokens;
	s->f.options.credentials = credentials_new(&s->env, &s->f.box.log);
	secret_set(&s->secret, STR("s3cret"));
}

static void
with_login(struct scene *s)
{
	credentials_add(s->f.options.credentials, s->registry.host, "me", &s->secret, "test");
	fixture_serve(&s->f, false);
}

static void
close_scene(struct scene *s, const char *row)
{
	fake_registry_end(&s->registry, row);
	sandbox_not_logged(&s->f.box, "s3cret");
	secret_release(&s->secret);
	credentials_free(s->f.options.credentials);
	fixture_close(&s->f);
}

/* The file is no work of the test's own. */
static void
drop_seeds(struct scene *s)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/.token_seed", s->f.box.root);
	unlink(path);
	snprintf(path, sizeof(path), "%s/.token_seed.lock", s->f.box.root);
	unlink(path);
}

/* ---- the daemon's calls ---------------------------------------------------------------- */

static void
get_authority(struct scene *s, struct call *c)
{
	Pb__GetTokenAuthorityRequest r = PB__GET_TOKEN_AUTHORITY_REQUEST__INIT;
	uint8_t packed[256], salt[] = SALT;

	r.host = s->registry.host;
	r.salt = (ProtobufCBinaryData){32, salt};
	call_unary(&s->f, c, "/moby.filesync.v1.Auth/GetTokenAuthority",
		str_n((char *)packed, pb__get_token_authority_request__pack(&r, packed)));
}

/* The key of an answer that has one. */
static void
expect_key(struct scene *s, uint8_t key[ED25519_PUBLIC_LEN])
{
	Pb__GetTokenAuthorityResponse *r;
	struct call c;

	get_authority(s, &c);
	assert_that(c.code == GRPC_OK, "%d %s", c.code, c.text);
	r = pb__get_token_authority_response__unpack(NULL, c.last.len, (uint8_t *)c.last.p);
	assert_non_null(r);
	assert_int_equal(r->publickey.len, ED25519_PUBLIC_LEN);
	memcpy(key, r->publickey.data, ED25519_PUBLIC_LEN);
	pb__get_token_authority_response__free_unpacked(r, NULL);
	call_release(&c);
}

static void
expect_signature(struct scene *s, const uint8_t key[ED25519_PUBLIC_LEN])
{
	Pb__VerifyTokenAuthorityRequest r = PB__VERIFY_TOKEN_AUTHORITY_REQUEST__INIT;
	Pb__VerifyTokenAuthorityResponse *answer;
	uint8_t packed[256], salt[] = SALT, payload[] = "thirty-two bytes of good chance.";
	struct str message = {(char *)payload, 32};
	struct call c;

	r.host = s->registry.host;
	r.salt = (ProtobufCBinaryData){32, salt};
	r.payload = (ProtobufCBinaryData){32, payload};
	call_unary(&s->f, &c, "/moby.filesync.v1.Auth/VerifyTokenAuthority",
		str_n((char *)packed, pb__verify_token_authority_request__pack(&r, packed)));
	assert_that(c.code == GRPC_OK, "%d %s", c.code, c.text);
	answer = pb__verify_token_authority_response__unpack(NULL, c.last.len, (uint8_t *)c.last.p);
	assert_non_null(answer);
	assert_int_equal(answer->signed_.len, ED25519_SIGNATURE_LEN + 32);
	assert_memory_equal(answer->signed_.data + ED25519_SIGNATURE_LEN, payload, 32);
	assert_true(ed25519_verify(key, message, answer->signed_.data));
	pb__verify_token_authority_response__free_unpacked(answer, NULL);
	call_release(&c);
}

static void
fetch(struct scene *s, struct call *c, const char *realm, const char *scope)
{
	Pb__FetchTokenRequest r = PB__FETCH_TOKEN_REQUEST__INIT;
	char *scopes[] = {(char *)(uintptr_t)scope, (char[]){"repository:other:pull"}};
	uint8_t packed[512];

	r.clientid = (char[]){"buildkit-client"};
	r.host = s->registry.host;
	r.realm = (char *)(uintptr_t)realm;
	r.service = (char[]){"svc"};
	r.scopes = scopes;
	r.n_scopes = 2;
	call_unary(&s->f, c, "/moby.filesync.v1.Auth/FetchToken",
		str_n((char *)packed, pb__fetch_token_request__pack(&r, packed)));
}

static void
expect_token(struct scene *s, const char *want, int64_t life)
{
	Pb__FetchTokenResponse *r;
	struct call c;

	fetch(s, &c, s->realm, "repository:a/b:pull,push");
	assert_that(c.code == GRPC_OK, "%d %s", c.code, c.text);
	r = pb__fetch_token_response__unpack(NULL, c.last.len, (uint8_t *)c.last.p);
	assert_non_null(r);
	assert_string_equal(r->token, want);
	assert_int_equal(r->expiresin, life);
	assert_int_equal(r->issuedat, 0);
	pb__fetch_token_response__free_unpacked(r, NULL);
	call_release(&c);
}

static void
expect_refused(struct scene *s, const char *realm, int code, const char *text)
{
	struct call c;

	fetch(s, &c, realm, "repository:a/b:pull");
	assert_int_equal(c.code, code);
	assert_that(strstr(c.text, text) != NULL, "%s", c.text);
	assert_int_equal(c.messages, 0);
	if (code != GRPC_UNIMPLEMENTED)
		sandbox_logged(&s->f.box, text);
	call_release(&c);
}

/* ---- tokens ---------------------------------------------------------------------------- */

#define ASKS \
	"GET /token?service=svc&scope=repository:a/b:pull,push&scope=repository:other:pull HTTP"

static void
tokens_are_fetched_here(void **state)
{
	static const struct fake_step steps[] = {PING, PING,
		{ASKS, LOGIN, NULL, JSON("200 OK", "{\"token\":\"t1\",\"expires_in\":300}")},
		{ASKS, "User-Agent: buildtools/test\r\n", NULL,
			JSON("200 OK", "{\"access_token\":\"t2\"}")}};
	uint8_t key[ED25519_PUBLIC_LEN];
	struct scene s;

	(void)state;
	open_scene(&s, steps, COUNT(steps));
	with_login(&s);
	expect_key(&s, key);
	expect_signature(&s, key);
	expect_token(&s, "t1", 300);
	/* one that is asked for again was refused, or has ended: none is kept */
	expect_token(&s, "t2", 60);
	sandbox_logged(&s.f.box, "debug: tokens for 127.0.0.1:");
	sandbox_not_logged(&s.f.box, "go to the daemon");
	drop_seeds(&s);
	close_scene(&s, "tokens");
}

/* Not the daemon's way to the service, but a token without an authority is no different. */
static void
a_token_is_the_first_question(void **state)
{
	static const struct fake_step steps[] = {PING, PING,
		{ASKS, LOGIN, NULL, JSON("200 OK", "{\"token\":\"t1\",\"expires_in\":300}")}};
	struct scene s;

	(void)state;
	open_scene(&s, steps, COUNT(steps));
	with_login(&s);
	expect_token(&s, "t1", 300);
	close_scene(&s, "first");
}

static void
the_daemon_is_left_to_its_ways(void **state)
{
	static const struct fake_step basic[] = {{"GET /v2/ ", NULL, NULL,
							 WANTS("Basic realm=\"r\"")},
		{"GET /v2/ ", NULL, NULL, WANTS("Basic realm=\"r\"")}},
				      far[] = {{"GET /v2/ ", NULL, NULL,
						       WANTS("Bearer realm=\"http://x.test/\"")},
					      {"GET /v2/ ", NULL, NULL,
						      WANTS("Bearer realm=\"http://x.test/\"")}};
	static const struct {
		const char *name;
		const struct fake_step *steps;
		size_t n;
		bool login;
		const char *var;
	} rows[] = {
		{"user and password", basic, 2, true, NULL},
		{"a realm that may not be asked", far, 2, true, NULL},
		{"nothing to keep back", NULL, 0, false, NULL},
		{"switched off", NULL, 0, true, "BUILDKIT_NO_CLIENT_TOKEN=1"},
	};
	struct scene s;
	struct call c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		open_scene(&s, rows[i].steps, rows[i].n);
		s.vars[1] = rows[i].var;
		if (rows[i].login)
			with_login(&s);
		else
			fixture_serve(&s.f, true);
		get_authority(&s, &c);
		assert_row_int(rows[i].name, c.code, GRPC_UNIMPLEMENTED);
		call_release(&c);
		/* and so it stays */
		expect_refused(&s, s.realm, GRPC_UNIMPLEMENTED, "not fetched by this client");
		close_scene(&s, rows[i].name);
	}
}

/* A helper for all registries is asked about each; one that it does not know is not. */
static void
a_helper_that_knows_nothing(void **state)
{
	static const char script[] =
		"#!/bin/sh\necho credentials not found in native keychain\nexit 1\n";
	const char *old = getenv("PATH");
	cleanup_free char *kept = xstrdup(old ? old : "/usr/bin:/bin"), *path = NULL;
	struct err err = {0};
	struct scene s;
	struct call c;

	(void)state;
	open_scene(&s, NULL, 0);
	path = xasprintf("%s:/usr/bin:/bin", s.f.box.root);
	setenv("PATH", path, 1);
	assert_int_equal(chmod(sandbox_put(&s.f.box, "docker-credential-x", script), 0755), 0);
	sandbox_put(&s.f.box, "config.json", "{\"credsStore\":\"x\"}");
	credentials_free(s.f.options.credentials);
	s.f.options.credentials = credentials_open(&s.env, &s.f.box.log, &err);
	assert_that(s.f.options.credentials != NULL, "%s", err.msg);
	fixture_serve(&s.f, false);
	get_authority(&s, &c);
	assert_int_equal(c.code, GRPC_UNIMPLEMENTED);
	call_release(&c);
	close_scene(&s, "helper");
	setenv("PATH", kept, 1);
}

/* A registry out of our reach may be within the daemon's. */
static void
a_registry_that_does_not_answer_us(void **state)
{
	struct scene s;
	struct call c;

	(void)state;
	open_scene(&s, NULL, 0);
	with_login(&s);
	kill(s.registry.pid, SIGKILL);
	get_authority(&s, &c);
	assert_int_equal(c.code, GRPC_UNIMPLEMENTED);
	sandbox_logged(&s.f.box, "debug: the daemon itself fetches tokens for 127.0.0.1:");
	call_release(&c);
	close_scene(&s, "unreachable");
}

static void
what_the_token_server_says_reaches_the_daemon(void **state)
{
	static const struct fake_step steps[] = {PING, PING,
		{"GET /token?", LOGIN, NULL,
			JSON("401 Unauthorized",
				"{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"wrong\"}]}")},
		{"GET /token?", LOGIN, NULL, JSON("200 OK", "{\"expires_in\":300}")}};
	struct scene s;

	(void)state;
	open_scene(&s, steps, COUNT(steps));
	with_login(&s);
	expect_refused(&s, s.realm, GRPC_UNAUTHENTICATED, "answered 401 UNAUTHORIZED: wrong");
	expect_refused(&s, s.realm, GRPC_UNKNOWN, "the answer holds no token");
	/* nothing is shown to anybody else, whoever asks for it */
	expect_refused(&s, "https://elsewhere.test/token", GRPC_UNKNOWN,
		"'https://elsewhere.test/token' is not the token server that registry");
	close_scene(&s, "refused");
}

/* Some patience is ours, the rest is the build's. */
static void
a_token_server_that_is_busy(void **state)
{
#define BUSY \
	{ \
		"GET /token?", LOGIN, NULL, \
			"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n" \
	}
	static const struct fake_step steps[] = {PING, PING, BUSY, BUSY, BUSY, BUSY, BUSY};
	struct scene s;

	(void)state;
	open_scene(&s, steps, COUNT(steps));
	with_login(&s);
	expect_refused(&s, s.realm, GRPC_UNAVAILABLE, "answered 503 Busy: " BK_TOKEN_LATER);
	sandbox_logged(&s.f.box,
		"warn: token for 'repository:a/b:pull repository:other:pull': token server of");
	close_scene(&s, "busy");
}

static void
a_token_server_that_is_gone(void **state)
{
	static const struct fake_step steps[] = {PING, PING};
	uint8_t key[ED25519_PUBLIC_LEN];
	struct scene s;

	(void)state;
	open_scene(&s, steps, COUNT(steps));
	with_login(&s);
	expect_key(&s, key);
	kill(s.registry.pid, SIGKILL);
	expect_refused(&s, s.realm, GRPC_UNAVAILABLE, "Connection refused");
	sandbox_logged(&s.f.box, "later; with BUILDKIT_NO_CLIENT_TOKEN=1 the daemon asks it");
	drop_seeds(&s);
	close_scene(&s, "gone");
}

static void
malformed_requests(void **state)
{
	static const char *const methods[] = {
		"FetchToken", "GetTokenAuthority", "VerifyTokenAuthority", "Credentials"};
	static char big[70000];
	struct scene s;
	struct call c;
	char path[96];
	size_t i;

	(void)state;
	open_scene(&s, NULL, 0);
	with_login(&s);
	memset(big, 'x', sizeof(big));
	big[0] = 0x12;
	for (i = 0; i < COUNT(methods); i++) {
		snprintf(path, sizeof(path), "/moby.filesync.v1.Auth/%s", methods[i]);
		call_unary(&s.f, &c, path, STR("\x0a\x7f"));
		assert_row_int(methods[i], c.code, GRPC_INVALID_ARGUMENT);
		call_release(&c);
		call_unary(&s.f, &c, path, str_n(big, sizeof(big)));
		assert_row_int(methods[i], c.code, GRPC_INVALID_ARGUMENT);
		call_release(&c);
	}
	close_scene(&s, "malformed");
}

/* ---- secrets that end -------------------------------------------------------------------- */

static int
renew(void *arg, struct credential *out, int64_t *expires, struct err *err)
{
	(void)err;
	*out = (struct credential){.kind = CREDENTIAL_BASIC, .user = xstrdup("me")};
	out->source = xstrdup("the cloud");
	secret_set(&out->secret, str_from(arg));
	*expires = clock_wall_ns() / 1000000000 + 3600;
	return 0;
}

static void
a_login_that_ends_is_made_again(void **state)
{
	static const struct {
		const char *name;
		int left; /* seconds, when the build begins */
		struct fake_step steps[5];
		size_t n;
	} rows[] = {
		{"about to end", 30,
			{PING, PING,
				{"GET /token?", NEW_LOGIN, NULL,
					JSON("200 OK", "{\"token\":\"t\"}")},
				{"GET /token?", NEW_LOGIN, NULL,
					JSON("200 OK", "{\"token\":\"t\"}")}},
			4},
		{"refused before its time", 3600,
			{PING, PING, {"GET /token?", LOGIN, NULL, JSON("401 Unauthorized", "{}")},
				{"GET /token?", NEW_LOGIN, NULL,
					JSON("200 OK", "{\"token\":\"t\"}")},
				{"GET /token?", NEW_LOGIN, NULL,
					JSON("200 OK", "{\"token\":\"t\"}")}},
			5},
	};
	char newer[] = "newer";
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		open_scene(&s, rows[i].steps, rows[i].n);
		with_login(&s);
		credentials_lend(s.f.options.credentials, s.registry.host,
			clock_wall_ns() / 1000000000 + rows[i].left, renew, newer);
		expect_token(&s, "t", 60);
		/* what the child found out is known from now on */
		expect_token(&s, "t", 60);
		sandbox_not_logged(&s.f.box, "newer");
		close_scene(&s, rows[i].name);
	}
}

/* ---- seeds ---------------------------------------------------------------------------------- */

static void
key_of(struct sandbox *box, const char *folder, uint8_t key[ED25519_PUBLIC_LEN])
{
	cleanup_free char *var = xasprintf("DOCKER_CONFIG=%s", folder);
	const char *vars[] = {var, NULL};
	struct env env = {vars};
	struct authority *a = authority_new(&env, &box->log);
	struct ed25519_key first, again;

	authority_key(a, "reg.test", STR(SALT), &first);
	authority_key(a, "reg.test", STR(SALT), &again);
	assert_memory_equal(first.public, again.public, ED25519_PUBLIC_LEN);
	memcpy(key, first.public, ED25519_PUBLIC_LEN);
	authority_free(a);
}

/* Made by another implementation of HMAC and Ed25519 from the seed 00 01 ... 0f. */
static void
a_seed_that_others_made(void **state)
{
	static const char seeds[] = "{\"x.test\":{\"Seed\":\"AAAA\"},"
				    "\"reg.test\":{\"Seed\":\"AAECAwQFBgcICQoLDA0ODw==\"}}";
	uint8_t key[ED25519_PUBLIC_LEN];
	struct buf hex = {0};
	struct sandbox box;
	const char *path;
	char *text;

	(void)state;
	sandbox_open(&box);
	sandbox_put(&box, ".token_seed.lock", "");
	path = sandbox_put(&box, ".token_seed", seeds);
	key_of(&box, box.root, key);
	hex_encode(&hex, key, sizeof(key));
	assert_str(
		buf_view(&hex), "34952ced3ba71c2a6ac5208ec80b177b191495d787805b03c6804fb482ea1f06");
	buf_release(&hex);
	text = test_read_file(path, NULL);
	assert_string_equal(text, seeds);
	free(text);
	sandbox_close(&box);
}

static void
seeds_are_shared_and_kept_from_others(void **state)
{
	uint8_t one[ED25519_PUBLIC_LEN], two[ED25519_PUBLIC_LEN];
	cleanup_free char *path = NULL, *lock = NULL, *left = NULL;
	struct sandbox box;
	struct stat st;

	(void)state;
	sandbox_open(&box);
	path = xasprintf("%s/.token_seed", box.root);
	lock = xasprintf("%s/.token_seed.lock", box.root);
	umask(022);
	/* of one with our process id who was killed in the middle of it */
	left = xasprintf(".token_seed.%ld", (long)getpid());
	sandbox_put(&box, left, "{");
	sandbox_put(&box, ".token_seed.new", "{");
	key_of(&box, box.root, one);
	key_of(&box, box.root, two);
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	sandbox_not_logged(&box, "lasts for this build");
	unlink(path);
	unlink(lock);
	sandbox_close(&box);
}

static void
seeds_that_cannot_be_shared(void **state)
{
	static const struct {
		const char *name, *content, *says;
		bool locked;
	} rows[] = {
		{"cut off", "{\"reg.test\":{", "'.token_seed': ", false},
		{"no object", "[1]", "'.token_seed': no object", false},
		{"somebody else is at it", "{}", "lock '.token_seed': ", true},
	};
	uint8_t one[ED25519_PUBLIC_LEN], two[ED25519_PUBLIC_LEN];
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *path, *lock;
		struct sandbox box;
		int fd;

		sandbox_open(&box);
		path = sandbox_put(&box, ".token_seed", rows[i].content);
		lock = sandbox_put(&box, ".token_seed.lock", "");
		fd = open(lock, O_RDWR | O_CLOEXEC);
		if (rows[i].locked)
			assert_int_equal(flock(fd, LOCK_EX), 0);
		key_of(&box, box.root, one);
		key_of(&box, box.root, two);
		assert_that(memcmp(one, two, sizeof(one)) != 0, "row '%s'", rows[i].name);
		sandbox_logged(&box, rows[i].says);
		text = test_read_file(path, NULL);
		assert_row_str(rows[i].name, str_from(text), rows[i].content);
		free(text);
		close(fd);
		sandbox_close(&box);
	}
}

static void
no_folder_for_seeds(void **state)
{
	uint8_t one[ED25519_PUBLIC_LEN], two[ED25519_PUBLIC_LEN];
	struct sandbox box;

	(void)state;
	sandbox_open(&box);
	key_of(&box, "/nonexistent", one);
	key_of(&box, "/nonexistent", two);
	assert_true(memcmp(one, two, sizeof(one)) != 0);
	sandbox_close(&box);
}

static void
repositories_of_scopes(void **state)
{
	static const struct {
		const char *scopes, *want;
	} rows[] = {
		{"repository:a/b:pull", "a/b"},
		{"repository:a/b:pull repository:c:pull,push", "c"},
		{"repository:push:pull repository:c:pull", "push"},
		{"repository:base:pull repository:a/pusher:pull,push", "a/pusher"},
		{"repository:a", "a"},
		{"registry:catalog:* repository:a:pull", "a"},
		{"registry:catalog:*", NULL},
		{"repository:", NULL},
		{"repository:UPPER:pull", NULL},
		{"", NULL},
	};
	struct arena a = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_row_str(rows[i].scopes, str_from(tokens_repository(&a, rows[i].scopes)),
			rows[i].want);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_fetched_here),
		cmocka_unit_test(a_token_is_the_first_question),
		cmocka_unit_test(the_daemon_is_left_to_its_ways),
		cmocka_unit_test(a_helper_that_knows_nothing),
		cmocka_unit_test(a_registry_that_does_not_answer_us),
		cmocka_unit_test(what_the_token_server_says_reaches_the_daemon),
		cmocka_unit_test(a_token_server_that_is_busy),
		cmocka_unit_test(a_token_server_that_is_gone),
		cmocka_unit_test(malformed_requests),
		cmocka_unit_test(a_login_that_ends_is_made_again),
		cmocka_unit_test(a_seed_that_others_made),
		cmocka_unit_test(seeds_are_shared_and_kept_from_others),
		cmocka_unit_test(seeds_that_cannot_be_shared),
		cmocka_unit_test(no_folder_for_seeds),
		cmocka_unit_test(repositories_of_scopes),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
