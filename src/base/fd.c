#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/interrupt.h"

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int
steal_fd(int *fd)
{
	int out = *fd;

	*fd = -1;
	return out;
}

ssize_t
fd_read(int fd, void *p, size_t len)
{
	ssize_t n;

	do
		n = read(fd, p, len);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
fd_write(int fd, const void *p, size_t len)
{
	ssize_t n;

	do
		n = write(fd, p, len);
	while (n < 0 && errno == EINTR);
	return n;
}

int
fd_write_all(int fd, const void *p, size_t len)
{
	const char *at = p;
	ssize_t n;

	while (len) {
		n = fd_write(fd, at, len);
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fd_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Signals are delivered only while we wait here: a read that never ends must not swallow them. */
static int
wait_readable(int fd, const char *name, struct err *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	/* poll waits for ever where read says what is wrong */
	while (fd >= 0 && interrupt_poll(&p, 1, -1) < 0) {
		if (errno != EINTR)
			return err_sys(err, "read '%s'", name);
		if (interrupt_check(err))
			return -1;
	}
	return 0;
}

ssize_t
fd_read_wait(int fd, const char *name, void *p, size_t len, struct err *err)
{
	ssize_t n;

	if (wait_readable(fd, name, err))
		return -1;
	n = fd_read(fd, p, len);
	return n < 0 ? err_sys(err, "read '%s'", name) : n;
}

int
fd_read_to_end(int fd, const char *name, size_t max, struct buf *out, struct err *err)
{
	char chunk[16 * 1024];
	size_t total = 0;
	ssize_t n;

	for (;;) {
		n = fd_read_wait(fd, name, chunk, sizeof(chunk), err);
		if (n < 0)
			return -1;
		if (n == 0)
			return 0;
		if ((size_t)n > max - total)
			return err_set(err, ERR_LIMIT, "'%s' is larger than %zu bytes", name, max);
		total += (size_t)n;
		if (buf_add(out, chunk, (size_t)n, err))
			return err_wrap(err, "read '%s'", name);
	}
}

int
file_read(int dirfd, const char *path, size_t max, struct buf *out, struct err *err)
{
	/* a fifo must not make us wait for a writer before we know what it is */
	cleanup_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (fstat(fd, &st))
		return err_sys(err, "stat '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_errno(err, ERR_SYS, EISDIR, "read '%s'", path);
	if (!S_ISREG(st.st_mode) && fcntl(fd, F_SETFL, 0))
		return err_sys(err, "read '%s'", path);
	return fd_read_to_end(fd, path, max, out, err);
}
