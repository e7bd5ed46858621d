#include <string.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/flags.h"
#include "cmd/options.h"

/*
 * Scripts that make a shell complete our commands. They are data from the flag
 * tables in a fixed frame, so no text in them comes from outside and the words
 * need no quoting beyond what the tables hold.
 */

static bool
takes_value(const struct flag *f)
{
	return f->kind != FLAG_HELP && f->kind != FLAG_EARLY && f->kind != FLAG_BOOL;
}

/* "--file=" for flags with a value, "--push" for others, and short forms. */
static void
flag_words(struct buf *out, const struct tool *t)
{
	const struct flag *f;
	size_t i;

	for (i = 0; (f = tool_flag(t, i)); i++) {
		if (f->letter)
			buf_addf(out, "-%c ", f->letter);
		buf_addf(out, "--%s%s ", f->name, takes_value(f) ? "=" : "");
	}
}

static void
tool_names(struct buf *out, const char *separator)
{
	size_t i;

	for (i = 0; i < TOOLS; i++)
		buf_addf(out, "%s%s", i ? separator : "", tools[i]->name);
}

/* ---- bash ------------------------------------------------------------------------------------ */

/* One "tool --flag) reply ;;" row for each flag whose value can be completed. */
static void
bash_values(struct buf *out, const struct tool *t)
{
	const struct flag *f;
	size_t i;

	for (i = 0; (f = tool_flag(t, i)); i++) {
		if (f->words == WORDS_NONE)
			continue;
		buf_addf(out, "\t'%s --%s'", t->name, f->name);
		if (f->letter)
			buf_addf(out, "|'%s -%c'", t->name, f->letter);
		if (f->words == WORDS_FIXED)
			buf_addf(
				out, ") COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;\n", f->fixed);
		else
			buf_addf(out, ") _buildtools_files -%c \"${cur#\"$stem\"}\" ;;\n",
				f->words == WORDS_FOLDER ? 'd' : 'f');
	}
}

static void
bash_arguments(struct buf *out)
{
	size_t i;

	buf_puts(out, "\tcase \"$tool\" in\n\tbuildtools) words='");
	tool_names(out, " ");
	buf_puts(out, "' ;;\n\tcompletion) words='bash zsh fish' ;;\n\thelp) words='");
	tool_names(out, " ");
	buf_puts(out, "' ;;\n\tesac\n\tcase \"$tool\" in\n");
	for (i = 0; i < TOOLS; i++) {
		buf_addf(out, "\t%s) flags='", tools[i]->name);
		flag_words(out, tools[i]);
		buf_puts(out, "' ;;\n");
	}
	buf_puts(out, "\tesac\n");
}

/*
 * bash makes words of their own of '=' and ':', and puts a reply in the place of
 * the last one: of "--flag=a=b", a reply has only what comes after "a=".
 */
static const char bash_frame[] =
	"# bash completion of build, push and buildtools\n"
	"_buildtools_files() {\n"
	"\tcompopt -o filenames\n"
	"\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\")\n"
	"}\n"
	"_buildtools() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal tool=${COMP_WORDS[0]##*/} flags= words= stem= word=${COMP_LINE:0:COMP_POINT}\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $tool == buildtools && $COMP_CWORD -gt 1 ]]; then\n"
	"\t\ttool=${COMP_WORDS[1]}\n"
	"\tfi\n"
	"\tword=${word##*[[:blank:]]}\n"
	"\tif [[ $word == --*=* ]]; then\n"
	"\t\tprev=${word%%=*} cur=${word#*=}\n"
	"\t\tstem=${cur%\"${cur##*[=:]}\"}\n"
	"\telif [[ $prev == = ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tcase \"$tool $prev\" in\n";

static void
bash_script(struct buf *out)
{
	size_t i;

	buf_puts(out, bash_frame);
	for (i = 0; i < TOOLS; i++)
		bash_values(out, tools[i]);
	buf_puts(out, "\tesac\n"
		      "\tCOMPREPLY=(\"${COMPREPLY[@]#\"$stem\"}\")\n"
		      "\t[[ ${#COMPREPLY[@]} -gt 0 || $word == --*=* ]] && return\n");
	bash_arguments(out);
	buf_puts(out, "\tif [[ $cur == -* ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
		      "\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
		      "\telif [[ -n $words ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		      "\telse\n"
		      "\t\t_buildtools_files -d \"$cur\"\n"
		      "\tfi\n"
		      "}\n"
		      "complete -F _buildtools build push buildtools\n");
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* Help text inside '...[...]': quotes, brackets and colons would end it. */
static void
zsh_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else if (strchr("[]:\\", *text))
			buf_addf(out, "\\%c", *text);
		else
			buf_putc(out, *text);
	}
}

static void
zsh_flag(struct buf *out, const struct flag *f)
{
	const char *star = f->kind == FLAG_LIST ? "*" : "";

	if (f->letter)
		buf_addf(out, "\t\t'%s'{-%c%s,--%s%s}'[", star, f->letter,
			takes_value(f) ? "+" : "", f->name, takes_value(f) ? "=" : "");
	else
		buf_addf(out, "\t\t'%s--%s%s[", star, f->name, takes_value(f) ? "=" : "");
	zsh_text(out, f->help);
	buf_putc(out, ']');
	if (takes_value(f))
		buf_addf(out, ":%s:", f->name);
	if (f->words == WORDS_FIXED)
		buf_addf(out, "(%s)", f->fixed);
	else if (f->words != WORDS_NONE)
		buf_puts(out, f->words == WORDS_FOLDER ? "_files -/" : "_files");
	buf_puts(out, "' \\\n");
}

static void
zsh_tool(struct buf *out, const struct tool *t)
{
	const struct flag *f;
	size_t i;

	buf_addf(out, "_buildtools_%s() {\n\t_arguments -s \\\n", t->name);
	for (i = 0; (f = tool_flag(t, i)); i++)
		zsh_flag(out, f);
	if (t == &tool_completion) {
		buf_puts(out, "\t\t'1:shell:(bash zsh fish)'\n}\n");
	} else if (t == &tool_help) {
		buf_puts(out, "\t\t'1:command:(");
		tool_names(out, " ");
		buf_puts(out, ")'\n}\n");
	} else {
		buf_puts(out, t->max_args ? "\t\t'1:path:_files -/'\n}\n" : "\t\t&& return\n}\n");
	}
}

static void
zsh_script(struct buf *out)
{
	size_t i;

	buf_puts(out, "#compdef build push buildtools\n"
		      "# zsh completion of build, push and buildtools\n");
	for (i = 0; i < TOOLS; i++)
		zsh_tool(out, tools[i]);
	buf_puts(out, "_buildtools() {\n"
		      "\tcase $service in\n"
		      "\tbuild|push) _buildtools_$service; return ;;\n"
		      "\tesac\n"
		      "\tif (( CURRENT == 2 )); then\n"
		      "\t\t_values command ");
	tool_names(out, " ");
	buf_puts(out, "\n\t\treturn\n\tfi\n"
		      "\tshift words\n"
		      "\t(( CURRENT-- ))\n"
		      "\tcase $words[1] in\n\t");
	tool_names(out, "|");
	buf_puts(out, ") _buildtools_$words[1] ;;\n"
		      "\tesac\n"
		      "}\n"
		      "if [[ $funcstack[1] == _buildtools ]]; then\n"
		      "\t_buildtools \"$@\"\n"
		      "else\n"
		      "\tcompdef _buildtools build push buildtools\n"
		      "fi\n");
}

/* ---- fish ------------------------------------------------------------------------------------ */

/* Inside '...' only the quote and the backslash are special. */
static void
fish_text(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_addf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
}

/* condition: a further "-n ..." or "" */
static void
fish_tool(struct buf *out, const char *command, const char *condition, const struct tool *t)
{
	const struct flag *f;
	size_t i;

	for (i = 0; (f = tool_flag(t, i)); i++) {
		buf_addf(out, "complete -c %s%s -l %s", command, condition, f->name);
		if (f->letter)
			buf_addf(out, " -s %c", f->letter);
		if (f->words == WORDS_FIXED)
			buf_addf(out, " -x -a '%s'", f->fixed);
		else if (takes_value(f))
			buf_puts(out, f->words == WORDS_NONE ? " -x" : " -r -F");
		buf_puts(out, " -d '");
		fish_text(out, f->help);
		buf_puts(out, "'\n");
	}
	/* no file can be the argument of any, a folder only where one is built */
	if (t == &tool_version || strcmp(t->args, "[PATH]") == 0)
		buf_addf(out, "complete -c %s%s -f%s\n", command, condition,
			t->max_args ? " -a '(__fish_complete_directories)'" : "");
}

static void
fish_script(struct buf *out)
{
	cleanup_buf struct buf condition = {0};
	size_t i;

	buf_puts(out, "# fish completion of build, push and buildtools\n");
	fish_tool(out, "build", "", &tool_build);
	fish_tool(out, "push", "", &tool_push);
	for (i = 0; i < TOOLS; i++) {
		buf_addf(out, "complete -c buildtools -n __fish_use_subcommand -f -a %s -d '",
			tools[i]->name);
		fish_text(out, tools[i]->summary);
		buf_puts(out, "'\n");
		buf_reset(&condition);
		buf_addf(&condition, " -n '__fish_seen_subcommand_from %s'", tools[i]->name);
		fish_tool(out, "buildtools", buf_cstr(&condition), tools[i]);
	}
	buf_puts(out, "complete -c buildtools -n '__fish_seen_subcommand_from completion' -f "
		      "-a 'bash zsh fish'\n"
		      "complete -c buildtools -n '__fish_seen_subcommand_from help' -f -a '");
	tool_names(out, " ");
	buf_puts(out, "'\n");
}

/* ---------------------------------------------------------------------------------------------- */

static const struct shell {
	const char *name;
	void (*script)(struct buf *out);
} shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

int
completion_script(struct buf *out, const char *shell, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].script(out);
			return 0;
		}
	}
	return err_set(
		err, ERR_USAGE, "no completion for '%s', only for bash, zsh and fish", shell);
}

int
cmd_completion(struct cmd_context *ctx, int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	cleanup_buf struct buf out = {0};
	struct common_options o;
	struct err err = {0};
	int code;

	if (plain_options_parse(&o, &tool_completion, argc, argv, &arena, &err))
		return cmd_usage(ctx, &tool_completion, &err);
	if (cmd_early(ctx, &o, NULL, &code))
		return code;
	if (o.args.n == 0) {
		err_set(&err, ERR_USAGE, "missing argument: bash, zsh or fish");
		return cmd_usage(ctx, &tool_completion, &err);
	}
	if (completion_script(&out, o.args.items[0], &err))
		return cmd_usage(ctx, &tool_completion, &err);
	if (console_print(ctx->console, buf_view(&out), &err))
		return cmd_failed(ctx, &tool_completion, &err);
	return EXIT_OK;
}
