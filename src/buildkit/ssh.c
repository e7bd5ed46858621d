/*
 * moby.sshforward.v1.SSH: lets a build ask an SSH agent of this machine. Each
 * call is one connection to the agent; what may pass is sshfilter.h's matter.
 * An agent that is a list of keys has no socket: we answer for it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/loop.h"
#include "buildkit/services.h"
#include "buildkit/sshagent.h"
#include "buildkit/sshfilter.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/grpc.h"

#include "buildkit/proto/control.pb-c.h"
#include "buildkit/proto/session.pb-c.h"

enum { DIAL_MS = 2000 }; /* a local socket answers at once or not at all */

static const struct bk_agent *
find_agent(const struct bk_session *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->o.nagents; i++)
		if (!strcmp(s->o.agents[i].id, *id ? id : "default"))
			return &s->o.agents[i];
	return NULL;
}

/* ---- is there an agent ---------------------------------------------------- */

static void
refuse(struct grpc_call *call, const char *id)
{
	cleanup_arena struct arena a = {0};

	grpc_call_finish(call, GRPC_NOT_FOUND,
		arena_fmt(&a, "no ssh agent '%s' is forwarded: --ssh names those that are",
			*id ? id : "default"));
}

static void
check_message(struct grpc_call *call, struct str msg, void *arg)
{
	Pb__CheckAgentRequest *r =
		pb__check_agent_request__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	if (!r) {
		grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "malformed request");
	} else if (!find_agent(arg, r->id)) {
		refuse(call, r->id);
	} else {
		grpc_call_send(call, "", 0);
		grpc_call_finish(call, GRPC_OK, NULL);
	}
	pb__check_agent_request__free_unpacked(r, NULL);
}

static const struct grpc_call_ops check_ops = {.message = check_message};

void
ssh_check_open(struct bk_session *s, struct grpc_call *call)
{
	grpc_call_serve(call, &check_ops, s);
}

/* ---- forwarding ----------------------------------------------------------- */

struct forward {
	struct bk_session *session;
	const struct bk_agent *agent;
	struct grpc_call *call;
	struct conn *conn;    /* to the agent's socket, with */
	struct watch *watch;  /* on it; or */
	struct timer *answer; /* of our own */
	struct sshfilter filter;
	struct buf out; /* for the agent */
	bool ended;     /* the build asks no more */
	bool over;      /* the call has its end */
};

static void
finish(struct forward *f, int code, const char *message)
{
	f->over = true;
	watch_remove(f->watch);
	f->watch = NULL;
	grpc_call_finish(f->call, code, message);
}

static void
fail(struct forward *f, const struct err *err)
{
	log_warn(f->session->o.log, "ssh agent: %s", err->msg);
	finish(f, GRPC_UNKNOWN, err->msg);
}

static void
finish_idle(struct forward *f)
{
	if (f->ended && !f->over && sshfilter_idle(&f->filter))
		finish(f, GRPC_OK, NULL);
}

static void
send_build(struct forward *f, const struct buf *bytes)
{
	Pb__BytesMessage m = PB__BYTES_MESSAGE__INIT;
	uint8_t *packed;
	size_t len;

	if (bytes->len == 0)
		return;
	m.data = (ProtobufCBinaryData){bytes->len, (uint8_t *)bytes->p};
	len = pb__bytes_message__get_packed_size(&m);
	packed = xmalloc(len);
	pb__bytes_message__pack(&m, packed);
	grpc_call_send(f->call, packed, len);
	free(packed);
}

static int
write_agent(struct forward *f, struct err *err)
{
	ssize_t n = 1;

	while (f->out.len && n > 0) {
		n = conn_try_write(f->conn, f->out.p, f->out.len, err);
		if (n == CONN_ERROR)
			return -1;
		if (n > 0)
			buf_consume(&f->out, (size_t)n);
	}
	watch_events(f->watch, f->out.len ? POLLIN | POLLOUT : POLLIN);
	return 0;
}

/* 0 when there is nothing more for now, 1 at the end, -1 */
static int
read_agent(struct forward *f, struct buf *build, struct err *err)
{
	char chunk[8192];
	ssize_t n;

	while ((n = conn_try_read(f->conn, chunk, sizeof(chunk), err)) > 0)
		if (sshfilter_reply(&f->filter, str_n(chunk, (size_t)n), &f->out, build, err))
			return -1;
	return n == 0 ? 1 : n == CONN_ERROR ? -1 : 0;
}

static void
on_ready(short revents, void *arg)
{
	cleanup_buf struct buf build = {0};
	struct forward *f = arg;
	struct err err = {0};
	int end = read_agent(f, &build, &err);

	(void)revents;
	send_build(f, &build);
	if (end < 0 || (end == 0 && write_agent(f, &err)))
		fail(f, &err);
	else if (end)
		finish(f, GRPC_OK, NULL);
	else
		finish_idle(f);
}

/* One request of the build, which the filter lets through one by one. */
static void
on_answer(void *arg)
{
	cleanup_buf struct buf build = {0}, reply = {0};
	struct forward *f = arg;
	struct err err = {0};

	if (f->over || f->out.len == 0)
		return;
	sshagent_answer(f->agent->keys, f->agent->nkeys, buf_view(&f->out), &reply);
	buf_reset(&f->out);
	if (sshfilter_reply(&f->filter, buf_view(&reply), &f->out, &build, &err)) {
		fail(f, &err);
		return;
	}
	send_build(f, &build);
	/* signing takes its time, and the loop has others to serve */
	if (f->out.len)
		timer_set(f->answer, deadline_in(0));
	finish_idle(f);
}

static int
pass_on(struct forward *f, struct err *err)
{
	if (f->conn)
		return write_agent(f, err);
	if (f->out.len)
		timer_set(f->answer, deadline_in(0));
	return 0;
}

static void
forward_message(struct grpc_call *call, struct str msg, void *arg)
{
	cleanup_buf struct buf build = {0};
	struct forward *f = arg;
	struct err err = {0};
	Pb__BytesMessage *m = pb__bytes_message__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	(void)call;
	if (!m)
		err_set(&err, ERR_PROTO, "malformed message");
	else if (sshfilter_request(&f->filter, str_n((char *)m->data.data, m->data.len), &f->out,
			 &build, &err) == 0)
		(void)pass_on(f, &err);
	pb__bytes_message__free_unpacked(m, NULL);
	send_build(f, &build);
	if (err.kind)
		fail(f, &err);
}

static void
forward_end(struct grpc_call *call, void *arg)
{
	struct forward *f = arg;

	(void)call;
	f->ended = true;
	finish_idle(f);
}

static void
forward_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct forward *f = arg;

	(void)call;
	(void)st;
	watch_remove(f->watch);
	timer_remove(f->answer);
	conn_close(f->conn);
	sshfilter_release(&f->filter);
	buf_release(&f->out);
	free(f);
}

static const struct grpc_call_ops forward_ops = {
	.message = forward_message, .end = forward_end, .close = forward_close};

static void
begin(struct bk_session *s, struct grpc_call *call, const struct bk_agent *agent, struct conn *c)
{
	struct forward *f = xcalloc(1, sizeof(*f));
	struct pollfd fds[2];

	f->session = s;
	f->call = call;
	f->agent = agent;
	f->conn = c;
	sshfilter_init(&f->filter);
	if (c) {
		conn_wants(c, false, fds);
		f->watch = loop_watch(s->loop, fds[0].fd, POLLIN, on_ready, f);
	} else {
		f->answer = loop_timer(s->loop, DEADLINE_NONE, on_answer, f);
	}
	grpc_call_serve(call, &forward_ops, f);
}

void
ssh_forward_open(struct bk_session *s, struct grpc_call *call)
{
	cleanup_arena struct arena a = {0};
	const struct bk_agent *agent;
	struct strlist ids = {0};
	struct conn *c = NULL;
	struct err err = {0};

	grpc_call_metadata(call, "buildkit.ssh.id", &a, &ids);
	agent = find_agent(s, ids.n ? ids.items[0] : "");
	if (!agent) {
		refuse(call, ids.n ? ids.items[0] : "");
		return;
	}
	if (agent->socket)
		c = dial_unix(agent->socket, deadline_in(DIAL_MS), &err);
	if (agent->socket && !c) {
		err_wrap(&err, "ssh agent '%s'", agent->id);
		log_warn(s->o.log, "%s", err.msg);
		grpc_call_finish(call, GRPC_UNAVAILABLE, err.msg);
		return;
	}
	begin(s, call, agent, c);
}
