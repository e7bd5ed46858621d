/*
 * Include and exclude patterns of a context, with the meaning that the builder
 * gives them (moby/patternmatcher as fsutil uses it).
 *
 * A list is compiled once. A path is judged together with what its parent
 * directories matched, so that a pattern that matched a directory also holds
 * for everything below it. Matching one pattern takes at most pattern length
 * times path length steps, whatever the pattern says.
 *
 * A few rules differ from the translation to regular expressions that the
 * reference makes, where its result is an accident: inside [...] the signs * and
 * ? stand for themselves, a backslash always makes the next character literal
 * (never a class such as \d), and ^ | { } are ordinary characters.
 */
#ifndef BUILDKIT_PATTERN_H
#define BUILDKIT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

enum {
	PATTERN_MAX_SIZE = 1024 * 1024, /* bytes of all patterns of one list */
	PATTERN_MAX_COUNT = 64 * 1024   /* patterns of one list */
};

struct pattern;

struct pattern_list {
	struct arena arena;       /* holds all below */
	struct pattern *patterns; /* in order */
	size_t n, size;           /* count, and bytes of all */
	size_t nwords;            /* of a hits array: 64 patterns per word */
	bool has_exceptions;      /* some pattern starts with ! */
	bool glob_plain;          /* a pattern without ! has a wildcard before its end */
	bool glob_exceptions;     /* an exception has */
	uint64_t *scratch;        /* two sets of states for the matcher */
	size_t nstates;           /* of the longest pattern, in words of 64 */
};

/*
 * Compiles n patterns; empty ones are left out. ERR_CONFIG names a pattern with
 * bad syntax. The list must be released in either case.
 */
int pattern_list_init(
	struct pattern_list *l, const char *const *patterns, size_t n, struct err *err);
void pattern_list_release(struct pattern_list *l);
#define cleanup_pattern_list CLEANUP(pattern_list_release)

/*
 * Whether the list matches the path. parent: hits of the parent directory, NULL
 * at the top; hits (NULL where not wanted) receives those of this path; both are
 * arrays of nwords words. decided, where not NULL, receives the index of the
 * pattern that had the last word, or -1.
 */
bool pattern_list_match(struct pattern_list *l, struct str path, const uint64_t *parent,
	uint64_t *hits, ptrdiff_t *decided);
/* The same for a path whose parents were not judged: works them out itself. */
bool pattern_list_match_path(struct pattern_list *l, struct str path);
/* The text of a pattern as it was compiled, with its !. */
struct str pattern_list_text(const struct pattern_list *l, size_t i);

/*
 * For an include list: can nothing below directory dir match, which itself did
 * not match? For an exclude list: can nothing below dir, which is excluded, be
 * an exception? Both answer false when they cannot know.
 */
bool pattern_list_prunes_include(const struct pattern_list *l, struct str dir);
bool pattern_list_prunes_exclude(const struct pattern_list *l, struct str dir);

/* One pattern with shell meaning against one file name (no / in either): for follow.c. */
bool pattern_has_wildcard(struct str name);
/* Compiles just this pattern; false also when its syntax is bad. */
bool pattern_match_name(struct str pattern, struct str name);

/* Adds the patterns of an ignore file's text to a list, as the builder reads them. */
void pattern_read_ignore(struct str text, struct arena *a, struct strlist *out);

/* Lexically clean form of a path: no "//", "./", inner "..", trailing /; "." if empty. */
char *path_clean(struct arena *a, struct str path);

#endif
