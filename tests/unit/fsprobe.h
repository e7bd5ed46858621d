/*
 * What tests of the file transfer need of the kernel: an unprivileged moment, whole trees that
 * can be compared.
 */
#ifndef FSPROBE_H
#define FSPROBE_H

#include "base/buf.h"
#include "tree.h"

/* Without the right to ignore permissions, also when the tests run as root. */
void be_nobody(void);
void be_self(void);

/* As tree_init, in memory where the system has a file system for that: for very many files. */
void tree_init_in_memory(struct tree *t);
/* Opens the folder, or fails the test. */
int tree_open(const struct tree *t);

/*
 * Describes everything in the tree, a line per entry in order: path, type, mode, time, content or
 * target, extended attributes, names that are one file. Directory times are left out on request.
 */
void tree_describe(const struct tree *t, bool dir_times, struct buf *out);

#endif
