#include "ci/tags.h"

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "ci/tags_expr.h"
#include "image/tag.h"

static bool
has_text(const char *s)
{
	return s && s[0];
}

/* Days since the epoch of a date in the Gregorian calendar; months count from March here. */
static int64_t
days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* Exactly n digits. */
static bool
take_number(struct str *rest, size_t n, int64_t min, int64_t max, int64_t *out)
{
	uint64_t value;

	if (!str_u64(str_first(*rest, n), 10, &value) || rest->len < n || (int64_t)value < min ||
		(int64_t)value > max)
		return false;
	*out = (int64_t)value;
	*rest = str_from_off(*rest, n);
	return true;
}

/* "Z" or "+02:00", as seconds east of UTC. */
static bool
take_zone(struct str *rest, int64_t *seconds)
{
	int64_t h, m, sign = 1;

	*seconds = 0;
	if (str_take(rest, STR("Z")) || str_take(rest, STR("z")))
		return true;
	if (str_take(rest, STR("-")))
		sign = -1;
	else if (!str_take(rest, STR("+")))
		return false;
	if (!take_number(rest, 2, 0, 23, &h) || !str_take(rest, STR(":")) ||
		!take_number(rest, 2, 0, 59, &m))
		return false;
	*seconds = sign * (h * 3600 + m * 60);
	return true;
}

int64_t
tags_time(const char *text)
{
	struct str rest = str_from(text);
	int64_t year, month, day, h, m, s, zone;
	uint64_t fraction;

	if (!take_number(&rest, 4, 1, 9999, &year) || !str_take(&rest, STR("-")) ||
		!take_number(&rest, 2, 1, 12, &month) || !str_take(&rest, STR("-")) ||
		!take_number(&rest, 2, 1, 31, &day) ||
		!(str_take(&rest, STR("T")) || str_take(&rest, STR("t")) ||
			str_take(&rest, STR(" "))) ||
		!take_number(&rest, 2, 0, 23, &h) || !str_take(&rest, STR(":")) ||
		!take_number(&rest, 2, 0, 59, &m) || !str_take(&rest, STR(":")) ||
		!take_number(&rest, 2, 0, 60, &s))
		return 0;
	if (str_take(&rest, STR(".")) && !str_take_u64(&rest, 10, &fraction))
		return 0;
	if (!take_zone(&rest, &zone) || rest.len)
		return 0;
	return days_from_date(year, month, day) * 86400 + h * 3600 + m * 60 + s - zone;
}

static bool
is_default_name(const struct tag_facts *facts, const char *branch)
{
	if (has_text(facts->default_branch))
		return strcmp(branch, facts->default_branch) == 0;
	return strcmp(branch, "main") == 0 || strcmp(branch, "master") == 0;
}

bool
tags_on_default_branch(const struct tag_facts *facts)
{
	return has_text(facts->branch) && is_default_name(facts, facts->branch);
}

/* Adds the tag that a text gives, unless it is there already. */
static void
add_tag(struct arena *a, struct strlist *out, const char *text, const char *what, struct log *log)
{
	char *replaced = tag_branch(a, str_from(text)), *slug;
	bool changed;

	slug = tag_slug(a, str_from(replaced), &changed);
	if (!slug[0]) {
		log_warn(log, "%s '%s' has no character that a tag may hold: no tag is made of it",
			what, text);
		return;
	}
	if (changed)
		log_debug(log, "tag was changed from '%s' to '%s' since images allow no others",
			replaced, slug);
	if (!strlist_has(out, slug))
		strlist_add(out, a, slug);
}

/* A branch or git tag; "latest" is kept for the default branch. */
static void
add_named(struct arena *a, struct strlist *out, const char *text, const char *what, struct log *log)
{
	char *slug = tag_slug(a, str_from(tag_branch(a, str_from(text))), NULL);

	if (strcmp(slug, "latest") == 0)
		log_warn(log, "%s '%s' gives no tag: 'latest' belongs to the default branch", what,
			text);
	else
		add_tag(a, out, text, what, log);
}

/* The branch of a fork may be called like the one it wants to go into. */
static bool
may_tag_branch_of_pull(const struct tag_facts *facts)
{
	return has_text(facts->branch) && !is_default_name(facts, facts->branch) &&
	       !(facts->base && strcmp(facts->base, facts->branch) == 0);
}

static void
add_pull(struct arena *a, const struct tag_facts *facts, bool as_branch, struct strlist *out,
	struct log *log)
{
	const char *prefix = facts->pull_prefix ? facts->pull_prefix : "pr-";

	if (as_branch && may_tag_branch_of_pull(facts)) {
		add_named(a, out, facts->branch, "branch", log);
		return;
	}
	if (as_branch)
		log_warn(log, "branch '%s' of the pull request gives no tag: %s",
			has_text(facts->branch) ? facts->branch : "",
			has_text(facts->branch) ? "it is the name of the branch it goes into"
						: "it is not known");
	if (has_text(facts->pull_number))
		add_tag(a, out, arena_fmt(a, "%s%s", prefix, facts->pull_number), "pull request",
			log);
}

int
tags_default(struct arena *a, const struct tag_facts *facts, bool pull_as_branch, struct log *log,
	struct strlist *out, struct err *err)
{
	struct strlist tags = {0};
	enum run_kind kind = expr_run_kind(facts);

	if (kind == RUN_UNKNOWN && !has_text(facts->commit))
		return err_set(err, ERR_CONFIG,
			"commit and/or branch information is missing (perhaps you're not in a Git "
			"repository or forgot to set environment variables?)");
	if (has_text(facts->commit))
		add_tag(a, &tags, facts->commit, "commit", log);
	if (kind == RUN_PULL)
		add_pull(a, facts, pull_as_branch, &tags, log);
	else if (kind == RUN_TAG)
		add_named(a, &tags, facts->tag, "git tag", log);
	else if (kind == RUN_BRANCH && tags_on_default_branch(facts))
		add_tag(a, &tags, facts->branch, "branch", log);
	else if (kind == RUN_BRANCH)
		add_named(a, &tags, facts->branch, "branch", log);
	if (kind == RUN_BRANCH && tags_on_default_branch(facts) && !strlist_has(&tags, "latest"))
		strlist_add(&tags, a, "latest");
	if (!tags.n)
		return err_set(err, ERR_CONFIG, "no tag can be made of the commit and the branch");
	*out = tags;
	return 0;
}

static int
collision(struct err *err, const char *stage, const char *tag, const char *owner)
{
	err_set(err, ERR_CONFIG, "stage '%s' would be tagged '%s', which is %s", stage, tag, owner);
	return err_hint(err,
		"rename the stage, or build without tags for stages (--no-stages, 'stages: false')");
}

/* Whether the tag is what the default branch is published under. */
static bool
is_default_tag(struct arena *a, const struct tag_facts *facts, const char *tag)
{
	if (!has_text(facts->default_branch))
		return is_default_name(facts, tag);
	return strcmp(tag, tag_slug(a, str_from(tag_branch(a, str_from(facts->default_branch))),
				   NULL)) == 0;
}

int
tags_check_stages(const struct tag_facts *facts, const struct strlist *tags,
	const struct strlist *stages, struct err *err)
{
	cleanup_arena struct arena a = {0};
	struct strlist seen = {0};
	size_t i;

	for (i = 0; i < stages->n; i++) {
		const char *stage = stages->items[i];
		const char *tag = tag_slug(&a, str_from(stage), NULL);

		if (strlist_has(tags, tag))
			return collision(err, stage, tag, "a tag of the image itself");
		if (strcmp(tag, "latest") == 0)
			return collision(err, stage, tag, "the tag of the newest image");
		if (is_default_tag(&a, facts, tag))
			return collision(err, stage, tag, "the tag of the default branch");
		if (strlist_has(&seen, tag))
			return collision(err, stage, tag, "the tag of another stage");
		strlist_add(&seen, &a, tag);
	}
	return 0;
}
