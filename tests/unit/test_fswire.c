/* buildkit/fswire.h: packets as other implementations make them, byte for byte. */
#include "test.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "buildkit/fswire.h"

#define INIT(lit) \
	{ \
		"" lit, sizeof(lit) - 1 \
	} /* for tables */
#define BYTES(lit) ((struct str)INIT(lit))

static void
assert_bytes(const char *row, const struct buf *got, struct str want)
{
	assert_that(str_eq(buf_view(got), want), "row '%s': %zu bytes, want %zu", row, got->len,
		want.len);
}

static void
packets_put(void **state)
{
	cleanup_buf struct buf out = {0};
	char header[FSPACKET_DATA_HEADER_MAX];
	size_t n;

	(void)state;
	fspacket_put_stat(&out, NULL, NULL);
	assert_bytes("end of list", &out, BYTES("\0\0\0\0\0"));
	buf_reset(&out);
	fspacket_put_req(&out, 0, NULL);
	assert_bytes("req 0", &out, BYTES("\0\0\0\0\2\x08\1"));
	buf_reset(&out);
	fspacket_put_req(&out, 300, NULL);
	assert_bytes("req 300", &out, BYTES("\0\0\0\0\5\x08\1\x18\xac\2"));
	buf_reset(&out);
	fspacket_put_fin(&out, NULL);
	assert_bytes("fin", &out, BYTES("\0\0\0\0\2\x08\3"));
	buf_reset(&out);
	fspacket_put_err(&out, STR("no"), NULL);
	assert_bytes("err", &out, BYTES("\0\0\0\0\6\x08\4\x22\2no"));
	buf_reset(&out);
	fspacket_put_data(&out, 0, (struct str){0}, NULL);
	assert_bytes("end of file 0", &out, BYTES("\0\0\0\0\2\x08\2"));
	buf_reset(&out);
	fspacket_put_data(&out, 1, STR("xyz"), NULL);
	assert_bytes("data", &out, BYTES("\0\0\0\0\x09\x08\2\x18\1\x22\3xyz"));
	n = fspacket_data_header(header, 1, 3);
	assert_that(n + 3 == out.len && memcmp(header, out.p, n) == 0, "header of %zu bytes", n);
	n = fspacket_data_header(header, UINT32_MAX, UINT32_MAX);
	assert_int_equal(n, FSPACKET_DATA_HEADER_MAX);
}

static void
stat_put(void **state)
{
	cleanup_buf struct buf out = {0}, xattrs = {0};
	struct fsstat st = {.path = STR("a/b"), .mode = 0644};

	(void)state;
	fspacket_put_stat(&out, &st, NULL);
	assert_bytes("file", &out, BYTES("\0\0\0\0\x0a\x12\x08\x0a\3a/b\x10\xa4\3"));
	buf_reset(&out);
	st = (struct fsstat){.mtime_ns = -1};
	fspacket_put_stat(&out, &st, NULL);
	assert_bytes("negative time", &out,
		BYTES("\0\0\0\0\x0d\x12\x0b\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"));
	buf_reset(&out);
	st = (struct fsstat){0};
	fspacket_put_stat(&out, &st, NULL);
	assert_bytes("empty stat", &out, BYTES("\0\0\0\0\2\x12\0"));
	buf_reset(&out);
	fsstat_add_xattr(&xattrs, STR("user.x"), STR("1"), NULL);
	fsstat_add_xattr(&xattrs, STR("user.y"), (struct str){0}, NULL);
	st = (struct fsstat){.path = STR("f"),
		.linkname = STR("e"),
		.uid = 1,
		.gid = 2,
		.size = 3,
		.devmajor = 4,
		.devminor = 5,
		.xattrs = buf_view(&xattrs)};
	fspacket_put_stat(&out, &st, NULL);
	assert_bytes("all fields", &out,
		BYTES("\0\0\0\0\x29\x12\x27\x0a\1f\x18\1\x20\2\x28\3\x3a\1e\x40\4\x48\5"
		      "\x52\x0b\x0a\6user.x\x12\1"
		      "1\x52\x08\x0a\6user.y"));
}

static void
decoded(void **state)
{
	struct fspacket p;

	(void)state;
	assert_int_equal(fspacket_decode(&p, (struct str){0}, NULL), 0);
	assert_int_equal(p.type, FSPACKET_STAT);
	assert_false(p.has_stat);
	assert_int_equal(fspacket_decode(&p, BYTES("\x12\0"), NULL), 0);
	assert_true(p.has_stat);
	assert_int_equal(fspacket_decode(&p, BYTES("\x08\2\x18\xac\2\x22\3xyz"), NULL), 0);
	assert_int_equal(p.type, FSPACKET_DATA);
	assert_int_equal(p.id, 300);
	assert_str(p.data, "xyz");
	/* unknown fields of every width, and a known number with another width */
	assert_int_equal(fspacket_decode(&p,
				 BYTES("\x28\7\x31"
				       "12345678"
				       "\x3a\2ab\x45"
				       "1234"
				       "\x0d"
				       "1234"
				       "\x08\1\x12\6\x0a\1p\x7a\1q"),
				 NULL),
		0);
	assert_int_equal(p.type, FSPACKET_REQ);
	assert_str(p.stat.path, "p");
	/* later types are the business of the dialogue */
	assert_int_equal(fspacket_decode(&p, BYTES("\x08\x63"), NULL), 0);
	assert_int_equal(p.type, 99);
}

static void
malformed(void **state)
{
	static const struct {
		const char *name;
		struct str packet;
	} rows[] = {
		{"no value", INIT("\x08")},
		{"endless number", INIT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
		{"number over 64 bits", INIT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\2")},
		{"text beyond the end", INIT("\x22\5ab")},
		{"huge text", INIT("\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\1")},
		{"field 0", INIT("\0\1")},
		{"group", INIT("\x0b\x0c")},
		{"short 64 bits", INIT("\x31"
				       "1234")},
		{"short 32 bits", INIT("\x35"
				       "12")},
		{"bad stat", INIT("\x12\2\x0a\5")},
	};
	struct fspacket p;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct err){0};
		assert_row_int(rows[i].name, fspacket_decode(&p, rows[i].packet, &err), -1);
		assert_row_err(rows[i].name, &err, ERR_PROTO, "malformed");
	}
}

/* Every cut of a packet is an error or a packet, never a read beyond it. */
static void
cut_anywhere(void **state)
{
	cleanup_buf struct buf out = {0}, xattrs = {0};
	struct fsstat st = {.path = STR("some/path"), .mode = 0100644, .mtime_ns = 1234567890123};
	struct str rest, name, value;
	struct fspacket p;
	size_t len;
	char *copy;

	(void)state;
	fsstat_add_xattr(&xattrs, STR("user.name"), STR("value"), NULL);
	st.xattrs = buf_view(&xattrs);
	fspacket_put_stat(&out, &st, NULL);
	for (len = 0; len <= out.len - FSPACKET_FRAME; len++) {
		copy = test_guard_alloc(out.p + FSPACKET_FRAME, len);
		if (fspacket_decode(&p, str_n(copy, len), NULL) == 0) {
			rest = p.stat.xattrs;
			while (fsstat_next_xattr(&rest, &name, &value))
				assert_str(name, "user.name");
		}
		test_guard_free(copy, len);
	}
	fspacket_decode(&p, str_from_off(buf_view(&out), FSPACKET_FRAME), NULL);
	assert_str(p.stat.path, "some/path");
	assert_true(p.stat.mtime_ns == st.mtime_ns);
}

static void
limits(void **state)
{
	struct buf out;
	struct err err = {0};
	struct fsstat st = {.path = STR("0123456789")};

	(void)state;
	buf_init(&out, 8);
	assert_int_equal(fspacket_put_stat(&out, &st, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void
modes(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		uint32_t want;
	} rows[] = {
		{"file", S_IFREG | 0644, 0644},
		{"directory, sticky", S_IFDIR | 01777, FSMODE_DIR | FSMODE_STICKY | 0777},
		{"symlink", S_IFLNK | 0777, FSMODE_SYMLINK | 0777},
		{"block device", S_IFBLK | 0600, FSMODE_DEVICE | 0600},
		{"character device", S_IFCHR | 0600, FSMODE_DEVICE | FSMODE_CHARDEV | 0600},
		{"fifo", S_IFIFO | 0600, FSMODE_FIFO | 0600},
		{"socket is a plain file", S_IFSOCK | 0600, 0600},
		{"set ids", S_IFREG | 06755, FSMODE_SETUID | FSMODE_SETGID | 0755},
		{"unknown", 0644, FSMODE_IRREGULAR | 0644},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_row_int(rows[i].name, fsmode_from_unix(rows[i].mode), rows[i].want);
		assert_row_int(rows[i].name, fsmode_chmod(rows[i].want), rows[i].mode & 07777);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_put),
		cmocka_unit_test(stat_put),
		cmocka_unit_test(decoded),
		cmocka_unit_test(malformed),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(limits),
		cmocka_unit_test(modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
