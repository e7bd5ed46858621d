#include "cmd/program.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* the usual default begins with the current folder, which no image wants */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* 0 or an errno */
static int
try_file(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return EACCES;
	return 0;
}

static char *
join(struct str folder, const char *word)
{
	if (folder.len == 0)
		return xasprintf("./%s", word);
	return xasprintf(STR_FMT "/%s", STR_ARG(folder), word);
}

int
program_find(const struct env *env, const char *word, char **path, struct err *err)
{
	const char *value = env_get(env, "PATH");
	struct str rest = str_from(value ? value : DEFAULT_PATH), folder;
	int rc, reason = ENOENT;

	*path = NULL;
	if (strchr(word, '/')) {
		rc = try_file(word);
		if (rc)
			return err_errno(err, ERR_SYS, rc, "run '%s'", word);
		*path = xstrdup(word);
		return 0;
	}
	while (*word && str_next(&rest, ':', &folder)) {
		cleanup_free char *candidate = join(folder, word);

		rc = try_file(candidate);
		if (rc == 0) {
			*path = steal_ptr(&candidate);
			return 0;
		}
		if (rc == EACCES)
			reason = EACCES;
	}
	return err_errno(err, ERR_SYS, reason, "run '%s'", word);
}

int
program_exec(const char *path, char **argv, struct err *err)
{
	/* ours is to ignore it, which the program would inherit */
	signal(SIGPIPE, SIG_DFL);
	execv(path, argv);
	return err_sys(err, "run '%s'", argv[0]);
}

bool
is_shell(const char *word)
{
	const char *slash = strrchr(word, '/'), *name = slash ? slash + 1 : word;

	return strcmp(name, "sh") == 0 || strcmp(name, "bash") == 0;
}

bool
is_runner_script(const struct env *env, int argc, char **argv)
{
	return argc >= 3 && is_shell(argv[0]) && strcmp(argv[1], "-c") == 0 &&
	       env_has(env, "GITLAB_CI");
}

/*
 * The runner starts the container once for the script and once more for
 * after_script, told apart only by the status that the job has by then.
 */
bool
is_after_script(const struct env *env)
{
	return env_is(env, "CI_JOB_STATUS", "success") || env_is(env, "CI_JOB_STATUS", "failed") ||
	       env_is(env, "CI_JOB_STATUS", "canceled");
}
