/* The gRPC machine against peers that answer badly, too early, or not in gRPC at all. */
#include "test.h"

#include "base/buf.h"
#include "h2.h"
#include "net/grpc.h"

struct seen {
	size_t messages, closes;
	struct grpc_status status;
	char text[256];
	bool cancel_at_message;
};

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct seen *s = arg;

	(void)msg;
	s->messages++;
	if (s->cancel_at_message)
		grpc_call_cancel(call);
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct seen *s = arg;

	(void)call;
	s->closes++;
	s->status = *st;
	snprintf(s->text, sizeof(s->text), STR_FMT, STR_ARG(st->message));
}

static const struct grpc_call_ops ops = {.message = on_message, .close = on_close};

/* What there is to send; the machine is asked again until it has nothing, or fails. */
static int
drain(struct grpc_conn *c, struct buf *out, struct err *err)
{
	size_t before;

	do {
		before = out->len;
		if (grpc_conn_output(c, out, before + 65536, err))
			return -1;
	} while (out->len > before);
	return 0;
}

/* Bytes come in whole, and then once more byte by byte. */
static void
receive(struct grpc_conn *c, const struct buf *in, bool bytewise, const char *row)
{
	struct err err = {0};
	size_t i;

	if (!bytewise) {
		assert_row_ok(row, grpc_conn_receive(c, buf_view(in), &err), &err);
		return;
	}
	for (i = 0; i < in->len; i++)
		assert_row_ok(row, grpc_conn_receive(c, str_n(in->p + i, 1), &err), &err);
}

/* ---- answers to one call -------------------------------------------------- */

static const char *const good[] = {":status", "200", "content-type", "application/grpc", NULL};
static const char *const trailer_ok[] = {"grpc-status", "0", NULL};

enum { KEEP_ALL = 1000 };

static void
make_ok(struct buf *b)
{
	h2_headers(b, 0, 1, good);
	h2_message(b, 0, 1, STR("abc"), KEEP_ALL);
	h2_headers(b, H2_END_STREAM, 1, trailer_ok);
}

static void
make_no_trailers(struct buf *b)
{
	h2_headers(b, 0, 1, good);
	h2_message(b, H2_END_STREAM, 1, STR("abc"), KEEP_ALL);
}

static void
make_cut_message(struct buf *b)
{
	h2_headers(b, 0, 1, good);
	h2_message(b, 0, 1, STR("abc"), 7);
	h2_headers(b, H2_END_STREAM, 1, trailer_ok);
}

static void
make_cut_prefix(struct buf *b)
{
	h2_headers(b, 0, 1, good);
	h2_message(b, 0, 1, STR("abc"), 4);
	h2_headers(b, H2_END_STREAM, 1, trailer_ok);
}

static void
make_compressed(struct buf *b)
{
	h2_headers(b, 0, 1, good);
	h2_frame(b, H2_DATA, 0, 1, "\1\0\0\0\1x", 6);
	h2_message(b, 0, 1, STR("abc"), KEEP_ALL);
	h2_headers(b, H2_END_STREAM, 1, trailer_ok);
}

static void
make_huge(struct buf *b)
{
	h2_headers(b, 0, 1, good);
	h2_frame(b, H2_DATA, 0, 1, "\0\xff\xff\xff\xff....", 9);
	h2_headers(b, H2_END_STREAM, 1, trailer_ok);
}

static void
make_html(struct buf *b)
{
	static const char *const head[] = {":status", "502", "content-type", "text/html", NULL};

	h2_headers(b, 0, 1, head);
	h2_frame(b, H2_DATA, H2_END_STREAM, 1, "<html>bad gateway", 17);
}

static void
make_not_found(struct buf *b)
{
	static const char *const head[] = {":status", "404", NULL};

	h2_headers(b, H2_END_STREAM, 1, head);
}

static void
make_status_no_number(struct buf *b)
{
	static const char *const trailer[] = {"grpc-status", "0x0", NULL};

	h2_headers(b, 0, 1, good);
	h2_headers(b, H2_END_STREAM, 1, trailer);
}

static void
make_bad_details(struct buf *b)
{
	static const char *const trailer[] = {"grpc-status", "5", "grpc-message", "a%20%zz%",
		"grpc-status-details-bin", "***", NULL};

	h2_headers(b, 0, 1, good);
	h2_headers(b, H2_END_STREAM, 1, trailer);
}

static void
make_refused(struct buf *b)
{
	h2_frame(b, H2_RST_STREAM, 0, 1, "\0\0\0\7", 4);
}

static void
make_reset(struct buf *b)
{
	h2_headers(b, 0, 1, good);
	h2_frame(b, H2_RST_STREAM, 0, 1, "\0\0\0\2", 4);
}

static void
make_trailers_then_reset(struct buf *b)
{
	make_ok(b);
	h2_frame(b, H2_RST_STREAM, 0, 1, "\0\0\0\0", 4);
}

static void
make_goaway(struct buf *b)
{
	h2_goaway(b, 0, 11, "too_many_pings");
}

static void
d_05_answers_to_a_call(void **state)
{
	static const struct {
		const char *name;
		void (*make)(struct buf *b);
		size_t messages;
		int code;
		bool lost;
		const char *text;
	} rows[] = {
		{"complete", make_ok, 1, GRPC_OK, false, ""},
		{"no trailers", make_no_trailers, 1, GRPC_INTERNAL, true, "without a status"},
		{"message cut off", make_cut_message, 0, GRPC_INTERNAL, false, "is cut off"},
		{"prefix cut off", make_cut_prefix, 0, GRPC_INTERNAL, false, "is cut off"},
		{"compressed", make_compressed, 0, GRPC_INTERNAL, false, "compressed message"},
		{"message of 4 GB", make_huge, 0, GRPC_INTERNAL, false, "larger than 16 MiB"},
		{"proxy's error page", make_html, 0, GRPC_UNAVAILABLE, false, "HTTP status 502"},
		{"no such path", make_not_found, 0, GRPC_UNIMPLEMENTED, false, "HTTP status 404"},
		{"status is no number", make_status_no_number, 0, GRPC_UNKNOWN, false, ""},
		{"bad details", make_bad_details, 0, GRPC_NOT_FOUND, false, "a %zz%"},
		{"refused", make_refused, 0, GRPC_UNAVAILABLE, true, "REFUSED_STREAM"},
		{"reset", make_reset, 0, GRPC_INTERNAL, true, "INTERNAL_ERROR"},
		{"reset after the end", make_trailers_then_reset, 1, GRPC_OK, false, ""},
		{"never looked at", make_goaway, 0, GRPC_UNAVAILABLE, true, "REFUSED_STREAM"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct grpc_conn *c = grpc_client_new("localhost", "http");
		cleanup_buf struct buf in = {0}, out = {0};
		const char *name = rows[i / 2].name;
		struct seen seen = {0};
		struct err err = {0};
		struct grpc_call *call = grpc_call_start(c, "/a/b", NULL, 0, &ops, &seen);

		grpc_call_end(call);
		assert_row_ok(name, drain(c, &out, &err), &err);
		h2_frame(&in, H2_SETTINGS, 0, 0, "", 0);
		rows[i / 2].make(&in);
		receive(c, &in, i % 2, name);
		(void)drain(c, &out, &err);
		assert_row_int(name, seen.closes, 1);
		assert_row_int(name, seen.messages, rows[i / 2].messages);
		assert_row_int(name, seen.status.code, rows[i / 2].code);
		assert_row_int(name, seen.status.lost, rows[i / 2].lost);
		assert_that(strstr(seen.text, rows[i / 2].text) != NULL, "row '%s': %s", name,
			seen.text);
		grpc_conn_free(c);
	}
}

/* A server that answers before it has read the request, and does not reset the stream. */
static void
an_early_answer_ends_a_call_that_cannot_send(void **state)
{
	struct grpc_conn *c = grpc_client_new("localhost", "http");
	cleanup_buf struct buf in = {0}, out = {0};
	struct seen seen = {0};
	struct err err = {0};
	struct grpc_call *call = grpc_call_start(c, "/a/b", NULL, 0, &ops, &seen);
	cleanup_buf struct buf large = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 200000; i++)
		buf_putc(&large, 'x');
	grpc_call_send(call, large.p, large.len);
	grpc_call_end(call);
	assert_ok(drain(c, &out, &err), &err);
	assert_true(grpc_call_queued(call) > 0); /* the window is full */
	h2_frame(&in, H2_SETTINGS, 0, 0, "", 0);
	make_ok(&in);
	receive(c, &in, false, "early answer");
	assert_ok(drain(c, &out, &err), &err);
	assert_int_equal(seen.closes, 1);
	assert_int_equal(seen.status.code, GRPC_OK);
	assert_int_equal(grpc_conn_calls(c), 0);
	grpc_conn_free(c);
}

static void
nothing_is_delivered_after_a_cancel(void **state)
{
	struct grpc_conn *c = grpc_client_new("localhost", "http");
	cleanup_buf struct buf in = {0}, out = {0};
	struct seen seen = {.cancel_at_message = true};
	struct err err = {0};
	struct grpc_call *call = grpc_call_start(c, "/a/b", NULL, 0, &ops, &seen);

	(void)state;
	grpc_call_end(call);
	assert_ok(drain(c, &out, &err), &err);
	h2_frame(&in, H2_SETTINGS, 0, 0, "", 0);
	h2_headers(&in, 0, 1, good);
	h2_frame(&in, H2_DATA, 0, 1, "\0\0\0\0\1a\0\0\0\0\1b\0\0\0\0\1c", 18);
	h2_message(&in, 0, 1, STR("d"), KEEP_ALL);
	receive(c, &in, false, "cancel");
	assert_ok(drain(c, &out, &err), &err);
	assert_int_equal(seen.messages, 1);
	assert_int_equal(seen.closes, 1);
	assert_int_equal(seen.status.code, GRPC_CANCELLED);
	grpc_conn_free(c);
}

static void
a_call_cancelled_before_it_was_sent_is_closed(void **state)
{
	struct grpc_conn *c = grpc_client_new("localhost", "http");
	cleanup_buf struct buf out = {0};
	struct seen seen = {0};
	struct err err = {0};
	struct grpc_call *call = grpc_call_start(c, "/a/b", NULL, 0, &ops, &seen);

	(void)state;
	grpc_call_send(call, "abc", 3);
	grpc_call_cancel(call);
	grpc_call_cancel(call);
	assert_ok(drain(c, &out, &err), &err);
	assert_int_equal(seen.closes, 1);
	assert_int_equal(seen.status.code, GRPC_CANCELLED);
	assert_int_equal(grpc_conn_calls(c), 0);
	grpc_conn_free(c);
}

/* Its owner is gone: no callback may be called, whatever happens to it afterwards. */
static void
a_forgotten_call_calls_nobody(void **state)
{
	struct grpc_conn *c = grpc_client_new("localhost", "http");
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};
	struct grpc_call *call;

	(void)state;
	{
		struct seen gone = {0};

		call = grpc_call_start(c, "/a/b", NULL, 0, &ops, &gone);
		grpc_call_want(call, true); /* without a produce */
		assert_ok(drain(c, &out, &err), &err);
		grpc_call_cancel(call);
		grpc_call_serve(call, NULL, NULL);
		grpc_call_want(call, true);
	}
	h2_frame(&in, H2_SETTINGS, 0, 0, "", 0);
	make_ok(&in);
	receive(c, &in, false, "forgotten");
	assert_ok(drain(c, &out, &err), &err);
	assert_int_equal(grpc_conn_calls(c), 0);
	grpc_conn_free(c);
}

/* ---- connections that end ------------------------------------------------- */

static void
k_20_a_peer_that_breaks_the_protocol_is_reported(void **state)
{
	static const struct {
		const char *name, *in;
		size_t len;
		bool server;
		const char *text;
	} rows[] = {
		{"HTTP/1.1", "HTTP/1.1 400 Bad Request\r\n\r\n", 28, false, "HTTP/2"},
		{"TLS alert", "\x15\x03\x01\0\2\2\x0a and more", 16, false, "HTTP/2"},
		{"not SETTINGS", "\0\0\x08\6\0\0\0\0\0........", 17, false, "SETTINGS"},
		{"data of no call", "\0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\0\0\1x", 19, false, "DATA"},
		{"no preface", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35, true, "HTTP/2"},
		{"headers of stream 0", H2_PREFACE "\0\0\0\4\0\0\0\0\0\0\0\0\1\5\0\0\0\0", 42, true,
			"HTTP/2"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const struct grpc_server_ops none = {0};
		struct grpc_conn *c = rows[i].server ? grpc_server_new(&none, NULL)
						     : grpc_client_new("localhost", "http");
		char *in = test_guard_alloc(rows[i].in, rows[i].len);
		cleanup_buf struct buf out = {0};
		struct seen seen = {0};
		struct err err = {0};

		if (!rows[i].server)
			grpc_call_start(c, "/a/b", NULL, 0, &ops, &seen);
		assert_row_ok(rows[i].name, drain(c, &out, &err), &err);
		if (grpc_conn_receive(c, str_n(in, rows[i].len), &err) == 0)
			assert_row_int(rows[i].name, drain(c, &out, &err), -1);
		assert_row_err(rows[i].name, &err, ERR_PROTO, rows[i].text);
		grpc_conn_free(c);
		assert_row_int(rows[i].name, seen.closes, !rows[i].server);
		test_guard_free(in, rows[i].len);
	}
}

static void
a_goaway_lets_running_calls_end(void **state)
{
	struct grpc_conn *c = grpc_client_new("localhost", "http");
	cleanup_buf struct buf in = {0}, out = {0};
	struct seen first = {0}, second = {0};
	struct err err = {0};

	(void)state;
	grpc_call_end(grpc_call_start(c, "/a/b", NULL, 0, &ops, &first));
	assert_ok(drain(c, &out, &err), &err);
	h2_frame(&in, H2_SETTINGS, 0, 0, "", 0);
	h2_goaway(&in, 1, 11, "too_many_pings");
	receive(c, &in, false, "goaway");
	/* a new call is refused, not left waiting */
	grpc_call_end(grpc_call_start(c, "/a/b", NULL, 0, &ops, &second));
	assert_ok(drain(c, &out, &err), &err);
	assert_int_equal(second.closes, 1);
	assert_int_equal(second.status.code, GRPC_UNAVAILABLE);
	buf_reset(&in);
	make_ok(&in);
	receive(c, &in, false, "answer");
	assert_int_equal(first.closes, 1);
	assert_int_equal(first.status.code, GRPC_OK);
	assert_int_equal(drain(c, &out, &err), -1);
	assert_err(&err, ERR_NET, "too_many_pings");
	grpc_conn_free(c);
}

/* ---- clients of ours ------------------------------------------------------ */

static size_t served;

static void
count_call(struct grpc_call *call, struct str path, void *arg)
{
	(void)path;
	served++;
	grpc_call_serve(call, &ops, arg);
}

/* More header fields than any build has patterns. */
static void
request_headers_have_a_cap(void **state)
{
	static const struct grpc_server_ops server = {count_call};
	static const char *const start[] = {
		":method", "POST", ":scheme", "http", ":path", "/a/b", ":authority", "x", NULL};
	struct seen seen = {0};
	struct grpc_conn *c = grpc_server_new(&server, &seen);
	cleanup_buf struct buf in = {0}, out = {0}, block = {0}, one = {0};
	struct err err = {0};
	size_t at, n;

	(void)state;
	served = 0;
	buf_puts(&in, H2_PREFACE);
	h2_frame(&in, H2_SETTINGS, 0, 0, "", 0);
	h2_headers(&block, 0, 1, start);
	buf_consume(&block, 9);
	for (n = 0; n < 16000; n++)
		buf_putc(&one, 'p');
	while (block.len < (size_t)9 * 1024 * 1024) {
		/* literal without index, name "x", a length of 127 + 15873 */
		buf_mem(&block, "\0\1x\x7f\x81\x7c", 6);
		buf_mem(&block, one.p, 16000);
	}
	for (at = 0; at < block.len; at += n) {
		n = block.len - at < 16384 ? block.len - at : 16384;
		h2_frame(&in, at ? 9 : H2_HEADERS, at + n == block.len ? H2_END_HEADERS : 0, 1,
			block.p + at, n);
	}
	(void)grpc_conn_receive(c, buf_view(&in), &err);
	(void)drain(c, &out, &err);
	assert_int_equal(served, 0);
	assert_int_equal(grpc_conn_calls(c), 0);
	grpc_conn_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(d_05_answers_to_a_call),
		cmocka_unit_test(an_early_answer_ends_a_call_that_cannot_send),
		cmocka_unit_test(nothing_is_delivered_after_a_cancel),
		cmocka_unit_test(a_call_cancelled_before_it_was_sent_is_closed),
		cmocka_unit_test(a_forgotten_call_calls_nobody),
		cmocka_unit_test(k_20_a_peer_that_breaks_the_protocol_is_reported),
		cmocka_unit_test(a_goaway_lets_running_calls_end),
		cmocka_unit_test(request_headers_have_a_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
