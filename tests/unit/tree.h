/*
 * A temporary folder with files in it, for tests that read a directory. Every failure
 * fails the test. Text may be given as a format.
 */
#ifndef TREE_H
#define TREE_H

struct tree {
	char path[64];
};

void tree_init(struct tree *t);
/* Removes the folder and all that is in it. */
void tree_release(struct tree *t);

/* PATH/name, with the parent folders made; valid until the next call. */
const char *tree_path(const struct tree *t, const char *name);
void tree_write(const struct tree *t, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void tree_mkdir(const struct tree *t, const char *name);
void tree_link(const struct tree *t, const char *name, const char *target);

#define cleanup_tree __attribute__((cleanup(tree_release)))

#endif
