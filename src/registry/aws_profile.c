#include "registry/aws_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"

static void
add(struct arena *a, struct aws_profiles *p, struct aws_setting s)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 16;
		struct aws_setting *items = arena_new(a, struct aws_setting, cap);

		if (p->n)
			memcpy(items, p->items, p->n * sizeof(*items));
		p->items = items;
		p->cap = cap;
	}
	p->items[p->n++] = s;
}

static struct str
unquoted(struct str s)
{
	s = str_trim(s);
	if (s.len >= 2 && (s.s[0] == '"' || s.s[0] == '\'') && s.s[s.len - 1] == s.s[0])
		s = str_n(s.s + 1, s.len - 2);
	return s;
}

/* False for sections that are no profiles. */
static bool
section_profile(struct str section, bool config, struct str *profile)
{
	struct str rest = str_trim(section);

	if (!config || str_is(rest, "default")) {
		*profile = rest;
		return true;
	}
	if (!str_take(&rest, STR("profile")) || rest.len == 0 ||
		(rest.s[0] != ' ' && rest.s[0] != '\t'))
		return false;
	*profile = unquoted(rest);
	return true;
}

int
aws_profiles_parse(struct arena *a, const char *name, struct str text, bool config,
	struct aws_profiles *p, struct err *err)
{
	struct str rest = text, line, key, profile = {0};
	bool wanted = false;
	unsigned number;

	for (number = 1; str_line(&rest, &line); number++) {
		struct str bare = str_trim(line);

		if (bare.len == 0 || bare.s[0] == '#' || bare.s[0] == ';')
			continue;
		if (bare.s[0] == '[') {
			ptrdiff_t end = str_find(bare, ']');

			if (end < 0)
				return err_set(err, ERR_CONFIG, "'%s' line %u: no ']' behind '['",
					name, number);
			wanted = section_profile(
				str_n(bare.s + 1, (size_t)end - 1), config, &profile);
			if (wanted)
				add(a, p, (struct aws_setting){.profile = profile});
		} else if (line.s[0] != ' ' && line.s[0] != '\t') {
			if (!str_cut(&bare, '=', &key))
				return err_set(err, ERR_CONFIG, "'%s' line %u: no 'KEY = VALUE'",
					name, number);
			if (wanted)
				add(a, p,
					(struct aws_setting){
						profile, str_trim(key), str_trim(bare)});
		}
	}
	return 0;
}

/* *path is NULL afterwards when there is no such file. */
static int
load(const char **path, struct buf *text, struct err *err)
{
	struct err why = {0};

	/* room for all that is usual, so that no copy of a key stays behind */
	buf_reserve(text, 64 * 1024 - 1, NULL);
	if (file_read(AT_FDCWD, *path, LIMIT_CONFIG, text, &why) == 0)
		return 0;
	if (why.kind == ERR_SYS && (why.code == ENOENT || why.code == ENOTDIR)) {
		*path = NULL;
		return 0;
	}
	if (why.kind == ERR_SYS)
		why.kind = ERR_CONFIG;
	if (err)
		*err = why;
	return -1;
}

static const char *
path_of(struct arena *a, const struct env *env, const char *variable, const char *name)
{
	const char *home = env_get(env, "HOME");

	if (env_get(env, variable))
		return env_get(env, variable);
	return home ? arena_fmt(a, "%s/.aws/%s", home, name) : NULL;
}

int
aws_profiles_load(struct arena *a, const struct env *env, struct aws_profiles *p, struct err *err)
{
	p->config_path = path_of(a, env, "AWS_CONFIG_FILE", "config");
	p->credentials_path = path_of(a, env, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
	if (p->config_path && load(&p->config_path, &p->config, err))
		return -1;
	if (p->credentials_path && load(&p->credentials_path, &p->credentials, err))
		return -1;
	if (p->config_path &&
		aws_profiles_parse(a, p->config_path, buf_view(&p->config), true, p, err))
		return -1;
	if (p->credentials_path && aws_profiles_parse(a, p->credentials_path,
					   buf_view(&p->credentials), false, p, err))
		return -1;
	return 0;
}

void
aws_profiles_release(struct aws_profiles *p)
{
	buf_wipe(&p->config);
	buf_wipe(&p->credentials);
	*p = (struct aws_profiles){0};
}

bool
aws_profile_exists(const struct aws_profiles *p, const char *profile)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (str_is(p->items[i].profile, profile))
			return true;
	return false;
}

struct str
aws_profile_get(const struct aws_profiles *p, const char *profile, const char *key)
{
	size_t i;

	for (i = p->n; i-- > 0;)
		if (str_iis(p->items[i].key, key) && str_is(p->items[i].profile, profile))
			return p->items[i].value;
	return (struct str){0};
}

const char *
aws_profile_name(const struct env *env)
{
	const char *name = env_get(env, "AWS_PROFILE");

	if (!name)
		name = env_get(env, "AWS_DEFAULT_PROFILE");
	return name ? name : "default";
}
