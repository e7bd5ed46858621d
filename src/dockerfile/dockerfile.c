#include "dockerfile/dockerfile.h"

#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "dockerfile/lex.h"
#include "dockerfile/stage.h"

enum { SHOWN = 100 };

static char *
lower(struct arena *a, struct str s)
{
	char *out = arena_str(a, s), *p;

	for (p = out; p < out + s.len; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return out;
}

/* A letter, then letters, digits, '-', '_' and '.'; upper case is lowered before. */
static bool
stage_name_is_valid(struct str name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		char c = name.s[i];

		if (!(c >= 'a' && c <= 'z') &&
			(i == 0 || (!(c >= '0' && c <= '9') && str_find(STR("-_."), c) < 0)))
			return false;
	}
	return name.len > 0;
}

/* "FROM image" or "FROM image AS name" */
static int
read_from(struct arena *a, const struct dockerfile_instruction *ins, const char *file,
	struct dockerfile_stage *out, struct err *err)
{
	struct str rest = ins->args, base, as, name;

	if (!lex_next_word(&rest, &base))
		return err_set(err, ERR_CONFIG, "%s:%zu: FROM names no image", file, ins->line);
	out->base = arena_str(a, base);
	out->platform = flag_value(ins, "platform");
	out->line = ins->line;
	if (!lex_next_word(&rest, &as))
		return 0;
	if (!str_iis(as, "as") || !lex_next_word(&rest, &name) || lex_trim(rest).len)
		return err_set(err, ERR_CONFIG,
			"%s:%zu: FROM takes an image and optionally 'AS name', not '" STR_FMT "'",
			file, ins->line, STR_ARG(str_first(ins->args, SHOWN)));
	out->name = lower(a, name);
	out->written = arena_str(a, name);
	if (!stage_name_is_valid(str_n(out->name, name.len)))
		return err_set(err, ERR_CONFIG,
			"%s:%zu: invalid stage name '" STR_FMT
			"': it starts with a letter and holds letters, digits, '-', '_' and '.'",
			file, ins->line, STR_ARG(str_first(name, SHOWN)));
	out->is_export = strncmp(out->name, "export", strlen("export")) == 0;
	return 0;
}

static size_t
count_stages(const struct dockerfile *df)
{
	size_t n = 0, i;

	for (i = 0; i < df->ninstructions; i++)
		n += df->instructions[i].kind == DOCKERFILE_FROM;
	return n;
}

static int
read_stages(struct arena *a, const char *file, struct dockerfile *df, struct err *err)
{
	size_t n = count_stages(df), i;
	struct dockerfile_instruction *ins;

	if (n > DOCKERFILE_STAGES_MAX)
		return err_set(
			err, ERR_LIMIT, "%s: more than %d stages", file, DOCKERFILE_STAGES_MAX);
	df->stages = arena_new(a, struct dockerfile_stage, n);
	for (i = 0; i < df->ninstructions; i++) {
		ins = &df->instructions[i];
		if (ins->kind == DOCKERFILE_FROM) {
			df->stages[df->nstages].index = df->nstages;
			if (read_from(a, ins, file, &df->stages[df->nstages++], err) < 0)
				return -1;
		}
		ins->stage = (int)df->nstages - 1;
		if (ins->trigger)
			ins->trigger->stage = ins->stage;
	}
	return 0;
}

static void
link_stages(struct arena *a, struct dockerfile *df)
{
	const char *base;
	size_t i;

	stage_args(a, df, NULL, &df->args, &df->nargs);
	for (i = 0; i < df->nstages; i++) {
		struct dockerfile_stage *st = &df->stages[i];

		base = stage_base(a, df, st->base, df->args, df->nargs);
		st->parent = base ? stage_parent(df, base, i) : -1;
		st->is_shadowed = st->name && dockerfile_find_stage(df, str_from(st->name)) != st;
	}
}

static bool
is_blank_text(struct str text)
{
	str_take(&text, STR("\xef\xbb\xbf"));
	return lex_trim(text).len == 0;
}

/* Whether the syntax directive asks for something that is no Dockerfile. */
static bool
is_foreign(struct arena *a, const char *syntax)
{
	return syntax && !strstr(lower(a, str_from(syntax)), "dockerfile");
}

int
dockerfile_parse(
	struct arena *a, struct str text, const char *name, struct dockerfile *out, struct err *err)
{
	struct dockerfile df = {0};

	if (is_blank_text(text))
		return err_set(err, ERR_CONFIG, "the Dockerfile cannot be empty");
	if (text.len > LIMIT_DOCKERFILE)
		return err_set(
			err, ERR_LIMIT, "%s is larger than %d bytes", name, LIMIT_DOCKERFILE);
	if (lex_dockerfile(a, text, name, &df, err) < 0 || read_stages(a, name, &df, err) < 0) {
		if (!is_foreign(a, df.syntax))
			return -1;
		*out = (struct dockerfile){.escape = df.escape, .syntax = df.syntax};
		return 0;
	}
	link_stages(a, &df);
	*out = df;
	return 0;
}

const struct dockerfile_stage *
dockerfile_find_stage(const struct dockerfile *df, struct str name)
{
	size_t i;

	for (i = df->nstages; i > 0; i--)
		if (df->stages[i - 1].name && str_iis(name, df->stages[i - 1].name))
			return &df->stages[i - 1];
	return NULL;
}
