/* buildkit/fssend.h: contexts that cannot be sent, change meanwhile, or are asked for wrongly. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "buildkit/fssend.h"
#include "buildkit/fswire.h"
#include "fspeer.h"
#include "fsprobe.h"
#include "fsscene.h"
#include "tree.h"

static void
unreadable(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	assert_int_equal(chmod(s.tree.path, 0755), 0);
	tree_write(&s.tree, "dir/secret.key", "1");
	tree_write(&s.tree, "locked/x", "1");
	assert_int_equal(chmod(tree_path(&s.tree, "dir/secret.key"), 0), 0);
	assert_int_equal(chmod(tree_path(&s.tree, "locked"), 0), 0);
	be_nobody();
	scene_fails(&s, ERR_SYS, "context: read directory 'locked': Permission denied");
	assert_that(strstr(s.err.hint, ".dockerignore"), "hint '%s'", s.err.hint);
	scene_filter(&s, "", "locked", "");
	scene_fails(&s, ERR_SYS, "context: open 'dir/secret.key': Permission denied");
	assert_that(strstr(s.err.hint, ".dockerignore"), "hint '%s'", s.err.hint);
	/* excluded, but looked into because of an exception: none of our business */
	scene_filter(&s, "", "locked dir/secret.key !**/y", "");
	scene_expect(&s, "excluded", "dir/");
	be_self();
	assert_int_equal(chmod(tree_path(&s.tree, "locked"), 0755), 0);
}

static void
not_utf8(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "d/bad\xff", "1");
	scene_fails(&s, ERR_CONFIG, "'d/bad\xef\xbf\xbd' is not valid UTF-8");
	scene_filter(&s, "", "d/bad?", "");
	scene_expect(&s, "excluded", "d/");
	scene_filter(&s, "", "d", "");
	tree_link(&s.tree, "l", "\xfe");
	scene_fails(&s, ERR_CONFIG, "the name or link target of 'l'");
}

static void
too_long(void **state)
{
	cleanup_scene struct scene s;
	cleanup_fd int fd = -1;
	char name[256];
	int i, next;

	(void)state;
	scene_init(&s);
	memset(name, 'n', 255);
	name[255] = '\0';
	fd = tree_open(&s.tree);
	for (i = 0; i < 17; i++) {
		assert_int_equal(mkdirat(fd, name, 0755), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	scene_fails(&s, ERR_SYS, "...': ");
	/* nftw cannot go there either */
	for (i = 0; i < 17; i++) {
		next = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
		assert_int_equal(unlinkat(fd, name, AT_REMOVEDIR), 0);
	}
}

/* Changes while the transfer runs, between the list and the content. */
static void
changed_file(void **state)
{
	static const struct {
		const char *name, *want;
		int errnum; /* whose text follows */
		enum { VANISH, SHRINK, TO_LINK, TO_FIFO, TO_DIR, PARENT_TO_LINK } change;
	} rows[] = {
		{"vanished", "context: open 'd/f'", ENOENT, VANISH},
		{"shorter", "context: 'd/f' became shorter while it was sent", 0, SHRINK},
		{"a symlink", "context: open 'd/f'", ELOOP, TO_LINK},
		{"a fifo", "context: 'd/f' was replaced while it was sent", 0, TO_FIFO},
		{"a directory", "context: 'd/f' was replaced while it was sent", 0, TO_DIR},
		{"directory a symlink", "context: open 'd/f'", ENOTDIR, PARENT_TO_LINK},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_scene struct scene s;
		cleanup_tree struct tree outside = {0};
		const char *k;
		char *d, want[256];

		scene_init(&s);
		tree_init(&outside);
		tree_write(&outside, "f", "the outside");
		tree_write(&s.tree, "d/f", "the content");
		/* so many directories that d is not open any more */
		for (k = "efghijklmnopqrstuvwxyz"; *k; k++)
			tree_write(&s.tree, (char[]){*k, '/', 'f', '\0'}, "x");
		scene_start(&s);
		s.peer.ask_nothing = true;
		while (!s.peer.listed)
			fspeer_step(&s.peer, s.send, BIG, &s.err);
		if (rows[i].change != SHRINK && rows[i].change != PARENT_TO_LINK)
			assert_int_equal(unlink(tree_path(&s.tree, "d/f")), 0);
		d = strdup(tree_path(&s.tree, "d"));
		switch (rows[i].change) {
		case VANISH:
			break;
		case SHRINK:
			tree_write(&s.tree, "d/f", "short");
			break;
		case TO_LINK:
			tree_link(&s.tree, "d/f", tree_path(&outside, "f"));
			break;
		case TO_FIFO:
			assert_int_equal(mkfifo(tree_path(&s.tree, "d/f"), 0600), 0);
			break;
		case TO_DIR:
			tree_mkdir(&s.tree, "d/f");
			break;
		case PARENT_TO_LINK:
			assert_int_equal(rename(d, tree_path(&s.tree, "moved")), 0);
			tree_link(&s.tree, "d", outside.path);
			break;
		}
		free(d);
		assert_row_ok(rows[i].name, fspeer_request(s.send, 1, &s.err), &s.err);
		assert_row_int(
			rows[i].name, fspeer_step(&s.peer, s.send, BIG, &s.err), FSSEND_FAILED);
		/* the C libraries have words of their own */
		snprintf(want, sizeof(want), "%s%s%s", rows[i].want, rows[i].errnum ? ": " : "",
			rows[i].errnum ? strerror(rows[i].errnum) : "");
		assert_row_str(rows[i].name, str_from(s.err.msg), want);
		assert_row_str(rows[i].name, str_from(s.peer.error), want);
	}
}

static void
grown_file(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "f", "1234");
	tree_write(&s.tree, "empty", "%s", "");
	scene_start(&s);
	/* the first two entries, which the peer asks for at once */
	while (s.peer.n < 2)
		fspeer_step(&s.peer, s.send, 1, &s.err);
	tree_write(&s.tree, "f", "12345678");
	tree_write(&s.tree, "empty", "1");
	assert_ok(fspeer_run(&s.peer, s.send, BIG, &s.err), &s.err);
	assert_str(buf_view(&entry(&s, "f")->data), "1234");
	assert_str(buf_view(&entry(&s, "empty")->data), "");
}

/* Entries that go while the walk is on its way to them are left out. */
static void
vanished_in_walk(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "a", "1");
	tree_write(&s.tree, "b", "1");
	tree_write(&s.tree, "c/d/e", "1");
	tree_write(&s.tree, "f/g", "1");
	tree_write(&s.tree, "h/i", "1");
	tree_write(&s.tree, "j", "1");
	scene_start(&s);
	while (!s.peer.n)
		fspeer_step(&s.peer, s.send, 1, &s.err);
	assert_int_equal(unlink(tree_path(&s.tree, "b")), 0);
	assert_int_equal(unlink(tree_path(&s.tree, "f/g")), 0);
	assert_int_equal(rmdir(tree_path(&s.tree, "f")), 0);
	tree_write(&s.tree, "f", "now a file");
	while (!fspeer_find(&s.peer, "c/d"))
		fspeer_step(&s.peer, s.send, 1, &s.err);
	assert_int_equal(unlink(tree_path(&s.tree, "c/d/e")), 0);
	assert_int_equal(rmdir(tree_path(&s.tree, "c/d")), 0);
	assert_int_equal(rmdir(tree_path(&s.tree, "c")), 0);
	assert_ok(fspeer_run(&s.peer, s.send, 1, &s.err), &s.err);
	assert_string_equal(fspeer_list(&s.peer, &s.text), "a c/ c/d/ f h/ h/i j");
}

static int
feed(struct scene *s, const struct buf *frame)
{
	return fssend_receive(s->send, str_from_off(buf_view(frame), FSPACKET_FRAME), &s->err);
}

static void
broken_protocol(void **state)
{
	static const struct {
		const char *name, *want;
		enum { UNKNOWN, DIRECTORY, TWICE, DATA, STAT, GARBAGE, THEIR_ERROR } what;
		enum err_kind kind;
	} rows[] = {
		{"unknown file", "asked for file number 2, which was not announced", UNKNOWN,
			ERR_PROTO},
		{"a directory", "asked for file number 0, which has no content", DIRECTORY,
			ERR_PROTO},
		{"asked twice", "asked for file number 1, which it had asked for before", TWICE,
			ERR_PROTO},
		{"content", "the builder sends files", DATA, ERR_PROTO},
		{"an entry", "the builder sends files", STAT, ERR_PROTO},
		{"garbage", "malformed", GARBAGE, ERR_PROTO},
		{"its error", "context: the builder reports: disk full", THEIR_ERROR, ERR_REMOTE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_scene struct scene s;
		cleanup_buf struct buf frame = {0};

		scene_init(&s);
		tree_write(&s.tree, "d/f", "1");
		scene_start(&s);
		s.peer.ask_nothing = true;
		while (!s.peer.listed)
			fspeer_step(&s.peer, s.send, BIG, &s.err);
		switch (rows[i].what) {
		case UNKNOWN:
		case DIRECTORY:
			fspacket_put_req(&frame, rows[i].what == UNKNOWN ? 2 : 0, NULL);
			break;
		case TWICE:
			assert_ok(fspeer_request(s.send, 1, &s.err), &s.err);
			fspacket_put_req(&frame, 1, NULL);
			break;
		case DATA:
			fspacket_put_data(&frame, 1, STR("x"), NULL);
			break;
		case STAT:
			fspacket_put_stat(&frame, NULL, NULL);
			break;
		case GARBAGE:
			buf_puts(&frame, "12345\xff");
			break;
		case THEIR_ERROR:
			fspacket_put_err(&frame, STR("disk full\n"), NULL);
			break;
		}
		assert_row_int(rows[i].name, feed(&s, &frame), -1);
		assert_row_err(rows[i].name, &s.err, rows[i].kind, rows[i].want);
		s.err = (struct err){0};
		assert_row_int(rows[i].name, feed(&s, &frame), -1);
		assert_row_int(
			rows[i].name, fspeer_step(&s.peer, s.send, BIG, &s.err), FSSEND_FAILED);
		assert_row_err(rows[i].name, &s.err, rows[i].kind, rows[i].want);
		/* it need not be told its own error */
		assert_row_int(rows[i].name, s.peer.error[0] != '\0', rows[i].what != THEIR_ERROR);
	}
}

/* A builder that has all it wants may end at any time, and packets of later versions are ignored.
 */
static void
early_end(void **state)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf frame = {0};

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "a", "1");
	tree_write(&s.tree, "b", "1");
	scene_start(&s);
	s.peer.ask_nothing = true;
	fspeer_step(&s.peer, s.send, 1, &s.err);
	assert_int_equal(s.peer.n, 1);
	buf_puts(&frame, "12345\x08\x63");
	assert_ok(feed(&s, &frame), &s.err);
	buf_reset(&frame);
	fspacket_put_fin(&frame, NULL);
	assert_ok(feed(&s, &frame), &s.err);
	assert_int_equal(fspeer_step(&s.peer, s.send, 1, &s.err), FSSEND_DONE);
	assert_true(s.peer.fin);
	assert_ok(feed(&s, &frame), &s.err);
	s.peer.fin = false;
	assert_int_equal(fspeer_step(&s.peer, s.send, 1, &s.err), FSSEND_DONE);
	assert_false(s.peer.fin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unreadable),
		cmocka_unit_test(not_utf8),
		cmocka_unit_test(too_long),
		cmocka_unit_test(changed_file),
		cmocka_unit_test(grown_file),
		cmocka_unit_test(vanished_in_walk),
		cmocka_unit_test(broken_protocol),
		cmocka_unit_test(early_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
