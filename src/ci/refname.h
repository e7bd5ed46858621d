/*
 * What CI systems put where a branch is expected: branch names, full ref names,
 * and the many shapes of "this is a pull request". Pure.
 */
#ifndef CI_REFNAME_H
#define CI_REFNAME_H

struct arena;

enum refname_kind {
	REFNAME_NONE,   /* empty, "HEAD", or a ref that is none of these */
	REFNAME_BRANCH, /* name is the short name */
	REFNAME_TAG,    /* name is the short name */
	REFNAME_PULL,   /* number is set */
	REFNAME_QUEUE   /* a merge queue's branch: name, number and base are set */
};

struct refname {
	enum refname_kind kind;
	const char *name, *number, *base;
};

/*
 * refs/heads/X, refs/tags/X, refs/remotes/origin/X, X; refs/pull/N/merge, N/merge,
 * pull/N, pr/N, PR-N, refs/merge-requests/N/head and their like, which are never
 * branches; gh-readonly-queue/BASE/pr-N-COMMIT.
 */
struct refname refname_parse(struct arena *a, const char *text);
/*
 * The number that a pull request variable holds: "7", "pull/7", "refs/pull/7/merge",
 * "https://host/o/r/pull/7", "PR-7". NULL when there is none.
 */
const char *refname_number(struct arena *a, const char *text);

#endif
