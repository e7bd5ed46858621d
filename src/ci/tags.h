/*
 * Which tags an image gets: the convention (tags_default), or rules in the form
 * of docker/metadata-action (tags_apply). Pure: time and CI data are parameters.
 */
#ifndef CI_TAGS_H
#define CI_TAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct err;
struct log;

/* What is known of the run. NULL or empty is unknown. A pull request beats a tag beats a branch. */
struct tag_facts {
	const char *commit;
	const char *branch;         /* without refs/heads/; of a pull request: its head */
	const char *tag;            /* git tag of a tag run */
	bool is_pull;               /* a pull request run, its number known or not */
	const char *pull_number;    /* "7"; alone it makes a pull request run as well */
	const char *pull_prefix;    /* NULL is "pr-"; GitLab says "mr-" */
	const char *base;           /* branch that a pull request goes into, or a tag was made on */
	const char *default_branch; /* NULL: main and master count */
	const char *event;          /* the provider's word: "push", "schedule", "cron", ... */
	int64_t now;                /* seconds since the epoch */
	int64_t commit_time;        /* the same, of the commit; 0 is unknown */
};

/* Seconds since the epoch of a time in RFC 3339 ("2024-05-06T07:08:09+02:00"), 0 for other text. */
int64_t tags_time(const char *text);

/* The branch is the default branch: facts->default_branch, else main or master. */
bool tags_on_default_branch(const struct tag_facts *facts);

/*
 * Commit; then pr-N, or the git tag, or the branch; then latest, on the default
 * branch only and never for pull requests and tag runs. pull_as_branch ("tags.pr:
 * branch") gives pull requests the tag of their branch, unless that is called
 * like the default branch or the one they go into. A tag that would be empty
 * is left out with a warning (I-18), so is a branch or git tag called latest that
 * is not entitled to it; the branch "HEAD" counts as unknown (I-15). ERR_CONFIG
 * when nothing is left.
 */
int tags_default(struct arena *a, const struct tag_facts *facts, bool pull_as_branch,
	struct log *log, struct strlist *out, struct err *err);

/*
 * rules: "type=semver,pattern={{version}}", ...; flavor: "latest=auto", ...,
 * may be NULL. Tags in order of priority, latest at the end; may be none.
 * Every character that a tag cannot hold becomes '-', as in the original. Values
 * that do not match a rule are no error but warn; ERR_CONFIG names rule and
 * attribute.
 */
int tags_apply(struct arena *a, const struct strlist *rules, const struct strlist *flavor,
	const struct tag_facts *facts, struct log *log, struct strlist *out, struct err *err);

/*
 * ERR_CONFIG when the tag of a stage would overwrite one of the image's own
 * tags, latest, the tag of the default branch, or that of another stage (S-14).
 * stages: the names that are tagged, none of them an export stage.
 */
int tags_check_stages(const struct tag_facts *facts, const struct strlist *tags,
	const struct strlist *stages, struct err *err);

#endif
