/* One build against a scripted daemon in the same loop: how it ends, and what is said of it. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/loop.h"
#include "buildkit/peer.h"
#include "buildkit/proto/control.pb-c.h"
#include "buildkit/services.h"
#include "buildkit/session.h"
#include "buildkit/solve.h"
#include "net/conn.h"
#include "net/grpc.h"
#include "net/pump.h"

struct fixture;

/* What the daemon does when Solve and Status have both been asked. */
typedef void (*daemon_fn)(struct fixture *f);

struct fixture {
	struct loop *loop;
	struct bk_peer *peer;
	struct bk_session *session;

	/* the daemon's side */
	struct conn *conn;
	struct grpc_conn *grpc;
	struct pump *pump;
	daemon_fn act;
	struct grpc_call *solve, *status, *other;
	bool solve_asked, status_asked;
	bool solve_reset; /* by the client */
	struct buf request, status_request;
	struct timer *later;

	/* the client's */
	struct arena arena;
	struct bk_solve want;
	struct bk_result result;
	size_t updates, ticks;
	struct err err;
};

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
send_packed(struct grpc_call *call, const ProtobufCMessage *m)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	uint8_t *p = calloc(1, len + 1);

	protobuf_c_message_pack(m, p);
	grpc_call_send(call, p, len);
	free(p);
}

/* ---- the daemon ----------------------------------------------------------- */

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct fixture *f = arg;

	buf_str(call == f->solve ? &f->request : &f->status_request, msg);
}

static void
on_end(struct grpc_call *call, void *arg)
{
	struct fixture *f = arg;

	f->solve_asked = f->solve_asked || call == f->solve;
	f->status_asked = f->status_asked || call == f->status;
	if (call == f->other || (f->solve_asked && f->status_asked))
		f->act(f);
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct fixture *f = arg;

	if (call == f->solve) {
		f->solve = NULL;
		f->solve_reset = st->lost && f->pump;
		/* a daemon that is told to stop ends the status of the build too */
		if (f->solve_reset && f->status && f->act)
			grpc_call_finish(f->status, GRPC_OK, NULL);
	}
	if (call == f->status)
		f->status = NULL;
	if (call == f->other)
		f->other = NULL;
}

static const struct grpc_call_ops daemon_call = {
	.message = on_message, .end = on_end, .close = on_close};

static void
on_call(struct grpc_call *call, struct str path, void *arg)
{
	struct fixture *f = arg;

	if (str_is(path, "/moby.buildkit.v1.Control/Solve"))
		f->solve = call;
	else if (str_is(path, "/moby.buildkit.v1.Control/Status"))
		f->status = call;
	else
		f->other = call;
	grpc_call_serve(call, &daemon_call, f);
}

static const struct grpc_server_ops daemon_ops = {on_call};

static void
on_lost(const struct err *why, void *arg)
{
	(void)why;
	(void)arg;
}

static void
daemon_end(struct fixture *f)
{
	struct pump *p = f->pump;

	f->pump = NULL;
	pump_free(p);
	grpc_conn_free(f->grpc);
	conn_close(f->conn);
	f->grpc = NULL;
	f->conn = NULL;
}

/* ---- the client ----------------------------------------------------------- */

static int64_t
on_update(const struct bk_update *u, void *arg)
{
	struct fixture *f = arg;

	assert_true(u->received_ns > 0);
	f->updates++;
	return 0; /* a tick at once */
}

static int64_t
on_tick(int64_t now_ns, void *arg)
{
	struct fixture *f = arg;

	assert_true(now_ns > 0);
	f->ticks++;
	return -1;
}

static void
open_fixture(struct fixture *f, daemon_fn act)
{
	struct bk_session_options none = {0};
	int fds[2];

	*f = (struct fixture){.act = act, .loop = loop_new()};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	f->conn = conn_fd(fds[1], "daemon");
	f->grpc = grpc_server_new(&daemon_ops, f);
	f->pump = pump_new(f->loop, f->conn, f->grpc, on_lost, f);
	f->peer = bk_peer_new(f->loop, conn_fd(fds[0], "unix:///daemon"), "localhost", "http");
	f->session = bk_session_new(f->loop, &none);
	f->want.frontend = "dockerfile.v0";
	kv_set(&f->want.attrs, &f->arena, "filename", "Dockerfile");
}

static void
close_fixture(struct fixture *f)
{
	if (f->pump)
		daemon_end(f);
	bk_session_free(f->session);
	bk_peer_free(f->peer);
	loop_free(f->loop);
	arena_release(&f->arena);
	buf_release(&f->request);
	buf_release(&f->status_request);
}

static int
solve(struct fixture *f)
{
	struct bk_observer observer = {on_update, on_tick, f};

	f->err = (struct err){0};
	return bk_solve_run(
		f->peer, f->session, &f->want, &observer, &f->arena, &f->result, &f->err);
}

/* ---- what daemons do ------------------------------------------------------ */

static void
answer(struct fixture *f)
{
	Pb__SolveResponse__ExporterResponseEntry e =
		PB__SOLVE_RESPONSE__EXPORTER_RESPONSE_ENTRY__INIT;
	Pb__SolveResponse__ExporterResponseEntry *list[] = {&e};
	Pb__SolveResponse r = PB__SOLVE_RESPONSE__INIT;

	e.key = text("containerimage.digest");
	e.value = text("sha256:d");
	r.exporterresponse = list;
	r.n_exporterresponse = 1;
	send_packed(f->solve, &r.base);
	grpc_call_finish(f->solve, GRPC_OK, NULL);
}

static void
report(struct fixture *f, const char *name, const char *error)
{
	Pb__Vertex v = PB__VERTEX__INIT, *list[] = {&v};
	Pb__StatusResponse r = PB__STATUS_RESPONSE__INIT;

	v.digest = text("sha256:v");
	v.name = text(name);
	v.error = text(error);
	r.vertexes = list;
	r.n_vertexes = 1;
	send_packed(f->status, &r.base);
}

static void
succeed(struct fixture *f)
{
	report(f, "[1/1] FROM scratch", "");
	report(f, "exporting to image", "");
	answer(f);
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

/* Status goes on after Solve: nothing of it is lost. */
static void
succeed_and_report_later(struct fixture *f)
{
	answer(f);
	report(f, "exporting to image", "");
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
succeed_without_status(struct fixture *f)
{
	grpc_call_finish(f->status, GRPC_NOT_FOUND, "no such job");
	answer(f);
}

static void
fail_step(struct fixture *f)
{
	report(f, "[2/2] RUN false", "exit code: 1");
	report(f, "[2/2] RUN other", "context canceled");
	grpc_call_finish(f->solve, GRPC_UNKNOWN, "failed to solve: exit code: 1");
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
refuse(struct fixture *f)
{
	grpc_call_finish(f->solve, GRPC_INVALID_ARGUMENT, "no such frontend");
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
say_unavailable(struct fixture *f)
{
	grpc_call_finish(f->solve, GRPC_UNAVAILABLE, "shutting down");
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
fail_step_and_be_unavailable(struct fixture *f)
{
	report(f, "[2/2] RUN false", "exit code: 1");
	say_unavailable(f);
}

static void
say_ok_without_answer(struct fixture *f)
{
	grpc_call_finish(f->solve, GRPC_OK, NULL);
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
answer_garbage(struct fixture *f)
{
	grpc_call_send(f->solve, "\x0a\x7f", 2);
	grpc_call_finish(f->solve, GRPC_OK, NULL);
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
answer_too_much(struct fixture *f)
{
	Pb__SolveResponse__ExporterResponseEntry e[2000], *list[2000];
	Pb__SolveResponse r = PB__SOLVE_RESPONSE__INIT;
	size_t i;

	for (i = 0; i < 2000; i++) {
		pb__solve_response__exporter_response_entry__init(&e[i]);
		list[i] = &e[i];
	}
	r.exporterresponse = list;
	r.n_exporterresponse = 2000;
	send_packed(f->solve, &r.base);
	grpc_call_finish(f->solve, GRPC_OK, NULL);
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
report_garbage(struct fixture *f)
{
	grpc_call_send(f->status, "\x0a\x7f", 2);
	answer(f);
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
reset_solve(struct fixture *f)
{
	grpc_call_cancel(f->solve);
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
fail_step_and_reset(struct fixture *f)
{
	report(f, "[2/2] RUN false", "exit code: 1");
	reset_solve(f);
}

/* Ending the connection inside of a callback is not allowed: it is done in the next round. */
static void
on_later(void *arg)
{
	daemon_end(arg);
}

static void
vanish(struct fixture *f)
{
	f->later = loop_timer(f->loop, 0, on_later, f);
}

static void
fail_step_and_vanish(struct fixture *f)
{
	report(f, "[2/2] RUN false", "exit code: 1");
	vanish(f);
}

static void
miss_cache_and_vanish(struct fixture *f)
{
	report(f, "importing cache manifest from reg/x:latest", "reg/x:latest: not found");
	report(f, "exporting cache to registry", "denied");
	vanish(f);
}

static void
break_session(struct fixture *f)
{
	struct err why = {0};

	err_set(&why, ERR_SYS, "read 'context/big': Input/output error");
	bk_session_fail(f->session, &why);
}

static void
break_session_and_fail(struct fixture *f)
{
	break_session(f);
	grpc_call_finish(f->solve, GRPC_UNKNOWN, "failed to solve: error from sender");
	grpc_call_finish(f->status, GRPC_OK, NULL);
}

static void
d_05_ends_of_a_build(void **state)
{
	static const struct {
		const char *name;
		daemon_fn act;
		enum err_kind kind; /* ERR_NONE: success */
		const char *text;
		size_t errors, updates;
	} rows[] = {
		{"success", succeed, ERR_NONE, "", 0, 2},
		{"success, status later", succeed_and_report_later, ERR_NONE, "", 0, 1},
		{"success, no status", succeed_without_status, ERR_NONE, "", 0, 0},
		{"D-04 failing step", fail_step, ERR_BUILD, "failed to solve: exit code: 1", 1, 2},
		{"D-04 refused", refuse, ERR_BUILD, "no such frontend", 0, 0},
		{"going down", say_unavailable, ERR_NET, "shutting down", 0, 0},
		{"going down after a failure", fail_step_and_be_unavailable, ERR_BUILD,
			"shutting down", 1, 1},
		{"no answer", say_ok_without_answer, ERR_PROTO, "without an answer", 0, 0},
		{"garbled answer", answer_garbage, ERR_PROTO, "malformed answer", 0, 0},
		{"endless answer", answer_too_much, ERR_LIMIT, "more than 1000 fields", 0, 0},
		{"garbled status", report_garbage, ERR_PROTO, "malformed", 0, 0},
		{"reset", reset_solve, ERR_NET, "the build was cut off", 0, 0},
		{"reset after a failure", fail_step_and_reset, ERR_BUILD, "exit code: 1", 1, 1},
		{"connection lost", vanish, ERR_NET, "the build was cut off: ", 0, 0},
		{"connection lost after a failure", fail_step_and_vanish, ERR_BUILD, "exit code: 1",
			1, 1},
		{"F-15 a cache is no failure", miss_cache_and_vanish, ERR_NET, "was cut off", 0, 2},
		{"session broken", break_session, ERR_SYS, "read 'context/big'", 0, 0},
		{"session broken, daemon fails", break_session_and_fail, ERR_SYS,
			"read 'context/big'", 0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		int rc;

		open_fixture(&f, rows[i].act);
		rc = solve(&f);
		if (rows[i].kind == ERR_NONE) {
			assert_row_ok(rows[i].name, rc, &f.err);
			assert_row_str(rows[i].name,
				str_from(kv_get(&f.result.response, "containerimage.digest")),
				"sha256:d");
		} else {
			assert_row_int(rows[i].name, rc, -1);
			assert_row_err(rows[i].name, &f.err, rows[i].kind, rows[i].text);
		}
		assert_row_int(rows[i].name, f.result.errors, rows[i].errors);
		assert_row_int(rows[i].name, f.updates, rows[i].updates);
		close_fixture(&f);
	}
}

/* The connection serves the next build when the one before failed. */
static void
builds_follow_each_other(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, fail_step);
	assert_int_equal(solve(&f), -1);
	f.solve_asked = f.status_asked = false;
	f.act = succeed;
	assert_ok(solve(&f), &f.err);
	assert_int_equal(f.result.errors, 0);
	daemon_end(&f);
	assert_int_equal(solve(&f), -1);
	assert_err(&f.err, ERR_NET, "the build was cut off");
	assert_int_equal(solve(&f), -1); /* known to be lost now */
	assert_err(&f.err, ERR_NET, "unix:///daemon");
	close_fixture(&f);
}

/* The only case that takes its time: five seconds of silence. */
static void
a_status_without_end_is_given_up(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, answer);
	assert_ok(solve(&f), &f.err);
	/* forgotten: what still comes of it finds nobody */
	assert_non_null(f.status);
	report(&f, "too late", "");
	assert_ok(loop_once(f.loop, &f.err), &f.err);
	close_fixture(&f);
}

static void
d_01_the_request(void **state)
{
	Pb__SolveRequest *r;
	Pb__StatusRequest *s;
	struct bk_entry *e;
	static const char *const allow[] = {"network.host"};
	struct fixture f;

	(void)state;
	open_fixture(&f, succeed);
	e = bk_entry_add(&f.want.exporters, &f.arena, "moby");
	kv_set(&e->attrs, &f.arena, "name", "reg/x:1");
	e = bk_entry_add(&f.want.exporters, &f.arena, "local");
	e = bk_entry_add(&f.want.cache_imports, &f.arena, "registry");
	kv_set(&e->attrs, &f.arena, "ref", "reg/x:\"cache\"");
	bk_entry_add(&f.want.cache_exports, &f.arena, "inline");
	f.want.entitlements = allow;
	f.want.nentitlements = 1;
	assert_ok(solve(&f), &f.err);
	r = pb__solve_request__unpack(NULL, f.request.len, (uint8_t *)f.request.p);
	s = pb__status_request__unpack(NULL, f.status_request.len, (uint8_t *)f.status_request.p);
	assert_non_null(r);
	assert_non_null(s);
	assert_int_equal(strlen(r->ref), BK_ID_LEN);
	assert_string_equal(r->ref, s->ref);
	assert_string_equal(r->session, bk_session_id(f.session));
	assert_string_equal(r->frontend, "dockerfile.v0");
	assert_int_equal(r->n_frontendattrs, 2);
	assert_string_equal(r->frontendattrs[0]->key, "filename");
	assert_string_equal(r->frontendattrs[1]->key, "cache-imports");
	assert_string_equal(r->frontendattrs[1]->value,
		"[{\"Type\":\"registry\",\"Attrs\":{\"ref\":\"reg/x:\\\"cache\\\"\"}}]");
	/* the first exporter once more, for daemons before 0.13 */
	assert_int_equal(r->n_exporters, 2);
	assert_string_equal(r->exporterdeprecated, "moby");
	assert_int_equal(r->n_exporterattrsdeprecated, 1);
	assert_string_equal(r->exporterattrsdeprecated[0]->value, "reg/x:1");
	assert_string_equal(r->exporters[1]->type, "local");
	assert_non_null(r->cache);
	assert_int_equal(r->cache->n_imports, 1);
	assert_string_equal(r->cache->exports[0]->type, "inline");
	assert_int_equal(r->n_entitlements, 1);
	assert_string_equal(r->entitlements[0], "network.host");
	pb__solve_request__free_unpacked(r, NULL);
	pb__status_request__free_unpacked(s, NULL);
	close_fixture(&f);
}

/* ---- unary calls ---------------------------------------------------------- */

static void
answer_workers(struct fixture *f)
{
	Pb__WorkerRecord__LabelsEntry store = PB__WORKER_RECORD__LABELS_ENTRY__INIT;
	Pb__WorkerRecord__LabelsEntry gateway = PB__WORKER_RECORD__LABELS_ENTRY__INIT;
	Pb__WorkerRecord__LabelsEntry *labels[] = {&store, &gateway};
	Pb__Platform amd = PB__PLATFORM__INIT, arm = PB__PLATFORM__INIT, *list[] = {&amd, &arm};
	Pb__BuildkitVersion version = PB__BUILDKIT_VERSION__INIT;
	Pb__WorkerRecord w = PB__WORKER_RECORD__INIT, *records[] = {&w};
	Pb__ListWorkersResponse r = PB__LIST_WORKERS_RESPONSE__INIT;

	if (f->updates++) { /* Info: before 0.11 */
		grpc_call_finish(f->other, GRPC_UNIMPLEMENTED, "unknown method Info");
		return;
	}
	store.key = text("org.mobyproject.buildkit.worker.snapshotter");
	gateway.key = text("org.mobyproject.buildkit.worker.moby.host-gateway-ip");
	gateway.value = text("172.17.0.1");
	amd.os = text("linux");
	amd.architecture = text("amd64");
	arm = amd;
	arm.architecture = text("arm");
	arm.variant = text("v7");
	version.version = text("v0.11.6");
	w.labels = labels;
	w.n_labels = 2;
	w.platforms = list;
	w.n_platforms = 2;
	w.buildkitversion = &version;
	r.record = records;
	r.n_record = 1;
	send_packed(f->other, &r.base);
	grpc_call_finish(f->other, GRPC_OK, NULL);
}

static void
what_a_daemon_says_of_itself(void **state)
{
	struct bk_info info;
	struct fixture f;

	(void)state;
	open_fixture(&f, answer_workers);
	assert_ok(bk_peer_info(f.peer, &f.arena, &info, DEADLINE_NONE, &f.err), &f.err);
	assert_string_equal(info.version, "v0.11.6");
	assert_true(info.containerd_store);
	assert_string_equal(info.host_gateway, "172.17.0.1");
	assert_string_equal(info.platforms, "linux/amd64,linux/arm/v7");
	close_fixture(&f);
}

static void
other_empty(struct fixture *f)
{
	grpc_call_finish(f->other, GRPC_OK, NULL);
}

static void
other_refused(struct fixture *f)
{
	grpc_call_finish(f->other, GRPC_PERMISSION_DENIED, "not you");
}

static void
other_reset(struct fixture *f)
{
	grpc_call_cancel(f->other);
}

static void
other_garbage(struct fixture *f)
{
	grpc_call_send(f->other, "\x0a\x7f", 2);
	grpc_call_finish(f->other, GRPC_OK, NULL);
}

static void
other_nothing(struct fixture *f)
{
	(void)f;
}

static void
k_20_answers_to_one_question(void **state)
{
	static const struct {
		const char *name;
		daemon_fn act;
		int64_t deadline;
		enum err_kind kind;
		int code; /* -1: any */
		const char *text;
	} rows[] = {
		{"empty", other_empty, DEADLINE_NONE, ERR_PROTO, 0, "gave an empty answer"},
		{"refused", other_refused, DEADLINE_NONE, ERR_REMOTE, GRPC_PERMISSION_DENIED,
			"PermissionDenied: not you"},
		{"reset", other_reset, DEADLINE_NONE, ERR_NET, 0, "without a status"},
		{"garbled", other_garbage, DEADLINE_NONE, ERR_PROTO, 0,
			"malformed list of workers"},
		{"lost", vanish, DEADLINE_NONE, ERR_NET, -1, "unix:///daemon"},
		{"too late", other_nothing, 0, ERR_NET, 0, "does not answer in time"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bk_info info;
		struct fixture f;

		open_fixture(&f, rows[i].act);
		assert_row_int(rows[i].name,
			bk_peer_info(f.peer, &f.arena, &info, rows[i].deadline, &f.err), -1);
		assert_row_err(rows[i].name, &f.err, rows[i].kind, rows[i].text);
		if (rows[i].code >= 0)
			assert_row_int(rows[i].name, f.err.code, rows[i].code);
		/* the call is over for us; the connection is not, unless it was lost */
		loop_timer(f.loop, 0, free, NULL);
		assert_ok(loop_once(f.loop, &f.err), &f.err);
		close_fixture(&f);
	}
}

/* ---- signals; last, because the handlers stay ----------------------------- */

static void
be_stopped(struct fixture *f)
{
	report(f, "[1/1] RUN sleep", "");
	raise(SIGTERM);
}

static void
b_27_a_signal_cancels_the_build(void **state)
{
	struct fixture f;

	(void)state;
	interrupt_install();
	open_fixture(&f, be_stopped);
	assert_int_equal(solve(&f), -1);
	assert_err(&f.err, ERR_CANCELED, "stopped by SIGTERM");
	assert_int_equal(f.err.code, SIGTERM);
	assert_true(f.solve_reset);
	assert_null(f.status); /* the daemon was seen to stop */
	interrupt_clear();
	close_fixture(&f);
}

static void
on_second_signal(void *arg)
{
	struct fixture *f = arg;

	if (!f->solve_reset)
		timer_set(f->later, 0);
	else
		raise(SIGINT);
}

static void
be_stopped_twice(struct fixture *f)
{
	f->act = NULL; /* a daemon that does not stop */
	f->later = loop_timer(f->loop, 0, on_second_signal, f);
	raise(SIGTERM);
}

static void
b_27_a_second_signal_does_not_wait(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, be_stopped_twice);
	assert_int_equal(solve(&f), -1);
	assert_err(&f.err, ERR_CANCELED, "stopped by SIGTERM");
	assert_int_equal(f.err.code, SIGTERM);
	assert_non_null(f.status);
	interrupt_clear();
	close_fixture(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(d_05_ends_of_a_build),
		cmocka_unit_test(builds_follow_each_other),
		cmocka_unit_test(a_status_without_end_is_given_up),
		cmocka_unit_test(d_01_the_request),
		cmocka_unit_test(what_a_daemon_says_of_itself),
		cmocka_unit_test(k_20_answers_to_one_question),
		cmocka_unit_test(b_27_a_signal_cancels_the_build),
		cmocka_unit_test(b_27_a_second_signal_does_not_wait),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
