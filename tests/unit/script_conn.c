#include "script_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/err.h"
#include "base/fd.h"
#include "net/conn.h"

struct script_conn {
	struct conn base;
	struct script *script;
	int ready; /* always readable and writable */
	int never; /* never readable */
};

static ssize_t
on_read(struct conn *c, void *p, size_t len, struct err *err)
{
	struct script *s = ((struct script_conn *)c)->script;
	size_t n = s->in.len < len ? s->in.len : len;

	s->reads++;
	if (s->in.len == 0) {
		if (s->end == SCRIPT_BREAKS)
			return err_errno(err, ERR_NET, ECONNRESET, "read from %s", c->name);
		return s->end == SCRIPT_SILENT ? CONN_WAIT : 0;
	}
	if (s->pauses && s->reads % 2)
		return CONN_WAIT;
	if (s->piece && n > s->piece)
		n = s->piece;
	memcpy(p, s->in.s, n);
	s->in = str_from_off(s->in, n);
	return (ssize_t)n;
}

static ssize_t
on_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	struct script *s = ((struct script_conn *)c)->script;

	if (s->deaf)
		return err_errno(err, ERR_NET, EPIPE, "write to %s", c->name);
	if (s->write_piece && len > s->write_piece)
		len = s->write_piece;
	buf_mem(&s->written, p, len);
	return (ssize_t)len;
}

static int
on_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	struct script_conn *x = (struct script_conn *)c;

	fds[0] = (struct pollfd){
		.fd = x->script->in.len || x->script->end != SCRIPT_SILENT ? x->ready : x->never,
		.events = POLLIN};
	if (!write)
		return 1;
	fds[1] = (struct pollfd){.fd = x->ready, .events = POLLOUT};
	return 2;
}

static void
on_close(struct conn *c)
{
	struct script_conn *x = (struct script_conn *)c;

	x->script->closed = true;
	fd_close(&x->ready);
	fd_close(&x->never);
	free(c->name);
	free(c);
}

static const struct conn_ops ops = {
	.read = on_read, .write = on_write, .wants = on_wants, .close = on_close};

struct conn *
script_conn(struct script *s)
{
	struct script_conn *x = xcalloc(1, sizeof(*x));

	x->base = (struct conn){&ops, xstrdup("script")};
	x->script = s;
	x->ready = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	x->never = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->closed = false;
	if (x->ready < 0 || x->never < 0)
		BUG("no descriptors for a script");
	return &x->base;
}

void
script_release(struct script *s)
{
	buf_release(&s->written);
}
