/* The folder 'exported': published as a whole or not at all, builds beside each other. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/exported.h"
#include "fsprobe.h"
#include "tree.h"

static void
put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Files and empty folders of a context, as nftw hands them out. */
static struct {
	size_t root; /* length of its path */
	char *names[50];
	size_t n;
} found;

static int
note(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)flag;
	(void)ftw;
	if (found.n < 50 && (!S_ISDIR(st->st_mode) || rmdir(path) == 0))
		found.names[found.n++] = strdup(path + found.root);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Exactly these are there; hidden folders count. Empty folders are removed on the way. */
static void
expect(const struct tree *t, const char *const *want)
{
	size_t i;

	found.root = strlen(t->path) + 1;
	found.n = 0;
	assert_int_equal(nftw(t->path, note, 10, FTW_PHYS), 0);
	qsort(found.names, found.n, sizeof(char *), by_name);
	for (i = 0; i < found.n; i++) {
		assert_that(want[i] && strcmp(found.names[i], want[i]) == 0, "got '%s', want '%s'",
			found.names[i], want[i] ? want[i] : "nothing");
		free(found.names[i]);
	}
	assert_that(want[i] == NULL, "'%s' is missing", want[i]);
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
b_23_what_was_collected_takes_its_place(void **state)
{
	struct exported e = EXPORTED_NONE;
	cleanup_tree struct tree t;
	struct err err = {0};
	char *text;

	(void)state;
	tree_init(&t);
	tree_write(&t, "exported/old", "old");
	tree_write(&t, "exported/both/old", "old");
	tree_write(&t, "exported/type", "a file");
	tree_write(&t, "other", "kept");
	assert_ok(exported_open(&e, t.path, &err), &err);
	put(e.staging, "new", "new");
	assert_int_equal(mkdirat(e.staging, "both", 0755), 0);
	put(e.staging, "both/new", "new");
	assert_int_equal(mkdirat(e.staging, "type", 0755), 0);
	put(e.staging, "type/file", "x");
	put(e.staging, ".hidden", "x");
	assert_ok(exported_publish(&e, &err), &err);
	exported_close(&e);
	expect(&t, FILES("exported/.hidden", "exported/both/new", "exported/new",
			   "exported/type/file", "other"));
	text = test_read_file(tree_path(&t, "exported/new"), NULL);
	assert_string_equal(text, "new");
	free(text);
}

static void
a_failed_export_changes_nothing(void **state)
{
	struct exported e = EXPORTED_NONE;
	cleanup_tree struct tree t;
	struct err err = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, "exported/old", "old");
	assert_ok(exported_open(&e, t.path, &err), &err);
	put(e.staging, "half", "ha");
	exported_close(&e);
	expect(&t, FILES("exported/old"));
	exported_close(&e);
}

static void
b_07_no_folder_is_left_for_nothing(void **state)
{
	struct exported e = EXPORTED_NONE;
	cleanup_tree struct tree t;
	struct err err = {0};

	(void)state;
	tree_init(&t);
	assert_ok(exported_open(&e, t.path, &err), &err);
	put(e.staging, "half", "ha");
	exported_close(&e);
	assert_int_equal(access(tree_path(&t, "exported"), F_OK), -1);
	/* an export of nothing is one */
	assert_ok(exported_open(&e, t.path, &err), &err);
	assert_ok(exported_publish(&e, &err), &err);
	exported_close(&e);
	expect(&t, FILES("exported"));
}

static void
what_is_refused(void **state)
{
	struct exported e = EXPORTED_NONE;
	cleanup_tree struct tree t;
	struct err err = {0};

	(void)state;
	tree_init(&t);
	tree_mkdir(&t, "elsewhere");
	tree_link(&t, "exported", "elsewhere");
	assert_int_equal(exported_open(&e, t.path, &err), -1);
	assert_err(&err, ERR_SYS, "open folder 'exported'");
	assert_that(strstr(err.hint, "symbolic link") != NULL, "%s", err.hint);
	exported_close(&e);
	expect(&t, FILES("elsewhere", "exported"));
	assert_int_equal(unlink(tree_path(&t, "exported")), 0);
	tree_write(&t, "exported", "a file");
	err = (struct err){0};
	assert_int_equal(exported_open(&e, t.path, &err), -1);
	assert_err(&err, ERR_SYS, "open folder 'exported': Not a directory");
	assert_string_equal(err.hint, "");
	exported_close(&e);
	assert_int_equal(exported_open(&e, tree_path(&t, "none"), &err), -1);
	assert_err(&err, ERR_SYS, "none'");
	exported_close(&e);
}

static void
b_08_builds_beside_each_other(void **state)
{
	struct exported first = EXPORTED_NONE, second = EXPORTED_NONE;
	cleanup_tree struct tree t;
	struct err err = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, "exported/old", "old");
	assert_ok(exported_open(&first, t.path, &err), &err);
	put(first.staging, "first", "1");
	assert_ok(exported_open(&second, t.path, &err), &err);
	put(second.staging, "second", "2");
	assert_ok(exported_publish(&first, &err), &err);
	assert_int_equal(faccessat(first.dir, "first", F_OK, 0), 0);
	/* the one that ends last stays, and nothing of it is missing */
	assert_ok(exported_publish(&second, &err), &err);
	exported_close(&first);
	exported_close(&second);
	expect(&t, FILES("exported/second"));
}

/* A build that is killed leaves its folder; the next one removes it, but not that of a living one.
 */
static void
what_was_left_behind_is_removed(void **state)
{
	struct exported living = EXPORTED_NONE, e = EXPORTED_NONE;
	cleanup_tree struct tree t;
	struct err err = {0};
	int status;
	pid_t pid;

	(void)state;
	tree_init(&t);
	tree_write(&t, "exported/old", "old");
	assert_ok(exported_open(&living, t.path, &err), &err);
	put(living.staging, "living", "x");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (exported_open(&e, t.path, NULL))
			_exit(1);
		mkdirat(e.staging, "locked", 0755);
		put(e.staging, "locked/half", "ha");
		fchmodat(e.staging, "locked", 0, 0);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_ok(exported_open(&e, t.path, &err), &err);
	put(e.staging, "new", "x");
	assert_ok(exported_publish(&e, &err), &err);
	exported_close(&e);
	assert_ok(exported_publish(&living, &err), &err);
	exported_close(&living);
	expect(&t, FILES("exported/living"));
}

/* Something stands in the way in the middle of it: everything is put back. */
static void
a_failed_replacement_is_rolled_back(void **state)
{
	struct exported e = EXPORTED_NONE;
	cleanup_tree struct tree t;
	struct err err = {0};
	int i, rc = 0;

	(void)state;
	tree_init(&t);
	for (i = 0; i < 5; i++) {
		char name[32];

		snprintf(name, sizeof(name), "exported/old%d", i);
		tree_write(&t, name, "old");
	}
	assert_ok(exported_open(&e, t.path, &err), &err);
	put(e.staging, "new1", "x");
	put(e.staging, "new2", "x");
	assert_int_equal(fchmod(e.dir, 0777), 0);
	/* nobody may move anything out of the folder it was collected in */
	assert_int_equal(fchmod(e.staging, 0555), 0);
	be_nobody();
	rc = exported_publish(&e, &err);
	be_self();
	assert_int_equal(rc, -1);
	assert_err(&err, ERR_SYS, "replace 'exported/new");
	assert_int_equal(fchmod(e.staging, 0755), 0);
	exported_close(&e);
	expect(&t, FILES("exported/old0", "exported/old1", "exported/old2", "exported/old3",
			   "exported/old4"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b_23_what_was_collected_takes_its_place),
		cmocka_unit_test(a_failed_export_changes_nothing),
		cmocka_unit_test(b_07_no_folder_is_left_for_nothing),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(b_08_builds_beside_each_other),
		cmocka_unit_test(what_was_left_behind_is_removed),
		cmocka_unit_test(a_failed_replacement_is_rolled_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
