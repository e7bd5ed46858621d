/* Writing small files that others read: append in one piece, or replace as a whole. */
#ifndef CMD_FILES_H
#define CMD_FILES_H

#include "base/str.h"

struct err;

/*
 * Appends in one write, after a line break where the last line lacks one. The
 * file must exist and keeps what it holds.
 */
int file_append(const char *path, struct str text, struct err *err);
/*
 * Replaces the content: readers see the old or the new one, never a part. The
 * file keeps its mode; links are followed. What is no regular file (a pipe,
 * /dev/stdout) is written to.
 */
int file_replace(const char *path, struct str text, struct err *err);
/*
 * Before the work whose result goes there: ERR_SYS, in the same words, when file_replace would
 * find no place for it. Nothing is made.
 */
int file_check(const char *path, struct err *err);
/* A folder with all that lead to it, as far as they are not there. ERR_SYS names it. */
int folder_make(const char *path, struct err *err);

#endif
