#include "net/grpc.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/limits.h"

enum {
	/* the default of 64 KiB makes each transfer wait for round trips */
	STREAM_WINDOW = 4 * 1024 * 1024,
	CONN_WINDOW = 16 * 1024 * 1024,
	/* nghttp2 gives up the connection on a field above this; the peer should reset the stream
	 */
	MAX_HEADER_LIST = 64 * 1024,
	/* one exclude pattern is one header line */
	MAX_CONTINUATIONS = 4096,
	MAX_REQUEST_HEADERS = 8 * 1024 * 1024,
	MAX_STREAMS = 250,
	/* how much a call may queue before it stops being asked for more */
	QUEUE_HIGH = 128 * 1024,
};

struct grpc_conn {
	nghttp2_session *h2;
	bool server;
	bool established;
	bool dead; /* calls were ended as lost: nghttp2 still knows them, nothing moves any more */
	char *authority, *scheme;
	const struct grpc_server_ops *server_ops;
	void *server_arg;
	struct grpc_call *calls;
	size_t ncalls;
	struct buf *out; /* during grpc_conn_output */
	size_t budget;
	void (*notify)(void *arg);
	void *notify_arg;
};

struct field {
	struct str name, value;
};

struct grpc_call {
	struct grpc_conn *conn;
	struct grpc_call *next, **link;
	int32_t id;
	const struct grpc_call_ops *ops;
	void *arg;

	struct arena arena;   /* received header fields, response metadata */
	struct field *fields; /* server: request metadata */
	size_t nfields, cap;
	size_t header_bytes;
	struct str path;

	struct buf in;    /* a message that has not come in whole */
	struct buf queue; /* framed messages */
	size_t sent;      /* bytes of queue that are gone */
	bool wants;       /* produce is to be called */
	bool ended;       /* nothing follows what is queued */
	bool responded;   /* server: response headers are submitted */
	bool trailed;     /* server: trailers are submitted */
	bool deferred;    /* nghttp2 waits for data */
	bool remote_ended;
	int code; /* server: the status to send */
	char *message;

	int http_status; /* client: of the response */
	int grpc_status; /* client: -1 until received */
	struct str status_message, details;
};

const char *
grpc_code_name(int code)
{
	static const char *const names[] = {"OK", "Canceled", "Unknown", "InvalidArgument",
		"DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
		"ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
		"Internal", "Unavailable", "DataLoss", "Unauthenticated"};

	return code >= 0 && (size_t)code < ARRAY_LEN(names) ? names[code] : "Unknown";
}

void
grpc_prefix(uint8_t p[GRPC_PREFIX], size_t len)
{
	p[0] = 0;
	p[1] = (uint8_t)(len >> 24);
	p[2] = (uint8_t)(len >> 16);
	p[3] = (uint8_t)(len >> 8);
	p[4] = (uint8_t)len;
}

void
grpc_message_encode(struct buf *out, struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (c >= 0x20 && c <= 0x7e && c != '%')
			buf_putc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

static struct grpc_call *
call_new(struct grpc_conn *c, int32_t id)
{
	struct grpc_call *call = xcalloc(1, sizeof(*call));

	call->conn = c;
	call->id = id;
	call->grpc_status = -1;
	buf_init(&call->in, LIMIT_GRPC_MESSAGE + GRPC_PREFIX);
	call->next = c->calls;
	call->link = &c->calls;
	if (c->calls)
		c->calls->link = &call->next;
	c->calls = call;
	c->ncalls++;
	return call;
}

static void
call_free(struct grpc_call *call)
{
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	call->conn->ncalls--;
	arena_release(&call->arena);
	buf_release(&call->in);
	buf_release(&call->queue);
	free(call->fields);
	free(call->message);
	free(call);
}

static struct grpc_call *
call_of(struct grpc_conn *c, int32_t id)
{
	return id > 0 ? nghttp2_session_get_stream_user_data(c->h2, id) : NULL;
}

static void
wake(struct grpc_conn *c)
{
	if (c->notify)
		c->notify(c->notify_arg);
}

static void
close_call(struct grpc_call *call, const struct grpc_status *status)
{
	if (call->ops && call->ops->close)
		call->ops->close(call, status, call->arg);
	call_free(call);
}

/* ---- receiving ------------------------------------------------------------ */

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

static int
reset(struct grpc_call *call, uint32_t code)
{
	return nghttp2_submit_rst_stream(call->conn->h2, NGHTTP2_FLAG_NONE, call->id, code);
}

static bool
frame_ok(struct grpc_call *call, struct str bytes)
{
	uint64_t need = framed_len(bytes);

	if (need && (bytes.s[0] != 0 || need > LIMIT_GRPC_MESSAGE + GRPC_PREFIX)) {
		reset(call, NGHTTP2_INTERNAL_ERROR);
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
			reset(call, NGHTTP2_INTERNAL_ERROR);
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
		h2, frame->hd.stream_id, call_new(c, frame->hd.stream_id));
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
	struct grpc_call *call = call_of(c, frame->hd.stream_id);
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
		(struct field){arena_dup(&call->arena, n), arena_dup(&call->arena, v)};
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
	call = call_of(c, frame->hd.stream_id);
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
		reset(call, NGHTTP2_NO_ERROR);
	return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg)
{
	struct grpc_call *call = call_of(arg, id);

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
	struct grpc_call *call = call_of(arg, id);
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
	close_call(call, &st);
	return 0;
}

/* ---- sending -------------------------------------------------------------- */

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
	wake(call->conn);
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
	call->wants = want;
	if (want)
		wake(call->conn);
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
	reset(call, NGHTTP2_CANCEL);
	wake(call->conn);
}

void
grpc_call_serve(struct grpc_call *call, const struct grpc_call_ops *ops, void *arg)
{
	call->ops = ops;
	call->arg = arg;
}

struct grpc_call *
grpc_call_start(struct grpc_conn *c, const char *path, const struct grpc_header *meta, size_t nmeta,
	const struct grpc_call_ops *ops, void *arg)
{
	struct grpc_call *call = call_new(c, 0);
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
	wake(c);
	return call;
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

/* Asks calls with room for more until their queues are full or they have no more. */
static void
produce(struct grpc_conn *c)
{
	struct grpc_call *call, *next;

	for (call = c->calls; call; call = next) {
		next = call->next;
		while (call->wants && !call->ended && grpc_call_queued(call) < QUEUE_HIGH) {
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
	struct grpc_call *call = call_of(arg, frame->hd.stream_id);

	if (!call || !call->conn->server || !call->trailed || call->remote_ended ||
		frame->hd.type != NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	return nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_NO_ERROR);
}

int
grpc_conn_output(struct grpc_conn *c, struct buf *out, size_t budget, struct err *err)
{
	const uint8_t *p;
	ssize_t n = 1;

	if (c->dead)
		return 0;
	c->out = out;
	c->budget = budget;
	while (out->len < budget && n > 0) {
		size_t before = out->len;

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
	return 0;
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

/* ---- connections ---------------------------------------------------------- */

static void
must(int rv)
{
	if (rv == NGHTTP2_ERR_NOMEM)
		die_oom();
	if (rv)
		BUG(nghttp2_strerror(rv));
}

static nghttp2_session_callbacks *
callbacks(void)
{
	nghttp2_session_callbacks *cb;

	must(nghttp2_session_callbacks_new(&cb));
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_send_data_callback(cb, send_data);
	return cb;
}

static struct grpc_conn *
conn_new(bool server)
{
	struct grpc_conn *c = xcalloc(1, sizeof(*c));
	nghttp2_session_callbacks *cb = callbacks();
	nghttp2_settings_entry settings[3] = {
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST},
	};
	nghttp2_option *opt;

	must(nghttp2_option_new(&opt));
	/* patterns may begin or end with a blank; Go sends such header values as they are */
	nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(opt, 1);
	nghttp2_option_set_max_continuations(opt, MAX_CONTINUATIONS);
	c->server = server;
	if (server)
		must(nghttp2_session_server_new2(&c->h2, cb, c, opt));
	else
		must(nghttp2_session_client_new2(&c->h2, cb, c, opt));
	/* towards a client no limit on header lists: a call may carry thousands of patterns */
	must(nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, server ? 2 : 3));
	must(nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW));
	nghttp2_option_del(opt);
	nghttp2_session_callbacks_del(cb);
	return c;
}

struct grpc_conn *
grpc_client_new(const char *authority, const char *scheme)
{
	struct grpc_conn *c = conn_new(false);

	c->authority = xstrdup(authority);
	c->scheme = xstrdup(scheme);
	return c;
}

struct grpc_conn *
grpc_server_new(const struct grpc_server_ops *ops, void *arg)
{
	struct grpc_conn *c = conn_new(true);

	c->server_ops = ops;
	c->server_arg = arg;
	return c;
}

void
grpc_conn_lost(struct grpc_conn *c, const char *why)
{
	struct grpc_status st = {.code = GRPC_UNAVAILABLE, .message = str_from(why), .lost = true};

	c->dead = true;
	while (c->calls)
		close_call(c->calls, &st);
}

void
grpc_conn_free(struct grpc_conn *c)
{
	if (!c)
		return;
	c->notify = NULL;
	grpc_conn_lost(c, "the connection was closed");
	nghttp2_session_del(c->h2);
	free(c->authority);
	free(c->scheme);
	free(c);
}

void
grpc_conn_notify(struct grpc_conn *c, void (*fn)(void *arg), void *arg)
{
	c->notify = fn;
	c->notify_arg = arg;
}

bool
grpc_conn_established(const struct grpc_conn *c)
{
	return c->established;
}

size_t
grpc_conn_calls(const struct grpc_conn *c)
{
	return c->ncalls;
}
