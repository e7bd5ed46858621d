/* ci/: what each provider's variables mean, for pushes, pull requests and tags. */
#include "test.h"

#include "base/arena.h"
#include "base/env.h"
#include "ci/ci.h"
#include "ci/providers.h"

#define C1 "1111111111111111111111111111111111111111"
#define C2 "2222222222222222222222222222222222222222"
#define SHORT "111111111111"

/* No git repository can be found from here upwards. */
#define NOWHERE "/proc/self"

/* Every field of the first block must be equal, so NULL means unknown; the second one is checked
 * where given. */
struct row {
	const char *row, *provider;
	const char *event, *commit, *branch, *tag;
	bool pull;
	const char *number, *head, *base, *head_commit, *default_branch;
	const char *repository, *url, *job, *name, *actor;
	const char *env[24];
};

static const struct row rows[] = {
#define AT(n, who) .row = (n), .provider = (who)
#define PUSH .event = "push", .commit = C1, .branch = "feature/x"
#define ON_BRANCH .commit = C1, .branch = "feature/x"
#define TAG .event = "tag", .commit = C1, .tag = "v1.0"
#define PULL .event = "pull_request", .commit = C1, .pull = true, .branch = "fix", .head = "fix"
#include "ci_rows.inc"
};

static void
check(const struct row *w)
{
	cleanup_arena struct arena a = {0};
	const struct env env = {w->env};
	struct err err = {0};
	struct ci ci;
	int rc = ci_detect(&a, &env, NOWHERE, NULL, &ci, &err);

	assert_row_ok(w->row, rc, &err);
	assert_row_str(w->row, str_from(ci.provider), w->provider);
	assert_row_str(w->row, str_from(ci.event), w->event);
	assert_row_str(w->row, str_from(ci.commit), w->commit);
	assert_row_str(w->row, str_from(ci.branch), w->branch);
	assert_row_str(w->row, str_from(ci.tag), w->tag);
	assert_row_str(w->row, str_from(ci.default_branch), w->default_branch);
	assert_row_int(w->row, ci.pull != NULL, w->pull);
	if (ci.pull) {
		assert_row_str(w->row, str_from(ci.pull->number), w->number);
		assert_row_str(w->row, str_from(ci.pull->head), w->head);
		assert_row_str(w->row, str_from(ci.pull->base), w->base);
		assert_row_str(w->row, str_from(ci.pull->head_commit), w->head_commit);
	}
	if (w->repository)
		assert_row_str(w->row, str_from(ci.repository), w->repository);
	if (w->url)
		assert_row_str(w->row, str_from(ci.repository_url), w->url);
	if (w->job)
		assert_row_str(w->row, str_from(ci.job_url), w->job);
	if (w->name)
		assert_row_str(w->row, str_from(ci.name), w->name);
	if (w->actor)
		assert_row_str(w->row, str_from(ci.actor), w->actor);
	assert_row_int(w->row, ci.commit_source != NULL, ci.commit != NULL);
	assert_row_int(w->row, ci.title != NULL, true);
}

static void
i_01_every_provider(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i]);
}

/* No provider of the table is left without a row; the site builders and their like have one or
 * more. */
static void
every_provider_has_rows(void **state)
{
	const struct provider *p;
	size_t i, k, n;

	(void)state;
	for (i = 0; (p = provider_at(i)) != NULL; i++) {
		for (k = n = 0; k < ARRAY_LEN(rows); k++)
			n += strcmp(rows[k].provider, p->id) == 0;
		assert_that(n > 0, "no row for provider '%s'", p->id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i_01_every_provider),
		cmocka_unit_test(every_provider_has_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
