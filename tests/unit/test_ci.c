/* ci/ci.h: which provider wins, what git adds, the files of GitHub and TeamCity. The providers'
 * variables are in test_ci_table.c. */
#include "test.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/log.h"
#include "ci/ci.h"
#include "ci/event.h"
#include "ci/properties.h"
#include "ci/refname.h"
#include "ci/vars.h"
#include "tree.h"

#define C1 "1111111111111111111111111111111111111111"
#define C2 "2222222222222222222222222222222222222222"
#define C256 "3333333333333333333333333333333333333333333333333333333333333333"

#define NOWHERE "/proc/self"

/* Keeps the messages at info and above. */
struct kept {
	struct log log;
	char text[4096];
};

static void
keep(struct log *log, enum log_level level, const char *text)
{
	struct kept *k = log->arg;
	size_t len = strlen(k->text);

	if (level >= LOG_INFO)
		snprintf(k->text + len, sizeof(k->text) - len, "%s\n", text);
}

/* One run of detection that has to succeed. */
struct run {
	struct arena a;
	struct kept kept;
	struct ci ci;
};

static void
run_release(struct run *r)
{
	arena_release(&r->a);
}

#define cleanup_run __attribute__((cleanup(run_release)))

static void
detect(struct run *r, const char *row, const char *dir, const char *const *vars)
{
	const struct env env = {vars};
	struct err err = {0};
	int rc;

	arena_release(&r->a);
	memset(r, 0, sizeof(*r));
	r->kept.log = (struct log){.write = keep, .arg = &r->kept};
	rc = ci_detect(&r->a, &env, dir, &r->kept.log, &r->ci, &err);
	assert_row_ok(row, rc, &err);
}

#define VARS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
want_ref(struct test_at at, const struct ci *ci, const char *commit, const char *branch,
	const char *tag)
{
	test_str(at, str_from(ci->commit), commit);
	test_str(at, str_from(ci->branch), branch);
	test_str(at, str_from(ci->tag), tag);
}

/* ---- which provider ---- */

static void
i_01_i_02_providers_and_their_order(void **state)
{
	static const struct {
		const char *row, *want, *title, *env[8];
	} rows[] = {
		{"I-01 azure", "azure", "Azure", {"BUILD_REPOSITORY_NAME=a"}},
		{"I-01 buildkite", "buildkite", "Buildkite", {"BUILDKITE_PIPELINE_SLUG=a"}},
		{"I-01 gitlab", "gitlab", "Gitlab", {"CI_PROJECT_NAME=a"}},
		{"I-01 teamcity", "teamcity", "TeamCity", {"TEAMCITY_PROJECT_NAME=a"}},
		{"I-01 github", "github", "Github", {"GITHUB_SHA=" C1}},
		{"I-01 none", "none", "none", {"HOME=/root"}},
		{"I-02 azure first", "azure", "Azure",
			{"GITHUB_SHA=a", "TEAMCITY_PROJECT_NAME=a", "CI_PROJECT_NAME=a",
				"BUILDKITE_PIPELINE_SLUG=a", "BUILD_REPOSITORY_NAME=a"}},
		{"I-02 buildkite second", "buildkite", "Buildkite",
			{"GITHUB_SHA=a", "TEAMCITY_PROJECT_NAME=a", "CI_PROJECT_NAME=a",
				"BUILDKITE_PIPELINE_SLUG=a"}},
		{"I-02 gitlab third", "gitlab", "Gitlab",
			{"GITHUB_SHA=a", "TEAMCITY_PROJECT_NAME=a", "CI_PROJECT_NAME=a",
				"CI=true"}},
		{"I-02 teamcity fourth", "teamcity", "TeamCity",
			{"GITHUB_SHA=a", "TEAMCITY_PROJECT_NAME=a"}},
		{"a marker beats a stray variable", "github", "Github",
			{"BUILD_REPOSITORY_NAME=a", "CI_PROJECT_NAME=a", "GITHUB_ACTIONS=true"}},
		{"gitlab job under a jenkins host", "gitlab", "Gitlab",
			{"JENKINS_URL=x", "BUILD_ID=1", "GITLAB_CI=true"}},
		{"jenkins needs both", "unknown", "unknown CI", {"JENKINS_URL=x", "CI=1"}},
		{"cloud foundry is not cloudflare", "none", "none", {"CF_INSTANCE_INDEX=0"}},
		{"override", "jenkins", "Jenkins", {"BUILDTOOLS_CI=jenkins", "GITLAB_CI=true"}},
		{"override by none", "none", "none", {"BUILDTOOLS_CI=none", "GITLAB_CI=true"}},
	};
	cleanup_run struct run r = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		detect(&r, rows[i].row, NOWHERE, rows[i].env);
		assert_row_str(rows[i].row, str_from(r.ci.provider), rows[i].want);
		assert_row_str(rows[i].row, str_from(r.ci.title), rows[i].title);
	}
}

static void
unknown_override_is_an_error(void **state)
{
	cleanup_arena struct arena a = {0};
	const struct env env = {VARS("BUILDTOOLS_CI=Gitlab")};
	struct err err = {0};
	struct ci ci;

	(void)state;
	assert_int_equal(ci_detect(&a, &env, NOWHERE, NULL, &ci, &err), -1);
	assert_err(&err, ERR_CONFIG, "BUILDTOOLS_CI names 'Gitlab'");
	assert_true(err.hint[0]);
	assert_int_equal(ci_detect(&a, &env, NOWHERE, NULL, &ci, NULL), -1);
}

/* What the reference understands, in environments made by hand. */
static void
i_03_to_i_07_the_reference_variables(void **state)
{
	static const struct {
		const char *row, *commit, *branch, *tag, *name, *env[8];
	} rows[] = {
		{"I-03 gitlab", C1, "feature/x", NULL, "App",
			{"CI_PROJECT_NAME=App", "CI_COMMIT_SHA=" C1,
				"CI_COMMIT_REF_NAME=feature/x"}},
		{"I-04 github, repository", C1, "main", NULL, "App",
			{"GITHUB_SHA=" C1, "GITHUB_REF=refs/heads/main", "GITHUB_REPOSITORY=o/App",
				"RUNNER_WORKSPACE=/home/runner/work/other"}},
		{"I-04 github, workspace", C1, "main", NULL, "other",
			{"GITHUB_SHA=" C1, "GITHUB_REF=refs/heads/main",
				"RUNNER_WORKSPACE=/home/runner/work/other/"}},
		{"I-04 github, directory", C1, "main", NULL, NULL,
			{"GITHUB_SHA=" C1, "GITHUB_REF=refs/heads/main"}},
		{"I-05 github, branch with slash", C1, "a/b", NULL, NULL,
			{"GITHUB_SHA=" C1, "GITHUB_REF=refs/heads/a/b"}},
		{"I-05 github, tag", C1, NULL, "v1", NULL,
			{"GITHUB_SHA=" C1, "GITHUB_REF=refs/tags/v1"}},
		{"I-05 github, prefix inside a name stays", C1, "x/refs/heads/y", NULL, NULL,
			{"GITHUB_SHA=" C1, "GITHUB_REF=refs/heads/x/refs/heads/y"}},
		{"I-06 gitea workspace", C1, "main", NULL, "app",
			{"GITEA_ACTIONS=true", "GITHUB_SHA=" C1, "GITHUB_REF=refs/heads/main",
				"GITHUB_REPOSITORY=o/app", "RUNNER_WORKSPACE=/workspace/o"}},
		{"I-07 azure, full branch", C1, "feature/main", NULL, "repo",
			{"BUILD_REPOSITORY_NAME=repo", "BUILD_SOURCEVERSION=" C1,
				"BUILD_SOURCEBRANCH=refs/heads/feature/main",
				"BUILD_SOURCEBRANCHNAME=main"}},
		{"I-07 buildkite", C1, "main", NULL, "app",
			{"BUILDKITE_PIPELINE_SLUG=app", "BUILDKITE_COMMIT=" C1,
				"BUILDKITE_BRANCH=main"}},
		{"I-07 teamcity", C1, "main", NULL, "My App",
			{"TEAMCITY_PROJECT_NAME=My App", "BUILD_VCS_NUMBER=" C1,
				"BUILD_VCS_BRANCH=main"}},
		{"I-20 teamcity, full ref", C1, "main", NULL, "App",
			{"TEAMCITY_PROJECT_NAME=App", "BUILD_VCS_NUMBER=" C1,
				"BUILD_VCS_BRANCH=refs/heads/main"}},
		{"SHA-256", C256, "main", NULL, "App",
			{"CI_PROJECT_NAME=App", "CI_COMMIT_SHA=" C256, "CI_COMMIT_BRANCH=main"}},
	};
	cleanup_run struct run r = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		detect(&r, rows[i].row, NOWHERE, rows[i].env);
		want_ref(TEST_AT(rows[i].row), &r.ci, rows[i].commit, rows[i].branch, rows[i].tag);
		assert_row_str(rows[i].row, str_from(r.ci.name), rows[i].name);
	}
}

/* ---- what git adds ---- */

static void
i_10_git_fills_each_gap_on_its_own(void **state)
{
	static const struct {
		const char *row, *commit, *branch, *tag, *source, *env[8];
	} rows[] = {
		{"both given", C1, "feature/x", NULL, "CI_COMMIT_SHA, CI_COMMIT_BRANCH",
			{"GITLAB_CI=1", "CI_COMMIT_SHA=" C1, "CI_COMMIT_BRANCH=feature/x"}},
		{"I-10 commit missing", C2, "feature/x", NULL, "git, CI_COMMIT_BRANCH",
			{"GITLAB_CI=1", "CI_COMMIT_BRANCH=feature/x"}},
		{"I-10 branch missing", C1, "main", NULL, "CI_COMMIT_SHA, git",
			{"GITLAB_CI=1", "CI_COMMIT_SHA=" C1}},
		{"I-10 both missing", C2, "main", NULL, "git", {"GITLAB_CI=1"}},
		{"I-11 no CI", C2, "main", NULL, "git", {"HOME=/"}},
		{"unknown CI", C2, "main", NULL, "git", {"CI=true", "GIT_COMMIT=" C1}},
		{"never in a pull request run", C2, NULL, NULL, "git, CI_MERGE_REQUEST_IID",
			{"GITLAB_CI=1", "CI_MERGE_REQUEST_IID=7"}},
		{"never in a tag run", C2, NULL, "v1", "git, CI_COMMIT_TAG",
			{"GITLAB_CI=1", "CI_COMMIT_TAG=v1"}},
		{"buildkite HEAD", C2, "x", NULL, "git, BUILDKITE_BRANCH",
			{"BUILDKITE=1", "BUILDKITE_COMMIT=HEAD", "BUILDKITE_BRANCH=x"}},
		{"twelve digits of HEAD", C2, "x", NULL, "git, BITBUCKET_BRANCH",
			{"BITBUCKET_COMMIT=222222222222", "BITBUCKET_BRANCH=x"}},
		{"a name is no commit", C2, "x", NULL, "git, GIT_BRANCH",
			{"BUILDTOOLS_CI=jenkins", "GIT_COMMIT=main", "GIT_BRANCH=x"}},
		{"branch that is HEAD", C1, "main", NULL, "BITBUCKET_COMMIT, git",
			{"BITBUCKET_COMMIT=" C1, "BITBUCKET_BRANCH=HEAD"}},
	};
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};
	size_t i;

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/main\n");
	tree_write(&t, ".git/refs/heads/main", C2 "\n");
	tree_mkdir(&t, "sub/dir");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		detect(&r, rows[i].row, tree_path(&t, "sub/dir"), rows[i].env);
		want_ref(TEST_AT(rows[i].row), &r.ci, rows[i].commit, rows[i].branch, rows[i].tag);
		assert_row_str(rows[i].row, str_from(r.ci.source), rows[i].source);
		assert_row_str(rows[i].row, str_from(r.kept.text), "");
	}
	detect(&r, "twelve other digits", t.path,
		VARS("BITBUCKET_COMMIT=111111111111", "BITBUCKET_BRANCH=x"));
	want_ref(TEST_AT("twelve other digits"), &r.ci, C2, "x", NULL);
	assert_non_null(strstr(r.kept.text, "111111111111"));
	detect(&r, "upper-case digits are no commit", t.path,
		VARS("BITBUCKET_COMMIT=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	want_ref(TEST_AT("upper-case digits are no commit"), &r.ci, C2, "main", NULL);
}

static void
i_13_no_commits_or_no_repository(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};

	(void)state;
	detect(&r, "no repository", NOWHERE, VARS("HOME=/"));
	want_ref(TEST_AT("no repository"), &r.ci, NULL, NULL, NULL);
	assert_null(r.ci.source);
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/main\n");
	detect(&r, "no commits", t.path, VARS("HOME=/"));
	want_ref(TEST_AT("no commits"), &r.ci, NULL, NULL, NULL);
}

static void
i_14_i_15_worktree_and_detached_head(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, "repo/.git/HEAD", C1 "\n");
	tree_write(&t, "repo/.git/refs/heads/side", C2 "\n");
	tree_write(&t, "repo/.git/worktrees/wt/HEAD", "ref: refs/heads/side\n");
	tree_write(&t, "repo/.git/worktrees/wt/commondir", "../..\n");
	tree_write(&t, "wt/.git", "gitdir: ../repo/.git/worktrees/wt\n");
	detect(&r, "I-14", tree_path(&t, "wt"), VARS("HOME=/"));
	want_ref(TEST_AT("I-14"), &r.ci, C2, "side", NULL);
	detect(&r, "I-15", tree_path(&t, "repo"), VARS("HOME=/"));
	want_ref(TEST_AT("I-15"), &r.ci, C1, NULL, NULL);
	detect(&r, "I-15 in an unknown CI", tree_path(&t, "repo"), VARS("CI=1"));
	want_ref(TEST_AT("I-15 in an unknown CI"), &r.ci, C1, NULL, NULL);
}

static void
broken_repositories(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};
	struct env env = {VARS("GITLAB_CI=1", "CI_COMMIT_BRANCH=main")};
	struct err err = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/.invalid\n");
	/* all is told: nobody has to know */
	detect(&r, "told", t.path, VARS("GITLAB_CI=1", "CI_COMMIT_SHA=" C1, "CI_COMMIT_BRANCH=x"));
	want_ref(TEST_AT("told"), &r.ci, C1, "x", NULL);
	assert_str(str_from(r.kept.text), "");
	/* the commit is told, the branch is not */
	detect(&r, "half told", t.path, VARS("GITLAB_CI=1", "CI_COMMIT_SHA=" C1));
	want_ref(TEST_AT("half told"), &r.ci, C1, NULL, NULL);
	assert_non_null(strstr(r.kept.text, "reftable"));
	/* the commit is not told */
	assert_int_equal(ci_detect(&r.a, &env, t.path, NULL, &r.ci, &err), -1);
	assert_err(&err, ERR_CONFIG, "reftable");
	assert_non_null(strstr(err.hint, "variables"));
	assert_int_equal(ci_detect(&r.a, &env, t.path, NULL, &r.ci, NULL), -1);
}

static void
repository_from_origin(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", C1 "\n");
	tree_write(&t, ".git/config",
		"[remote \"origin\"]\n\turl = https://u:SECRET@git.example.com/group/app.git\n");
	tree_write(&t, ".git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n");
	detect(&r, "none", t.path, VARS("HOME=/"));
	assert_str(str_from(r.ci.repository), "group/app");
	assert_str(str_from(r.ci.repository_url), "https://git.example.com/group/app.git");
	assert_str(str_from(r.ci.default_branch_hint), "trunk");
	/* the image's name is the directory's then, as in the reference */
	assert_null(r.ci.name);
	assert_null(r.ci.default_branch);
	detect(&r, "told", t.path, VARS("CIRCLECI=1", "CIRCLE_REPOSITORY_URL=/srv/git/x.git"));
	assert_str(str_from(r.ci.repository), "group/app");
}

/* ---- GitHub's event file ---- */

#define GH "GITHUB_ACTIONS=true", "GITHUB_SHA=" C1, "GITHUB_REPOSITORY=o/app"

struct event_row {
	const char *row, *json, *ref, *name;
	bool pull;
	const char *event, *branch, *number, *head, *base, *head_commit, *created;
};

static const struct event_row events[] = {
	{"push",
		"{\"head_commit\":{\"id\":\"" C1 "\",\"timestamp\":\"2026-08-01T12:00:00+02:00\"}}",
		"refs/heads/main", "push", .event = "push", .branch = "main",
		.created = "2026-08-01T12:00:00+02:00"},
	{"push of another commit",
		"{\"head_commit\":{\"id\":\"" C2 "\",\"timestamp\":\"2026-08-01T12:00:00Z\"}}",
		"refs/heads/main", "push", .event = "push", .branch = "main"},
	{"pull_request",
		"{\"number\":7,\"pull_request\":{\"number\":7,\"head\":{\"sha\":\"" C2
		"\",\"ref\":\"main\"},\"base\":{\"ref\":\"main\"}}}",
		"refs/pull/7/merge", "pull_request", .pull = true, .event = "pull_request",
		.branch = "main", .number = "7", .head = "main", .base = "main", .head_commit = C2},
	{"pull_request_target: a fork's main on ours",
		"{\"pull_request\":{\"number\":8,\"head\":{\"sha\":\"" C2
		"\",\"ref\":\"main\"},\"base\":{\"ref\":\"main\"}}}",
		"refs/heads/main", "pull_request_target", .pull = true, .event = "pull_request",
		.branch = "main", .number = "8", .head = "main", .base = "main", .head_commit = C2},
	{"comment on a pull request",
		"{\"issue\":{\"number\":9,\"pull_request\":{\"url\":\"https://x/pulls/9\"}}}",
		"refs/heads/main", "issue_comment", .pull = true, .event = "pull_request",
		.number = "9"},
	{"comment on an issue", "{\"issue\":{\"number\":9}}", "refs/heads/main", "issue_comment",
		.event = "issue_comment", .branch = "main"},
	{"gitea's comment on a pull request", "{\"is_pull\":true,\"issue\":{\"number\":9}}",
		"refs/heads/main", "issue_comment", .pull = true, .event = "pull_request",
		.number = "9"},
	{"after a pull request's run",
		"{\"workflow_run\":{\"event\":\"pull_request\",\"head_branch\":\"fix\","
		"\"head_sha\":\"" C2 "\",\"pull_requests\":[{\"number\":4}]}}",
		"refs/heads/main", "workflow_run", .pull = true, .event = "pull_request",
		.branch = "fix", .number = "4", .head = "fix", .head_commit = C2},
	{"after a fork's run",
		"{\"workflow_run\":{\"event\":\"pull_request\",\"head_branch\":\"main\","
		"\"pull_requests\":[]}}",
		"refs/heads/main", "workflow_run", .pull = true, .event = "pull_request",
		.branch = "main", .head = "main"},
	{"after a push's run",
		"{\"workflow_run\":{\"event\":\"push\",\"head_branch\":\"main\","
		"\"pull_requests\":[{\"number\":4}]}}",
		"refs/heads/main", "workflow_run", .event = "trigger", .branch = "main"},
	{"merge queue",
		"{\"merge_group\":{\"head_sha\":\"" C1 "\",\"base_ref\":\"refs/heads/main\"}}",
		"refs/heads/gh-readonly-queue/main/pr-5-" C2, "merge_group", .pull = true,
		.event = "merge_group", .branch = "gh-readonly-queue/main/pr-5-" C2, .number = "5",
		.base = "main"},
	{"odd types",
		"{\"pull_request\":[],\"repository\":7,\"issue\":{\"pull_request\":true},"
		"\"workflow_run\":null}",
		"refs/heads/main", "push", .event = "push", .branch = "main"},
};

static void
github_event_file(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};
	char path[128], ref[128], name[64];
	size_t i;

	(void)state;
	tree_init(&t);
	snprintf(path, sizeof(path), "GITHUB_EVENT_PATH=%s/event.json", t.path);
	for (i = 0; i < ARRAY_LEN(events); i++) {
		const struct event_row *w = &events[i];

		snprintf(ref, sizeof(ref), "GITHUB_REF=%s", w->ref);
		snprintf(name, sizeof(name), "GITHUB_EVENT_NAME=%s", w->name);
		tree_write(&t, "event.json", "%s", w->json);
		detect(&r, w->row, NOWHERE, VARS(GH, path, ref, name));
		want_ref(TEST_AT(w->row), &r.ci, C1, w->branch, NULL);
		assert_row_str(w->row, str_from(r.ci.event), w->event);
		assert_row_str(w->row, str_from(r.ci.created), w->created);
		assert_row_int(w->row, r.ci.pull != NULL, w->pull);
		if (!r.ci.pull)
			continue;
		assert_row_str(w->row, str_from(r.ci.pull->number), w->number);
		assert_row_str(w->row, str_from(r.ci.pull->head), w->head);
		assert_row_str(w->row, str_from(r.ci.pull->base), w->base);
		assert_row_str(w->row, str_from(r.ci.pull->head_commit), w->head_commit);
	}
	tree_write(&t, "event.json", "{\"repository\":{\"default_branch\":\"develop\"}}");
	detect(&r, "default branch", NOWHERE, VARS(GH, path, "GITHUB_REF=refs/heads/x"));
	assert_str(str_from(r.ci.default_branch), "develop");
}

static void
github_event_file_unusable(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};
	char path[128];

	(void)state;
	tree_init(&t);
	snprintf(path, sizeof(path), "GITHUB_EVENT_PATH=%s/event.json", t.path);
	detect(&r, "missing", NOWHERE, VARS(GH, path, "GITHUB_REF=refs/heads/x"));
	want_ref(TEST_AT("missing"), &r.ci, C1, "x", NULL);
	assert_non_null(strstr(r.kept.text, "GITHUB_EVENT_PATH"));
	tree_write(&t, "event.json", "{\"number\":");
	detect(&r, "cut off", NOWHERE, VARS(GH, path, "GITHUB_REF=refs/heads/x"));
	want_ref(TEST_AT("cut off"), &r.ci, C1, "x", NULL);
	assert_non_null(strstr(r.kept.text, "GITHUB_EVENT_PATH"));
	assert_int_equal(truncate(tree_path(&t, "event.json"), 9 * 1024 * 1024), 0);
	detect(&r, "too large", NOWHERE, VARS(GH, path, "GITHUB_REF=refs/heads/x"));
	want_ref(TEST_AT("too large"), &r.ci, C1, "x", NULL);
	assert_non_null(strstr(r.kept.text, "larger"));
}

/* ---- TeamCity's files ---- */

struct teamcity_row {
	const char *row, *text, *branch, *tag;
	bool pull;
	const char *number, *head, *base, *default_branch;
};

static const struct teamcity_row parameters[] = {
	{"branch", "teamcity.build.branch=feature/x\n", .branch = "feature/x"},
	{"full ref", "teamcity.build.branch=refs/heads/feature/x\n", .branch = "feature/x"},
	{"default", "teamcity.build.branch=<default>\nvcsroot.branch=refs/heads/trunk\n", "trunk",
		.default_branch = "trunk"},
	{"no branches configured", "vcsroot.branch=refs/heads/trunk\n", "trunk",
		.default_branch = "trunk"},
	{"said to be the default",
		"teamcity.build.branch=develop\nteamcity.build.branch.is_default=true\n", "develop",
		.default_branch = "develop"},
	{"not the default",
		"teamcity.build.branch=x\nteamcity.build.branch.is_default=false\n"
		"vcsroot.branch=refs/heads/trunk\n",
		"x", .default_branch = "trunk"},
	{"the root's ref says more",
		"teamcity.build.branch=7\nteamcity.build.vcs.branch.Root_1=refs/pull/7/merge\n",
		.pull = true, .number = "7"},
	{"several roots",
		"teamcity.build.branch=x\nteamcity.build.vcs.branch.A=refs/heads/a\n"
		"teamcity.build.vcs.branch.B=refs/heads/b\n",
		.branch = "x"},
	{"pull request",
		"teamcity.build.branch=pull/7\nteamcity.pullRequest.number=7\n"
		"teamcity.pullRequest.source.branch=fix\n"
		"teamcity.pullRequest.target.branch=refs/heads/main\n"
		"vcsroot.branch=refs/heads/main\n",
		"fix", .pull = true, .number = "7", .head = "fix", .base = "main",
		.default_branch = "main"},
	{"pull request, number only", "teamcity.pullRequest.number=7\nteamcity.build.branch=main\n",
		.pull = true, .number = "7"},
	{"tag", "teamcity.build.branch=refs/tags/v1\n", .tag = "v1"},
};

static void
i_20_teamcity_parameters(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_run struct run r = {0};
	char path[128];
	size_t i;

	(void)state;
	tree_init(&t);
	snprintf(path, sizeof(path), "TEAMCITY_BUILD_PROPERTIES_FILE=%s/build", t.path);
	tree_write(&t, "build",
		"#system\nbuild.vcs.number=" C1
		"\nteamcity.configuration.properties.file=%s/config\n",
		t.path);
	for (i = 0; i < ARRAY_LEN(parameters); i++) {
		const struct teamcity_row *w = &parameters[i];

		tree_write(&t, "config", "%svcsroot.url=https\\://git.example.com/g/app.git\n",
			w->text);
		detect(&r, w->row, NOWHERE, VARS("TEAMCITY_VERSION=1", path));
		want_ref(TEST_AT(w->row), &r.ci, C1, w->branch, w->tag);
		assert_row_str(w->row, str_from(r.ci.repository), "g/app");
		assert_row_str(w->row, str_from(r.ci.default_branch), w->default_branch);
		assert_row_int(w->row, r.ci.pull != NULL, w->pull);
		if (!r.ci.pull)
			continue;
		assert_row_str(w->row, str_from(r.ci.pull->number), w->number);
		assert_row_str(w->row, str_from(r.ci.pull->head), w->head);
		assert_row_str(w->row, str_from(r.ci.pull->base), w->base);
	}
	/* in a wrapper container the second file may be out of reach */
	assert_int_equal(unlink(tree_path(&t, "config")), 0);
	detect(&r, "out of reach", NOWHERE, VARS("TEAMCITY_VERSION=1", path));
	want_ref(TEST_AT("out of reach"), &r.ci, C1, NULL, NULL);
	assert_non_null(strstr(r.kept.text, "config"));
}

/* ---- small parts ---- */

static void
created(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{"2026-08-01T12:00:00Z", true},
		{"2026-08-01T12:00:00+02:00", true},
		{"2026-08-01T12:00:00.1234567-11:30", true},
		{"2026-08-01T12:00:00.0000000Z", true},
		{"2026-08-01T12:00:00", false},
		{"2026-08-01T12:00:00.Z", false},
		{"2026-08-01T12:00:00.+01:00", false},
		{"2026-08-01 12:00:00Z", false},
		{"2026-08-01T12:00:00+0200", false},
		{"2026-08-01T12:00:00Zx", false},
		{"1785578400", false},
		{"x", false},
	};
	cleanup_run struct run r = {0};
	char var[128];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(var, sizeof(var), "CI_COMMIT_TIMESTAMP=%s", rows[i].text);
		detect(&r, rows[i].text, NOWHERE, VARS("GITLAB_CI=1", "CI_COMMIT_SHA=" C1, var));
		assert_row_str(
			rows[i].text, str_from(r.ci.created), rows[i].good ? rows[i].text : NULL);
	}
}

static void
ref_names(void **state)
{
	static const struct {
		const char *text;
		enum refname_kind kind;
		const char *want; /* name, or number */
	} rows[] = {
		{"main", REFNAME_BRANCH, "main"},
		{"refs/heads/a/b", REFNAME_BRANCH, "a/b"},
		{"refs/remotes/origin/a", REFNAME_BRANCH, "a"},
		{"origin/a", REFNAME_BRANCH, "origin/a"},
		{"7", REFNAME_BRANCH, "7"},
		{"pull/x", REFNAME_BRANCH, "pull/x"},
		{"PR-x", REFNAME_BRANCH, "PR-x"},
		{"feature/7/merge", REFNAME_BRANCH, "feature/7/merge"},
		{"gh-readonly-queue/x", REFNAME_BRANCH, "gh-readonly-queue/x"},
		{"refs/tags/v1", REFNAME_TAG, "v1"},
		{"refs/tags/7/merge", REFNAME_TAG, "7/merge"},
		{"refs/pull/7/merge", REFNAME_PULL, "7"},
		{"refs/pull/7/head", REFNAME_PULL, "7"},
		{"refs/remotes/pull/7/merge", REFNAME_PULL, "7"},
		{"pull/7", REFNAME_PULL, "7"},
		{"pr/7", REFNAME_PULL, "7"},
		{"7/merge", REFNAME_PULL, "7"},
		{"PR-7", REFNAME_PULL, "7"},
		{"MR-7", REFNAME_PULL, "7"},
		{"refs/merge-requests/7/head", REFNAME_PULL, "7"},
		{"refs/pull-requests/7/from", REFNAME_PULL, "7"},
		{"gh-readonly-queue/a/b/pr-7-" C1, REFNAME_QUEUE, "gh-readonly-queue/a/b/pr-7-" C1},
		{"HEAD", REFNAME_NONE, NULL},
		{"", REFNAME_NONE, NULL},
		{"refs/heads/", REFNAME_NONE, NULL},
		{"refs/tags/", REFNAME_NONE, NULL},
		{"refs/notes/x", REFNAME_NONE, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct refname ref = refname_parse(&a, rows[i].text);

		assert_row_int(rows[i].text, ref.kind, rows[i].kind);
		if (ref.kind != REFNAME_NONE)
			assert_row_str(rows[i].text,
				str_from(ref.kind == REFNAME_PULL ? ref.number : ref.name),
				rows[i].want);
	}
}

static void
pull_numbers(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"7", "7"},
		{"pull/7", "7"},
		{"refs/pull/7/merge", "7"},
		{"https://github.com/o/r2/pull/70", "70"},
		{"PR-7", "7"},
		{"g/app!7", "7"},
		{"true", NULL},
		{"feature2", NULL},
		{"", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};

		assert_row_str(
			rows[i].text, str_from(refname_number(&a, rows[i].text)), rows[i].want);
	}
}

static void
properties(void **state)
{
	static const char text[] = "# comment \\\n! another\n\n"
				   "a=1\n  b : 2 \nc 3\nd\\ e=x\\=y\nf\\:g=\\u00e9\\ud83d\\ude00\n"
				   "h=one \\\n   two\\\r\n\tthree\ni=back\\\\\nj\nk=\\q\\t\\n\n"
				   "l=\\ud83d.\nm=\\u00\na=last\rn=\\u0000\no=end\\";
	static const struct {
		const char *key, *want;
	} rows[] = {
		{"a", "last"},
		{"b", "2 "},
		{"c", "3"},
		{"d e", "x=y"},
		{"f:g", "\xc3\xa9\xf0\x9f\x98\x80"},
		{"h", "one twothree"},
		{"i", "back\\"},
		{"j", ""},
		{"k", "q\t\n"},
		{"l", "\xef\xbf\xbd."},
		{"m", "\xef\xbf\xbd"
		      "00"},
		{"n", "\xef\xbf\xbd"},
		{"o", "end"},
	};
	cleanup_arena struct arena a = {0};
	struct properties p = {0};
	char *copy = test_guard_alloc(text, sizeof(text) - 1);
	size_t i;

	(void)state;
	properties_parse(&p, &a, str_n(copy, sizeof(text) - 1));
	test_guard_free(copy, sizeof(text) - 1);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_row_int(rows[i].key, properties_get(&p, rows[i].key) != NULL, true);
		assert_row_str(
			rows[i].key, str_from(properties_get(&p, rows[i].key)), rows[i].want);
	}
	assert_null(properties_get(&p, "# comment"));
	assert_int_equal(p.n, ARRAY_LEN(rows) + 1);
}

static void
alternatives(void **state)
{
	static const struct {
		const char *text, *want, *name;
	} rows[] = {
		{"A", "one", "A"},
		{"MISSING EMPTY A", "one", "A"},
		{"PATH_/", "last", "PATH_"},
		{"PATH_~/x/", "y/last/", "PATH_"},
		{"PATH_~x A", "one", "A"},
		{"A!one B", "two", "B"},
		{"ONLY_*", "here", "ONLY_1"},
		{"TWO_* A", "one", "A"},
		{"${A}-${B}!", "one-two!", "B"},
		{"${A}/${MISSING} B", "two", "B"},
		{"A->yes", "yes", "A"},
		{"A=ONE->${B}", "two", "B"},
		{"A=two->${B} A", "one", "A"},
		{"A=${SAME}->yes", "yes", "A"},
		{"A=${B}->yes", NULL, NULL},
		{"A+B=two->yes", "yes", "A"},
		{"FALSE->yes A+FALSE->yes", NULL, NULL},
		{"MISSING", NULL, NULL},
		{"event.x file.x", NULL, NULL},
		{"", NULL, NULL},
	};
	const struct env env = {VARS("A=one", "B=two", "SAME=one", "EMPTY=", "FALSE=False",
		"PATH_=/x/y/last/", "ONLY_1=here", "TWO_1=a", "TWO_2=b", "ONLY_2=", "broken")};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		const struct vars vars = {.a = &a, .env = &env};
		struct str rest = str_from(rows[i].text);
		struct var var;
		bool found = vars_next(&vars, &rest, &var);

		assert_row_int(rows[i].text, found, rows[i].want != NULL);
		if (!found)
			continue;
		assert_row_str(rows[i].text, str_from(var.value), rows[i].want);
		assert_row_str(rows[i].text, str_from(var.name), rows[i].name);
	}
}

static void
event_words(void **state)
{
	(void)state;
	assert_str(str_from(event_word("IndividualCI")), "push");
	assert_str(str_from(event_word("individualci")), "push");
	assert_str(str_from(event_word("odd")), "odd");
	assert_null(event_word(NULL));
	assert_true(event_is_pull("merge_group"));
	assert_false(event_is_pull("push"));
	assert_false(event_is_pull(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i_01_i_02_providers_and_their_order),
		cmocka_unit_test(unknown_override_is_an_error),
		cmocka_unit_test(i_03_to_i_07_the_reference_variables),
		cmocka_unit_test(i_10_git_fills_each_gap_on_its_own),
		cmocka_unit_test(i_13_no_commits_or_no_repository),
		cmocka_unit_test(i_14_i_15_worktree_and_detached_head),
		cmocka_unit_test(broken_repositories),
		cmocka_unit_test(repository_from_origin),
		cmocka_unit_test(github_event_file),
		cmocka_unit_test(github_event_file_unusable),
		cmocka_unit_test(i_20_teamcity_parameters),
		cmocka_unit_test(created),
		cmocka_unit_test(ref_names),
		cmocka_unit_test(pull_numbers),
		cmocka_unit_test(properties),
		cmocka_unit_test(alternatives),
		cmocka_unit_test(event_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
