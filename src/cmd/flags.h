/*
 * The flag tables: one row per flag, from which parsing, help text and shell
 * completion are made. Private to the files of cmd/ that do that.
 */
#ifndef CMD_FLAGS_H
#define CMD_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct buf;
struct err;

enum flag_kind {
	FLAG_HELP,
	FLAG_EARLY,    /* --verbose, --version, --config: take no value at all */
	FLAG_BOOL,     /* bool */
	FLAG_TEXT,     /* const char *; an empty value is the same as none */
	FLAG_LIST,     /* struct strlist, one item per use */
	FLAG_DURATION, /* int64_t milliseconds */
	FLAG_SIZE      /* uint64_t bytes */
};

/* What a shell may offer as value. */
enum flag_words { WORDS_NONE, WORDS_FILE, WORDS_FOLDER, WORDS_FIXED };

struct flag {
	const char *name;
	const char *alias; /* accepted, never shown; NULL */
	char letter;       /* 0: none */
	enum flag_kind kind;
	size_t offset;   /* of the field in the options struct; FLAG_EARLY: the action */
	bool required;   /* FLAG_TEXT: an empty value is an error */
	const char *def; /* default as text; shown in help */
	/*
	 * Checks a value and may put another text in its place, from the arena;
	 * NULL accepts all. Messages do not name the flag, the parser does.
	 */
	int (*check)(const char **value, struct arena *a, struct err *err);
	enum flag_words words;
	const char *fixed; /* WORDS_FIXED: blank-separated */
	const char *help;
};

struct flag_set {
	const struct flag *flags;
	size_t n;
};

enum { TOOL_SETS = 2 };

struct tool {
	const char *name;
	const char *command; /* as users call it */
	const char *args;    /* for the usage line: "[PATH]"; "" */
	size_t max_args;
	const char *summary; /* one sentence */
	int usage, failed;   /* exit codes: wrong use, anything else */
	struct flag_set sets[TOOL_SETS];
};

extern const struct tool tool_build, tool_push, tool_info, tool_doctor, tool_version, tool_help,
	tool_completion;
/* All of them, in the order of the overview. */
extern const struct tool *const tools[];
enum { TOOLS = 7 };

/* NULL when there is none of that name. */
const struct tool *tool_find(const char *name);
/* The flag at position i over all sets, NULL after the last. */
const struct flag *tool_flag(const struct tool *t, size_t i);

/* Help text of one verb, wrapped at width columns. */
void help_tool(struct buf *out, const struct tool *t, unsigned width);
/* The script for bash, zsh or fish; ERR_USAGE for another shell. */
int completion_script(struct buf *out, const char *shell, struct err *err);
/* Overview of all verbs. */
void help_overview(struct buf *out, unsigned width);

#endif
