/* Two gRPC machines against each other, without descriptors. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "net/grpc.h"

struct pair {
	struct grpc_conn *client, *server;
	size_t piece; /* bytes handed over at a time */

	/* what the server does */
	int finish_code;
	const char *finish_message;
	size_t answers; /* messages it sends back */
	size_t answer_size;
	size_t produced;
	bool silent;         /* never answers */
	bool refuses;        /* the first message, and with it the call */
	struct strlist meta; /* values of "dir-name" */
	struct arena arena;
	size_t server_messages, server_bytes;
	bool server_ended, server_closed, server_lost;

	/* what the client saw */
	size_t messages, bytes;
	int code;
	bool closed, lost;
	char message[256];
	char details[64];
};

static void
server_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct pair *p = arg;

	p->server_messages++;
	p->server_bytes += msg.len;
	if (p->refuses)
		grpc_call_finish(call, p->finish_code, p->finish_message);
}

static void
server_produce(struct grpc_call *call, size_t room, void *arg)
{
	struct pair *p = arg;
	char *msg;

	(void)room;
	if (p->produced == p->answers) {
		grpc_call_want(call, false);
		grpc_call_finish(call, p->finish_code, p->finish_message);
		return;
	}
	p->produced++;
	msg = calloc(1, p->answer_size + 1);
	memset(msg, 'x', p->answer_size);
	grpc_call_send(call, msg, p->answer_size);
	free(msg);
}

static void
server_end(struct grpc_call *call, void *arg)
{
	struct pair *p = arg;

	p->server_ended = true;
	if (!p->silent)
		grpc_call_want(call, true);
}

static void
server_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct pair *p = arg;

	(void)call;
	p->server_closed = true;
	p->server_lost = st->lost;
}

static const struct grpc_call_ops server_call_ops = {
	server_message, server_end, server_produce, server_close};

static void
on_call(struct grpc_call *call, struct str path, void *arg)
{
	struct pair *p = arg;

	if (str_is(path, "/none")) {
		grpc_call_finish(call, GRPC_UNIMPLEMENTED, "no such thing: 100% \xc3\xa4\n");
		return;
	}
	grpc_call_metadata(call, "dir-name", &p->arena, &p->meta);
	grpc_call_serve(call, &server_call_ops, p);
}

static const struct grpc_server_ops server_ops = {on_call};

static void
client_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct pair *p = arg;

	(void)call;
	p->messages++;
	p->bytes += msg.len;
}

static void
client_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct pair *p = arg;

	(void)call;
	p->closed = true;
	p->code = st->code;
	p->lost = st->lost;
	snprintf(p->message, sizeof(p->message), STR_FMT, STR_ARG(st->message));
}

static const struct grpc_call_ops client_ops = {client_message, NULL, NULL, client_close};

static void
open_pair(struct pair *p, size_t piece)
{
	p->client = grpc_client_new("localhost", "http");
	p->server = grpc_server_new(&server_ops, p);
	p->piece = piece;
}

static void
close_pair(struct pair *p)
{
	grpc_conn_free(p->client);
	grpc_conn_free(p->server);
	arena_release(&p->arena);
}

/* Moves what one has to say to the other; false when it had nothing. */
static bool
move(struct pair *p, struct grpc_conn *from, struct grpc_conn *to)
{
	cleanup_buf struct buf out = {0};
	struct err err = {0};
	size_t at, n;

	assert_ok(grpc_conn_output(from, &out, 64 * 1024, &err), &err);
	for (at = 0; at < out.len; at += n) {
		n = out.len - at < p->piece ? out.len - at : p->piece;
		assert_ok(grpc_conn_receive(to, str_n(out.p + at, n), &err), &err);
	}
	return out.len > 0;
}

static void
settle(struct pair *p)
{
	bool moved;

	do {
		moved = move(p, p->client, p->server);
		moved = move(p, p->server, p->client) || moved;
	} while (moved);
}

static void
a_call_with_answers_of_any_size(void **state)
{
	static const struct {
		const char *name;
		size_t piece, request, answers, size;
	} rows[] = {
		{"empty messages", 1000000, 0, 2, 0},
		{"byte by byte", 1, 10, 2, 100},
		{"across frames", 1000000, 100000, 3, 100000},
		{"beyond the default window", 30000, 5, 40, 200000},
		{"seven bytes at a time", 7, 3000, 3, 20000},
		{"only a status", 1000000, 3, 0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair p = {.answers = rows[i].answers, .answer_size = rows[i].size};
		struct grpc_header meta[] = {{"dir-name", "context"}, {"dir-name", " blank "}};
		char *request = calloc(1, rows[i].request + 1);
		struct grpc_call *call;

		open_pair(&p, rows[i].piece);
		call = grpc_call_start(p.client, "/a/b", meta, 2, &client_ops, &p);
		grpc_call_send(call, request, rows[i].request);
		grpc_call_end(call);
		settle(&p);
		assert_row_int(rows[i].name, p.server_messages, 1);
		assert_row_int(rows[i].name, p.server_bytes, rows[i].request);
		assert_row_int(rows[i].name, p.messages, rows[i].answers);
		assert_row_int(rows[i].name, p.bytes, rows[i].answers * rows[i].size);
		assert_row_int(rows[i].name, p.closed && p.server_closed, 1);
		assert_row_int(rows[i].name, p.code, GRPC_OK);
		assert_row_int(rows[i].name, p.meta.n, 2);
		assert_string_equal(p.meta.items[1], " blank ");
		assert_row_int(
			rows[i].name, grpc_conn_calls(p.client) + grpc_conn_calls(p.server), 0);
		close_pair(&p);
		free(request);
	}
}

static void
a_status_comes_with_its_message(void **state)
{
	struct pair p = {.finish_code = GRPC_NOT_FOUND, .finish_message = "50% of '\xc3\xa9'"};
	struct grpc_call *call;

	(void)state;
	open_pair(&p, 1000000);
	call = grpc_call_start(p.client, "/a/b", NULL, 0, &client_ops, &p);
	grpc_call_end(call);
	settle(&p);
	assert_int_equal(p.code, GRPC_NOT_FOUND);
	assert_string_equal(p.message, "50% of '\xc3\xa9'");
	assert_false(p.lost);
	close_pair(&p);
}

static void
an_unknown_method_is_unimplemented_at_once(void **state)
{
	struct pair p = {0};

	(void)state;
	open_pair(&p, 1000000);
	/* the request is not ended: the answer comes all the same, and ends the call */
	grpc_call_start(p.client, "/none", NULL, 0, &client_ops, &p);
	settle(&p);
	assert_true(p.closed);
	assert_int_equal(p.code, GRPC_UNIMPLEMENTED);
	assert_string_equal(p.message, "no such thing: 100% \xc3\xa4\n");
	assert_int_equal(grpc_conn_calls(p.client) + grpc_conn_calls(p.server), 0);
	close_pair(&p);
}

/* It does not know yet that it was refused. */
static void
a_client_that_goes_on_after_the_end(void **state)
{
	struct pair p = {.refuses = true, .finish_code = GRPC_INVALID_ARGUMENT};
	struct grpc_call *call;

	(void)state;
	open_pair(&p, 1000000);
	call = grpc_call_start(p.client, "/a/b", NULL, 0, &client_ops, &p);
	grpc_call_send(call, "one", 3);
	grpc_call_send(call, "two", 3);
	grpc_call_end(call);
	settle(&p);
	assert_int_equal(p.server_messages, 1);
	assert_false(p.server_ended);
	assert_true(p.closed && p.server_closed);
	assert_int_equal(p.code, GRPC_INVALID_ARGUMENT);
	close_pair(&p);
}

static void
b_27_cancelling_reaches_the_other_side(void **state)
{
	struct pair p = {.silent = true};
	struct grpc_call *call;

	(void)state;
	open_pair(&p, 1000000);
	call = grpc_call_start(p.client, "/a/b", NULL, 0, &client_ops, &p);
	grpc_call_end(call);
	settle(&p);
	assert_true(p.server_ended);
	grpc_call_cancel(call);
	settle(&p);
	assert_int_equal(p.code, GRPC_CANCELLED);
	assert_true(p.server_closed && p.server_lost);
	close_pair(&p);
}

static void
d_05_a_lost_connection_is_no_success(void **state)
{
	struct pair p = {.silent = true};
	struct grpc_call *call;

	(void)state;
	open_pair(&p, 1000000);
	call = grpc_call_start(p.client, "/a/b", NULL, 0, &client_ops, &p);
	grpc_call_end(call);
	settle(&p);
	assert_false(p.closed);
	grpc_conn_lost(p.client, "it broke");
	assert_true(p.closed && p.lost);
	assert_int_equal(p.code, GRPC_UNAVAILABLE);
	assert_string_equal(p.message, "it broke");
	close_pair(&p);
}

static void
a_peer_that_speaks_something_else(void **state)
{
	static const struct {
		const char *name, *in;
	} rows[] = {
		{"HTTP/1.1", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno"},
		{"TLS alert", "\x15\x03\x01\x00\x02\x02\x0a and more bytes of it"},
		{"zeroes", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct grpc_conn *c = grpc_client_new("localhost", "http");
		cleanup_buf struct buf out = {0};
		struct err err = {0};
		int rc = grpc_conn_receive(c, str_n(rows[i].in, 29), &err);

		/* some garbage is only found out when it is to be answered */
		if (rc == 0)
			assert_ok(grpc_conn_output(c, &out, 65536, &err), &err);
		assert_row_int(rows[i].name, grpc_conn_established(c), 0);
		grpc_conn_free(c);
	}
}

static void
a_message_above_the_limit_resets_the_call(void **state)
{
	struct pair p = {.silent = true};
	uint8_t prefix[GRPC_PREFIX];
	struct grpc_call *call;

	(void)state;
	open_pair(&p, 1000000);
	call = grpc_call_start(p.client, "/a/b", NULL, 0, &client_ops, &p);
	grpc_prefix(prefix, (size_t)17 * 1024 * 1024);
	buf_mem(grpc_call_queue(call), prefix, sizeof(prefix));
	grpc_call_flush(call);
	settle(&p);
	assert_true(p.closed);
	assert_int_equal(p.code, GRPC_INTERNAL);
	assert_int_equal(p.server_messages, 0);
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_with_answers_of_any_size),
		cmocka_unit_test(a_status_comes_with_its_message),
		cmocka_unit_test(an_unknown_method_is_unimplemented_at_once),
		cmocka_unit_test(a_client_that_goes_on_after_the_end),
		cmocka_unit_test(b_27_cancelling_reaches_the_other_side),
		cmocka_unit_test(d_05_a_lost_connection_is_no_success),
		cmocka_unit_test(a_peer_that_speaks_something_else),
		cmocka_unit_test(a_message_above_the_limit_resets_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
