#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/limits.h"
#include "net/grpc_private.h"

enum {
	MAX_REQUEST_HEADERS = 8 * 1024 * 1024,
	/* room for messages in pieces that is kept from one to the next */
	KEEP_MOST = 256 * 1024,
};

/* To a call that was refused in the middle the client may go on for a while. */
static bool
is_finished(const struct grpc_call *call)
{
	return call->conn->server && call->ended;
}

static void
deliver(struct grpc_call *call, struct str msg)
{
	if (call->ops && call->ops->message && !is_finished(call))
		call->ops->message(call, msg, call->arg);
}

/* Length of the first message in bytes with its prefix, 0 when the prefix is not whole. */
static uint64_t
framed_len(struct str bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.s;

	if (bytes.len < GRPC_PREFIX)
		return 0;
	return GRPC_PREFIX +
	       ((uint64_t)p[1] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 8 | p[4]);
}

/* The stream cannot go on: what is wrong with it becomes the call's status. */
static bool
frame_ok(struct grpc_call *call, struct str bytes)
{
	uint64_t need = framed_len(bytes);
	const char *why = NULL;

	if (need && bytes.s[0] != 0)
		why = "the peer sent a compressed message, or something else than gRPC";
	else if (need > LIMIT_GRPC_MESSAGE + GRPC_PREFIX)
		why = "the peer sent a message larger than 16 MiB";
	if (!why)
		return true;
	call->complaint = why;
	grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
	return false;
}

/* Moves bytes into call->in until the message there is whole; then delivers it. */
static bool
complete(struct grpc_call *call, struct str *bytes)
{
	uint64_t need = framed_len(buf_view(&call->in));
	size_t n;

	if (need == 0)
		need = GRPC_PREFIX;
	n = need - call->in.len < bytes->len ? (size_t)(need - call->in.len) : bytes->len;
	buf_mem(&call->in, bytes->s, n);
	*bytes = str_from_off(*bytes, n);
	if (!frame_ok(call, buf_view(&call->in)))
		return false;
	if (framed_len(buf_view(&call->in)) != call->in.len)
		return true;
	deliver(call, str_from_off(buf_view(&call->in), GRPC_PREFIX));
	/* one large message shall not hold its memory for the rest of the call */
	if (call->in.cap > KEEP_MOST)
		buf_release(&call->in);
	else
		buf_reset(&call->in);
	return true;
}

/* Whole messages are delivered in place, the others from call->in. */
static void
deframe(struct grpc_call *call, struct str bytes)
{
	uint64_t n;

	/* what comes in before our reset has reached the peer is for nobody */
	while (bytes.len && !call->reset) {
		n = framed_len(bytes);
		if (call->in.len || n == 0 || n > bytes.len) {
			if (!complete(call, &bytes))
				return;
			continue;
		}
		if (!frame_ok(call, bytes))
			return;
		deliver(call, str_from_off(str_first(bytes, (size_t)n), GRPC_PREFIX));
		bytes = str_from_off(bytes, (size_t)n);
	}
}

static int
on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
	struct grpc_conn *c = arg;

	if (!c->server || frame->hd.type != NGHTTP2_HEADERS ||
		frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	nghttp2_session_set_stream_user_data(
		h2, frame->hd.stream_id, grpc_call_new(c, frame->hd.stream_id));
	return 0;
}

static void
client_field(struct grpc_call *call, struct str name, struct str value)
{
	struct buf text = {0};
	uint64_t n;

	if (str_is(name, ":status") && str_u64(value, 10, &n)) {
		call->http_status = (int)n;
	} else if (str_is(name, "grpc-status")) {
		call->grpc_status = str_u64(value, 10, &n) && n <= 1000 ? (int)n : GRPC_UNKNOWN;
	} else if (str_is(name, "grpc-message")) {
		percent_decode(&text, value, false);
		call->status_message = arena_dup(&call->arena, buf_view(&text));
	} else if (str_is(name, "grpc-status-details-bin")) {
		if (base64_decode(&text, value))
			call->details = arena_dup(&call->arena, buf_view(&text));
	}
	buf_release(&text);
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t namelen,
	const uint8_t *value, size_t valuelen, uint8_t flags, void *arg)
{
	struct grpc_conn *c = arg;
	struct grpc_call *call = grpc_call_of(c, frame->hd.stream_id);
	struct str n = {(const char *)name, namelen}, v = {(const char *)value, valuelen};

	(void)h2;
	(void)flags;
	if (!call)
		return 0;
	call->header_bytes += namelen + valuelen + 32;
	if (call->header_bytes > MAX_REQUEST_HEADERS)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (!c->server) {
		client_field(call, n, v);
		return 0;
	}
	if (str_is(n, ":path"))
		call->path = arena_dup(&call->arena, v);
	if (call->nfields == call->cap) {
		call->cap = call->cap ? call->cap * 2 : 16;
		call->fields = xreallocarray(call->fields, call->cap, sizeof(*call->fields));
	}
	call->fields[call->nfields++] =
		(struct grpc_field){arena_dup(&call->arena, n), arena_dup(&call->arena, v)};
	return 0;
}

static void
remote_end(struct grpc_call *call)
{
	if (call->remote_ended)
		return;
	call->remote_ended = true;
	if (!call->reset && call->ops && call->ops->end && !is_finished(call))
		call->ops->end(call, call->arg);
}

/* Why one side ends the connection: the last one said most about it. */
void
grpc_note_goaway(struct grpc_conn *c, const nghttp2_goaway *g, bool received)
{
	struct str text = str_n((const char *)g->opaque_data, g->opaque_data_len);

	c->goaway = received ? GOAWAY_RECEIVED : GOAWAY_SENT;
	snprintf(c->farewell, sizeof(c->farewell), "HTTP/2 %s%s" STR_FMT,
		nghttp2_http2_strerror(g->error_code), text.len ? ": " : "",
		STR_ARG(str_first(text, 200)));
}

static int
on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
	struct grpc_conn *c = arg;
	struct grpc_call *call;

	if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
		c->established = true;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		grpc_note_goaway(c, &frame->goaway, true);
	call = grpc_call_of(c, frame->hd.stream_id);
	if (!call)
		return 0;
	if (c->server && frame->hd.type == NGHTTP2_HEADERS &&
		frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		c->server_ops->call(call, call->path, c->server_arg);
	if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
		!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	remote_end(call);
	/* the server has answered; what we would still send has no reader */
	if (!c->server && nghttp2_session_get_stream_local_close(h2, call->id) == 0)
		grpc_call_reset(call, NGHTTP2_NO_ERROR);
	return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg)
{
	struct grpc_call *call = grpc_call_of(arg, id);

	(void)flags;
	if (call)
		deframe(call, str_n((const char *)data, len));
	/* other calls do not wait for one that is paused */
	if (call && call->paused) {
		call->held += len;
		return nghttp2_session_consume_connection(h2, len);
	}
	return nghttp2_session_consume(h2, id, len);
}

void
grpc_call_pause(struct grpc_call *call, bool pause)
{
	call->paused = pause;
	if (pause || call->held == 0)
		return;
	/* fails for want of memory alone; a stream that is over takes it as well */
	if (nghttp2_session_consume_stream(call->conn->h2, call->id, call->held))
		die_oom();
	call->held = 0;
	grpc_conn_wake(call->conn);
}

/* Codes of streams that ended without a grpc-status; gRPC HTTP/2 mapping. */
static int
code_of_http(int status)
{
	switch (status) {
	case 400:
		return GRPC_INTERNAL;
	case 401:
		return GRPC_UNAUTHENTICATED;
	case 403:
		return GRPC_PERMISSION_DENIED;
	case 404:
		return GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return GRPC_UNAVAILABLE;
	default:
		return GRPC_UNKNOWN;
	}
}

static int
code_of_reset(uint32_t error)
{
	switch (error) {
	case NGHTTP2_REFUSED_STREAM:
		return GRPC_UNAVAILABLE;
	case NGHTTP2_CANCEL:
		return GRPC_CANCELLED;
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return GRPC_RESOURCE_EXHAUSTED;
	case NGHTTP2_INADEQUATE_SECURITY:
		return GRPC_PERMISSION_DENIED;
	default:
		return GRPC_INTERNAL;
	}
}

/* A stream that ended without a status, or with one that cannot be believed. */
static void
status_without(
	struct grpc_call *call, uint32_t error, char *text, size_t size, struct grpc_status *st)
{
	if (call->http_status && call->http_status != 200) {
		st->code = code_of_http(call->http_status);
		snprintf(text, size, "the peer answered with HTTP status %d", call->http_status);
	} else if (call->complaint) {
		st->code = GRPC_INTERNAL;
		snprintf(text, size, "%s", call->complaint);
	} else {
		st->code = code_of_reset(error);
		st->lost = true;
		snprintf(text, size, "the stream ended without a status (HTTP/2 %s)",
			nghttp2_http2_strerror(error));
	}
	st->message = str_from(text);
}

static int
on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error, void *arg)
{
	struct grpc_call *call = grpc_call_of(arg, id);
	struct grpc_status st = {0};
	char text[128];

	if (!call)
		return 0;
	nghttp2_session_set_stream_user_data(h2, id, NULL);
	if (call->grpc_status == GRPC_OK && call->in.len)
		call->complaint = "the last message of the peer is cut off";
	if (call->conn->server && error == NGHTTP2_NO_ERROR) {
		st.code = call->code;
	} else if (call->grpc_status >= 0 && !call->complaint) {
		st.code = call->grpc_status;
		st.message = call->status_message;
		st.details = call->details;
	} else {
		status_without(call, error, text, sizeof(text), &st);
	}
	grpc_call_close(call, &st);
	return 0;
}

void
grpc_receive_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
}

void
grpc_call_metadata(
	const struct grpc_call *call, const char *name, struct arena *a, struct strlist *out)
{
	size_t i;

	for (i = 0; i < call->nfields; i++)
		if (str_is(call->fields[i].name, name))
			strlist_add(out, a, arena_str(a, call->fields[i].value));
}

/* What else may stand at an address, by the first bytes of its answer; NULL for what nobody knows.
 */
static const char *
other_protocol(struct str bytes)
{
	if (str_starts(bytes, STR("HTTP/1.")))
		return "HTTP/1";
	/* an alert or a handshake, version 3.x */
	if (str_starts(bytes, STR("\x15\x03")) || str_starts(bytes, STR("\x16\x03")))
		return "TLS";
	return str_starts(bytes, STR("SSH-")) ? "SSH" : NULL;
}

int
grpc_conn_receive(struct grpc_conn *c, struct str bytes, struct err *err)
{
	const char *other = c->established ? NULL : other_protocol(bytes);
	ssize_t n;

	if (bytes.len == 0 || c->dead)
		return 0;
	if (other)
		return err_set(err, ERR_PROTO, "the peer speaks %s, not HTTP/2", other);
	n = nghttp2_session_mem_recv(c->h2, (const uint8_t *)bytes.s, bytes.len);
	if (n < 0)
		return err_set(err, ERR_PROTO, "the peer does not speak HTTP/2 as it should: %s",
			nghttp2_strerror((int)n));
	return 0;
}
