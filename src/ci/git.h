/*
 * Reads what HEAD means straight from the files of a git repository (no git
 * program, no check of who owns them): gitrepository-layout(5), gitglossary(7).
 *
 * Knows .git directories and "gitdir:" files, linked worktrees, submodules,
 * loose and packed refs, symbolic refs, detached HEAD, SHA-1 and SHA-256.
 * Objects are not opened. Every file read is capped by LIMIT_GIT_FILE.
 */
#ifndef CI_GIT_H
#define CI_GIT_H

struct arena;
struct env;
struct err;

/* Strings live in the arena; NULL means unknown. dir is NULL when there is no repository. */
struct git {
	const char *dir;       /* the git directory: HEAD */
	const char *common;    /* refs and config; equals dir unless in a linked worktree */
	const char *work_tree; /* top of the checkout; NULL when GIT_DIR alone is set */
	const char *commit; /* HEAD resolved, 40 or 64 hex digits; NULL before the first commit */
	const char *branch; /* short name HEAD points to; NULL when detached */
	const char *origin; /* address of the remote "origin", see giturl_public() */
	const char *default_branch; /* refs/remotes/origin/HEAD, without "origin/" */
};

/*
 * Looks in dir and its ancestors, or where GIT_DIR (relative to dir) says. No
 * repository is no error. ERR_CONFIG: files that make no sense, a reftable
 * repository, a "gitdir:" that leads nowhere; ERR_SYS: unreadable; ERR_LIMIT.
 */
int git_read(
	struct arena *a, const struct env *env, const char *dir, struct git *out, struct err *err);

#endif
