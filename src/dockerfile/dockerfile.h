/*
 * What we need to know of a Dockerfile: its instructions with their place in
 * the text, its stages, its global arguments; and the go_mounts rewrite. The
 * grammar is that of BuildKit (frontend/dockerfile/{parser,instructions,shell}):
 * parser directives, escape character, continuation lines with comments and
 * blank lines inside, heredocs, byte order mark, CRLF. Pure.
 *
 * What BuildKit alone can judge is left to it: unknown instructions and flags,
 * bad arguments, a file without FROM. Refused here is what makes stages
 * impossible to tell: a malformed FROM, an unterminated heredoc, a bad escape
 * directive. A file for another frontend (a syntax directive naming an image
 * without "dockerfile" in it) that does not read as a Dockerfile has no stages.
 */
#ifndef DOCKERFILE_DOCKERFILE_H
#define DOCKERFILE_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct buf;
struct err;

enum dockerfile_kind {
	DOCKERFILE_OTHER,
	DOCKERFILE_FROM,
	DOCKERFILE_ARG,
	DOCKERFILE_RUN,
	DOCKERFILE_COPY,
	DOCKERFILE_ADD,
	DOCKERFILE_ONBUILD,
};

struct dockerfile_heredoc {
	const char *name;   /* the delimiter without quotes */
	struct str content; /* in the text: from the line after to the line before the delimiter */
	bool expand;        /* no part of the delimiter was quoted */
	bool chomp;         /* <<-: leading tabs do not count */
};

struct dockerfile_instruction {
	enum dockerfile_kind kind;
	const char *keyword;  /* upper-cased */
	struct strlist flags; /* "--platform=x", quotes and escapes removed */
	struct str args;      /* the rest, continuation lines joined, comments gone, trimmed */
	bool json;            /* args is a JSON array of strings (exec form) */
	struct dockerfile_heredoc *heredocs;
	size_t nheredocs;
	/* for ONBUILD: what it triggers, else NULL; its places are those of the whole */
	struct dockerfile_instruction *trigger;
	int stage;             /* index, -1 before the first FROM */
	size_t line, end_line; /* 1 is the first; heredocs included */
	size_t begin, end;     /* bytes of the text: whole lines, heredocs included */
	/* offset behind the keyword and the one blank that follows it, if any */
	size_t after_keyword;
};

struct dockerfile_stage {
	size_t index;
	const char *name;     /* lower-cased; NULL when it has none */
	const char *written;  /* the name as it was written */
	const char *base;     /* as written: image, earlier stage, or with variables */
	const char *platform; /* value of --platform, or NULL */
	int parent;           /* index of the earlier stage that base names, -1 for an image */
	size_t line;
	bool is_export; /* the name starts with "export": files come out, no image */
	/*
	 * A later stage has the same name. BuildKit allows that: FROM takes the
	 * newest definition above it, COPY --from and a target the last of the
	 * file, so that this one cannot be built by name.
	 */
	bool is_shadowed;
};

/* An ARG before the first FROM. */
struct dockerfile_arg {
	const char *name;
	const char *value; /* unquoted, earlier arguments put in; NULL when it has no default */
};

/* Lives in the arena and points into the text given to dockerfile_parse. */
struct dockerfile {
	struct dockerfile_instruction *instructions;
	size_t ninstructions;
	/* in file order; the last one is the result, named or not */
	struct dockerfile_stage *stages;
	size_t nstages;
	struct dockerfile_arg *args;
	size_t nargs;
	char escape;        /* '\\' or '`' */
	const char *syntax; /* image that the syntax directive names, or NULL */
};

/*
 * name is for messages ("dir/Dockerfile:12: ..."). ERR_CONFIG "the Dockerfile
 * cannot be empty" when there is nothing but blanks; a file of comments only
 * parses and has no stages.
 */
int dockerfile_parse(struct arena *a, struct str text, const char *name, struct dockerfile *out,
	struct err *err);

/* The stage that a target or COPY --from names (any case), or NULL. */
const struct dockerfile_stage *dockerfile_find_stage(const struct dockerfile *df, struct str name);

/*
 * Appends the text with cache mounts for Go's build cache and module cache put
 * into the shell-form RUN instructions of stages that are based on an image
 * called golang, and of stages based on those; everything else byte for byte.
 * build_args ("K=V") win over defaults of global arguments; may be NULL. Left
 * alone: an instruction that mounts something on the build cache already (an
 * existing mount of the module cache is not doubled); a stage, and those it is
 * based on, from which another one copies or mounts what the caches would hide.
 * df is the parse of text. Returns how many instructions were changed; rewriting
 * the result changes nothing.
 */
size_t dockerfile_go_mounts(struct buf *out, struct str text, const struct dockerfile *df,
	const struct strlist *build_args);

#endif
