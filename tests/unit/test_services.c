/* What a session serves beyond directories: secrets, agents, and exports that are one file. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"
#include "buildkit/session.h"
#include "buildkit/sshagent.h"
#include "buildkit/sshfilter.h"
#include "buildkit/sshkey.h"
#include "buildkit/sshwire.h"
#include "net/conn.h"
#include "net/grpc.h"
#include "net/pump.h"
#include "sandbox.h"

#include "buildkit/proto/control.pb-c.h"
#include "buildkit/proto/session.pb-c.h"

enum { PATIENCE_MS = 20000 };

/* A daemon that calls our session over a pair of sockets. */
struct daemon {
	struct loop *loop;
	struct bk_session *session;
	struct conn *conn;
	struct grpc_conn *grpc;
	struct pump *pump;

	/* of the present call */
	struct grpc_call *call;
	struct buf received; /* content of the messages, one behind the other */
	size_t messages;
	bool closed;
	int code;
	struct buf message;
};

static void
on_lost(const struct err *why, void *arg)
{
	(void)why;
	(void)arg;
}

static void
daemon_open(struct daemon *d, const struct bk_session_options *o)
{
	int fds[2];

	*d = (struct daemon){.loop = loop_new()};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	d->session = bk_session_new(d->loop, o);
	bk_session_serve(d->session, conn_fd(fds[0], "session"));
	d->conn = conn_fd(fds[1], "daemon");
	d->grpc = grpc_client_new("localhost", "http");
	d->pump = pump_new(d->loop, d->conn, d->grpc, on_lost, d);
}

static void
daemon_close(struct daemon *d)
{
	pump_free(d->pump);
	grpc_conn_free(d->grpc);
	conn_close(d->conn);
	bk_session_free(d->session);
	loop_free(d->loop);
	buf_release(&d->received);
	buf_release(&d->message);
}

/* GetSecretResponse and BytesMessage have the same shape: {1: data}. */
static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct daemon *d = arg;
	Pb__BytesMessage *m = pb__bytes_message__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	(void)call;
	assert_non_null(m);
	d->messages++;
	buf_mem(&d->received, m->data.data, m->data.len);
	pb__bytes_message__free_unpacked(m, NULL);
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct daemon *d = arg;

	(void)call;
	d->call = NULL;
	d->closed = true;
	d->code = st->code;
	buf_str(&d->message, st->message);
}

static const struct grpc_call_ops daemon_ops = {.message = on_message, .close = on_close};

static void
call(struct daemon *d, const char *path, const char *key, const char *value)
{
	struct grpc_header meta = {key, value};

	buf_reset(&d->received);
	buf_reset(&d->message);
	d->closed = false;
	d->messages = 0;
	d->call = grpc_call_start(d->grpc, path, &meta, key ? 1 : 0, &daemon_ops, d);
}

static void
send_bytes(struct daemon *d, struct str bytes)
{
	Pb__BytesMessage m = PB__BYTES_MESSAGE__INIT;
	uint8_t *packed = malloc(bytes.len + 16);

	m.data = (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.s};
	grpc_call_send(d->call, packed, pb__bytes_message__pack(&m, packed));
	free(packed);
}

static void
give_up(void *arg)
{
	(void)arg;
	fail_msg("the call does not end");
}

/* Runs the loop until the call is over, or has received that many bytes. */
static void
await(struct daemon *d, size_t bytes)
{
	int64_t deadline = deadline_in(PATIENCE_MS);
	struct timer *guard = loop_timer(d->loop, deadline, give_up, NULL);
	struct err err = {0};

	while (!d->closed && (bytes == 0 || d->received.len < bytes))
		assert_ok(loop_once(d->loop, &err), &err);
	timer_remove(guard);
}

/* ---- secrets -------------------------------------------------------------- */

static void
ask_secret(struct daemon *d, const char *id)
{
	Pb__GetSecretRequest r = PB__GET_SECRET_REQUEST__INIT;
	uint8_t packed[256];

	r.id = (char *)(uintptr_t)id;
	call(d, "/moby.buildkit.secrets.v1.Secrets/GetSecret", NULL, NULL);
	grpc_call_send(d->call, packed, pb__get_secret_request__pack(&r, packed));
	grpc_call_end(d->call);
	await(d, 0);
}

static void
secrets_are_served(void **state)
{
	struct sandbox box;
	struct bk_secret list[4] = {
		{.id = "value"}, {.id = "file"}, {.id = "gone"}, {.id = "empty"}};
	struct bk_session_options o = {.secrets = list, .nsecrets = 4};
	struct daemon d;
	char *large = calloc(1, BK_SECRET_MAX + 2);

	(void)state;
	sandbox_open(&box);
	o.log = &box.log;
	secret_set(&list[0].value, STR("s3cret\n\0x"));
	secret_set(&list[3].value, STR(""));
	list[1].file = sandbox_put(&box, "file", "first");
	list[2].file = "/nowhere/at/all";
	daemon_open(&d, &o);

	ask_secret(&d, "value");
	assert_int_equal(d.code, GRPC_OK);
	assert_true(str_eq(buf_view(&d.received), STR("s3cret\n\0x")));
	ask_secret(&d, "empty");
	assert_int_equal(d.code, GRPC_OK);
	assert_int_equal(d.messages, 1);
	assert_int_equal(d.received.len, 0);
	ask_secret(&d, "file");
	assert_str(buf_view(&d.received), "first");
	/* it is read when it is asked for */
	sandbox_put(&box, "file", "second");
	ask_secret(&d, "file");
	assert_str(buf_view(&d.received), "second");

	/* the daemon takes this code well for what it asks on its own account */
	ask_secret(&d, "GIT_AUTH_TOKEN.example.com");
	assert_int_equal(d.code, GRPC_NOT_FOUND);
	ask_secret(&d, "gone");
	assert_int_equal(d.code, GRPC_UNKNOWN);
	assert_non_null(strstr(buf_cstr(&d.message), "secret 'gone': open '/nowhere/at/all'"));

	memset(large, 'x', BK_SECRET_MAX);
	sandbox_put(&box, "file", large);
	ask_secret(&d, "file");
	assert_int_equal(d.code, GRPC_OK);
	assert_int_equal(d.received.len, BK_SECRET_MAX);
	large[BK_SECRET_MAX] = 'x';
	sandbox_put(&box, "file", large);
	ask_secret(&d, "file");
	assert_int_equal(d.code, GRPC_UNKNOWN);
	assert_non_null(strstr(buf_cstr(&d.message), "larger than 512000 bytes"));
	assert_int_equal(d.received.len, 0);

	sandbox_not_logged(&box, "s3cret");
	sandbox_not_logged(&box, "second");
	free(large);
	daemon_close(&d);
	secret_release(&list[0].value);
	secret_release(&list[3].value);
	sandbox_close(&box);
}

/* ---- one file ------------------------------------------------------------- */

static void
send_file(struct daemon *d, const char *id)
{
	call(d, "/moby.filesync.v1.FileSend/DiffCopy",
		id ? "buildkit-attachable-exporter-id" : NULL, id);
	send_bytes(d, STR("one "));
	send_bytes(d, STR(""));
	send_bytes(d, STR("two"));
	grpc_call_end(d->call);
	await(d, 0);
}

static void
export_of_one_file(void **state)
{
	struct bk_session_options o = {0};
	struct bk_export targets[] = {{.fd = -1, .name = "nothing", .kind = BK_EXPORT_FILE},
		{.fd = -1, .name = "archive", .kind = BK_EXPORT_FILE}};
	struct sandbox box;
	struct daemon d;
	const char *path;
	struct err err = {0};
	char *text;

	(void)state;
	sandbox_open(&box);
	path = sandbox_put(&box, "archive", "of an attempt before, that was longer");
	targets[1].fd = open(path, O_WRONLY | O_CLOEXEC);
	daemon_open(&d, &o);
	bk_session_exports(d.session, targets, 2);
	send_file(&d, "1");
	assert_int_equal(d.code, GRPC_OK);
	assert_int_equal(d.messages, 0); /* one would be an error to the daemon */
	text = test_read_file(path, NULL);
	assert_string_equal(text, "one two");
	free(text);
	send_file(&d, "1");
	text = test_read_file(path, NULL);
	assert_string_equal(text, "one two");
	free(text);
	send_file(&d, "0"); /* goes elsewhere */
	assert_int_equal(d.code, GRPC_INVALID_ARGUMENT);
	send_file(&d, NULL);
	assert_int_equal(d.code, GRPC_INVALID_ARGUMENT);
	send_file(&d, "2");
	assert_int_equal(d.code, GRPC_INVALID_ARGUMENT);
	assert_ok(bk_session_check(d.session, &err), &err);

	/* what cannot be written fails the build in our words */
	close(targets[1].fd);
	targets[1].fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	send_file(&d, "1");
	assert_int_equal(d.code, GRPC_UNKNOWN);
	assert_int_equal(bk_session_check(d.session, &err), -1);
	assert_err(&err, ERR_SYS, "write 'archive'");
	close(targets[1].fd);
	daemon_close(&d);
	sandbox_close(&box);
}

/* ---- somebody who may be slow --------------------------------------------- */

/* Sends through a socket that the test reads from, a little in each round of the loop. */
struct slow {
	int ends[2];
	struct buf waiting;
	size_t begun, most, got;
	bool complete;
	uint64_t sum;
};

static int
slow_begin(void *arg, struct err *err)
{
	struct slow *s = arg;

	(void)err;
	s->begun++;
	return 0;
}

static void
slow_add(struct str bytes, void *arg)
{
	struct slow *s = arg;

	assert_false(s->complete);
	s->complete = bytes.len == 0;
	buf_str(&s->waiting, bytes);
	if (s->waiting.len > s->most)
		s->most = s->waiting.len;
}

static ssize_t
slow_flush(void *arg, struct err *err)
{
	struct slow *s = arg;
	ssize_t n = 0;

	while (s->waiting.len && (n = write(s->ends[0], s->waiting.p, s->waiting.len)) > 0)
		buf_consume(&s->waiting, (size_t)n);
	if (n < 0 && errno != EAGAIN)
		return err_sys(err, "send");
	return (ssize_t)s->waiting.len;
}

static int
slow_wants(struct pollfd fds[2], void *arg)
{
	struct slow *s = arg;

	fds[0] = (struct pollfd){.fd = s->ends[0], .events = POLLOUT};
	return 1;
}

static void
slow_reads(short revents, void *arg)
{
	struct slow *s = arg;
	uint8_t chunk[8192];
	ssize_t n = read(s->ends[1], chunk, sizeof(chunk)), i;

	for (i = 0; i < n; i++)
		s->sum = s->sum * 31 + chunk[i];
	s->got += n > 0 ? (size_t)n : 0;
	(void)revents;
}

static void
export_to_somebody_slow(void **state)
{
	enum { PIECES = 400, PIECE = 64 * 1024 };
	struct bk_session_options o = {0};
	struct slow s = {0};
	struct bk_sink sink = {slow_begin, slow_add, slow_flush, slow_wants, &s};
	struct bk_export target = {.fd = -1, .name = "slow", .kind = BK_EXPORT_SINK, .sink = &sink};
	char *piece = malloc(PIECE);
	struct watch *reader;
	struct daemon d;
	struct err err = {0};
	uint64_t sum = 0;
	size_t i, k;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s.ends), 0);
	daemon_open(&d, &o);
	bk_session_exports(d.session, &target, 1);
	call(&d, "/moby.filesync.v1.FileSend/DiffCopy", NULL, NULL);
	for (i = 0; i < PIECES; i++) {
		for (k = 0; k < PIECE; k++) {
			piece[k] = (char)(i + k / 7);
			sum = sum * 31 + (uint8_t)piece[k];
		}
		send_bytes(&d, str_n(piece, PIECE));
	}
	send_bytes(&d, STR("")); /* which is not the end */
	grpc_call_end(d.call);
	reader = loop_watch(d.loop, s.ends[1], POLLIN, slow_reads, &s);
	while (!d.closed || s.got < (size_t)PIECES * PIECE)
		assert_ok(loop_once(d.loop, &err), &err);
	watch_remove(reader);
	assert_int_equal(d.code, GRPC_OK);
	assert_int_equal(d.messages, 0);
	assert_true(s.complete && s.sum == sum);
	assert_true(s.most < 5 * 1024 * 1024); /* of 25 MiB */

	/* and one who hangs up */
	s.complete = false;
	close(s.ends[1]);
	call(&d, "/moby.filesync.v1.FileSend/DiffCopy", NULL, NULL);
	send_bytes(&d, STR("x"));
	await(&d, 0);
	assert_int_equal(d.code, GRPC_UNKNOWN);
	assert_int_equal(s.begun, 2);
	assert_int_equal(bk_session_check(d.session, &err), -1);
	assert_err(&err, ERR_SYS, "send");
	close(s.ends[0]);
	daemon_close(&d);
	buf_release(&s.waiting);
	free(piece);
}

/* ---- an archive that is the context --------------------------------------- */

static void
archives_are_fetched(void **state)
{
	enum { SIZE = 1000000 };
	struct bk_upload upload = {.name = "abc", .size = SIZE};
	struct bk_session_options o = {.upload = &upload};
	cleanup_buf struct buf content = {0};
	struct sandbox box;
	struct daemon d;
	struct err err = {0};
	size_t i;

	(void)state;
	sandbox_open(&box);
	while (content.len < SIZE)
		buf_putc(&content, (char)('a' + content.len % 23));
	upload.fd = open(sandbox_put(&box, "archive", buf_cstr(&content)), O_RDWR | O_CLOEXEC);
	assert_true(upload.fd >= 0);
	daemon_open(&d, &o);
	/* for each stage anew */
	for (i = 0; i < 2; i++) {
		call(&d, "/moby.upload.v1.Upload/Pull", "urlpath", "/abc");
		await(&d, 0);
		assert_int_equal(d.code, GRPC_OK);
		assert_true(d.messages > 5);
		assert_true(str_eq(buf_view(&d.received), buf_view(&content)));
	}
	call(&d, "/moby.upload.v1.Upload/Pull", "urlpath", "/abcd");
	await(&d, 0);
	assert_int_equal(d.code, GRPC_NOT_FOUND);
	call(&d, "/moby.upload.v1.Upload/Pull", NULL, NULL);
	await(&d, 0);
	assert_int_equal(d.code, GRPC_NOT_FOUND);
	assert_ok(bk_session_check(d.session, &err), &err);
	/* it became shorter */
	assert_int_equal(ftruncate(upload.fd, 5), 0);
	call(&d, "/moby.upload.v1.Upload/Pull", "urlpath", "/abc");
	await(&d, 0);
	assert_int_equal(d.code, GRPC_UNKNOWN);
	assert_int_equal(bk_session_check(d.session, &err), -1);
	assert_err(&err, ERR_SYS, "the archive from standard input: became shorter");
	daemon_close(&d);
	close(upload.fd);
	sandbox_close(&box);
}

/* ---- agents --------------------------------------------------------------- */

/* An agent in the same loop: answers each message with its type and what it is. */
struct agent {
	struct loop *loop;
	int listening, fd;
	struct watch *door, *watch;
	struct buf got;
};

static void
agent_reads(short revents, void *arg)
{
	static const char reply[] = "\0\0\0\3\x0c"
				    "ok";
	struct agent *g = arg;
	char chunk[512];
	ssize_t n = fd_read(g->fd, chunk, sizeof(chunk));

	(void)revents;
	if (n <= 0) {
		watch_remove(g->watch);
		g->watch = NULL;
		fd_close(&g->fd);
		return;
	}
	buf_mem(&g->got, chunk, (size_t)n);
	assert_int_equal(fd_write_all(g->fd, reply, 7), 0);
}

static void
agent_opens(short revents, void *arg)
{
	struct agent *g = arg;

	(void)revents;
	assert_int_equal(g->fd, -1);
	g->fd = accept(g->listening, NULL, NULL);
	g->watch = loop_watch(g->loop, g->fd, POLLIN, agent_reads, g);
}

static void
agent_open(struct agent *g, struct loop *l, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	*g = (struct agent){.loop = l, .fd = -1};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	g->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(g->listening, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(g->listening, 4), 0);
	g->door = loop_watch(l, g->listening, POLLIN, agent_opens, g);
}

static void
agent_close(struct agent *g)
{
	watch_remove(g->door);
	watch_remove(g->watch);
	fd_close(&g->fd);
	fd_close(&g->listening);
	buf_release(&g->got);
}

static void
check_agent(struct daemon *d, const char *id)
{
	Pb__CheckAgentRequest r = PB__CHECK_AGENT_REQUEST__INIT;
	uint8_t packed[64];

	r.id = (char *)(uintptr_t)id;
	call(d, "/moby.sshforward.v1.SSH/CheckAgent", NULL, NULL);
	grpc_call_send(d->call, packed, pb__check_agent_request__pack(&r, packed));
	grpc_call_end(d->call);
	await(d, 0);
}

static void
agents_are_forwarded(void **state)
{
	static const char forward[] = "/moby.sshforward.v1.SSH/ForwardAgent";
	cleanup_arena struct arena a = {0};
	struct bk_agent list[2] = {{.id = "default"}, {.id = "gone", .socket = "/nowhere/agent"}};
	struct bk_session_options o = {.agents = list, .nagents = 2};
	struct sandbox box;
	struct daemon d;
	struct agent g;

	(void)state;
	sandbox_open(&box);
	o.log = &box.log;
	list[0].socket = arena_fmt(&a, "%s/agent", box.root);
	daemon_open(&d, &o);
	agent_open(&g, d.loop, list[0].socket);

	check_agent(&d, "");
	assert_int_equal(d.code, GRPC_OK);
	check_agent(&d, "default");
	assert_int_equal(d.code, GRPC_OK);
	check_agent(&d, "other");
	assert_int_equal(d.code, GRPC_NOT_FOUND);
	assert_non_null(strstr(buf_cstr(&d.message), "'other'"));

	/* listing in two pieces, removing all keys, signing */
	call(&d, forward, NULL, NULL);
	send_bytes(&d, STR("\0\0\0\1"));
	send_bytes(&d, STR("\x0b"
			   "\0\0\0\1\x13"
			   "\0\0\0\2\x0d"
			   "x"));
	await(&d, 7 + 5 + 7);
	assert_true(str_eq(buf_view(&d.received), STR("\0\0\0\3\x0c"
						      "ok"
						      "\0\0\0\1\5"
						      "\0\0\0\3\x0c"
						      "ok")));
	assert_true(str_eq(buf_view(&g.got), STR("\0\0\0\1\x0b"
						 "\0\0\0\2\x0d"
						 "x")));
	grpc_call_end(d.call);
	await(&d, 0);
	assert_int_equal(d.code, GRPC_OK);

	/* the build ends while the agent has not answered yet: the answer still arrives */
	await(&d, 0);
	while (g.watch)
		loop_once(d.loop, NULL);
	call(&d, forward, "buildkit.ssh.id", "default");
	send_bytes(&d, STR("\0\0\0\1\x0b"));
	grpc_call_end(d.call);
	await(&d, 0);
	assert_int_equal(d.code, GRPC_OK);
	assert_int_equal(d.received.len, 7);
	while (g.watch)
		loop_once(d.loop, NULL);

	call(&d, forward, NULL, NULL);
	send_bytes(&d, STR("\xff\xff\xff\xff"));
	await(&d, 0);
	assert_int_equal(d.code, GRPC_UNKNOWN);
	assert_non_null(strstr(buf_cstr(&d.message), "protocol of ssh agents"));
	call(&d, forward, "buildkit.ssh.id", "other");
	await(&d, 0);
	assert_int_equal(d.code, GRPC_NOT_FOUND);
	call(&d, forward, "buildkit.ssh.id", "gone");
	await(&d, 0);
	assert_int_equal(d.code, GRPC_UNAVAILABLE);
	agent_close(&g);
	unlink(list[0].socket);
	daemon_close(&d);
	sandbox_close(&box);
}

/* Keys instead of a socket: one answer a turn of the loop, all of them before the end. */
static void
keys_are_an_agent(void **state)
{
	static const char forward[] = "/moby.sshforward.v1.SSH/ForwardAgent";
	static const char file[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
		"-----END PRIVATE KEY-----\n";
	struct bk_agent agent = {.id = "default", .nkeys = 1};
	struct bk_session_options o = {.agents = &agent, .nagents = 1};
	cleanup_buf struct buf list = {0}, signing = {0};
	struct sandbox box;
	struct err err = {0};
	struct sshkey key;
	struct daemon d;

	(void)state;
	sandbox_open(&box);
	o.log = &box.log;
	assert_ok(sshkey_parse(str_from(file), &key, &err), &err);
	agent.keys = &key;
	sshagent_answer(&key, 1, STR("\0\0\0\1\x0b"), &list);
	ssh_put_u32(&signing, 1 + 4 + (uint32_t)key.public.len + 4 + 1 + 4);
	buf_putc(&signing, 13);
	ssh_put_string(&signing, buf_view(&key.public));
	ssh_put_string(&signing, STR("x"));
	ssh_put_u32(&signing, 0);
	daemon_open(&d, &o);
	check_agent(&d, "");
	assert_int_equal(d.code, GRPC_OK);

	/* listing in two pieces, removing all keys, listing, signing twice, and the end at once */
	call(&d, forward, NULL, NULL);
	send_bytes(&d, STR("\0\0\0\1"));
	send_bytes(&d, STR("\x0b"
			   "\0\0\0\1\x13"
			   "\0\0\0\1\x0b"));
	send_bytes(&d, buf_view(&signing));
	send_bytes(&d, buf_view(&signing));
	grpc_call_end(d.call);
	await(&d, 0);
	assert_int_equal(d.code, GRPC_OK);
	assert_true(str_starts(buf_view(&d.received), buf_view(&list)));
	buf_consume(&d.received, list.len);
	assert_true(str_starts(buf_view(&d.received), STR("\0\0\0\1\5")));
	buf_consume(&d.received, 5);
	assert_true(str_starts(buf_view(&d.received), buf_view(&list)));
	buf_consume(&d.received, list.len);
	/* type, signature, in it the algorithm and 64 bytes */
	assert_int_equal(d.received.len, 2 * (4 + 1 + 4 + (4 + 11) + (4 + 64)));
	assert_int_equal(d.received.p[4], 14);

	/* without a request there is nothing to wait for */
	call(&d, forward, NULL, NULL);
	grpc_call_end(d.call);
	await(&d, 0);
	assert_int_equal(d.code, GRPC_OK);

	call(&d, forward, NULL, NULL);
	send_bytes(&d, STR("\xff\xff\xff\xff"));
	await(&d, 0);
	assert_int_equal(d.code, GRPC_UNKNOWN);
	daemon_close(&d);
	sshkey_release(&key);
	sandbox_close(&box);
}

/* ---- the filter ----------------------------------------------------------- */

struct filtered {
	struct buf agent, build;
	int rc;
};

static void
filter_pieces(void *ctx, const struct str *pieces, size_t n)
{
	struct filtered *out = ctx;
	struct sshfilter f;
	size_t i;

	sshfilter_init(&f);
	buf_reset(&out->agent);
	buf_reset(&out->build);
	out->rc = 0;
	for (i = 0; i < n && out->rc == 0; i++)
		out->rc = sshfilter_request(&f, pieces[i], &out->agent, &out->build, NULL);
	/* whatever was not answered yet */
	while (out->rc == 0 && f.waiting)
		out->rc = sshfilter_reply(&f, STR("\0\0\0\1\x0c"), &out->agent, &out->build, NULL);
	if (out->rc == 0) {
		assert_true(sshfilter_idle(&f));
		assert_true(str_eq(buf_view(&out->agent), STR("\0\0\0\1\x0b"
							      "\0\0\0\3\x0d"
							      "ab")));
		assert_true(str_eq(buf_view(&out->build), STR("\0\0\0\1\5"
							      "\0\0\0\1\x0c"
							      "\0\0\0\1\5"
							      "\0\0\0\1\x0c"
							      "\0\0\0\1\5")));
	}
	sshfilter_release(&f);
}

static void
filter_lets_two_kinds_pass(void **state)
{
	struct filtered out = {0};

	(void)state;
	/* add identity, list, lock, sign, an extension */
	test_each_split(STR("\0\0\0\2\x11"
			    "k"
			    "\0\0\0\1\x0b"
			    "\0\0\0\1\x16"
			    "\0\0\0\3\x0d"
			    "ab"
			    "\0\0\0\1\x1b"),
		filter_pieces, &out);
	assert_int_equal(out.rc, 0);
	buf_release(&out.agent);
	buf_release(&out.build);
}

static void
filter_of_nonsense(void **state)
{
	struct buf agent = {0}, build = {0};
	struct sshfilter f;
	struct err err = {0};

	(void)state;
	sshfilter_init(&f);
	assert_int_equal(sshfilter_request(&f, STR("\0\0\0\0"), &agent, &build, &err), -1);
	assert_err(&err, ERR_PROTO, "empty message");
	sshfilter_release(&f);
	sshfilter_init(&f);
	assert_int_equal(sshfilter_request(&f, STR("\0\x04\0\1"), &agent, &build, &err), -1);
	assert_err(&err, ERR_LIMIT, "262144 bytes");
	sshfilter_release(&f);
	sshfilter_init(&f);
	assert_int_equal(sshfilter_reply(&f, STR("\0\0\0\1\x0c"), &agent, &build, &err), -1);
	assert_err(&err, ERR_PROTO, "not asked");
	sshfilter_release(&f);
	assert_int_equal(agent.len + build.len, 0);
	buf_release(&agent);
	buf_release(&build);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_served),
		cmocka_unit_test(export_of_one_file),
		cmocka_unit_test(export_to_somebody_slow),
		cmocka_unit_test(archives_are_fetched),
		cmocka_unit_test(agents_are_forwarded),
		cmocka_unit_test(keys_are_an_agent),
		cmocka_unit_test(filter_lets_two_kinds_pass),
		cmocka_unit_test(filter_of_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
