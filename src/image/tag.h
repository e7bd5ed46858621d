/*
 * Making tags out of what people call their branches. Pure.
 */
#ifndef IMAGE_TAG_H
#define IMAGE_TAG_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* The form for tags and for CI_BRANCH: every '/' and every blank becomes '_'. */
char *tag_branch(struct arena *a, struct str branch);
/*
 * What an image tag may hold: characters outside A-Za-z0-9.-_ are deleted, then
 * leading '.' and '-', then all beyond 128 characters. May be empty: no tag
 * (I-18). changed may be NULL; it tells that the result is another text.
 */
char *tag_slug(struct arena *a, struct str text, bool *changed);

#endif
