#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/limits.h"
#include "net/grpc_private.h"

enum { MAX_REQUEST_HEADERS = 8 * 1024 * 1024 };

static void
deliver(struct grpc_call *call, struct str msg)
{
	if (call->ops && call->ops->message)
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

static bool
frame_ok(struct grpc_call *call, struct str bytes)
{
	uint64_t need = framed_len(bytes);

	if (need && (bytes.s[0] != 0 || need > LIMIT_GRPC_MESSAGE + GRPC_PREFIX)) {
		grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
		return false;
	}
	return true;
}

/* Completes the message in call->in from bytes, then delivers whole ones in place. */
static void
deframe(struct grpc_call *call, struct str bytes)
{
	uint64_t need;
	size_t n;

	while (bytes.len) {
		if (call->in.len == 0 && framed_len(bytes) && framed_len(bytes) <= bytes.len) {
			if (!frame_ok(call, bytes))
				return;
			n = (size_t)framed_len(bytes);
			deliver(call, str_n(bytes.s + GRPC_PREFIX, n - GRPC_PREFIX));
			bytes = str_from_off(bytes, n);
			continue;
		}
		need = framed_len(buf_view(&call->in));
		if (need == 0)
			need = GRPC_PREFIX;
		n = need - call->in.len < bytes.len ? (size_t)(need - call->in.len) : bytes.len;
		if (buf_add(&call->in, bytes.s, n, NULL) || !frame_ok(call, buf_view(&call->in))) {
			grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
			return;
		}
		bytes = str_from_off(bytes, n);
		need = framed_len(buf_view(&call->in));
		if (need && need == call->in.len) {
			struct buf whole = call->in;

			buf_init(&call->in, LIMIT_GRPC_MESSAGE + GRPC_PREFIX);
			deliver(call, str_n(whole.p + GRPC_PREFIX, whole.len - GRPC_PREFIX));
			buf_release(&whole);
		}
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
	if (call->ops && call->ops->end)
		call->ops->end(call, call->arg);
}

static int
on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
	struct grpc_conn *c = arg;
	struct grpc_call *call;

	(void)h2;
	if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
		c->established = true;
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
	if (!c->server && !call->ended)
		grpc_call_reset(call, NGHTTP2_NO_ERROR);
	return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg)
{
	struct grpc_call *call = grpc_call_of(arg, id);

	(void)h2;
	(void)flags;
	if (call)
		deframe(call, str_n((const char *)data, len));
	return 0;
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

static int
on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error, void *arg)
{
	struct grpc_call *call = grpc_call_of(arg, id);
	struct grpc_status st = {0};
	char text[128];

	(void)h2;
	if (!call)
		return 0;
	nghttp2_session_set_stream_user_data(h2, id, NULL);
	st.message = call->status_message;
	st.details = call->details;
	if (call->grpc_status >= 0) {
		st.code = call->grpc_status;
	} else if (call->conn->server && error == NGHTTP2_NO_ERROR) {
		st.code = call->code;
	} else if (call->http_status && call->http_status != 200) {
		st.code = code_of_http(call->http_status);
		snprintf(text, sizeof(text), "the peer answered with HTTP status %d",
			call->http_status);
		st.message = str_from(text);
	} else {
		st.code = code_of_reset(error);
		st.lost = true;
		snprintf(text, sizeof(text), "the stream ended without a status (HTTP/2 %s)",
			nghttp2_http2_strerror(error));
		st.message = str_from(text);
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

int
grpc_conn_receive(struct grpc_conn *c, struct str bytes, struct err *err)
{
	ssize_t n;

	if (bytes.len == 0 || c->dead)
		return 0;
	n = nghttp2_session_mem_recv(c->h2, (const uint8_t *)bytes.s, bytes.len);
	if (n < 0)
		return err_set(err, ERR_PROTO, "the peer does not speak HTTP/2 as it should: %s",
			nghttp2_strerror((int)n));
	return 0;
}
