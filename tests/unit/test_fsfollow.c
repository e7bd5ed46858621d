/* buildkit/follow.h: what must be sent so that paths can be opened through symlinks. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "buildkit/follow.h"
#include "tree.h"

static void
make_tree(struct tree *t)
{
	tree_init(t);
	tree_write(t, "file", "x");
	tree_write(t, "dir/file", "x");
	tree_write(t, "dir/sub/file", "x");
	tree_link(t, "link", "file");
	tree_link(t, "chain", "link");
	tree_link(t, "abs", "/dir/file");
	tree_link(t, "dirlink", "dir/sub");
	tree_link(t, "dir/up", "../file");
	tree_link(t, "out", "../../../../etc/passwd");
	tree_link(t, "self", "self");
	tree_link(t, "a-circle", "b-circle");
	tree_link(t, "b-circle", "a-circle");
	tree_link(t, "grow", "grow/more");
	tree_link(t, "gone", "nowhere/at/all");
	tree_link(t, "root", "/");
	tree_link(t, "through", "file/x");
	tree_link(t, "wild", "di?");
}

static void
followed(void **state)
{
	static const struct {
		const char *name, *paths,
			*want; /* separated by blanks; "ALL" when nothing is filtered */
	} rows[] = {
		{"plain", "file", "file"},
		{"missing", "nothing/here", "nothing/here"},
		{"not clean", "/dir/./file ../file", "dir/file file"},
		{"link", "link", "file link"},
		{"two links", "chain", "chain file link"},
		{"absolute link", "abs", "abs dir/file"},
		{"link on the way", "dirlink/file", "dir/sub/file dirlink"},
		{"two ways through one link", "dirlink/file dirlink/other",
			"dir/sub/file dir/sub/other dirlink"},
		{"upwards", "dir/up", "dir/up file"},
		{"out of the root", "out", "etc/passwd out"},
		{"itself", "self", "self"},
		{"circle", "a-circle", "a-circle b-circle"},
		{"ever longer", "grow", "grow"},
		{"target missing", "gone", "gone nowhere/at/all"},
		{"target is the root", "root", "ALL"},
		{"root", ".", "ALL"},
		{"root from above", "..", "ALL"},
		{"below a link to the root", "root/file", "file root"},
		{"through a file", "through", "file/x through"},
		{"below a result", "dir dir/file dirx", "dir dirx"},
		{"wildcard without links", "f*", "f*"},
		{"wildcard with links", "*link", "*link dir/sub file"},
		{"wildcard on the way", "dirl*/file", "dir/sub/file dirl*"},
		{"wildcard in nothing", "none/*", "none/*"},
		{"target with a wildcard", "wild", "di? wild"},
		{"a wildcard on the way that is no link", "d?r/file", "d?r/file"},
	};
	cleanup_tree struct tree t = {0};
	cleanup_arena struct arena a = {0};
	cleanup_fd int fd = -1;
	size_t i, k;

	(void)state;
	make_tree(&t);
	fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf got = {0};
		struct strlist paths = {0}, out = {0};
		struct str rest = str_from(rows[i].paths), word;
		struct err err = {0};
		bool everything;

		while (str_next(&rest, ' ', &word))
			strlist_add(&paths, &a, arena_str(&a, word));
		assert_row_ok(rows[i].name,
			follow_paths(fd, (const char *const *)paths.items, paths.n, &a, &out,
				&everything, &err),
			&err);
		for (k = 0; k < out.n; k++)
			buf_addf(&got, "%s%s", k ? " " : "", out.items[k]);
		assert_row_str(
			rows[i].name, everything ? STR("ALL") : buf_view(&got), rows[i].want);
	}
}

static void
without_directory(void **state)
{
	static const char *const paths[] = {"a/../b", "c*"};
	cleanup_arena struct arena a = {0};
	struct strlist out = {0};
	struct err err = {0};
	bool everything;

	(void)state;
	assert_ok(follow_paths(-1, paths, 2, &a, &out, &everything, &err), &err);
	assert_int_equal(out.n, 2);
	assert_string_equal(out.items[0], "b");
	assert_string_equal(out.items[1], "c*");
	assert_false(everything);
}

/* Each link leads to all of them again, with one more name behind. */
static void
too_many(void **state)
{
	static const char *const paths[] = {"l*"};
	cleanup_tree struct tree t = {0};
	cleanup_arena struct arena a = {0};
	cleanup_fd int fd = -1;
	struct strlist out = {0};
	struct err err = {0};
	bool everything;
	char name[16], target[16];
	int i;

	(void)state;
	tree_init(&t);
	tree_link(&t, "m", "l*");
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), "m/e%d", i);
		tree_link(&t, name, target);
	}
	fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(follow_paths(fd, paths, 1, &a, &out, &everything, &err), -1);
	assert_err(&err, ERR_LIMIT, "the requested paths lead through more than");
}

static void
parents(void **state)
{
	static const char *const rows[][2] = {
		{"file", "file"},
		{"./dir//file", "dir/file"},
		{"link", "link"},
		{"dirlink/file", "dir/sub/file"},
		{"dirlink/../file", "file"},
		{"root/dirlink/link", "dir/sub/link"},
		{"nothing/x", "nothing/x"},
		{"gone/x", "nowhere/at/all/x"},
		{"out/x", "etc/passwd/x"},
		{"file/x", "file/x"},
	};
	cleanup_tree struct tree t = {0};
	cleanup_arena struct arena a = {0};
	cleanup_fd int fd = -1;
	struct err err = {0};
	char *out;
	size_t i;

	(void)state;
	make_tree(&t);
	fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_row_ok(rows[i][0], follow_parents(fd, rows[i][0], &a, &out, &err), &err);
		assert_row_str(rows[i][0], str_from(out), rows[i][1]);
	}
	assert_int_equal(follow_parents(fd, "a-circle/x", &a, &out, &err), -1);
	assert_err(&err, ERR_SYS, "resolve 'a-circle/x'");
	assert_int_equal(follow_parents(fd, "grow/x", &a, &out, &err), -1);
	assert_ok(follow_parents(-1, "a/b", &a, &out, &err), &err);
	assert_string_equal(out, "a/b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(followed),
		cmocka_unit_test(without_directory),
		cmocka_unit_test(too_many),
		cmocka_unit_test(parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
