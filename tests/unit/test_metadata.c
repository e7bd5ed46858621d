/* cmd/metadata: values of a Buildkite build. */
#include "test.h"

#include "cloud_peer.h"

#include "base/err.h"
#include "cmd/metadata.h"

#define JOB "0190046e-e199-453b-a302-a21a4d649d31"
#define AT "/jobs/" JOB "/data/set"

static int
setup(void **state)
{
	struct cloud_peer *p = calloc(1, sizeof(*p));

	cloud_peer_open(p);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	cloud_peer_close(*state);
	free(*state);
	return 0;
}

static void
only_jobs_with_a_token(void **state)
{
	static const struct {
		const char *name, *vars[3];
		bool want;
	} rows[] = {
		{"nothing", {NULL}, false},
		{"no token", {"BUILDKITE_JOB_ID=" JOB}, false},
		{"no job", {"BUILDKITE_AGENT_ACCESS_TOKEN=t"}, false},
		{"both", {"BUILDKITE_JOB_ID=" JOB, "BUILDKITE_AGENT_ACCESS_TOKEN=t"}, true},
		{"an id that leads elsewhere",
			{"BUILDKITE_JOB_ID=../a?", "BUILDKITE_AGENT_ACCESS_TOKEN=t"}, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(rows[i].name,
			metadata_is_there(&(struct env){(const char **)(uintptr_t)rows[i].vars}),
			rows[i].want);
}

static void
a_value_is_set(void **state)
{
	static const struct peer_answer answers[] = {
		{"POST https://agent.buildkite.com/v3" AT, 200, "", NULL, NULL},
		{"POST https://agents.example.com/v3" AT, 204, "", NULL, NULL}, {0}};
	struct cloud_peer *p = *state;
	struct err err = {0};

	cloud_peer_var(p, "BUILDKITE_JOB_ID=" JOB);
	cloud_peer_var(p, "BUILDKITE_AGENT_ACCESS_TOKEN=s3cret");
	cloud_peer_script(p, answers);
	assert_ok(metadata_set(&p->https, &p->env, "TAGS", "a:\"b\",c", &err), &err);
	assert_string_equal(p->requests[0].body, "{\"key\":\"TAGS\",\"value\":\"a:\\\"b\\\",c\"}");
	assert_string_equal(cloud_peer_field(p, 0, "Authorization"), "Token s3cret");

	cloud_peer_var(p, "BUILDKITE_AGENT_ENDPOINT=https://agents.example.com/v3/");
	assert_ok(metadata_set(&p->https, &p->env, "IMAGE", "r/x", &err), &err);
}

static void
a_refusal_has_the_words_of_the_api(void **state)
{
	static const struct peer_answer answers[] = {
		{"POST https://agent.buildkite.com/v3" AT, 401,
			"{\"message\": \"Invalid access token\"}", NULL, NULL},
		{"POST https://agent.buildkite.com/v3" AT, 500, "<html>", NULL, NULL},
		{"POST https://agent.buildkite.com/v3" AT, 0, "", NULL, NULL}, {0}};
	static const char *const want[] = {"status 401: Invalid access token", "status 500", ""};
	struct cloud_peer *p = *state;
	size_t i;

	cloud_peer_var(p, "BUILDKITE_JOB_ID=" JOB);
	cloud_peer_var(p, "BUILDKITE_AGENT_ACCESS_TOKEN=s3cret");
	cloud_peer_script(p, answers);
	for (i = 0; i < ARRAY_LEN(want); i++) {
		struct err err = {0};

		assert_int_equal(metadata_set(&p->https, &p->env, "IMAGE", "r/x", &err), -1);
		assert_that(strstr(err.msg, want[i]) != NULL, "%s", err.msg);
		assert_null(strstr(err.msg, "s3cret"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_jobs_with_a_token),
		cmocka_unit_test_setup_teardown(a_value_is_set, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_refusal_has_the_words_of_the_api, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
