/* Archives on standard input: gzip, tar, and what is made of them. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/gunzip.h"
#include "cmd/input.h"
#include "dockerfile/archive.h"
#include "sandbox.h"

/* ---- gzip ----------------------------------------------------------------- */

struct pipe {
	struct str in;
	size_t piece;
	struct buf out;
	bool full;
};

static ssize_t
pipe_read(void *p, size_t len, void *arg, struct err *err)
{
	struct pipe *s = arg;
	size_t n = s->in.len < s->piece ? s->in.len : s->piece;

	(void)err;
	n = n < len ? n : len;
	if (n)
		memcpy(p, s->in.s, n);
	s->in = str_from_off(s->in, n);
	return (ssize_t)n;
}

static int
pipe_write(struct str bytes, void *arg, struct err *err)
{
	struct pipe *s = arg;

	if (s->full)
		return err_set(err, ERR_SYS, "disk full");
	buf_str(&s->out, bytes);
	return 0;
}

static int
unpack(struct pipe *s, struct str in, size_t piece, struct err *err)
{
	const struct gunzip_io io = {pipe_read, pipe_write, s};

	*s = (struct pipe){.in = in, .piece = piece, .full = s->full};
	return gunzip(&io, err);
}

/* for tables that are made before the program runs */
#define LIT(lit) \
	{ \
		lit, sizeof(lit) - 1 \
	}
#define HEAD "\x1f\x8b\x08\0\0\0\0\0\0\x03"
#define HELLO_END "\xdb\x25\x26\x1f\x0d\0\0\0"
static const struct {
	const char *name;
	struct str in;
	const char *want;
} members[] = {
	{"stored",
		LIT(HEAD "\x01\x0d\0\xf2\xff"
			 "hello, hello\n" HELLO_END),
		"hello, hello\n"},
	{"fixed codes", LIT(HEAD "\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\0\x51\x5c\0" HELLO_END),
		"hello, hello\n"},
	{"all that a header can have",
		LIT("\x1f\x8b\x08\x1f\0\0\0\0\0\x03\x03\0"
		    "abcname\0comment\0\0\0\xcb\x48\xcd\xc9\xc9\xe7\x02\0\x20\x30\x3a\x36\x06\0\0"
		    "\0"),
		"hello\n"},
	{"two members and blanks behind",
		LIT(HEAD "\xcb\x48\xcd\x01\0\x1b\xf1\x0b\xe5\x03\0\0\0" HEAD
			 "\xcb\xc9\xe7\x02\0\x20\x75\x3c\xbc\x03\0\0\0\0\0\0"),
		"hello\n"},
	{"nothing", LIT(HEAD "\x03\0\0\0\0\0\0\0\0\0"), ""},
};

static void
gzip_in_every_form(void **state)
{
	struct pipe s = {0};
	struct err err = {0};
	size_t i, cut;

	(void)state;
	for (i = 0; i < ARRAY_LEN(members); i++) {
		struct str in = members[i].in;

		assert_row_ok(members[i].name, unpack(&s, in, 1, &err), &err);
		assert_row_str(members[i].name, buf_view(&s.out), members[i].want);
		buf_release(&s.out);
		assert_row_ok(members[i].name, unpack(&s, in, 4096, &err), &err);
		assert_row_str(members[i].name, buf_view(&s.out), members[i].want);
		buf_release(&s.out);
	}
	/* cut anywhere, it is an error; where it ends is known to the first member alone */
	for (i = 0; i < 3; i++) {
		for (cut = 0; cut < members[i].in.len; cut++) {
			err = (struct err){0};
			assert_row_int(members[i].name,
				unpack(&s, str_first(members[i].in, cut), 7, &err), -1);
			assert_row_err(members[i].name, &err, ERR_PROTO, "gzip: ");
			buf_release(&s.out);
		}
	}
	s.full = true;
	assert_int_equal(unpack(&s, members[0].in, 4096, &err), -1);
	assert_err(&err, ERR_SYS, "disk full");
	buf_release(&s.out);
}

static void
gzip_that_is_none(void **state)
{
	static const struct {
		const char *name;
		struct str in;
		const char *error;
	} rows[] = {
		{"other magic", LIT("PK\3\4xxxxxxxxxxxxxxxxx"), "another kind"},
		{"a block of kind 3", LIT(HEAD "\x07\0\0\0\0\0\0\0\0\0"), "unknown kind"},
		{"lengths that differ", LIT(HEAD "\x01\x0d\0\xf2\xfehello"), "without a length"},
		{"a distance beyond the start", LIT(HEAD "\x4b\x04\x22\0\0\0\0\0\0\0\0\0\0\0"),
			"what was not there"},
		{"too many codes", LIT(HEAD "\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
			"code"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct pipe s = {0};
		struct err err = {0};

		assert_row_int(rows[i].name, unpack(&s, rows[i].in, 4096, &err), -1);
		assert_row_err(rows[i].name, &err, ERR_PROTO, rows[i].error);
		buf_release(&s.out);
	}
}

/* Repetitions from as far back as they can be, over several windows; codes of its own. */
static void
gzip_of_long_repetitions(void **state)
{
	enum { PERIOD = 32000, TIMES = 3 };
	struct pipe s = {0};
	struct err err = {0};
	uint32_t x = 1;
	size_t i, len;
	char *in = test_read_file("tests/data/archive/long.gz", &len);

	(void)state;
	assert_ok(unpack(&s, str_n(in, len), 1000, &err), &err);
	assert_int_equal(s.out.len, PERIOD * TIMES);
	for (i = 0; i < PERIOD; i++) {
		x = (x * 1103515245 + 12345) & 0x7fffffff;
		assert_int_equal(s.out.p[i], 'a' + (x >> 16 & 1));
	}
	for (; i < s.out.len; i++)
		assert_int_equal(s.out.p[i], s.out.p[i - PERIOD]);
	buf_release(&s.out);
	free(in);
}

/* ---- tar ------------------------------------------------------------------ */

/* One entry with its content; size NULL: what the content has. */
static void
entry(struct buf *tar, char kind, const char *prefix, const char *name, struct str content,
	const char *size)
{
	char head[ARCHIVE_BLOCK] = {0}, digits[16];
	unsigned sum = 0;
	size_t i;

	snprintf(head, 100, "%s", name);
	snprintf(digits, sizeof(digits), "%011zo", content.len);
	memcpy(head + 124, size ? size : digits, 12);
	head[156] = kind;
	memcpy(head + 257, "ustar", 6);
	head[263] = head[264] = '0';
	snprintf(head + 345, 155, "%s", prefix);
	memset(head + 148, ' ', 8);
	for (i = 0; i < sizeof(head); i++)
		sum += (uint8_t)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	buf_mem(tar, head, sizeof(head));
	buf_str(tar, content);
	while (tar->len % ARCHIVE_BLOCK)
		buf_putc(tar, '\0');
}

static void
end(struct buf *tar)
{
	char nothing[2 * ARCHIVE_BLOCK] = {0};

	buf_mem(tar, nothing, sizeof(nothing));
}

enum form {
	PLAIN,
	DOTTED,
	PREFIXED,
	GNU_NAME,
	PAX_NAME,
	PAX_SIZE,
	BINARY_SIZE,
	TWICE,
	REMOVED,
	SYMLINK,
	HARD_LINK,
	FOLDER,
	OTHERS,
	LONGER_NAME
};

static void
make(struct buf *tar, enum form form)
{
	static const char binary[12] = {(char)0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4};
	struct str text = STR("text");

	entry(tar, '5', "", "a/", (struct str){0}, NULL);
	entry(tar, 'g', "", "global", STR("19 comment=nothing\n"), NULL);
	switch (form) {
	case PLAIN:
	case OTHERS:
		entry(tar, form == PLAIN ? '0' : 'S', "", "a/File", text, NULL);
		break;
	case DOTTED:
		entry(tar, '\0', "", "./a/File", text, NULL);
		break;
	case PREFIXED:
		entry(tar, '0', "./a", "File", text, NULL);
		break;
	case GNU_NAME:
		entry(tar, 'L', "", "././@LongLink", str_n("a/File", 7), NULL);
		entry(tar, '0', "", "a/Fi", text, NULL);
		break;
	case PAX_NAME:
		entry(tar, 'x', "", "pax", STR("20 comment=a=b path\n15 path=a/File\n"), NULL);
		entry(tar, '0', "", "short", text, NULL);
		break;
	case PAX_SIZE:
		entry(tar, 'x', "", "pax", STR("10 size=4\n"), NULL);
		entry(tar, '0', "", "a/File", text, "00000000077");
		break;
	case BINARY_SIZE:
		entry(tar, '0', "", "a/File", text, binary);
		break;
	case TWICE:
		entry(tar, '0', "", "a/File", STR("something else before"), NULL);
		entry(tar, '0', "", "a/File", text, NULL);
		break;
	case REMOVED:
		entry(tar, '0', "", "a/File", text, NULL);
		entry(tar, '5', "", "a/File", (struct str){0}, NULL);
		break;
	case SYMLINK:
		entry(tar, '2', "", "a/File", (struct str){0}, "00000000077");
		break;
	case HARD_LINK:
		entry(tar, '1', "", "a/File", (struct str){0}, NULL);
		break;
	case FOLDER:
		entry(tar, '5', "", "a/File", (struct str){0}, NULL);
		break;
	case LONGER_NAME:
		entry(tar, '0', "b", "a/File", text, NULL);
		break;
	}
	entry(tar, '0', "", "a/File2", STR("other"), NULL);
	end(tar);
	buf_puts(tar, "what stands behind the end counts for nothing");
}

struct seen {
	const char *name;
	bool found, link;
};

static void
feed_pieces(void *ctx, const struct str *pieces, size_t n)
{
	const struct seen *want = ctx;
	struct archive a;
	struct err err = {0};
	size_t i;

	archive_init(&a, STR("./a/File"), 100);
	for (i = 0; i < n; i++)
		assert_row_ok(want->name, archive_feed(&a, pieces[i], &err), &err);
	assert_row_ok(want->name, archive_end(&a, &err), &err);
	assert_row_int(want->name, a.found, want->found);
	assert_row_int(want->name, a.link, want->link);
	if (a.found)
		assert_row_str(want->name, buf_view(&a.out), "text");
	archive_release(&a);
}

static void
files_in_archives(void **state)
{
	static const struct {
		enum form form;
		struct seen seen;
	} rows[] = {
		{PLAIN, {"plain", true, false}},
		{DOTTED, {"./ in front", true, false}},
		{PREFIXED, {"a prefix", true, false}},
		{GNU_NAME, {"a name of GNU's", true, false}},
		{PAX_NAME, {"a name in a pax header", true, false}},
		{PAX_SIZE, {"a size in a pax header", true, false}},
		{BINARY_SIZE, {"a binary size", true, false}},
		{TWICE, {"the last one counts", true, false}},
		{REMOVED, {"a folder in its place", false, false}},
		{SYMLINK, {"a symbolic link", false, true}},
		{HARD_LINK, {"a hard link", false, true}},
		{FOLDER, {"a folder", false, false}},
		{OTHERS, {"something of another kind", false, false}},
		{LONGER_NAME, {"a longer path", false, false}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf tar = {0};
		struct seen seen = rows[i].seen;
		struct str whole;

		make(&tar, rows[i].form);
		whole = buf_view(&tar);
		assert_row_int(seen.name, archive_is_head(whole), true);
		feed_pieces(&seen, &whole, 1);
		if (i == GNU_NAME || i == PAX_NAME)
			test_each_split(whole, feed_pieces, &seen);
	}
}

static void
archives_that_are_damaged(void **state)
{
	cleanup_buf struct buf tar = {0}, large = {0};
	struct archive a;
	struct err err = {0};

	(void)state;
	make(&tar, PLAIN);
	archive_init(&a, STR("a/File"), 3);
	assert_int_equal(archive_feed(&a, buf_view(&tar), &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	archive_release(&a);

	archive_init(&a, STR("a/File"), 100);
	assert_ok(archive_feed(&a, str_first(buf_view(&tar), 4 * ARCHIVE_BLOCK + 2), &err), &err);
	assert_int_equal(archive_end(&a, &err), -1);
	assert_err(&err, ERR_CONFIG, "cut off");
	archive_release(&a);

	archive_init(&a, STR("a/File"), 100);
	tar.p[ARCHIVE_BLOCK + 2] ^= 1;
	assert_int_equal(archive_feed(&a, buf_view(&tar), &err), -1);
	assert_err(&err, ERR_CONFIG, "damaged");
	archive_release(&a);
	assert_false(archive_is_head(str_first(buf_view(&tar), ARCHIVE_BLOCK - 1)));
	assert_false(archive_is_head(str_from_off(buf_view(&tar), ARCHIVE_BLOCK)));

	/* names and attributes that go on and on */
	while (large.len < 2 * 1024 * 1024)
		buf_puts(&large, "12 aaaaa=bb\n");
	buf_reset(&tar);
	entry(&tar, 'x', "", "pax", buf_view(&large), NULL);
	archive_init(&a, STR("a/File"), 100);
	assert_int_equal(archive_feed(&a, buf_view(&tar), &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	archive_release(&a);
}

/* ---- standard input ------------------------------------------------------- */

/* The text of the error, or of the Dockerfile. */
static const char *
read_input(struct arena *a, struct sandbox *box, struct str bytes, const char *name, uint64_t *size)
{
	cleanup_buf struct buf text = {0};
	const char *path = sandbox_put(box, "input", "");
	struct err err = {0};
	struct input in;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int rc;

	assert_true(fd >= 0 && fd_write_all(fd, bytes.s, bytes.len) == 0 &&
		    lseek(fd, 0, SEEK_SET) == 0);
	rc = input_read(&in, a, fd, name, box->root, &text, &err);
	*size = in.upload.fd >= 0 ? in.upload.size : 0;
	assert_true(in.upload.fd < 0 || strlen(in.upload.name) == BK_ID_LEN);
	input_release(&in);
	close(fd);
	return rc ? arena_cstr(a, err.msg) : arena_str(a, buf_view(&text));
}

static void
what_comes_from_standard_input(void **state)
{
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf tar = {0}, large = {0};
	struct sandbox box;
	uint64_t size;

	(void)state;
	sandbox_open(&box);
	assert_string_equal(
		read_input(&a, &box, STR("FROM scratch\n"), "x", &size), "FROM scratch\n");
	assert_int_equal(size, 0);
	assert_string_equal(read_input(&a, &box, STR(""), "x", &size), "");
	while (large.len < 100000)
		buf_puts(&large, "# a Dockerfile that is longer than one block\n");
	assert_string_equal(read_input(&a, &box, buf_view(&large), "x", &size), buf_cstr(&large));

	make(&tar, PLAIN);
	assert_string_equal(read_input(&a, &box, buf_view(&tar), "a/File", &size), "text");
	assert_int_equal(size, tar.len);
	assert_string_equal(read_input(&a, &box, buf_view(&tar), "Dockerfile", &size),
		"standard input: 'Dockerfile' is not in the archive");
	assert_string_equal(read_input(&a, &box, members[0].in, "Dockerfile", &size),
		"standard input: 'Dockerfile' is not in the archive");
	buf_reset(&tar);
	make(&tar, SYMLINK);
	assert_string_equal(read_input(&a, &box, buf_view(&tar), "./a/File", &size),
		"standard input: './a/File' is a link in the archive");
	assert_non_null(strstr(read_input(&a, &box, STR("BZh91AY"), "x", &size), "compressed"));
	assert_non_null(strstr(read_input(&a, &box,
				       STR("\xfd"
					   "7zXZ\0\0"),
				       "x", &size),
		"compressed"));
	sandbox_close(&box);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_in_every_form),
		cmocka_unit_test(gzip_that_is_none),
		cmocka_unit_test(gzip_of_long_repetitions),
		cmocka_unit_test(files_in_archives),
		cmocka_unit_test(archives_that_are_damaged),
		cmocka_unit_test(what_comes_from_standard_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
