#include "ci/giturl.h"

#include "base/arena.h"
#include "base/str.h"

struct giturl {
	struct str scheme; /* empty for the scp form */
	struct str user;   /* without password; may be empty */
	struct str host;   /* with port */
	struct str path;   /* no query, no slash at the end */
};

static struct str
trim_end(struct str s)
{
	while (s.len && s.s[s.len - 1] == '/')
		s.len--;
	return s;
}

static struct str
trim_slashes(struct str s)
{
	while (s.len && s.s[0] == '/')
		s = str_from_off(s, 1);
	return trim_end(s);
}

static bool
split_authority(struct giturl *u, struct str authority)
{
	ptrdiff_t at = str_rfind(authority, '@');
	struct str user = str_first(authority, at < 0 ? 0 : (size_t)at);

	u->host = str_from_off(authority, at < 0 ? 0 : (size_t)at + 1);
	if (!str_cut(&user, ':', &u->user))
		u->user = user;
	return u->host.len > 0;
}

static bool
split_scp(struct giturl *u, struct str text)
{
	struct str authority;

	if (!str_cut(&text, ':', &authority) || str_find(authority, '/') >= 0)
		return false;
	/* "user:password@host:path" is no form of git's, and would show the password */
	if (str_find(text, '@') >= 0)
		return false;
	u->path = trim_end(text);
	return split_authority(u, authority);
}

static bool
split(struct giturl *u, const char *url)
{
	struct str text = str_from(url);
	ptrdiff_t at = str_search(text, STR("://"));
	size_t i, end = 0;

	*u = (struct giturl){0};
	for (i = 0; i < text.len; i++)
		if (text.s[i] <= ' ' || text.s[i] == 0x7f)
			return false;
	if (at < 0)
		return split_scp(u, text);
	u->scheme = str_first(text, (size_t)at);
	text = str_from_off(text, (size_t)at + 3);
	while (end < text.len && text.s[end] != '/' && text.s[end] != '?' && text.s[end] != '#')
		end++;
	if (!u->scheme.len || !split_authority(u, str_first(text, end)))
		return false;
	text = str_from_off(text, end);
	for (end = 0; end < text.len && text.s[end] != '?' && text.s[end] != '#';)
		end++;
	u->path = trim_end(str_first(text, end));
	return true;
}

const char *
giturl_public(struct arena *a, const char *url)
{
	struct giturl u;
	bool http;

	if (!url || !split(&u, url))
		return NULL;
	if (!u.scheme.len)
		return arena_fmt(a, STR_FMT "%s" STR_FMT ":" STR_FMT, STR_ARG(u.user),
			u.user.len ? "@" : "", STR_ARG(u.host), STR_ARG(u.path));
	http = str_iis(u.scheme, "http") || str_iis(u.scheme, "https");
	if (http)
		u.user = str_n("", 0);
	return arena_fmt(a, STR_FMT "://" STR_FMT "%s" STR_FMT STR_FMT, STR_ARG(u.scheme),
		STR_ARG(u.user), u.user.len ? "@" : "", STR_ARG(u.host), STR_ARG(u.path));
}

const char *
giturl_slug(struct arena *a, const char *url)
{
	struct giturl u;

	if (!url || !split(&u, url))
		return NULL;
	if (str_ends(u.path, STR(".git")))
		u.path.len -= 4;
	u.path = trim_slashes(u.path);
	return u.path.len ? arena_str(a, u.path) : NULL;
}

const char *
giturl_last(struct arena *a, const char *path)
{
	struct str s = trim_slashes(str_from(path));
	ptrdiff_t slash = str_rfind(s, '/');

	s = str_from_off(s, slash < 0 ? 0 : (size_t)slash + 1);
	return s.len ? arena_str(a, s) : NULL;
}
