#include "net/grpc.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "net/grpc_private.h"

enum {
	/* the default of 64 KiB makes each transfer wait for round trips */
	STREAM_WINDOW = 4 * 1024 * 1024,
	CONN_WINDOW = 16 * 1024 * 1024,
	/* nghttp2 gives up the connection on a larger field; the peer should reset the stream */
	MAX_HEADER_LIST = 64 * 1024,
	/* one exclude pattern is one header line */
	MAX_CONTINUATIONS = 4096,
	MAX_STREAMS = 250,
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

static void
must(int rv)
{
	if (rv == NGHTTP2_ERR_NOMEM)
		die_oom();
	if (rv)
		BUG(nghttp2_strerror(rv));
}

struct grpc_call *
grpc_call_new(struct grpc_conn *c, int32_t id)
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

struct grpc_call *
grpc_call_of(struct grpc_conn *c, int32_t id)
{
	return id > 0 ? nghttp2_session_get_stream_user_data(c->h2, id) : NULL;
}

void
grpc_call_reset(struct grpc_call *call, uint32_t code)
{
	if (call->reset)
		return;
	call->reset = true;
	call->wants = false;
	must(nghttp2_submit_rst_stream(call->conn->h2, NGHTTP2_FLAG_NONE, call->id, code));
}

void
grpc_call_serve(struct grpc_call *call, const struct grpc_call_ops *ops, void *arg)
{
	call->ops = ops;
	call->arg = arg;
	if (!ops)
		call->wants = false;
}

void
grpc_call_close(struct grpc_call *call, const struct grpc_status *status)
{
	if (call->ops && call->ops->close)
		call->ops->close(call, status, call->arg);
	call_free(call);
}

void
grpc_conn_wake(struct grpc_conn *c)
{
	if (c->notify)
		c->notify(c->notify_arg);
}

static nghttp2_session_callbacks *
callbacks(void)
{
	nghttp2_session_callbacks *cb;

	must(nghttp2_session_callbacks_new(&cb));
	grpc_receive_callbacks(cb);
	grpc_send_callbacks(cb);
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
	/* a call may be paused: on_data says when the peer gets room again */
	nghttp2_option_set_no_auto_window_update(opt, 1);
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
		grpc_call_close(c->calls, &st);
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
