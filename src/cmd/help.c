#include <string.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/flags.h"
#include "cmd/options.h"

enum { LEFT_MAX = 30, GAP = 2, TEXT_MIN = 20 };

/* Appends text wrapped at width, every line but the first after indent blanks; ends the line. */
static void
wrap(struct buf *out, const char *text, size_t indent, size_t width)
{
	struct str rest = str_from(text), word;
	size_t room = width > indent + TEXT_MIN ? width - indent : TEXT_MIN, used = 0;

	while (str_next(&rest, ' ', &word)) {
		if (used && used + 1 + word.len > room) {
			buf_addf(out, "\n%*s", (int)indent, "");
			used = 0;
		}
		buf_addf(out, "%s" STR_FMT, used ? " " : "", STR_ARG(word));
		used += word.len + (used ? 1 : 0);
	}
	buf_putc(out, '\n');
}

/* "  -f, --file="Dockerfile"" */
static void
left_column(struct buf *out, const struct flag *f)
{
	const char *p;

	if (f->letter)
		buf_addf(out, "  -%c, --%s", f->letter, f->name);
	else
		buf_addf(out, "      --%s", f->name);
	if (f->kind == FLAG_HELP || f->kind == FLAG_EARLY || f->kind == FLAG_BOOL)
		return;
	buf_putc(out, '=');
	if (f->def) {
		buf_addf(out, "\"%s\"", f->def);
		return;
	}
	for (p = f->name; *p; p++)
		buf_putc(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
}

static void
flag_row(struct buf *out, const struct flag *f, size_t column, size_t width)
{
	cleanup_buf struct buf left = {0};

	left_column(&left, f);
	buf_str(out, buf_view(&left));
	if (left.len + GAP > column)
		buf_addf(out, "\n%*s", (int)column, "");
	else
		buf_addf(out, "%*s", (int)(column - left.len), "");
	wrap(out, f->help, column, width);
}

static size_t
text_column(const struct tool *t)
{
	const struct flag *f;
	size_t i, widest = 0;

	for (i = 0; (f = tool_flag(t, i)); i++) {
		cleanup_buf struct buf left = {0};

		left_column(&left, f);
		if (left.len > widest && left.len <= LEFT_MAX)
			widest = left.len;
	}
	return widest + GAP;
}

void
help_tool(struct buf *out, const struct tool *t, unsigned width)
{
	size_t i, column = text_column(t);
	const struct flag *f;

	buf_addf(out, "Usage: %s [flags]%s%s\n\n", t->command, *t->args ? " " : "", t->args);
	wrap(out, t->summary, 0, width);
	buf_puts(out, "\nFlags:\n");
	for (i = 0; (f = tool_flag(t, i)); i++)
		flag_row(out, f, column, width);
}

void
help_overview(struct buf *out, unsigned width)
{
	enum { COLUMN = 14 };
	size_t i;

	buf_puts(out, "Usage: buildtools COMMAND [flags]\n\n");
	wrap(out,
		"Builds container images and pushes them, named and tagged by what the CI says. Without "
		"COMMAND, or when the first word is a flag, build is run. Any other word is looked up on "
		"PATH and run in its place.",
		0, width);
	buf_puts(out, "\nCommands:\n");
	for (i = 0; i < TOOLS; i++) {
		buf_addf(out, "  %-*s", COLUMN - 2, tools[i]->name);
		wrap(out, tools[i]->summary, COLUMN, width);
	}
	buf_puts(out, "\nThe flags of a command: buildtools help COMMAND\n");
}

int
cmd_usage(struct cmd_context *ctx, const struct tool *t, const struct err *err)
{
	console_error(ctx->console, t->command, err);
	return t->usage;
}

int
cmd_failed(struct cmd_context *ctx, const struct tool *t, const struct err *err)
{
	console_error(ctx->console, t->command, err);
	return t->failed;
}

/* of: NULL shows the overview */
static int
show(struct cmd_context *ctx, const struct tool *t, const struct tool *of)
{
	cleanup_buf struct buf out = {0};
	struct err err = {0};

	if (of)
		help_tool(&out, of, ctx->console->columns);
	else
		help_overview(&out, ctx->console->columns);
	if (console_print(ctx->console, buf_view(&out), &err))
		return cmd_failed(ctx, t, &err);
	return EXIT_OK;
}

int
cmd_help(struct cmd_context *ctx, int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	struct common_options o;
	const struct tool *of;
	struct err err = {0};

	if (plain_options_parse(&o, &tool_help, argc, argv, &arena, &err))
		return cmd_usage(ctx, &tool_help, &err);
	if (o.help)
		return show(ctx, &tool_help, &tool_help);
	if (o.args.n == 0)
		return show(ctx, &tool_help, NULL);
	of = tool_find(o.args.items[0]);
	if (!of) {
		err_set(&err, ERR_USAGE, "unknown command '%s'", o.args.items[0]);
		err_hint(&err, "buildtools help lists all commands");
		return cmd_usage(ctx, &tool_help, &err);
	}
	return show(ctx, &tool_help, of);
}

bool
cmd_early(struct cmd_context *ctx, const struct common_options *o,
	int (*show_config)(struct cmd_context *ctx, const struct common_options *o), int *code)
{
	bool done = false;
	size_t i;

	*code = EXIT_OK;
	if (o->help) {
		*code = show(ctx, o->tool, o->tool);
		return true;
	}
	for (i = 0; i < o->n_early && *code == EXIT_OK; i++) {
		if (o->early[i] == EARLY_VERBOSE) {
			console_verbose(ctx->console);
			continue;
		}
		done = true;
		if (o->early[i] == EARLY_VERSION)
			*code = version_show(ctx, o->tool);
		else if (show_config)
			*code = show_config(ctx, o);
	}
	return done;
}
