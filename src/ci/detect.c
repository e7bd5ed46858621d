#include "ci/ci.h"

#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/log.h"
#include "ci/event.h"
#include "ci/files.h"
#include "ci/git.h"
#include "ci/gitrefs.h"
#include "ci/giturl.h"
#include "ci/properties.h"
#include "ci/providers.h"
#include "ci/refname.h"
#include "ci/vars.h"

enum { SHORT_COMMIT = 7 }; /* fewer digits than this are taken for a name */

struct detect {
	struct arena *a;
	const char *dir;
	struct log *log;
	const struct provider *provider;
	struct vars vars;
	struct jval *event; /* owned */
	struct properties file;
	struct ci *out;
	bool git_read, git_failed;
	struct git git;
	struct err git_err; /* set when git_failed */
};

static void
detect_release(struct detect *d)
{
	jval_free(d->event);
}

/* Zeroed when there is no repository or it cannot be read. */
static const struct git *
git_of(struct detect *d)
{
	if (!d->git_read) {
		d->git_read = true;
		if (git_read(d->a, d->vars.env, d->dir, &d->git, &d->git_err)) {
			d->git_failed = true;
			d->git = (struct git){0};
		}
	}
	return &d->git;
}

/* ---- branch, tag, pull request ---- */

/* One more sign that this is a run for a pull request: the first proof and number stay. */
static void
mark_pull(struct detect *d, struct ci_pull *pull, const char *proof, const char *number)
{
	d->out->pull = pull;
	if (!d->out->branch_source)
		d->out->branch_source = proof;
	if (!pull->number)
		pull->number = number;
}

static bool
is_no_pull(const char *value)
{
	struct str s = str_from(value);

	return str_iis(s, "false") || str_is(s, "0");
}

/* refs/pull/7/merge and its like, where a branch is expected. */
static void
find_pull_in_refs(struct detect *d, struct ci_pull *pull)
{
	struct str rest = str_from(d->provider->branch);
	struct refname ref;
	struct var var;

	while (vars_next(&d->vars, &rest, &var)) {
		ref = refname_parse(d->a, var.value);
		if (ref.kind != REFNAME_PULL && ref.kind != REFNAME_QUEUE)
			continue;
		mark_pull(d, pull, var.name, ref.number);
		if (ref.kind == REFNAME_QUEUE) {
			d->out->event = "merge_group";
			d->out->branch = ref.name;
			pull->base = ref.base;
		}
	}
}

/* Any sign of a pull request is enough. */
static void
find_pull(struct detect *d, struct ci_pull *pull)
{
	const struct provider *p = d->provider;
	struct str rest = str_from(p->pull);
	const char *name;
	struct var var;

	while (vars_next(&d->vars, &rest, &var))
		if (!is_no_pull(var.value))
			mark_pull(d, pull, var.name, refname_number(d->a, var.value));
	find_pull_in_refs(d, pull);
	rest = str_from(p->event);
	if (vars_next(&d->vars, &rest, &var) && event_is_pull(event_word(var.value)))
		mark_pull(d, pull, var.name, NULL);
	name = vars_test(&d->vars, p->pull_if);
	if (name)
		mark_pull(d, pull, name, NULL);
}

static const char *
first_branch(struct detect *d, const char *alternatives)
{
	struct str rest = str_from(alternatives);
	struct refname ref;
	struct var var;

	while (vars_next(&d->vars, &rest, &var)) {
		ref = refname_parse(d->a, var.value);
		if (ref.kind == REFNAME_BRANCH)
			return ref.name;
	}
	return NULL;
}

static const char *
first_commit(struct detect *d, const char *alternatives)
{
	struct str rest = str_from(alternatives);
	struct var var;

	while (vars_next(&d->vars, &rest, &var))
		if (gitref_is_commit(str_from(var.value)))
			return var.value;
	return NULL;
}

static void
fill_pull(struct detect *d, struct ci_pull *pull)
{
	const struct provider *p = d->provider;

	pull->head = first_branch(d, p->head);
	if (!pull->base)
		pull->base = first_branch(d, p->base);
	pull->head_commit = first_commit(d, p->head_commit);
	if (pull->head)
		d->out->branch = pull->head;
}

/* A branch or tag out of variables; the first ref that is either decides. */
static void
find_ref(struct detect *d)
{
	struct ci *out = d->out;
	struct str rest = str_from(d->provider->tag);
	struct refname ref;
	struct var var;

	if (vars_next(&d->vars, &rest, &var)) {
		struct str tag = str_from(var.value);

		str_take(&tag, STR("refs/tags/"));
		out->tag = arena_str(d->a, tag);
		out->branch_source = var.name;
		return;
	}
	rest = str_from(d->provider->branch);
	while (vars_next(&d->vars, &rest, &var)) {
		ref = refname_parse(d->a, var.value);
		if (ref.kind != REFNAME_BRANCH && ref.kind != REFNAME_TAG)
			continue;
		if (ref.kind == REFNAME_TAG)
			out->tag = ref.name;
		else
			out->branch = ref.name;
		out->branch_source = var.name;
		return;
	}
}

static void
find_what_runs(struct detect *d)
{
	struct ci_pull *pull = arena_new(d->a, struct ci_pull, 1);
	struct ci *out = d->out;
	const char *word = event_word(vars_first(&d->vars, d->provider->event));

	find_pull(d, pull);
	if (out->pull) {
		fill_pull(d, pull);
		if (!out->event)
			out->event = event_is_pull(word) ? word : "pull_request";
		return;
	}
	find_ref(d);
	out->event = out->tag && (!word || strcmp(word, "push") == 0) ? "tag" : word;
}

/* ---- commit ---- */

/* A variable that does not hold a full commit id: some digits of it, or a name like HEAD. */
static void
note_unusable(struct detect *d, const struct var *var, struct str *digits)
{
	struct str s = str_from(var->value);

	if (!digits->len && s.len >= SHORT_COMMIT && s.len < 64 && is_hex(s))
		*digits = s;
	log_debug(d->log, "%s is '%s', which is no full commit id: asking git", var->name,
		var->value);
}

static int
find_commit(struct detect *d, struct err *err)
{
	const struct provider *p = d->provider;
	struct str digits = {0}, rest;
	struct ci *out = d->out;
	const struct git *git;
	struct var var;

	rest = str_from(out->pull && p->pull_commit ? p->pull_commit : p->commit);
	while (vars_next(&d->vars, &rest, &var)) {
		if (gitref_is_commit(str_from(var.value))) {
			out->commit = var.value;
			out->commit_source = var.name;
			return 0;
		}
		note_unusable(d, &var, &digits);
	}
	git = git_of(d);
	if (d->git_failed) {
		if (err)
			*err = d->git_err;
		return -1;
	}
	if (!git->commit)
		return 0;
	if (digits.len && !str_starts(str_from(git->commit), digits))
		log_info(d->log,
			"the CI system names commit " STR_FMT ", but %s is checked out: "
			"using that",
			STR_ARG(digits), git->commit);
	out->commit = git->commit;
	out->commit_source = "git";
	return 0;
}

/* Where the provider tells no branch, the checkout may; never in a run for something else. */
static void
find_branch_in_git(struct detect *d)
{
	const struct git *git;
	struct ci *out = d->out;

	if (out->pull || out->tag || out->branch)
		return;
	git = git_of(d);
	if (d->git_failed)
		log_warn(d->log, "the branch is unknown: %s", d->git_err.msg);
	/* before the first commit there is nothing that could be on the branch */
	if (!git->commit || !git->branch)
		return;
	out->branch = git->branch;
	out->branch_source = "git";
}

/* ---- the rest ---- */

static bool
digits_at(struct str s, size_t at, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (at + i >= s.len || s.s[at + i] < '0' || s.s[at + i] > '9')
			return false;
	return true;
}

/* RFC 3339: 2026-08-01T12:00:00[.frac](Z|+hh:mm) */
static bool
is_time(struct str s)
{
	size_t at = 19;

	if (!digits_at(s, 0, 4) || !digits_at(s, 5, 2) || !digits_at(s, 8, 2) ||
		!digits_at(s, 11, 2) || !digits_at(s, 14, 2) || !digits_at(s, 17, 2))
		return false;
	if (s.s[4] != '-' || s.s[7] != '-' || s.s[10] != 'T' || s.s[13] != ':' || s.s[16] != ':')
		return false;
	if (at < s.len && s.s[at] == '.')
		for (at++; digits_at(s, at, 1);)
			at++;
	if (at + 1 == s.len && s.s[at] == 'Z')
		return s.s[at - 1] != '.';
	return at + 6 == s.len && (s.s[at] == '+' || s.s[at] == '-') && s.s[at - 1] != '.' &&
	       digits_at(s, at + 1, 2) && s.s[at + 3] == ':' && digits_at(s, at + 4, 2);
}

/* Project names with blanks and the like, as they stand in some job addresses. */
static const char *
escape_url(struct arena *a, const char *url)
{
	cleanup_buf struct buf out = {0};

	if (!url)
		return NULL;
	percent_encode(&out, str_from(url), ":/?#[]@!$&'()*+,;=%");
	return arena_str(a, buf_view(&out));
}

/* "group/project", where the variable may hold an address instead. */
static const char *
slug_of(struct arena *a, const char *value)
{
	const char *slug = giturl_slug(a, value);

	if (slug || !value)
		return slug;
	return value[0] == '/' || value[0] == '.' ? NULL : value;
}

static void
find_repository(struct detect *d)
{
	const struct provider *p = d->provider;
	struct ci *out = d->out;
	struct str server = str_from(vars_first(&d->vars, p->server_url));

	while (server.len && server.s[server.len - 1] == '/')
		server.len--;
	if (server.len)
		out->server_url = arena_str(d->a, server);
	out->repository = slug_of(d->a, vars_first(&d->vars, p->repository));
	out->repository_url = giturl_public(d->a, vars_first(&d->vars, p->repository_url));
	out->name = vars_first(&d->vars, p->name);
	if (!out->name && out->repository)
		out->name = giturl_last(d->a, out->repository);
	if (!out->repository_url)
		out->repository_url = git_of(d)->origin;
	if (!out->repository)
		out->repository = giturl_slug(d->a, out->repository_url);
	out->default_branch_hint = git_of(d)->default_branch;
}

static void
find_default_branch(struct detect *d)
{
	struct ci *out = d->out;

	out->default_branch = first_branch(d, d->provider->default_branch);
	if (out->branch && !out->pull && vars_test(&d->vars, d->provider->is_default))
		out->default_branch = out->branch;
}

static void
find_source(struct detect *d)
{
	struct ci *out = d->out;
	const char *c = out->commit_source, *b = out->branch_source;

	if (c && b && strcmp(c, b) != 0)
		out->source = arena_fmt(d->a, "%s, %s", c, b);
	else
		out->source = c ? c : b;
}

static int
choose(struct detect *d, struct err *err)
{
	const char *id = env_get(d->vars.env, "BUILDTOOLS_CI");

	d->provider = id ? provider_by_id(id) : provider_detect(d->vars.env);
	if (!d->provider) {
		err_set(err, ERR_CONFIG, "BUILDTOOLS_CI names '%s', which is no known CI system",
			id);
		return err_hint(err, "use an id like gitlab, github, azure, jenkins, or none");
	}
	d->out->provider = d->provider->id;
	d->out->title = d->provider->title;
	if (d->provider->file == PROVIDER_FILE_EVENT)
		d->vars.event = d->event = files_event(d->vars.env, d->log);
	if (d->provider->file == PROVIDER_FILE_PROPERTIES) {
		files_properties(&d->file, d->a, d->vars.env, d->log);
		d->vars.file = &d->file;
	}
	return 0;
}

int
ci_detect(struct arena *a, const struct env *env, const char *dir, struct log *log, struct ci *out,
	struct err *err)
{
	CLEANUP(detect_release)
	struct detect d = {.a = a, .dir = dir, .log = log, .out = out};
	const char *created;

	*out = (struct ci){0};
	d.vars = (struct vars){.a = a, .env = env};
	if (choose(&d, err))
		return -1;
	find_what_runs(&d);
	if (find_commit(&d, err))
		return -1;
	find_branch_in_git(&d);
	find_default_branch(&d);
	find_repository(&d);
	find_source(&d);
	out->job_url = escape_url(a, vars_first(&d.vars, d.provider->job_url));
	out->actor = vars_first(&d.vars, d.provider->actor);
	created = vars_first(&d.vars, d.provider->created);
	if (created && is_time(str_from(created)))
		out->created = created;
	return 0;
}
