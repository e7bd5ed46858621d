/*
 * Whole directory trees below an open directory. Symlinks are never followed.
 */
#ifndef BUILDKIT_FSTREE_H
#define BUILDKIT_FSTREE_H

struct err;

/*
 * Removes the entry name of dirfd (or AT_FDCWD) with all below it; directories that
 * refuse are made writable first. A missing entry is no error.
 */
int fstree_remove(int dirfd, const char *name, struct err *err);

/*
 * Puts the finished tree tmpname at name, both entries of dirfd, and removes
 * what was at name before. Nobody sees a half-way state where the file system can
 * exchange two names; else there is a moment without name. On failure either
 * the old or the new tree is at name; tmpname may be left behind.
 */
int fstree_swap(int dirfd, const char *tmpname, const char *name, struct err *err);

#endif
