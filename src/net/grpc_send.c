#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/grpc_private.h"

enum {
	/* how much a call may queue before it stops being asked for more */
	QUEUE_HIGH = 128 * 1024,
};

static nghttp2_nv
nv(const char *name, const char *value)
{
	return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
		.value = (uint8_t *)(uintptr_t)value,
		.namelen = strlen(name),
		.valuelen = strlen(value)};
}

static size_t
status_fields(struct grpc_call *call, nghttp2_nv *nva, char code[16], struct buf *message)
{
	snprintf(code, 16, "%d", call->code);
	nva[0] = nv("grpc-status", code);
	if (!call->message)
		return 1;
	grpc_message_encode(message, str_from(call->message));
	nva[1] = nv("grpc-message", buf_cstr(message));
	return 2;
}

static int
submit_trailer(struct grpc_call *call)
{
	cleanup_buf struct buf message = {0};
	nghttp2_nv nva[2];
	char code[16];
	size_t n = status_fields(call, nva, code, &message);

	call->trailed = true;
	return nghttp2_submit_trailer(call->conn->h2, call->id, nva, n);
}

/* nghttp2 asks how much of a DATA frame there is; the bytes are taken in send_data. */
static ssize_t
read_queue(nghttp2_session *h2, int32_t id, uint8_t *p, size_t len, uint32_t *flags,
	nghttp2_data_source *source, void *arg)
{
	struct grpc_call *call = source->ptr;
	size_t have = call->queue.len - call->sent;

	(void)h2;
	(void)id;
	(void)p;
	(void)arg;
	if (have == 0 && !call->ended) {
		call->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (have > len)
		return (ssize_t)len;
	if (call->ended) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (call->conn->server) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			if (submit_trailer(call))
				return NGHTTP2_ERR_CALLBACK_FAILURE;
		}
	}
	return (ssize_t)have;
}

static int
send_data(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *head, size_t len,
	nghttp2_data_source *source, void *arg)
{
	struct grpc_conn *c = arg;
	struct grpc_call *call = source->ptr;

	(void)h2;
	(void)frame;
	if (c->out->len >= c->budget)
		return NGHTTP2_ERR_WOULDBLOCK;
	buf_mem(c->out, head, 9);
	if (len == 0)
		return 0;
	buf_mem(c->out, call->queue.p + call->sent, len);
	call->sent += len;
	if (call->sent == call->queue.len) {
		buf_reset(&call->queue);
		call->sent = 0;
	}
	return 0;
}

static void
server_respond(struct grpc_call *call)
{
	nghttp2_data_provider body = {.source.ptr = call, .read_callback = read_queue};
	nghttp2_nv nva[4] = {nv(":status", "200"), nv("content-type", "application/grpc")};
	cleanup_buf struct buf message = {0};
	char code[16];
	size_t n = 2;

	if (call->responded)
		return;
	call->responded = true;
	if (call->ended && call->queue.len == call->sent) {
		/* trailers-only: status and headers in one frame */
		n += status_fields(call, nva + 2, code, &message);
		call->trailed = true;
		nghttp2_submit_response(call->conn->h2, call->id, nva, n, NULL);
		return;
	}
	nghttp2_submit_response(call->conn->h2, call->id, nva, n, &body);
}

void
grpc_call_flush(struct grpc_call *call)
{
	if (call->conn->server)
		server_respond(call);
	if (call->deferred) {
		call->deferred = false;
		nghttp2_session_resume_data(call->conn->h2, call->id);
	}
	grpc_conn_wake(call->conn);
}

struct buf *
grpc_call_queue(struct grpc_call *call)
{
	/* what was sent gives its room back once that is worth a move */
	if (call->sent > QUEUE_HIGH) {
		buf_consume(&call->queue, call->sent);
		call->sent = 0;
	}
	return &call->queue;
}

size_t
grpc_call_queued(const struct grpc_call *call)
{
	return call->queue.len - call->sent;
}

void
grpc_call_send(struct grpc_call *call, const void *msg, size_t len)
{
	struct buf *q = grpc_call_queue(call);
	uint8_t prefix[GRPC_PREFIX];

	if (call->ended)
		return;
	grpc_prefix(prefix, len);
	buf_mem(q, prefix, sizeof(prefix));
	buf_mem(q, msg, len);
	grpc_call_flush(call);
}

void
grpc_call_want(struct grpc_call *call, bool want)
{
	call->wants = want && call->ops && !call->reset;
	if (call->wants)
		grpc_conn_wake(call->conn);
}

void
grpc_call_end(struct grpc_call *call)
{
	call->ended = true;
	call->wants = false;
	grpc_call_flush(call);
}

void
grpc_call_finish(struct grpc_call *call, int code, const char *message)
{
	if (call->ended)
		return;
	call->code = code;
	if (message)
		call->message = xstrdup(message);
	grpc_call_end(call);
}

void
grpc_call_cancel(struct grpc_call *call)
{
	grpc_call_reset(call, NGHTTP2_CANCEL);
	grpc_conn_wake(call->conn);
}

struct grpc_call *
grpc_call_start(struct grpc_conn *c, const char *path, const struct grpc_header *meta, size_t nmeta,
	const struct grpc_call_ops *ops, void *arg)
{
	struct grpc_call *call = grpc_call_new(c, 0);
	nghttp2_data_provider body = {.source.ptr = call, .read_callback = read_queue};
	nghttp2_nv *nva = xcalloc(nmeta + 6, sizeof(*nva));
	size_t n = 0, i;

	nva[n++] = nv(":method", "POST");
	nva[n++] = nv(":scheme", c->scheme);
	nva[n++] = nv(":path", path);
	nva[n++] = nv(":authority", c->authority);
	nva[n++] = nv("content-type", "application/grpc");
	nva[n++] = nv("te", "trailers");
	for (i = 0; i < nmeta; i++)
		nva[n++] = nv(meta[i].name, meta[i].value);
	grpc_call_serve(call, ops, arg);
	call->id = nghttp2_submit_request(c->h2, NULL, nva, n, &body, call);
	free(nva);
	if (call->id < 0)
		BUG(nghttp2_strerror(call->id));
	grpc_conn_wake(c);
	return call;
}

/* Asks calls with room for more until their queues are full or they have no more. */
static void
produce(struct grpc_conn *c)
{
	struct grpc_call *call, *next;

	for (call = c->calls; call; call = next) {
		next = call->next;
		while (call->wants && call->ops->produce && !call->ended &&
			grpc_call_queued(call) < QUEUE_HIGH) {
			size_t before = grpc_call_queued(call);

			call->ops->produce(call, QUEUE_HIGH - before, call->arg);
			if (grpc_call_queued(call) == before)
				break;
		}
		if (call->queue.len > call->sent || call->ended) {
			if (c->server)
				server_respond(call);
			if (call->deferred) {
				call->deferred = false;
				nghttp2_session_resume_data(c->h2, call->id);
			}
		}
	}
}

/* A call that we answered before the client half-closed is ended on both sides. */
static int
on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
	struct grpc_call *call = grpc_call_of(arg, frame->hd.stream_id);

	(void)h2;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		grpc_note_goaway(arg, &frame->goaway, false);
	if (!call || !call->conn->server || !call->trailed || call->remote_ended ||
		frame->hd.type != NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	grpc_call_reset(call, NGHTTP2_NO_ERROR);
	return 0;
}

void
grpc_send_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
	nghttp2_session_callbacks_set_send_data_callback(cb, send_data);
}

/* After a GOAWAY nothing more will come of this connection once its calls are over. */
static int
check_ended(const struct grpc_conn *c, struct err *err)
{
	if (nghttp2_session_want_read(c->h2) || nghttp2_session_want_write(c->h2))
		return 0;
	if (c->goaway == GOAWAY_RECEIVED)
		return err_set(err, ERR_NET, "the peer ends the connection (%s)", c->farewell);
	return err_set(
		err, ERR_PROTO, "the peer does not speak HTTP/2 as it should (%s)", c->farewell);
}

int
grpc_conn_output(struct grpc_conn *c, struct buf *out, size_t budget, struct err *err)
{
	size_t start = out->len, before;
	const uint8_t *p;
	ssize_t n = 1;

	if (c->dead)
		return 0;
	c->out = out;
	c->budget = budget;
	while (out->len < budget && n > 0) {
		before = out->len;
		produce(c);
		n = nghttp2_session_mem_send(c->h2, &p);
		if (n > 0)
			buf_mem(out, p, (size_t)n);
		/* data frames go to out by send_data and are not counted in n */
		if (n == 0 && out->len > before)
			n = 1;
	}
	c->out = NULL;
	if (n < 0)
		return err_set(err, ERR_PROTO, "HTTP/2: %s", nghttp2_strerror((int)n));
	return out->len > start ? 0 : check_ended(c, err);
}
