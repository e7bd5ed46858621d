#include "net/pump.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "net/conn.h"
#include "net/grpc.h"

enum {
	READ_SIZE = 64 * 1024,
	/* reads in one round, so that a fast peer does not keep others waiting */
	READS_PER_ROUND = 8,
	OUT_BUDGET = 256 * 1024,
};

struct pump {
	struct loop *loop;
	struct conn *conn;
	struct grpc_conn *grpc;
	void (*lost)(const struct err *why, void *arg);
	void *arg;
	struct watch *watch[2];
	int fd[2];
	struct timer *again; /* fires at once: there is work that poll does not see */
	bool running;        /* inside run: what comes up meanwhile is seen at its end */
	bool woken;
	struct buf out;
	size_t written;
	bool dead;
	char in[READ_SIZE];
};

static void on_event(short revents, void *arg);

static void
set_watch(struct pump *p, int i, int fd, short events)
{
	if (p->watch[i] && p->fd[i] == fd) {
		watch_events(p->watch[i], events);
		return;
	}
	watch_remove(p->watch[i]);
	p->watch[i] = fd < 0 ? NULL : loop_watch(p->loop, fd, events, on_event, p);
	p->fd[i] = fd;
}

static void
update_watches(struct pump *p)
{
	struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};
	int n = conn_wants(p->conn, p->out.len > p->written, fds);

	set_watch(p, 0, n > 0 ? fds[0].fd : -1, fds[0].events);
	set_watch(p, 1, n > 1 ? fds[1].fd : -1, fds[1].events);
	if (conn_buffered(p->conn))
		timer_set(p->again, 0);
}

static void
stop(struct pump *p, const struct err *why)
{
	int i;

	p->dead = true;
	for (i = 0; i < 2; i++) {
		watch_remove(p->watch[i]);
		p->watch[i] = NULL;
	}
	grpc_conn_lost(p->grpc, why->kind ? why->msg : "the peer closed the connection");
	if (p->lost)
		p->lost(why, p->arg);
}

enum progress { READ_WAIT, READ_MORE, READ_END, READ_ERROR };

static enum progress
read_some(struct pump *p, struct err *err)
{
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_ROUND; i++) {
		n = conn_try_read(p->conn, p->in, sizeof(p->in), err);
		if (n == CONN_WAIT)
			return READ_WAIT;
		if (n == 0)
			return READ_END;
		if (n < 0 || grpc_conn_receive(p->grpc, str_n(p->in, (size_t)n), err))
			return READ_ERROR;
		if ((size_t)n < sizeof(p->in))
			return READ_WAIT;
	}
	return READ_MORE;
}

/* Sends until the socket is full or there is nothing to send. */
static int
write_some(struct pump *p, struct err *err)
{
	ssize_t n;

	for (;;) {
		if (p->written == p->out.len) {
			buf_reset(&p->out);
			p->written = 0;
			p->woken = false;
			if (grpc_conn_output(p->grpc, &p->out, OUT_BUDGET, err))
				return -1;
			if (p->out.len == 0)
				return 0;
		}
		n = conn_try_write(p->conn, p->out.p + p->written, p->out.len - p->written, err);
		if (n == CONN_WAIT)
			return 0;
		if (n < 0)
			return -1;
		p->written += (size_t)n;
	}
}

/* The peer does not listen any more; what it had said before may explain why. */
static void
hear_out(struct pump *p)
{
	ssize_t n;

	/* its window bounds this: we give it no more room */
	do
		n = conn_try_read(p->conn, p->in, sizeof(p->in), NULL);
	while (n > 0 && grpc_conn_receive(p->grpc, str_n(p->in, (size_t)n), NULL) == 0);
}

static void
run(struct pump *p)
{
	struct err err = {0};
	enum progress got;

	if (p->dead)
		return;
	p->running = true;
	got = read_some(p, &err);
	if (got < READ_END && write_some(p, &err)) {
		hear_out(p);
		got = READ_ERROR;
	}
	p->running = false;
	if (got >= READ_END) {
		stop(p, &err);
		return;
	}
	update_watches(p);
	if (got == READ_MORE || (p->woken && p->written == p->out.len))
		timer_set(p->again, 0);
}

static void
on_event(short revents, void *arg)
{
	(void)revents;
	run(arg);
}

static void
on_again(void *arg)
{
	run(arg);
}

static void
on_notify(void *arg)
{
	struct pump *p = arg;

	p->woken = true;
	if (!p->running)
		timer_set(p->again, 0);
}

struct pump *
pump_new(struct loop *l, struct conn *c, struct grpc_conn *g,
	void (*lost)(const struct err *why, void *arg), void *arg)
{
	struct pump *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->conn = c;
	p->grpc = g;
	p->lost = lost;
	p->arg = arg;
	p->again = loop_timer(l, 0, on_again, p);
	grpc_conn_notify(g, on_notify, p);
	return p;
}

void
pump_free(struct pump *p)
{
	int i;

	if (!p)
		return;
	grpc_conn_notify(p->grpc, NULL, NULL);
	for (i = 0; i < 2; i++)
		watch_remove(p->watch[i]);
	timer_remove(p->again);
	buf_release(&p->out);
	free(p);
}
