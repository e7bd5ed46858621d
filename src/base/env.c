#include "base/env.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *
env_raw(const struct env *env, const char *name)
{
	size_t len = strlen(name);
	const char *const *v;

	for (v = env->vars; v && *v; v++)
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
			return *v + len + 1;
	return NULL;
}

const char *
env_get(const struct env *env, const char *name)
{
	const char *value = env_raw(env, name);

	return value && *value ? value : NULL;
}

bool
env_has(const struct env *env, const char *name)
{
	return env_get(env, name) != NULL;
}

bool
env_is(const struct env *env, const char *name, const char *value)
{
	const char *have = env_get(env, name);

	return have && strcasecmp(have, value) == 0;
}

bool
env_true(const struct env *env, const char *name)
{
	return env_is(env, name, "true") || env_is(env, name, "1") || env_is(env, name, "yes") ||
	       env_is(env, name, "on");
}
