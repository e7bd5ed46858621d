#include "ci/vars.h"

#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/jval.h"
#include "ci/giturl.h"
#include "ci/properties.h"

static const char *
event_get(const struct vars *v, struct str path)
{
	const struct jval *at = v->event;
	struct str piece;
	uint64_t index;

	while (at && str_next(&path, '.', &piece)) {
		const char *key = arena_str(v->a, piece);

		if (jval_kind(at) == JVAL_ARRAY)
			at = str_u64(piece, 10, &index) ? jval_at(at, (size_t)index) : NULL;
		else
			at = jval_get(at, key);
	}
	switch (jval_kind(at)) {
	case JVAL_STRING:
		return arena_cstr(v->a, jval_str(at));
	case JVAL_NUMBER:
		return arena_fmt(v->a, "%lld", (long long)jval_int(at, 0));
	case JVAL_BOOL:
		return jval_bool(at, false) ? "true" : "false";
	default:
		return NULL;
	}
}

const char *
vars_get(const struct vars *v, struct str name)
{
	const char *key = arena_str(v->a, name), *value;

	if (str_take(&name, STR("event.")))
		value = event_get(v, name);
	else if (str_find(name, '.') >= 0)
		value = v->file ? properties_get(v->file, key) : NULL;
	else
		value = env_get(v->env, key);
	return value && *value ? value : NULL;
}

/* Remembers the first name with a value; a second one spoils it. */
static void
only(struct var *out, size_t *n, struct str prefix, const char *name, size_t len, const char *value,
	struct arena *a)
{
	if (len < prefix.len || memcmp(name, prefix.s, prefix.len) != 0 || !*value)
		return;
	if ((*n)++ == 0)
		*out = (struct var){value, arena_str(a, str_n(name, len))};
}

static bool
get_only(const struct vars *v, struct str prefix, struct var *out)
{
	const char *const *e;
	size_t i, n = 0;

	if (str_find(prefix, '.') >= 0) {
		for (i = 0; v->file && i < v->file->n; i++) {
			const struct property *p = &v->file->items[i];

			only(out, &n, prefix, p->key, strlen(p->key), p->value, v->a);
		}
		return n == 1;
	}
	for (e = v->env->vars; e && *e; e++) {
		const char *eq = strchr(*e, '=');

		if (eq)
			only(out, &n, prefix, *e, (size_t)(eq - *e), eq + 1, v->a);
	}
	return n == 1;
}

/* TEXT${NAME}TEXT; *name is the last one put in. */
static const char *
expand(const struct vars *v, struct str text, const char **name)
{
	cleanup_buf struct buf out = {0};
	struct str head, variable;
	ptrdiff_t at;

	while ((at = str_search(text, STR("${"))) >= 0) {
		const char *value;

		head = str_first(text, (size_t)at);
		text = str_from_off(text, (size_t)at + 2);
		if (!str_cut(&text, '}', &variable))
			return NULL;
		value = vars_get(v, variable);
		if (!value)
			return NULL;
		*name = arena_str(v->a, variable);
		buf_str(&out, head);
		buf_puts(&out, value);
	}
	buf_str(&out, text);
	return arena_str(v->a, buf_view(&out));
}

static bool
holds_one(const struct vars *v, struct str condition)
{
	struct str name, want = condition;
	const char *value, *used;

	if (!str_cut(&want, '=', &name)) {
		value = vars_get(v, condition);
		return value && !str_iis(str_from(value), "false");
	}
	value = vars_get(v, name);
	if (value && str_search(want, STR("${")) >= 0)
		want = str_from(expand(v, want, &used));
	return value && want.len && str_ieq(str_from(value), want);
}

static bool
holds(const struct vars *v, struct str condition)
{
	struct str part;

	while (str_next(&condition, '+', &part))
		if (!holds_one(v, part))
			return false;
	return true;
}

static const char *
name_in(const struct vars *v, struct str condition)
{
	size_t n = 0;

	while (n < condition.len && !strchr("=+", condition.s[n]))
		n++;
	return arena_str(v->a, str_first(condition, n));
}

const char *
vars_test(const struct vars *v, const char *conditions)
{
	struct str rest = str_from(conditions), condition;

	while (str_next(&rest, ' ', &condition))
		if (holds(v, condition))
			return name_in(v, condition);
	return NULL;
}

/* NAME with at most one of the operators behind it. */
static bool
get_plain(const struct vars *v, struct str text, struct var *out)
{
	struct str name = text, arg, value;
	size_t n = 0;
	char op;

	while (n < text.len && !strchr("/~!*", text.s[n]))
		n++;
	name = str_first(text, n);
	op = n < text.len ? text.s[n] : '\0';
	arg = str_from_off(text, n + 1);
	if (op == '*')
		return get_only(v, name, out);
	out->name = arena_str(v->a, name);
	out->value = vars_get(v, name);
	if (!out->value)
		return false;
	value = str_from(out->value);
	if (op == '/')
		out->value = giturl_last(v->a, out->value);
	else if (op == '~')
		out->value = str_take(&value, arg) && value.len ? arena_str(v->a, value) : NULL;
	else if (op == '!' && str_eq(value, arg))
		out->value = NULL;
	return out->value != NULL;
}

static bool
get_alternative(const struct vars *v, struct str text, struct var *out)
{
	ptrdiff_t arrow = str_search(text, STR("->"));

	if (arrow >= 0) {
		struct str condition = str_first(text, (size_t)arrow);

		if (!holds(v, condition))
			return false;
		text = str_from_off(text, (size_t)arrow + 2);
		out->name = name_in(v, condition);
		if (str_search(text, STR("${")) < 0) {
			out->value = arena_str(v->a, text);
			return true;
		}
	}
	if (str_search(text, STR("${")) < 0)
		return get_plain(v, text, out);
	out->value = expand(v, text, &out->name);
	return out->value != NULL;
}

bool
vars_next(const struct vars *v, struct str *rest, struct var *out)
{
	struct str text;

	while (str_next(rest, ' ', &text)) {
		*out = (struct var){0};
		if (text.len && get_alternative(v, text, out))
			return true;
	}
	return false;
}

const char *
vars_first(const struct vars *v, const char *alternatives)
{
	struct str rest = str_from(alternatives);
	struct var out;

	return vars_next(v, &rest, &out) ? out.value : NULL;
}
