/*
 * What the CI system (or plain git) says about this run: which commit, branch,
 * tag or pull request is being built, and under which name.
 *
 * Detection is a function of an environment, of the git directory found from a
 * directory upwards, and of the files that the provider's variables name
 * (GITHUB_EVENT_PATH, TEAMCITY_BUILD_PROPERTIES_FILE). Nothing else is read,
 * nothing is run. Variables that are present but empty count as absent.
 */
#ifndef CI_CI_H
#define CI_CI_H

struct arena;
struct env;
struct err;
struct log;

/* A pull or merge request that is being built. Every field may be NULL: the fact alone counts. */
struct ci_pull {
	const char *number; /* as the provider's web pages show it; decimal digits */
	const char *head;   /* source branch, may be a fork's; Buildkite: maybe "owner:branch" */
	const char *base;   /* target branch */
	const char *head_commit; /* 40 or 64 lower-case hex digits: tip of the source branch */
};

/*
 * Strings live in the arena or are constants; NULL means unknown.
 *
 * One of these shapes is reported, the first that there is any sign of:
 *   pull != NULL    a pull request run. tag is NULL; branch is the source branch or NULL and gives
 *                   no right to 'latest' or a branch's tag: it may be a fork's "main"
 *   tag != NULL     a run for a git tag. branch is NULL
 *   branch != NULL  a run for a branch
 *   none            detached checkout, and nobody told us more
 */
struct ci {
	const char *provider; /* lower-case id, never NULL: "gitlab", ..., "unknown", "none" */
	const char *title;    /* name for people, never NULL: "Gitlab", "Azure", ..., "none" */
	/*
	 * push, tag, pull_request, merge_group, schedule, manual, api, trigger (by another
	 * pipeline), release, deployment; the provider's own word where none of these fits.
	 */
	const char *event;
	const char *job_url;
	const char *source; /* commit_source and branch_source, joined by ", " when they differ */

	const char *commit; /* 40 or 64 lower-case hex digits: what is checked out */
	const char *branch; /* full short name, "feature/x": no refs/heads/, nothing replaced */
	const char *tag;    /* git tag, no refs/tags/ */
	const struct ci_pull *pull;
	const char *commit_source; /* the variable, or "git"; NULL exactly when commit is */
	const char *branch_source; /* of branch, of tag, or of the proof for pull */

	const char *default_branch;      /* what the provider says; NULL: ask the configuration */
	const char *default_branch_hint; /* refs/remotes/origin/HEAD: weaker than configuration */

	const char *repository;     /* "group/project" */
	const char *repository_url; /* see giturl_public(): no password in it */
	const char *server_url;     /* "https://gitlab.example.com", no slash at the end */
	const char *name;           /* for the image, case kept; NULL: use the directory's name */
	const char *actor;          /* who caused the run */
	const char *created;        /* time of the commit, RFC 3339 */
};

/*
 * Fills *out for the checkout that holds dir. Finding neither CI nor repository is
 * no error: out->commit and out->branch are NULL then.
 *
 * Errors: ERR_CONFIG when BUILDTOOLS_CI names no provider, or when no variable
 * tells the commit and the repository is there but cannot be understood (reftable,
 * broken refs); ERR_SYS when it cannot be read. Lesser trouble goes to log.
 */
int ci_detect(struct arena *a, const struct env *env, const char *dir, struct log *log,
	struct ci *out, struct err *err);

#endif
