/*
 * The session, called by a daemon in the same loop: over a connection of its own and inside of a
 * Control.Session call. Files, exports, credentials, health.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "base/loop.h"
#include "buildkit/fssend.h"
#include "buildkit/fswire.h"
#include "buildkit/peer.h"
#include "buildkit/proto/control.pb-c.h"
#include "buildkit/proto/session.pb-c.h"
#include "buildkit/session.h"
#include "net/conn.h"
#include "net/grpc.h"
#include "net/pump.h"
#include "registry/credentials.h"
#include "sandbox.h"
#include "tree.h"

enum { ENTRIES_MAX = 100 };

/* A call of the daemon's and what came of it. */
struct call {
	struct grpc_call *grpc;
	size_t messages;
	struct buf last; /* message */
	bool closed, lost;
	int code;
	char text[512];

	/* DiffCopy, as receiver */
	bool listed, fin;
	size_t nfiles, waiting;
	struct buf list;    /* "path " each */
	struct buf content; /* of all files, in the order in which they end */
	uint32_t ids;
};

struct fixture {
	struct loop *loop;
	struct tree tree;
	struct sandbox box;
	struct arena arena;
	struct fssend_root root;
	struct fssend_file dockerfile;
	struct fssend_root memory;
	struct bk_local locals[2];
	struct bk_session_options options;
	struct bk_session *session;

	struct conn *conn;
	struct pump *pump;
	struct grpc_conn *grpc; /* the daemon's calls go out here */

	/* the tunnel */
	struct bk_peer *peer;
	struct grpc_conn *outer;
	struct grpc_call *carrier;
	struct strlist uuid, methods;
};

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

static void
open_fixture(struct fixture *f)
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

static void
serve(struct fixture *f, bool tunnel)
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

static void
daemon_end(struct fixture *f)
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

static void
close_fixture(struct fixture *f)
{
	bk_session_free(f->session);
	bk_peer_free(f->peer);
	if (f->pump)
		daemon_end(f);
	loop_free(f->loop);
	fd_close(&f->root.dirfd);
	tree_release(&f->tree);
	sandbox_close(&f->box);
	arena_release(&f->arena);
}

/* ---- calls ---------------------------------------------------------------- */

static void
note_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
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

static const struct grpc_call_ops plain_ops = {.message = note_message, .close = note_close};

static void
call_release(struct call *c)
{
	assert_null(c->grpc);
	buf_release(&c->last);
	buf_release(&c->list);
	buf_release(&c->content);
}

static void
finish(struct fixture *f, struct call *c)
{
	struct err err = {0};

	while (!c->closed)
		assert_ok(loop_once(f->loop, &err), &err);
}

static void
unary(struct fixture *f, struct call *c, const char *path, struct str msg)
{
	*c = (struct call){0};
	c->grpc = grpc_call_start(f->grpc, path, NULL, 0, &plain_ops, c);
	grpc_call_send(c->grpc, msg.s, msg.len);
	grpc_call_end(c->grpc);
	finish(f, c);
}

/* ---- health and what is not there ----------------------------------------- */

static void
services_and_those_that_are_not_there(void **state)
{
	static const struct {
		const char *path, *answer;
		int code;
		const char *text;
	} rows[] = {
		{"/grpc.health.v1.Health/Check", "\x08\x01", GRPC_OK, ""},
		{"/grpc.health.v1.Health/Watch", "", GRPC_UNIMPLEMENTED, "does not offer"},
		{"/moby.filesync.v1.Auth/GetTokenAuthority", "", GRPC_UNIMPLEMENTED, ""},
		{"/moby.filesync.v1.Auth/FetchToken", "", GRPC_UNIMPLEMENTED, ""},
		{"/moby.filesync.v1.FileSync/TarStream", "", GRPC_UNIMPLEMENTED, ""},
		{"/moby.buildkit.secrets.v1.Secrets/Nothing", "", GRPC_UNIMPLEMENTED, ""},
		{"/", "", GRPC_UNIMPLEMENTED, ""},
	};
	size_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct fixture f;

		open_fixture(&f);
		serve(&f, k == 1);
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct call c;

			unary(&f, &c, rows[i].path, STR(""));
			assert_row_int(rows[i].path, c.code, rows[i].code);
			assert_row_str(rows[i].path, buf_view(&c.last), rows[i].answer);
			assert_that(strstr(c.text, rows[i].text) != NULL, "%s", c.text);
			call_release(&c);
		}
		assert_int_equal(bk_session_check(f.session, NULL), 0);
		close_fixture(&f);
	}
}

static void
the_session_announces_itself(void **state)
{
	struct strlist pairs = {0};
	struct fixture f;
	struct call c;
	size_t i, methods = 0;

	(void)state;
	open_fixture(&f);
	serve(&f, true);
	unary(&f, &c, "/grpc.health.v1.Health/Check", STR(""));
	call_release(&c);
	assert_int_equal(f.uuid.n, 1);
	assert_string_equal(f.uuid.items[0], bk_session_id(f.session));
	assert_null(strchr(f.uuid.items[0], ':'));
	assert_true(strlist_has(&f.methods, "/moby.filesync.v1.FileSync/DiffCopy"));
	assert_true(strlist_has(&f.methods, "/moby.filesync.v1.FileSend/DiffCopy"));
	bk_session_headers(f.session, &f.arena, &pairs);
	assert_int_equal(pairs.n % 2, 0);
	for (i = 0; i < pairs.n; i += 2)
		methods += !strcmp(pairs.items[i], "x-docker-expose-session-grpc-method");
	assert_int_equal(methods, f.methods.n);
	close_fixture(&f);
}

static void
d_05_a_session_that_ends_is_reported(void **state)
{
	size_t k;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct err err = {0};
		struct fixture f;
		struct call c;

		open_fixture(&f);
		serve(&f, k == 1);
		unary(&f, &c, "/grpc.health.v1.Health/Check", STR(""));
		call_release(&c);
		daemon_end(&f);
		while (bk_session_check(f.session, NULL) == 0)
			assert_ok(loop_once(f.loop, &err), &err);
		assert_int_equal(bk_session_check(f.session, &err), -1);
		assert_err(&err, ERR_NET, "session");
		close_fixture(&f);
	}
}

/* ---- files for the daemon ------------------------------------------------- */

static void
take_stat(struct call *c, const struct fspacket *p)
{
	cleanup_buf struct buf out = {0};

	if (!p->has_stat) {
		c->listed = true;
		return;
	}
	buf_addf(&c->list, STR_FMT " ", STR_ARG(p->stat.path));
	assert_int_equal(p->stat.uid, 0);
	if ((p->stat.mode & FSMODE_TYPE) == 0) {
		c->waiting++;
		fspacket_put_req(&out, c->ids, NULL);
		buf_str(grpc_call_queue(c->grpc), buf_view(&out));
		grpc_call_flush(c->grpc);
	}
	c->ids++;
}

static void
receive_files(struct grpc_call *call, struct str msg, void *arg)
{
	struct call *c = arg;
	struct fspacket p;
	struct err err = {0};

	assert_ok(fspacket_decode(&p, msg, &err), &err);
	if (p.type == FSPACKET_STAT)
		take_stat(c, &p);
	else if (p.type == FSPACKET_DATA && p.data.len)
		buf_str(&c->content, p.data);
	else if (p.type == FSPACKET_DATA)
		c->waiting--;
	else if (p.type == FSPACKET_FIN)
		c->fin = true;
	else
		assert_int_equal(p.type, FSPACKET_ERR);
	if (c->listed && c->waiting == 0 && !c->fin) {
		fspacket_put_fin(grpc_call_queue(call), NULL);
		grpc_call_flush(call);
		c->listed = false;
	}
}

static const struct grpc_call_ops receive_ops = {.message = receive_files, .close = note_close};

static void
b_10_files_go_to_the_daemon(void **state)
{
	static const struct {
		const char *name;
		struct grpc_header meta[6];
		size_t nmeta;
		int code;
		const char *list, *content, *text;
	} rows[] = {
		{"everything", {{"dir-name", "context"}}, 1, GRPC_OK, "a a/b my file z\xc3\xa4 ",
			"in b|blank|umlaut|", ""},
		{"excluded",
			{{"dir-name", "context"}, {"exclude-patterns", "a"},
				{"exclude-patterns", "z*"}},
			3, GRPC_OK, "my file ", "blank|", ""},
		{"a pattern ends in a blank",
			{{"dir-name", "context"}, {"include-patterns", "my file "}}, 2, GRPC_OK,
			"my file ", "blank|", ""},
		{"encoded",
			{{"dir-name", "context"}, {"exclude-patterns-encoded", "1"},
				{"exclude-patterns", "z%C3%A4"}, {"exclude-patterns", "my+file"}},
			4, GRPC_OK, "a a/b ", "in b|", ""},
		{"not encoded", {{"dir-name", "context"}, {"include-patterns", "my+file"}}, 2,
			GRPC_OK, "", "", ""},
		{"followpaths", {{"dir-name", "context"}, {"followpaths", "a/b"}}, 2, GRPC_OK,
			"a a/b ", "in b|", ""},
		{"from memory", {{"dir-name", "d%C3%B6ckerfile"}, {"dir-name-encoded", "1"}}, 2,
			GRPC_OK, "Dockerfile ", "FROM scratch\n", ""},
		{"unknown folder", {{"dir-name", "/etc"}}, 1, GRPC_NOT_FOUND, "", "",
			"no access allowed to dir \"/etc\""},
		{"no folder", {{"x", "y"}}, 1, GRPC_NOT_FOUND, "", "", "no access"},
		{"bad pattern", {{"dir-name", "context"}, {"exclude-patterns", "[a"}}, 2,
			GRPC_UNKNOWN, "", "", "[a"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = rows[i / 2].name;
		struct bk_session_stats stats;
		struct call c = {0};
		struct fixture f;

		open_fixture(&f);
		tree_write(&f.tree, "a/b", "in b|");
		tree_write(&f.tree, "my file", "blank|");
		tree_write(&f.tree, "z\xc3\xa4", "umlaut|");
		serve(&f, i % 2);
		c.grpc = grpc_call_start(f.grpc, "/moby.filesync.v1.FileSync/DiffCopy",
			rows[i / 2].meta, rows[i / 2].nmeta, &receive_ops, &c);
		finish(&f, &c);
		assert_that(c.code == rows[i / 2].code, "row '%s': %d %s", name, c.code, c.text);
		assert_row_str(name, buf_view(&c.list), rows[i / 2].list);
		assert_row_str(name, buf_view(&c.content), rows[i / 2].content);
		assert_that(strstr(c.text, rows[i / 2].text) != NULL, "row '%s': %s", name, c.text);
		assert_row_int(name, c.fin, c.code == GRPC_OK);
		bk_session_stats(f.session, &stats);
		assert_row_int(name, stats.files, c.ids);
		/* what is wrong on our side is the cause of a failed build, a wrong name is not */
		assert_row_int(name, bk_session_check(f.session, NULL),
			rows[i / 2].code == GRPC_UNKNOWN ? -1 : 0);
		call_release(&c);
		close_fixture(&f);
	}
}

/* Megabytes through windows, queues and the tunnel; health checks are answered meanwhile. */
static void
a_large_file_and_a_health_check(void **state)
{
	static const struct grpc_header meta[] = {{"dir-name", "context"}};
	const size_t size = (size_t)5 * 1024 * 1024;
	char *text = malloc(size + 1);
	size_t i, k;

	(void)state;
	for (i = 0; i < size; i++)
		text[i] = (char)('a' + i % 23);
	text[size] = '\0';
	for (k = 0; k < 2; k++) {
		struct call c = {0}, health = {0};
		struct fixture f;

		open_fixture(&f);
		tree_write(&f.tree, "big", "%s", text);
		serve(&f, k == 1);
		c.grpc = grpc_call_start(
			f.grpc, "/moby.filesync.v1.FileSync/DiffCopy", meta, 1, &receive_ops, &c);
		while (c.content.len < size / 4) {
			struct err err = {0};

			assert_ok(loop_once(f.loop, &err), &err);
		}
		unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
		assert_int_equal(health.code, GRPC_OK);
		finish(&f, &c);
		assert_int_equal(c.code, GRPC_OK);
		assert_int_equal(c.content.len, size);
		assert_memory_equal(c.content.p, text, size);
		call_release(&c);
		call_release(&health);
		close_fixture(&f);
	}
	free(text);
}

/* The daemon loses interest in the middle: nothing is left, the session goes on. */
static void
b_27_a_transfer_that_is_cancelled(void **state)
{
	static const struct grpc_header meta[] = {{"dir-name", "context"}};
	struct call c = {0}, health;
	struct err err = {0};
	struct fixture f;
	int i;

	(void)state;
	open_fixture(&f);
	for (i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		tree_write(&f.tree, name, "%080d", i);
	}
	serve(&f, false);
	c.grpc = grpc_call_start(
		f.grpc, "/moby.filesync.v1.FileSync/DiffCopy", meta, 1, &receive_ops, &c);
	while (c.ids < 10)
		assert_ok(loop_once(f.loop, &err), &err);
	if (c.grpc)
		grpc_call_cancel(c.grpc);
	finish(&f, &c);
	unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	assert_int_equal(health.code, GRPC_OK);
	assert_int_equal(bk_session_check(f.session, NULL), 0);
	call_release(&c);
	call_release(&health);
	close_fixture(&f);
}

/* ---- files from the daemon ------------------------------------------------ */

struct export
{
	struct call c;
	bool fin;
};

static void
send_files(struct grpc_call *call, struct str msg, void *arg)
{
	struct export *e = arg;
	struct fspacket p;
	struct err err = {0};

	assert_ok(fspacket_decode(&p, msg, &err), &err);
	if (p.type == FSPACKET_REQ) {
		fspacket_put_data(grpc_call_queue(call), p.id, STR("exported"), NULL);
		fspacket_put_data(grpc_call_queue(call), p.id, STR(""), NULL);
		fspacket_put_fin(grpc_call_queue(call), NULL);
		grpc_call_flush(call);
	}
	e->fin = e->fin || p.type == FSPACKET_FIN;
}

static void
export_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct export *e = arg;

	note_close(call, st, &e->c);
}

static const struct grpc_call_ops send_ops = {.message = send_files, .close = export_close};

static void
b_23_files_come_from_the_daemon(void **state)
{
	static const struct {
		const char *name, *id, *path;
		int code;
		enum err_kind session; /* what the session says of it */
	} rows[] = {
		{"to a folder", "0", "file", GRPC_OK, ERR_NONE},
		{"no number, as before 0.13", NULL, "file", GRPC_OK, ERR_NONE},
		{"number that is none", "x", "file", GRPC_OK, ERR_NONE},
		{"unknown number", "1", "file", GRPC_INVALID_ARGUMENT, ERR_NONE},
		{"out of the folder", "0", "../file", GRPC_UNKNOWN, ERR_PROTO},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct grpc_header meta[] = {{"buildkit-attachable-exporter-id", rows[i].id}};
		struct fsstat st = {.path = str_from(rows[i].path), .mode = 0644, .size = 8};
		struct bk_export target = {.name = "exported"};
		struct err err = {0};
		struct export e = {0};
		struct fixture f;

		open_fixture(&f);
		target.fd = f.root.dirfd;
		serve(&f, i % 2);
		bk_session_exports(f.session, &target, 1);
		e.c.grpc = grpc_call_start(f.grpc, "/moby.filesync.v1.FileSend/DiffCopy", meta,
			rows[i].id ? 1 : 0, &send_ops, &e);
		fspacket_put_stat(grpc_call_queue(e.c.grpc), &st, NULL);
		fspacket_put_stat(grpc_call_queue(e.c.grpc), NULL, NULL);
		grpc_call_flush(e.c.grpc);
		finish(&f, &e.c);
		assert_that(e.c.code == rows[i].code, "row '%s': %d %s", rows[i].name, e.c.code,
			e.c.text);
		assert_row_int(rows[i].name, e.fin, rows[i].code == GRPC_OK);
		(void)bk_session_check(f.session, &err);
		assert_row_int(rows[i].name, err.kind, rows[i].session);
		if (rows[i].code == GRPC_OK) {
			char *text = test_read_file(tree_path(&f.tree, "file"), NULL);

			assert_string_equal(text, "exported");
			free(text);
		}
		call_release(&e.c);
		close_fixture(&f);
	}
}

/* ---- credentials ---------------------------------------------------------- */

static void
ask(struct fixture *f, struct call *c, const char *host)
{
	Pb__CredentialsRequest r = PB__CREDENTIALS_REQUEST__INIT;
	uint8_t packed[256];
	size_t len;

	r.host = (char *)(uintptr_t)host;
	len = pb__credentials_request__pack(&r, packed);
	unary(f, c, "/moby.filesync.v1.Auth/Credentials", str_n((char *)packed, len));
}

static void
expect_credentials(struct call *c, const char *user, const char *secret)
{
	Pb__CredentialsResponse *r =
		pb__credentials_response__unpack(NULL, c->last.len, (const uint8_t *)c->last.p);

	assert_that(c->code == GRPC_OK, "%d %s", c->code, c->text);
	assert_int_equal(c->messages, 1);
	assert_non_null(r);
	assert_string_equal(r->username, user);
	assert_string_equal(r->secret, secret);
	pb__credentials_response__free_unpacked(r, NULL);
}

static void
r_17_credentials_without_a_helper(void **state)
{
	static const char *const no_vars[] = {NULL};
	struct env env = {no_vars};
	struct secret secret = {0};
	struct fixture f;
	struct call c;

	(void)state;
	open_fixture(&f);
	secret_set(&secret, STR("s3cret"));
	f.options.credentials = credentials_new(&env, &f.box.log);
	credentials_add(f.options.credentials, "docker.io", "me", &secret, "test");
	credentials_add(f.options.credentials, "reg.example.com", "", &secret, "test");
	serve(&f, false);
	ask(&f, &c, "registry-1.docker.io");
	expect_credentials(&c, "me", "s3cret");
	call_release(&c);
	ask(&f, &c, "reg.example.com");
	expect_credentials(&c, "", "s3cret");
	call_release(&c);
	ask(&f, &c, "other.example.com");
	expect_credentials(&c, "", "");
	call_release(&c);
	unary(&f, &c, "/moby.filesync.v1.Auth/Credentials", STR("\x0a\x7f"));
	assert_int_equal(c.code, GRPC_INVALID_ARGUMENT);
	call_release(&c);
	sandbox_not_logged(&f.box, "s3cret");
	credentials_free(f.options.credentials);
	secret_release(&secret);
	close_fixture(&f);
}

static void
k_12_nobody_has_credentials(void **state)
{
	struct fixture f;
	struct call c;

	(void)state;
	open_fixture(&f);
	serve(&f, true);
	ask(&f, &c, "reg.example.com");
	expect_credentials(&c, "", "");
	call_release(&c);
	close_fixture(&f);
}

/* A folder with docker-credential-NAME and a config.json that names it. */
static struct credentials *
with_helper(struct fixture *f, const char *const *vars, const char *script)
{
	struct env env = {vars};
	struct err err = {0};
	struct credentials *c;
	const char *path;

	path = sandbox_put(&f->box, "docker-credential-test", script);
	assert_int_equal(chmod(path, 0755), 0);
	sandbox_put(&f->box, "config.json", "{\"credHelpers\":{\"reg.example.com\":\"test\"}}");
	c = credentials_open(&env, &f->box.log, &err);
	assert_that(c != NULL, "%s", err.msg);
	return c;
}

static void
r_18_credentials_from_a_helper(void **state)
{
	static const struct {
		const char *name, *script;
		int code;
		const char *user, *text;
	} rows[] = {
		{"knows",
			"#!/bin/sh\nread x\n"
			"echo '{\"Username\":\"me\",\"Secret\":\"s3cret\"}'\n",
			GRPC_OK, "me", ""},
		{"knows nothing",
			"#!/bin/sh\necho credentials not found in native keychain\nexit 1\n",
			GRPC_OK, "", ""},
		{"fails", "#!/bin/sh\necho the vault is locked >&2\nexit 1\n", GRPC_UNKNOWN, "",
			"the vault is locked"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *old = getenv("PATH");
		char config[128], path[128], kept[4096];
		const char *vars[] = {config, path, NULL};
		struct fixture f;
		struct call c;

		snprintf(kept, sizeof(kept), "%s", old ? old : "/usr/bin:/bin");
		open_fixture(&f);
		snprintf(config, sizeof(config), "DOCKER_CONFIG=%s", f.box.root);
		snprintf(path, sizeof(path), "PATH=%s:/usr/bin:/bin", f.box.root);
		setenv("PATH", path + 5, 1);
		f.options.credentials = with_helper(&f, vars, rows[i].script);
		serve(&f, i % 2);
		ask(&f, &c, "reg.example.com");
		assert_row_int(rows[i].name, c.code, rows[i].code);
		assert_that(
			strstr(c.text, rows[i].text) != NULL, "row '%s': %s", rows[i].name, c.text);
		if (c.code == GRPC_OK)
			expect_credentials(&c, rows[i].user, *rows[i].user ? "s3cret" : "");
		else
			sandbox_logged(&f.box, rows[i].text);
		sandbox_not_logged(&f.box, "s3cret");
		call_release(&c);
		credentials_free(f.options.credentials);
		close_fixture(&f);
		setenv("PATH", kept, 1);
	}
}

/* The call is gone before the helper has an answer: it is ended, and nobody waits for it. */
static void
b_27_a_helper_without_end(void **state)
{
	static const char script[] = "#!/bin/sh\nexec sleep 100000\n";
	char config[128], path[128], kept[4096];
	const char *old = getenv("PATH");
	const char *vars[] = {config, path, NULL};
	Pb__CredentialsRequest r = PB__CREDENTIALS_REQUEST__INIT;
	uint8_t packed[256];
	struct call c = {0}, health;
	struct fixture f;

	(void)state;
	interrupt_install();
	snprintf(kept, sizeof(kept), "%s", old ? old : "/usr/bin:/bin");
	open_fixture(&f);
	snprintf(config, sizeof(config), "DOCKER_CONFIG=%s", f.box.root);
	snprintf(path, sizeof(path), "PATH=%s:/usr/bin:/bin", f.box.root);
	setenv("PATH", path + 5, 1);
	f.options.credentials = with_helper(&f, vars, script);
	serve(&f, false);
	c.grpc = grpc_call_start(
		f.grpc, "/moby.filesync.v1.Auth/Credentials", NULL, 0, &plain_ops, &c);
	r.host = (char[]){"reg.example.com"};
	grpc_call_send(c.grpc, packed, pb__credentials_request__pack(&r, packed));
	grpc_call_end(c.grpc);
	/* the loop goes on meanwhile */
	unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	assert_int_equal(health.code, GRPC_OK);
	assert_false(c.closed);
	grpc_call_cancel(c.grpc);
	finish(&f, &c);
	call_release(&health);
	unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	assert_int_equal(health.code, GRPC_OK);
	call_release(&c);
	call_release(&health);
	/* and once more, ended with the whole session */
	c = (struct call){0};
	c.grpc = grpc_call_start(
		f.grpc, "/moby.filesync.v1.Auth/Credentials", NULL, 0, &plain_ops, &c);
	grpc_call_send(c.grpc, packed, pb__credentials_request__pack(&r, packed));
	unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	call_release(&health);
	bk_session_free(f.session);
	f.session = NULL;
	finish(&f, &c);
	call_release(&c);
	credentials_free(f.options.credentials);
	close_fixture(&f);
	setenv("PATH", kept, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_and_those_that_are_not_there),
		cmocka_unit_test(the_session_announces_itself),
		cmocka_unit_test(d_05_a_session_that_ends_is_reported),
		cmocka_unit_test(b_10_files_go_to_the_daemon),
		cmocka_unit_test(a_large_file_and_a_health_check),
		cmocka_unit_test(b_27_a_transfer_that_is_cancelled),
		cmocka_unit_test(b_23_files_come_from_the_daemon),
		cmocka_unit_test(r_17_credentials_without_a_helper),
		cmocka_unit_test(k_12_nobody_has_credentials),
		cmocka_unit_test(r_18_credentials_from_a_helper),
		cmocka_unit_test(b_27_a_helper_without_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
