#include "cmd/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"

/* The file is regular, not empty, readable and its last byte is no line break. */
static bool
lacks_newline(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	char last;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
		return false;
	return pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

int
file_append(const char *path, struct str text, struct err *err)
{
	/* a pipe without reader must fail, not wait */
	cleanup_fd int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_buf struct buf all = {0};

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (lacks_newline(path))
		buf_putc(&all, '\n');
	buf_str(&all, text);
	if (fd_write_all(fd, buf_cstr(&all), all.len))
		return err_sys(err, "write '%s'", path);
	return 0;
}

static int
write_through(const char *path, int flags, struct str text, struct err *err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (fd_write_all(fd, text.s, text.len))
		return err_sys(err, "write '%s'", path);
	return 0;
}

/* 0, or -1 with errno and nothing left behind. old: the file to be replaced, or NULL. */
static int
write_beside(const char *target, const struct stat *old, struct str text)
{
	cleanup_free char *temp = NULL;
	cleanup_buf struct buf token = {0};
	uint8_t bytes[8];
	int fd, saved;

	random_bytes(bytes, sizeof(bytes));
	hex_encode(&token, bytes, sizeof(bytes));
	temp = xasprintf("%s.%s.tmp", target, buf_cstr(&token));
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	if ((old && fchmod(fd, old->st_mode & 07777)) || fd_write_all(fd, text.s, text.len)) {
		saved = errno;
		close(fd);
	} else if (close(fd) || rename(temp, target)) {
		saved = errno;
	} else {
		return 0;
	}
	unlink(temp);
	errno = saved;
	return -1;
}

/* Reasons why a file may be written but not replaced: its folder, or a mount of the file itself. */
static bool
may_write_through(int errnum)
{
	return errnum == EACCES || errnum == EPERM || errnum == EROFS || errnum == EBUSY;
}

int
file_replace(const char *path, struct str text, struct err *err)
{
	struct str name = str_from(path);
	cleanup_free char *real = NULL;
	struct stat st;
	bool exists;

	/* /dev/stdout may lead to a regular file that somebody else has open */
	if (str_starts(name, STR("/dev/")) || str_starts(name, STR("/proc/")))
		return write_through(path, O_APPEND, text, err);
	exists = stat(path, &st) == 0;
	if (exists && !S_ISREG(st.st_mode))
		return write_through(path, 0, text, err);
	if (exists)
		real = realpath(path, NULL);
	if (write_beside(real ? real : path, exists ? &st : NULL, text) == 0)
		return 0;
	if (exists && may_write_through(errno))
		return write_through(path, O_TRUNC, text, err);
	return err_sys(err, "write '%s'", path);
}

int
file_check(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = NULL;
	struct stat st;

	if (stat(path, &st) == 0) {
		errno = EISDIR;
		return S_ISDIR(st.st_mode) ? err_sys(err, "write '%s'", path) : 0;
	}
	/* a link may lead to where nothing is yet */
	if (errno != ENOENT || lstat(path, &st))
		folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	if (folder && access(folder, W_OK | X_OK))
		return err_sys(err, "write '%s'", path);
	return 0;
}

int
folder_make(const char *path, struct err *err)
{
	cleanup_free char *copy = xstrdup(path);
	char *p = copy;

	do {
		p = strchr(p + 1, '/');
		if (p)
			*p = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			return err_sys(err, "create folder '%s'", copy);
		if (p)
			*p = '/';
	} while (p);
	return 0;
}
