/*
 * Making repository names out of what people call their projects: upper case,
 * blanks and other characters that a reference cannot hold (F-8). Pure.
 */
#ifndef IMAGE_NAME_H
#define IMAGE_NAME_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

/*
 * A path: lower-cased; runs of characters that may not stand between letters
 * and digits become one '-', at the ends of an element they are dropped, and so
 * are empty elements. "Group/My App!" is "group/my-app". NULL with ERR_CONFIG
 * when nothing is left or it is longer than REF_PATH_MAX. changed (may be NULL)
 * tells that the result is another text, so that the caller can say so.
 */
char *name_path(struct arena *a, struct str text, bool *changed, struct err *err);
/*
 * The same for a name that may start with a registry host (an element with '.'
 * or ':', or localhost), which must be a valid one and stays as it is. "HOST/x"
 * has no such sign: HOST counts as a namespace here.
 */
char *name_repository(struct arena *a, struct str text, bool *changed, struct err *err);

#endif
