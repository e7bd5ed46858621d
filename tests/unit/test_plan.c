/*
 * From environment, configuration, git and Dockerfile to the plan and the requests that carry it
 * out. What is expected are parts of the JSON, and of one line per request.
 */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/jval.h"
#include "cmd/cmd.h"
#include "cmd/extras.h"
#include "cmd/options.h"
#include "cmd/plan.h"
#include "cmd/solves.h"
#include "sandbox.h"
#include "tree.h"

#define C1 "1111111111111111111111111111111111111111"
#define SHA "2222222222222222222222222222222222222222"

#define SIMPLE "FROM scratch\nCOPY . /\n"
#define STAGES \
	"FROM golang AS Build\nRUN x\nFROM build AS test\nRUN y\nFROM test AS export-report\n" \
	"FROM scratch\nCOPY --from=build /x /x\n"

#define GITLAB \
	"GITLAB_CI=true", "CI_COMMIT_SHA=" SHA, "CI_COMMIT_REF_NAME=feature1", \
		"CI_PROJECT_NAME=Project", "CI_REGISTRY=reg.example.com", \
		"CI_REGISTRY_IMAGE=reg.example.com/group/project", "CI_JOB_TOKEN=t0ken"

enum { VARS_MAX = 12, ARGS_MAX = 8, PARTS_MAX = 8 };

struct row {
	const char *name;
	const char *branch; /* of the checkout; NULL: no repository, "": detached */
	const char *config, *dockerfile;
	const char *vars[VARS_MAX];
	const char *args[ARGS_MAX]; /* of the command line */
	const char
		*json[PARTS_MAX]; /* what the plan holds; with a '!' in front: what it does not */
	const char *solves[PARTS_MAX];
};

struct fixture {
	struct sandbox box;
	struct tree tree;
	struct arena arena;
	const char *vars[VARS_MAX + 1];
	struct cmd_context ctx;
	char path[128];
	char *argv[ARGS_MAX + 3];
	struct build_options options;
	struct plan plan;
	enum plan_step reached;
	struct err err;
};

static int
decide(struct fixture *f, const struct row *r)
{
	const struct build_options *o = &f->options;
	struct plan_request req;
	int argc = 0, i;

	*f = (struct fixture){0};
	sandbox_open(&f->box);
	tree_init(&f->tree);
	tree_mkdir(&f->tree, "App");
	if (r->branch && *r->branch) {
		char ref[128];

		tree_write(&f->tree, "App/.git/HEAD", "ref: refs/heads/%s\n", r->branch);
		snprintf(ref, sizeof(ref), "App/.git/refs/heads/%s", r->branch);
		tree_write(&f->tree, ref, C1 "\n");
	} else if (r->branch) {
		tree_write(&f->tree, "App/.git/HEAD", C1 "\n");
	}
	if (r->branch) {
		tree_mkdir(&f->tree, "App/.git/objects");
		tree_mkdir(&f->tree, "App/.git/refs");
	}
	if (r->config)
		tree_write(&f->tree, "App/.buildtools.yaml", "%s", r->config);
	if (r->dockerfile)
		tree_write(&f->tree, "App/Dockerfile", "%s", r->dockerfile);
	for (i = 0; i < VARS_MAX && r->vars[i]; i++)
		f->vars[i] = r->vars[i];
	snprintf(f->path, sizeof(f->path), "%s", tree_path(&f->tree, "App"));
	f->argv[argc++] = (char[]){"build"};
	for (i = 0; i < ARGS_MAX && r->args[i]; i++)
		f->argv[argc++] = (char *)(uintptr_t)r->args[i];
	f->argv[argc++] = f->path;
	f->ctx = (struct cmd_context){.env = {f->vars}, .cwd = f->tree.path, .log = &f->box.log};
	if (build_options_parse(&f->options, argc, f->argv, &f->arena, &f->err))
		return -1;
	req = (struct plan_request){.path = o->common.path,
		.file = o->common.file,
		.platform = o->platform,
		.builder = o->builder,
		.target = o->target,
		.no_stages = o->no_stages,
		.build_args = &o->build_args,
		.labels = &o->labels,
		.tags = &o->tags,
		.cache_from = &o->cache_from,
		.cache_to = &o->cache_to,
		.missing_ci = "nothing is known"};
	return plan_make(&f->arena, &f->ctx, &req, &f->plan, &f->reached, &f->err);
}

static void
release(struct fixture *f)
{
	plan_release(&f->plan);
	tree_release(&f->tree);
	sandbox_close(&f->box);
	arena_release(&f->arena);
}

static void
add_entries(struct buf *out, const char *what, const struct bk_entries *l)
{
	size_t i, k;

	buf_addf(out, " %s[", what);
	for (i = 0; i < l->n; i++) {
		buf_addf(out, "%s%s", i ? " " : "", l->items[i].type);
		for (k = 0; k < l->items[i].attrs.n; k++)
			buf_addf(out, "%c%s=%s", k ? ';' : ':', l->items[i].attrs.items[k].key,
				l->items[i].attrs.items[k].value);
	}
	buf_putc(out, ']');
}

/* One line per request. */
static void
describe(struct fixture *f, struct buf *out)
{
	struct extras none = {0};
	size_t i, k;

	for (i = 0; i <= f->plan.nstages; i++) {
		struct planned_solve s;

		assert_ok(solve_plan(&f->arena, &f->plan, &f->options, &none, i, &s, &f->err),
			&f->err);
		buf_addf(out, "%s {", s.title);
		for (k = 0; k < s.solve.attrs.n; k++)
			buf_addf(out, "%s%s=%s", k ? ";" : "", s.solve.attrs.items[k].key,
				s.solve.attrs.items[k].value);
		buf_puts(out, "}");
		add_entries(out, "exporters", &s.solve.exporters);
		add_entries(out, "imports", &s.solve.cache_imports);
		add_entries(out, "exports", &s.solve.cache_exports);
		for (k = 0; k < s.solve.nentitlements; k++)
			buf_addf(out, " allow=%s", s.solve.entitlements[k]);
		buf_putc(out, '\n');
	}
}

/* The JSON without blanks between its parts. */
static void
compact(struct fixture *f, struct buf *out)
{
	cleanup_buf struct buf text = {0};
	struct jval *v;

	plan_json(&text, &f->plan);
	v = jval_parse(buf_view(&text), &f->err);
	assert_that(v != NULL, "%s", f->err.msg);
	jval_write(out, v, 0);
	jval_free(v);
}

static void
expect_parts(const char *row, const char *text, const char *const *parts)
{
	size_t i;

	for (i = 0; i < PARTS_MAX && parts[i]; i++) {
		bool absent = parts[i][0] == '!';

		assert_that((strstr(text, parts[i] + absent) != NULL) != absent,
			"row '%s': %s '%s' in\n%s", row, absent ? "there is" : "there is no",
			parts[i] + absent, text);
	}
}

static void
run(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		cleanup_buf struct buf json = {0}, solves = {0};
		struct fixture f;
		int rc = decide(&f, &rows[i]);

		assert_row_ok(rows[i].name, rc, &f.err);
		compact(&f, &json);
		describe(&f, &solves);
		expect_parts(rows[i].name, buf_cstr(&json), rows[i].json);
		expect_parts(rows[i].name, buf_cstr(&solves), rows[i].solves);
		release(&f);
	}
}

#define RUN(rows) run(rows, sizeof(rows) / sizeof((rows)[0]))

/* ---- names and tags ------------------------------------------------------- */

static void
b_11_12_i_08_09_f_22_names_and_tags(void **state)
{
	static const struct row rows[] = {
		{.name = "I-08 the folder's name in small letters",
			.branch = "topic",
			.dockerfile = SIMPLE,
			.json = {"\"image\":\"noregistry/app\"", "\"commit\":\"" C1 "\"",
				"\"branch\":\"topic\"",
				"\"tags\":[\"noregistry/app:" C1 "\",\"noregistry/app:topic\"]",
				"\"kind\":\"none\"", "\"provider\":\"none\""},
			.solves = {"image {filename=Dockerfile;",
				"exporters[moby:name=docker.io/noregistry/app:" C1
				",docker.io/noregistry/app:topic]"}},
		{.name = "B-11 latest on main",
			.branch = "main",
			.dockerfile = SIMPLE,
			.json = {"\"tags\":[\"noregistry/app:" C1 "\",\"noregistry/app:main\","
				 "\"noregistry/app:latest\"]"}},
		{.name = "B-11 latest on master",
			.branch = "master",
			.dockerfile = SIMPLE,
			.json = {":master\",\"noregistry/app:latest\"]"}},
		{.name = "B-11 no latest elsewhere",
			.branch = "mainly",
			.dockerfile = SIMPLE,
			.json = {"noregistry/app:mainly\"]", "!latest\"]"}},
		{.name = "B-12 GitLab",
			.branch = "other",
			.dockerfile = SIMPLE,
			.vars = {GITLAB},
			.json = {"\"image\":\"reg.example.com/group/project\"",
				"\"tags\":[\"reg.example.com/group/project:" SHA
				"\",\"reg.example.com/group/project:feature1\"]",
				"\"credentials\":\"CI_JOB_TOKEN\"", "!t0ken",
				"\"provider\":\"gitlab\""}},
		{.name = "I-09 IMAGE_NAME",
			.branch = "topic",
			.dockerfile = SIMPLE,
			.vars = {"IMAGE_NAME=Some/Name"},
			.json = {"\"image\":\"noregistry/some/name\""}},
		{.name = "F-22 IMAGE_NAME in GitLab",
			.dockerfile = SIMPLE,
			.vars = {GITLAB, "IMAGE_NAME=Foo"},
			.json = {"\"image\":\"reg.example.com/group/project/foo\""}},
		{.name = "F-22 below the project already",
			.dockerfile = SIMPLE,
			.vars = {GITLAB, "IMAGE_NAME=project/foo"},
			.json = {"\"image\":\"reg.example.com/group/project/foo\""}},
		{.name = "F-22 the project itself",
			.dockerfile = SIMPLE,
			.vars = {GITLAB, "IMAGE_NAME=project"},
			.json = {"\"image\":\"reg.example.com/group/project\""}},
		{.name = "I-15 a detached checkout",
			.branch = "",
			.dockerfile = SIMPLE,
			.json = {"\"branch\":null", "\"tags\":[\"noregistry/app:" C1 "\"]",
				"!CI_BRANCH", "\"CI_COMMIT\":\"" C1 "\""}},
		{.name = "more names",
			.branch = "topic",
			.dockerfile = SIMPLE,
			.args = {"-t", "reg.example.com/x:1", "--tag", "noregistry/app:topic", "-t",
				"reg.example.com/y"},
			.json = {"noregistry/app:topic\",\"reg.example.com/x:1\",\"reg.example.com/y\"]"},
			.solves =
				{"noregistry/app:topic,reg.example.com/x:1,reg.example.com/y:latest]"}},
		{.name = "a merge request",
			.branch = "x",
			.dockerfile = SIMPLE,
			.vars = {GITLAB, "CI_MERGE_REQUEST_IID=7",
				"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=main",
				"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
				"CI_PIPELINE_SOURCE=merge_request_event"},
			.json = {"\"tags\":[\"reg.example.com/group/project:" SHA
				 "\",\"reg.example.com/group/project:mr-7\"]",
				"\"number\":\"7\""}},
		{.name = "a git tag",
			.dockerfile = SIMPLE,
			.vars = {GITLAB, "CI_COMMIT_TAG=v1.2"},
			.json = {"project:v1.2\"]", "\"tag\":\"v1.2\"", "\"branch\":null",
				"\"CI_TAG\":\"v1.2\""}},
		{.name = "rules",
			.branch = "main",
			.dockerfile = SIMPLE,
			.config = "tags:\n  - type=raw,value=fixed\n",
			.json = {"\"tags\":[\"noregistry/app:fixed\"]"}},
	};

	(void)state;
	RUN(rows);
}

/* ---- arguments and labels ------------------------------------------------- */

static void
b_17_18_19_20_n_04_arguments(void **state)
{
	static const struct row rows[] = {
		{.name = "N-4 the automatic ones",
			.branch = "feature/Foo",
			.dockerfile = SIMPLE,
			.json = {"\"build_args\":{\"BUILDKIT_INLINE_CACHE\":\"1\",\"CI_COMMIT\":\"" C1
				 "\",\"CI_BRANCH\":\"feature_Foo\",\"CI_BRANCH_RAW\":\"feature/Foo\"}"},
			.solves = {"build-arg:CI_BRANCH=feature_Foo;"}},
		{.name = "B-17 values",
			.branch = "x",
			.dockerfile = SIMPLE,
			.vars = {"BARE=from outside", "EMPTY="},
			.args = {"--build-arg", "A=b", "--build-arg", "C=d=e,f", "--build-arg",
				"BARE", "--build-arg", "UNKNOWN"},
			.json = {"\"A\":\"b\"", "\"C\":\"d=e,f\"", "\"BARE\":\"from outside\"",
				"!UNKNOWN"},
			.solves = {"build-arg:C=d=e,f", "!UNKNOWN"}},
		{.name = "B-18 empty values",
			.branch = "x",
			.dockerfile = SIMPLE,
			.vars = {"EMPTY="},
			.args = {"--build-arg", "K=", "--build-arg", "EMPTY"},
			.json = {"\"K\":\"\"", "\"EMPTY\":\"\""},
			.solves = {"build-arg:K=;", "build-arg:EMPTY="}},
		{.name = "B-19 the user's win",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--build-arg", "CI_COMMIT=mine", "--build-arg", "CI_BRANCH="},
			.json = {"\"CI_COMMIT\":\"mine\"", "\"CI_BRANCH\":\"\"",
				"\"commit\":\"" C1 "\""}},
		{.name = "B-20 inline cache",
			.branch = "x",
			.dockerfile = SIMPLE,
			.json = {"\"BUILDKIT_INLINE_CACHE\":\"1\""},
			.solves = {"exports[inline]"}},
		{.name = "B-20 unless it is turned off",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--build-arg", "BUILDKIT_INLINE_CACHE=0"},
			.json = {"\"BUILDKIT_INLINE_CACHE\":\"0\""},
			.solves = {" exports[]"}},
		{.name = "labels",
			.branch = "x",
			.dockerfile = SIMPLE,
			.config = "labels:\n  a: b\n",
			.args = {"--label", "k=v=w", "--label", "bare"},
			.json = {"\"org.opencontainers.image.revision\":\"" C1 "\"",
				"\"org.opencontainers.image.title\":\"app\"", "\"a\":\"b\"",
				"\"k\":\"v=w\"", "\"bare\":\"\""},
			.solves = {"label:k=v=w", "label:org.opencontainers.image.version=x"}},
		{.name = "no labels",
			.branch = "x",
			.dockerfile = SIMPLE,
			.config = "labels: false\n",
			.json = {"\"labels\":{}"},
			.solves = {"!label:"}},
	};

	(void)state;
	RUN(rows);
}

/* ---- stages and caches ---------------------------------------------------- */

static void
b_13_14_16_23_n_03_stages_and_caches(void **state)
{
	static const struct row rows[] = {
		{.name = "B-13, B-14, N-3 every named stage in order",
			.branch = "x",
			.dockerfile = STAGES,
			.json = {"\"stages\":[{\"name\":\"build\",\"export\":false,"
				 "\"tag\":\"noregistry/app:Build\"},"
				 "{\"name\":\"test\",\"export\":false,\"tag\":\"noregistry/app:test\"},"
				 "{\"name\":\"export-report\",\"export\":true,\"tag\":null}]"},
			.solves = {"stage 'build' {",
				"exporters[moby:name=docker.io/noregistry/app:Build]",
				"target=test}", "\nstage 'export-report' {", "\nimage {"}},
		{.name = "B-16 where stages look for caches",
			.branch = "feature/x",
			.dockerfile = STAGES,
			.vars = {GITLAB, "CI_DEFAULT_BRANCH=trunk"},
			.json = {"\"cache_from\":[\"reg.example.com/group/project:test\","
				 "\"reg.example.com/group/project:Build\","
				 "\"reg.example.com/group/project:feature1\","
				 "\"reg.example.com/group/project:latest\"]"},
			.solves = {"target=build} exporters[moby:name=reg.example.com/group/project:Build] "
				   "imports[registry:ref=reg.example.com/group/project:Build "
				   "registry:ref=reg.example.com/group/project:feature1 "
				   "registry:ref=reg.example.com/group/project:latest] exports[inline]\n",
				"target=test} exporters[moby:name=reg.example.com/group/project:test] "
				"imports[registry:ref=reg.example.com/group/project:test "
				"registry:ref=reg.example.com/group/project:Build "
				"registry:ref=reg.example.com/group/project:feature1 "}},
		{.name = "B-16 no registry, no sources",
			.branch = "x",
			.dockerfile = STAGES,
			.json = {"\"cache_from\":[]"},
			.solves = {"imports[]", "!imports[r"}},
		{.name = "B-23 an export stage gives files",
			.branch = "x",
			.dockerfile = STAGES,
			.solves = {"target=export-report} exporters[local] imports[] exports[]\n"}},
		{.name = "N-3 --no-stages",
			.branch = "x",
			.dockerfile = STAGES,
			.args = {"--no-stages"},
			.json = {"\"stages\":[{\"name\":\"export-report\",\"export\":true,\"tag\":null}]"}},
		{.name = "N-3 stages: false",
			.branch = "x",
			.dockerfile = STAGES,
			.config = "stages: false\n",
			.json = {"!\"name\":\"build\""}},
		{.name = "one stage alone",
			.branch = "x",
			.dockerfile = STAGES,
			.args = {"--target", "test"},
			.json = {"\"stages\":[]"},
			.solves = {"stage 'test' {", "target=test", "!stage 'build'",
				"exporters[moby:name=docker.io/noregistry/app:" C1}},
		{.name = "an export stage alone",
			.branch = "x",
			.dockerfile = STAGES,
			.args = {"--target=export-report"},
			.solves = {"exporters[local]", "!moby"}},
	};

	(void)state;
	RUN(rows);
}

/* ---- what the daemon is asked --------------------------------------------- */

static void
d_01_02_03_k_01_requests(void **state)
{
	static const struct row rows[] = {
		{.name = "D-01, D-02 by default",
			.branch = "x",
			.dockerfile = SIMPLE,
			.json = {"\"kind\":\"docker\",\"address\":\"unix:///var/run/docker.sock\"",
				"\"platforms\":[]"},
			.solves = {"image-resolve-mode=pull", "shm-size=268435456",
				"!platform=", "!no-cache", "!force-network-mode"}},
		{.name = "D-02 --no-pull",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--no-pull"},
			.solves = {"!image-resolve-mode=pull"}},
		{.name = "D-03 a platform",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--platform", "Linux/x86_64"},
			.json = {"\"platforms\":[\"linux/amd64\"]"},
			.solves = {"platform=linux/amd64;", "exporters[moby:"}},
		{.name = "D-01 a size",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--shm-size", "64m"},
			.solves = {"shm-size=67108864"}},
		{.name = "host network needs a right",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--network", "host"},
			.solves = {"force-network-mode=host", "allow=network.host"}},
		{.name = "lists",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--add-host", "a:1.2.3.4", "--add-host", "b:::1", "--ulimit",
				"nofile=1:2"},
			.solves = {"add-hosts=a=1.2.3.4,b=::1", "ulimit=nofile=1:2"}},
		{.name = "no cache",
			.branch = "x",
			.dockerfile = SIMPLE,
			.args = {"--no-cache"},
			.solves = {"no-cache=;"}},
		{.name = "K-01 BuildKit pushes",
			.branch = "x",
			.dockerfile = SIMPLE,
			.vars = {GITLAB, "BUILDKIT_HOST=tcp://bk:1234"},
			.json = {"\"kind\":\"buildkit\",\"address\":\"tcp://bk:1234\""},
			.solves = {"exporters[image:name=reg.example.com/group/project:" SHA
				   ",reg.example.com/group/project:feature1;push=true]"}},
		{.name = "K-01 --builder wins",
			.branch = "x",
			.dockerfile = SIMPLE,
			.vars = {"BUILDKIT_HOST=tcp://bk:1234"},
			.args = {"--builder", "unix:///run/bk.sock"},
			.json = {"\"address\":\"unix:///run/bk.sock\""}},
		{.name = "K-01 the configuration names a builder",
			.branch = "x",
			.dockerfile = SIMPLE,
			.config = "builder: tcp://bk:1234\n",
			.json = {"\"kind\":\"buildkit\",\"address\":\"tcp://bk:1234\""}},
		{.name = "K-04 several platforms",
			.branch = "x",
			.dockerfile = SIMPLE,
			.vars = {GITLAB},
			.args = {"--platform", "linux/amd64, linux/arm64"},
			.json = {"\"platforms\":[\"linux/amd64\",\"linux/arm64\"]"},
			.solves = {"platform=linux/amd64,linux/arm64",
				"exporters[image:", "push=true"}},
		{.name = "D-06 DOCKER_HOST",
			.branch = "x",
			.dockerfile = SIMPLE,
			.vars = {"DOCKER_HOST=tcp://h:1"},
			.json = {"\"kind\":\"docker\",\"address\":\"tcp://h:1\""}},
		{.name = "B-21 go_mounts changes what is served",
			.branch = "x",
			.dockerfile = "FROM golang AS build\nRUN go build\n",
			.config = "cache:\n  go_mounts: true\n",
			.solves = {"filename=Dockerfile"}},
	};

	(void)state;
	RUN(rows);
}

/* ---- failures ------------------------------------------------------------- */

static void
b_01_p_01_what_stops_a_plan(void **state)
{
	static const struct {
		struct row row;
		enum plan_step reached;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{{.name = "D-06 DOCKER_HOST",
			 .branch = "x",
			 .dockerfile = SIMPLE,
			 .vars = {"DOCKER_HOST=nonsense"}},
			PLAN_ENGINE, ERR_USAGE, "unable to parse docker host `nonsense`"},
		{{.name = "BUILDKIT_HOST", .branch = "x", .vars = {"BUILDKIT_HOST=nonsense"}},
			PLAN_ENGINE, ERR_USAGE, "nonsense"},
		{{.name = "F-C20 configuration",
			 .branch = "x",
			 .dockerfile = SIMPLE,
			 .config = "nonsense: 1\n"},
			PLAN_CONFIG, ERR_CONFIG, "nonsense"},
		{{.name = "K-07 platform",
			 .branch = "x",
			 .dockerfile = SIMPLE,
			 .args = {"--platform", "a/b/c/d/e"}},
			PLAN_CONFIG, ERR_USAGE, "--platform"},
		{{.name = "B-02 no Dockerfile", .branch = "x"}, PLAN_DOCKERFILE, ERR_SYS,
			"App/Dockerfile': No such file"},
		{{.name = "B-02 no such file",
			 .branch = "x",
			 .dockerfile = SIMPLE,
			 .args = {"-f", "nowhere/Dockerfile"}},
			PLAN_DOCKERFILE, ERR_SYS, "nowhere/Dockerfile': No such file"},
		{{.name = "B-03 an empty Dockerfile", .branch = "x", .dockerfile = " \n\t\n"},
			PLAN_DOCKERFILE, ERR_CONFIG, "the Dockerfile cannot be empty"},
		{{.name = "no such target",
			 .branch = "x",
			 .dockerfile = STAGES,
			 .args = {"--target", "none"}},
			PLAN_DOCKERFILE, ERR_CONFIG, "'none'"},
		{{.name = "I-13 neither CI nor git", .dockerfile = SIMPLE}, PLAN_CI, ERR_CONFIG,
			"nothing is known"},
		{{.name = "S-14 a stage called like a tag",
			 .branch = "x",
			 .dockerfile = "FROM scratch AS latest\n"},
			PLAN_TAGS, ERR_CONFIG, "latest"},
		{{.name = "bad cache",
			 .branch = "x",
			 .dockerfile = SIMPLE,
			 .args = {"--cache-from", "ref=x"}},
			PLAN_TAGS, ERR_USAGE, "cache-from"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		assert_row_int(rows[i].row.name, decide(&f, &rows[i].row), -1);
		assert_row_err(rows[i].row.name, &f.err, rows[i].kind, rows[i].text);
		assert_row_int(rows[i].row.name, f.reached, rows[i].reached);
		release(&f);
	}
}

static void
b_21_go_mounts_leave_the_file_alone(void **state)
{
	static const struct row row = {.name = "go_mounts",
		.branch = "x",
		.dockerfile = "FROM golang AS build\nRUN go build\n",
		.config = "cache:\n  go_mounts: true\n"};
	struct fixture f;
	char *text;

	(void)state;
	assert_ok(decide(&f, &row), &f.err);
	assert_true(str_search(f.plan.dockerfile, STR("--mount=type=cache")) > 0);
	assert_string_equal(f.plan.dockerfile_name, "Dockerfile");
	assert_string_equal(f.plan.dockerfile_dir, f.path);
	text = test_read_file(tree_path(&f.tree, "App/Dockerfile"), NULL);
	assert_string_equal(text, row.dockerfile);
	free(text);
	release(&f);
}

static void
b_05_06_where_the_dockerfile_is(void **state)
{
	static const char *const files[] = {"-fApp/sub/My.Dockerfile", NULL};
	struct row row = {.name = "sub-folder", .branch = "x", .dockerfile = SIMPLE};
	struct fixture f;
	char absolute[256];
	int k;

	(void)state;
	for (k = 0; k < 2; k++) {
		cleanup_arena struct arena a = {0};
		struct plan_request req = {0};
		const struct dockerfile_place {
			const char *dir, *name;
		} want = {"sub", "My.Dockerfile"};

		assert_ok(decide(&f, &row), &f.err);
		plan_release(&f.plan);
		tree_write(&f.tree, "App/sub/My.Dockerfile", "FROM scratch AS other\n");
		snprintf(absolute, sizeof(absolute), "%s/sub/My.Dockerfile", f.path);
		req.path = f.path;
		req.file = k ? absolute : files[0] + 2;
		assert_ok(plan_make(&a, &f.ctx, &req, &f.plan, &f.reached, &f.err), &f.err);
		assert_string_equal(f.plan.dockerfile_name, want.name);
		assert_true(str_ends(str_from(f.plan.dockerfile_dir), STR("/App/sub")));
		assert_true(str_ends(str_from(f.plan.dir), STR("/App")));
		assert_string_equal(f.plan.stages[0].name, "other");
		release(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b_11_12_i_08_09_f_22_names_and_tags),
		cmocka_unit_test(b_17_18_19_20_n_04_arguments),
		cmocka_unit_test(b_13_14_16_23_n_03_stages_and_caches),
		cmocka_unit_test(d_01_02_03_k_01_requests),
		cmocka_unit_test(b_01_p_01_what_stops_a_plan),
		cmocka_unit_test(b_21_go_mounts_leave_the_file_alone),
		cmocka_unit_test(b_05_06_where_the_dockerfile_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
