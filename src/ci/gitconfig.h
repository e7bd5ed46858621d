/*
 * The configuration file format of git, git-config(1) "Syntax": sections,
 * subsections, quoted and continued values. Includes are not followed.
 */
#ifndef CI_GITCONFIG_H
#define CI_GITCONFIG_H

#include "base/str.h"

struct arena;

/*
 * The last value of section.sub.key (sub NULL: a section without one); section and
 * key without regard to case. A key without "=" is "true". NULL when there is none;
 * reading stops where the text breaks the format, what stood before counts.
 */
const char *gitconfig_get(
	struct arena *a, struct str text, const char *section, const char *sub, const char *key);

#endif
