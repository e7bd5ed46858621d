/*
 * The environment as a value: read once in main, passed down, so that every
 * decision is a function of it and tests make their own.
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdbool.h>

struct env {
	const char *const *vars; /* "NAME=value", NULL-terminated; borrowed */
};

/* NULL when the variable is absent; may be empty. */
const char *env_raw(const struct env *env, const char *name);
/* NULL when the variable is absent or empty: how CI variables are read. */
const char *env_get(const struct env *env, const char *name);
/* Present and not empty. */
bool env_has(const struct env *env, const char *name);
/* Present and equal, ASCII case ignored. */
bool env_is(const struct env *env, const char *name, const char *value);
/* Words that mean yes: true, yes, 1, on; any case. */
bool env_true(const struct env *env, const char *name);

#endif
