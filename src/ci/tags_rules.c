/*
 * Tag rules with the meaning of docker/metadata-action (src/tag.ts, flavor.ts,
 * meta.ts). Differences: unknown attributes and expressions are errors; a tag
 * has no '.' or '-' in front and 128 characters at most; 'latest' that nobody
 * asked for is not given to pull requests; values are not escaped for HTML.
 */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "ci/tags.h"
#include "ci/tags_expr.h"
#include "ci/tags_regex.h"
#include "ci/tags_version.h"
#include "image/tag.h"

enum { SHOWN = 200, RULES_MAX = 256 };

enum rule_type {
	TYPE_SCHEDULE,
	TYPE_SEMVER,
	TYPE_PEP440,
	TYPE_MATCH,
	TYPE_EDGE,
	TYPE_REF,
	TYPE_RAW,
	TYPE_SHA,
	TYPES
};

static const struct {
	const char *name;
	int priority;
} types[TYPES] = {
	[TYPE_SCHEDULE] = {"schedule", 1000},
	[TYPE_SEMVER] = {"semver", 900},
	[TYPE_PEP440] = {"pep440", 900},
	[TYPE_MATCH] = {"match", 800},
	[TYPE_EDGE] = {"edge", 700},
	[TYPE_REF] = {"ref", 600},
	[TYPE_RAW] = {"raw", 200},
	[TYPE_SHA] = {"sha", 100},
};

enum attribute {
	ATTR_PATTERN,
	ATTR_VALUE,
	ATTR_GROUP,
	ATTR_ENABLE,
	ATTR_PRIORITY,
	ATTR_PREFIX,
	ATTR_SUFFIX,
	ATTR_EVENT,
	ATTR_FORMAT,
	ATTR_BRANCH,
	ATTR_MATCH,
	ATTRS
};

static const char *const attributes[ATTRS] = {
	[ATTR_PATTERN] = "pattern",
	[ATTR_VALUE] = "value",
	[ATTR_GROUP] = "group",
	[ATTR_ENABLE] = "enable",
	[ATTR_PRIORITY] = "priority",
	[ATTR_PREFIX] = "prefix",
	[ATTR_SUFFIX] = "suffix",
	[ATTR_EVENT] = "event",
	[ATTR_FORMAT] = "format",
	[ATTR_BRANCH] = "branch",
	[ATTR_MATCH] = "match",
};

struct rule {
	struct str text;
	enum rule_type type;
	const char *attr[ATTRS]; /* NULL when it is not there */
	int64_t priority;
};

struct flavor {
	enum { LATEST_AUTO, LATEST_TRUE, LATEST_FALSE } latest;
	const char *prefix, *suffix;
	bool prefix_latest, suffix_latest;
};

/* What applying the rules works with. */
struct run {
	struct arena *a;
	const struct tag_facts *facts;
	struct flavor flavor;
	struct log *log;
	enum run_kind kind;
	struct strlist tags;
	bool latest_known, latest;
};

static int
bad_rule(struct err *err, const struct rule *rule, const char *attribute, const char *what)
{
	return err_set(err, ERR_CONFIG, "tag rule '" STR_FMT "': attribute '%s': %s",
		STR_ARG(str_first(rule->text, SHOWN)), attribute, what);
}

/* The next field of a comma separated record: plain, or in double quotes where "" is one. */
static bool
next_field(struct arena *a, struct str *rest, struct str *out)
{
	char *text;
	size_t n = 0, i;

	if (!rest->s)
		return false;
	if (!str_starts(*rest, STR("\"")))
		return str_next(rest, ',', out);
	text = arena_new(a, char, rest->len);
	for (i = 1; i < rest->len; i++) {
		if (rest->s[i] == '"') {
			if (i + 1 == rest->len || rest->s[i + 1] != '"')
				break;
			i++;
		}
		text[n++] = rest->s[i];
	}
	*out = str_n(text, n);
	*rest = str_from_off(*rest, i + 1);
	/* what may stand between the quote and the comma does not count */
	if (!str_cut(rest, ',', &(struct str){0}))
		*rest = (struct str){0};
	return true;
}

/* "key=value"; no '=' means a bare value. */
static void
split_field(struct str field, struct str *key, struct str *value)
{
	ptrdiff_t at = str_find(field, '=');

	*key = at > 0 ? str_trim(str_first(field, (size_t)at)) : STR("value");
	*value = str_trim(at > 0 ? str_from_off(field, (size_t)at + 1) : field);
}

static int
set_attribute(struct arena *a, struct rule *rule, struct str key, struct str value, bool *has_type,
	struct err *err)
{
	char shown[SHOWN + 1] = "";
	size_t i;

	memcpy(shown, key.s, key.len < SHOWN ? key.len : SHOWN);
	if (str_iis(key, "type")) {
		for (i = 0; i < TYPES && !str_is(value, types[i].name); i++)
			;
		if (i == TYPES)
			return bad_rule(err, rule, "type", "unknown type");
		rule->type = (enum rule_type)i;
		*has_type = true;
		return 0;
	}
	for (i = 0; i < ATTRS && !str_iis(key, attributes[i]); i++)
		;
	if (i == ATTRS)
		return bad_rule(err, rule, shown, "unknown attribute");
	rule->attr[i] = arena_str(a, value);
	return 0;
}

static bool
is_one_of(const char *s, const char *const words[], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(s, words[i]) == 0)
			return true;
	return false;
}

static int
parse_priority(struct rule *rule, struct err *err)
{
	struct str s = str_from(rule->attr[ATTR_PRIORITY]);
	bool negative;
	uint64_t n;

	rule->priority = types[rule->type].priority;
	if (!s.s)
		return 0;
	negative = str_take(&s, STR("-"));
	if (!str_u64(s, 10, &n) || n > 1000000000)
		return bad_rule(err, rule, "priority", "not a number");
	rule->priority = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

/* Defaults, and what each type cannot do without. */
static int
complete_rule(struct rule *rule, struct err *err)
{
	static const char *const events[] = {"branch", "tag", "pr"}, *const formats[] = {
									     "short", "long"};
	const char **attr = rule->attr;

	switch (rule->type) {
	case TYPE_SCHEDULE:
		if (!attr[ATTR_PATTERN])
			attr[ATTR_PATTERN] = "nightly";
		break;
	case TYPE_SEMVER:
	case TYPE_PEP440:
	case TYPE_MATCH:
		if (!attr[ATTR_PATTERN])
			return bad_rule(err, rule, "pattern", "it is missing");
		break;
	case TYPE_REF:
		if (!attr[ATTR_EVENT] || !is_one_of(attr[ATTR_EVENT], events, ARRAY_LEN(events)))
			return bad_rule(err, rule, "event", "it must be 'branch', 'tag' or 'pr'");
		if (strcmp(attr[ATTR_EVENT], "pr") == 0 && !attr[ATTR_PREFIX])
			attr[ATTR_PREFIX] = "pr-";
		break;
	case TYPE_RAW:
		if (!attr[ATTR_VALUE])
			return bad_rule(err, rule, "value", "it is missing");
		break;
	case TYPE_SHA:
		if (!attr[ATTR_PREFIX])
			attr[ATTR_PREFIX] = "sha-";
		if (!attr[ATTR_FORMAT])
			attr[ATTR_FORMAT] = "short";
		if (!is_one_of(attr[ATTR_FORMAT], formats, ARRAY_LEN(formats)))
			return bad_rule(err, rule, "format", "it must be 'short' or 'long'");
		break;
	case TYPE_EDGE:
	case TYPES:
		break;
	}
	return parse_priority(rule, err);
}

static int
parse_rule(struct arena *a, struct str text, struct rule *out, struct err *err)
{
	struct str rest = text, field, key, value;
	bool has_type = false;

	*out = (struct rule){.text = text};
	while (next_field(a, &rest, &field)) {
		if (!str_trim(field).len)
			continue;
		split_field(field, &key, &value);
		if (set_attribute(a, out, key, value, &has_type, err) < 0)
			return -1;
	}
	if (!has_type)
		out->type = TYPE_RAW;
	return complete_rule(out, err);
}

static int
bad_flavor(struct err *err, struct str text, const char *what)
{
	return err_set(
		err, ERR_CONFIG, "flavor '" STR_FMT "': %s", STR_ARG(str_first(text, SHOWN)), what);
}

static int
parse_flavor_line(struct arena *a, struct str text, struct flavor *out, struct err *err)
{
	static const char *const latest[] = {"auto", "true", "false"};
	struct str rest = text, field, key, value;
	bool *on_latest = NULL;
	size_t i;

	while (next_field(a, &rest, &field)) {
		if (!str_trim(field).len)
			continue;
		split_field(field, &key, &value);
		for (i = 0; i < ARRAY_LEN(latest) && !str_is(value, latest[i]); i++)
			;
		if (str_iis(key, "latest")) {
			if (i == ARRAY_LEN(latest))
				return bad_flavor(err, text, "latest must be auto, true or false");
			out->latest = i == 0 ? LATEST_AUTO : i == 1 ? LATEST_TRUE : LATEST_FALSE;
		} else if (str_iis(key, "prefix")) {
			out->prefix = arena_str(a, value);
			on_latest = &out->prefix_latest;
		} else if (str_iis(key, "suffix")) {
			out->suffix = arena_str(a, value);
			on_latest = &out->suffix_latest;
		} else if (str_iis(key, "onlatest")) {
			if (i != 1 && i != 2)
				return bad_flavor(err, text, "onlatest must be true or false");
			if (!on_latest)
				return bad_flavor(
					err, text, "onlatest must follow a prefix or suffix");
			*on_latest = i == 1;
		} else {
			return bad_flavor(
				err, text, "it knows latest, prefix, suffix and onlatest");
		}
	}
	return 0;
}

static int
expand(struct run *run, const struct rule *rule, enum attribute which,
	const struct tag_version *version, char **out, struct err *err)
{
	if (expr_expand(run->a, str_from(rule->attr[which]), run->facts, version, out, err) == 0)
		return 0;
	return err_wrap(err, "tag rule '" STR_FMT "': attribute '%s'",
		STR_ARG(str_first(rule->text, SHOWN)), attributes[which]);
}

/* The rule's own text, even an empty one, beats the flavor's. */
static int
affix(struct run *run, const struct rule *rule, enum attribute which, const char *general,
	char **out, struct err *err)
{
	if (rule->attr[which])
		return expand(run, rule, which, NULL, out, err);
	if (expr_expand(run->a, str_from(general), run->facts, NULL, out, err) == 0)
		return 0;
	return err_wrap(err, "flavor '%s'", attributes[which]);
}

static bool
is_tag_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* What a tag cannot hold becomes '-', one for all that stand in a row. */
static char *
sanitise(struct arena *a, const char *text)
{
	char *out = arena_cstr(a, text), *to = out;
	bool replaced = false;

	for (; *text; text++) {
		if (is_tag_char(*text))
			*to++ = *text;
		else if (!replaced)
			*to++ = '-';
		replaced = !is_tag_char(*text);
	}
	*to = '\0';
	return tag_slug(a, str_from(out), NULL);
}

/* One more tag; the first says whether there will be a latest. */
static int
add(struct run *run, const struct rule *rule, const char *value, bool latest, struct err *err)
{
	char *prefix, *suffix, *tag;
	const char *whole;

	if (affix(run, rule, ATTR_PREFIX, run->flavor.prefix, &prefix, err) < 0 ||
		affix(run, rule, ATTR_SUFFIX, run->flavor.suffix, &suffix, err) < 0)
		return -1;
	whole = arena_fmt(run->a, "%s%s%s", prefix, value, suffix);
	if (!whole[0])
		return 0;
	tag = sanitise(run->a, whole);
	if (!tag[0]) {
		log_warn(run->log,
			"tag rule '" STR_FMT "': '%s' has no character that a tag may hold",
			STR_ARG(str_first(rule->text, SHOWN)), whole);
		return 0;
	}
	if (!strlist_has(&run->tags, tag))
		strlist_add(&run->tags, run->a, tag);
	if (!run->latest_known) {
		run->latest_known = true;
		run->latest = run->flavor.latest == LATEST_AUTO ? latest && run->kind != RUN_PULL
								: run->flavor.latest == LATEST_TRUE;
	}
	return 0;
}

static void
no_match(struct run *run, const struct rule *rule, const char *value, const char *what)
{
	log_warn(run->log, "tag rule '" STR_FMT "': '%s' %s", STR_ARG(str_first(rule->text, SHOWN)),
		value, what);
}

/* The text that a version or match rule looks at; NULL when the rule does not apply. */
static int
source_text(struct run *run, const struct rule *rule, const char **out, struct err *err)
{
	char *text;

	*out = NULL;
	if (rule->attr[ATTR_VALUE] && rule->attr[ATTR_VALUE][0]) {
		if (expand(run, rule, ATTR_VALUE, NULL, &text, err) < 0)
			return -1;
		*out = text;
	} else if (run->kind == RUN_TAG) {
		*out = run->facts->tag;
	}
	return 0;
}

/* A pattern, or "/pattern/flags" where that is the notation. */
static struct regex *
compile(struct run *run, const struct rule *rule, enum attribute which, bool slashes,
	struct err *err)
{
	struct str pattern = str_from(rule->attr[which]), flags = {0};
	ptrdiff_t end = str_rfind(pattern, '/');
	const char *problem = "";
	struct regex *re;

	if (slashes && end > 1 && pattern.s[0] == '/') {
		flags = str_from_off(pattern, (size_t)end + 1);
		pattern = str_from_off(str_first(pattern, (size_t)end), 1);
	}
	re = regex_compile(run->a, pattern, str_find(flags, 'i') >= 0, &problem);
	if (!re) {
		bad_rule(err, rule, attributes[which], problem);
		err_wrap(err, "malformed regular expression");
	}
	return re;
}

static int
apply_match(struct run *run, const struct rule *rule, struct err *err)
{
	struct str groups[REGEX_GROUPS_MAX];
	struct regex *re;
	const char *text;
	uint64_t group = 0;

	if (rule->attr[ATTR_GROUP] && !str_u64(str_from(rule->attr[ATTR_GROUP]), 10, &group))
		return bad_rule(err, rule, "group", "not a number");
	if (source_text(run, rule, &text, err) < 0)
		return -1;
	re = compile(run, rule, ATTR_PATTERN, true, err);
	if (!re)
		return -1;
	if (!text)
		return 0;
	if (!regex_match(re, str_from(text), groups)) {
		no_match(run, rule, text, "does not match");
		return 0;
	}
	if (group >= REGEX_GROUPS_MAX || !groups[group].s) {
		no_match(run, rule, text, "matches, but without that group");
		return 0;
	}
	return add(run, rule, arena_str(run->a, groups[group]), true, err);
}

/* Cuts the version out of a longer text with the attribute 'match'. */
static int
cut_version(struct run *run, const struct rule *rule, const char **text, struct err *err)
{
	struct str groups[REGEX_GROUPS_MAX];
	struct regex *re;

	if (!rule->attr[ATTR_MATCH] || !rule->attr[ATTR_MATCH][0])
		return 0;
	re = compile(run, rule, ATTR_MATCH, false, err);
	if (!re)
		return -1;
	if (!regex_match(re, str_from(*text), groups)) {
		no_match(run, rule, *text, "does not match");
		return 0;
	}
	if (!groups[1].s)
		return bad_rule(
			err, rule, "match", "it has no group that says what the version is");
	*text = arena_str(run->a, groups[1]);
	return 0;
}

static int
apply_version(struct run *run, const struct rule *rule, struct err *err)
{
	struct str pattern = str_from(rule->attr[ATTR_PATTERN]);
	bool pep440 = rule->type == TYPE_PEP440, valid;
	struct tag_version version;
	const char *text;
	char *value, *p;

	if (source_text(run, rule, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (cut_version(run, rule, &text, err) < 0)
		return -1;
	value = arena_cstr(run->a, text);
	for (p = value; *p; p++)
		if (*p == '/')
			*p = '-';
	valid = pep440 ? version_pep440(run->a, str_from(value), &version)
		       : version_semver(run->a, str_from(value), &version);
	if (!valid) {
		no_match(run, rule, value,
			pep440 ? "is no version as in PEP 440" : "is no semantic version");
		return 0;
	}
	/* what is no release must not pass for the newest 1.2 */
	if (!version.is_release && !expr_is_raw(pattern))
		return add(run, rule, version.version, false, err);
	if (expand(run, rule, ATTR_PATTERN, &version, &value, err) < 0)
		return -1;
	return add(run, rule, value, version.is_release, err);
}

static int
apply_schedule(struct run *run, const struct rule *rule, struct err *err)
{
	const char *event = run->facts->event;
	char *value;

	/* "cron" is what some providers call it */
	if (!event || (!strstr(event, "schedule") && strcmp(event, "cron") != 0))
		return 0;
	if (expand(run, rule, ATTR_PATTERN, NULL, &value, err) < 0)
		return -1;
	return add(run, rule, value, false, err);
}

static int
apply_ref(struct run *run, const struct rule *rule, struct err *err)
{
	const struct tag_facts *f = run->facts;
	const char *event = rule->attr[ATTR_EVENT];

	if (strcmp(event, "branch") == 0 && run->kind == RUN_BRANCH)
		return add(run, rule, f->branch, false, err);
	if (strcmp(event, "tag") == 0 && run->kind == RUN_TAG)
		return add(run, rule, f->tag, true, err);
	if (strcmp(event, "pr") == 0 && run->kind == RUN_PULL && f->pull_number &&
		f->pull_number[0])
		return add(run, rule, f->pull_number, false, err);
	return 0;
}

static int
apply_edge(struct run *run, const struct rule *rule, struct err *err)
{
	const char *branch = rule->attr[ATTR_BRANCH];

	if (run->kind != RUN_BRANCH)
		return 0;
	if (branch && branch[0] ? strcmp(branch, run->facts->branch) != 0
				: !tags_on_default_branch(run->facts))
		return 0;
	return add(run, rule, "edge", false, err);
}

static int
apply_sha(struct run *run, const struct rule *rule, struct err *err)
{
	struct str commit = str_from(run->facts->commit);

	if (!commit.len)
		return 0;
	if (strcmp(rule->attr[ATTR_FORMAT], "short") == 0)
		commit = str_first(commit, 7);
	return add(run, rule, arena_str(run->a, commit), false, err);
}

static int
apply_rule(struct run *run, const struct rule *rule, struct err *err)
{
	char *text;

	if (rule->attr[ATTR_ENABLE]) {
		if (expand(run, rule, ATTR_ENABLE, NULL, &text, err) < 0)
			return -1;
		if (strcmp(text, "false") == 0)
			return 0;
		if (strcmp(text, "true") != 0)
			return bad_rule(err, rule, "enable", "it must give 'true' or 'false'");
	}
	switch (rule->type) {
	case TYPE_SCHEDULE:
		return apply_schedule(run, rule, err);
	case TYPE_SEMVER:
	case TYPE_PEP440:
		return apply_version(run, rule, err);
	case TYPE_MATCH:
		return apply_match(run, rule, err);
	case TYPE_EDGE:
		return apply_edge(run, rule, err);
	case TYPE_REF:
		return apply_ref(run, rule, err);
	case TYPE_SHA:
		return apply_sha(run, rule, err);
	case TYPE_RAW:
	case TYPES:
		break;
	}
	if (expand(run, rule, ATTR_VALUE, NULL, &text, err) < 0)
		return -1;
	return add(run, rule, text, false, err);
}

/* In order of priority; equal ones stay in the order of the file. */
static int
parse_rules(
	struct arena *a, const struct strlist *lines, struct rule **out, size_t *n, struct err *err)
{
	struct rule *rules, rule;
	size_t i, k;

	if (lines->n > RULES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d tag rules", RULES_MAX);
	rules = arena_new(a, struct rule, lines->n);
	*n = 0;
	for (i = 0; i < lines->n; i++) {
		struct str text = str_trim(str_from(lines->items[i]));

		if (!text.len || text.s[0] == '#')
			continue;
		if (parse_rule(a, text, &rule, err) < 0)
			return -1;
		for (k = *n; k > 0 && rules[k - 1].priority < rule.priority; k--)
			rules[k] = rules[k - 1];
		rules[k] = rule;
		++*n;
	}
	*out = rules;
	return 0;
}

static int
add_latest(struct run *run, struct err *err)
{
	struct flavor *f = &run->flavor;
	char *prefix, *suffix, *tag;

	if (expr_expand(run->a, str_from(f->prefix_latest ? f->prefix : ""), run->facts, NULL,
		    &prefix, err) < 0 ||
		expr_expand(run->a, str_from(f->suffix_latest ? f->suffix : ""), run->facts, NULL,
			&suffix, err) < 0)
		return err_wrap(err, "flavor");
	tag = sanitise(run->a, arena_fmt(run->a, "%slatest%s", prefix, suffix));
	if (!strlist_has(&run->tags, tag))
		strlist_add(&run->tags, run->a, tag);
	return 0;
}

int
tags_apply(struct arena *a, const struct strlist *rules, const struct strlist *flavor,
	const struct tag_facts *facts, struct log *log, struct strlist *out, struct err *err)
{
	struct run run = {.a = a,
		.facts = facts,
		.flavor = {.prefix = "", .suffix = ""},
		.log = log,
		.kind = expr_run_kind(facts)};
	struct rule *parsed = NULL;
	size_t n = 0, i;

	for (i = 0; flavor && i < flavor->n; i++)
		if (parse_flavor_line(a, str_trim(str_from(flavor->items[i])), &run.flavor, err) <
			0)
			return -1;
	if (parse_rules(a, rules, &parsed, &n, err) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (apply_rule(&run, &parsed[i], err) < 0)
			return -1;
	if (run.latest && add_latest(&run, err) < 0)
		return -1;
	*out = run.tags;
	return 0;
}
