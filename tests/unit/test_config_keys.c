/* Configuration: what a document may say, and how one that is wrong is refused. */
#include "test.h"

#include "config_fixture.h"

#include "base/arena.h"
#include "base/env.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/node.h"

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
		{"alias", "ci: *x", "line 1, column 5: unknown anchor; text"},
		{"alias to itself", "ci: &x {gitlab: *x}", "unknown anchor; text"},
		{"tag", "ci: {imagename: !secret x}", "unsupported tag; text"},
		{"tag of a map", "ci: !thing {}", "unsupported tag; text"},
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
	sandbox_logged(&f->box, "warn: 'BUILDTOOLS_CONTENT', line 1: 'vcs.vcs' has no meaning");
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
	sandbox_logged(&f->box, "warn: ");
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

	sandbox_put(&f->box, ".buildtools.yaml", yaml);
	assert_ok(load(f, "", NO_VARS), &f->err);
	assert_true(f->c.registry.quay.access.insecure.value);
	snprintf(ca, sizeof(ca), "%s/certs/ca.pem", f->box.root);
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
	int c;
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

#define ROW(test) cmocka_unit_test_setup_teardown(test, config_setup, config_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(f_c08_f_c09_refused),
		ROW(f_c10_f_c11_f_c21_f_c23_accepted),
		ROW(no_expansion_of_variables),
		ROW(f_c12_two_registries_in_one_file),
		ROW(f_c14_f_c15_cache_url),
		ROW(new_keys),
		ROW(new_keys_in_other_forms),
		ROW(aliases_and_merge_keys),
		ROW(documents_stay_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
