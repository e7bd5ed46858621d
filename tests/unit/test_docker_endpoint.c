/* Where the Engine is: variables, contexts on disk, TLS, pinned versions. Rows D-06, D-07. */
#include "test.h"

#include "base/arena.h"
#include "base/env.h"
#include "base/sha256.h"
#include "docker/docker.h"
#include "tree.h"

enum { VARS_MAX = 6 };

/* '@' in a value stands for the folder of the test. */
static struct env
make_env(struct arena *a, const struct tree *t, const char *const *vars, const char **out)
{
	struct env env = {out};
	size_t n = 0, i;

	for (i = 0; i < VARS_MAX && vars[i]; i++) {
		const char *at = strchr(vars[i], '@');

		out[n++] =
			at ? arena_fmt(a, "%.*s%s%s", (int)(at - vars[i]), vars[i], t->path, at + 1)
			   : vars[i];
	}
	out[n] = NULL;
	return env;
}

static void
write_context(const struct tree *t, const char *name, const char *json, bool tls)
{
	char id[SHA256_HEX_LEN + 1], path[256];

	sha256_text(str_from(name), id);
	snprintf(path, sizeof(path), "contexts/meta/%s/meta.json", id);
	tree_write(t, path, "%s", json);
	if (!tls)
		return;
	snprintf(path, sizeof(path), "contexts/tls/%s/docker/ca.pem", id);
	tree_write(t, path, "ca");
	snprintf(path, sizeof(path), "contexts/tls/%s/docker/cert.pem", id);
	tree_write(t, path, "cert");
	snprintf(path, sizeof(path), "contexts/tls/%s/docker/key.pem", id);
	tree_write(t, path, "key");
}

static void
write_files(const struct tree *t)
{
	write_context(t, "remote",
		"{\"Name\":\"remote\",\"Metadata\":{},\"Endpoints\":{\"docker\":"
		"{\"Host\":\"tcp://remote:2376\",\"SkipTLSVerify\":false}}}",
		true);
	write_context(t, "loose",
		"{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://loose:1\",\"SkipTLSVerify\":true}}}",
		false);
	write_context(t, "plain", "{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://plain:1/base\"}}}",
		false);
	write_context(
		t, "socket", "{\"Endpoints\":{\"docker\":{\"Host\":\"unix:///ctx.sock\"}}}", true);
	write_context(t, "hostless", "{\"Endpoints\":{\"kubernetes\":{}}}", false);
	write_context(t, "wrong types", "{\"Endpoints\":{\"docker\":[\"tcp://x:1\"]}}", false);
	write_context(t, "garbled", "{\"Endpoints\":", false);
	write_context(t, "bad host", "{\"Endpoints\":{\"docker\":{\"Host\":\"nonsense\"}}}", false);
	tree_write(t, "config.json", "{\"currentContext\":\"remote\"}");
	tree_write(t, "home/.docker/config.json", "{\"currentContext\":\"\"}");
	tree_write(t, "default/config.json", "{\"currentContext\":\"default\"}");
	tree_write(t, "broken/config.json", "{\"currentContext\":");
	tree_write(t, "certs/ca.pem", "ca");
	tree_write(t, "certs/cert.pem", "cert");
	tree_write(t, "certs/key.pem", "key");
}

static void
d_06_where_the_engine_is(void **state)
{
	static const struct {
		const char *name;
		const char *vars[VARS_MAX];
		const char *address, *source, *path, *host, *port, *base;
	} rows[] = {
		{"nothing is set", {NULL}, "unix:///var/run/docker.sock", "default",
			"/var/run/docker.sock", NULL, NULL, ""},
		{"no context is chosen", {"HOME=@/home"}, "unix:///var/run/docker.sock", "default",
			"/var/run/docker.sock", NULL, NULL, ""},
		{"a socket", {"DOCKER_HOST=unix:///run/x.sock"}, "unix:///run/x.sock",
			"DOCKER_HOST", "/run/x.sock", NULL, NULL, ""},
		{"a socket without path", {"DOCKER_HOST=unix://"}, "unix://", "DOCKER_HOST",
			"/var/run/docker.sock", NULL, NULL, ""},
		{"a path is no URL", {"DOCKER_HOST=unix:///a b/#1?x%20"}, "unix:///a b/#1?x%20",
			"DOCKER_HOST", "/a b/#1?x%20", NULL, NULL, ""},
		{"TCP", {"DOCKER_HOST=tcp://h:1234"}, "tcp://h:1234", "DOCKER_HOST", NULL, "h",
			"1234", ""},
		{"TCP without port", {"DOCKER_HOST=tcp://h"}, "tcp://h", "DOCKER_HOST", NULL, "h",
			"2375", ""},
		{"TCP with a base", {"DOCKER_HOST=tcp://h:1/docker/1"}, "tcp://h:1/docker/1",
			"DOCKER_HOST", NULL, "h", "1", "/docker/1"},
		{"TCP, IPv6", {"DOCKER_HOST=tcp://[::1]:7/"}, "tcp://[::1]:7/", "DOCKER_HOST", NULL,
			"::1", "7", ""},
		{"DOCKER_HOST beats all",
			{"DOCKER_HOST=tcp://h:1", "DOCKER_CONTEXT=plain", "DOCKER_CONFIG=@"},
			"tcp://h:1", "DOCKER_HOST", NULL, "h", "1", ""},
		{"empty variables are none", {"DOCKER_HOST=", "DOCKER_CONTEXT=", "DOCKER_CONFIG="},
			"unix:///var/run/docker.sock", "default", "/var/run/docker.sock", NULL,
			NULL, ""},
		{"a context by variable", {"DOCKER_CONTEXT=plain", "DOCKER_CONFIG=@"},
			"tcp://plain:1/base", "context 'plain'", NULL, "plain", "1", "/base"},
		{"a context by file", {"DOCKER_CONFIG=@"}, "tcp://remote:2376", "context 'remote'",
			NULL, "remote", "2376", ""},
		{"a context of a socket", {"DOCKER_CONTEXT=socket", "DOCKER_CONFIG=@"},
			"unix:///ctx.sock", "context 'socket'", "/ctx.sock", NULL, NULL, ""},
		{"the default context by variable", {"DOCKER_CONTEXT=default", "DOCKER_CONFIG=@"},
			"unix:///var/run/docker.sock", "default", "/var/run/docker.sock", NULL,
			NULL, ""},
		{"the default context by file", {"DOCKER_CONFIG=@/default"},
			"unix:///var/run/docker.sock", "default", "/var/run/docker.sock", NULL,
			NULL, ""},
		{"a broken config.json is for others to report", {"DOCKER_CONFIG=@/broken"},
			"unix:///var/run/docker.sock", "default", "/var/run/docker.sock", NULL,
			NULL, ""},
		{"TLS without a host", {"DOCKER_TLS_VERIFY=1"}, "tcp://localhost:2376", "default",
			NULL, "localhost", "2376", ""},
	};
	cleanup_tree struct tree t;
	size_t i;

	(void)state;
	tree_init(&t);
	write_files(&t);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		const char *vars[VARS_MAX + 1];
		struct env env = make_env(&a, &t, rows[i].vars, vars);
		struct docker_endpoint e;
		struct err err = {0};

		assert_row_ok(rows[i].name, docker_endpoint_find(&a, &env, &e, &err), &err);
		assert_row_int(rows[i].name, e.transport, rows[i].path ? DOCKER_UNIX : DOCKER_TCP);
		assert_row_str(rows[i].name, str_from(e.address), rows[i].address);
		assert_row_str(rows[i].name, str_from(e.source), rows[i].source);
		assert_row_str(rows[i].name, str_from(e.path), rows[i].path);
		assert_row_str(rows[i].name, str_from(e.host), rows[i].host);
		assert_row_str(rows[i].name, str_from(e.port), rows[i].port);
		assert_row_str(rows[i].name, str_from(e.base), rows[i].base);
		assert_null(e.version);
	}
}

static void
d_06_what_makes_no_sense(void **state)
{
	static const struct {
		const char *name;
		const char *vars[VARS_MAX];
		const char *text;
	} rows[] = {
		{"no scheme", {"DOCKER_HOST=h:2375"}, "unable to parse docker host `h:2375`"},
		{"a path", {"DOCKER_HOST=/run/docker.sock"},
			"unable to parse docker host `/run/docker.sock`"},
		{"nonsense", {"DOCKER_HOST=nonsense"}, "unable to parse docker host `nonsense`"},
		{"http", {"DOCKER_HOST=http://h"}, "unable to parse docker host `http://h`"},
		{"fd", {"DOCKER_HOST=fd://"}, "unable to parse docker host `fd://`"},
		{"npipe", {"DOCKER_HOST=npipe:////./pipe/x"}, "unable to parse docker host"},
		{"no host", {"DOCKER_HOST=tcp://"}, "unable to parse docker host `tcp://`"},
		{"bad port", {"DOCKER_HOST=tcp://h:x"}, "unable to parse docker host `tcp://h:x`"},
		{"a blank", {"DOCKER_HOST=tcp://h :1"}, "unable to parse docker host `tcp://h :1`"},
		{"a socket's path is absolute", {"DOCKER_HOST=unix://run/x"}, "begins with '/'"},
		{"ssh", {"DOCKER_HOST=ssh://me@h"}, "ssh is not spoken here"},
		{"no such context", {"DOCKER_CONTEXT=none", "DOCKER_CONFIG=@"},
			"docker context 'none': "},
		{"a context without a folder", {"DOCKER_CONTEXT=x"},
			"neither DOCKER_CONFIG nor HOME"},
		{"a context without host", {"DOCKER_CONTEXT=hostless", "DOCKER_CONFIG=@"},
			"docker context 'hostless' names no host"},
		{"a context of wrong types", {"DOCKER_CONTEXT=wrong types", "DOCKER_CONFIG=@"},
			"names no host"},
		{"a garbled context", {"DOCKER_CONTEXT=garbled", "DOCKER_CONFIG=@"},
			"docker context 'garbled': '"},
		{"a context with a bad host", {"DOCKER_CONTEXT=bad host", "DOCKER_CONFIG=@"},
			"unable to parse docker host `nonsense`"},
		{"D-07 version", {"DOCKER_API_VERSION=latest"}, "invalid API version (latest)"},
		{"D-07 version without minor", {"DOCKER_API_VERSION=1"}, "invalid API version (1)"},
		{"D-07 version with more", {"DOCKER_API_VERSION=1.41/x"}, "invalid API version"},
		{"D-07 version beyond all", {"DOCKER_API_VERSION=1.99999999999"},
			"invalid API version"},
	};
	cleanup_tree struct tree t;
	size_t i;

	(void)state;
	tree_init(&t);
	write_files(&t);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		const char *vars[VARS_MAX + 1];
		struct env env = make_env(&a, &t, rows[i].vars, vars);
		struct docker_endpoint e;
		struct err err = {0};

		assert_row_int(rows[i].name, docker_endpoint_find(&a, &env, &e, &err), -1);
		assert_row_err(rows[i].name, &err, ERR_USAGE, rows[i].text);
		assert_row_int(rows[i].name, docker_endpoint_find(&a, &env, &e, NULL), -1);
	}
}

static void
d_06_tls(void **state)
{
	static const struct {
		const char *name;
		const char *vars[VARS_MAX];
		bool tls, verify;
		const char *ca, *cert, *key; /* below the folder of the test */
	} rows[] = {
		{"none", {"DOCKER_HOST=tcp://h:1"}, false, true, NULL, NULL, NULL},
		{"a path of certificates", {"DOCKER_HOST=tcp://h:1", "DOCKER_CERT_PATH=@/certs"},
			true, true, "/certs/ca.pem", "/certs/cert.pem", "/certs/key.pem"},
		{"verified, from the configuration's folder",
			{"DOCKER_HOST=tcp://h:1", "DOCKER_TLS_VERIFY=0", "DOCKER_CONFIG=@/certs"},
			true, true, "/certs/ca.pem", "/certs/cert.pem", "/certs/key.pem"},
		{"no client certificate",
			{"DOCKER_HOST=tcp://h:1", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=@/home"},
			true, true, "/home/ca.pem", NULL, NULL},
		{"not verified",
			{"DOCKER_HOST=tcp://h:1", "DOCKER_TLS=1", "DOCKER_CERT_PATH=@/certs"}, true,
			false, "/certs/ca.pem", "/certs/cert.pem", "/certs/key.pem"},
		{"both",
			{"DOCKER_HOST=tcp://h:1", "DOCKER_TLS=1", "DOCKER_TLS_VERIFY=1",
				"DOCKER_CERT_PATH=@/certs"},
			true, true, "/certs/ca.pem", "/certs/cert.pem", "/certs/key.pem"},
		{"empty means no", {"DOCKER_HOST=tcp://h:1", "DOCKER_TLS=", "DOCKER_TLS_VERIFY="},
			false, true, NULL, NULL, NULL},
		{"never on a socket",
			{"DOCKER_HOST=unix:///x", "DOCKER_TLS_VERIFY=1",
				"DOCKER_CERT_PATH=@/certs"},
			false, true, NULL, NULL, NULL},
		{"a context with files", {"DOCKER_CONTEXT=remote", "DOCKER_CONFIG=@"}, true, true,
			"*/ca.pem", "*/cert.pem", "*/key.pem"},
		{"a context that skips", {"DOCKER_CONTEXT=loose", "DOCKER_CONFIG=@"}, true, false,
			NULL, NULL, NULL},
		{"a context without", {"DOCKER_CONTEXT=plain", "DOCKER_CONFIG=@"}, false, true,
			NULL, NULL, NULL},
		{"a context's socket", {"DOCKER_CONTEXT=socket", "DOCKER_CONFIG=@"}, false, true,
			"*/ca.pem", "*/cert.pem", "*/key.pem"},
	};
	cleanup_tree struct tree t;
	size_t i, k;

	(void)state;
	tree_init(&t);
	write_files(&t);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		const char *vars[VARS_MAX + 1];
		struct env env = make_env(&a, &t, rows[i].vars, vars);
		struct docker_endpoint e;
		struct err err = {0};

		assert_row_ok(rows[i].name, docker_endpoint_find(&a, &env, &e, &err), &err);
		assert_row_int(rows[i].name, e.tls, rows[i].tls);
		assert_row_int(rows[i].name, e.verify, rows[i].verify);
		for (k = 0; k < 3; k++) {
			const char *const got[] = {e.ca, e.cert, e.key};
			const char *const want[] = {rows[i].ca, rows[i].cert, rows[i].key};

			assert_that(!got[k] == !want[k], "row '%s': %s, want %s", rows[i].name,
				got[k] ? got[k] : "none", want[k] ? want[k] : "none");
			if (!got[k])
				continue;
			assert_that(str_starts(str_from(got[k]), str_from(t.path)), "%s", got[k]);
			assert_that(
				str_ends(str_from(got[k]), str_from(want[k] + (*want[k] == '*'))),
				"row '%s': %s, want %s", rows[i].name, got[k], want[k]);
		}
	}
}

static void
d_07_a_pinned_version(void **state)
{
	static const struct {
		const char *var, *want;
	} rows[] = {
		{"DOCKER_API_VERSION=1.41", "1.41"},
		{"DOCKER_API_VERSION=v1.30", "1.30"},
		{"DOCKER_API_VERSION=1.99", "1.99"},
		{"DOCKER_API_VERSION=", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		const char *const vars[] = {rows[i].var, NULL};
		struct env env = {vars};
		struct docker_endpoint e;
		struct err err = {0};

		assert_row_ok(rows[i].var, docker_endpoint_find(&a, &env, &e, &err), &err);
		assert_row_str(rows[i].var, str_from(e.version), rows[i].want);
	}
}

static void
a_context_by_name(void **state)
{
	cleanup_tree struct tree t;
	cleanup_arena struct arena a = {0};
	const char *const rows[] = {"DOCKER_CONFIG=@", "DOCKER_HOST=tcp://other:1", NULL};
	const char *vars[VARS_MAX + 1];
	struct docker_endpoint e;
	struct err err = {0};
	struct env env;

	(void)state;
	tree_init(&t);
	write_files(&t);
	env = make_env(&a, &t, rows, vars);
	assert_ok(docker_endpoint_context(&a, &env, "plain", &e, &err), &err);
	assert_string_equal(e.host, "plain");
	assert_ok(docker_endpoint_context(&a, &env, "default", &e, &err), &err);
	assert_string_equal(e.path, "/var/run/docker.sock");
	assert_int_equal(docker_endpoint_context(&a, &env, "../../etc", &e, &err), -1);
	assert_err(&err, ERR_USAGE, "docker context '../../etc'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(d_06_where_the_engine_is),
		cmocka_unit_test(d_06_what_makes_no_sense),
		cmocka_unit_test(d_06_tls),
		cmocka_unit_test(d_07_a_pinned_version),
		cmocka_unit_test(a_context_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
