/* Image layouts on disk, and the daemon that reads and writes them over the session. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "buildkit/layout.h"
#include "buildkit/wire.h"
#include "session_fixture.h"

/* sha256 of "hello" and of nothing */
#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HELLO_PATH "blobs/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static int
open_tree(const struct tree *t)
{
	int dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	return dir;
}

/* Names in a folder, hidden ones as well. */
static size_t
count(const struct tree *t, const char *name)
{
	DIR *d = opendir(tree_path(t, name));
	const struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d)
		closedir(d);
	return n;
}

/* ---- blobs ---------------------------------------------------------------- */

static void
digests_are_strict(void **state)
{
	static const char *const bad[] = {"", ":", "sha256:", "sha256:../../../etc/passwd",
		"sha256:2cf24dba", "../" HELLO, HELLO "/..", HELLO "0", "sha256:/", "blobs/sha256",
		"SHA256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
		"sha256:2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
		"md5:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"};
	cleanup_tree struct tree t;
	struct err err = {0};
	uint64_t size;
	size_t i;
	int dir;

	(void)state;
	tree_init(&t);
	dir = open_tree(&t);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		err = (struct err){0};
		assert_row_int(bad[i], layout_blob(dir, str_from(bad[i]), &size, &err), -1);
		assert_row_err(bad[i], &err, ERR_PROTO, "digest");
	}
	assert_int_equal(layout_blob(dir, str_n(HELLO "\0", sizeof(HELLO)), &size, NULL), -1);
	assert_int_equal(layout_blob(dir, STR(HELLO), &size, &err), -1);
	assert_int_equal(err.code, ENOENT);
	close(dir);
}

static void
links_are_not_followed(void **state)
{
	static const char *const places[][2] = {
		{HELLO_PATH, "/etc/passwd"}, {"blobs/sha256", "/tmp"}, {"blobs", "/tmp"}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(places); i++) {
		cleanup_tree struct tree t;
		struct ingest in;
		struct err err = {0};
		uint64_t size;
		int dir, rc;

		tree_init(&t);
		dir = open_tree(&t);
		tree_link(&t, places[i][0], places[i][1]);
		assert_row_int(places[i][0], layout_blob(dir, STR(HELLO), &size, &err), -1);
		/* a link in the place of a blob is replaced, one in the place of a folder stays */
		assert_row_ok(places[i][0], ingest_open(&in, dir, &err), &err);
		assert_row_ok(places[i][0], ingest_add(&in, STR("hello"), &err), &err);
		rc = ingest_commit(&in, &err);
		assert_row_int(places[i][0], rc, i == 0 ? 0 : -1);
		ingest_close(&in);
		close(dir);
	}
}

static void
blobs_appear_when_they_are_complete(void **state)
{
	cleanup_tree struct tree t;
	char digest[LAYOUT_DIGEST_MAX];
	struct ingest in;
	struct err err = {0};
	uint64_t size;
	int dir, fd;

	(void)state;
	tree_init(&t);
	dir = open_tree(&t);
	assert_ok(ingest_open(&in, dir, &err), &err);
	assert_ok(ingest_add(&in, STR("nonsense"), &err), &err);
	assert_ok(ingest_restart(&in, &err), &err);
	assert_ok(ingest_add(&in, STR("hel"), &err), &err);
	assert_ok(ingest_add(&in, STR("lo"), &err), &err);
	assert_int_equal(in.size, 5);
	ingest_digest(&in, digest);
	assert_string_equal(digest, HELLO);
	assert_int_equal(layout_blob(dir, STR(HELLO), &size, NULL), -1);
	assert_ok(ingest_commit(&in, &err), &err);
	ingest_close(&in);
	fd = layout_blob(dir, STR(HELLO), &size, &err);
	assert_true(fd >= 0 && size == 5);
	close(fd);
	assert_int_equal(count(&t, "."), 1);

	assert_ok(ingest_open(&in, dir, &err), &err);
	assert_ok(ingest_add(&in, STR("half"), &err), &err);
	ingest_close(&in);
	assert_int_equal(count(&t, "."), 1);
	assert_int_equal(count(&t, "blobs/sha256"), 1);
	close(dir);
}

static void
what_was_left_behind_is_removed(void **state)
{
	static const struct {
		const char *name;
		bool old, stays;
	} rows[] = {
		{".buildtools-0123456789abcdef", true, false},
		{".buildtools-fedcba9876543210", false, true},
		{"index.json", true, true},
		{"blobs/sha256/.buildtools-0123456789abcdef", true, true},
	};
	const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	cleanup_tree struct tree t;
	size_t i;
	int dir;

	(void)state;
	tree_init(&t);
	dir = open_tree(&t);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		tree_write(&t, rows[i].name, "x");
		if (rows[i].old)
			assert_int_equal(utimensat(dir, rows[i].name, long_ago, 0), 0);
	}
	layout_sweep(dir);
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(
			rows[i].name, faccessat(dir, rows[i].name, F_OK, 0) == 0, rows[i].stays);
	close(dir);
}

/* ---- index.json ----------------------------------------------------------- */

static char *
found(int dir, struct arena *a, const char *name, bool single)
{
	struct err err = {0};
	char *digest;

	assert_ok(layout_find(dir, name, single, a, &digest, &err), &err);
	return digest;
}

static void
name_it(int dir, const char *descriptor, const char *name, bool full)
{
	cleanup_arena struct arena a = {0};
	struct strlist names = {0};
	struct err err = {0};

	strlist_add(&names, &a, name);
	assert_ok(layout_name(dir, str_from(descriptor), &names, full, &err), &err);
}

static void
names_in_the_index(void **state)
{
	static const char one[] = "{\"mediaType\":\"m\",\"digest\":\"" HELLO
				  "\",\"size\":5,\"annotations\":{\"kept\":\"yes\"}}";
	static const char two[] = "{\"digest\":\"" EMPTY "\",\"size\":0}";
	cleanup_arena struct arena a = {0};
	cleanup_tree struct tree t;
	char *text;
	int dir;

	(void)state;
	tree_init(&t);
	tree_write(&t, HELLO_PATH, "hello");
	tree_write(&t,
		"blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"%s", "");
	dir = open_tree(&t);
	name_it(dir, one, "latest", false);
	text = test_read_file(tree_path(&t, "index.json"), NULL);
	assert_string_equal(text,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"" HELLO
		"\",\"size\":5,\"annotations\":{\"kept\":\"yes\","
		"\"org.opencontainers.image.ref.name\":\"latest\"}}]}");
	free(text);
	text = test_read_file(tree_path(&t, "oci-layout"), NULL);
	assert_string_equal(text, "{\"imageLayoutVersion\":\"1.0.0\"}");
	free(text);
	assert_string_equal(found(dir, &a, "latest", false), HELLO);
	assert_null(found(dir, &a, "other", false));
	assert_string_equal(found(dir, &a, "other", true), HELLO);

	/* the same tag under a full name is another entry; a name again takes the place */
	name_it(dir, two, "example.com:5000/a/b:latest", true);
	assert_string_equal(found(dir, &a, "example.com:5000/a/b:latest", false), EMPTY);
	assert_string_equal(found(dir, &a, "latest", false), HELLO);
	assert_null(found(dir, &a, "other", true));
	name_it(dir, two, "latest", false);
	assert_string_equal(found(dir, &a, "latest", false), EMPTY);
	name_it(dir, one, "example.com:5000/a/b:latest", true);
	assert_string_equal(found(dir, &a, "example.com:5000/a/b:latest", false), HELLO);
	assert_int_equal(count(&t, "."), 3); /* no lock, nothing temporary */
	close(dir);
}

static void
index_of_nonsense(void **state)
{
	static const struct {
		const char *index, *descriptor, *error;
	} rows[] = {
		{"[]", "{\"digest\":\"" HELLO "\"}", "not the index"},
		{"{", "{\"digest\":\"" HELLO "\"}", "not the index"},
		{"{\"manifests\":7}", "{}", "without a digest"},
		{"{}", "[", "descriptor: not valid JSON"},
		{"{}", "{\"digest\":\"x\"}", "invalid digest"},
		{"{}", "{\"digest\":\"" EMPTY "\"}", "No such file"},
	};
	cleanup_arena struct arena a = {0};
	cleanup_tree struct tree t;
	struct strlist names = {0};
	struct err err = {0};
	char *digest;
	size_t i;
	int dir;

	(void)state;
	tree_init(&t);
	tree_write(&t, HELLO_PATH, "hello");
	strlist_add(&names, &a, "latest");
	dir = open_tree(&t);
	assert_null(found(dir, &a, "latest", true));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		err = (struct err){0};
		tree_write(&t, "index.json", "%s", rows[i].index);
		assert_row_int(rows[i].error,
			layout_name(dir, str_from(rows[i].descriptor), &names, false, &err), -1);
		assert_that(strstr(err.msg, rows[i].error), "%s: %s", rows[i].error, err.msg);
	}
	tree_write(&t, "index.json", "{\"manifests\":[{\"digest\":\"../x\"}]}");
	assert_int_equal(layout_find(dir, "x", true, &a, &digest, &err), -1);
	assert_err(&err, ERR_PROTO, "index.json: invalid digest");
	tree_write(&t, "index.json", "{\"manifests\":[7,{\"annotations\":[]}]}");
	assert_null(found(dir, &a, "latest", true));
	close(dir);
}

/* Another program has the lock, and removes its file when it is done, as the reference client. */
static void
index_is_locked(void **state)
{
	static const char one[] = "{\"digest\":\"" HELLO "\"}";
	cleanup_arena struct arena a = {0};
	cleanup_tree struct tree t;
	int dir, lock, status;
	pid_t pid;

	(void)state;
	tree_init(&t);
	tree_write(&t, HELLO_PATH, "hello");
	tree_write(&t, "index.json.lock", "left behind by one that was killed");
	dir = open_tree(&t);
	name_it(dir, one, "first", false);

	lock = openat(dir, "index.json.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(lock >= 0 && flock(lock, LOCK_EX) == 0);
	pid = fork();
	if (pid == 0) {
		close(lock);
		name_it(dir, one, "second", false);
		_exit(0);
	}
	assert_null(found(dir, &a, "second", false));
	assert_int_equal(unlinkat(dir, "index.json.lock", 0), 0);
	close(lock);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(found(dir, &a, "first", false), HELLO);
	assert_string_equal(found(dir, &a, "second", false), HELLO);
	close(dir);
}

/* ---- the service ---------------------------------------------------------- */

struct scene {
	struct fixture f;
	struct bk_store stores[2];
	struct call call;
	struct buf data; /* of all answers to Read */
};

static void
scene_open(struct scene *s)
{
	*s = (struct scene){0};
	fixture_open(&s->f);
	s->stores[0] = (struct bk_store){"local:cache", "cache", s->f.root.dirfd, true};
	s->stores[1] = (struct bk_store){"oci:x", "layout", s->f.root.dirfd, false};
	s->f.options.stores = s->stores;
	s->f.options.nstores = 2;
	fixture_serve(&s->f, false);
}

static void
scene_close(struct scene *s)
{
	buf_release(&s->data);
	buf_release(&s->call.last);
	fixture_close(&s->f);
}

static void
note_data(struct grpc_call *call, struct str msg, void *arg)
{
	struct scene *s = arg;
	struct wire_field f;

	(void)call;
	s->call.messages++;
	buf_reset(&s->call.last);
	buf_str(&s->call.last, msg);
	while (wire_take(&msg, &f))
		if (f.number == 2 && f.type == WIRE_BYTES)
			buf_str(&s->data, f.bytes);
}

static void
note_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct scene *s = arg;

	call_note_close(call, st, &s->call);
}

static const struct grpc_call_ops scene_ops = {.message = note_data, .close = note_close};

static void
start(struct scene *s, const char *method, const char *store)
{
	struct grpc_header meta = {"buildkit-attachable-store-id", store};
	char path[80];

	snprintf(path, sizeof(path), "/containerd.services.content.v1.Content/%s", method);
	buf_reset(&s->data);
	buf_release(&s->call.last);
	s->call = (struct call){0};
	s->call.grpc = grpc_call_start(s->f.grpc, path, &meta, store ? 1 : 0, &scene_ops, s);
}

/* A message of texts (fields 1, 2, 4, 6) and numbers (1, 2, 3, 5). */
struct message {
	const char *text[7];
	uint64_t number[7];
};

static void
say(struct scene *s, const struct message *m)
{
	char out[512], *p = out;
	uint32_t i;

	for (i = 1; i < 7; i++) {
		p = wire_put_bytes(p, i, str_from(m->text[i]));
		p = wire_put_number(p, i, m->number[i]);
	}
	grpc_call_send(s->call.grpc, out, (size_t)(p - out));
}

/* Until the next answer, or the end. */
static void
hear(struct scene *s)
{
	size_t before = s->call.messages;
	struct err err = {0};

	while (!s->call.closed && s->call.messages == before)
		assert_ok(loop_once(s->f.loop, &err), &err);
}

static uint64_t
answered(const struct scene *s, uint32_t number)
{
	struct str rest = buf_view(&s->call.last);
	struct wire_field f;
	uint64_t out = 0;

	while (wire_take(&rest, &f))
		if (f.number == number && f.type == WIRE_VARINT)
			out = f.value;
	return out;
}

static void
ask(struct scene *s, const char *method, const char *store, const struct message *m)
{
	start(s, method, store);
	say(s, m);
	grpc_call_end(s->call.grpc);
	call_finish(&s->f, &s->call);
}

static void
blobs_are_read(void **state)
{
	static const struct {
		const char *name, *store, *digest;
		uint64_t offset, size;
		int code;
		const char *want;
	} rows[] = {
		{"all", "oci:x", HELLO, 0, 0, GRPC_OK, "hello"},
		{"from", "oci:x", HELLO, 2, 0, GRPC_OK, "llo"},
		{"part", "oci:x", HELLO, 1, 3, GRPC_OK, "ell"},
		{"clipped", "local:cache", HELLO, 3, 100, GRPC_OK, "lo"},
		{"at the end", "oci:x", HELLO, 5, 1, GRPC_OK, ""},
		{"beyond", "oci:x", HELLO, 6, 1, GRPC_OUT_OF_RANGE, ""},
		{"negative offset", "oci:x", HELLO, (uint64_t)-4, 1, GRPC_OK, "h"},
		{"negative size", "oci:x", HELLO, 0, (uint64_t)-1, GRPC_OK, "hello"},
		{"not there", "oci:x", EMPTY, 0, 0, GRPC_NOT_FOUND, ""},
		{"no digest", "oci:x", "sha256:../../x", 0, 0, GRPC_INVALID_ARGUMENT, ""},
		{"no such store", "oci:y", HELLO, 0, 0, GRPC_NOT_FOUND, ""},
		{"no store", NULL, HELLO, 0, 0, GRPC_INVALID_ARGUMENT, ""},
	};
	struct scene s;
	size_t i;

	(void)state;
	scene_open(&s);
	tree_write(&s.f.tree, HELLO_PATH, "hello");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct message m = {.text = {[1] = rows[i].digest},
			.number = {[2] = rows[i].offset, [3] = rows[i].size}};

		ask(&s, "Read", rows[i].store, &m);
		assert_row_int(rows[i].name, s.call.code, rows[i].code);
		assert_row_str(rows[i].name, buf_view(&s.data), rows[i].want);
		ask(&s, "Info", rows[i].store, &(struct message){.text = {[1] = rows[i].digest}});
		assert_row_int(rows[i].name, s.call.code,
			rows[i].code == GRPC_OUT_OF_RANGE ? GRPC_OK : rows[i].code);
	}
	ask(&s, "Info", "oci:x", &(struct message){.text = {[1] = HELLO}});
	assert_true(str_eq(buf_view(&s.call.last), STR("\n\x4b\n\x47" HELLO "\x10\x05")));
	start(&s, "Info", "oci:x");
	grpc_call_send(s.call.grpc, "\x0a", 1);
	call_finish(&s.f, &s.call);
	assert_int_equal(s.call.code, GRPC_INVALID_ARGUMENT);
	ask(&s, "Delete", "local:cache", &(struct message){.text = {[1] = HELLO}});
	assert_int_equal(s.call.code, GRPC_UNIMPLEMENTED);
	scene_close(&s);
}

/* Far more than what may wait in a queue; what is shorter than announced is an error. */
static void
large_blobs_come_in_pieces(void **state)
{
	enum { SIZE = 3 * 1024 * 1024 + 17 };
	static const char name[] =
		"blobs/sha256/1111111111111111111111111111111111111111111111111111111111111111";
	char *content = malloc(SIZE + 1);
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < SIZE; i++)
		content[i] = (char)('a' + i % 23);
	content[SIZE] = '\0';
	scene_open(&s);
	tree_write(&s.f.tree, name, "%s", content);
	ask(&s, "Read", "oci:x",
		&(struct message){
			.text = {
				[1] = "sha256:1111111111111111111111111111111111111111111111111111111111111111"}});
	assert_int_equal(s.call.code, GRPC_OK);
	assert_true(s.call.messages > 20);
	assert_true(str_eq(buf_view(&s.data), str_n(content, SIZE)));
	scene_close(&s);
	free(content);
}

static void
blobs_are_written(void **state)
{
	struct scene s;
	char *text;

	(void)state;
	scene_open(&s);
	start(&s, "Write", "local:cache");
	say(&s, &(struct message){.text = {[2] = "ref", [4] = HELLO}, .number = {[3] = 5}});
	hear(&s);
	assert_int_equal(answered(&s, 4), 0);
	assert_int_equal(answered(&s, 5), 5);
	say(&s, &(struct message){.text = {[6] = "wrong"}, .number = {[1] = 1}});
	hear(&s);
	assert_int_equal(answered(&s, 4), 5);
	/* offset 0 again: from the start */
	say(&s, &(struct message){.text = {[6] = "he"}, .number = {[1] = 1}});
	hear(&s);
	assert_int_equal(answered(&s, 4), 2);
	assert_int_equal(count(&s.f.tree, "blobs"), 0);
	say(&s, &(struct message){
			.text = {[4] = HELLO, [6] = "llo"}, .number = {[1] = 2, [3] = 5, [5] = 2}});
	call_finish(&s.f, &s.call);
	assert_int_equal(s.call.code, GRPC_OK);
	assert_int_equal(answered(&s, 1), 2);
	assert_int_equal(answered(&s, 4), 5);
	assert_true(str_ends(buf_view(&s.call.last), STR(HELLO)));
	text = test_read_file(tree_path(&s.f.tree, HELLO_PATH), NULL);
	assert_string_equal(text, "hello");
	free(text);
	assert_int_equal(count(&s.f.tree, "."), 1);

	/* that is there already; a broken one is not it */
	ask(&s, "Write", "local:cache",
		&(struct message){.text = {[2] = "ref", [4] = HELLO}, .number = {[3] = 5}});
	assert_int_equal(s.call.code, GRPC_ALREADY_EXISTS);
	tree_write(&s.f.tree, HELLO_PATH, "hel");
	ask(&s, "Write", "local:cache",
		&(struct message){.text = {[2] = "ref", [4] = HELLO, [6] = "hello"},
			.number = {[1] = 2, [3] = 5}});
	assert_int_equal(s.call.code, GRPC_OK);
	text = test_read_file(tree_path(&s.f.tree, HELLO_PATH), NULL);
	assert_string_equal(text, "hello");
	free(text);
	scene_close(&s);
}

static void
writes_that_fail_leave_nothing(void **state)
{
	static const struct {
		const char *name, *store;
		struct message m;
		int code;
	} rows[] = {
		{"other digest", "local:cache",
			{.text = {[2] = "r", [4] = EMPTY, [6] = "x"}, .number = {[1] = 2}},
			GRPC_FAILED_PRECONDITION},
		{"other size", "local:cache",
			{.text = {[2] = "r", [4] = HELLO, [6] = "hello"},
				.number = {[1] = 2, [3] = 6}},
			GRPC_FAILED_PRECONDITION},
		{"other offset", "local:cache",
			{.text = {[2] = "r", [6] = "x"}, .number = {[1] = 1, [5] = 3}},
			GRPC_OUT_OF_RANGE},
		{"negative offset", "local:cache",
			{.text = {[2] = "r", [6] = "x"}, .number = {[1] = 1, [5] = (uint64_t)-1}},
			GRPC_OUT_OF_RANGE},
		{"no reference", "local:cache", {.text = {[4] = HELLO}}, GRPC_INVALID_ARGUMENT},
		{"only read", "oci:x",
			{.text = {[2] = "r", [4] = HELLO, [6] = "hello"}, .number = {[1] = 2}},
			GRPC_FAILED_PRECONDITION},
		{"a path for a digest", "local:cache",
			{.text = {[2] = "r", [4] = "sha256:../../x", [6] = "x"},
				.number = {[1] = 2}},
			GRPC_FAILED_PRECONDITION},
		{"no end", "local:cache", {.text = {[2] = "r", [6] = "x"}, .number = {[1] = 1}},
			GRPC_OK},
	};
	struct grpc_call *first;
	struct scene s;
	size_t i;

	(void)state;
	scene_open(&s);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ask(&s, "Write", rows[i].store, &rows[i].m);
		assert_row_int(rows[i].name, s.call.code, rows[i].code);
		assert_row_int(rows[i].name, count(&s.f.tree, "."), 0);
	}
	/* one writer for a reference, and he can be asked about */
	start(&s, "Write", "local:cache");
	say(&s, &(struct message){
			.text = {[2] = "ref", [6] = "abc"}, .number = {[1] = 1, [3] = 9}});
	hear(&s);
	first = s.call.grpc;
	ask(&s, "Write", "local:cache", &(struct message){.text = {[2] = "ref"}});
	assert_int_equal(s.call.code, GRPC_UNAVAILABLE);
	ask(&s, "Status", "local:cache", &(struct message){.text = {[1] = "ref"}});
	assert_int_equal(s.call.code, GRPC_OK);
	assert_true(str_eq(buf_view(&s.call.last), STR("\n\x09\x1a\x03ref\x20\x03\x28\x09")));
	ask(&s, "Abort", "local:cache", &(struct message){.text = {[1] = "ref"}});
	assert_int_equal(s.call.code, GRPC_UNAVAILABLE);
	ask(&s, "Status", "oci:x", &(struct message){.text = {[1] = "ref"}});
	assert_int_equal(s.call.code, GRPC_NOT_FOUND);
	assert_int_equal(count(&s.f.tree, "."), 1);
	s.call.closed = false;
	s.call.grpc = first;
	grpc_call_cancel(first);
	call_finish(&s.f, &s.call);
	do
		ask(&s, "Abort", "local:cache", &(struct message){.text = {[1] = "ref"}});
	while (s.call.code == GRPC_UNAVAILABLE);
	assert_int_equal(s.call.code, GRPC_NOT_FOUND);
	assert_int_equal(count(&s.f.tree, "."), 0);
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_strict),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(blobs_appear_when_they_are_complete),
		cmocka_unit_test(what_was_left_behind_is_removed),
		cmocka_unit_test(names_in_the_index),
		cmocka_unit_test(index_of_nonsense),
		cmocka_unit_test(index_is_locked),
		cmocka_unit_test(blobs_are_read),
		cmocka_unit_test(large_blobs_come_in_pieces),
		cmocka_unit_test(blobs_are_written),
		cmocka_unit_test(writes_that_fail_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
