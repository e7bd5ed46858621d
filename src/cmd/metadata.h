/* Buildkite's meta-data: values of a build that its later steps can ask for. */
#ifndef CMD_METADATA_H
#define CMD_METADATA_H

#include <stdbool.h>

struct env;
struct err;
struct https;

/* Whether this is a job of Buildkite that may set them: it has an id and a token. */
bool metadata_is_there(const struct env *env);
/*
 * Sets one, through the API of Buildkite's agents, version 3: POST
 * jobs/ID/data/set. Values must not be empty, says that API. ERR_REMOTE when it
 * refuses, and what https->send fails with.
 */
int metadata_set(struct https *https, const struct env *env, const char *key, const char *value,
	struct err *err);

#endif
