#include "ci/tags_expr.h"

#include <string.h>

#include "base/err.h"
#include "ci/tags.h"
#include "ci/tags_version.h"

enum { SHORT_COMMIT = 7, SHOWN = 100 };

/* "name 'argument' key='value'" */
struct call {
	struct str whole, name, argument, zone;
	bool has_argument;
};

struct context {
	const struct tag_facts *facts;
	const struct tag_version *version;
};

static int
bad(struct err *err, const struct call *call, const char *what)
{
	return err_set(err, ERR_CONFIG, "'{{" STR_FMT "}}': %s",
		STR_ARG(str_first(call->whole, SHOWN)), what);
}

static bool
take_quoted(struct str *rest, struct str *out)
{
	char quote;

	if (!rest->len || (rest->s[0] != '\'' && rest->s[0] != '"'))
		return false;
	quote = rest->s[0];
	*rest = str_from_off(*rest, 1);
	return str_cut(rest, quote, out);
}

static int
parse_call(struct str text, struct call *out, struct err *err)
{
	struct str rest = str_trim(text);
	size_t n = 0;

	*out = (struct call){.whole = rest};
	while (n < rest.len && rest.s[n] != ' ' && rest.s[n] != '\t')
		n++;
	out->name = str_first(rest, n);
	rest = str_trim(str_from_off(rest, n));
	out->has_argument = take_quoted(&rest, &out->argument);
	rest = str_trim(rest);
	if (rest.len && (!str_take(&rest, STR("tz=")) || !take_quoted(&rest, &out->zone)))
		return bad(err, out, "malformed, expected \"name 'format' tz='UTC'\"");
	if (str_trim(rest).len)
		return bad(err, out, "text that does not belong there");
	return 0;
}

static bool
has_text(const char *s)
{
	return s && s[0];
}

enum run_kind
expr_run_kind(const struct tag_facts *facts)
{
	if (facts->is_pull || has_text(facts->pull_number))
		return RUN_PULL;
	if (has_text(facts->tag))
		return RUN_TAG;
	/* what git calls a checkout that is on no branch */
	if (has_text(facts->branch) && strcmp(facts->branch, "HEAD") != 0)
		return RUN_BRANCH;
	return RUN_UNKNOWN;
}

/* Events that providers raise for the newest commit of the default branch, whatever else they say.
 */
static bool
is_default_branch(const struct tag_facts *facts)
{
	static const char *const events[] = {"create", "discussion", "issues", "schedule"};
	size_t i;

	if (expr_run_kind(facts) != RUN_BRANCH)
		return false;
	for (i = 0; i < ARRAY_LEN(events); i++)
		if (facts->event && strstr(facts->event, events[i]))
			return true;
	return tags_on_default_branch(facts);
}

static int
put_date(struct buf *out, const struct call *call, int64_t when, struct err *err)
{
	static const char *const zones[] = {"UTC", "GMT", "Etc/UTC", "Etc/GMT", "Z"};
	size_t i;

	if (!call->has_argument)
		return bad(err, call, "it needs a format, as in {{date 'YYYYMMDD'}}");
	for (i = 0; call->zone.s && i < ARRAY_LEN(zones) && !str_iis(call->zone, zones[i]); i++)
		;
	if (i == ARRAY_LEN(zones))
		return bad(err, call, "the only time zone supported is 'UTC'");
	if (expr_time(out, when, call->argument, err) < 0)
		return err_wrap(err, "'{{" STR_FMT "}}'", STR_ARG(str_first(call->whole, SHOWN)));
	return 0;
}

static const char *
text_or_empty(const char *s)
{
	return s ? s : "";
}

/* False when the name is none of a version's words. */
static bool
put_version(struct buf *out, const struct tag_version *v, struct str name)
{
	if (str_is(name, "raw"))
		buf_puts(out, v->raw);
	else if (str_is(name, "version"))
		buf_puts(out, v->version);
	else if (str_is(name, "major"))
		buf_puts(out, v->major);
	else if (str_is(name, "minor"))
		buf_puts(out, v->minor);
	else if (str_is(name, "patch"))
		buf_puts(out, v->patch);
	else
		return false;
	return true;
}

static int
put_call(struct buf *out, const struct call *call, const struct context *ctx, struct err *err)
{
	const struct tag_facts *f = ctx->facts;
	enum run_kind kind = expr_run_kind(f);

	if (str_is(call->name, "date"))
		return put_date(out, call, f->now, err);
	if (str_is(call->name, "commit_date")) {
		if (!f->commit_time)
			return bad(err, call, "the time of the commit is not known");
		return put_date(out, call, f->commit_time, err);
	}
	if (call->has_argument || call->zone.s)
		return bad(err, call, "it takes no arguments");
	if (ctx->version && put_version(out, ctx->version, call->name))
		return 0;
	if (str_is(call->name, "branch"))
		buf_puts(out, kind == RUN_BRANCH ? f->branch : "");
	else if (str_is(call->name, "tag"))
		buf_puts(out, kind == RUN_TAG ? f->tag : "");
	else if (str_is(call->name, "sha"))
		buf_str(out, str_first(str_from(text_or_empty(f->commit)), SHORT_COMMIT));
	else if (str_is(call->name, "base_ref"))
		buf_puts(out, kind == RUN_BRANCH ? "" : text_or_empty(f->base));
	else if (str_is(call->name, "is_default_branch"))
		buf_puts(out, is_default_branch(f) ? "true" : "false");
	else if (str_is(call->name, "is_not_default_branch"))
		buf_puts(out, is_default_branch(f) ? "false" : "true");
	else
		return bad(err, call, "unknown expression");
	return 0;
}

/* Cuts "text{{call}}" off the front; false when there is no further call. */
static bool
take_call(struct str *rest, struct str *before, struct str *call)
{
	ptrdiff_t at = str_search(*rest, STR("{{")), end;
	struct str after, close;

	if (at < 0)
		return false;
	after = str_from_off(*rest, (size_t)at + 2);
	close = str_take(&after, STR("{")) ? STR("}}}") : STR("}}");
	end = str_search(after, close);
	if (end < 0)
		return false;
	*before = str_first(*rest, (size_t)at);
	*call = str_first(after, (size_t)end);
	*rest = str_from_off(after, (size_t)end + close.len);
	return true;
}

int
expr_expand(struct arena *a, struct str text, const struct tag_facts *facts,
	const struct tag_version *version, char **out, struct err *err)
{
	cleanup_buf struct buf result = {0};
	struct context ctx = {facts, version};
	struct str rest = text, before, inner;
	struct call call;

	while (take_call(&rest, &before, &inner)) {
		buf_str(&result, before);
		if (parse_call(inner, &call, err) < 0 || put_call(&result, &call, &ctx, err) < 0)
			return -1;
	}
	if (str_search(rest, STR("{{")) >= 0)
		return err_set(err, ERR_CONFIG, "'" STR_FMT "' has a '{{' without '}}'",
			STR_ARG(str_first(text, SHOWN)));
	buf_str(&result, rest);
	*out = arena_str(a, buf_view(&result));
	return 0;
}

bool
expr_is_raw(struct str text)
{
	struct str before, call;

	return take_call(&text, &before, &call) && !before.len && !text.len &&
	       str_is(str_trim(call), "raw");
}
