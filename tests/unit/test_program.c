/* cmd/program: what the entrypoint runs for others. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "cmd/program.h"

static char *
put(const char *dir, const char *name, mode_t mode)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	close(fd);
	return path;
}

static void
finding(void **state)
{
	char dir[] = "/tmp/test_program.XXXXXX";
	cleanup_free char *tool = NULL, *data = NULL, *variable = NULL, *path = NULL;
	const char *vars[] = {NULL, NULL};
	struct env env = {vars};
	struct err err = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	tool = put(dir, "tool", 0755);
	data = put(dir, "data", 0644);
	variable = xasprintf("PATH=/nonexistent:%s", dir);
	vars[0] = variable;
	assert_ok(program_find(&env, "tool", &path, &err), &err);
	assert_string_equal(path, tool);
	free_charp(&path);
	path = NULL;
	assert_ok(program_find(&(struct env){0}, tool, &path, &err), &err);
	assert_string_equal(path, tool);
	free_charp(&path);
	path = NULL;
	assert_int_equal(program_find(&env, "absent", &path, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(program_find(&env, "", &path, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(program_find(&env, dir, &path, &err), -1);
	assert_int_equal(err.code, EACCES);
	assert_int_equal(program_find(&env, "data/x", &path, &err), -1);
	assert_int_equal(err.code, ENOENT);
	/* the mode decides for root as well: no execute bit, no execution */
	assert_int_equal(program_find(&env, "data", &path, &err), -1);
	assert_int_equal(err.code, EACCES);
	assert_null(path);
	unlink(tool);
	unlink(data);
	rmdir(dir);
}

static void
failing_to_start(void **state)
{
	char name[] = "x";
	char *argv[] = {name, NULL};
	struct err err = {0};

	(void)state;
	assert_int_equal(program_exec("/nonexistent/x", argv, &err), -1);
	assert_err(&err, ERR_SYS, "run 'x'");
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(program_exec("/etc/passwd", argv, &err), -1);
	assert_int_equal(err.code, EACCES);
}

static void
runner_scripts(void **state)
{
	static const struct {
		const char *name, *variable;
		const char *words[4];
		bool want;
	} rows[] = {
		{"gitlab", "GITLAB_CI=true", {"sh", "-c", "detect"}, true},
		{"gitlab, path", "GITLAB_CI=true", {"/bin/sh", "-c", "detect"}, true},
		{"no CI", "CI=true", {"sh", "-c", "detect"}, false},
		{"no script", "GITLAB_CI=true", {"sh", "-c"}, false},
		{"other word", "GITLAB_CI=true", {"fish", "-c", "detect"}, false},
		{"other flag", "GITLAB_CI=true", {"sh", "-e", "detect"}, false},
	};
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *vars[] = {rows[i].variable, NULL};
		char *argv[4] = {0};

		for (n = 0; rows[i].words[n]; n++)
			argv[n] = xstrdup(rows[i].words[n]);
		assert_row_int(
			rows[i].name, is_runner_script(&(struct env){vars}, n, argv), rows[i].want);
		while (n > 0)
			free(argv[--n]);
	}
}

static void
after_script(void **state)
{
	static const char *const running[] = {"CI_JOB_STATUS=running", NULL};
	static const char *const failed[] = {"CI_JOB_STATUS=failed", NULL};

	(void)state;
	assert_false(is_after_script(&(struct env){0}));
	assert_false(is_after_script(&(struct env){running}));
	assert_true(is_after_script(&(struct env){failed}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finding),
		cmocka_unit_test(failing_to_start),
		cmocka_unit_test(runner_scripts),
		cmocka_unit_test(after_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
