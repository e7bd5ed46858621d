/* What is trusted and what is shown: by files, folders and environment. */
#include "test.h"

#include "base/arena.h"
#include "base/env.h"
#include "net/tls_env.h"
#include "net/trust.h"
#include "tree.h"

/* All certificates of tests/data/cert are valid then: 2027-01-01. */
static const int64_t now = 1798761600;

static void
copy_cert(const struct tree *t, const char *name, const char *to)
{
	char path[64];
	char *text;

	snprintf(path, sizeof(path), "tests/data/cert/%s.pem", name);
	text = test_read_file(path, NULL);
	tree_write(t, to, "%s", text);
	free(text);
}

static void
files_are_added(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_trust struct trust *trust = trust_new(now);
	struct err err = {0};

	(void)state;
	tree_init(&t);
	assert_ok(trust_add_file(trust, "tests/data/cert/full.pem", &err), &err);
	assert_int_equal(trust_count(trust), 1);
	/* the same key under the same name, but for another time, is another one */
	assert_ok(trust_add_file(trust, "tests/data/cert/v1.pem", &err), &err);
	assert_int_equal(trust_count(trust), 2);
	assert_ok(trust_add_file(trust, "tests/data/cert/full.pem", &err), &err);
	assert_int_equal(trust_count(trust), 2);

	assert_int_equal(trust_add_file(trust, "/nonexistent/ca.pem", &err), -1);
	assert_err(&err, ERR_CONFIG, "CA certificates: open '/nonexistent/ca.pem': No such file");
	tree_write(&t, "empty.pem", "%s", "nothing here\n");
	assert_int_equal(trust_add_file(trust, tree_path(&t, "empty.pem"), &err), -1);
	assert_err(&err, ERR_CONFIG, "no certificate in PEM form in '/tmp/tree.");
	tree_write(&t, "odd.pem", "%s",
		"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
	assert_int_equal(trust_add_file(trust, tree_path(&t, "odd.pem"), &err), -1);
	assert_int_equal(trust_add_file(trust, t.path, &err), -1);
	assert_err(&err, ERR_CONFIG, "Is a directory");
	assert_int_equal(trust_count(trust), 2);
}

static void
only_the_present_counts(void **state)
{
	static const struct {
		const char *name;
		int64_t now;
		size_t count;
	} rows[] = {
		{"before all", 1500000000, 0},
		{"present", 1798761600, 2},
		{"one expired", 1900000000, 1},
		{"all expired", 4000000000, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_trust struct trust *trust = trust_new(rows[i].now);
		struct err err = {0};

		/* an expired one is a certificate all the same */
		assert_ok(trust_add_file(trust, "tests/data/cert/full.pem", &err), &err);
		assert_ok(trust_add_file(trust, "tests/data/cert/v1.pem", &err), &err);
		assert_row_int(rows[i].name, trust_count(trust), rows[i].count);
	}
}

static void
folders_are_added(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_trust struct trust *some = trust_new(now), *all = trust_new(now);

	(void)state;
	tree_init(&t);
	copy_cert(&t, "full", "ca.crt");
	copy_cert(&t, "v1", "other.pem");
	copy_cert(&t, "bmp", ".hidden.crt");
	tree_write(&t, "note.crt", "%s", "no certificate");
	tree_mkdir(&t, "folder.crt");
	trust_add_dir(some, t.path, ".crt");
	assert_int_equal(trust_count(some), 1);
	trust_add_dir(all, t.path, NULL);
	assert_int_equal(trust_count(all), 2);
	trust_add_dir(all, "/nonexistent", NULL);
	assert_int_equal(trust_count(all), 2);
}

static void
environment_names_the_systems(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_trust struct trust *file = trust_new(now), *both = trust_new(now),
				   *none = trust_new(now);
	cleanup_trust struct trust *missing = trust_new(now), *old = trust_new(4000000000);
	cleanup_free char *dirs = NULL;
	const char *vars[] = {"SSL_CERT_FILE=tests/data/cert/full.pem", NULL, NULL};
	struct env env = {vars};
	struct err err = {0};

	(void)state;
	tree_init(&t);
	copy_cert(&t, "v1", "a/1.pem");
	copy_cert(&t, "bmp", "b/2.pem");
	dirs = xasprintf("SSL_CERT_DIR=/nonexistent:%s/a::%s/b", t.path, t.path);

	assert_ok(trust_add_system(file, &env, &err), &err);
	assert_int_equal(trust_count(file), 1);
	vars[1] = dirs;
	assert_ok(trust_add_system(both, &env, &err), &err);
	assert_int_equal(trust_count(both), 3);
	vars[1] = NULL;
	/* who names a file gets that file, even if nothing in it is valid any more */
	assert_ok(trust_add_system(old, &env, &err), &err);
	assert_int_equal(trust_count(old), 0);
	vars[0] = "SSL_CERT_FILE=/nonexistent.pem";
	assert_int_equal(trust_add_system(missing, &env, &err), -1);
	assert_err(&err, ERR_CONFIG, "SSL_CERT_FILE: CA certificates: open '/nonexistent.pem'");
	/* a bundle of the system or the compiled-in one: either has more than a hundred */
	vars[0] = NULL;
	assert_ok(trust_add_system(none, &env, &err), &err);
	assert_that(trust_count(none) > 100, "only %zu", trust_count(none));
}

static void
roots_are_compiled_in(void **state)
{
	cleanup_trust struct trust *trust = trust_new(now), *late = trust_new(4000000000);

	(void)state;
	trust_add_builtin(trust);
	assert_in_range(trust_count(trust), 100, 300);
	trust_add_builtin(late);
	assert_int_equal(trust_count(late), 0);
}

/* ---- files by environment --------------------------------------------------- */

static void
buildkit_variables(void **state)
{
	static const struct {
		const char *name;
		const char *vars[5]; /* '%' stands for the tree */
		bool use;
		const char *ca, *cert, *key, *server; /* names in the tree */
		const char *refused;
	} rows[] = {
		{"nothing", {NULL}, false, NULL, NULL, NULL, NULL, NULL},
		{"CA only", {"BUILDKIT_TLS_CACERT=%/x"}, true, "x", NULL, NULL, NULL, NULL},
		{"all",
			{"BUILDKIT_TLS_CACERT=%/x", "BUILDKIT_TLS_CERT=%/y", "BUILDKIT_TLS_KEY=%/z",
				"BUILDKIT_TLS_SERVER_NAME=%/n"},
			true, "x", "y", "z", "n", NULL},
		{"a name alone is nothing", {"BUILDKIT_TLS_SERVER_NAME=%/n"}, false, NULL, NULL,
			NULL, "n", NULL},
		{"empty is unset", {"BUILDKIT_TLS_CACERT=", "BUILDKIT_CERT_PATH="}, false, NULL,
			NULL, NULL, NULL, NULL},
		{"folder", {"BUILDKIT_CERT_PATH=%/pem"}, true, "pem/ca.pem", "pem/cert.pem",
			"pem/key.pem", NULL, NULL},
		{"folder of Kubernetes", {"BUILDKIT_CERT_PATH=%/k8s"}, true, "k8s/ca.crt",
			"k8s/tls.crt", "k8s/tls.key", NULL, NULL},
		{"variables win", {"BUILDKIT_CERT_PATH=%/pem", "BUILDKIT_TLS_CACERT=%/x"}, true,
			"x", "pem/cert.pem", "pem/key.pem", NULL, NULL},
		{"certificate and key belong together",
			{"BUILDKIT_CERT_PATH=%/pem", "BUILDKIT_TLS_CERT=%/y",
				"BUILDKIT_TLS_KEY=%/z"},
			true, "pem/ca.pem", "y", "z", NULL, NULL},
		{"certificate without key", {"BUILDKIT_TLS_CERT=%/y"}, false, NULL, NULL, NULL,
			NULL, "BUILDKIT_TLS_CERT is set, but BUILDKIT_TLS_KEY is not"},
		{"key without certificate", {"BUILDKIT_TLS_KEY=%/y"}, false, NULL, NULL, NULL, NULL,
			"BUILDKIT_TLS_KEY is set, but BUILDKIT_TLS_CERT is not"},
		{"folder without CA", {"BUILDKIT_CERT_PATH=%/no-ca"}, false, NULL, NULL, NULL, NULL,
			"BUILDKIT_CERT_PATH: no 'ca.pem' in '/tmp/tree."},
		{"folder without key", {"BUILDKIT_CERT_PATH=%/no-key"}, false, NULL, NULL, NULL,
			NULL, "BUILDKIT_CERT_PATH: no 'key.pem' in '/tmp/tree."},
		{"no folder", {"BUILDKIT_CERT_PATH=%/none"}, false, NULL, NULL, NULL, NULL,
			"BUILDKIT_CERT_PATH: no 'ca.pem' in '/tmp/tree."},
	};
	static const char *const files[] = {"pem/ca.pem", "pem/cert.pem", "pem/key.pem",
		"k8s/ca.crt", "k8s/tls.crt", "k8s/tls.key", "no-ca/cert.pem", "no-ca/key.pem",
		"no-key/ca.pem", "no-key/cert.pem"};
	cleanup_tree struct tree t = {0};
	size_t i, k;

	(void)state;
	tree_init(&t);
	for (i = 0; i < ARRAY_LEN(files); i++)
		tree_write(&t, files[i], "%s", "");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const want[] = {rows[i].ca, rows[i].cert, rows[i].key, rows[i].server};
		cleanup_arena struct arena a = {0};
		const char *vars[6] = {NULL}, *got[4];
		struct env env = {vars};
		struct err err = {0};
		struct tls_files f;
		bool use = false;
		int rc;

		for (k = 0; rows[i].vars[k]; k++) {
			struct str rest = str_from(rows[i].vars[k]), head;

			vars[k] = str_cut(&rest, '%', &head)
					  ? arena_fmt(&a, STR_FMT "%s" STR_FMT, STR_ARG(head),
						    t.path, STR_ARG(rest))
					  : rows[i].vars[k];
		}
		rc = tls_env_buildkit(&a, &env, &f, &use, &err);
		if (rows[i].refused) {
			assert_row_err(rows[i].name, &err, ERR_CONFIG, rows[i].refused);
			continue;
		}
		assert_row_ok(rows[i].name, rc, &err);
		assert_row_int(rows[i].name, use, rows[i].use);
		got[0] = f.ca;
		got[1] = f.cert;
		got[2] = f.key;
		got[3] = f.server_name;
		for (k = 0; k < 4; k++) {
			char path[128];

			snprintf(path, sizeof(path), "%s/%s", t.path, want[k] ? want[k] : "");
			assert_row_str(rows[i].name, str_from(got[k]), want[k] ? path : "");
		}
	}
}

static void
folders_of_a_registry(void **state)
{
	static const struct {
		const char *name, *host;
		const char *vars[3];
		const char *want;
	} rows[] = {
		{"home", "r:5000", {"HOME=/h"},
			"/h/.config/docker/certs.d/r:5000 /h/.config/containers/certs.d/r:5000 "
			"/etc/docker/certs.d/r:5000 /etc/containers/certs.d/r:5000 "
			"/etc/containerd/certs.d/r:5000 "},
		{"XDG", "r", {"HOME=/h", "XDG_CONFIG_HOME=/x"},
			"/x/docker/certs.d/r /x/containers/certs.d/r /etc/docker/certs.d/r "
			"/etc/containers/certs.d/r /etc/containerd/certs.d/r "},
		{"nobody", "r", {NULL},
			"/etc/docker/certs.d/r /etc/containers/certs.d/r /etc/containerd/certs.d/r "},
		{"climbing out", "../r", {"HOME=/h"}, ""},
		{"climbing", "..", {"HOME=/h"}, ""},
		{"none", "", {"HOME=/h"}, ""},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		const char *dirs[TLS_HOST_DIRS + 1], *all = "";
		struct env env = {rows[i].vars};

		tls_env_host_dirs(&a, &env, rows[i].host, dirs);
		for (k = 0; dirs[k]; k++)
			all = arena_fmt(&a, "%s%s ", all, dirs[k]);
		assert_row_str(rows[i].name, str_from(all), rows[i].want);
	}
}

static void
identity_for_a_registry(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_arena struct arena a = {0};
	struct tls_files f = {0};

	(void)state;
	tree_init(&t);
	assert_false(tls_host_identity(&a, "/nonexistent", &f));
	assert_false(tls_host_identity(&a, t.path, &f));
	assert_null(f.cert);
	tree_write(&t, "b.cert", "%s", "");
	tree_write(&t, "a.cert", "%s", "");
	tree_write(&t, "ca.crt", "%s", "");
	assert_true(tls_host_identity(&a, t.path, &f));
	assert_str(str_from(f.cert), tree_path(&t, "a.cert"));
	assert_str(str_from(f.key), tree_path(&t, "a.key"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_added),
		cmocka_unit_test(only_the_present_counts),
		cmocka_unit_test(folders_are_added),
		cmocka_unit_test(environment_names_the_systems),
		cmocka_unit_test(roots_are_compiled_in),
		cmocka_unit_test(buildkit_variables),
		cmocka_unit_test(folders_of_a_registry),
		cmocka_unit_test(identity_for_a_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
