#include "net/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/proc.h"
#include "net/conn.h"

enum { EXIT_MS = 10000 /* between the end of its output and its exit */ };

struct process_conn {
	struct conn base;
	struct proc proc;
	struct buf said; /* the diagnosis, made once */
	bool ended;
};

static struct process_conn *
of(struct conn *c)
{
	return (struct process_conn *)c;
}

static ssize_t
process_read(struct conn *c, void *p, size_t len, struct err *err)
{
	ssize_t n = fd_read(of(c)->proc.out, p, len);

	if (n >= 0)
		return n;
	return errno == EAGAIN ? CONN_WAIT
			       : err_errno(err, ERR_NET, errno, "read from %s", c->name);
}

static ssize_t
process_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	ssize_t n = fd_write(of(c)->proc.in, p, len);

	if (n >= 0)
		return n;
	return errno == EAGAIN ? CONN_WAIT : err_errno(err, ERR_NET, errno, "write to %s", c->name);
}

static int
process_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	fds[0] = (struct pollfd){.fd = of(c)->proc.out, .events = POLLIN};
	if (!write)
		return 1;
	fds[1] = (struct pollfd){.fd = of(c)->proc.in, .events = POLLOUT};
	return 2;
}

static void
process_close(struct conn *c)
{
	proc_close(&of(c)->proc);
	buf_release(&of(c)->said);
	free(c->name);
	free(c);
}

static const char *
process_diagnosis(struct conn *c)
{
	struct process_conn *x = of(c);
	cleanup_buf struct buf errors = {0};
	int status = 0;

	if (x->ended)
		return buf_cstr(&x->said);
	x->ended = true;
	/* it is asked when the stream has ended: the process is about to go */
	fd_close(&x->proc.in);
	if (!proc_wait(&x->proc, EXIT_MS, &status))
		buf_puts(&x->said, "it does not end");
	else if (WIFSIGNALED(status))
		buf_addf(&x->said, "ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		buf_addf(&x->said, "exit status %d", WEXITSTATUS(status));
	proc_errors(&x->proc, &errors);
	if (errors.len)
		buf_addf(&x->said, "%s" STR_FMT, x->said.len ? ": " : "",
			STR_ARG(str_trim(buf_view(&errors))));
	return buf_cstr(&x->said);
}

static const struct conn_ops process_ops = {
	.read = process_read,
	.write = process_write,
	.wants = process_wants,
	.close = process_close,
	.diagnosis = process_diagnosis,
};

struct conn *
conn_process(char *const argv[], struct err *err)
{
	struct process_conn *x = xcalloc(1, sizeof(*x));
	struct buf name = {0};
	size_t i;

	if (proc_start(&x->proc, argv, err)) {
		if (err)
			err->kind = ERR_NET;
		free(x);
		return NULL;
	}
	for (i = 0; argv[i]; i++)
		buf_addf(&name, "%s%s", i ? " " : "'", argv[i]);
	buf_putc(&name, '\'');
	x->base = (struct conn){&process_ops, buf_steal(&name)};
	fd_nonblock(x->proc.in);
	fd_nonblock(x->proc.out);
	return &x->base;
}
