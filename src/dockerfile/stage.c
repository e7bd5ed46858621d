#include "dockerfile/stage.h"

#include <string.h>

#include "dockerfile/lex.h"

struct values {
	const struct dockerfile_arg *args;
	size_t n;
};

/* the newest definition counts */
static const char *
lookup_arg(void *ctx, struct str name)
{
	const struct values *v = ctx;
	size_t i;

	for (i = v->n; i > 0; i--)
		if (str_is(name, v->args[i - 1].name))
			return v->args[i - 1].value;
	return NULL;
}

static const char *
lookup_build_arg(const struct strlist *build_args, struct str name)
{
	struct str key, value;
	size_t i;

	for (i = build_args ? build_args->n : 0; i > 0; i--) {
		value = str_from(build_args->items[i - 1]);
		if (str_cut(&value, '=', &key) && str_eq(key, name))
			return value.s;
	}
	return NULL;
}

const char *
flag_value(const struct dockerfile_instruction *ins, const char *name)
{
	size_t len = strlen(name), i;

	for (i = ins->flags.n; i > 0; i--) {
		const char *flag = ins->flags.items[i - 1];

		if (strncmp(flag + 2, name, len) == 0 && flag[2 + len] == '=')
			return flag + 2 + len + 1;
	}
	return NULL;
}

/* One "NAME" or "NAME=default" of an ARG instruction. */
static void
set_arg(struct arena *a, const struct dockerfile *df, struct str word,
	const struct strlist *build_args, struct dockerfile_arg *args, size_t n)
{
	struct values before = {args, n};
	struct str key = word, value = word;
	bool has_default = str_cut(&value, '=', &key);
	char *text = NULL;

	args[n].name = arena_str(a, has_default ? key : word);
	args[n].value = lookup_build_arg(build_args, str_from(args[n].name));
	if (!args[n].value && has_default &&
		word_expand(a, value, df->escape, lookup_arg, &before, &text))
		args[n].value = text;
}

void
stage_args(struct arena *a, const struct dockerfile *df, const struct strlist *build_args,
	struct dockerfile_arg **args, size_t *nargs)
{
	struct strlist words = {0};
	size_t i;

	for (i = 0; i < df->ninstructions && df->instructions[i].kind != DOCKERFILE_FROM; i++)
		if (df->instructions[i].kind == DOCKERFILE_ARG)
			word_list(a, df->instructions[i].args, df->escape, &words);
	if (words.n > DOCKERFILE_ARGS_MAX)
		words.n = DOCKERFILE_ARGS_MAX;
	*args = arena_new(a, struct dockerfile_arg, words.n);
	*nargs = words.n;
	for (i = 0; i < words.n; i++)
		set_arg(a, df, str_from(words.items[i]), build_args, *args, i);
}

const char *
stage_base(struct arena *a, const struct dockerfile *df, const char *base,
	const struct dockerfile_arg *args, size_t nargs)
{
	struct values values = {args, nargs};
	char *text;

	if (!word_expand(a, str_from(base), df->escape, lookup_arg, &values, &text))
		return NULL;
	return text;
}

int
stage_parent(const struct dockerfile *df, const char *base, size_t before)
{
	size_t i;

	for (i = before; i > 0; i--)
		if (df->stages[i - 1].name && strcmp(df->stages[i - 1].name, base) == 0)
			return (int)(i - 1);
	return -1;
}
