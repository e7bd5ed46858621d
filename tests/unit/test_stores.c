/* Local caches, contexts that are image layouts, and results that become one. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/fd.h"
#include "base/kv.h"
#include "cmd/caches.h"
#include "cmd/contexts.h"
#include "cmd/stores.h"
#include "sandbox.h"
#include "tree.h"

#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO_PATH "blobs/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define OTHER "sha256:2222222222222222222222222222222222222222222222222222222222222222"

/* A layout with one blob under two names in the folder. */
static void
put_layout(const struct tree *t, const char *folder)
{
	char name[200];

	snprintf(name, sizeof(name), "%s/" HELLO_PATH, folder);
	tree_write(t, name, "hello");
	snprintf(name, sizeof(name), "%s/index.json", folder);
	tree_write(t, name,
		"{\"manifests\":[{\"digest\":\"" HELLO "\",\"annotations\":"
		"{\"org.opencontainers.image.ref.name\":\"v1\"}},{\"digest\":\"" OTHER
		"\",\"annotations\":{\"org.opencontainers.image.ref.name\":\"gone\"}},"
		"{\"digest\":\"" HELLO "\",\"annotations\":"
		"{\"org.opencontainers.image.ref.name\":\"latest\"}}]}");
}

static void
cache_flags(void **state)
{
	static const struct {
		const char *flag, *input, *error;
	} rows[] = {
		{"cache-to", "type=local", "--cache-to: type=local needs dest=FOLDER"},
		{"cache-to", "type=local,src=a", "needs dest=FOLDER"},
		{"cache-to", "type=local,dest=a,reset=true", "reset is not offered"},
		{"cache-to", "type=local,dest=a,reset=false,mode=max", NULL},
		{"cache-from", "type=local,dest=a", "--cache-from: type=local needs src=FOLDER"},
		{"cache-from", "type=local,src=", "needs src=FOLDER"},
		{"cache-from", "type=local,src=a,tag=b", NULL},
	};
	cleanup_arena struct arena a = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct cache_list l = {0};
		struct err err = {0};
		int rc = cache_add_flag(&l, &a, rows[i].input, rows[i].flag, &err);

		assert_row_int(rows[i].input, rc, rows[i].error ? -1 : 0);
		if (rows[i].error)
			assert_row_err(rows[i].input, &err, ERR_USAGE, rows[i].error);
	}
}

static void
caches_that_are_not_there_are_left_out(void **state)
{
	static const struct {
		const char *attrs, *digest, *warning;
	} rows[] = {
		{"", HELLO, NULL},
		{",tag=v1", HELLO, NULL},
		{",digest=" HELLO ",tag=none", HELLO, NULL},
		{",tag=none", NULL, "has the tag 'none'"},
		{",tag=gone", NULL, "blob '" OTHER "'"},
		{",digest=" OTHER, NULL, "blob '" OTHER "'"},
		{",digest=../..", NULL, "invalid digest"},
		{"/none", NULL, "open folder"},
		{"/blobs", NULL, "has the tag 'latest'"},
	};
	cleanup_arena struct arena a = {0};
	cleanup_tree struct tree t;
	struct sandbox box;
	size_t i;

	(void)state;
	sandbox_open(&box);
	tree_init(&t);
	put_layout(&t, "c d");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct cache_list imports = {0}, exports = {0};
		struct store_list l = {0};
		struct err err = {0};
		const char *flag = arena_fmt(&a, "type=local,src=%s/c d%s", t.path, rows[i].attrs);

		cache_add_ref(&imports, &a, "registry/first");
		assert_row_ok(flag, cache_add_flag(&imports, &a, flag, "cache-from", &err), &err);
		cache_add_ref(&imports, &a, "registry/last");
		assert_row_ok(
			flag, stores_caches(&l, &a, &imports, &exports, &box.log, &err), &err);
		assert_row_int(flag, imports.n, rows[i].digest ? 3 : 2);
		assert_row_str(flag, str_from(imports.items[imports.n - 1].shown), "registry/last");
		if (rows[i].warning) {
			sandbox_logged(&box, rows[i].warning);
		} else {
			assert_row_str(flag, str_from(kv_get(&imports.items[1].attrs, "digest")),
				rows[i].digest);
			assert_row_str(flag, str_from(l.items[0].bk.id),
				arena_fmt(&a, "local:%s", kv_get(&imports.items[1].attrs, "src")));
			assert_false(l.items[0].bk.writable);
		}
		stores_close(&l);
	}
	sandbox_close(&box);
}

static void
caches_are_made_and_named(void **state)
{
	cleanup_arena struct arena a = {0};
	cleanup_tree struct tree t;
	struct cache_list imports = {0}, exports = {0};
	struct bk_session_options o = {0};
	struct strlist hidden = {0};
	struct store_list l = {0};
	struct kvlist answer = {0};
	struct sandbox box;
	struct err err = {0};
	char *text;

	(void)state;
	sandbox_open(&box);
	tree_init(&t);
	assert_ok(cache_add_flag(&exports, &a,
			  arena_fmt(&a, "type=local,dest=%s/a/\303\274", t.path), "cache-to", &err),
		&err);
	assert_ok(
		cache_add_flag(&imports, &a, arena_fmt(&a, "type=local,src=%s/a/\303\274", t.path),
			"cache-from", &err),
		&err);
	assert_ok(stores_caches(&l, &a, &imports, &exports, &box.log, &err), &err);
	sandbox_logged(&box, "open folder");
	assert_int_equal(l.n, 1);
	stores_session(&l, &a, &o);
	assert_int_equal(o.nstores, 1);
	assert_true(o.stores[0].writable);
	/* a header field holds it */
	assert_true(str_ends(str_from(o.stores[0].id), STR("/a/%C3%BC")));
	assert_string_equal(
		o.stores[0].id + strlen("local:"), kv_get(&exports.items[0].attrs, "dest"));
	stores_hidden(&l, &a, t.path, &hidden);
	assert_int_equal(hidden.n, 1);
	assert_string_equal(hidden.items[0], "a/\303\274");
	stores_hidden(&l, &a, tree_path(&t, "a/\303\274"), &hidden);
	stores_hidden(&l, &a, tree_path(&t, "a/b"), &hidden);
	assert_int_equal(hidden.n, 1);

	/* a daemon that did not write it says nothing; one that lies is warned of */
	assert_ok(stores_finish(&l, &a, &answer, &box.log, &err), &err);
	sandbox_not_logged(&box, "later builds");
	kv_set(&answer, &a, "cache.manifest", "{\"digest\":\"" HELLO "\"}");
	assert_ok(stores_finish(&l, &a, &answer, &box.log, &err), &err);
	sandbox_logged(&box, "later builds will not find it");
	tree_write(&t, "a/\303\274/" HELLO_PATH, "hello");
	assert_ok(stores_finish(&l, &a, &answer, &box.log, &err), &err);
	text = test_read_file(tree_path(&t, "a/\303\274/index.json"), NULL);
	assert_non_null(strstr(text, "\"org.opencontainers.image.ref.name\":\"latest\""));
	free(text);
	stores_close(&l);
	sandbox_close(&box);
}

static void
results_are_named(void **state)
{
	static const char descriptor[] = "{\"digest\":\"" HELLO "\",\"size\":5}";
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf encoded = {0};
	cleanup_tree struct tree t;
	struct store_list l = {0};
	struct kvlist answer = {0};
	struct sandbox box;
	struct err err = {0};
	char *text;

	(void)state;
	sandbox_open(&box);
	tree_init(&t);
	assert_non_null(store_open(&l, &a, STORE_EXPORT, tree_path(&t, "x"), true, &err));
	assert_int_equal(stores_finish(&l, &a, &answer, &box.log, &err), -1);
	assert_err(&err, ERR_PROTO, "describes no image");
	base64_encode(&encoded, str_from(descriptor), BASE64_STD);
	kv_set(&answer, &a, "containerimage.descriptor", buf_cstr(&encoded));
	assert_int_equal(stores_finish(&l, &a, &answer, &box.log, &err), -1);
	assert_err(&err, ERR_SYS, "blob '" HELLO "'");
	tree_write(&t, "x/" HELLO_PATH, "hello");
	assert_ok(stores_finish(&l, &a, &answer, &box.log, &err), &err);
	kv_set(&answer, &a, "image.name", "docker.io/a/b:1,c.d/e:2");
	assert_ok(stores_finish(&l, &a, &answer, &box.log, &err), &err);
	text = test_read_file(tree_path(&t, "x/index.json"), NULL);
	assert_non_null(strstr(text, "{\"org.opencontainers.image.ref.name\":\"latest\"}"));
	assert_non_null(strstr(text, "{\"io.containerd.image.name\":\"docker.io/a/b:1\","
				     "\"org.opencontainers.image.ref.name\":\"1\"}"));
	assert_non_null(strstr(text, "{\"io.containerd.image.name\":\"c.d/e:2\","
				     "\"org.opencontainers.image.ref.name\":\"2\"}"));
	free(text);
	stores_close(&l);
	sandbox_close(&box);
}

static void
contexts_that_are_layouts(void **state)
{
	static const struct {
		const char *input, *error; /* NULL: HELLO */
	} rows[] = {
		{"a b", NULL},
		{"a b:v1", NULL},
		{"a b@" HELLO, NULL},
		{"a b:whatever@" HELLO, NULL},
		{"a b:none", "no image in '"},
		{"a b:gone", "blob '" OTHER "'"},
		{"a b@" OTHER, "blob '" OTHER "'"},
		{"none", "folder '"},
		{"a b@sha256:12", "folder '"},
	};
	cleanup_arena struct arena a = {0};
	cleanup_tree struct tree t;
	size_t i;

	(void)state;
	tree_init(&t);
	put_layout(&t, "a b");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct context_list l = {0};
		struct err err = {0};
		const char *flag = arena_fmt(&a, "x=oci-layout://%s/%s", t.path, rows[i].input);
		int rc = context_add_flag(&l, &a, flag, &err);

		if (rows[i].error) {
			assert_row_int(rows[i].input, rc, -1);
			assert_that(
				strstr(err.msg, rows[i].error), "%s: %s", rows[i].input, err.msg);
			continue;
		}
		assert_row_ok(rows[i].input, rc, &err);
		assert_row_str(rows[i].input, str_from(l.items[0].value),
			arena_fmt(&a, "oci-layout://%s@" HELLO, l.items[0].store + 4));
	}
	tree_write(&t, "one/" HELLO_PATH, "hello");
	tree_write(&t, "one/index.json", "{\"manifests\":[{\"digest\":\"" HELLO "\"}]}");
	for (i = 0; i < 2; i++) {
		struct context_list l = {0};
		struct err err = {0};

		assert_int_equal(
			context_add_flag(&l, &a,
				arena_fmt(&a, "x=oci-layout://%s/one%s", t.path, i ? ":v1" : ""),
				&err),
			i ? -1 : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_flags),
		cmocka_unit_test(caches_that_are_not_there_are_left_out),
		cmocka_unit_test(caches_are_made_and_named),
		cmocka_unit_test(results_are_named),
		cmocka_unit_test(contexts_that_are_layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
