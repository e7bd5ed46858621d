#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "progress/progress.h"

static const struct {
	const char *word;
	enum progress_mode mode;
} modes[] = {
	{"", PROGRESS_AUTO},
	{"auto", PROGRESS_AUTO},
	{"plain", PROGRESS_PLAIN},
	{"tty", PROGRESS_TTY},
	{"rawjson", PROGRESS_RAWJSON},
	{"quiet", PROGRESS_QUIET},
};

int
progress_mode_parse(const char *word, enum progress_mode *mode, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		if (strcmp(modes[i].word, word) != 0)
			continue;
		*mode = modes[i].mode;
		return 0;
	}
	err_set(err, ERR_USAGE, "unknown progress mode '%s'", word);
	return err_hint(err, "use auto, plain, tty, rawjson or quiet");
}

static const struct {
	const char *name;
	unsigned code; /* SGR, foreground */
} colors[] = {
	{"default", 39},
	{"black", 30},
	{"red", 31},
	{"green", 32},
	{"yellow", 33},
	{"blue", 34},
	{"magenta", 35},
	{"cyan", 36},
	{"white", 37},
};

/* The nearest of the 6 x 6 x 6 colours of the 256 colour palette. */
static bool
rgb_color(struct str value, char out[16])
{
	unsigned code = 16, i;
	static const unsigned weight[3] = {36, 6, 1};
	struct str word;

	/* a CSV record: its fields may be quoted */
	for (i = 0; str_next(&value, ',', &word); i++) {
		uint64_t n;

		if (word.len >= 2 && word.s[0] == '"' && word.s[word.len - 1] == '"')
			word = str_n(word.s + 1, word.len - 2);
		if (i > 2 || !str_u64(word, 10, &n) || n > 255)
			return false;
		code += weight[i] * (unsigned)((n * 5 + 127) / 255);
	}
	if (i != 3)
		return false;
	snprintf(out, 16, "38;5;%u", code);
	return true;
}

static bool
named_color(struct str value, char out[16])
{
	bool light = str_istarts(value, STR("light-"));
	size_t i;

	if (light)
		value = str_from_off(value, 6);
	for (i = light ? 1 : 0; i < ARRAY_LEN(colors); i++) {
		if (!str_iis(value, colors[i].name))
			continue;
		snprintf(out, 16, "%u", colors[i].code + (light ? 60 : 0));
		return true;
	}
	return false;
}

static void
default_palette(struct progress_palette *p)
{
	*p = (struct progress_palette){"34", "33", "33", "31"};
}

static void
read_palette(struct progress_palette *p, const char *text, struct log *log)
{
	struct str rest = str_from(text), entry, name;

	while (str_next(&rest, ':', &entry)) {
		struct str value = entry;
		char code[16], *to = NULL;

		if (entry.len == 0)
			continue;
		if (str_cut(&value, '=', &name)) {
			if (str_iis(name, "run"))
				to = p->run;
			else if (str_iis(name, "cancel"))
				to = p->cancel;
			else if (str_iis(name, "warning"))
				to = p->warning;
			else if (str_iis(name, "error"))
				to = p->error;
		}
		if (to && (named_color(value, code) || rgb_color(value, code)))
			memcpy(to, code, sizeof(code));
		else
			log_warn(log, "ignoring '" STR_FMT "' in BUILDKIT_COLORS", STR_ARG(entry));
	}
}

/* A number above 0 and at most max, else 'otherwise'. */
static unsigned
number(const struct env *env, const char *name, uint64_t max, unsigned otherwise)
{
	uint64_t n;

	if (!str_u64(str_from(env_get(env, name)), 10, &n) || n == 0 || n > max)
		return otherwise;
	return (unsigned)n;
}

int
progress_options_from_env(
	struct progress_options *o, const struct env *env, struct log *log, struct err *err)
{
	const char *mode = env_get(env, "BUILDKIT_PROGRESS");
	const char *cut = env_get(env, "PROGRESS_NO_TRUNC");

	if (o->mode == PROGRESS_AUTO && mode && progress_mode_parse(mode, &o->mode, err))
		return err_wrap(err, "BUILDKIT_PROGRESS");
	o->no_color = env_has(env, "NO_COLOR");
	o->dumb = env_is(env, "TERM", "dumb");
	o->cut_names = cut && strcmp(cut, "0") == 0;
	o->rate_ms = number(env, "TTY_DISPLAY_RATE", 60000, o->rate_ms);
	o->log_lines = number(env, "BUILDKIT_TTY_LOG_LINES", 1000, o->log_lines);
	default_palette(&o->palette);
	if (!o->no_color && env_has(env, "BUILDKIT_COLORS"))
		read_palette(&o->palette, env_get(env, "BUILDKIT_COLORS"), log);
	return 0;
}
