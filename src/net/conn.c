#include "net/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"

struct fd_conn {
	struct conn base;
	int in, out; /* equal for a socket */
};

struct prefixed_conn {
	struct conn base;
	struct conn *below; /* owned */
	struct buf first;
};

static ssize_t
fd_conn_read(struct conn *c, void *p, size_t len, struct err *err)
{
	struct fd_conn *f = (struct fd_conn *)c;
	ssize_t n = fd_read(f->in, p, len);

	if (n >= 0)
		return n;
	if (errno == EAGAIN)
		return CONN_WAIT;
	return err_errno(err, ERR_NET, errno, "read from %s", c->name);
}

static ssize_t
fd_conn_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	struct fd_conn *f = (struct fd_conn *)c;
	ssize_t n = fd_write(f->out, p, len);

	if (n >= 0)
		return n;
	if (errno == EAGAIN)
		return CONN_WAIT;
	return err_errno(err, ERR_NET, errno, "write to %s", c->name);
}

static int
fd_conn_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	struct fd_conn *f = (struct fd_conn *)c;

	fds[0] = (struct pollfd){.fd = f->in, .events = POLLIN};
	if (!write)
		return 1;
	if (f->in == f->out) {
		fds[0].events |= POLLOUT;
		return 1;
	}
	fds[1] = (struct pollfd){.fd = f->out, .events = POLLOUT};
	return 2;
}

static void
fd_conn_close(struct conn *c)
{
	struct fd_conn *f = (struct fd_conn *)c;

	if (f->out != f->in)
		fd_close(&f->out);
	fd_close(&f->in);
	free(c->name);
	free(c);
}

static const struct conn_ops fd_ops = {
	.read = fd_conn_read,
	.write = fd_conn_write,
	.wants = fd_conn_wants,
	.close = fd_conn_close,
};

struct conn *
conn_pair(int in, int out, const char *name)
{
	struct fd_conn *f = xcalloc(1, sizeof(*f));

	fd_nonblock(in);
	fd_nonblock(out);
	f->base = (struct conn){&fd_ops, xstrdup(name)};
	f->in = in;
	f->out = out;
	return &f->base;
}

struct conn *
conn_fd(int fd, const char *name)
{
	return conn_pair(fd, fd, name);
}

static ssize_t
prefixed_read(struct conn *c, void *p, size_t len, struct err *err)
{
	struct prefixed_conn *x = (struct prefixed_conn *)c;

	if (x->first.len == 0)
		return conn_try_read(x->below, p, len, err);
	if (len > x->first.len)
		len = x->first.len;
	memcpy(p, x->first.p, len);
	buf_consume(&x->first, len);
	return (ssize_t)len;
}

static ssize_t
prefixed_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	return conn_try_write(((struct prefixed_conn *)c)->below, p, len, err);
}

static int
prefixed_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	return conn_wants(((struct prefixed_conn *)c)->below, write, fds);
}

static void
prefixed_close(struct conn *c)
{
	struct prefixed_conn *x = (struct prefixed_conn *)c;

	conn_close(x->below);
	buf_release(&x->first);
	free(c->name);
	free(c);
}

static const char *
prefixed_diagnosis(struct conn *c)
{
	return conn_diagnosis(((struct prefixed_conn *)c)->below);
}

static bool
prefixed_buffered(struct conn *c)
{
	struct prefixed_conn *x = (struct prefixed_conn *)c;

	return x->first.len > 0 || conn_buffered(x->below);
}

static bool
prefixed_cut(struct conn *c)
{
	return conn_cut(((struct prefixed_conn *)c)->below);
}

static const struct conn_ops prefixed_ops = {
	.read = prefixed_read,
	.write = prefixed_write,
	.wants = prefixed_wants,
	.close = prefixed_close,
	.diagnosis = prefixed_diagnosis,
	.buffered = prefixed_buffered,
	.cut = prefixed_cut,
};

struct conn *
conn_prefixed(struct conn *below, struct str first)
{
	struct prefixed_conn *x;

	if (first.len == 0)
		return below;
	x = xcalloc(1, sizeof(*x));
	x->base = (struct conn){&prefixed_ops, xstrdup(below->name)};
	x->below = below;
	buf_str(&x->first, first);
	return &x->base;
}

ssize_t
conn_try_read(struct conn *c, void *p, size_t len, struct err *err)
{
	return c->ops->read(c, p, len, err);
}

ssize_t
conn_try_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	return c->ops->write(c, p, len, err);
}

int
conn_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	return c->ops->wants(c, write, fds);
}

bool
conn_buffered(struct conn *c)
{
	return c->ops->buffered && c->ops->buffered(c);
}

bool
conn_cut(struct conn *c)
{
	return c->ops->cut && c->ops->cut(c);
}

const char *
conn_diagnosis(struct conn *c)
{
	const char *text = c->ops->diagnosis ? c->ops->diagnosis(c) : NULL;

	return text ? text : "";
}

/* Input that is not wanted now would end every wait at once; returns how many are left. */
static int
only_output(struct pollfd fds[2], int n)
{
	int i, k = 0;

	for (i = 0; i < n; i++) {
		if (!(fds[i].events & POLLOUT))
			continue;
		fds[k] = (struct pollfd){.fd = fds[i].fd, .events = POLLOUT};
		k++;
	}
	/* a layer that has to read before it can write */
	return k ? k : n;
}

static int
wait_for(struct conn *c, bool write, bool read, int64_t deadline, struct err *err)
{
	struct pollfd fds[2];
	int n, ready;

	if (conn_buffered(c) && read)
		return 0;
	do {
		if (interrupt_check(err))
			return -1;
		n = conn_wants(c, write, fds);
		if (!read)
			n = only_output(fds, n);
		ready = interrupt_poll(fds, (nfds_t)n, deadline_poll(deadline));
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return err_sys(err, "wait for %s", c->name);
	if (ready == 0)
		return err_errno(err, ERR_NET, ETIMEDOUT, "wait for %s", c->name);
	return 0;
}

int
conn_wait(struct conn *c, bool write, int64_t deadline, struct err *err)
{
	return wait_for(c, write, !write, deadline, err);
}

int
conn_wait_both(struct conn *c, int64_t deadline, struct err *err)
{
	return wait_for(c, true, true, deadline, err);
}

ssize_t
conn_read(struct conn *c, void *p, size_t len, int64_t deadline, struct err *err)
{
	ssize_t n;

	while ((n = conn_try_read(c, p, len, err)) == CONN_WAIT)
		if (conn_wait(c, false, deadline, err))
			return -1;
	return n;
}

int
conn_write_all(struct conn *c, const void *p, size_t len, int64_t deadline, struct err *err)
{
	const char *at = p;
	ssize_t n;

	while (len) {
		n = conn_try_write(c, at, len, err);
		if (n == CONN_ERROR)
			return -1;
		if (n == CONN_WAIT) {
			if (conn_wait(c, true, deadline, err))
				return -1;
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

void
conn_close(struct conn *c)
{
	if (c)
		c->ops->close(c);
}

void
conn_closep(struct conn **c)
{
	int saved = errno;

	conn_close(*c);
	*c = NULL;
	errno = saved;
}
