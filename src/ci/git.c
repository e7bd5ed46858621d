#include "ci/git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"
#include "ci/gitconfig.h"
#include "ci/gitrefs.h"
#include "ci/giturl.h"

enum { SYMREF_DEPTH = 5 }; /* as git: SYMREF_MAXDEPTH */

struct repo {
	struct arena *a;
	struct git *git;
	struct buf packed; /* packed-refs, read when first needed */
	bool packed_read;
};

static void
repo_release(struct repo *r)
{
	buf_release(&r->packed);
}

static const char *
join(struct arena *a, const char *base, const char *path)
{
	return path[0] == '/' ? arena_cstr(a, path) : arena_fmt(a, "%s/%s", base, path);
}

/* Reads a file that may be missing: a directory in its place, or a file as its parent, is
 * "missing". */
static int
read_if_there(const char *path, struct buf *out, bool *there, struct err *err)
{
	struct err why = {0};

	buf_reset(out);
	*there = true;
	if (file_read(AT_FDCWD, path, LIMIT_GIT_FILE, out, &why) == 0)
		return 0;
	*there = false;
	if (why.kind == ERR_SYS &&
		(why.code == ENOENT || why.code == ENOTDIR || why.code == EISDIR))
		return 0;
	if (err)
		*err = why;
	return -1;
}

/* ---- where the repository is ---- */

static bool
is_git_dir(struct arena *a, const char *path)
{
	struct stat st;

	/* HEAD may be a symbolic link to a ref that does not exist yet */
	return lstat(join(a, path, "HEAD"), &st) == 0 && !S_ISDIR(st.st_mode);
}

/* A .git file: "gitdir: PATH", relative to the folder that holds the file. */
static int
follow_file(
	struct arena *a, const char *folder, const char *file, const char **dir, struct err *err)
{
	cleanup_buf struct buf text = {0};
	struct str s;
	bool there;

	if (read_if_there(file, &text, &there, err))
		return -1;
	s = buf_view(&text);
	while (s.len && (s.s[s.len - 1] == '\n' || s.s[s.len - 1] == '\r'))
		s.len--;
	if (!str_take(&s, STR("gitdir: ")) || !s.len || str_find(s, '\0') >= 0)
		return err_set(
			err, ERR_CONFIG, "'%s' is no file that points to a git directory", file);
	*dir = join(a, folder, arena_str(a, s));
	if (is_git_dir(a, *dir))
		return 0;
	err_set(err, ERR_CONFIG, "'%s' points to '%s', which is no git directory", file, *dir);
	return err_hint(
		err, "a linked worktree or submodule needs its main repository: mount that too");
}

/* Up from start: *dir stays NULL when there is none. A .git that is no repository is passed over.
 */
static int
search_up(struct arena *a, const char *start, struct git *git, struct err *err)
{
	cleanup_free char *real = realpath(start, NULL);
	char *slash;

	if (!real)
		return err_sys(err, "find the folder '%s'", start);
	for (;;) {
		const char *path = join(a, real, ".git");
		struct stat st;

		if (stat(path, &st) == 0) {
			if (S_ISREG(st.st_mode) && follow_file(a, real, path, &git->dir, err))
				return -1;
			if (S_ISDIR(st.st_mode) && is_git_dir(a, path))
				git->dir = path;
		}
		if (git->dir) {
			git->work_tree = arena_cstr(a, real);
			return 0;
		}
		slash = strrchr(real, '/');
		if (!slash || !slash[1])
			return 0;
		slash[slash == real ? 1 : 0] = '\0';
	}
}

static int
find(struct arena *a, const struct env *env, const char *start, struct git *git, struct err *err)
{
	const char *given = env_get(env, "GIT_DIR"), *tree = env_get(env, "GIT_WORK_TREE");
	struct stat st;

	if (!given)
		return search_up(a, start, git, err);
	git->dir = join(a, start, given);
	git->work_tree = tree ? join(a, start, tree) : NULL;
	if (stat(git->dir, &st) == 0 && S_ISREG(st.st_mode)) {
		const char *slash = strrchr(git->dir, '/');
		struct str folder = str_n(git->dir, (size_t)(slash - git->dir));

		return follow_file(a, arena_str(a, folder), git->dir, &git->dir, err);
	}
	if (is_git_dir(a, git->dir))
		return 0;
	return err_set(err, ERR_CONFIG, "GIT_DIR names '%s', which is no git directory", git->dir);
}

static int
find_common(
	struct arena *a, const struct env *env, const char *start, struct git *git, struct err *err)
{
	cleanup_buf struct buf text = {0};
	const char *given = env_get(env, "GIT_COMMON_DIR");
	struct str s;
	bool there;

	git->common = git->dir;
	if (given) {
		git->common = join(a, start, given);
		return 0;
	}
	if (read_if_there(join(a, git->dir, "commondir"), &text, &there, err))
		return -1;
	s = str_trim(buf_view(&text));
	if (there && s.len)
		git->common = join(a, git->dir, arena_str(a, s));
	return 0;
}

/* ---- refs ---- */

/* Refs that every worktree has for itself, gitrepository-layout(5). */
static bool
is_per_worktree(struct str name)
{
	return !str_starts(name, STR("refs/")) || str_starts(name, STR("refs/bisect/")) ||
	       str_starts(name, STR("refs/worktree/")) || str_starts(name, STR("refs/rewritten/"));
}

/* A ref that is a symbolic link, as git made HEAD before 2005 and still reads it. */
static bool
read_link(struct repo *r, const char *path, struct gitref *out)
{
	char target[LIMIT_PATH];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n <= 0 || (size_t)n >= sizeof(target) || !gitref_is_name(str_n(target, (size_t)n)))
		return false;
	out->target = arena_str(r->a, str_n(target, (size_t)n));
	return true;
}

static int
read_packed(struct repo *r, const char *name, struct gitref *out, struct err *err)
{
	bool there;

	if (!r->packed_read) {
		if (read_if_there(
			    join(r->a, r->git->common, "packed-refs"), &r->packed, &there, err))
			return -1;
		r->packed_read = true;
	}
	out->commit = gitref_packed(r->a, buf_view(&r->packed), name);
	return 0;
}

/* One step: a commit, a target, or neither when there is no such ref. */
static int
read_ref(struct repo *r, const char *name, struct gitref *out, struct err *err)
{
	cleanup_buf struct buf text = {0};
	bool own = is_per_worktree(str_from(name)), there;
	const char *path = join(r->a, own ? r->git->dir : r->git->common, name);

	*out = (struct gitref){0};
	if (read_link(r, path, out))
		return 0;
	if (read_if_there(path, &text, &there, err))
		return -1;
	if (!there)
		return own ? 0 : read_packed(r, name, out, err);
	if (gitref_parse(r->a, buf_view(&text), out) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, "the git ref '%s' is broken", path);
}

/* Follows name to its end: the commit, or NULL when it has none yet, and the last ref's name. */
static int
resolve(struct repo *r, const char *name, const char **commit, const char **last, struct err *err)
{
	struct gitref ref;
	int depth;

	*commit = NULL;
	*last = name;
	for (depth = 0; depth <= SYMREF_DEPTH; depth++) {
		if (read_ref(r, *last, &ref, err))
			return -1;
		*commit = ref.commit;
		if (!ref.target)
			return 0;
		*last = ref.target;
	}
	return err_set(
		err, ERR_CONFIG, "the git ref '%s' in '%s' points in circles", name, r->git->dir);
}

/* ---- what is read ---- */

static int
refuse_reftable(struct err *err, const char *dir)
{
	err_set(err, ERR_CONFIG,
		"the git repository '%s' keeps its refs as reftable, which is not "
		"understood here",
		dir);
	return err_hint(err, "set your CI system's variables for commit and branch, or run "
			     "'git refs migrate --ref-format=files'");
}

static int
read_config(struct repo *r, struct err *err)
{
	cleanup_buf struct buf text = {0};
	const char *storage;
	bool there;

	if (read_if_there(join(r->a, r->git->common, "config"), &text, &there, err))
		return -1;
	storage = gitconfig_get(r->a, buf_view(&text), "extensions", NULL, "refstorage");
	if (storage && !str_istarts(str_from(storage), STR("files")))
		return refuse_reftable(err, r->git->common);
	r->git->origin = giturl_public(
		r->a, gitconfig_get(r->a, buf_view(&text), "remote", "origin", "url"));
	return 0;
}

static int
read_head(struct repo *r, struct err *err)
{
	struct git *git = r->git;
	const char *last;
	struct str branch;

	if (resolve(r, "HEAD", &git->commit, &last, err))
		return -1;
	branch = str_from(last);
	if (strcmp(last, "refs/heads/.invalid") == 0)
		return refuse_reftable(err, git->common);
	if (str_take(&branch, STR("refs/heads/")))
		git->branch = arena_str(r->a, branch);
	return 0;
}

/* A hint only: trouble with this ref is no trouble for the run. */
static void
read_default_branch(struct repo *r)
{
	struct gitref ref;
	struct str target;

	if (read_ref(r, "refs/remotes/origin/HEAD", &ref, NULL) || !ref.target)
		return;
	target = str_from(ref.target);
	if (str_take(&target, STR("refs/remotes/origin/")))
		r->git->default_branch = arena_str(r->a, target);
}

int
git_read(struct arena *a, const struct env *env, const char *dir, struct git *out, struct err *err)
{
	CLEANUP(repo_release) struct repo r = {.a = a, .git = out};
	struct git found = {0};

	*out = found;
	if (find(a, env, dir, &found, err))
		return -1;
	if (!found.dir)
		return 0;
	r.git = &found;
	if (find_common(a, env, dir, &found, err) || read_config(&r, err) || read_head(&r, err))
		return err_wrap(err, "read the git repository '%s'", found.dir);
	read_default_branch(&r);
	*out = found;
	return 0;
}
