#include "ci/refname.h"

#include "base/arena.h"
#include "base/str.h"

static bool
is_number(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.len > 0;
}

static bool
drop_suffix(struct str *s, struct str suffix)
{
	if (!str_ends(*s, suffix))
		return false;
	s->len -= suffix.len;
	return true;
}

/* What providers put behind the number: GitHub, Gitea, GitLab; Bitbucket Server. */
static bool
drop_side(struct str *s)
{
	return drop_suffix(s, STR("/merge")) || drop_suffix(s, STR("/head")) ||
	       drop_suffix(s, STR("/from"));
}

/* The number in a name that can only be a pull request's, else an empty text. */
static struct str
pull_number(struct str s)
{
	bool side = drop_side(&s), prefix;

	str_take(&s, STR("refs/"));
	if (str_take(&s, STR("remotes/")))
		str_take(&s, STR("origin/"));
	prefix = str_take(&s, STR("pull/")) || str_take(&s, STR("pr/")) ||
		 str_take(&s, STR("merge-requests/")) || str_take(&s, STR("pull-requests/")) ||
		 str_take(&s, STR("PR-")) || str_take(&s, STR("MR-"));
	return (side || prefix) && is_number(s) ? s : str_n("", 0);
}

/* gh-readonly-queue/<base>/pr-<number>-<commit> */
static bool
parse_queue(struct arena *a, struct str name, struct refname *out)
{
	struct str rest = name, number, last;
	ptrdiff_t slash;

	if (!str_take(&rest, STR("gh-readonly-queue/")))
		return false;
	slash = str_rfind(rest, '/');
	if (slash <= 0)
		return false;
	last = str_from_off(rest, (size_t)slash + 1);
	if (!str_take(&last, STR("pr-")) || !str_cut(&last, '-', &number) || !is_number(number))
		return false;
	out->kind = REFNAME_QUEUE;
	out->name = arena_str(a, name);
	out->number = arena_str(a, number);
	out->base = arena_str(a, str_first(rest, (size_t)slash));
	return true;
}

struct refname
refname_parse(struct arena *a, const char *text)
{
	struct refname out = {0};
	struct str s = str_from(text), number = pull_number(s);

	if (number.len) {
		out.kind = REFNAME_PULL;
		out.number = arena_str(a, number);
		return out;
	}
	if (str_take(&s, STR("refs/tags/"))) {
		out.kind = s.len ? REFNAME_TAG : REFNAME_NONE;
		out.name = arena_str(a, s);
		return out;
	}
	if (!str_take(&s, STR("refs/heads/")) && !str_take(&s, STR("refs/remotes/origin/")) &&
		(str_starts(s, STR("refs/")) || str_is(s, "HEAD")))
		return out;
	if (parse_queue(a, s, &out) || !s.len)
		return out;
	out.kind = REFNAME_BRANCH;
	out.name = arena_str(a, s);
	return out;
}

const char *
refname_number(struct arena *a, const char *text)
{
	struct str s = str_from(text);
	size_t n;

	drop_side(&s);
	for (n = s.len; n && s.s[n - 1] >= '0' && s.s[n - 1] <= '9';)
		n--;
	if (n == s.len)
		return NULL;
	/* "feature2" is no number: one stands alone or behind a separator */
	if (n && s.s[n - 1] != '/' && s.s[n - 1] != '-' && s.s[n - 1] != '#' && s.s[n - 1] != '!')
		return NULL;
	return arena_str(a, str_from_off(s, n));
}
