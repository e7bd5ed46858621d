/* ci/git.h and what it is made of: configuration, refs, addresses. */
#include "test.h"

#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/env.h"
#include "ci/git.h"
#include "ci/gitconfig.h"
#include "ci/gitrefs.h"
#include "ci/giturl.h"
#include "tree.h"

#define C1 "1111111111111111111111111111111111111111"
#define C2 "2222222222222222222222222222222222222222"
#define C256 "3333333333333333333333333333333333333333333333333333333333333333"

/* ---- texts ---- */

static void
config_values(void **state)
{
	static const struct {
		const char *row, *text, *section, *sub, *key, *want;
	} rows[] = {
		{"plain", "[core]\n\tbare = false\n", "core", NULL, "bare", "false"},
		{"case of section and key", "[CORE]\nBaRe=x\n", "core", NULL, "bare", "x"},
		{"case of subsection", "[remote \"Origin\"]\nurl=x\n", "remote", "origin", "url",
			NULL},
		{"subsection", "[remote \"origin\"]\n\turl = git@h:a/b.git\n", "remote", "origin",
			"url", "git@h:a/b.git"},
		{"old form of subsection", "[remote.ORIGIN]\nurl=x\n", "remote", "origin", "url",
			"x"},
		{"section alone is not its subsection", "[remote]\nurl=x\n", "remote", "origin",
			"url", NULL},
		{"escapes in subsection", "[a \"x\\\"y\\\\z\"]\nk=1\n", "a", "x\"y\\z", "k", "1"},
		{"last wins", "[a]\nk=1\nk=2\n[b]\nk=3\n[a]\nk=4\n", "a", NULL, "k", "4"},
		{"comments", "# x\n[a] ; y\nk = v # z\n; k=w\n", "a", NULL, "k", "v"},
		{"quotes keep blanks and comment signs", "[a]\nk = \" a # b \"  \n", "a", NULL, "k",
			" a # b "},
		{"half quoted", "[a]\nk = a\" b \"c\n", "a", NULL, "k", "a b c"},
		{"escapes", "[a]\nk = \\\"\\\\\\t\\n.\n", "a", NULL, "k", "\"\\\t\n."},
		{"continued", "[a]\nk = one \\\n  two\n", "a", NULL, "k", "one   two"},
		{"CR LF", "[a]\r\nk = v\r\n", "a", NULL, "k", "v"},
		{"byte order mark", "\xef\xbb\xbf[a]\nk=v\n", "a", NULL, "k", "v"},
		{"no value is true", "[a]\nk\nj = 1\n", "a", NULL, "k", "true"},
		{"empty value", "[a]\nk =\n", "a", NULL, "k", ""},
		{"section and key on one line", "[a] k = v\n", "a", NULL, "k", "v"},
		{"no newline at the end", "[a]\nk = v", "a", NULL, "k", "v"},
		{"what stood before an error counts", "[a]\nk = v\n%%%\nk = w\n", "a", NULL, "k",
			"v"},
		{"unclosed quote", "[a]\nk = \"v\nj = 1\n", "a", NULL, "k", NULL},
		{"unclosed section", "[a\nk = v\n", "a", NULL, "k", NULL},
		{"unclosed subsection", "[a \"b\nk = v\n", "a", "b", "k", NULL},
		{"unknown escape", "[a]\nk = \\q\n", "a", NULL, "k", NULL},
		{"empty", "", "a", NULL, "k", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		size_t len = strlen(rows[i].text);
		char *text = test_guard_alloc(rows[i].text, len);
		const char *got = gitconfig_get(
			&a, str_n(text, len), rows[i].section, rows[i].sub, rows[i].key);

		assert_row_int(rows[i].row, got != NULL, rows[i].want != NULL);
		assert_row_str(rows[i].row, str_from(got), rows[i].want);
		test_guard_free(text, len);
	}
}

static void
addresses(void **state)
{
	static const struct {
		const char *in, *shown, *slug;
	} rows[] = {
		{"https://github.com/Owner/App.git", "https://github.com/Owner/App.git",
			"Owner/App"},
		{"https://gitlab-ci-token:SECRET@gitlab.com/g/s/app.git",
			"https://gitlab.com/g/s/app.git", "g/s/app"},
		{"https://SECRET@host/a/b", "https://host/a/b", "a/b"},
		{"https://u:p@ss@host/a/b", "https://host/a/b", "a/b"},
		{"https://host/a/b?token=SECRET#x", "https://host/a/b", "a/b"},
		{"https://host?token=SECRET", "https://host", NULL},
		{"https://host:8443/a/b/", "https://host:8443/a/b", "a/b"},
		{"ssh://git@host:7999/p/app.git", "ssh://git@host:7999/p/app.git", "p/app"},
		{"ssh://git:SECRET@host/p/app", "ssh://git@host/p/app", "p/app"},
		{"git@github.com:Owner/App.git", "git@github.com:Owner/App.git", "Owner/App"},
		{"host:app", "host:app", "app"},
		{"host:/srv/app.git/", "host:/srv/app.git", "srv/app"},
		{"host:", "host:", NULL},
		{"u:SECRET@host:app", NULL, NULL},
		{"/srv/git/app.git", NULL, NULL},
		{"../app", NULL, NULL},
		{"file:///srv/git/app.git", NULL, NULL},
		{"https://ho st/a", NULL, NULL},
		{"://host/a", NULL, NULL},
		{"", NULL, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		const char *shown = giturl_public(&a, rows[i].in);
		const char *slug = giturl_slug(&a, rows[i].in);

		assert_row_int(rows[i].in, shown != NULL, rows[i].shown != NULL);
		assert_row_str(rows[i].in, str_from(shown), rows[i].shown);
		assert_row_int(rows[i].in, slug != NULL, rows[i].slug != NULL);
		assert_row_str(rows[i].in, str_from(slug), rows[i].slug);
	}
}

static void
ref_files(void **state)
{
	static const struct {
		const char *text, *commit, *target;
		int rc;
	} rows[] = {
		{C1 "\n", C1, NULL, 0},
		{C256 "\n", C256, NULL, 0},
		{C1, C1, NULL, 0},
		{"ref: refs/heads/main\n", NULL, "refs/heads/main", 0},
		{"ref:refs/heads/a/b", NULL, "refs/heads/a/b", 0},
		{"", NULL, NULL, -1},
		{"\n", NULL, NULL, -1},
		{"1111\n", NULL, NULL, -1},
		{C1 "0\n", NULL, NULL, -1},
		{C1 " x\n", NULL, NULL, -1},
		{"ref: \n", NULL, NULL, -1},
		{"ref: /etc/passwd\n", NULL, NULL, -1},
		{"ref: refs/../../secret\n", NULL, NULL, -1},
		{"ref: refs/heads/\n", NULL, NULL, -1},
		{"ref: refs/heads/a b\n", NULL, NULL, -1},
		{"ref: heads/a\n", NULL, NULL, -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		size_t len = strlen(rows[i].text);
		char *text = test_guard_alloc(rows[i].text, len);
		struct gitref ref;
		int rc = gitref_parse(&a, str_n(text, len), &ref);

		assert_row_int(rows[i].text, rc, rows[i].rc);
		assert_row_str(rows[i].text, str_from(ref.commit), rows[i].commit);
		assert_row_str(rows[i].text, str_from(ref.target), rows[i].target);
		test_guard_free(text, len);
	}
}

static void
packed_refs(void **state)
{
	const struct str text =
		STR("# pack-refs with: peeled fully-peeled sorted \n" C1 " refs/heads/main\n" C2
		    " refs/tags/v1\n^" C1 "\n" C256 " refs/heads/long\r\nxyz refs/heads/bad\n" C2
		    " refs/heads/main2\n" C2 " refs/heads/cu");
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"refs/heads/main", C1},
		{"refs/heads/main2", C2},
		{"refs/tags/v1", C2},
		{"refs/heads/long", C256},
		{"refs/heads/bad", NULL},
		{"refs/heads/cut", NULL},
	};
	cleanup_arena struct arena a = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = gitref_packed(&a, text, rows[i].name);

		assert_row_int(rows[i].name, got != NULL, rows[i].want != NULL);
		assert_row_str(rows[i].name, str_from(got), rows[i].want);
	}
	assert_null(gitref_packed(&a, STR(""), "refs/heads/main"));
}

/* ---- repositories made of files ---- */

/* Reads from below the tree; the wanted texts may be NULL for unknown. */
static void
check(const struct tree *t, const char *below, const char *const *vars, const char *commit,
	const char *branch)
{
	cleanup_arena struct arena a = {0};
	const struct env env = {vars};
	struct err err = {0};
	struct git git;
	int rc = git_read(&a, &env, tree_path(t, below), &git, &err);

	assert_row_ok(below, rc, &err);
	assert_row_int(below, git.dir != NULL, true);
	assert_row_int(below, git.commit != NULL, commit != NULL);
	assert_row_str(below, str_from(git.commit), commit);
	assert_row_int(below, git.branch != NULL, branch != NULL);
	assert_row_str(below, str_from(git.branch), branch);
}

static void
check_fails(const struct tree *t, const char *below, enum err_kind kind, const char *text)
{
	cleanup_arena struct arena a = {0};
	const struct env env = {0};
	struct err err = {0};
	struct git git;

	assert_row_int(below, git_read(&a, &env, tree_path(t, below), &git, &err), -1);
	assert_row_err(below, &err, kind, text);
	assert_row_int(below, git.dir == NULL && git.commit == NULL, true);
	/* nobody has to want the error */
	assert_row_int(below, git_read(&a, &env, tree_path(t, below), &git, NULL), -1);
}

static void
i_11_branch_from_a_subdirectory(void **state)
{
	cleanup_tree struct tree t = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/feature/x\n");
	tree_write(&t, ".git/refs/heads/feature/x", C1 "\n");
	tree_mkdir(&t, "a/b/c");
	check(&t, "a/b/c", NULL, C1, "feature/x");
	/* packed only; a loose ref beats it; an empty folder in the place of a loose ref does not
	 */
	tree_write(&t, ".git/HEAD", "ref: refs/heads/main\n");
	tree_write(&t, ".git/packed-refs", "# pack-refs with: peeled\n" C2 " refs/heads/main\n");
	tree_mkdir(&t, ".git/refs/heads/main");
	check(&t, "a/b", NULL, C2, "main");
	assert_int_equal(rmdir(tree_path(&t, ".git/refs/heads/main")), 0);
	check(&t, "a", NULL, C2, "main");
	tree_write(&t, ".git/refs/heads/main", C1 "\n");
	check(&t, ".", NULL, C1, "main");
}

static void
i_15_detached_head_is_no_branch(void **state)
{
	cleanup_tree struct tree t = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", C1 "\n");
	check(&t, ".", NULL, C1, NULL);
	tree_write(&t, ".git/HEAD", C256 "\n");
	check(&t, ".", NULL, C256, NULL);
}

static void
i_13_no_commit_no_repository(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_arena struct arena a = {0};
	const struct env env = {0};
	struct err err = {0};
	struct git git;

	(void)state;
	tree_init(&t);
	assert_ok(git_read(&a, &env, t.path, &git, &err), &err);
	assert_null(git.dir);
	/* a folder of that name is no repository yet: an ancestor may be one */
	tree_mkdir(&t, "sub/.git");
	assert_ok(git_read(&a, &env, tree_path(&t, "sub"), &git, &err), &err);
	assert_null(git.dir);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/main\n");
	check(&t, "sub", NULL, NULL, "main");
	assert_int_equal(git_read(&a, &env, tree_path(&t, "missing"), &git, &err), -1);
	assert_err(&err, ERR_SYS, "missing");
}

static void
i_14_linked_worktree(void **state)
{
	cleanup_tree struct tree t = {0};
	cleanup_arena struct arena a = {0};
	const struct env env = {0};
	struct err err = {0};
	struct git git;

	(void)state;
	tree_init(&t);
	tree_write(&t, "repo/.git/HEAD", "ref: refs/heads/main\n");
	tree_write(&t, "repo/.git/refs/heads/main", C1 "\n");
	tree_write(&t, "repo/.git/packed-refs", C2 " refs/heads/feature\n");
	tree_write(&t, "repo/.git/config", "[remote \"origin\"]\nurl = https://t:x@h/g/app.git\n");
	tree_write(&t, "repo/.git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n");
	tree_write(&t, "repo/.git/worktrees/wt/HEAD", "ref: refs/heads/feature\n");
	tree_write(&t, "repo/.git/worktrees/wt/commondir", "../..\n");
	tree_write(&t, "wt/.git", "gitdir: %s/repo/.git/worktrees/wt\n", t.path);
	tree_mkdir(&t, "wt/deep");
	check(&t, "wt/deep", NULL, C2, "feature");
	check(&t, "repo", NULL, C1, "main");
	assert_ok(git_read(&a, &env, tree_path(&t, "wt/deep"), &git, &err), &err);
	assert_str(str_from(git.origin), "https://h/g/app.git");
	assert_str(str_from(git.default_branch), "trunk");
	assert_str(str_from(git.work_tree), tree_path(&t, "wt"));
	/* relative, as worktrees can be made since git 2.48; the main repository is gone */
	tree_write(&t, "wt/.git", "gitdir: ../repo/.git/worktrees/wt\n");
	check(&t, "wt", NULL, C2, "feature");
	tree_write(&t, "wt/.git", "gitdir: ../gone/.git/worktrees/wt\n");
	check_fails(&t, "wt", ERR_CONFIG, "which is no git directory");
	tree_write(&t, "wt/.git", "nonsense\n");
	check_fails(&t, "wt", ERR_CONFIG, "is no file that points");
	tree_write(&t, "wt/.git", "gitdir: ");
	check_fails(&t, "wt", ERR_CONFIG, "is no file that points");
}

static void
submodule(void **state)
{
	cleanup_tree struct tree t = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/main\n");
	tree_write(&t, ".git/modules/lib/HEAD", C2 "\n");
	tree_write(&t, "lib/.git", "gitdir: ../.git/modules/lib\n");
	check(&t, "lib", NULL, C2, NULL);
}

static void
symbolic_refs(void **state)
{
	cleanup_tree struct tree t = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/alias\n");
	tree_write(&t, ".git/refs/heads/alias", "ref: refs/heads/main\n");
	tree_write(&t, ".git/refs/heads/main", C1 "\n");
	check(&t, ".", NULL, C1, "main");
	tree_write(&t, ".git/refs/heads/main", "ref: refs/heads/alias\n");
	check_fails(&t, ".", ERR_CONFIG, "points in circles");
	/* HEAD as a symbolic link, to a ref that is there and to one that is not yet */
	assert_int_equal(unlink(tree_path(&t, ".git/HEAD")), 0);
	tree_link(&t, ".git/HEAD", "refs/heads/old");
	check(&t, ".", NULL, NULL, "old");
	tree_write(&t, ".git/refs/heads/old", C2 "\n");
	check(&t, ".", NULL, C2, "old");
}

static void
git_dir_variables(void **state)
{
	cleanup_tree struct tree t = {0};
	const char *relative[] = {"GIT_DIR=../repo.git", NULL};
	const char *common[] = {"GIT_DIR=../wt", "GIT_COMMON_DIR=../repo.git", NULL};
	const char *wrong[] = {"GIT_DIR=nowhere", NULL};
	cleanup_arena struct arena a = {0};
	struct env env = {wrong};
	struct err err = {0};
	struct git git;

	(void)state;
	tree_init(&t);
	tree_write(&t, "repo.git/HEAD", "ref: refs/heads/main\n");
	tree_write(&t, "repo.git/refs/heads/main", C1 "\n");
	tree_write(&t, "repo.git/refs/heads/x", C2 "\n");
	tree_write(&t, "wt/HEAD", "ref: refs/heads/x\n");
	tree_write(&t, "src/.git/HEAD", C2 "\n");
	check(&t, "src", relative, C1, "main");
	check(&t, "src", common, C2, "x");
	assert_int_equal(git_read(&a, &env, tree_path(&t, "src"), &git, &err), -1);
	assert_err(&err, ERR_CONFIG, "GIT_DIR names");
	/* a file that points there is as good */
	tree_write(&t, "repo.git.link", "gitdir: repo.git\n");
	env.vars = (const char *const[]){"GIT_DIR=../repo.git.link", "GIT_WORK_TREE=.", NULL};
	assert_ok(git_read(&a, &env, tree_path(&t, "src"), &git, &err), &err);
	assert_str(str_from(git.branch), "main");
	assert_non_null(git.work_tree);
}

static void
broken_repositories(void **state)
{
	cleanup_tree struct tree t = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/main\n");
	tree_write(&t, ".git/refs/heads/main", "%s", "");
	check_fails(&t, ".", ERR_CONFIG, "is broken");
	tree_write(&t, ".git/refs/heads/main", "11111");
	check_fails(&t, ".", ERR_CONFIG, "is broken");
	tree_write(&t, ".git/HEAD", "ref: refs/../../../../etc/passwd\n");
	check_fails(&t, ".", ERR_CONFIG, "is broken");
	tree_write(&t, ".git/HEAD", "%s", "");
	check_fails(&t, ".", ERR_CONFIG, "is broken");
	/* a broken configuration tells no origin, and is no reason to fail */
	tree_write(&t, ".git/HEAD", C1 "\n");
	tree_write(&t, ".git/config", "[remote \"origin\nurl = x");
	check(&t, ".", NULL, C1, NULL);
	/* a file beyond the cap: no need for real bytes */
	assert_int_equal(truncate(tree_path(&t, ".git/config"), 17 * 1024 * 1024), 0);
	check_fails(&t, ".", ERR_LIMIT, "config");
}

static void
reftable_is_named(void **state)
{
	cleanup_tree struct tree t = {0};

	(void)state;
	tree_init(&t);
	tree_write(&t, ".git/HEAD", "ref: refs/heads/.invalid\n");
	check_fails(&t, ".", ERR_CONFIG, "reftable");
	tree_write(&t, ".git/config", "[extensions]\n\trefStorage = reftable\n");
	check_fails(&t, ".", ERR_CONFIG, "reftable");
	tree_write(&t, ".git/config", "[extensions]\n\trefStorage = files\n");
	tree_write(&t, ".git/HEAD", C1 "\n");
	check(&t, ".", NULL, C1, NULL);
}

/* ---- the same with the real thing ---- */

/* Runs a shell command in the tree with nothing of this machine's git configuration; its first
 * line. */
static char *
run(const struct tree *t, const char *command, char *line, size_t size)
{
	char text[4096];
	FILE *out;
	int pipes[2], status;
	pid_t pid;

	snprintf(text, sizeof(text),
		"cd '%s' && export GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent "
		"GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a "
		"GIT_COMMITTER_EMAIL=a@b && %s",
		t->path, command);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_that(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0) {
		dup2(pipes[1], 1);
		close(pipes[0]);
		close(pipes[1]);
		execl("/bin/sh", "sh", "-ec", text, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	out = fdopen(pipes[0], "r");
	assert_non_null(out);
	if (!fgets(line, (int)size, out))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	while (fgetc(out) != EOF)
		;
	fclose(out);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_that(status == 0, "'%s' failed: is git installed (package git)?", command);
	return line;
}

static void
i_12_real_git(void **state)
{
	static const struct {
		const char *row, *command, *below, *branch;
	} rows[] = {
		{"init", "git init -q -b main r && cd r && git commit -q --allow-empty -m 1", "r",
			"main"},
		{"branch",
			"cd r && git checkout -q -b feature/x && git commit -q --allow-empty -m "
			"2",
			"r", "feature/x"},
		{"packed", "cd r && git tag -a -m t v1 && git pack-refs --all", "r", "feature/x"},
		{"worktree", "cd r && git worktree add -q ../wt -b side", "wt", "side"},
		{"packed, seen from the worktree", "cd r && git pack-refs --all && cd ../wt", "wt",
			"side"},
		{"clone", "git clone -q r c && cd c", "c", "feature/x"},
		{"detached", "cd c && git checkout -q --detach", "c", NULL},
		{"submodule",
			"cd r && git -c protocol.file.allow=always submodule --quiet add ../c lib "
			"&& cd lib && git checkout -q -B inner",
			"r/lib", "inner"},
		{"sha256",
			"git init -q -b main --object-format=sha256 s && cd s && git commit -q "
			"--allow-empty -m 1",
			"s", "main"},
	};
	cleanup_tree struct tree t = {0};
	char command[2048], line[256];
	size_t i;

	(void)state;
	tree_init(&t);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(command, sizeof(command), "{ %s; } 1>&2; git rev-parse HEAD",
			rows[i].command);
		run(&t, command, line, sizeof(line));
		check(&t, rows[i].below, NULL, line, rows[i].branch);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_values),
		cmocka_unit_test(addresses),
		cmocka_unit_test(ref_files),
		cmocka_unit_test(packed_refs),
		cmocka_unit_test(i_11_branch_from_a_subdirectory),
		cmocka_unit_test(i_15_detached_head_is_no_branch),
		cmocka_unit_test(i_13_no_commit_no_repository),
		cmocka_unit_test(i_14_linked_worktree),
		cmocka_unit_test(submodule),
		cmocka_unit_test(symbolic_refs),
		cmocka_unit_test(git_dir_variables),
		cmocka_unit_test(broken_repositories),
		cmocka_unit_test(reftable_is_named),
		cmocka_unit_test(i_12_real_git),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
