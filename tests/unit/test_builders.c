/* cmd/: addresses of BuildKit daemons, caches, what daemons can do, what is worth another try. */
#include "test.h"

#include <limits.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/log.h"
#include "buildkit/peer.h"
#include "buildkit/session.h"
#include "buildkit/solve.h"
#include "cmd/caches.h"
#include "cmd/dialers.h"
#include "cmd/features.h"
#include "cmd/options.h"
#include "cmd/retry.h"
#include "cmd/solves.h"
#include "config/config.h"

static const struct env empty_env;

/* ---- addresses ------------------------------------------------------------ */

static const char *
words(struct arena *a, const struct strlist *l)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < l->n; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? " " : "", l->items[i]);
	return text;
}

static const char *
describe(struct arena *a, const struct builder_address *b)
{
	switch (b->form) {
	case BUILDER_UNIX:
		return arena_fmt(a, "unix %s as %s", b->path, b->authority);
	case BUILDER_TCP:
		return arena_fmt(a, "tcp %s %s as %s", b->host, b->port, b->authority);
	case BUILDER_DOCKER_CONTAINER:
		return arena_fmt(a, "container %s at %s", b->container, b->endpoint.address);
	case BUILDER_PROGRAM:
		return words(a, &b->argv);
	}
	return "";
}

static void
k_01_k_02_addresses(void **state)
{
	static const char *const vars[] = {"DOCKER_HOST=tcp://engine:2375", NULL};
	static const struct {
		const char *address, *want;
	} rows[] = {
		{"unix:///run/x.sock", "unix /run/x.sock as localhost"},
		{"unix:///run/a#b?c=d%20 e@f:g", "unix /run/a#b?c=d%20 e@f:g as localhost"},
		{"tcp://host:1234", "tcp host 1234 as host:1234"},
		{"tcp://[::1]:1234", "tcp ::1 1234 as [::1]:1234"},
		{"docker-container://Kit_1", "container Kit_1 at tcp://engine:2375"},
		{"podman-container://kit", "podman exec -i kit buildctl dial-stdio"},
		{"nerdctl-container://kit?namespace=a%20b",
			"nerdctl exec --namespace a b -i kit buildctl dial-stdio"},
		{"kube-pod://p?context=x&namespace=n&container=c",
			"kubectl --context=x --namespace=n exec --container=c -i p -- buildctl "
			"dial-stdio"},
		{"ssh://me@far:22/run/x.sock",
			"ssh -l me -p 22 -- far buildctl --addr unix:///run/x.sock dial-stdio"},
		{"ssh://far", "ssh -- far buildctl dial-stdio"},
	};
	struct env env = {vars};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct builder_address b;
		struct err err = {0};

		assert_row_ok(rows[i].address,
			builder_address_parse(&a, &env, rows[i].address, &b, &err), &err);
		assert_row_str(rows[i].address, str_from(describe(&a, &b)), rows[i].want);
	}
}

static void
k_20_addresses_that_make_no_sense(void **state)
{
	static const struct {
		const char *address, *want;
	} rows[] = {
		{"", "scheme"},
		{"host:1234", "scheme"},
		{"unix://run/x.sock", "begins with '/'"},
		{"unix://", "begins with '/'"},
		{"tcp://host", "port"},
		{"tcp://:1234", "host"},
		{"npipe:////./pipe/x", "not known"},
		{"docker-container://", "container"},
		{"podman-container:///x", "container"},
		{"kube-pod://", "pod"},
		{"kube-pod://p?namespace=a/b", "a/b"},
		{"kube-pod://p?container=-%2Fc", "-/c"},
		{"ssh://", "host"},
		{"ssh://me:secret@far", "password"},
		{"tcp://me:secret@far:1234", "user name"},
		{"ssh://far/x;reboot", "shell"},
		{"ssh://far/x?y=z", "query"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct builder_address b;
		struct err err = {0};

		assert_row_int(rows[i].address,
			builder_address_parse(&a, &empty_env, rows[i].address, &b, &err), -1);
		assert_row_err(rows[i].address, &err, ERR_USAGE, rows[i].want);
		assert_row_int(rows[i].address, strstr(err.msg, "secret") != NULL, 0);
	}
}

/* ---- caches --------------------------------------------------------------- */

static const char *
shown(struct arena *a, const struct cache_list *l)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < l->n; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? " " : "", l->items[i].shown);
	return text;
}

static void
cache_flags(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: an error */
	} rows[] = {
		{"host/a:b", "host/a:b"},
		{"type=registry,ref=host/a:b", "host/a:b"},
		{"type=registry,ref=host/a:b,mode=max", "type=registry,ref=host/a:b,mode=max"},
		{"ref=host/a, type=registry", "host/a"},
		{"type=inline", "type=inline"},
		{"type=s3,secret_access_key=geheim,bucket=b",
			"type=s3,secret_access_key=***,bucket=b"},
		{"type=gha,token=geheim,ghtoken=geheim", "type=gha,token=***,ghtoken=***"},
		{"ref=host/a", NULL},
		{"type=registry,host/a", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct cache_list l = {0};
		struct err err = {0};
		int rc = cache_add_flag(&l, &a, rows[i].text, "cache-to", &err);

		if (!rows[i].want) {
			assert_row_int(rows[i].text, rc, -1);
			assert_row_err(rows[i].text, &err, ERR_USAGE, "--cache-to");
			continue;
		}
		assert_row_ok(rows[i].text, rc, &err);
		assert_row_str(rows[i].text, str_from(shown(&a, &l)), rows[i].want);
	}
}

static void
k_09_configured_caches(void **state)
{
	static const char *const github[] = {"ACTIONS_RUNTIME_TOKEN=geheim",
		"ACTIONS_RESULTS_URL=http://results/", "ACTIONS_CACHE_SERVICE_V2=True",
		"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=geheim", NULL};
	static const char *const content[] = {
		"BUILDTOOLS_CONTENT="
		"cache:\n"
		"  ecr: {url: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/c}\n"
		"  registry: {ref: 'host/c:x', mode: min}\n"
		"  gha: {scope: s}\n"
		"  s3: {bucket: b, ignore-error: 'false'}\n",
		NULL};
	cleanup_arena struct arena a = {0};
	cleanup_config struct config c = {0};
	struct cache_list in = {0}, out = {0};
	struct env env = {content}, ci = {github};
	struct err err = {0};
	size_t i;

	(void)state;
	assert_ok(config_load(&a, &env, "/", NULL, &c, &err), &err);
	caches_configured(&a, &c, &ci, NULL, &in, &out);
	assert_str(str_from(shown(&a, &in)),
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/c:buildcache host/c:x "
		"type=gha,scope=s,url_v2=http://results/,url=http://results/,token=*** "
		"type=s3,bucket=b,ignore-error=false,access_key_id=***,secret_access_key=***");
	assert_str(str_from(shown(&a, &out)),
		"type=registry,ref=123456789012.dkr.ecr.eu-west-1.amazonaws.com/c:buildcache,"
		"mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true "
		"type=registry,ref=host/c:x,mode=min,image-manifest=true,oci-mediatypes=true,"
		"ignore-error=true "
		"type=gha,scope=s,url_v2=http://results/,url=http://results/,token=***,mode=max,"
		"ignore-error=true "
		"type=s3,bucket=b,ignore-error=false,access_key_id=***,secret_access_key=***,"
		"mode=max");
	for (i = 0; i < in.n; i++)
		assert_true(in.items[i].shared && out.items[i].shared);
	/* outside of GitHub there is no such service */
	in = (struct cache_list){0};
	caches_configured(&a, &c, &empty_env, NULL, &in, &out);
	assert_int_equal(in.n, 3);
}

static void
caches_of_stages(void **state)
{
	static const struct {
		const char *cache, *attr, *want; /* NULL: no place of its own */
	} rows[] = {
		{"type=registry,ref=host:5000/a:b", "ref", "host:5000/a:b-test"},
		{"type=registry,ref=host:5000/a", "ref", "host:5000/a:latest-test"},
		{"type=gha,url=u", "scope", "buildkit-test"},
		{"type=gha,scope=s", "scope", "s-test"},
		{"type=s3,name=n", "name", "n-test"},
		{"type=s3,bucket=b", "name", "buildkit-test"},
		{"type=s3,name=n;m", "name", NULL},
		{"type=azblob,name=n", "name", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct cache_list l = {0};
		const struct kvlist *attrs;

		assert_int_equal(cache_add_flag(&l, &a, rows[i].cache, "x", NULL), 0);
		attrs = cache_of_stage(&a, &l.items[0], "test");
		assert_row_str(rows[i].cache, str_from(attrs ? kv_get(attrs, rows[i].attr) : NULL),
			rows[i].want);
	}
}

/* ---- what daemons can do -------------------------------------------------- */

static void
versions(void **state)
{
	static const struct {
		const char *version;
		int minor;
	} rows[] = {
		{NULL, 8},
		{"v0.11.6", 11},
		{"0.12.5+d3e6c1360f6e", 12},
		{"v0.32.2", 32},
		{"v0.0.0+unknown", INT_MAX},
		{"v1.0.0", INT_MAX},
		{"", INT_MAX},
		{"v0.99999999999", INT_MAX},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(rows[i].version ? rows[i].version : "none",
			features_minor(rows[i].version), rows[i].minor);
}

static void
count_warning(struct log *log, enum log_level level, const char *text)
{
	(void)level;
	assert_true(*text);
	(*(int *)log->arg)++;
}

static const char *
types(struct arena *a, const struct bk_entries *l)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < l->n; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? " " : "", l->items[i].type);
	return text;
}

static void
features_that_daemons_lack(void **state)
{
	static const char *const all[] = {"inline", "registry", "gha", "s3", "later"};
	static const struct {
		const char *name, *version;
		bool engine, containerd;
		const char *imports, *exports;
		int warnings;
	} rows[] = {
		{"today", "v0.32.2", false, true, "inline registry gha s3 later",
			"inline registry gha s3 later", 0},
		{"0.11", "v0.11.0", false, false, "inline registry gha s3 later",
			"inline registry gha s3 later", 0},
		{"before 0.11", NULL, false, false, "inline registry later", "registry", 7},
		{"Engine of today", "v0.32.2", true, true, "inline registry gha later",
			"inline registry gha later", 2},
		{"its classic store", "v0.32.2", true, false, "inline registry later",
			"inline later", 5},
		{"Engine 20.10", NULL, true, false, "inline registry later", "later", 8},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct bk_info info = {
			.version = rows[i].version, .containerd_store = rows[i].containerd};
		int warnings = 0;
		struct log log = {LOG_DEBUG, count_warning, &warnings};
		struct features f = {&info, rows[i].engine, &a, &log, {0}};
		struct planned_solve s = {0};
		struct build_options o = {.shm_size = 1};

		strlist_add(&o.ulimits, &a, "nofile=1");
		for (k = 0; k < ARRAY_LEN(all); k++) {
			bk_entry_add(&s.solve.cache_imports, &a, all[k]);
			bk_entry_add(&s.solve.cache_exports, &a, all[k]);
		}
		features_apply(&f, &o, &s);
		assert_row_str(
			rows[i].name, str_from(types(&a, &s.solve.cache_imports)), rows[i].imports);
		assert_row_str(
			rows[i].name, str_from(types(&a, &s.solve.cache_exports)), rows[i].exports);
		/* each thing is named once */
		features_apply(&f, &o, &s);
		assert_row_int(rows[i].name, warnings, rows[i].warnings);
	}
}

static void
k_10_refused_caches(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
		const char *left;
	} rows[] = {
		{"image: failed to configure gha cache exporter: expired", ERR_BUILD, "inline s3"},
		{"unknown cache exporter: \"s3\"", ERR_BUILD, "inline gha"},
		{"failed to configure s3 cache exporter: no bucket", ERR_BUILD, "inline gha s3"},
		{"failed to configure gha cache exporter: lost", ERR_NET, "inline gha s3"},
		{"exit code: 1", ERR_BUILD, "inline gha s3"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct bk_info info = {0};
		struct features f = {.info = &info, .arena = &a};
		struct planned_solve s = {0};
		struct err err = {0};
		bool refused;

		bk_entry_add(&s.solve.cache_exports, &a, "inline");
		kv_set(&bk_entry_add(&s.solve.cache_exports, &a, "gha")->attrs, &a, "ignore-error",
			"true");
		bk_entry_add(&s.solve.cache_exports, &a, "s3");
		err_set(&err, rows[i].kind, "%s", rows[i].text);
		refused = features_refused(&f, &err, &s);
		assert_row_str(
			rows[i].text, str_from(types(&a, &s.solve.cache_exports)), rows[i].left);
		assert_row_int(rows[i].text, refused, s.solve.cache_exports.n < 3);
	}
}

/* ---- retries -------------------------------------------------------------- */

static void
what_is_worth_another_try(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
		size_t failed;
		enum retry_cause want;
	} rows[] = {
		{"connection reset", ERR_NET, 0, RETRY_CONNECTION},
		{"connection reset", ERR_NET, 1, RETRY_NEVER},
		{"malformed frame", ERR_PROTO, 0, RETRY_CONNECTION},
		{"a signal", ERR_CANCELED, 0, RETRY_NEVER},
		{"certificate expired", ERR_TLS, 0, RETRY_NEVER},
		{"failed to push h/a:b: unexpected status from PUT request to "
		 "https://h/v2/a/manifests/b: 503 Service Unavailable",
			ERR_BUILD, 1, RETRY_REGISTRY},
		{"failed to push h/a:b: unexpected status from HEAD request to "
		 "https://h:429/v2/a/blobs/sha256:429: 400 Bad Request",
			ERR_BUILD, 1, RETRY_NEVER},
		{"failed to push h/a:b: failed to copy: unexpected status: 429", ERR_BUILD, 1,
			RETRY_REGISTRY},
		{"failed to push h/a:b: failed to authorize: failed to fetch oauth token: unexpected "
		 "status from POST request to https://h/token: 502 Bad Gateway",
			ERR_BUILD, 1, RETRY_REGISTRY},
		{"failed to push h/a:b: failed to authorize: failed to fetch oauth token: unexpected "
		 "status from POST request to https://h/token: 401 Unauthorized",
			ERR_BUILD, 1, RETRY_LOGIN},
		{"token for 'repository:a:pull': registry 'h' answered 503 Busy: " BK_TOKEN_LATER,
			ERR_BUILD, 1, RETRY_REGISTRY},
		{"failed to authorize: Unauthenticated: token for 'repository:a:pull': registry 'h' "
		 "answered 401 UNAUTHORIZED: wrong",
			ERR_BUILD, 1, RETRY_NEVER},
		{"process \"/bin/sh -c echo " BK_TOKEN_LATER
		 "\" did not complete successfully: exit "
		 "code: 1",
			ERR_BUILD, 1, RETRY_NEVER},
		{"failed to push h/a:b: push access denied, repository does not exist", ERR_BUILD,
			1, RETRY_LOGIN},
		{"failed to push h/a:b: failed to do request: Put \"https://h/\": EOF", ERR_BUILD,
			1, RETRY_REGISTRY},
		{"failed to push h/a:b: failed to do request: Put \"https://h/\": read tcp "
		 "1.2.3.4:5->6.7.8.9:443: read: connection reset by peer",
			ERR_BUILD, 1, RETRY_REGISTRY},
		{"failed to push h/a:b: failed to do request: Head \"https://h/\": dial tcp "
		 "1.2.3.4:443: connect: connection refused",
			ERR_BUILD, 1, RETRY_REGISTRY},
		{"h/a:b: failed to resolve source metadata for h/a:b: failed to do request: Head "
		 "\"https://h/\": dial tcp 1.2.3.4:443: connect: connection refused",
			ERR_BUILD, 1, RETRY_NEVER},
		{"h/a:b: failed to resolve source metadata for h/a:b: unexpected status from HEAD "
		 "request to https://h/: 429 Too Many Requests",
			ERR_BUILD, 1, RETRY_REGISTRY},
		{"h/a:b: failed to resolve source metadata for h/a:b: h/a:b: not found", ERR_BUILD,
			1, RETRY_NEVER},
		{"process \"/bin/sh -c echo failed to push: unexpected status: 503 x\" did not "
		 "complete successfully: exit code: 1",
			ERR_BUILD, 1, RETRY_NEVER},
		{"executor failed running [/bin/sh -c echo failed to push: unexpected status: 503 x]: "
		 "exit code: 1",
			ERR_BUILD, 1, RETRY_NEVER},
		{"exit code: 503 ", ERR_BUILD, 1, RETRY_NEVER},
		{"no such job", ERR_BUILD, 0, RETRY_NEVER},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {0};

		err_set(&err, rows[i].kind, "%s", rows[i].text);
		assert_row_int(rows[i].text, retry_cause_of(&err, rows[i].failed), rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(k_01_k_02_addresses),
		cmocka_unit_test(k_20_addresses_that_make_no_sense),
		cmocka_unit_test(cache_flags),
		cmocka_unit_test(k_09_configured_caches),
		cmocka_unit_test(caches_of_stages),
		cmocka_unit_test(versions),
		cmocka_unit_test(features_that_daemons_lack),
		cmocka_unit_test(k_10_refused_caches),
		cmocka_unit_test(what_is_worth_another_try),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
