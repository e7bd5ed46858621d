/* buildkit/fsrecv.h: files that the builder sends us; it is not trusted. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "buildkit/fsrecv.h"
#include "buildkit/fstree.h"
#include "buildkit/fswire.h"
#include "fsprobe.h"
#include "tree.h"

/* A folder that is written to, beside one that must not change. */
struct scene {
	struct tree tree, outside;
	int fd;
	struct fsrecv *recv;
	struct buf packet, out, text;
	struct err err;
};

static const struct fsrecv_options options = {.name = "exported"};

static void
scene_restart(struct scene *s)
{
	fsrecv_free(s->recv);
	s->err = (struct err){0};
	buf_reset(&s->out);
	s->recv = fsrecv_new(s->fd, &options, &s->err);
	assert_ok(s->recv ? 0 : -1, &s->err);
}

static void
scene_init(struct scene *s)
{
	*s = (struct scene){0};
	tree_init(&s->tree);
	tree_init(&s->outside);
	tree_write(&s->outside, "precious", "precious");
	s->fd = tree_open(&s->tree);
	scene_restart(s);
}

static void
scene_release(struct scene *s)
{
	be_self();
	fsrecv_free(s->recv);
	buf_release(&s->packet);
	buf_release(&s->out);
	buf_release(&s->text);
	close(s->fd);
	tree_release(&s->tree);
	tree_release(&s->outside);
}

#define cleanup_scene __attribute__((cleanup(scene_release)))

static int
give(struct scene *s)
{
	int rc = fsrecv_receive(
		s->recv, str_from_off(buf_view(&s->packet), FSPACKET_FRAME), &s->out, &s->err);

	buf_reset(&s->packet);
	return rc;
}

static int
give_stat(struct scene *s, const struct fsstat *st)
{
	fspacket_put_stat(&s->packet, st, NULL);
	return give(s);
}

static int
give_entry(struct scene *s, const char *path, uint32_t mode, int64_t size, const char *linkname)
{
	struct fsstat st = {.path = str_from(path),
		.mode = mode,
		.size = size,
		.linkname = str_from(linkname),
		.uid = 4711,
		.gid = 4711,
		.mtime_ns = INT64_C(1234567890123456789)};

	return give_stat(s, &st);
}

static int
give_data(struct scene *s, uint32_t id, const char *text)
{
	fspacket_put_data(&s->packet, id, str_from(text), NULL);
	return give(s);
}

/* A whole small file: its content, and the end of it. */
static void
must_fill(struct scene *s, uint32_t id, const char *text)
{
	assert_ok(give_data(s, id, text), &s->err);
	assert_ok(give_data(s, id, ""), &s->err);
}

static void
must_entry(struct scene *s, const char *path, uint32_t mode, int64_t size, const char *linkname)
{
	int rc = give_entry(s, path, mode, size, linkname);

	assert_row_ok(path, rc, &s->err);
}

static void
must_finish(struct scene *s)
{
	assert_ok(give_stat(s, NULL), &s->err);
	assert_int_equal(fsrecv_state(s->recv), FSRECV_DONE);
	/* the last reply is FIN */
	assert_true(s->out.len >= 7);
	assert_memory_equal(s->out.p + s->out.len - 7, "\0\0\0\0\2\x08\3", 7);
}

static void
assert_content(const struct scene *s, const char *name, const char *want)
{
	size_t len;
	char *text = test_read_file(tree_path(&s->tree, name), &len);

	assert_row_str(name, str_n(text, len), want);
	free(text);
}

static void
assert_outside_untouched(const char *row, const struct scene *s)
{
	cleanup_buf struct buf text = {0};
	char *content = test_read_file(tree_path(&s->outside, "precious"), NULL);

	assert_row_str(row, str_from(content), "precious");
	free(content);
	tree_describe(&s->outside, false, &text);
	assert_that(strchr(text.p, '\n') == text.p + text.len - 1, "row '%s': outside is %s", row,
		text.p);
}

static void
small_tree(void **state)
{
	cleanup_scene struct scene s;
	struct fsrecv_stats stats;
	struct stat st;
	mode_t mask = umask(077);

	(void)state;
	scene_init(&s);
	must_entry(&s, "a", FSMODE_DIR | 0755, 0, "");
	must_entry(&s, "a/empty", 0644, 0, "");
	must_entry(&s, "a/file", 0640, 5, "");
	must_entry(&s, "link", FSMODE_SYMLINK | 0777, 0, "a/../../nowhere");
	/* only the file with content is asked for */
	assert_int_equal(s.out.len, 9);
	assert_memory_equal(s.out.p, "\0\0\0\0\4\x08\1\x18\2", 9);
	assert_ok(give_data(&s, 2, "he"), &s.err);
	assert_ok(give_stat(&s, NULL), &s.err);
	assert_int_equal(fsrecv_state(s.recv), FSRECV_MORE);
	assert_ok(give_data(&s, 2, "llo"), &s.err);
	assert_ok(give_data(&s, 2, ""), &s.err);
	assert_int_equal(fsrecv_state(s.recv), FSRECV_DONE);
	umask(mask);
	assert_content(&s, "a/file", "hello");
	assert_int_equal(stat(tree_path(&s.tree, "a/file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(stat(tree_path(&s.tree, "a/empty"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(tree_path(&s.tree, "a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(lstat(tree_path(&s.tree, "link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode) && st.st_mtim.tv_nsec == 123456789);
	fsrecv_get_stats(s.recv, &stats);
	assert_int_equal(stats.entries, 4);
	assert_int_equal(stats.files, 2);
	assert_int_equal(stats.bytes, 5);
	/* whatever comes behind is of no interest */
	assert_ok(give_data(&s, 2, "more"), &s.err);
}

static void
nothing(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	must_finish(&s);
}

/* What a hostile builder may try. "DIR", "LINK" and "FILE" are sent before, in this order. */
static void
hostile_entries(void **state)
{
	static const struct {
		const char *name, *path;
		uint32_t mode;
		const char *linkname, *want;
	} rows[] = {
		{"upwards", "../x", 0644, "", "path '../x'"},
		{"upwards itself", "..", 0644, "", "path '..' is not clean"},
		{"upwards in the middle", "DIR/../../x", 0644, "", "comes without its directory"},
		{"upwards at the end", "DIR/..", 0644, "", "is not clean"},
		{"absolute", "/etc/passwd", 0644, "", "comes without its directory"},
		{"absolute at the top", "/x", 0644, "", "path '/x' is absolute"},
		{"empty", "", 0644, "", "path '' is not clean"},
		{"dot", ".", 0644, "", "is not clean"},
		{"dot in front", "./x", 0644, "", "comes without its directory"},
		{"slash at the end", "x/", 0644, "", "is not clean"},
		{"two slashes", "DIR//x", 0644, "", "comes without its directory"},
		{"no directory", "nowhere/x", 0644, "", "comes without its directory"},
		{"below a file", "FILE/x", 0644, "", "comes without its directory"},
		{"below a symlink", "LINK/x", 0644, "", "comes without its directory"},
		{"twice", "LINK", 0644, "", "comes out of order"},
		{"backwards", "A", 0644, "", "comes out of order"},
		{"back into a directory", "DIR/z", 0644, "", "comes without its directory"},
		{"hard link to nothing", "x", 0644, "nowhere",
			"is a hard link to what was not sent"},
		{"hard link upwards", "x", 0644, "../../etc/passwd", "is a hard link to what"},
		{"hard link to the absolute", "x", 0644, "/etc/passwd", "is a hard link to what"},
		{"hard link to a directory", "x", 0644, "DIR", "is a hard link to what"},
		{"hard link to a symlink", "x", 0644, "LINK", "is a hard link to what"},
		{"hard link to itself", "x", 0644, "x", "is a hard link to what"},
		{"hard link through a symlink", "x", 0644, "LINK/precious", "is a hard link to"},
		{"symlink to nothing", "x", FSMODE_SYMLINK, "", "is a symlink without a valid"},
		{"unknown type", "x", FSMODE_IRREGULAR, "", "is of an unknown type"},
		{"two types", "x", FSMODE_DIR | FSMODE_SYMLINK, "", "is of an unknown type"},
		{"socket", "x", FSMODE_SOCKET, "", "is of an unknown type"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_scene struct scene s;

		scene_init(&s);
		must_entry(&s, "DIR", FSMODE_DIR | 0755, 0, "");
		must_entry(&s, "FILE", 0644, 0, "");
		must_entry(&s, "LINK", FSMODE_SYMLINK | 0777, 0, s.outside.path);
		buf_reset(&s.out);
		assert_row_int(rows[i].name,
			give_entry(&s, rows[i].path, rows[i].mode, 0, rows[i].linkname), -1);
		assert_row_err(rows[i].name, &s.err, ERR_PROTO, rows[i].want);
		/* the builder is told why */
		assert_that(s.out.len > 9 && s.out.p[6] == FSPACKET_ERR, "row '%s'", rows[i].name);
		assert_outside_untouched(rows[i].name, &s);
		/* and it is over */
		buf_reset(&s.out);
		s.err = (struct err){0};
		assert_row_int(rows[i].name, give_stat(&s, NULL), -1);
		assert_row_err(rows[i].name, &s.err, ERR_PROTO, rows[i].want);
		assert_row_int(rows[i].name, s.out.len, 0);
	}
}

static void
hostile_texts(void **state)
{
	static const struct fsstat rows[] = {
		{.path = {"a\0b", 3}, .mode = 0644},
		{.path = {"a", 1}, .mode = FSMODE_SYMLINK, .linkname = {"x\0y", 3}},
		{.path = {"a", 1}, .mode = 0644, .size = -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_scene struct scene s;

		scene_init(&s);
		assert_int_equal(give_stat(&s, &rows[i]), -1);
		assert_int_equal(s.err.kind, ERR_PROTO);
	}
}

/* A tree as deep as paths can be, and one step further. */
static void
deepest_tree(void **state)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf path = {0};
	struct err err = {0};

	(void)state;
	scene_init(&s);
	for (; path.len < 4094; buf_putc(&path, '/')) {
		buf_putc(&path, 'd');
		must_entry(&s, path.p, FSMODE_DIR | 0755, 0, "");
	}
	buf_puts(&path, "xy");
	assert_int_equal(give_entry(&s, path.p, 0644, 0, ""), -1);
	assert_err(&s.err, ERR_PROTO, "is too long");
	/* too deep for the helper that cleans up */
	assert_ok(fstree_remove(s.fd, "d", &err), &err);
}

static void
hostile_data(void **state)
{
	static const struct {
		const char *name, *want;
		uint32_t id;
		const char *data, *more;
	} rows[] = {
		{"unknown file", "content comes for file number 9", 9, "x", NULL},
		{"a directory", "content comes for file number 0", 0, "x", NULL},
		{"an empty file", "content comes for file number 1", 1, "x", NULL},
		{"too much", "more than the announced 3 bytes come for 'exported/d/f'", 2, "1234",
			NULL},
		{"too much in pieces", "more than the announced 3 bytes", 2, "12", "34"},
		{"too little", "only 2 of 3 bytes came for 'exported/d/f'", 2, "12", ""},
		{"nothing", "only 0 of 3 bytes came for 'exported/d/f'", 2, "", NULL},
	};
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_scene struct scene s;

		scene_init(&s);
		must_entry(&s, "d", FSMODE_DIR | 0755, 0, "");
		must_entry(&s, "d/empty", 0644, 0, "");
		must_entry(&s, "d/f", 0644, 3, "");
		rc = give_data(&s, rows[i].id, rows[i].data);
		if (rc == 0 && rows[i].more)
			rc = give_data(&s, rows[i].id, rows[i].more);
		assert_row_int(rows[i].name, rc, -1);
		assert_row_err(rows[i].name, &s.err, ERR_PROTO, rows[i].want);
	}
}

static void
hostile_dialogue(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	fspacket_put_req(&s.packet, 0, NULL);
	assert_int_equal(give(&s), -1);
	assert_err(&s.err, ERR_PROTO, "the builder receives files");
	scene_restart(&s);
	fspacket_put_fin(&s.packet, NULL);
	assert_int_equal(give(&s), -1);
	scene_restart(&s);
	buf_puts(&s.packet, "12345\xff");
	assert_int_equal(give(&s), -1);
	assert_err(&s.err, ERR_PROTO, "malformed");
	scene_restart(&s);
	must_entry(&s, "f", 0644, 1, "");
	assert_ok(give_stat(&s, NULL), &s.err);
	assert_int_equal(give_stat(&s, NULL), -1);
	assert_err(&s.err, ERR_PROTO, "ends twice");
	scene_restart(&s);
	must_entry(&s, "f", 0644, 1, "");
	assert_ok(give_stat(&s, NULL), &s.err);
	assert_int_equal(give_entry(&s, "g", 0644, 1, ""), -1);
	assert_err(&s.err, ERR_PROTO, "after the end of the list");
	scene_restart(&s);
	must_entry(&s, "f", 0644, 1, "");
	must_fill(&s, 0, "x");
	assert_int_equal(give_data(&s, 0, ""), -1);
	assert_err(&s.err, ERR_PROTO, "content comes for file number 0");
	/* its own error is not sent back */
	scene_restart(&s);
	fspacket_put_err(&s.packet, STR("no such\xff snapshot"), NULL);
	assert_int_equal(give(&s), -1);
	assert_err(&s.err, ERR_REMOTE, "the builder reports: no such\xef\xbf\xbd snapshot");
	assert_int_equal(s.out.len, 0);
	scene_restart(&s);
	buf_puts(&s.packet, "12345\x08\x63");
	assert_ok(give(&s), &s.err);
	must_finish(&s);
}

/* What is there already, each kind against each kind. */
static void
existing_entries(void **state)
{
	enum kind { FILE_, DIR_, LINK_, FIFO_, KINDS };
	cleanup_scene struct scene s;
	struct stat st;
	char name[8];
	int old, new;

	(void)state;
	scene_init(&s);
	for (old = 0; old < KINDS; old++) {
		for (new = 0; new < KINDS; new ++) {
			snprintf(name, sizeof(name), "%d%d", old, new);
			if (old == FILE_)
				tree_write(&s.tree, name, "old content, longer");
			if (old == DIR_) {
				tree_mkdir(&s.tree, name);
				snprintf(name, sizeof(name), "%d%d/in", old, new);
				tree_write(&s.tree, name, "1");
				name[2] = '\0';
			}
			if (old == LINK_)
				tree_link(&s.tree, name, s.outside.path);
			if (old == FIFO_)
				assert_int_equal(mkfifo(tree_path(&s.tree, name), 0600), 0);
		}
	}
	for (old = 0; old < KINDS; old++) {
		for (new = 0; new < KINDS; new ++) {
			static const uint32_t modes[] = {
				0604, FSMODE_DIR | 0705, FSMODE_SYMLINK, FSMODE_FIFO | 0600};

			snprintf(name, sizeof(name), "%d%d", old, new);
			must_entry(&s, name, modes[new], new == FILE_ ? 3 : 0,
				new == LINK_ ? "target" : "");
			if (new == FILE_)
				must_fill(&s, (uint32_t)(old * KINDS + new), "new");
		}
	}
	must_finish(&s);
	for (old = 0; old < KINDS; old++) {
		for (new = 0; new < KINDS; new ++) {
			static const mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO};

			snprintf(name, sizeof(name), "%d%d", old, new);
			assert_int_equal(lstat(tree_path(&s.tree, name), &st), 0);
			assert_row_int(name, st.st_mode & S_IFMT, types[new]);
			if (new == FILE_)
				assert_content(&s, name, "new");
		}
	}
	/* a directory keeps what is in it */
	assert_content(&s, "11/in", "1");
	assert_int_equal(stat(tree_path(&s.tree, "11"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0705);
	assert_outside_untouched("existing", &s);
	tree_describe(&s.tree, false, &s.text);
	assert_null(strstr(s.text.p, ".tmp."));
}

/* A file that has a second name elsewhere is not written through it. */
static void
existing_hard_link(void **state)
{
	cleanup_scene struct scene s;
	char *precious;

	(void)state;
	scene_init(&s);
	precious = strdup(tree_path(&s.outside, "precious"));
	assert_int_equal(link(precious, tree_path(&s.tree, "f")), 0);
	assert_int_equal(link(precious, tree_path(&s.tree, "empty")), 0);
	free(precious);
	must_entry(&s, "empty", 0600, 0, "");
	must_entry(&s, "f", 0600, 3, "");
	must_fill(&s, 1, "new");
	must_finish(&s);
	assert_outside_untouched("hard link", &s);
	assert_content(&s, "f", "new");
}

/* A symlink in place of a directory, before the transfer and in the middle of it. */
static void
symlinked_directory(void **state)
{
	cleanup_scene struct scene s;
	struct stat st;
	const char *c;

	(void)state;
	scene_init(&s);
	tree_link(&s.tree, "d", s.outside.path);
	tree_write(&s.tree, ".tmp.000000000", "left by an earlier run");
	must_entry(&s, "d", FSMODE_DIR | 0755, 0, "");
	must_entry(&s, "d/precious", 0644, 3, "");
	must_fill(&s, 1, "new");
	assert_int_equal(lstat(tree_path(&s.tree, "d"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_content(&s, "d/precious", "new");
	assert_outside_untouched("before", &s);
	must_entry(&s, "e", FSMODE_DIR | 0755, 0, "");
	must_entry(&s, "e/precious", 0644, 3, "");
	/* so many files and directories that neither is open any more */
	for (c = "fghijklmnopqrstuvwxyz"; *c; c++) {
		must_entry(&s, (char[]){*c, '\0'}, FSMODE_DIR | 0755, 0, "");
		must_entry(&s, (char[]){*c, '/', 'x', '\0'}, 0644, 1, "");
		must_entry(&s, (char[]){*c, '/', 'y', '\0'}, 0644, 1, "");
	}
	assert_int_equal(renameat(s.fd, "e", s.fd, "moved"), 0);
	tree_link(&s.tree, "e", s.outside.path);
	assert_int_equal(give_data(&s, 3, "new"), -1);
	assert_err(&s.err, ERR_SYS, "open 'exported/e/precious': Not a directory");
	assert_outside_untouched("in the middle", &s);
}

static void
hard_links(void **state)
{
	cleanup_scene struct scene s;
	struct stat a, b;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "z", "in the way");
	must_entry(&s, "a", 0640, 4, "");
	must_entry(&s, "b", FSMODE_DIR | 0555, 0, "");
	must_entry(&s, "b/c", 0640, 4, "a");
	must_entry(&s, "b.txt", 0644, 0, "");
	must_entry(&s, "c", 0644, 0, "b.txt");
	must_entry(&s, "z", 0640, 4, "a");
	/* content is asked for once */
	assert_int_equal(s.out.len, 7);
	must_fill(&s, 0, "same");
	must_finish(&s);
	assert_int_equal(stat(tree_path(&s.tree, "a"), &a), 0);
	assert_int_equal(stat(tree_path(&s.tree, "z"), &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_nlink, 3);
	assert_int_equal(a.st_mode & 07777, 0640);
	assert_content(&s, "b/c", "same");
	/* once more, over itself: nothing is left beside it */
	scene_restart(&s);
	must_entry(&s, "a", 0640, 4, "");
	must_entry(&s, "z", 0640, 4, "a");
	must_fill(&s, 0, "same");
	must_finish(&s);
	tree_describe(&s.tree, false, &s.text);
	assert_null(strstr(s.text.p, ".tmp."));
	/* a link to another link is not one to a file */
	scene_restart(&s);
	must_entry(&s, "a", 0640, 0, "");
	must_entry(&s, "b", 0640, 0, "a");
	assert_int_equal(give_entry(&s, "c", 0640, 0, "b"), -1);
	assert_err(&s.err, ERR_PROTO, "'exported/c' is a hard link");
}

static void
many_files_at_once(void **state)
{
	enum { FILES = 3 * FSRECV_MAX_OPEN };
	cleanup_scene struct scene s;
	char name[32];
	int i, round;

	(void)state;
	scene_init(&s);
	must_entry(&s, "d", FSMODE_DIR | 0755, 0, "");
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "d/%03d", i);
		must_entry(&s, name, 0444, 9, "");
	}
	assert_ok(give_stat(&s, NULL), &s.err);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < FILES; i++) {
			snprintf(name, sizeof(name), "%03d", i);
			assert_ok(give_data(&s, (uint32_t)i + 1, name), &s.err);
		}
	}
	for (i = 0; i < FILES; i++)
		assert_ok(give_data(&s, (uint32_t)i + 1, ""), &s.err);
	assert_int_equal(fsrecv_state(s.recv), FSRECV_DONE);
	assert_content(&s, "d/000", "000000000");
	assert_content(&s, "d/095", "095095095");
}

/* Modes that lock the owner out are set when nothing more is to be written there. */
static void
closed_modes(void **state)
{
	cleanup_scene struct scene s;
	struct stat st;

	(void)state;
	scene_init(&s);
	assert_int_equal(chmod(s.tree.path, 0777), 0);
	be_nobody();
	must_entry(&s, "d", FSMODE_DIR | 0, 0, "");
	must_entry(&s, "d/e", FSMODE_DIR | FSMODE_SETGID | 0555, 0, "");
	must_entry(&s, "d/e/f", FSMODE_SETUID | 0111, 3, "");
	must_entry(&s, "d/g", 0, 0, "");
	must_fill(&s, 2, "abc");
	must_finish(&s);
	be_self();
	assert_int_equal(stat(tree_path(&s.tree, "d"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0);
	assert_int_equal(chmod(tree_path(&s.tree, "d"), 0755), 0);
	assert_int_equal(stat(tree_path(&s.tree, "d/e"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 02555);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(stat(tree_path(&s.tree, "d/e/f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 04111);
	assert_int_equal(st.st_size, 3);
}

static void
errors_of_the_system(void **state)
{
	cleanup_scene struct scene s;
	struct fsstat device = {.path = STR("null"),
		.mode = FSMODE_DEVICE | FSMODE_CHARDEV | 0666,
		.devmajor = 1,
		.devminor = 3};
	struct rlimit old, small;
	void (*handler)(int);
	int rc;

	(void)state;
	scene_init(&s);
	assert_int_equal(chmod(s.tree.path, 0555), 0);
	be_nobody();
	assert_int_equal(give_entry(&s, "f", 0644, 0, ""), -1);
	assert_err(&s.err, ERR_SYS, "create 'exported/f': Permission denied");
	be_self();
	assert_int_equal(chmod(s.tree.path, 0777), 0);
	scene_restart(&s);
	be_nobody();
	assert_int_equal(give_stat(&s, &device), -1);
	assert_err(&s.err, ERR_SYS, "create 'exported/null': Operation not permitted");
	assert_that(strstr(s.err.hint, "privilege"), "hint '%s'", s.err.hint);
	be_self();
	/* a full disk looks like this too */
	scene_restart(&s);
	must_entry(&s, "big", 0644, 5000, "");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	handler = signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){3, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = give_data(&s, 0, "12345");
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, handler);
	assert_int_equal(rc, -1);
	assert_err(&s.err, ERR_SYS, "write 'exported/big': File too large");
	/* and not a directory at all */
	rc = open(tree_path(&s.outside, "precious"), O_RDONLY | O_CLOEXEC);
	assert_null(fsrecv_new(rc, &options, &s.err));
	assert_err(&s.err, ERR_SYS, "write to 'exported': Not a directory");
	close(rc);
}

static void
devices(void **state)
{
	cleanup_scene struct scene s;
	struct fsstat st = {.mode = FSMODE_DEVICE | FSMODE_CHARDEV | 0620};
	struct stat got;

	(void)state;
	scene_init(&s);
	st.path = STR("char");
	if (geteuid() == 0) {
		st.devmajor = 300;
		st.devminor = 70000;
	}
	/* number 0:0 needs no privilege */
	assert_ok(give_stat(&s, &st), &s.err);
	must_entry(&s, "fifo", FSMODE_FIFO | 0640, 0, "");
	must_finish(&s);
	assert_int_equal(lstat(tree_path(&s.tree, "char"), &got), 0);
	assert_int_equal(got.st_mode, S_IFCHR | 0620);
	assert_true(got.st_rdev == (geteuid() == 0 ? makedev(300, 70000) : 0));
	assert_int_equal(lstat(tree_path(&s.tree, "fifo"), &got), 0);
	assert_int_equal(got.st_mode, S_IFIFO | 0640);
	assert_int_equal(got.st_mtim.tv_nsec, 123456789);
}

static void
attributes(void **state)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf xattrs = {0}, name = {0};
	struct fsstat st = {.path = STR("f"), .mode = 0644};
	char value[16];
	bool can;
	int i;

	(void)state;
	scene_init(&s);
	can = setxattr(s.tree.path, "user.probe", "1", 1, 0) == 0;
	for (i = 0; i < 300; i++)
		buf_putc(&name, 'n');
	fsstat_add_xattr(&xattrs, STR("user.a"), STR("1"), NULL);
	fsstat_add_xattr(&xattrs, STR("nonsense"), STR("1"), NULL);
	fsstat_add_xattr(&xattrs, buf_view(&name), STR("1"), NULL);
	fsstat_add_xattr(&xattrs, (struct str){0}, STR("1"), NULL);
	fsstat_add_xattr(&xattrs, STR("user.b"), (struct str){0}, NULL);
	st.xattrs = buf_view(&xattrs);
	assert_ok(give_stat(&s, &st), &s.err);
	st.path = STR("g");
	st.mode = FSMODE_SYMLINK;
	st.linkname = STR("f");
	assert_ok(give_stat(&s, &st), &s.err);
	must_finish(&s);
	i = (int)getxattr(tree_path(&s.tree, "f"), "user.a", value, sizeof(value));
	assert_int_equal(i, can ? 1 : -1);
	i = (int)getxattr(tree_path(&s.tree, "f"), "user.b", value, sizeof(value));
	assert_int_equal(i, can ? 0 : -1);
}

/* One per platform, all at once, into one directory. */
static void
two_receivers(void **state)
{
	cleanup_scene struct scene s;
	struct fsrecv *first, *second;

	(void)state;
	scene_init(&s);
	first = s.recv;
	second = fsrecv_new(s.fd, &options, &s.err);
	assert_non_null(second);
	must_entry(&s, "both", FSMODE_DIR | 0755, 0, "");
	must_entry(&s, "both/amd64", 0644, 5, "");
	s.recv = second;
	must_entry(&s, "both", FSMODE_DIR | 0755, 0, "");
	must_entry(&s, "both/arm64", 0644, 5, "");
	must_fill(&s, 1, "arm64");
	s.recv = first;
	must_fill(&s, 1, "amd64");
	must_finish(&s);
	s.recv = second;
	must_finish(&s);
	assert_content(&s, "both/amd64", "amd64");
	assert_content(&s, "both/arm64", "arm64");
	fsrecv_free(first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_tree),
		cmocka_unit_test(nothing),
		cmocka_unit_test(hostile_entries),
		cmocka_unit_test(hostile_texts),
		cmocka_unit_test(deepest_tree),
		cmocka_unit_test(hostile_data),
		cmocka_unit_test(hostile_dialogue),
		cmocka_unit_test(existing_entries),
		cmocka_unit_test(existing_hard_link),
		cmocka_unit_test(symlinked_directory),
		cmocka_unit_test(hard_links),
		cmocka_unit_test(many_files_at_once),
		cmocka_unit_test(closed_modes),
		cmocka_unit_test(errors_of_the_system),
		cmocka_unit_test(devices),
		cmocka_unit_test(attributes),
		cmocka_unit_test(two_receivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
