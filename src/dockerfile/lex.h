/*
 * Private to dockerfile/: from bytes to instructions, and the words of a shell
 * as the Dockerfile frontend sees them.
 */
#ifndef DOCKERFILE_LEX_H
#define DOCKERFILE_LEX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct dockerfile;
struct err;

/* Caps on what a file may hold; no Dockerfile of a human comes near. */
enum {
	DOCKERFILE_INSTRUCTIONS_MAX = 65536,
	DOCKERFILE_STAGES_MAX = 2048,
	DOCKERFILE_ARGS_MAX = 512,     /* global ones; more are not looked at */
	DOCKERFILE_HEREDOCS_MAX = 256, /* of one instruction */
};

/* Fills escape, syntax and instructions; their stage is 0. Errors start with "NAME:LINE: ". */
int lex_dockerfile(
	struct arena *a, struct str text, const char *name, struct dockerfile *df, struct err *err);

/* Length of the white space character (UTF-8) that s starts with, or 0. */
size_t lex_space(struct str s);
/* Without white space at both ends. */
struct str lex_trim(struct str s);
/* What separates keyword and arguments. */
bool lex_is_blank(char c);
/* The next run of non-blanks; false at the end. */
bool lex_next_word(struct str *rest, struct str *word);
/* s is a JSON array of strings; out (may be NULL) gets them without escapes. */
bool lex_json_strings(struct arena *a, struct str s, struct strlist *out);

/* Value of a variable, or NULL when it is not set. */
typedef const char *(*lookup_fn)(void *ctx, struct str name);

enum word_flags {
	WORD_RAW_QUOTES = 1 << 0,  /* quotes stay */
	WORD_RAW_ESCAPES = 1 << 1, /* escape characters stay */
	WORD_KEEP_UNSET = 1 << 2,  /* a variable that is not set stays as it is written */
};

/*
 * One text with quotes and escapes taken away and variables put in. False when it is malformed, or
 * wants a form of substitution that only the frontend knows (patterns).
 */
bool word_expand(
	struct arena *a, struct str text, char escape, lookup_fn lookup, void *ctx, char **out);
/* The words of a text in which no variable is set; false when it is malformed. */
bool word_split(
	struct arena *a, struct str text, char escape, enum word_flags flags, struct strlist *out);
/* The words of an ARG instruction: split at blanks outside of quotes, which stay. */
void word_list(struct arena *a, struct str text, char escape, struct strlist *out);

#endif
