/* The session's answers about credentials, with and without helpers. */
#include "test.h"

#include "session_fixture.h"

#include <signal.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/interrupt.h"
#include "base/loop.h"
#include "buildkit/proto/session.pb-c.h"
#include "registry/credentials.h"

static void
ask(struct fixture *f, struct call *c, const char *host)
{
	Pb__CredentialsRequest r = PB__CREDENTIALS_REQUEST__INIT;
	uint8_t packed[256];
	size_t len;

	r.host = (char *)(uintptr_t)host;
	len = pb__credentials_request__pack(&r, packed);
	call_unary(f, c, "/moby.filesync.v1.Auth/Credentials", str_n((char *)packed, len));
}

static void
expect_credentials(struct call *c, const char *user, const char *secret)
{
	Pb__CredentialsResponse *r =
		pb__credentials_response__unpack(NULL, c->last.len, (const uint8_t *)c->last.p);

	assert_that(c->code == GRPC_OK, "%d %s", c->code, c->text);
	assert_int_equal(c->messages, 1);
	assert_non_null(r);
	assert_string_equal(r->username, user);
	assert_string_equal(r->secret, secret);
	pb__credentials_response__free_unpacked(r, NULL);
}

static void
r_17_credentials_without_a_helper(void **state)
{
	static const char *const no_vars[] = {NULL};
	struct env env = {no_vars};
	struct secret secret = {0};
	struct fixture f;
	struct call c;

	(void)state;
	fixture_open(&f);
	secret_set(&secret, STR("s3cret"));
	f.options.credentials = credentials_new(&env, &f.box.log);
	credentials_add(f.options.credentials, "docker.io", "me", &secret, "test");
	credentials_add(f.options.credentials, "reg.example.com", "", &secret, "test");
	fixture_serve(&f, false);
	ask(&f, &c, "registry-1.docker.io");
	expect_credentials(&c, "me", "s3cret");
	call_release(&c);
	ask(&f, &c, "reg.example.com");
	expect_credentials(&c, "", "s3cret");
	call_release(&c);
	ask(&f, &c, "other.example.com");
	expect_credentials(&c, "", "");
	call_release(&c);
	call_unary(&f, &c, "/moby.filesync.v1.Auth/Credentials", STR("\x0a\x7f"));
	assert_int_equal(c.code, GRPC_INVALID_ARGUMENT);
	call_release(&c);
	sandbox_not_logged(&f.box, "s3cret");
	credentials_free(f.options.credentials);
	secret_release(&secret);
	fixture_close(&f);
}

static void
k_12_nobody_has_credentials(void **state)
{
	struct fixture f;
	struct call c;

	(void)state;
	fixture_open(&f);
	fixture_serve(&f, true);
	ask(&f, &c, "reg.example.com");
	expect_credentials(&c, "", "");
	call_release(&c);
	fixture_close(&f);
}

/* A folder with docker-credential-NAME and a config.json that names it. */
static struct credentials *
with_helper(struct fixture *f, const char *const *vars, const char *script)
{
	struct env env = {vars};
	struct err err = {0};
	struct credentials *c;
	const char *path;

	path = sandbox_put(&f->box, "docker-credential-test", script);
	assert_int_equal(chmod(path, 0755), 0);
	sandbox_put(&f->box, "config.json", "{\"credHelpers\":{\"reg.example.com\":\"test\"}}");
	c = credentials_open(&env, &f->box.log, &err);
	assert_that(c != NULL, "%s", err.msg);
	return c;
}

static void
r_18_credentials_from_a_helper(void **state)
{
	static const struct {
		const char *name, *script;
		int code;
		const char *user, *text;
	} rows[] = {
		{"knows",
			"#!/bin/sh\nread x\n"
			"echo '{\"Username\":\"me\",\"Secret\":\"s3cret\"}'\n",
			GRPC_OK, "me", ""},
		{"knows nothing",
			"#!/bin/sh\necho credentials not found in native keychain\nexit 1\n",
			GRPC_OK, "", ""},
		{"fails", "#!/bin/sh\necho the vault is locked >&2\nexit 1\n", GRPC_UNKNOWN, "",
			"the vault is locked"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *old = getenv("PATH");
		char config[128], path[128], kept[4096];
		const char *vars[] = {config, path, NULL};
		struct fixture f;
		struct call c;

		snprintf(kept, sizeof(kept), "%s", old ? old : "/usr/bin:/bin");
		fixture_open(&f);
		snprintf(config, sizeof(config), "DOCKER_CONFIG=%s", f.box.root);
		snprintf(path, sizeof(path), "PATH=%s:/usr/bin:/bin", f.box.root);
		setenv("PATH", path + 5, 1);
		f.options.credentials = with_helper(&f, vars, rows[i].script);
		fixture_serve(&f, i % 2);
		ask(&f, &c, "reg.example.com");
		assert_row_int(rows[i].name, c.code, rows[i].code);
		assert_that(
			strstr(c.text, rows[i].text) != NULL, "row '%s': %s", rows[i].name, c.text);
		if (c.code == GRPC_OK)
			expect_credentials(&c, rows[i].user, *rows[i].user ? "s3cret" : "");
		else
			sandbox_logged(&f.box, rows[i].text);
		sandbox_not_logged(&f.box, "s3cret");
		call_release(&c);
		credentials_free(f.options.credentials);
		fixture_close(&f);
		setenv("PATH", kept, 1);
	}
}

/* The call is gone before the helper has an answer: it is ended, and nobody waits for it. */
static void
b_27_a_helper_without_end(void **state)
{
	static const char script[] = "#!/bin/sh\nexec sleep 100000\n";
	char config[128], path[128], kept[4096];
	const char *old = getenv("PATH");
	const char *vars[] = {config, path, NULL};
	Pb__CredentialsRequest r = PB__CREDENTIALS_REQUEST__INIT;
	uint8_t packed[256];
	struct call c = {0}, health;
	struct fixture f;

	(void)state;
	interrupt_install();
	snprintf(kept, sizeof(kept), "%s", old ? old : "/usr/bin:/bin");
	fixture_open(&f);
	snprintf(config, sizeof(config), "DOCKER_CONFIG=%s", f.box.root);
	snprintf(path, sizeof(path), "PATH=%s:/usr/bin:/bin", f.box.root);
	setenv("PATH", path + 5, 1);
	f.options.credentials = with_helper(&f, vars, script);
	fixture_serve(&f, false);
	c.grpc = grpc_call_start(
		f.grpc, "/moby.filesync.v1.Auth/Credentials", NULL, 0, &call_plain_ops, &c);
	r.host = (char[]){"reg.example.com"};
	grpc_call_send(c.grpc, packed, pb__credentials_request__pack(&r, packed));
	grpc_call_end(c.grpc);
	/* the loop goes on meanwhile */
	call_unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	assert_int_equal(health.code, GRPC_OK);
	assert_false(c.closed);
	grpc_call_cancel(c.grpc);
	call_finish(&f, &c);
	call_release(&health);
	call_unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	assert_int_equal(health.code, GRPC_OK);
	call_release(&c);
	call_release(&health);
	/* and once more, ended with the whole session */
	c = (struct call){0};
	c.grpc = grpc_call_start(
		f.grpc, "/moby.filesync.v1.Auth/Credentials", NULL, 0, &call_plain_ops, &c);
	grpc_call_send(c.grpc, packed, pb__credentials_request__pack(&r, packed));
	call_unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	call_release(&health);
	bk_session_free(f.session);
	f.session = NULL;
	call_finish(&f, &c);
	call_release(&c);
	credentials_free(f.options.credentials);
	fixture_close(&f);
	setenv("PATH", kept, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r_17_credentials_without_a_helper),
		cmocka_unit_test(k_12_nobody_has_credentials),
		cmocka_unit_test(r_18_credentials_from_a_helper),
		cmocka_unit_test(b_27_a_helper_without_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
