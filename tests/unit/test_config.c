/* Configuration: sources, precedence, understanding of documents. Rows F-C01 to F-C23. */
#include "test.h"

#include "tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/node.h"

struct fixture {
	struct test_tree tree;
	struct arena arena;
	struct config c;
	struct err err;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	tree_open(&f->tree);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tree_close(&f->tree);
	config_release(&f->c);
	arena_release(&f->arena);
	free(f);
	return 0;
}

/* Loads for the folder sub of the tree with variables up to NULL. */
static int
load(struct fixture *f, const char *sub, const char *const *vars)
{
	struct env env = {vars};
	cleanup_free char *dir = xasprintf("%s/%s", f->tree.root, sub);

	config_release(&f->c);
	buf_reset(&f->tree.logged);
	f->err = (struct err){0};
	return config_load(&f->arena, &env, dir, &f->tree.log, &f->c, &f->err);
}

static int
load_content(struct fixture *f, const char *content)
{
	cleanup_free char *var = xasprintf("BUILDTOOLS_CONTENT=%s", content);
	const char *vars[] = {var, NULL};

	return load(f, "", vars);
}

#define NO_VARS ((const char *const[]){NULL})

static void
assert_text(const struct config_text *t, const char *want)
{
	if (want)
		assert_that(t->value && strcmp(t->value, want) == 0, "'%s', not '%s'",
			t->value ? t->value : "(none)", want);
	else
		assert_that(!t->value, "'%s' is set", t->value);
}

static void
assert_secret(const struct config_secret *s, const char *want)
{
	assert_str(secret_reveal(&s->value), want);
}

static void
f_c01_file_in_dir(void **state)
{
	struct fixture *f = *state;
	char where[128];

	tree_put(&f->tree, ".buildtools.yaml",
		"registry:\n  quay:\n    repository: team\n    username: bob\n"
		"    password: hunter2\n");
	assert_ok(load(f, "", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "team");
	assert_text(&f->c.registry.quay.username, "bob");
	assert_secret(&f->c.registry.quay.password, "hunter2");
	snprintf(where, sizeof(where), "'%s/.buildtools.yaml' line 3", f->tree.root);
	assert_string_equal(
		config_origin_text(&f->arena, &f->c.registry.quay.repository.from), where);
	snprintf(where, sizeof(where), "Parsing config from file: '%s/.buildtools.yaml'",
		f->tree.root);
	tree_logged(&f->tree, where);
	assert_int_equal(f->c.files.n, 1);
}

static void
f_c02_nearest_wins_per_field(void **state)
{
	struct fixture *f = *state;

	tree_dir(&f->tree, "a");
	tree_dir(&f->tree, "a/b");
	tree_put(&f->tree, ".buildtools.yaml",
		"registry: {quay: {repository: far, username: far}}\n"
		"cache: {ecr: {tag: far}}\nlabels: {one: far, two: far}\n");
	tree_put(&f->tree, "a/.buildtools.yaml",
		"registry: {quay: {username: middle, password: p}}\n");
	tree_put(&f->tree, "a/b/.buildtools.yaml",
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
	tree_logged(&f->tree, "Merging with config from file: '");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
}

static void
f_c02_empty_text_in_a_near_file_says_nothing(void **state)
{
	struct fixture *f = *state;

	tree_dir(&f->tree, "a");
	tree_put(&f->tree, ".buildtools.yaml",
		"registry: {quay: {repository: far, password: far}}\n");
	tree_put(&f->tree, "a/.buildtools.yaml",
		"registry:\n  quay:\n    repository: ''\n    password:\n");
	assert_ok(load(f, "a/", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
	assert_secret(&f->c.registry.quay.password, "far");
}

static void
f_c03_targets_and_gitops_unite(void **state)
{
	struct fixture *f = *state;

	tree_dir(&f->tree, "a");
	tree_put(&f->tree, ".buildtools.yaml",
		"targets:\n  local: {context: far, namespace: far}\n"
		"  prod: {context: p, kubeconfig: 'secret'}\n"
		"gitops: {dummy: {url: u, path: p}, two: {url: u}}\n");
	tree_put(&f->tree, "a/.buildtools.yaml",
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

	tree_put(&f->tree, ".buildtools.yaml", "registry: {quay: {repository: file}}\n");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_row_ok(rows[i].name, load_content(f, rows[i].content), &f->err);
		assert_row_str(rows[i].name, str_from(f->c.registry.dockerhub.namespace.value),
			rows[i].namespace);
		assert_text(&f->c.registry.quay.repository, NULL);
	}
	assert_ok(load_content(f, rows[0].content), &f->err);
	tree_logged(&f->tree, "Failed to decode BASE64, falling back to plaintext");
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

	tree_put(&f->tree, ".buildtools.yaml",
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

/* Documents that are refused, and the whole of what the user reads after the file name. */
static void
f_c08_f_c09_refused(void **state)
{
	static const struct {
		const char *name, *content, *message;
	} rows[] = {
		{"F-C08 top", "regsitry: {}", "line 1, column 1: unknown key 'regsitry'"},
		{"F-C08 nested", "cache:\n  goMounts: true",
			"line 2, column 3: unknown key 'goMounts' in 'cache'"},
		{"F-C08 deep", "registry:\n  gitlab:\n    foo: x",
			"line 3, column 5: unknown key 'foo' in 'registry.gitlab'"},
		{"F-C08 target", "targets:\n  a:\n    b: c",
			"line 3, column 5: unknown key 'b' in 'targets.a'"},
		{"F-C08 other tool", "git: {nam: x}",
			"line 1, column 7: unknown key 'nam' in 'git'"},
		{"F-C08 vcs", "vcs: {x: y}", "line 1, column 7: unknown key 'x' in 'vcs'"},
		{"F-C08 repository is GitHub's", "ci: {azure: {cirepository: x}}",
			"unknown key 'cirepository' in 'ci.azure'"},
		{"F-C09 list for map", "ci: []",
			"line 1, column 5: 'ci' must be a mapping, not a list"},
		{"F-C09 text for map", "registry: quay", "'registry' must be a mapping, not text"},
		{"F-C09 map for text", "registry: {quay: {repository: {a: b}}}",
			"'registry.quay.repository' must be text, not a mapping"},
		{"F-C09 list for secret", "registry: {quay: {password: [a]}}",
			"'registry.quay.password' must be text, not a list"},
		{"F-C09 text for bool", "cache: {go_mounts: maybe}",
			"'cache.go_mounts' must be true or false"},
		{"F-C09 quoted bool", "cache: {go_mounts: 'true'}",
			"'cache.go_mounts' must be true or false"},
		{"F-C09 root", "- a",
			"line 1, column 1: 'configuration' must be a mapping, not a list"},
		{"F-C09 duplicate", "registry: {}\nregistry: {}",
			"line 2, column 1: key 'registry' already defined at line 1"},
		{"F-C09 duplicate deep", "registry:\n  quay:\n    username: a\n    'username': b",
			"line 4, column 5: key 'username' already defined at line 3"},
		{"word", "cache: {registry: {mode: some}}",
			"'cache.registry.mode' cannot be 'some'"},
		{"tags.pr", "tags: {pr: never}", "'tags.pr' cannot be 'never'"},
		{"tags key", "tags: {prs: never}", "unknown key 'prs' in 'tags'"},
		{"labels", "labels: maybe", "'labels' must be a mapping, true or false"},
		{"s3 list", "cache: {s3: {bucket: [a]}}", "'cache.s3.bucket' must be text"},
		{"indentation", "registry:\n  quay:\n repository: x",
			"line 3, column 2: did not find expected key while parsing a block mapping"},
		{"tab", "registry:\n\tquay: x", "line 2, column 1: "},
		{"bad UTF-8", "ci:\n  imagename: \xff", "line 2, column 14: "},
		{"alias", "ci: *x", "line 1, column 5: unknown anchor 'x'"},
		{"alias to itself", "ci: &x {gitlab: *x}", "unknown anchor 'x'"},
		{"tag", "ci: {imagename: !secret x}", "unsupported tag '!secret'"},
		{"tag of a map", "ci: !thing {}", "unsupported tag '!thing'"},
		{"NUL", "ci: {imagename: \"a\\0b\"}", "text with a NUL character"},
		{"key that is a list", "? [a]\n: b", "a key must be text"},
		{"merge of text", "<<: x", "'<<' needs a mapping, not text"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_that(load_content(f, rows[i].content) == -1, "row '%s' is accepted",
			rows[i].name);
		assert_row_err(rows[i].name, &f->err, ERR_CONFIG, rows[i].message);
		assert_row_err(rows[i].name, &f->err, ERR_CONFIG, "'BUILDTOOLS_CONTENT', line ");
	}
	assert_int_equal(load_content(f, "cache: {goMounts: true}"), -1);
	assert_string_equal(f->err.hint, "keys known there: ecr, go_mounts, registry, gha, s3");
}

static void
f_c08_names_the_file(void **state)
{
	struct fixture *f = *state;

	tree_dir(&f->tree, "a");
	tree_put(&f->tree, ".buildtools.yaml", "# a\nfoo: x\n");
	assert_int_equal(load(f, "a", NO_VARS), -1);
	assert_err(&f->err, ERR_CONFIG, ".buildtools.yaml', line 2, column 1: unknown key 'foo'");
	assert_err(&f->err, ERR_CONFIG, f->tree.root);
}

static void
f_c10_f_c11_f_c21_f_c23_accepted(void **state)
{
	static const struct {
		const char *name, *content;
	} rows[] = {
		{"F-C10 empty", ""},
		{"F-C10 blank", "\n\n  \n"},
		{"F-C10 null", "~"},
		{"F-C10 null registry", "registry:\n"},
		{"F-C10 tilde", "registry: ~\ncache: null\nci:\nvcs:\n"},
		{"F-C10 null kind", "registry:\n  quay:\n"},
		{"F-C11 of other tools",
			"targets: {local: {context: c, namespace: n, kubeconfig: k}}\n"
			"git: {name: n, email: e, key: k}\n"
			"gitops: {x: {url: u, path: p}, y: }\n"},
		{"F-C11 ci",
			"ci: {azure: {}, buildkite: , gitlab: {cibuildname: n, cicommit: c},\n"
			" github: {cibranchname: b, cirepository: r}, teamcity: {cicommit: c}}"},
		{"F-C11 vcs", "vcs: {}"},
		{"F-C21 second document", "ci: {}\n---\nfoo: [bar\n"},
		{"F-C21 markers", "---\nci: {}\n...\nfoo: x"},
		{"F-C23 vcs.vcs", "vcs: {vcs: x}"},
		{"F-C23 vcs.vcs null", "vcs: {vcs: ~}"},
		{"byte order mark", "\xef\xbb\xbfregistry: {}"},
		{"numbers are text", "registry: {quay: {repository: 123, password: 0x10}}"},
		{"string tag", "registry: {quay: {repository: !!str null}}"},
		{"windows lines", "registry:\r\n  quay:\r\n    repository: a\r\n"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_ok(rows[i].name, load_content(f, rows[i].content), &f->err);
	assert_ok(load_content(f, "vcs: {vcs: x}"), &f->err);
	tree_logged(&f->tree, "warn: 'BUILDTOOLS_CONTENT', line 1: 'vcs.vcs' has no meaning");
	assert_ok(load_content(f, "registry: {quay: {password: 0x10}}"), &f->err);
	assert_secret(&f->c.registry.quay.password, "0x10");
	assert_ok(load_content(f, "registry: {quay: {repository: !!str null}}"), &f->err);
	assert_text(&f->c.registry.quay.repository, "null");
	assert_ok(load_content(f, "ci: {github: {cirepository: r, cicommit: c}}"), &f->err);
	assert_text(&f->c.ci.github.repository, "r");
	assert_text(&f->c.ci.github.commit, "c");
	assert_text(&f->c.ci.gitlab.commit, NULL);
}

static void
no_expansion_of_variables(void **state)
{
	struct fixture *f = *state;
	static const char *const vars[] = {
		"BUILDTOOLS_CONTENT=registry: {gitea: {registry: h, token: '${X}'}}", "X=value",
		NULL};

	assert_ok(load(f, "", vars), &f->err);
	assert_secret(&f->c.registry.gitea.token, "${X}");
}

static void
f_c12_two_registries_in_one_file(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load_content(f, "registry:\n  github:\n    repository: a\n"
					 "  quay:\n    repository: b\n"),
		-1);
	assert_err(&f->err, ERR_CONFIG,
		"line 5, column 17: registry already defined, please check configuration");
	assert_string_equal(f->err.hint, "both 'github' (line 3) and 'quay' (line 5) are there");
	/* a second one that is not complete is no second one */
	assert_ok(
		load_content(f, "registry: {github: {token: t}, quay: {repository: b}}"), &f->err);
}

static void
f_c13_a_nearer_registry_replaces(void **state)
{
	struct fixture *f = *state;

	tree_dir(&f->tree, "a");
	tree_put(
		&f->tree, ".buildtools.yaml", "registry: {quay: {repository: far, password: p}}\n");
	tree_put(&f->tree, "a/.buildtools.yaml", "registry: {github: {repository: near}}\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.github.repository, "near");
	assert_text(&f->c.registry.quay.repository, NULL);
	assert_false(secret_is_set(&f->c.registry.quay.password.value));
	tree_logged(&f->tree, "info: registry 'quay' of '");

	/* what does not make a registry leaves the parent's alone */
	tree_put(&f->tree, "a/.buildtools.yaml", "registry: {github: {token: near}}\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
	assert_secret(&f->c.registry.github.token, "near");
}

static void
f_c13_null_and_false_take_back(void **state)
{
	struct fixture *f = *state;

	tree_dir(&f->tree, "a");
	tree_put(&f->tree, ".buildtools.yaml",
		"registry: {quay: {repository: far, password: p}}\nguard: true\n"
		"stages: false\ntags: [type=sha]\nlabels: {a: b}\ndefault_branch: x\n"
		"cache: {go_mounts: true, s3: {bucket: b}, ecr: {tag: t}}\n");
	tree_put(&f->tree, "a/.buildtools.yaml",
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
	tree_put(&f->tree, "a/.buildtools.yaml", "registry:\ncache:\n  go_mounts:\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	assert_text(&f->c.registry.quay.repository, "far");
	assert_true(f->c.cache.go_mounts.value);
}

static void
f_c14_f_c15_cache_url(void **state)
{
	static const struct {
		const char *name, *url;
		bool good;
	} rows[] = {
		{"12 digits", "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-cache", true},
		{"no repository", "123456789012.dkr.ecr.us-east-1.amazonaws.com", true},
		{"F-C15 9 digits", "123456789.dkr.ecr.us-east-1.amazonaws.com/my-cache-repo", true},
		{"china", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b", true},
		{"fips", "123456789012.dkr.ecr-fips.us-gov-east-1.amazonaws.com/a", true},
		{"dual stack", "123456789012.dkr-ecr.eu-west-1.on.aws/a", true},
		{"F-C14 word", "not-an-ecr-url", false},
		{"F-C14 5 digits", "12345.dkr.ecr.us-east-1.amazonaws.com/x", false},
		{"F-C14 letters", "abcdefghijkl.dkr.ecr.us-east-1.amazonaws.com/x", false},
		{"F-C14 no region", "123456789012.dkr.ecr.amazonaws.com/x", false},
		{"F-C14 other host", "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.org/x",
			false},
		{"F-C14 scheme", "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/x", false},
		{"F-C14 trailing slash", "123456789012.dkr.ecr.us-east-1.amazonaws.com/", false},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *yaml = xasprintf("cache: {ecr: {url: '%s'}}\n", rows[i].url);
		cleanup_free char *var = xasprintf("BUILDTOOLS_CACHE_ECR_URL=%s", rows[i].url);
		const char *vars[] = {"BUILDTOOLS_CONTENT=", var, NULL};

		assert_row_int(rows[i].name, config_is_ecr_url(rows[i].url), rows[i].good);
		assert_row_int(rows[i].name, load_content(f, yaml), rows[i].good ? 0 : -1);
		if (!rows[i].good)
			assert_row_err(rows[i].name, &f->err, ERR_CONFIG,
				"line 1, column 20: invalid ECR cache URL \"");
		assert_row_int(rows[i].name, load(f, "", vars), rows[i].good ? 0 : -1);
		if (!rows[i].good)
			assert_row_err(rows[i].name, &f->err, ERR_CONFIG,
				"'BUILDTOOLS_CACHE_ECR_URL': invalid ECR cache URL \"");
	}
	assert_ok(load_content(f, "cache: {ecr: {url: 123456789.dkr.ecr.us-east-1.amazonaws.com}}"),
		&f->err);
	tree_logged(&f->tree, "warn: ");
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
	const char *path = tree_dir(&f->tree, ".buildtools.yaml");

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
	tree_put(&f->tree, ".buildtools.yaml", "ci: {}\n");
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
	tree_put(&f->tree, ".buildtools.yaml", buf_cstr(&big));
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

static void
new_keys(void **state)
{
	static const char yaml[] =
		"registry:\n  quay: {repository: r, insecure: true, ca: certs/ca.pem}\n"
		"cache:\n  registry: {ref: host/cache, mode: max}\n  gha: {}\n"
		"  s3: {bucket: b, region: r, secret_access_key: k}\n"
		"stages: no\ndefault_branch: trunk\nflavor: {latest: auto, prefix: v}\n"
		"tags:\n- type=semver,pattern={{version}}\n- type: raw\n  value: a,b\n  enable: true\n"
		"- type: match\n  pattern: 'say \"x\"'\n"
		"labels: {org.example.a: '1', b: null}\nsummary: true\nguard: on\n"
		"builder: tcp://host:1234\n"
		"secrets:\n  npm: {env: NPM_TOKEN}\n  key: ./file,1\n  plain:\n";
	static const char *const tags[] = {"type=semver,pattern={{version}}",
		"type=raw,\"value=a,b\",enable=true", "type=match,\"pattern=say \"\"x\"\"\""};
	static const char *const secrets[] = {
		"id=npm,env=NPM_TOKEN", "id=key,\"src=./file,1\"", "id=plain"};
	struct fixture *f = *state;
	char ca[128];
	size_t i;

	tree_put(&f->tree, ".buildtools.yaml", yaml);
	assert_ok(load(f, "", NO_VARS), &f->err);
	assert_true(f->c.registry.quay.access.insecure.value);
	snprintf(ca, sizeof(ca), "%s/certs/ca.pem", f->tree.root);
	assert_text(&f->c.registry.quay.access.ca, ca);
	assert_text(&f->c.cache.registry_ref, "host/cache");
	assert_text(&f->c.cache.registry_mode, "max");
	assert_true(f->c.cache.gha.present);
	assert_int_equal(f->c.cache.s3.n, 3);
	assert_false(f->c.cache.s3.items[0].secret);
	assert_true(f->c.cache.s3.items[2].secret);
	assert_true(f->c.stages.set && !f->c.stages.value);
	assert_text(&f->c.default_branch, "trunk");
	assert_int_equal(f->c.flavor.n, 2);
	assert_string_equal(f->c.flavor.items[1].text, "prefix=v");
	assert_int_equal(f->c.tags.n, ARRAY_LEN(tags));
	for (i = 0; i < ARRAY_LEN(tags); i++)
		assert_string_equal(f->c.tags.items[i].text, tags[i]);
	assert_int_equal(f->c.tags.items[1].from.line, 12);
	assert_int_equal(f->c.labels.n, 2);
	assert_string_equal(f->c.labels.items[1].value, "");
	assert_true(f->c.summary.value && f->c.guard.value);
	assert_text(&f->c.builder, "tcp://host:1234");
	assert_int_equal(f->c.secrets.n, ARRAY_LEN(secrets));
	for (i = 0; i < ARRAY_LEN(secrets); i++)
		assert_string_equal(f->c.secrets.items[i].text, secrets[i]);
}

static void
new_keys_in_other_forms(void **state)
{
	struct fixture *f = *state;

	assert_ok(load_content(f, "tags:\n  pr: branch\n  rules: |\n    type=sha\n\n    type=ref\n"
				  "flavor: |\n  latest=false\n  prefix=,onlatest=true\n"
				  "secrets: ['id=a,env=A']\nlabels: true\n"),
		&f->err);
	assert_text(&f->c.tags_pr, "branch");
	assert_int_equal(f->c.tags.n, 2);
	assert_string_equal(f->c.tags.items[1].text, "type=ref");
	assert_int_equal(f->c.flavor.n, 2);
	assert_string_equal(f->c.flavor.items[1].text, "prefix=,onlatest=true");
	assert_string_equal(f->c.secrets.items[0].text, "id=a,env=A");
	assert_true(f->c.labels_on.value);
}

static void
aliases_and_merge_keys(void **state)
{
	struct fixture *f = *state;

	assert_ok(
		load_content(f, "registry:\n  quay: &q {username: u, password: p}\n"
				"  dockerhub:\n    <<: *q\n    username: own\n    namespace: n\n"),
		&f->err);
	assert_text(&f->c.registry.dockerhub.username, "own");
	assert_secret(&f->c.registry.dockerhub.password, "p");
	assert_text(&f->c.registry.quay.username, "u");
}

/* Ten levels of ten aliases each would be ten thousand million values. */
static void
documents_stay_small(void **state)
{
	struct fixture *f = *state;
	struct buf b = {0};
	char c;
	int i;

	buf_puts(&b, "labels: {a: &a [x,x,x,x,x,x,x,x,x,x]");
	for (c = 'b'; c <= 'j'; c++) {
		buf_addf(&b, ", %c: &%c [*%c", c, c, c - 1);
		for (i = 0; i < 9; i++)
			buf_addf(&b, ",*%c", c - 1);
		buf_putc(&b, ']');
	}
	buf_puts(&b, "}");
	assert_int_equal(load_content(f, buf_cstr(&b)), -1);
	assert_err(&f->err, ERR_CONFIG, "too many values");

	buf_reset(&b);
	for (i = 0; i < 100; i++)
		buf_putc(&b, '[');
	assert_int_equal(load_content(f, buf_cstr(&b)), -1);
	assert_err(&f->err, ERR_CONFIG, "nested too deeply");

	buf_reset(&b);
	buf_puts(&b, "labels:\n");
	for (i = 0; i <= NODE_MEMBERS_MAX; i++)
		buf_addf(&b, " k%d: v\n", i);
	assert_int_equal(load_content(f, buf_cstr(&b)), -1);
	assert_err(&f->err, ERR_CONFIG, "too many entries");

	buf_reset(&b);
	buf_puts(&b, "labels:\n");
	for (i = 0; i < 101; i++)
		buf_addf(&b, " k%d: &a%d v\n", i, i);
	assert_int_equal(load_content(f, buf_cstr(&b)), -1);
	assert_err(&f->err, ERR_CONFIG, "too many anchors");
	buf_release(&b);
}

/* N-6: the file of another user above is read, and named. */
static void
n_06_foreign_ancestor_is_named(void **state)
{
	struct fixture *f = *state;
	const char *dir = tree_dir(&f->tree, "a");
	char path[128];

	snprintf(path, sizeof(path), "%s/.buildtools.yaml", f->tree.root);
	tree_put(&f->tree, ".buildtools.yaml", "default_branch: x\n");
	assert_ok(load(f, "a", NO_VARS), &f->err);
	tree_not_logged(&f->tree, "another user");
	if (geteuid() != 0)
		return; /* nobody else can give files away */
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_ok(load(f, "a", NO_VARS), &f->err);
	tree_logged(&f->tree, "belongs to another user (uid 12345)");
	assert_text(&f->c.default_branch, "x");
	assert_ok(load(f, "", NO_VARS), &f->err);
	tree_not_logged(&f->tree, "another user");
	assert_int_equal(chown(dir, 12345, (gid_t)-1), 0);
	assert_ok(load(f, "a", NO_VARS), &f->err);
	tree_not_logged(&f->tree, "another user");
}

static void
relative_and_missing_directories(void **state)
{
	struct fixture *f = *state;
	struct env env = {NO_VARS};
	const char *dir = tree_dir(&f->tree, "a");
	char here[512];

	tree_put(&f->tree, ".buildtools.yaml", "default_branch: x\n");
	assert_ok(load(f, "a/../a/.", NO_VARS), &f->err);
	assert_text(&f->c.default_branch, "x");
	assert_int_equal(load(f, "none", NO_VARS), -1);
	assert_err(&f->err, ERR_SYS, "/none'");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(dir), 0);
	assert_ok(config_load(&f->arena, &env, ".", &f->tree.log, &f->c, &f->err), &f->err);
	assert_int_equal(chdir(here), 0);
	assert_text(&f->c.default_branch, "x");
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
		ROW(f_c08_f_c09_refused),
		ROW(f_c08_names_the_file),
		ROW(f_c10_f_c11_f_c21_f_c23_accepted),
		ROW(no_expansion_of_variables),
		ROW(f_c12_two_registries_in_one_file),
		ROW(f_c13_a_nearer_registry_replaces),
		ROW(f_c13_null_and_false_take_back),
		ROW(f_c14_f_c15_cache_url),
		ROW(f_c16_f_c17_cache_settings),
		ROW(f_c18_go_mounts_words),
		ROW(f_c19_unreadable_is_an_error),
		ROW(f_c19_larger_than_the_cap),
		ROW(f_c22_i_09_image_name),
		ROW(new_keys),
		ROW(new_keys_in_other_forms),
		ROW(aliases_and_merge_keys),
		ROW(documents_stay_small),
		ROW(n_06_foreign_ancestor_is_named),
		ROW(relative_and_missing_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
