/*
 * What is known of each CI system, as data. Private to this room.
 */
#ifndef CI_PROVIDERS_H
#define CI_PROVIDERS_H

#include <stddef.h>

struct env;

/* A file that a provider's environment names and that holds more than the environment. */
enum provider_file {
	PROVIDER_FILE_NONE,
	PROVIDER_FILE_EVENT,     /* GITHUB_EVENT_PATH: names "event.*" */
	PROVIDER_FILE_PROPERTIES /* TeamCity's parameters: dotted names */
};

/*
 * The fields marked (c) are conditions, all others are alternatives, both in the
 * language of ci/vars.h. NULL: the provider does not tell.
 */
struct provider {
	const char *id, *title;
	const char *marker; /* (c) what only this system sets */
	enum provider_file file;

	const char *commit;
	const char *pull_commit; /* instead of commit, in pull request runs */
	const char *branch;      /* full refs welcome: a tag or a pull request in it is seen */
	const char *tag;

	/* a value other than "false" and "0" proves a pull request, its number is taken from it */
	const char *pull;
	const char *pull_if; /* (c) proves one without a number */
	const char *head, *base, *head_commit;

	const char *default_branch;
	const char *is_default; /* (c) the branch being built is the default branch */

	const char *event, *job_url, *actor, *created;
	const char *repository, *repository_url, *server_url;
	const char *name; /* last resort: the last element of the repository */
};

/* Never NULL: "unknown" and "none" are providers too. */
const struct provider *provider_detect(const struct env *env);
/* NULL when there is no such id. */
const struct provider *provider_by_id(const char *id);
/* In the order of detection; NULL behind the last one. */
const struct provider *provider_at(size_t i);

#endif
