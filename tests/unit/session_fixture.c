#include "session_fixture.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/loop.h"
#include "buildkit/peer.h"
#include "buildkit/proto/control.pb-c.h"
#include "net/conn.h"
#include "net/pump.h"
#include "test.h"

/* ---- the daemon's ends ---------------------------------------------------- */

static void
on_lost(const struct err *why, void *arg)
{
	(void)why;
	(void)arg;
}

/* Everything the inner connection says goes into one message. */
static void
carry(void *arg)
{
	struct fixture *f = arg;
	Pb__BytesMessage m = PB__BYTES_MESSAGE__INIT;
	cleanup_buf struct buf out = {0};
	struct err err = {0};
	uint8_t *packed;
	size_t len;

	while (f->carrier) {
		buf_reset(&out);
		assert_ok(grpc_conn_output(f->grpc, &out, 10000, &err), &err);
		if (out.len == 0)
			return;
		m.data = (ProtobufCBinaryData){out.len, (uint8_t *)out.p};
		len = pb__bytes_message__get_packed_size(&m);
		packed = calloc(1, len);
		pb__bytes_message__pack(&m, packed);
		grpc_call_send(f->carrier, packed, len);
		free(packed);
	}
}

static void
carrier_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct fixture *f = arg;
	Pb__BytesMessage *m = pb__bytes_message__unpack(NULL, msg.len, (const uint8_t *)msg.s);
	struct err err = {0};

	(void)call;
	assert_non_null(m);
	assert_true(m->data.len <= 64 * 1024);
	assert_ok(grpc_conn_receive(f->grpc, str_n((char *)m->data.data, m->data.len), &err), &err);
	pb__bytes_message__free_unpacked(m, NULL);
	carry(f);
}

static void
carrier_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct fixture *f = arg;

	(void)call;
	(void)st;
	f->carrier = NULL;
}

static const struct grpc_call_ops carrier_ops = {
	.message = carrier_message, .close = carrier_close};

static void
on_carrier(struct grpc_call *call, struct str path, void *arg)
{
	struct fixture *f = arg;

	assert_str(path, "/moby.buildkit.v1.Control/Session");
	grpc_call_metadata(call, "x-docker-expose-session-uuid", &f->arena, &f->uuid);
	grpc_call_metadata(call, "x-docker-expose-session-grpc-method", &f->arena, &f->methods);
	grpc_call_serve(call, &carrier_ops, f);
	f->carrier = call;
	carry(f);
}

static const struct grpc_server_ops carrier_server = {on_carrier};

void
fixture_open(struct fixture *f)
{
	*f = (struct fixture){.loop = loop_new()};
	sandbox_open(&f->box);
	tree_init(&f->tree);
	f->root = (struct fssend_root){
		.dirfd = open(f->tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .name = "context"};
	assert_true(f->root.dirfd >= 0);
	f->dockerfile = (struct fssend_file){"Dockerfile", STR("FROM scratch\n"), 0644, 1000};
	f->memory = (struct fssend_root){
		.dirfd = -1, .name = "dockerfile", .files = &f->dockerfile, .nfiles = 1};
	f->locals[0] = (struct bk_local){"context", &f->root};
	f->locals[1] = (struct bk_local){"d\xc3\xb6"
					 "ckerfile",
		&f->memory};
	f->options = (struct bk_session_options){
		.locals = f->locals, .nlocals = 2, .shared_key = "key", .log = &f->box.log};
}

void
fixture_serve(struct fixture *f, bool tunnel)
{
	int fds[2];

	f->session = bk_session_new(f->loop, &f->options);
	f->grpc = grpc_client_new("localhost", "http");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	f->conn = conn_fd(fds[1], "daemon");
	if (!tunnel) {
		bk_session_serve(f->session, conn_fd(fds[0], "client"));
		f->pump = pump_new(f->loop, f->conn, f->grpc, on_lost, f);
		return;
	}
	f->peer = bk_peer_new(f->loop, conn_fd(fds[0], "client"), "localhost", "http");
	f->outer = grpc_server_new(&carrier_server, f);
	f->pump = pump_new(f->loop, f->conn, f->outer, on_lost, f);
	grpc_conn_notify(f->grpc, carry, f);
	bk_session_tunnel(f->session, f->peer);
}

void
fixture_end_daemon(struct fixture *f)
{
	pump_free(f->pump);
	grpc_conn_free(f->outer);
	grpc_conn_notify(f->grpc, NULL, NULL);
	grpc_conn_free(f->grpc);
	conn_close(f->conn);
	f->pump = NULL;
	f->outer = f->grpc = NULL;
	f->conn = NULL;
}

void
fixture_close(struct fixture *f)
{
	bk_session_free(f->session);
	bk_peer_free(f->peer);
	if (f->pump)
		fixture_end_daemon(f);
	loop_free(f->loop);
	fd_close(&f->root.dirfd);
	tree_release(&f->tree);
	sandbox_close(&f->box);
	arena_release(&f->arena);
}

/* ---- calls ---------------------------------------------------------------- */

void
call_note_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct call *c = arg;

	(void)call;
	c->grpc = NULL;
	c->closed = true;
	c->lost = st->lost;
	c->code = st->code;
	snprintf(c->text, sizeof(c->text), STR_FMT, STR_ARG(st->message));
}

static void
note_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct call *c = arg;

	(void)call;
	c->messages++;
	buf_reset(&c->last);
	buf_str(&c->last, msg);
}

const struct grpc_call_ops call_plain_ops = {.message = note_message, .close = call_note_close};

void
call_release(struct call *c)
{
	assert_null(c->grpc);
	buf_release(&c->last);
	buf_release(&c->list);
	buf_release(&c->content);
}

void
call_finish(struct fixture *f, struct call *c)
{
	struct err err = {0};

	while (!c->closed)
		assert_ok(loop_once(f->loop, &err), &err);
}

void
call_unary(struct fixture *f, struct call *c, const char *path, struct str msg)
{
	*c = (struct call){0};
	c->grpc = grpc_call_start(f->grpc, path, NULL, 0, &call_plain_ops, c);
	grpc_call_send(c->grpc, msg.s, msg.len);
	grpc_call_end(c->grpc);
	call_finish(f, c);
}
