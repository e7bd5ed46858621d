/* fssend and fsrecv talking to each other: the copy equals the original. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "buildkit/fsrecv.h"
#include "buildkit/fssend.h"
#include "buildkit/fswire.h"
#include "fsprobe.h"
#include "tree.h"

/* Takes the next packet out of framed messages. */
static bool
next_packet(struct str *rest, struct str *packet)
{
	size_t len;

	if (rest->len < FSPACKET_FRAME)
		return false;
	len = (size_t)rest->s[1] << 24 | (size_t)rest->s[2] << 16 | (size_t)rest->s[3] << 8 |
	      (size_t)rest->s[4];
	*rest = str_from_off(*rest, FSPACKET_FRAME);
	assert_true(rest->len >= len);
	*packet = str_first(*rest, len);
	*rest = str_from_off(*rest, len);
	return true;
}

static void
copy(const struct tree *from, const struct tree *to, size_t budget, struct fssend_stats *stats)
{
	cleanup_fd int from_fd = tree_open(from), to_fd = tree_open(to);
	cleanup_buf struct buf there = {0}, back = {0};
	struct fssend_root root = {.dirfd = from_fd, .name = "context"};
	struct fssend_filter filter = {0};
	struct fsrecv_options options = {.name = "exported"};
	struct err err = {0};
	struct fssend *send = fssend_new(&root, &filter, &err);
	struct fsrecv *recv = fsrecv_new(to_fd, &options, &err);
	enum fssend_state state = FSSEND_MORE;
	struct str rest, packet;
	size_t idle = 0;

	assert_ok(send && recv ? 0 : -1, &err);
	while (state != FSSEND_DONE) {
		buf_reset(&there);
		buf_reset(&back);
		state = fssend_produce(send, &there, budget, &err);
		assert_ok(state == FSSEND_FAILED ? -1 : 0, &err);
		for (rest = buf_view(&there); next_packet(&rest, &packet);)
			assert_ok(fsrecv_receive(recv, packet, &back, &err), &err);
		for (rest = buf_view(&back); next_packet(&rest, &packet);)
			assert_ok(fssend_receive(send, packet, &err), &err);
		idle = there.len || back.len ? 0 : idle + 1;
		assert_that(idle < 3, "both sides wait");
	}
	assert_int_equal(fsrecv_state(recv), FSRECV_DONE);
	fssend_get_stats(send, stats);
	fssend_free(send);
	fsrecv_free(recv);
}

static void
set_time(const struct tree *t, const char *name, time_t sec, long nsec)
{
	const struct timespec times[2] = {{sec, nsec}, {sec, nsec}};

	assert_int_equal(utimensat(AT_FDCWD, tree_path(t, name), times, AT_SYMLINK_NOFOLLOW), 0);
}

static void
fill(const struct tree *t)
{
	static const char *const odd[] = {
		"new\nline", " blank ", "*", "a\\b", "-x", "日本", ".tmp.000000000"};
	cleanup_buf struct buf big = {0};
	char *path;
	size_t i;

	tree_write(t, "empty", "%s", "");
	for (i = 0; i < 20000; i++)
		buf_addf(&big, "%zu ", i);
	tree_write(t, "big", "%s", buf_cstr(&big));
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		tree_write(t, odd[i], "%s", odd[i]);
	tree_write(t, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z", "deep");
	tree_write(t, "a/x", "x");
	tree_write(t, "a.txt", "x");
	tree_write(t, "modes/setuid", "x");
	assert_int_equal(chmod(tree_path(t, "modes/setuid"), 04751), 0);
	tree_write(t, "modes/unreadable", "x");
	assert_int_equal(chmod(tree_path(t, "modes/unreadable"), 0400), 0);
	assert_int_equal(mkfifo(tree_path(t, "fifo"), 0640), 0);
	assert_int_equal(mknod(tree_path(t, "device"), S_IFCHR | 0600, 0), 0);
	tree_link(t, "link", "../outside");
	tree_link(t, "modes/link", "setuid");
	path = strdup(tree_path(t, "big"));
	assert_int_equal(link(path, tree_path(t, "a/same")), 0);
	assert_int_equal(link(path, tree_path(t, "same")), 0);
	(void)!setxattr(path, "user.name", "value", 5, 0);
	free(path);
	(void)!setxattr(tree_path(t, "modes"), "user.dir", "d", 1, 0);
	tree_mkdir(t, "empty-dir");
	assert_int_equal(chmod(tree_path(t, "empty-dir"), 01700), 0);
	set_time(t, "empty", -1, 999999999);
	set_time(t, "a/x", 0, 0);
	set_time(t, "link", 4000000000, 5);
	set_time(t, "a/b", 1000000000, 1);
	set_time(t, "a", 1000000001, 2);
	assert_int_equal(chmod(tree_path(t, "modes"), 0500), 0);
	set_time(t, "modes", 1, 1);
}

static void
equal_tree(void **state)
{
	static const size_t budgets[] = {1, 1000, 1 << 20};
	cleanup_tree struct tree from = {0};
	cleanup_buf struct buf want = {0};
	struct fssend_stats stats;
	size_t i;

	(void)state;
	tree_init(&from);
	fill(&from);
	tree_describe(&from, true, &want);
	for (i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		cleanup_tree struct tree to = {0};
		cleanup_buf struct buf got = {0};
		int again;

		tree_init(&to);
		/* the second time over what the first one left */
		for (again = 0; again < 2; again++) {
			copy(&from, &to, budgets[i], &stats);
			buf_reset(&got);
			tree_describe(&to, true, &got);
			assert_that(str_eq(buf_view(&got), buf_view(&want)),
				"budget %zu, copy %d:\n%s\nis not\n%s", budgets[i], again, got.p,
				want.p);
		}
		assert_int_equal(chmod(tree_path(&to, "modes"), 0700), 0);
	}
	assert_int_equal(chmod(tree_path(&from, "modes"), 0700), 0);
}

/* Without privilege, with directories that do not let their owner write. */
static void
equal_tree_of_nobody(void **state)
{
	cleanup_tree struct tree from = {0}, to = {0};
	cleanup_buf struct buf want = {0}, got = {0};
	struct fssend_stats stats;

	(void)state;
	tree_init(&from);
	tree_init(&to);
	assert_int_equal(chmod(from.path, 0777), 0);
	assert_int_equal(chmod(to.path, 0777), 0);
	be_nobody();
	tree_write(&from, "d/e/f", "content");
	assert_int_equal(chmod(tree_path(&from, "d/e/f"), 0444), 0);
	assert_int_equal(chmod(tree_path(&from, "d/e"), 0555), 0);
	assert_int_equal(chmod(tree_path(&from, "d"), 0555), 0);
	set_time(&from, "d", 5, 5);
	copy(&from, &to, 1, &stats);
	be_self();
	tree_describe(&from, true, &want);
	tree_describe(&to, true, &got);
	assert_str(buf_view(&got), want.p);
	assert_int_equal(chmod(tree_path(&from, "d"), 0755), 0);
	assert_int_equal(chmod(tree_path(&from, "d/e"), 0755), 0);
	assert_int_equal(chmod(tree_path(&to, "d"), 0755), 0);
	assert_int_equal(chmod(tree_path(&to, "d/e"), 0755), 0);
}

static void
many_files(void **state)
{
	enum { DIRS = 100, FILES = 100 };
	cleanup_tree struct tree from = {0}, to = {0};
	cleanup_fd int fd = -1;
	struct fssend_stats stats;
	struct stat st;
	char name[64];
	int i, k, out;

	(void)state;
	tree_init_in_memory(&from);
	tree_init_in_memory(&to);
	fd = tree_open(&from);
	for (i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "%02d", i);
		assert_int_equal(mkdirat(fd, name, 0755), 0);
		for (k = 0; k < FILES; k++) {
			snprintf(name, sizeof(name), "%02d/%02d", i, k);
			out = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
			assert_int_equal(write(out, name, 5), 5);
			close(out);
		}
	}
	copy(&from, &to, 65536, &stats);
	assert_int_equal(stats.bytes_sent, DIRS * FILES * 5);
	assert_int_equal(stats.files_requested, DIRS * FILES);
	assert_int_equal(stat(tree_path(&to, "99/99"), &st), 0);
	assert_int_equal(st.st_size, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_tree),
		cmocka_unit_test(equal_tree_of_nobody),
		cmocka_unit_test(many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
