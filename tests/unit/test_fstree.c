/* buildkit/fstree.h: removing and exchanging whole trees. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "buildkit/fstree.h"
#include "fsprobe.h"
#include "tree.h"

static bool
exists(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
removed(void **state)
{
	cleanup_tree struct tree t = {0}, outside = {0};
	cleanup_fd int fd = -1;
	struct err err = {0};
	char name[64];
	int i;

	(void)state;
	tree_init(&t);
	tree_init(&outside);
	tree_write(&outside, "precious/file", "1");
	fd = tree_open(&t);
	assert_ok(fstree_remove(fd, "missing", &err), &err);
	tree_write(&t, "file", "1");
	assert_ok(fstree_remove(fd, "file", &err), &err);
	tree_link(&t, "link", outside.path);
	assert_ok(fstree_remove(fd, "link", &err), &err);
	tree_mkdir(&t, "empty");
	assert_ok(fstree_remove(fd, "empty", &err), &err);
	tree_write(&t, "tree/a/b/c", "1");
	tree_write(&t, "tree/a/d", "1");
	tree_write(&t, "tree/e/f/g/h", "1");
	tree_mkdir(&t, "tree/i");
	tree_link(&t, "tree/a/out", outside.path);
	tree_link(&t, "tree/a/up", "../..");
	assert_int_equal(mkfifo(tree_path(&t, "tree/fifo"), 0600), 0);
	for (i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "tree/many/a-somewhat-long-name-%d", i);
		tree_write(&t, name, "1");
	}
	tree_write(&t, "beside", "1");
	assert_ok(fstree_remove(fd, "tree", &err), &err);
	assert_false(exists(fd, "file") || exists(fd, "link") || exists(fd, "empty"));
	assert_false(exists(fd, "tree"));
	assert_true(exists(fd, "beside"));
	assert_int_equal(access(tree_path(&outside, "precious/file"), F_OK), 0);
	tree_write(&t, "tree/a/b/c", "1");
	assert_ok(fstree_remove(AT_FDCWD, tree_path(&t, "tree"), &err), &err);
	assert_false(exists(fd, "tree"));
}

static void
removed_deep(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_fd int root = -1, fd = -1;
	struct err err = {0};
	int i, next;

	(void)state;
	tree_init(&t);
	root = tree_open(&t);
	fd = tree_open(&t);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		assert_int_equal(mkdirat(fd, "e", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	assert_ok(fstree_remove(root, "d", &err), &err);
	assert_false(exists(root, "d"));
}

static void
removed_against_modes(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_fd int fd = -1;
	struct err err = {0};
	int rc;

	(void)state;
	tree_init(&t);
	assert_int_equal(chmod(t.path, 0777), 0);
	fd = tree_open(&t);
	be_nobody();
	tree_write(&t, "tree/readonly/file", "1");
	tree_write(&t, "tree/readonly/sub/file", "1");
	tree_write(&t, "tree/closed/file", "1");
	tree_mkdir(&t, "tree/closed/empty");
	assert_int_equal(chmod(tree_path(&t, "tree/readonly/sub"), 0555), 0);
	assert_int_equal(chmod(tree_path(&t, "tree/readonly"), 0555), 0);
	assert_int_equal(chmod(tree_path(&t, "tree/closed"), 0), 0);
	assert_int_equal(chmod(tree_path(&t, "tree"), 0500), 0);
	rc = fstree_remove(fd, "tree", &err);
	be_self();
	assert_ok(rc, &err);
	assert_false(exists(fd, "tree"));
}

static void
not_allowed(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_fd int fd = -1;
	struct err err = {0};
	int rc;

	(void)state;
	tree_init(&t);
	tree_write(&t, "tree/sub/file", "1");
	/* what belongs to somebody else, or lies where we may not write */
	assert_int_equal(chmod(t.path, 0555), 0);
	fd = tree_open(&t);
	be_nobody();
	rc = fstree_remove(fd, "tree", &err);
	be_self();
	assert_int_equal(rc, -1);
	assert_that(
		err.kind == ERR_SYS && strncmp(err.msg, "remove 'tree", 12) == 0, "%s", err.msg);
	assert_int_equal(chmod(t.path, 0755), 0);
}

/* A temporary tree "new" takes the place of "exported", in each state that can have. */
static void
check_swaps(void)
{
	cleanup_tree struct tree t = {0};
	cleanup_fd int fd = -1;
	struct err err = {0};

	tree_init(&t);
	fd = tree_open(&t);
	tree_write(&t, "new/a", "1");
	assert_ok(fstree_swap(fd, "new", "exported", &err), &err);
	assert_true(exists(fd, "exported/a"));
	assert_false(exists(fd, "new"));

	tree_write(&t, "new/b", "1");
	assert_ok(fstree_swap(fd, "new", "exported", &err), &err);
	assert_true(exists(fd, "exported/b"));
	assert_false(exists(fd, "exported/a"));
	assert_false(exists(fd, "new") || exists(fd, "new.old"));

	/* a symlink in its place is replaced, not followed */
	assert_int_equal(renameat(fd, "exported", fd, "elsewhere"), 0);
	tree_link(&t, "exported", "elsewhere");
	tree_write(&t, "new/c", "1");
	assert_ok(fstree_swap(fd, "new", "exported", &err), &err);
	assert_true(exists(fd, "exported/c") && exists(fd, "elsewhere/b"));
	assert_false(exists(fd, "new") || exists(fd, "new.old"));

	assert_int_equal(fstree_swap(fd, "missing", "exported", &err), -1);
	assert_err(&err, ERR_SYS, "replace 'exported': No such file or directory");
	assert_true(exists(fd, "exported/c"));
}

static void
swapped(void **state)
{
	(void)state;
	check_swaps();
}

/* The same in a process in which the kernel knows no renameat2, or cannot do it here. */
static void
swapped_in_steps(void **state)
{
	static const int errnos[] = {ENOSYS, EINVAL};
	size_t i;
	int status;
	pid_t pid;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)errnos[i]),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = {4, code};

		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
				prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
				_exit(2);
			check_swaps();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_that(WIFEXITED(status) && WEXITSTATUS(status) == 0, "errno %d: status %d",
			errnos[i], status);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removed),
		cmocka_unit_test(removed_deep),
		cmocka_unit_test(removed_against_modes),
		cmocka_unit_test(not_allowed),
		cmocka_unit_test(swapped),
		cmocka_unit_test(swapped_in_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
