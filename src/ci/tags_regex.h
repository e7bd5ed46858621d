/*
 * Private to ci/tags: the regular expressions of tag rules, in the notation of
 * JavaScript since that is what rules are written in: groups, named or not
 * capturing, alternatives, greedy and lazy repetition, classes, \d \w \s \b.
 * Look-around and back references are refused. Matching takes time in proportion
 * to pattern times text, whatever the pattern.
 */
#ifndef CI_TAGS_REGEX_H
#define CI_TAGS_REGEX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct regex;

enum { REGEX_GROUPS_MAX = 20 }; /* group 0, the whole match, included */

/* NULL when the pattern is malformed; *problem then says why. Lives in the arena. */
struct regex *regex_compile(
	struct arena *a, struct str pattern, bool ignore_case, const char **problem);
/*
 * The first match in the text. Fills all of groups; those that took no part or do not exist have
 * s == NULL.
 */
bool regex_match(const struct regex *re, struct str text, struct str groups[REGEX_GROUPS_MAX]);

#endif
