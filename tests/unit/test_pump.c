/* The pump between connections and gRPC machines, inside the loop. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "h2.h"
#include "net/conn.h"
#include "net/grpc.h"
#include "net/pump.h"
#include "script_conn.h"

struct side {
	struct conn *conn;
	struct grpc_conn *grpc;
	struct pump *pump;
	size_t lost;
	struct err why;

	size_t messages, bytes, closes;
	struct grpc_status status;
	char text[256];
	size_t to_send; /* messages of 10 000 bytes the server still has */
};

static void
on_lost(const struct err *why, void *arg)
{
	struct side *s = arg;

	s->lost++;
	s->why = *why;
}

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct side *s = arg;

	(void)call;
	s->messages++;
	s->bytes += msg.len;
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct side *s = arg;

	(void)call;
	s->closes++;
	s->status = *st;
	snprintf(s->text, sizeof(s->text), STR_FMT, STR_ARG(st->message));
}

static void
on_produce(struct grpc_call *call, size_t room, void *arg)
{
	static const char payload[10000];
	struct side *s = arg;

	(void)room;
	if (s->to_send-- == 0)
		grpc_call_finish(call, GRPC_OK, NULL);
	else
		grpc_call_send(call, payload, sizeof(payload));
}

static const struct grpc_call_ops ops = {
	.message = on_message, .produce = on_produce, .close = on_close};

static void
on_call(struct grpc_call *call, struct str path, void *arg)
{
	(void)path;
	grpc_call_serve(call, &ops, arg);
	grpc_call_want(call, true);
}

static const struct grpc_server_ops server_ops = {on_call};

static void
side_open(struct side *s, struct loop *l, struct conn *c, bool server)
{
	s->conn = c;
	s->grpc = server ? grpc_server_new(&server_ops, s) : grpc_client_new("localhost", "http");
	s->pump = pump_new(l, c, s->grpc, on_lost, s);
}

static void
side_close(struct side *s)
{
	pump_free(s->pump);
	grpc_conn_free(s->grpc);
	conn_close(s->conn);
}

/* Two machines over a real socket, far more data than it holds. */
static void
much_data_over_a_socket(void **state)
{
	struct side client = {0}, server = {.to_send = 2000};
	struct loop *l = loop_new();
	struct err err = {0};
	int fds[2], small = 4096;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	side_open(&client, l, conn_fd(fds[0], "client"), false);
	side_open(&server, l, conn_fd(fds[1], "server"), true);
	grpc_call_end(grpc_call_start(client.grpc, "/a/b", NULL, 0, &ops, &client));
	while (!client.closes)
		assert_ok(loop_once(l, &err), &err);
	assert_int_equal(client.status.code, GRPC_OK);
	assert_int_equal(client.messages, 2000);
	assert_int_equal(client.bytes, 20000000);
	assert_int_equal(client.lost + server.lost, 0);
	side_close(&server);
	while (!client.lost)
		assert_ok(loop_once(l, &err), &err);
	assert_int_equal(client.why.kind, ERR_NONE);
	side_close(&client);
	loop_free(l);
}

/* Bytes the loop cannot see: they were read with the answer to an upgrade. */
static void
bytes_above_the_descriptor_are_read(void **state)
{
	struct side client = {0}, server = {0};
	struct loop *l = loop_new();
	cleanup_buf struct buf early = {0};
	struct err err = {0};
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	side_open(&server, l, conn_fd(fds[1], "server"), true);
	assert_ok(grpc_conn_output(server.grpc, &early, 65536, &err), &err);
	side_open(&client, l, conn_prefixed(conn_fd(fds[0], "client"), buf_view(&early)), false);
	assert_false(grpc_conn_established(client.grpc));
	assert_ok(loop_once(l, &err), &err);
	assert_true(grpc_conn_established(client.grpc));
	side_close(&client);
	side_close(&server);
	loop_free(l);
}

static const char *const good[] = {":status", "200", "content-type", "application/grpc", NULL};
static const char *const denied[] = {"grpc-status", "7", "grpc-message", "no", NULL};

/* How a stream ends, and what becomes of the call and of the connection. */
static void
d_05_ends_of_the_stream(void **state)
{
	static const struct {
		const char *name;
		bool answered; /* the peer gave a status before */
		enum script_end end;
		bool deaf;
		const char *garbage;
		enum err_kind kind;
		const char *why, *text;
	} rows[] = {
		{"closed", false, SCRIPT_CLOSES, false, "", ERR_NONE, "",
			"the peer closed the connection"},
		{"reset", false, SCRIPT_BREAKS, false, "", ERR_NET, "Connection reset",
			"reset by peer"},
		{"not HTTP/2", false, SCRIPT_SILENT, false, "HTTP/1.1 400 Bad Request\r\n\r\n",
			ERR_PROTO, "HTTP/2", ""},
		{"does not listen", false, SCRIPT_SILENT, true, "", ERR_NET, "Broken pipe",
			"Broken pipe"},
		{"answers, then closes", true, SCRIPT_CLOSES, false, "", ERR_NONE, "", "no"},
		{"answers, does not listen", true, SCRIPT_CLOSES, true, "", ERR_NET, "Broken pipe",
			"no"},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (k = 0; k < 3; k++) {
			cleanup_buf struct buf in = {0};
			cleanup_script struct script script = {.piece = k * 5,
				.pauses = k == 2 && !rows[i].deaf,
				.end = rows[i].end,
				.deaf = rows[i].deaf};
			struct side s = {0};
			struct loop *l = loop_new();
			struct err err = {0};

			if (!*rows[i].garbage)
				h2_frame(&in, H2_SETTINGS, 0, 0, "", 0);
			buf_puts(&in, rows[i].garbage);
			if (rows[i].answered) {
				h2_headers(&in, 0, 1, good);
				h2_headers(&in, H2_END_STREAM, 1, denied);
			}
			script.in = buf_view(&in);
			side_open(&s, l, script_conn(&script), false);
			grpc_call_end(grpc_call_start(s.grpc, "/a/b", NULL, 0, &ops, &s));
			if (rows[i].answered) {
				/* the request goes out before the answer is looked at */
				cleanup_buf struct buf out = {0};

				assert_ok(grpc_conn_output(s.grpc, &out, 65536, &err), &err);
			}
			while (!s.lost)
				assert_row_ok(rows[i].name, loop_once(l, &err), &err);
			assert_row_int(rows[i].name, s.closes, 1);
			assert_row_int(rows[i].name, s.why.kind, rows[i].kind);
			assert_that(strstr(s.why.msg, rows[i].why) != NULL, "row '%s': %s",
				rows[i].name, s.why.msg);
			assert_that(strstr(s.text, rows[i].text) != NULL, "row '%s': %s",
				rows[i].name, s.text);
			/* nothing happens to it any more, also when something wakes it */
			grpc_call_end(grpc_call_start(s.grpc, "/a/b", NULL, 0, &ops, &s));
			assert_row_ok(rows[i].name, loop_once(l, &err), &err);
			assert_row_int(rows[i].name, s.lost, 1);
			side_close(&s);
			assert_row_int(rows[i].name, s.closes, 2);
			loop_free(l);
		}
	}
}

/* A peer that takes nothing more: memory stays what one round takes. */
static void
a_slow_peer_is_waited_for(void **state)
{
	struct side client = {0}, server = {.to_send = 100000};
	struct loop *l = loop_new();
	struct err err = {0};
	int fds[2], i;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	side_open(&server, l, conn_fd(fds[1], "server"), true);
	/* no pump: the client's bytes are moved by hand, and its windows are huge */
	client.grpc = grpc_client_new("localhost", "http");
	grpc_call_end(grpc_call_start(client.grpc, "/a/b", NULL, 0, &ops, &client));
	{
		cleanup_buf struct buf out = {0};

		assert_ok(grpc_conn_output(client.grpc, &out, 65536, &err), &err);
		assert_int_equal(write(fds[0], out.p, out.len), out.len);
	}
	/* POLLOUT does not come: only the first rounds do anything */
	for (i = 0; i < 3; i++) {
		struct timer *t = loop_timer(l, 0, free, NULL);

		assert_ok(loop_once(l, &err), &err);
		timer_remove(t);
	}
	/* 4 MB of window were announced; the socket and the buffers took far less */
	assert_true(server.to_send > 100000 - 120);
	side_close(&server);
	grpc_conn_free(client.grpc);
	close(fds[0]);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(much_data_over_a_socket),
		cmocka_unit_test(bytes_above_the_descriptor_are_read),
		cmocka_unit_test(d_05_ends_of_the_stream),
		cmocka_unit_test(a_slow_peer_is_waited_for),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
