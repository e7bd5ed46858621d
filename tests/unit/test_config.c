/* Configuration: sources and precedence. */
#include "test.h"

#include "config_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/mem.h"
#include "config/config.h"

static void
f_c01_file_in_dir(void **state)
{
	struct fixture *f = *state;
	char where[128];

	sandbox_put(&f->box, ".buildtools.yaml",
		"registry:\n  quay:\n    repository: team\n    username: bob\n"
		"    password: hunter2\n");
	assert_ok(load(f, "", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "team");
	assert_text(&f->c.registry.quay.username, "bob");
	assert_secret(&f->c.registry.quay.password, "hunter2");
	snprintf(where, sizeof(where), "'%s/.buildtools.yaml' line 3", f->box.root);
	assert_string_equal(
		config_origin_text(&f->arena, &f->c.registry.quay.repository.from), where);
	snprintf(where, sizeof(where), "Parsing config from file: '%s/.buildtools.yaml'",
		f->box.root);
	sandbox_logged(&f->box, where);
	assert_int_equal(f->c.files.n, 1);
}

static void
f_c02_nearest_wins_per_field(void **state)
{
	struct fixture *f = *state;

	sandbox_dir(&f->box, "a");
	sandbox_dir(&f->box, "a/b");
	sandbox_put(&f->box, ".buildtools.yaml",
		"registry: {quay: {repository: far, username: far}}\n"
		"cache: {ecr: {tag: far}}\nlabels: {one: far, two: far}\n");
	sandbox_put(&f->box, "a/.buildtools.yaml",
		"registry: {quay: {username: middle, password: p}}\n");
	sandbox_put(&f->box, "a/b/.buildtools.yaml",
		"registry: {quay: {repository: near}}\n"
		"labels: {one: near}\n");
	assert_ok(load(f, "a/b", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "near");
	assert_text(&f->c.registry.quay.username, "middle");
	assert_secret(&f->c.registry.quay.password, "p");
	assert_text(&f->c.cache.ecr_tag, "far");
	assert_int_equal(f->c.labels.n, 2);
	assert_string_equal(f->c.labels.items[0].value, "near");
	assert_string_equal(f->c.labels.items[1].key, "two");
	assert_int_equal(f->c.files.n, 3);
	sandbox_logged(&f->box, "Merging with config from file: '");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
}

static void
f_c02_empty_text_in_a_near_file_says_nothing(void **state)
{
	struct fixture *f = *state;

	sandbox_dir(&f->box, "a");
	sandbox_put(&f->box, ".buildtools.yaml",
		"registry: {quay: {repository: far, password: far}}\n");
	sandbox_put(&f->box, "a/.buildtools.yaml",
		"registry:\n  quay:\n    repository: ''\n    password:\n");
	assert_ok(load(f, "a/", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
	assert_secret(&f->c.registry.quay.password, "far");
}

static void
f_c03_targets_and_gitops_unite(void **state)
{
	struct fixture *f = *state;

	sandbox_dir(&f->box, "a");
	sandbox_put(&f->box, ".buildtools.yaml",
		"targets:\n  local: {context: far, namespace: far}\n"
		"  prod: {context: p, kubeconfig: 'secret'}\n"
		"gitops: {dummy: {url: u, path: p}, two: {url: u}}\n");
	sandbox_put(&f->box, "a/.buildtools.yaml",
		"targets: {local: {context: near}, mine: {}, none: }\n"
		"gitops: {two: {path: x}}\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_int_equal(f->c.ntargets, 4);
	assert_string_equal(f->c.targets[0].name, "local");
	assert_text(&f->c.targets[0].context, "near");
	assert_text(&f->c.targets[0].namespace, "far");
	assert_string_equal(f->c.targets[3].name, "prod");
	assert_secret(&f->c.targets[3].kubeconfig, "secret");
	assert_int_equal(f->c.gitops.n, 2);
	assert_true(strlist_has(&f->c.gitops, "dummy"));
}

static void
f_c04_to_06_content_variable(void **state)
{
	static const struct {
		const char *name, *content, *namespace;
	} rows[] = {
		{"F-C04 plain", "registry:\n  dockerhub:\n    namespace: n\n", "n"},
		{"F-C05 base64", "cmVnaXN0cnk6CiAgZG9ja2VyaHViOgogICAgbmFtZXNwYWNlOiBuCg==", "n"},
		{"F-C05 base64 in lines",
			"cmVnaXN0cnk6CiAgZG9ja2Vya\nHViOgogICAgbm\r\nFtZXNwYWNlOiBuCg==\n", "n"},
		{"F-C06 empty", "", NULL},
		{"F-C06 comment", "# nothing", NULL},
		{"plain text that could be unpadded base64", "vcs:", NULL},
	};
	struct fixture *f = *state;
	size_t i;

	sandbox_put(&f->box, ".buildtools.yaml", "registry: {quay: {repository: file}}\n");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_row_ok(rows[i].name, load_content(f, rows[i].content), &f->err);
		assert_row_str(rows[i].name, str_from(f->c.registry.dockerhub.namespace.value),
			rows[i].namespace);
		assert_text(&f->c.registry.quay.repository, NULL);
	}
	assert_ok(load_content(f, rows[0].content), &f->err);
	sandbox_logged(&f->box, "Failed to decode BASE64, falling back to plaintext");
	assert_string_equal(config_origin_text(&f->arena, &f->c.registry.dockerhub.namespace.from),
		"BUILDTOOLS_CONTENT line 3");
}

static void
f_c07_environment_beats_file(void **state)
{
	static const char *const vars[] = {"DOCKERHUB_NAMESPACE=env",
		"DOCKERHUB_USERNAME=", "DOCKERHUB_PASSWORD=secret", NULL};
	struct fixture *f = *state;
	const struct config_text *t;

	sandbox_put(&f->box, ".buildtools.yaml",
		"registry: {dockerhub: {namespace: file, username: file, password: file}}\n");
	assert_ok(load(f, "", vars), &f->err);
	t = &f->c.registry.dockerhub.namespace;
	assert_text(t, "env");
	assert_int_equal(t->from.source, CONFIG_ENV);
	assert_string_equal(config_origin_text(&f->arena, &t->from), "DOCKERHUB_NAMESPACE");
	assert_text(t->beneath, "file");
	assert_text(&f->c.registry.dockerhub.username, "file");
	assert_secret(&f->c.registry.dockerhub.password, "secret");
	assert_secret(f->c.registry.dockerhub.password.beneath, "file");
}

/* Every variable of the table reaches its field. */
static void
f_c07_every_variable(void **state)
{
	static const char *const vars[] = {"DOCKERHUB_NAMESPACE=1", "DOCKERHUB_USERNAME=2",
		"DOCKERHUB_PASSWORD=3", "ACR_URL=4", "ACR_TENANT_ID=5", "ECR_URL=6", "ECR_REGION=7",
		"GITHUB_REPOSITORY_OWNER=8", "GITHUB_USERNAME=9", "GITHUB_PASSWORD=10",
		"GITHUB_TOKEN=11", "CI_REGISTRY=12", "CI_REGISTRY_IMAGE=13", "CI_REGISTRY_USER=14",
		"CI_JOB_TOKEN=15", "GITEA_REGISTRY=16", "GITEA_REPOSITORY=17", "GITEA_USERNAME=18",
		"GITEA_TOKEN=19", "QUAY_REPOSITORY=20", "QUAY_USERNAME=21", "QUAY_PASSWORD=22",
		"GCR_URL=23", "GCR_KEYFILE_CONTENT=24", NULL};
	struct fixture *f = *state;
	struct config_registries *r = &f->c.registry;

	assert_ok(load(f, "", vars), &f->err);
	assert_text(&r->dockerhub.namespace, "1");
	assert_text(&r->dockerhub.username, "2");
	assert_secret(&r->dockerhub.password, "3");
	assert_text(&r->acr.url, "4");
	assert_text(&r->acr.tenant, "5");
	assert_text(&r->ecr.url, "6");
	assert_text(&r->ecr.region, "7");
	assert_text(&r->github.repository, "8");
	assert_text(&r->github.username, "9");
	assert_secret(&r->github.password, "10");
	assert_secret(&r->github.token, "11");
	assert_text(&r->gitlab.registry, "12");
	assert_text(&r->gitlab.repository, "13");
	assert_text(&r->gitlab.user, "14");
	assert_secret(&r->gitlab.token, "15");
	assert_text(&r->gitea.registry, "16");
	assert_text(&r->gitea.repository, "17");
	assert_text(&r->gitea.username, "18");
	assert_secret(&r->gitea.token, "19");
	assert_text(&r->quay.repository, "20");
	assert_text(&r->quay.username, "21");
	assert_secret(&r->quay.password, "22");
	assert_text(&r->gcr.url, "23");
	assert_secret(&r->gcr.keyfile, "24");
}

static void
f_c08_names_the_file(void **state)
{
	struct fixture *f = *state;

	sandbox_dir(&f->box, "a");
	sandbox_put(&f->box, ".buildtools.yaml", "# a\nfoo: x\n");
	assert_int_equal(load(f, "a", NO_VARS), -1);
	assert_err(&f->err, ERR_CONFIG, ".buildtools.yaml', line 2, column 1: unknown key 'foo'");
	assert_err(&f->err, ERR_CONFIG, f->box.root);
}

static void
f_c13_a_nearer_registry_replaces(void **state)
{
	struct fixture *f = *state;

	sandbox_dir(&f->box, "a");
	sandbox_put(
		&f->box, ".buildtools.yaml", "registry: {quay: {repository: far, password: p}}\n");
	sandbox_put(&f->box, "a/.buildtools.yaml", "registry: {github: {repository: near}}\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.github.repository, "near");
	assert_text(&f->c.registry.quay.repository, NULL);
	assert_false(secret_is_set(&f->c.registry.quay.password.value));
	sandbox_logged(&f->box, "info: registry 'quay' of '");

	/* what does not make a registry leaves the parent's alone */
	sandbox_put(&f->box, "a/.buildtools.yaml", "registry: {github: {token: near}}\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
	assert_secret(&f->c.registry.github.token, "near");
}

static void
f_c13_null_and_false_take_back(void **state)
{
	struct fixture *f = *state;

	sandbox_dir(&f->box, "a");
	sandbox_put(&f->box, ".buildtools.yaml",
		"registry: {quay: {repository: far, password: p}}\nguard: true\n"
		"stages: false\ntags: [type=sha]\nlabels: {a: b}\ndefault_branch: x\n"
		"cache: {go_mounts: true, s3: {bucket: b}, ecr: {tag: t}}\n");
	sandbox_put(&f->box, "a/.buildtools.yaml",
		"registry: null\ncache: {go_mounts: false, s3: ~}\n"
		"tags: ~\nlabels: false\nstages: ~\ndefault_branch: ~\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, NULL);
	assert_false(secret_is_set(&f->c.registry.quay.password.value));
	assert_true(f->c.cache.go_mounts.set);
	assert_false(f->c.cache.go_mounts.value);
	assert_int_equal(f->c.cache.s3.n, 0);
	assert_int_equal(f->c.tags.n, 0);
	assert_int_equal(f->c.labels.n, 0);
	assert_true(f->c.labels_on.set && !f->c.labels_on.value);
	assert_false(f->c.stages.set);
	assert_text(&f->c.default_branch, NULL);
	assert_true(f->c.guard.value);
	assert_text(&f->c.cache.ecr_tag, "t");
	/* an empty value is not null */
	sandbox_put(&f->box, "a/.buildtools.yaml", "registry:\ncache:\n  go_mounts:\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
	assert_true(f->c.cache.go_mounts.value);
}

static void
f_c16_f_c17_cache_settings(void **state)
{
	static const char *const vars[] = {"BUILDTOOLS_CONTENT=cache: {ecr: {tag: file}}",
		"BUILDTOOLS_CACHE_ECR_URL=123456789012.dkr.ecr.eu-west-1.amazonaws.com/c",
		"BUILDTOOLS_CACHE_ECR_TAG=env", "BUILDTOOLS_CACHE_GO_MOUNTS=true", NULL};
	struct fixture *f = *state;

	assert_ok(load_content(f, ""), &f->err);
	assert_text(&f->c.cache.ecr_tag, "buildcache");
	assert_string_equal(config_origin_text(&f->arena, &f->c.cache.ecr_tag.from), "default");
	assert_false(f->c.cache.go_mounts.value);
	assert_ok(load(f, "", vars), &f->err);
	assert_text(&f->c.cache.ecr_url, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/c");
	assert_text(&f->c.cache.ecr_tag, "env");
	assert_true(f->c.cache.go_mounts.value);
}

static void
f_c18_go_mounts_words(void **state)
{
	/* the file says true: false must win over it, an empty variable must not */
	static const struct {
		const char *words;
		int rc;
		bool value;
	} rows[] = {
		{"1 t T TRUE true True", 0, true},
		{"0 f F FALSE false False", 0, false},
		{"", 0, true},
		{"yes no on tRUE 2", -1, false},
	};
	struct fixture *f = *state;
	struct str rest, word;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		for (rest = str_from(rows[i].words); str_next(&rest, ' ', &word);) {
			cleanup_free char *var =
				xasprintf("BUILDTOOLS_CACHE_GO_MOUNTS=" STR_FMT, STR_ARG(word));
			const char *vars[] = {
				"BUILDTOOLS_CONTENT=cache: {go_mounts: true}", var, NULL};

			assert_row_int(var, load(f, "", vars), rows[i].rc);
			assert_row_int(var, f->c.cache.go_mounts.value, rows[i].value);
		}
	assert_err(&f->err, ERR_CONFIG,
		"'BUILDTOOLS_CACHE_GO_MOUNTS' is a bool: parsing \"2\": invalid syntax");
}

static void
f_c19_unreadable_is_an_error(void **state)
{
	struct fixture *f = *state;
	const char *path = sandbox_dir(&f->box, ".buildtools.yaml");

	assert_int_equal(load(f, "", NO_VARS), -1);
	assert_err(&f->err, ERR_SYS, "read '");
	assert_err(&f->err, ERR_SYS, "directory");

	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("nothing-here", path), 0);
	assert_int_equal(load(f, "", NO_VARS), -1);
	assert_err(&f->err, ERR_SYS, ".buildtools.yaml'");

	unlink(path);
	assert_int_equal(symlink(".buildtools.yaml", path), 0);
	assert_int_equal(load(f, "", NO_VARS), -1);

	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_ok(load(f, "", NO_VARS), &f->err);

	unlink(path);
	sandbox_put(&f->box, ".buildtools.yaml", "ci: {}\n");
	assert_int_equal(chmod(path, 0), 0);
	/* root reads everything */
	assert_int_equal(load(f, "", NO_VARS), geteuid() == 0 ? 0 : -1);
}

static void
f_c19_larger_than_the_cap(void **state)
{
	struct fixture *f = *state;
	struct buf big = {0};

	while (big.len <= 1024 * 1024)
		buf_puts(&big, "# a line that says nothing, many times over\n");
	sandbox_put(&f->box, ".buildtools.yaml", buf_cstr(&big));
	assert_int_equal(load(f, "", NO_VARS), -1);
	assert_err(&f->err, ERR_LIMIT, ".buildtools.yaml' is larger than 1048576 bytes");
	assert_int_equal(load_content(f, buf_cstr(&big)), -1);
	assert_err(&f->err, ERR_LIMIT, "'BUILDTOOLS_CONTENT' is larger than 1048576 bytes");
	buf_release(&big);
}

static void
f_c22_i_09_image_name(void **state)
{
	static const char *const vars[] = {
		"BUILDTOOLS_CONTENT=ci: {imagename: Group/From-File}", "IMAGE_NAME=env", NULL};
	struct fixture *f = *state;

	assert_ok(load_content(f, "ci: {imagename: Group/From-File}"), &f->err);
	assert_text(&f->c.ci.image_name, "Group/From-File");
	assert_ok(load(f, "", vars), &f->err);
	assert_text(&f->c.ci.image_name, "env");
	assert_int_equal(f->c.ci.image_name.from.source, CONFIG_ENV);
}

/* N-6: the file of another user above is read, and named. */
static void
n_06_foreign_ancestor_is_named(void **state)
{
	struct fixture *f = *state;
	const char *dir = sandbox_dir(&f->box, "a");
	char path[128];

	snprintf(path, sizeof(path), "%s/.buildtools.yaml", f->box.root);
	sandbox_put(&f->box, ".buildtools.yaml", "default_branch: x\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	sandbox_not_logged(&f->box, "another user");
	if (geteuid() != 0)
		return; /* nobody else can give files away */
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_ok(load(f, "a", NO_VARS), &f->err);
	sandbox_logged(&f->box, "belongs to another user (uid 12345)");
	assert_text(&f->c.default_branch, "x");
	assert_ok(load(f, "", NO_VARS), &f->err);
	sandbox_not_logged(&f->box, "another user");
	assert_int_equal(chown(dir, 12345, (gid_t)-1), 0);
	assert_ok(load(f, "a", NO_VARS), &f->err);
	sandbox_not_logged(&f->box, "another user");
}

static void
relative_and_missing_directories(void **state)
{
	struct fixture *f = *state;
	struct env env = {NO_VARS};
	const char *dir = sandbox_dir(&f->box, "a");
	char here[512];

	sandbox_put(&f->box, ".buildtools.yaml", "default_branch: x\n");
	assert_ok(load(f, "a/../a/.", NO_VARS), &f->err);
	assert_text(&f->c.default_branch, "x");
	assert_int_equal(load(f, "none", NO_VARS), -1);
	assert_err(&f->err, ERR_SYS, "/none'");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(dir), 0);
	assert_ok(config_load(&f->arena, &env, ".", &f->box.log, &f->c, &f->err), &f->err);
	assert_int_equal(chdir(here), 0);
	assert_text(&f->c.default_branch, "x");
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, config_setup, config_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(f_c01_file_in_dir),
		ROW(f_c02_nearest_wins_per_field),
		ROW(f_c02_empty_text_in_a_near_file_says_nothing),
		ROW(f_c03_targets_and_gitops_unite),
		ROW(f_c04_to_06_content_variable),
		ROW(f_c07_environment_beats_file),
		ROW(f_c07_every_variable),
		ROW(f_c08_names_the_file),
		ROW(f_c13_a_nearer_registry_replaces),
		ROW(f_c13_null_and_false_take_back),
		ROW(f_c16_f_c17_cache_settings),
		ROW(f_c18_go_mounts_words),
		ROW(f_c19_unreadable_is_an_error),
		ROW(f_c19_larger_than_the_cap),
		ROW(f_c22_i_09_image_name),
		ROW(n_06_foreign_ancestor_is_named),
		ROW(relative_and_missing_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
