/*
 * Ignore files: .dockerignore, or FILE.dockerignore beside a Dockerfile. Read as
 * the builder reads them: one pattern a line, # in the first column is a
 * comment, blanks around a pattern and slashes at its ends do not count. Pure.
 */
#ifndef DOCKERFILE_IGNORE_H
#define DOCKERFILE_IGNORE_H

#include "base/arena.h"
#include "base/str.h"

/* The patterns in order, cleaned; exceptions keep their '!'. */
void ignore_parse(struct arena *a, struct str text, struct strlist *out);

#endif
