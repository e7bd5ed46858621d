/* Image layouts, in folders and archives, by good writers and bad ones. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "fake_registry.h"
#include "image/manifest.h"
#include "image/parcel.h"
#include "image/ref.h"
#include "image/tar.h"
#include "registry/client.h"
#include "registry/copy.h"
#include "tree.h"

#define OCI "application/vnd.oci.image."
#define VERSION "{\"imageLayoutVersion\":\"1.0.0\"}"

/* ---- writing ---------------------------------------------------------------- */

static void
block_end(struct buf *tar)
{
	while (tar->len % TAR_BLOCK)
		buf_putc(tar, '\0');
}

/* size: as the header has it; NULL: that of the text. */
static void
add(struct buf *tar, const char *name, char type, const char *size, struct str text)
{
	char block[TAR_BLOCK] = "";
	unsigned sum = 0;
	size_t i;

	snprintf(block, 100, "%s", name);
	if (size)
		memcpy(block + 124, size, 12);
	else
		snprintf(block + 124, 12, "%011zo", text.len);
	block[156] = type;
	snprintf(block + 257, 6, "ustar");
	memset(block + 263, '0', 2);
	memset(block + 148, ' ', 8);
	for (i = 0; i < sizeof(block); i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
	buf_mem(tar, block, sizeof(block));
	buf_str(tar, text);
	block_end(tar);
}

static const char *
digest_of(struct arena *a, struct str text)
{
	char hex[SHA256_HEX_LEN + 1];

	sha256_text(text, hex);
	return arena_fmt(a, "sha256:%s", hex);
}

/* A layout that is put together: blobs as they are added, index.json at the end. */
struct maker {
	struct arena arena;
	struct buf tar;
	struct tree tree;
	bool packed;
};

static void
put_file(struct maker *m, const char *name, struct str text)
{
	if (m->packed)
		add(&m->tar, arena_fmt(&m->arena, "./%s", name), '0', NULL, text);
	else
		tree_write(&m->tree, arena_fmt(&m->arena, "l/%s", name), STR_FMT, STR_ARG(text));
}

/* A descriptor of it. */
static const char *
put_blob(struct maker *m, const char *type, const char *text)
{
	const char *digest = digest_of(&m->arena, str_from(text));

	put_file(m, arena_fmt(&m->arena, "blobs/sha256/%s", digest + 7), str_from(text));
	return arena_fmt(&m->arena, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", type,
		digest, strlen(text));
}

static const char *
put_manifest(struct maker *m, const char *layer, const char *more)
{
	const char *config = put_blob(m, OCI "config.v1+json", "{}");

	return put_blob(m, OCI "manifest.v1+json",
		arena_fmt(&m->arena,
			"{\"schemaVersion\":2,\"mediaType\":\"" OCI
			"manifest.v1+json\",\"config\":%s,"
			"\"layers\":[%s]%s}",
			config, layer, more));
}

static const char *
put_index(struct maker *m, const char *list)
{
	return put_blob(m, OCI "index.v1+json",
		arena_fmt(&m->arena,
			"{\"schemaVersion\":2,\"mediaType\":\"" OCI
			"index.v1+json\",\"manifests\":[%s]}",
			list));
}

static struct copy *
finish(struct maker *m, const char *list, const char *pick, struct parcel **l, struct err *err)
{
	static const struct ref where = {.domain = "r.example", .path = "g/p"};
	const char *path;

	put_file(m, "oci-layout", STR(VERSION));
	put_file(m, "index.json",
		str_from(arena_fmt(&m->arena, "{\"schemaVersion\":2,\"manifests\":[%s]}", list)));
	if (m->packed) {
		int fd = open(tree_path(&m->tree, "l"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		assert_that(fd >= 0 && fd_write_all(fd, m->tar.p, m->tar.len) == 0, "no archive");
		close(fd);
	}
	path = arena_cstr(&m->arena, tree_path(&m->tree, "l"));
	*l = parcel_open(path, err);
	return *l ? copy_open(*l, pick, &where, NULL, err) : NULL;
}

static void
maker_init(struct maker *m, bool packed)
{
	*m = (struct maker){.packed = packed};
	tree_init(&m->tree);
}

static void
maker_release(struct maker *m)
{
	buf_release(&m->tar);
	tree_release(&m->tree);
	arena_release(&m->arena);
}

/* ---- which image it is ------------------------------------------------------ */

enum shape {
	ONE,
	NAMED,
	TWO_NAMES,
	PLATFORMS,
	REFERRER,
	TWO_IMAGES,
	NONE,
	DEEP,
	ABSENT,
	OTHER_SIZE,
	OTHER_TYPE,
	CONFUSED,
	EXTERN,
	MANY
};

static const char *
shape_list(struct maker *m, enum shape shape)
{
	struct arena *a = &m->arena;
	const char *layer = put_blob(m, OCI "layer.v1.tar", "layer"), *one, *list;
	int i;

	switch (shape) {
	case NONE:
		return "";
	case ABSENT:
		return "{\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060"
		       "f61caaff8b\",\"size\":2}";
	case EXTERN:
		/* what is not there may be in the registry */
		layer = "{\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060"
			"f61caaff8b\",\"size\":2}";
		break;
	case OTHER_SIZE:
		layer = arena_fmt(a, "{\"digest\":\"%s\",\"size\":6}", digest_of(a, STR("layer")));
		break;
	case OTHER_TYPE:
		return put_blob(m, "application/x", "{\"schemaVersion\":2,\"manifests\":[]}");
	case CONFUSED:
		return put_manifest(m, layer, ",\"manifests\":[]");
	default:
		break;
	}
	one = put_manifest(m, layer, "");
	list = arena_fmt(a, "%s,%s", one, put_manifest(m, layer, ",\"x\":1"));
	switch (shape) {
	case TWO_NAMES:
		return arena_fmt(a, "%s,%s", one, one);
	case TWO_IMAGES:
		return list;
	case NAMED:
		return arena_fmt(a,
			"{\"annotations\":{\"io.containerd.image.name\":\"r.example/a:1\"},%s,"
			"{\"annotations\":{\"org.opencontainers.image.ref.name\":\"b\"},%s",
			one + 1, put_manifest(m, layer, ",\"x\":1") + 1);
	case PLATFORMS:
		return put_index(m, list);
	case REFERRER:
		return arena_fmt(a, "%s,%s",
			put_manifest(m, layer,
				arena_fmt(a, ",\"subject\":%s,\"annotations\":{\"a\":\"b\"}", one)),
			one);
	case MANY:
		one = put_manifest(
			m, layer, arena_fmt(a, ",\"subject\":%s,\"x\":\"%0*d\"", one, 4000000, 0));
		list = one;
		for (i = 0; i < COPY_READINGS_MAX / 4000000; i++)
			list = arena_fmt(a, "%s,%s", list, one);
		return list;
	case DEEP:
		for (i = 0; i < COPY_DEPTH_MAX; i++)
			one = put_index(m, one);
		return one;
	default:
		return one;
	}
}

static void
the_image_of_a_layout(void **state)
{
	static const struct {
		const char *name;
		enum shape shape;
		enum err_kind kind;
		const char *text;
		const char *pick;
	} rows[] = {
		{"one", ONE, ERR_NONE, NULL, NULL},
		{"one of several by its name", NAMED, ERR_NONE, NULL, "b"},
		{"one of several by the tag of its reference", NAMED, ERR_NONE, NULL, "1"},
		{"one of several by its reference", NAMED, ERR_NONE, NULL, "r.example/a:1"},
		{"none of that name", NAMED, ERR_CONFIG, "holds no image 'a'", "a"},
		{"two of one name", TWO_IMAGES, ERR_CONFIG, "holds several images", NULL},
		{"one of two names", TWO_NAMES, ERR_NONE, NULL, NULL},
		{"several platforms", PLATFORMS, ERR_NONE, NULL, NULL},
		{"one, and something about it", REFERRER, ERR_NONE, NULL, NULL},
		{"a layer that is elsewhere", EXTERN, ERR_NONE, NULL, NULL},
		{"two", TWO_IMAGES, ERR_CONFIG, "holds several images: sha256:", NULL},
		{"none", NONE, ERR_CONFIG, "holds no image", NULL},
		{"indexes in indexes", DEEP, ERR_LIMIT, "more than 4 deep", NULL},
		{"a large one, named often", MANY, ERR_LIMIT, "bytes of manifests to look through",
			NULL},
		{"a manifest that is not there", ABSENT, ERR_PROTO, "lacks 'sha256:44136fa", NULL},
		{"a layer of another size", OTHER_SIZE, ERR_PROTO, "has 5 bytes, not the 6", NULL},
		{"no manifest of an image", OTHER_TYPE, ERR_PROTO, "'application/x'", NULL},
		{"an index that is a manifest", CONFUSED, ERR_PROTO,
			"neither an index nor a manifest", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const char *name = rows[i / 2].name;
		struct parcel *l = NULL;
		struct err err = {0};
		struct maker m;
		struct copy *c;

		maker_init(&m, i % 2);
		c = finish(&m, shape_list(&m, rows[i / 2].shape), rows[i / 2].pick, &l, &err);
		if (rows[i / 2].kind)
			assert_row_err(name, &err, rows[i / 2].kind, rows[i / 2].text);
		assert_that(!c == !!rows[i / 2].kind, "row '%s': %s", name, err.msg);
		copy_close(c);
		parcel_close(l);
		maker_release(&m);
	}
}

/* ---- what goes out ---------------------------------------------------------- */

#define OK "HTTP/1.1 200 OK\r\n\r\n"
#define CREATED "HTTP/1.1 201 Created\r\n\r\n"
#define CONFIG \
	"HEAD /v2/g/p/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a "

/* The configuration is there already, the layer is not in the parcel. */
static void
layers_that_are_elsewhere(void **state)
{
	static const struct {
		const char *name, *type;
		struct fake_step steps[5];
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{"in the registry", OCI "layer.v1.tar",
			{{"GET /v2/ ", .answer = OK}, {"GET /v2/ ", .answer = OK},
				{CONFIG, .answer = OK},
				{"HEAD /v2/g/p/blobs/sha256:44136fa", .answer = OK},
				{"PUT /v2/g/p/manifests/sha256:", .answer = CREATED}},
			ERR_NONE, NULL},
		{"nowhere", OCI "layer.v1.tar",
			{{"GET /v2/ ", .answer = OK}, {"GET /v2/ ", .answer = OK},
				{CONFIG, .answer = OK},
				{"HEAD /v2/g/p/blobs/sha256:44136fa",
					.answer = "HTTP/1.1 404 -\r\n\r\n"}},
			ERR_PROTO, "neither in the layout nor in the registry"},
		{"not to be handed on", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
			{{"GET /v2/ ", .answer = OK}, {"GET /v2/ ", .answer = OK},
				{CONFIG, .answer = OK},
				{"PUT /v2/g/p/manifests/sha256:", .answer = CREATED}},
			ERR_NONE, NULL},
	};
	static const char *const no_vars[] = {NULL};
	static const struct env empty_env = {no_vars};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct registry_options o = {.repository = "g/p", .env = &empty_env};
		struct copy_count count;
		struct parcel *l = NULL;
		struct fake_registry f;
		struct registry *r;
		struct err err = {0};
		struct maker m;
		struct copy *c;
		size_t n = 0;
		int rc;

		maker_init(&m, true);
		c = finish(&m,
			put_manifest(&m,
				arena_fmt(&m.arena,
					"{\"mediaType\":\"%s\",\"digest\":\"sha256:44136fa355b3678a"
					"1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8b\","
					"\"size\":2}",
					rows[i].type),
				""),
			NULL, &l, &err);
		assert_that(c != NULL, "row '%s': %s", rows[i].name, err.msg);
		while (n < ARRAY_LEN(rows[i].steps) && rows[i].steps[n].request)
			n++;
		fake_registry_start(&f, rows[i].steps, n);
		o.host = f.host;
		r = registry_open(&o, &err);
		assert_that(r != NULL, "row '%s': %s", rows[i].name, err.msg);
		rc = copy_content(c, r, &count, &err);
		if (rows[i].kind)
			assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
		else
			assert_row_ok(rows[i].name, rc, &err);
		registry_close(r);
		fake_registry_end(&f, rows[i].name);
		copy_close(c);
		parcel_close(l);
		maker_release(&m);
	}
}

/* ---- folders ---------------------------------------------------------------- */

static void
folders_that_lead_elsewhere(void **state)
{
	static const char hex[] =
		"239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5"; /* payload */
	static const struct {
		const char *name, *link, *text;
	} rows[] = {
		{"a blob that is a symlink",
			"l/blobs/sha256/239f59ed55e737c77147cf55ad0c1b030b6d7"
			"ee748a7426952f9b852d5a935e5",
			"is a symlink"},
		{"a folder of blobs that is one", "l/blobs/sha256", "open 'blobs/sha256'"},
		{"a folder above it that is one", "l/blobs", "open 'blobs/sha256'"},
		{"an index that is one", "l/index.json", "'index.json' is a symlink"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_parcel struct parcel *l = NULL;
		struct parcel_blob b = {.fd = -1};
		cleanup_tree struct tree t;
		struct err err = {0};
		char digest[80];
		bool found;

		tree_init(&t);
		snprintf(digest, sizeof(digest), "sha256:%s", hex);
		tree_write(&t, "l/oci-layout", VERSION);
		if (i != 3)
			tree_write(&t, "l/index.json", "{}");
		tree_write(&t,
			"out/239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5",
			"payload");
		tree_link(&t, rows[i].link,
			tree_path(&t, i ? "out"
					: "out/239f59ed55e737c77147cf55a"
					  "d0c1b030b6d7ee748a7426952f9b852d5a935e5"));
		l = parcel_open(tree_path(&t, "l"), &err);
		if (l)
			parcel_find(l, digest, &b, &found, &err);
		assert_row_err(rows[i].name, &err, err.kind, rows[i].text);
		assert_that(err.kind == ERR_PROTO || err.kind == ERR_SYS, "row '%s'", rows[i].name);
		parcel_blob_close(&b);
	}
}

static void
folders_that_are_no_layouts(void **state)
{
	cleanup_tree struct tree t;
	struct parcel_blob b = {.fd = -1};
	struct parcel *l;
	struct err err = {0};
	bool found;

	(void)state;
	tree_init(&t);
	assert_null(parcel_open(tree_path(&t, "none"), &err));
	assert_err(&err, ERR_SYS, "none");
	assert_null(parcel_open(tree_path(&t, ""), &err));
	assert_err(&err, ERR_CONFIG, "it has no 'oci-layout'");
	tree_write(&t, "oci-layout", "{\"imageLayoutVersion\":\"2\"}");
	assert_null(parcel_open(tree_path(&t, ""), &err));
	assert_err(&err, ERR_CONFIG, "it has no 'index.json'");
	tree_write(&t, "index.json", "{}");
	assert_null(parcel_open(tree_path(&t, ""), &err));
	assert_err(&err, ERR_PROTO, "a version other than 1");
	tree_write(&t, "oci-layout", VERSION);
	tree_mkdir(&t, "blobs/sha256");
	assert_int_equal(
		mkfifo(tree_path(&t, "blobs/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc2"
				     "1fe77e8310c060f61caaff8a"),
			0600),
		0);
	l = parcel_open(tree_path(&t, ""), &err);
	assert_non_null(l);
	assert_int_equal(parcel_find(l,
				 "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c06"
				 "0f61caaff8a",
				 &b, &found, &err),
		-1);
	assert_err(&err, ERR_PROTO, "no regular file");
	parcel_blob_close(&b);
	assert_int_equal(parcel_find(l, "sha256:../../etc/passwd", &b, &found, &err), -1);
	assert_err(&err, ERR_PROTO, "no sha256 digest");
	parcel_close(l);
	assert_int_equal(mkfifo(tree_path(&t, "pipe"), 0600), 0);
	assert_null(parcel_open(tree_path(&t, "pipe"), &err));
	assert_err(&err, ERR_CONFIG, "neither a folder nor a file");
	assert_non_null(strstr(err.hint, "into a file first"));
}

/* ---- archives --------------------------------------------------------------- */

static int
scan(const struct buf *tar, struct buf *names, struct err *err)
{
	char path[] = "/tmp/bt-tar.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC), there;
	struct tar t = {.fd = fd, .size = tar->len};
	struct tar_entry e;

	assert_that(
		fd >= 0 && unlink(path) == 0 && fd_write_all(fd, tar->p, tar->len) == 0, "file");
	while ((there = tar_next(&t, &e, err)) > 0)
		if (e.is_file)
			buf_addf(names, "%s=%llu ", e.name, (unsigned long long)e.size);
	close(fd);
	return there;
}

static void
names_and_sizes_of_all_kinds(void **state)
{
	cleanup_buf struct buf tar = {0}, names = {0};
	struct err err = {0};
	char far[100];

	(void)state;
	add(&tar, "./a/", '5', "00000000000", (struct str){0});
	add(&tar, "./a/b", '0', NULL, STR("1"));
	add(&tar, "link", '2', "00000000007", (struct str){0});
	add(&tar, "././@LongLink", 'L', NULL, STR("a/long/name\0"));
	add(&tar, "a/lon", '0', NULL, STR("22"));
	add(&tar, "PaxHeaders/x", 'x', NULL, STR("14 path=./c/d\n10 size=3\n"));
	add(&tar, "c", '0', "00000000000", STR("333"));
	add(&tar, "global", 'g', NULL, STR("10 path=x\n"));
	add(&tar, "binary", '0', "\200\0\0\0\0\0\0\0\0\0\0\4", STR("4444"));
	add(&tar, "old", '\0', "         5 \0", STR("55555"));
	memset(far, 'p', sizeof(far));
	buf_mem(&tar, "\0", 1);
	block_end(&tar);
	add(&tar, "behind the end", '0', NULL, STR("x"));
	assert_int_equal(scan(&tar, &names, &err), 0);
	assert_str(buf_view(&names), "a/b=1 a/long/name=2 c/d=3 binary=4 old=5 ");
}

static void
archives_that_are_broken(void **state)
{
	static const struct {
		const char *name;
		char type;
		const char *size, *text;
		enum err_kind kind;
		const char *said;
	} rows[] = {
		{"cut off", '0', "00000002000", "x", ERR_PROTO, "cut off"},
		{"as large as can be", '0', "77777777777", "x", ERR_PROTO, "cut off"},
		{"larger", '0', "\200\377\377\377\377\377\377\377\377\377\377\377", "x", ERR_PROTO,
			"not a tar archive"},
		{"less than nothing", '0', "\377\377\377\377\377\377\377\377\377\377\377\377", "x",
			ERR_PROTO, "not a tar archive"},
		{"no number", '0', "0000000000x", "x", ERR_PROTO, "not a tar archive"},
		{"records that lead on", 'x', NULL, "99 path=x\n", ERR_PROTO, "extended header"},
		{"a record of nothing", 'x', NULL, "0 path=x\n", ERR_PROTO, "extended header"},
		{"a record without end", 'x', NULL, "9 path=xx", ERR_PROTO, "extended header"},
		{"a record longer than numbers are", 'x', NULL, "99999999999999999999 path=x\n",
			ERR_PROTO, "extended header"},
		{"a size from a record", 'x', NULL, "28 size=9223372036854775807\n", ERR_PROTO,
			"cut off"},
		{"a size from a record, larger than all", 'x', NULL,
			"29 size=18446744073709551615\n", ERR_PROTO, "cut off"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf tar = {0}, names = {0};
		struct err err = {0};

		add(&tar, "x", rows[i].type, rows[i].size, str_from(rows[i].text));
		if (rows[i].type == 'x')
			add(&tar, "y", '0', NULL, STR("y"));
		assert_row_int(rows[i].name, scan(&tar, &names, &err), -1);
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].said);
	}
}

static void
archives_that_are_no_layouts(void **state)
{
	static const struct {
		const char *name;
		const char *first, *second;
		enum err_kind kind;
		const char *said;
	} rows[] = {
		{"two of one name", "oci-layout", "./oci-layout", ERR_PROTO,
			"'oci-layout' is in it"},
		{"no index", "oci-layout", "x", ERR_CONFIG, "it has no 'index.json'"},
		{"nothing of it", "x", "y", ERR_CONFIG, "it has no 'oci-layout'"},
		{"gzip", NULL, "\037\213\010", ERR_CONFIG, "is compressed"},
		{"zstd", NULL, "\050\265\057\375", ERR_CONFIG, "is compressed"},
		{"text", NULL, "hello", ERR_PROTO, "not a tar archive"},
		{"nothing", NULL, "", ERR_PROTO, "not a tar archive"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf tar = {0};
		cleanup_tree struct tree t;
		struct err err = {0};
		int fd;

		tree_init(&t);
		if (rows[i].first) {
			add(&tar, rows[i].first, '0', NULL, STR(VERSION));
			add(&tar, rows[i].second, '0', NULL, STR(VERSION));
		} else {
			buf_puts(&tar, rows[i].second);
		}
		fd = open(tree_path(&t, "a.tar"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		assert_that(fd >= 0 && fd_write_all(fd, tar.p, tar.len) == 0, "no archive");
		close(fd);
		assert_null(parcel_open(tree_path(&t, "a.tar"), &err));
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].said);
	}
}

static void
manifests_of_all_kinds(void **state)
{
#define DIGEST "\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\""
#define ENTRY "{\"digest\":" DIGEST ",\"size\":2}"
	static const struct {
		const char *name, *text, *said; /* NULL: it is good */
	} rows[] = {
		{"a manifest", "{\"schemaVersion\":2,\"config\":" ENTRY ",\"layers\":[]}", NULL},
		{"an index", "{\"schemaVersion\":2,\"manifests\":[" ENTRY "]}", NULL},
		{"both", "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", "neither"},
		{"neither", "{\"schemaVersion\":2}", "neither"},
		{"the first version", "{\"schemaVersion\":1,\"manifests\":[]}", "other than 2"},
		{"no JSON", "{", ""},
		{"no object", "[]", "no JSON object"},
		{"no list", "{\"schemaVersion\":2,\"manifests\":{}}", "lists nothing"},
		{"no digest", "{\"schemaVersion\":2,\"manifests\":[{\"size\":2}]}",
			"without digest"},
		{"a digest that is a path",
			"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:../x\",\"size\":2}]}",
			"digest"},
		{"no size", "{\"schemaVersion\":2,\"manifests\":[{\"digest\":" DIGEST "}]}",
			"no size"},
		{"a size below zero",
			"{\"schemaVersion\":2,\"manifests\":[{\"digest\":" DIGEST ",\"size\":-2}]}",
			"no size"},
		{"another type than it says",
			"{\"schemaVersion\":2,\"mediaType\":\"" OCI
			"manifest.v1+json\",\"manifests\":[]}",
			"says that it is"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct err err = {0};
		struct manifest m;
		int rc = manifest_parse(&a, str_from(rows[i].text), NULL, &m, &err);

		if (rows[i].said)
			assert_row_err(rows[i].name, &err, ERR_PROTO, rows[i].said);
		else
			assert_row_ok(rows[i].name, rc, &err);
		assert_row_int(rows[i].name, rc, rows[i].said ? -1 : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_of_a_layout),
		cmocka_unit_test(layers_that_are_elsewhere),
		cmocka_unit_test(folders_that_lead_elsewhere),
		cmocka_unit_test(folders_that_are_no_layouts),
		cmocka_unit_test(names_and_sizes_of_all_kinds),
		cmocka_unit_test(archives_that_are_broken),
		cmocka_unit_test(archives_that_are_no_layouts),
		cmocka_unit_test(manifests_of_all_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
