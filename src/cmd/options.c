#include "cmd/options.h"

#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "cmd/flags.h"
#include "cmd/values.h"

struct parser {
	const struct tool *tool;
	char *o;                       /* the options struct, as bytes */
	struct common_options *common; /* its first member */
	struct arena *arena;
	int argc, at; /* argv[at] is the next word */
	char **argv;
};

static const struct flag *
find_long(const struct tool *t, struct str name)
{
	const struct flag *f;
	size_t i;

	for (i = 0; (f = tool_flag(t, i)); i++)
		if (str_is(name, f->name) || (f->alias && str_is(name, f->alias)))
			return f;
	return NULL;
}

static const struct flag *
find_short(const struct tool *t, char letter)
{
	const struct flag *f;
	size_t i;

	for (i = 0; (f = tool_flag(t, i)); i++)
		if (f->letter == letter)
			return f;
	return NULL;
}

enum { NAME_MAX_LEN = 32 };

/* Edits (insert, delete, change one letter) from a to b; many when either is long. */
static size_t
distance(struct str a, struct str b)
{
	size_t row[NAME_MAX_LEN + 1], i, j, diagonal, above;

	if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (j = 0; j <= b.len; j++)
		row[j] = j;
	for (i = 1; i <= a.len; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= b.len; j++) {
			above = row[j];
			row[j] = diagonal + (a.s[i - 1] != b.s[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[b.len];
}

/* A beginning of the name, or at most two typing errors in a name long enough to have them. */
static bool
is_near(struct str given, struct str name)
{
	size_t allowed = given.len < 4 ? 1 : 2;

	if (given.len >= 2 && str_starts(name, given))
		return true;
	return given.len >= 2 && distance(given, name) <= allowed;
}

static int
unknown_long(const struct tool *t, struct str name, struct err *err)
{
	cleanup_buf struct buf near = {0};
	const struct flag *f;
	size_t i, n = 0;

	for (i = 0; (f = tool_flag(t, i)); i++) {
		if (!is_near(name, str_from(f->name)))
			continue;
		buf_addf(&near, "%s\"--%s\"", n ? ", " : "", f->name);
		n++;
	}
	if (n == 0) {
		err_set(err, ERR_USAGE, "unknown flag --" STR_FMT, STR_ARG(name));
		return err_hint(err, "%s --help lists all flags", t->command);
	}
	return err_set(err, ERR_USAGE, "unknown flag --" STR_FMT ", did you mean %s%s?",
		STR_ARG(name), n > 1 ? "one of " : "", buf_cstr(&near));
}

static int
add_early(struct parser *p, const struct flag *f)
{
	enum early_action action = (enum early_action)f->offset;
	size_t i;

	if (action == EARLY_VERBOSE)
		p->common->verbose = true;
	for (i = 0; i < p->common->n_early; i++)
		if (p->common->early[i] == action)
			return 0;
	p->common->early[p->common->n_early++] = action;
	return 0;
}

/* Commas were separators in the tool that this one replaces: whoever counted on that is told. */
static void
note_commas(struct parser *p, const char *value)
{
	struct str name = value_split_name(value);
	ptrdiff_t len = str_find(str_from(value), '=');
	const char *note;

	if (strstr(value, "\\,"))
		strlist_add(&p->common->notes, p->arena,
			arena_fmt(p->arena,
				"--build-arg %.*s: '\\,' is taken literally, commas need no backslash any more",
				(int)(len < 0 ? 0 : len), value));
	if (name.len == 0)
		return;
	note = arena_fmt(p->arena,
		"--build-arg %.*s: ',%.*s=' is now part of the value, commas no longer separate build "
		"arguments; use --build-arg once for each",
		(int)len, value, STR_ARG(name));
	strlist_add(&p->common->notes, p->arena, note);
}

static int
store_list(struct parser *p, const struct flag *f, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, ERR_USAGE, "empty value");
	if (f->check && f->check(&value, p->arena, err))
		return -1;
	if (f->check == check_build_arg)
		note_commas(p, value);
	strlist_add((struct strlist *)(void *)(p->o + f->offset), p->arena, value);
	return 0;
}

static int
store_text(struct parser *p, const struct flag *f, const char *value, struct err *err)
{
	if (!*value && f->required)
		return err_set(err, ERR_USAGE, "empty value");
	if (!*value)
		value = f->def;
	else if (f->check && f->check(&value, p->arena, err))
		return -1;
	*(const char **)(void *)(p->o + f->offset) = value;
	return 0;
}

static int
store(struct parser *p, const struct flag *f, const char *value, struct err *err)
{
	void *field = p->o + f->offset;

	switch (f->kind) {
	case FLAG_BOOL:
		return value_bool(value, field, err);
	case FLAG_TEXT:
		return store_text(p, f, value, err);
	case FLAG_LIST:
		return store_list(p, f, value, err);
	case FLAG_DURATION:
		return value_duration(value, field, err);
	case FLAG_SIZE:
		return value_size(value, field, err);
	case FLAG_HELP:
	case FLAG_EARLY:
		break;
	}
	BUG("flag without a value");
}

static const char *
kind_word(enum flag_kind kind)
{
	if (kind == FLAG_DURATION)
		return "duration";
	return kind == FLAG_SIZE ? "size" : "string";
}

/* The next word as value; a word that looks like a flag is more likely a forgotten value. */
static int
take_value(struct parser *p, const struct flag *f, const char **value, struct err *err)
{
	const char *word = p->at < p->argc ? p->argv[p->at] : NULL;

	if (!word && f->kind == FLAG_LIST)
		return err_set(err, ERR_USAGE, "missing value, expecting \"<arg>\"");
	if (!word)
		return err_set(err, ERR_USAGE, "expected %s value but got \"EOL\" (<EOL>)",
			kind_word(f->kind));
	if (word[0] == '-' && word[1]) {
		err_set(err, ERR_USAGE, "expected %s value but got \"%s\"", kind_word(f->kind),
			word);
		return err_hint(
			err, "a value that starts with - is written --%s=%s", f->name, word);
	}
	p->at++;
	*value = word;
	return 0;
}

/* attached: the text after '=' or the rest of a bundle; NULL when there is none. */
static int
apply(struct parser *p, const struct flag *f, const char *attached, struct err *err)
{
	const char *value = attached;

	if (f->kind == FLAG_HELP || f->kind == FLAG_EARLY) {
		if (attached)
			return err_set(err, ERR_USAGE, "unexpected flag argument \"%s\"", attached);
		if (f->kind == FLAG_EARLY)
			return add_early(p, f);
		p->common->help = true;
		return 0;
	}
	if (!attached && f->kind == FLAG_BOOL)
		value = "true";
	else if (!attached && take_value(p, f, &value, err))
		return -1;
	return store(p, f, value, err);
}

static int
parse_long(struct parser *p, const char *word, struct err *err)
{
	struct str name = str_from(word), rest = name;
	const struct flag *f;
	const char *attached = NULL;

	if (str_cut(&rest, '=', &name))
		attached = rest.s;
	f = find_long(p->tool, name);
	if (!f)
		return unknown_long(p->tool, name, err);
	if (apply(p, f, attached, err))
		return err_wrap(err, "--" STR_FMT, STR_ARG(name));
	return 0;
}

static int
parse_shorts(struct parser *p, const char *letters, struct err *err)
{
	const char *at, *attached;
	const struct flag *f;
	bool takes_rest;

	for (at = letters; *at; at++) {
		f = find_short(p->tool, *at);
		if (!f) {
			size_t len = utf8_len(str_from(at));

			err_set(err, ERR_USAGE, "unknown flag -%.*s", len ? (int)len : 1, at);
			return err_hint(err, "%s --help lists all flags", p->tool->command);
		}
		takes_rest = at[1] == '=' || f->kind == FLAG_TEXT || f->kind == FLAG_LIST ||
			     f->kind == FLAG_DURATION || f->kind == FLAG_SIZE;
		attached = NULL;
		if (takes_rest && at[1])
			attached = at[1] == '=' ? at + 2 : at + 1;
		if (apply(p, f, attached, err))
			return err_wrap(err, "--%s", f->name);
		if (takes_rest)
			return 0;
	}
	return 0;
}

static int
add_argument(struct parser *p, const char *word, struct err *err)
{
	if (p->common->args.n >= p->tool->max_args)
		return err_set(err, ERR_USAGE, "unexpected argument %s", word);
	if (!*word)
		return err_set(
			err, ERR_USAGE, "empty argument where %s was expected", p->tool->args);
	strlist_add(&p->common->args, p->arena, word);
	return 0;
}

static int
parse_words(struct parser *p, struct err *err)
{
	bool flags = true;
	const char *word;
	int rc = 0;

	while (p->at < p->argc && rc == 0) {
		word = p->argv[p->at++];
		if (flags && strcmp(word, "--") == 0)
			flags = false;
		else if (!flags || word[0] != '-' || !word[1])
			rc = add_argument(p, word, err);
		else if (word[1] == '-')
			rc = parse_long(p, word + 2, err);
		else
			rc = parse_shorts(p, word + 1, err);
	}
	return rc;
}

static int
parse(void *o, const struct tool *tool, int argc, char **argv, struct arena *a, struct err *err)
{
	struct parser p = {
		.tool = tool, .o = o, .common = o, .arena = a, .argc = argc, .at = 1, .argv = argv};
	const struct flag *f;
	size_t i;

	p.common->tool = tool;
	for (i = 0; (f = tool_flag(tool, i)); i++)
		if (f->def && store(&p, f, f->def, err))
			BUG("default that its own flag refuses");
	if (parse_words(&p, err))
		return -1;
	p.common->path = p.common->args.n ? p.common->args.items[0] : ".";
	return 0;
}

int
build_options_parse(
	struct build_options *o, int argc, char **argv, struct arena *a, struct err *err)
{
	*o = (struct build_options){0};
	return parse(o, &tool_build, argc, argv, a, err);
}

int
push_options_parse(struct push_options *o, int argc, char **argv, struct arena *a, struct err *err)
{
	*o = (struct push_options){0};
	return parse(o, &tool_push, argc, argv, a, err);
}

int
info_options_parse(struct info_options *o, int argc, char **argv, struct arena *a, struct err *err)
{
	*o = (struct info_options){0};
	return parse(o, &tool_info, argc, argv, a, err);
}

int
doctor_options_parse(
	struct doctor_options *o, int argc, char **argv, struct arena *a, struct err *err)
{
	*o = (struct doctor_options){0};
	return parse(o, &tool_doctor, argc, argv, a, err);
}

int
plain_options_parse(struct common_options *o, const struct tool *tool, int argc, char **argv,
	struct arena *a, struct err *err)
{
	*o = (struct common_options){0};
	return parse(o, tool, argc, argv, a, err);
}
