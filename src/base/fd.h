/*
 * Descriptors and small files. -1 is the only empty descriptor; every one is
 * close-on-exec from birth.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

struct err;

/* Closes *fd unless -1, leaves -1, keeps errno. */
void fd_close(int *fd);
#define cleanup_fd CLEANUP(fd_close)
int steal_fd(int *fd);

/* As read(2) / write(2) without EINTR. */
ssize_t fd_read(int fd, void *p, size_t len);
ssize_t fd_write(int fd, const void *p, size_t len);
/* Writes everything to a blocking descriptor. 0 or -1 with errno. */
int fd_write_all(int fd, const void *p, size_t len);
int fd_nonblock(int fd);

/*
 * Appends the content of the file to out, at most max bytes: more is ERR_LIMIT.
 * dirfd as in openat(2). Only regular files and, when the path leads there,
 * pipes, for whose writer it waits: a directory is ERR_SYS with EISDIR. A
 * signal while waiting is ERR_CANCELED.
 */
int file_read(int dirfd, const char *path, size_t max, struct buf *out, struct err *err);
/* As read(2), waiting where it has to. A signal is ERR_CANCELED. name is for messages. */
ssize_t fd_read_wait(int fd, const char *name, void *p, size_t len, struct err *err);
/* The same from an open descriptor, to its end. name is for messages. */
int fd_read_to_end(int fd, const char *name, size_t max, struct buf *out, struct err *err);

#endif
