/* buildkit/fssend.h: a context as the builder sees it. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "buildkit/fssend.h"
#include "buildkit/fswire.h"
#include "fspeer.h"
#include "fsprobe.h"
#include "fsscene.h"
#include "tree.h"

static void
order_of_names(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "a/x", "1");
	tree_write(&s.tree, "a/b/c", "1");
	tree_write(&s.tree, "a.txt", "1");
	tree_write(&s.tree, "a0", "1");
	tree_write(&s.tree, "a-long-name-with-the-same-start-1", "1");
	tree_write(&s.tree, "a-long-name-with-the-same-start-0", "1");
	tree_write(&s.tree, "Z", "1");
	tree_write(&s.tree, "é", "1");
	tree_write(&s.tree, ".hidden", "1");
	tree_write(&s.tree, "sub/.fsutil-metadata", "1");
	tree_write(&s.tree, ".fsutil-metadata", "1");
	tree_mkdir(&s.tree, "empty");
	scene_expect(&s, "order",
		".hidden Z a/ a/b/ a/b/c a/x a-long-name-with-the-same-start-0 "
		"a-long-name-with-the-same-start-1 a.txt a0 empty/ sub/ sub/.fsutil-metadata é");
}

static void
empty_context(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	scene_expect(&s, "nothing at all", "");
}

static void
every_kind_of_entry(void **state)
{
	cleanup_scene struct scene s;
	const struct fspeer_entry *e;
	struct timespec times[2] = {{1, 0}, {1234567890, 123456789}};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "file", "content");
	tree_write(&s.tree, "empty", "%s", "");
	assert_int_equal(chmod(tree_path(&s.tree, "file"), 06751), 0);
	assert_int_equal(utimensat(AT_FDCWD, tree_path(&s.tree, "file"), times, 0), 0);
	tree_link(&s.tree, "symlink", "../nowhere/é");
	tree_mkdir(&s.tree, "dir");
	assert_int_equal(chmod(tree_path(&s.tree, "dir"), 01777), 0);
	assert_int_equal(mkfifo(tree_path(&s.tree, "fifo"), 0600), 0);
	/* a device of number 0:0 needs no privilege */
	assert_int_equal(mknod(tree_path(&s.tree, "device"), S_IFCHR | 0600,
				 geteuid() == 0 ? makedev(300, 70000) : 0),
		0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", tree_path(&s.tree, "socket"));
	assert_int_equal(bind(sock, (struct sockaddr *)&un, sizeof(un)), 0);
	scene_expect(&s, "kinds", "device dir/ empty fifo file socket symlink");
	close(sock);
	e = entry(&s, "file");
	assert_int_equal(e->mode, FSMODE_SETUID | FSMODE_SETGID | 0751);
	assert_int_equal(e->size, 7);
	assert_true(e->mtime_ns == INT64_C(1234567890123456789));
	assert_str(buf_view(&e->data), "content");
	assert_true(entry(&s, "empty")->complete);
	e = entry(&s, "symlink");
	assert_string_equal(e->linkname, "../nowhere/é");
	assert_int_equal(e->mode, FSMODE_SYMLINK | 0777);
	e = entry(&s, "dir");
	assert_int_equal(e->mode, FSMODE_DIR | FSMODE_STICKY | 0777);
	assert_int_equal(e->size, 0);
	assert_int_equal(entry(&s, "fifo")->mode, FSMODE_FIFO | 0600);
	e = entry(&s, "device");
	assert_int_equal(e->mode, FSMODE_DEVICE | FSMODE_CHARDEV | 0600);
	assert_int_equal(e->devmajor, geteuid() == 0 ? 300 : 0);
	assert_int_equal(e->devminor, geteuid() == 0 ? 70000 : 0);
	e = entry(&s, "socket");
	assert_int_equal(e->mode & FSMODE_TYPE, 0);
	assert_true(e->complete);
	assert_int_equal(e->data.len, 0);
}

static void
b_28_owner_is_zero(void **state)
{
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "dir/file", "1");
	if (geteuid() == 0) {
		assert_int_equal(chown(tree_path(&s.tree, "dir/file"), 1234, 4321), 0);
		assert_int_equal(chown(tree_path(&s.tree, "dir"), 1234, 4321), 0);
	}
	/* the peer checks uid and gid of every entry */
	scene_expect(&s, "owner", "dir/ dir/file");
}

static void
hard_links(void **state)
{
	cleanup_scene struct scene s;
	char *to;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "d/b", "same");
	to = strdup(tree_path(&s.tree, "d/b"));
	assert_int_equal(link(to, tree_path(&s.tree, "a")), 0);
	assert_int_equal(link(to, tree_path(&s.tree, "z")), 0);
	free(to);
	scene_expect(&s, "links", "a d/ d/b z");
	assert_string_equal(entry(&s, "a")->linkname, "");
	assert_string_equal(entry(&s, "d/b")->linkname, "a");
	assert_string_equal(entry(&s, "z")->linkname, "a");
	assert_int_equal(entry(&s, "z")->size, 4);
	assert_str(buf_view(&entry(&s, "a")->data), "same");
	/* without the first, the second is the file */
	scene_filter(&s, "", "a", "");
	scene_expect(&s, "first one excluded", "d/ d/b z");
	assert_string_equal(entry(&s, "d/b")->linkname, "");
	assert_string_equal(entry(&s, "z")->linkname, "d/b");
	assert_str(buf_view(&entry(&s, "d/b")->data), "same");
}

static void
extended_attributes(void **state)
{
	cleanup_scene struct scene s;
	char big[2000];
	const char *path;
	bool can;

	(void)state;
	scene_init(&s);
	memset(big, 'x', sizeof(big));
	tree_write(&s.tree, "dir/file", "1");
	path = tree_path(&s.tree, "dir/file");
	/* where /tmp has no attributes there is nothing to send, and no error */
	can = setxattr(path, "user.one", "1", 1, 0) == 0;
	assert_true(can || errno == ENOTSUP);
	if (can) {
		assert_int_equal(setxattr(path, "user.big", big, sizeof(big), 0), 0);
		assert_int_equal(setxattr(tree_path(&s.tree, "dir"), "user.d", "", 0, 0), 0);
	}
	scene_expect(&s, "attributes", "dir/ dir/file");
	assert_str(buf_view(&entry(&s, "dir")->xattrs), can ? "user.d=\n" : "");
	assert_int_equal(entry(&s, "dir/file")->xattrs.len, can ? 11 + 9 + sizeof(big) + 1 : 0);
}

static void
b_10_filters(void **state)
{
	static const struct {
		const char *name, *include, *exclude, *follow, *want;
	} rows[] = {
		{"B-10 nothing excluded", "", "", "", "Dockerfile a/ a/b/ a/b/c a/b/d a/e f link"},
		{"B-10 a directory", "", "a", "", "Dockerfile f link"},
		{"B-10 what is in it", "", "a/*", "", "Dockerfile a/ f link"},
		{"B-10 exception", "", "a !a/b/c", "", "Dockerfile a/ a/b/ a/b/c f link"},
		{"B-10 exception with wildcard", "", "a !**/e", "", "Dockerfile a/ a/e f link"},
		{"B-10 all but one", "", "** !f", "", "f"},
		{"B-10 the Dockerfile itself", "", "Dockerfile", "",
			"a/ a/b/ a/b/c a/b/d a/e f link"},
		{"B-10 exception that hits nothing", "", "a !a/x", "", "Dockerfile f link"},
		{"B-09 only the ignore files", "", "",
			"Dockerfile Dockerfile.dockerignore .dockerignore", "Dockerfile"},
		{"include", "f", "", "", "f"},
		{"include below", "a/b/c", "", "", "a/ a/b/ a/b/c"},
		{"include with wildcard", "**/d", "", "", "a/ a/b/ a/b/d"},
		{"include a directory", "a/b", "", "", "a/ a/b/ a/b/c a/b/d"},
		{"include and exclude", "a", "a/b", "", "a/ a/e"},
		{"include, exclude, exception", "a", "a/b !a/b/d", "", "a/ a/b/ a/b/d a/e"},
		{"include nothing", "none", "", "", ""},
		{"follow a link", "", "", "link", "a/ a/b/ a/b/c link"},
		{"follow the root", "", "", ".", "Dockerfile a/ a/b/ a/b/c a/b/d a/e f link"},
		{"follow and include", "f", "", "link", "a/ a/b/ a/b/c f link"},
		{"follow, excluded", "", "a", "link", "link"},
	};
	cleanup_scene struct scene s;
	size_t i;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "Dockerfile", "FROM scratch");
	tree_write(&s.tree, "a/b/c", "c");
	tree_write(&s.tree, "a/b/d", "d");
	tree_write(&s.tree, "a/e", "e");
	tree_write(&s.tree, "f", "f");
	tree_link(&s.tree, "link", "a/b/c");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scene_filter(&s, rows[i].include, rows[i].exclude, rows[i].follow);
		scene_expect(&s, rows[i].name, rows[i].want);
	}
	scene_filter(&s, "", "[", "");
	scene_rewind(&s);
	assert_null(fssend_new(&s.root, &s.filter, &s.err));
	assert_err(&s.err, ERR_CONFIG, "context: exclude patterns: bad pattern '['");
}

static void
b_25_never_sent(void **state)
{
	static const char *const never[] = {"exported", "/deep/out/"};
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "exported/a/file", "1");
	tree_write(&s.tree, "exported.txt", "1");
	tree_write(&s.tree, "sub/exported/file", "1");
	tree_write(&s.tree, "deep/out/file", "1");
	tree_write(&s.tree, "deep/outer", "1");
	s.root.never = never;
	s.root.nnever = 2;
	scene_expect(&s, "no patterns",
		"deep/ deep/outer exported.txt sub/ sub/exported/ sub/exported/file");
	scene_filter(&s, "", "** !exported !**/file", "");
	scene_expect(&s, "an exception does not help", "sub/ sub/exported/ sub/exported/file");
	scene_filter(&s, "exported exported/a/file", "", "exported/a");
	scene_expect(&s, "nor does including it", "");
}

static void
late_directories(void **state)
{
	cleanup_scene struct scene s;
	const struct fspeer_entry *e;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "a/b/c/deep", "1");
	tree_write(&s.tree, "a/b/c/other", "1");
	tree_write(&s.tree, "a/b/last", "1");
	tree_write(&s.tree, "a/unseen/x/y", "1");
	tree_write(&s.tree, "z/x", "1");
	assert_int_equal(chmod(tree_path(&s.tree, "a/b"), 0711), 0);
	scene_filter(&s, "**/deep **/last", "", "");
	scene_expect(&s, "late", "a/ a/b/ a/b/c/ a/b/c/deep a/b/last");
	e = entry(&s, "a/b");
	assert_int_equal(e->mode, FSMODE_DIR | 0711);
	assert_str(buf_view(&entry(&s, "a/b/last")->data), "1");
}

/* ---- files from memory ------------------------------------------------------------- */

static void
b_09_files_from_memory(void **state)
{
	static const struct {
		const char *name, *path, *want, *data_of, *data;
	} rows[] = {
		{"in place of the real one", "Dockerfile",
			"Dockerfile Dockerfile.dockerignore docker/ docker/Dockerfile.build "
			"docker/Dockerfile.build.dockerignore docker/x link",
			"Dockerfile", "NEW"},
		{"in a directory", "docker/Dockerfile.build",
			"Dockerfile Dockerfile.dockerignore docker/ docker/Dockerfile.build "
			"docker/Dockerfile.build.dockerignore docker/x link",
			"docker/Dockerfile.build", "NEW"},
		{"through a symlink", "link/Dockerfile.build",
			"Dockerfile Dockerfile.dockerignore docker/ docker/Dockerfile.build "
			"docker/Dockerfile.build.dockerignore docker/x link",
			"docker/Dockerfile.build", "NEW"},
		{"where nothing is", "new/er/Dockerfile",
			"Dockerfile Dockerfile.dockerignore docker/ docker/Dockerfile.build "
			"docker/Dockerfile.build.dockerignore docker/x link new/ new/er/ "
			"new/er/Dockerfile",
			"new/er/Dockerfile", "NEW"},
		{"in place of a directory", "docker",
			"Dockerfile Dockerfile.dockerignore docker link", "docker", "NEW"},
		{"in place of a file on the way", "Dockerfile/x",
			"Dockerfile/ Dockerfile/x Dockerfile.dockerignore docker/ "
			"docker/Dockerfile.build docker/Dockerfile.build.dockerignore docker/x link",
			"Dockerfile/x", "NEW"},
		{"in place of a symlink", "link",
			"Dockerfile Dockerfile.dockerignore docker/ docker/Dockerfile.build "
			"docker/Dockerfile.build.dockerignore docker/x link",
			"link", "NEW"},
	};
	cleanup_scene struct scene s;
	struct fssend_file file = {.content = STR("NEW"), .mode = 0640, .mtime_ns = 77};
	const struct fspeer_entry *e;
	size_t i;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "Dockerfile", "old");
	tree_write(&s.tree, "Dockerfile.dockerignore", "ignore");
	tree_write(&s.tree, "docker/Dockerfile.build", "old");
	tree_write(&s.tree, "docker/Dockerfile.build.dockerignore", "ignore");
	tree_write(&s.tree, "docker/x", "x");
	tree_link(&s.tree, "link", "docker");
	s.root.files = &file;
	s.root.nfiles = 1;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		file.path = rows[i].path;
		scene_expect(&s, rows[i].name, rows[i].want);
		e = entry(&s, rows[i].data_of);
		assert_row_str(rows[i].name, buf_view(&e->data), rows[i].data);
		assert_row_int(rows[i].name, e->mode, 0640);
		assert_row_int(rows[i].name, e->mtime_ns, 77);
		assert_row_int(rows[i].name, e->size, 3);
	}
	/* as the builder asks for it */
	file.path = "link/Dockerfile.build";
	scene_filter(&s, "", "", "link/Dockerfile.build link/Dockerfile.build.dockerignore");
	scene_expect(&s, "asked for through the symlink",
		"docker/ docker/Dockerfile.build docker/Dockerfile.build.dockerignore link");
	assert_str(buf_view(&entry(&s, "docker/Dockerfile.build")->data), "NEW");
	assert_str(buf_view(&entry(&s, "docker/Dockerfile.build.dockerignore")->data), "ignore");
}

static void
only_memory(void **state)
{
	static const struct fssend_file files[] = {
		{.path = "d/Dockerfile", .content = {"FROM x", 6}, .mode = 0644, .mtime_ns = 5},
		{.path = "d/Dockerfile.dockerignore", .content = {"", 0}, .mode = 0644},
		{.path = "a", .content = {"A", 1}, .mode = 0600},
	};
	cleanup_scene struct scene s;

	(void)state;
	scene_init(&s);
	close(s.root.dirfd);
	s.root.dirfd = -1;
	s.root.files = files;
	s.root.nfiles = 3;
	scene_expect(&s, "all", "a d/ d/Dockerfile d/Dockerfile.dockerignore");
	assert_int_equal(entry(&s, "d")->mode, FSMODE_DIR | 0755);
	assert_str(buf_view(&entry(&s, "d/Dockerfile")->data), "FROM x");
	scene_filter(&s, "", "", "d/Dockerfile");
	scene_expect(&s, "one", "d/ d/Dockerfile");
}

/* ---- amounts ---------------------------------------------------------------------------- */

static void
budgets(void **state)
{
	static const size_t rows[] = {1, 2, 5, 100, 33000, 65536, BIG};
	cleanup_scene struct scene s;
	cleanup_buf struct buf content = {0}, out = {0};
	struct fssend_stats stats;
	size_t i;

	(void)state;
	scene_init(&s);
	for (i = 0; i < 100001; i++)
		buf_putc(&content, (char)(i * 7 % 251));
	tree_write(&s.tree, "d/big", "%s", "");
	i = (size_t)open(tree_path(&s.tree, "d/big"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(fd_write_all((int)i, content.p, content.len), 0);
	close((int)i);
	tree_write(&s.tree, "a", "1");
	tree_write(&s.tree, "z", "2");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_ok(scene_run(&s, rows[i]), &s.err);
		assert_string_equal(fspeer_list(&s.peer, &s.text), "a d/ d/big z");
		assert_true(str_eq(buf_view(&entry(&s, "d/big")->data), buf_view(&content)));
		assert_true(s.peer.largest < 33000);
		fssend_get_stats(s.send, &stats);
		assert_int_equal(stats.entries, 4);
		assert_int_equal(stats.files, 3);
		assert_int_equal(stats.bytes_announced, 100003);
		assert_int_equal(stats.files_requested, 3);
		assert_int_equal(stats.bytes_sent, 100003);
	}
	/* one message at a time, and never much more than was asked for */
	scene_start(&s);
	assert_int_equal(fssend_produce(s.send, &out, 1, &s.err), FSSEND_MORE);
	assert_true(out.len < 100);
}

static void
second_build_sends_nothing(void **state)
{
	cleanup_scene struct scene s;
	struct fssend_stats stats;

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "a/b", "content");
	tree_write(&s.tree, "c", "content");
	scene_start(&s);
	s.peer.ask_nothing = true;
	assert_ok(fspeer_run(&s.peer, s.send, BIG, &s.err), &s.err);
	fssend_get_stats(s.send, &stats);
	assert_int_equal(stats.entries, 3);
	assert_int_equal(stats.files_requested, 0);
	assert_int_equal(stats.bytes_sent, 0);
	assert_int_equal(stats.bytes_announced, 14);
}

static void
list_and_content_interleave(void **state)
{
	cleanup_scene struct scene s;
	char name[32];
	int i;

	(void)state;
	scene_init(&s);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%04d", i);
		tree_write(&s.tree, name, "content %d", i);
	}
	assert_ok(scene_run(&s, 1000), &s.err);
	assert_true(s.peer.data_before_end > 10);
	assert_int_equal(s.peer.n, 1000);
	assert_str(buf_view(&entry(&s, "f0999")->data), "content 999");
}

static void
deep_tree(void **state)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf path = {0};
	int i;

	(void)state;
	scene_init(&s);
	for (i = 0; i < 300; i++) {
		buf_puts(&path, "d/");
		buf_puts(&path, "file");
		tree_write(&s.tree, path.p, "%d", i);
		path.len -= 4;
	}
	assert_ok(scene_run(&s, 500), &s.err);
	assert_int_equal(s.peer.n, 600);
	buf_puts(&path, "file");
	assert_str(buf_view(&entry(&s, path.p)->data), "299");
	/* only the deepest file, so that all its directories come late */
	scene_filter(&s, "", "** !**/d/d/d/d/d/d/d/d/d/d", "");
	assert_ok(scene_run(&s, 500), &s.err);
	assert_int_equal(s.peer.n, 600 - 9);
}

static void
odd_names(void **state)
{
	static const char *const rows[] = {"new\nline", " blank ", "tab\t", "*?[]", "back\\slash",
		"!", "#", "-rf", "...", "日本語", "\x01", "~", "a:b", "%41"};
	cleanup_scene struct scene s;
	size_t i;

	(void)state;
	scene_init(&s);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tree_write(&s.tree, rows[i], "%s", rows[i]);
	assert_ok(scene_run(&s, 1), &s.err);
	assert_int_equal(s.peer.n, sizeof(rows) / sizeof(rows[0]));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_row_str(rows[i], buf_view(&entry(&s, rows[i])->data), rows[i]);
}

/* Two transfers of one context share nothing, not even an offset of the descriptor. */
static void
two_at_once(void **state)
{
	cleanup_scene struct scene s;
	cleanup_fspeer struct fspeer second = {0};
	struct fssend *other;
	struct fssend_filter filter = {0};

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "a/b", "1");
	tree_write(&s.tree, "c", "1");
	scene_start(&s);
	other = fssend_new(&s.root, &filter, &s.err);
	assert_non_null(other);
	fspeer_step(&s.peer, s.send, 1, &s.err);
	assert_ok(fspeer_run(&second, other, 1, &s.err), &s.err);
	assert_ok(fspeer_run(&s.peer, s.send, 1, &s.err), &s.err);
	assert_string_equal(fspeer_list(&s.peer, &s.text), "a/ a/b c");
	assert_string_equal(fspeer_list(&second, &s.text), "a/ a/b c");
	fssend_free(other);
}

/* Memory: what is kept per path is counted, not guessed. */
static void
fifty_thousand_files(void **state)
{
	enum { DIRS = 500, FILES = 100 };
	cleanup_scene struct scene s;
	struct fssend_stats stats;
	char name[64];
	int i, k, fd;

	(void)state;
	scene_init_in(&s, tree_init_in_memory);
	for (i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "directory-%03d", i);
		assert_int_equal(mkdirat(s.root.dirfd, name, 0755), 0);
		for (k = 0; k < FILES; k++) {
			snprintf(name, sizeof(name), "directory-%03d/file-%02d", i, k);
			fd = openat(s.root.dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
			assert_true(fd >= 0);
			assert_int_equal(write(fd, name, 20), 20);
			close(fd);
		}
	}
	assert_ok(scene_run(&s, 64 * 1024), &s.err);
	fssend_get_stats(s.send, &stats);
	assert_int_equal(stats.entries, DIRS + DIRS * FILES);
	assert_int_equal(stats.bytes_sent, DIRS * FILES * 20);
	assert_int_equal(s.peer.n, DIRS + DIRS * FILES);
	assert_that(stats.record_bytes <= 100 * stats.entries, "%llu bytes for %llu entries",
		(unsigned long long)stats.record_bytes, (unsigned long long)stats.entries);
	assert_int_equal(stats.name_bytes, DIRS * 14 + DIRS * FILES * 8);
	assert_str(buf_view(&s.peer.entries[s.peer.n - 1].data), "directory-499/file-9");
}

/* ---- reports ----------------------------------------------------------------------------- */

static void
note_sent(void *arg, struct str path, uint32_t mode, uint64_t size)
{
	buf_addf(arg, "+" STR_FMT "%s %llu\n", STR_ARG(path), mode & FSMODE_DIR ? "/" : "",
		(unsigned long long)size);
}

static void
note_ignored(void *arg, struct str path, bool is_dir, struct str pattern)
{
	buf_addf(arg, "-" STR_FMT "%s by '" STR_FMT "'\n", STR_ARG(path), is_dir ? "/" : "",
		STR_ARG(pattern));
}

static void
observed(void **state)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf notes = {0};
	const struct fssend_observer observer = {&notes, note_sent, note_ignored};
	static const char *const never[] = {"exported"};

	(void)state;
	scene_init(&s);
	tree_write(&s.tree, "a/keep", "12345");
	tree_write(&s.tree, "a/other", "1");
	tree_write(&s.tree, "node_modules/x", "1");
	tree_write(&s.tree, "not/included", "1");
	tree_write(&s.tree, "exported/x", "1");
	s.root.never = never;
	s.root.nnever = 1;
	scene_filter(&s, "a node_modules", "a !a/keep node_*", "");
	scene_start(&s);
	fssend_observe(s.send, &observer);
	assert_ok(fspeer_run(&s.peer, s.send, BIG, &s.err), &s.err);
	assert_str(buf_view(&notes),
		"+a/ 0\n+a/keep 5\n-a/other by 'a'\n-node_modules/ by 'node_*'\n-not/ by ''\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_names),
		cmocka_unit_test(empty_context),
		cmocka_unit_test(every_kind_of_entry),
		cmocka_unit_test(b_28_owner_is_zero),
		cmocka_unit_test(hard_links),
		cmocka_unit_test(extended_attributes),
		cmocka_unit_test(b_10_filters),
		cmocka_unit_test(b_25_never_sent),
		cmocka_unit_test(late_directories),
		cmocka_unit_test(b_09_files_from_memory),
		cmocka_unit_test(only_memory),
		cmocka_unit_test(budgets),
		cmocka_unit_test(second_build_sends_nothing),
		cmocka_unit_test(list_and_content_interleave),
		cmocka_unit_test(deep_tree),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(fifty_thousand_files),
		cmocka_unit_test(observed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
