#include "buildkit/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/limits.h"
#include "base/loop.h"
#include "net/conn.h"
#include "net/grpc.h"
#include "net/pump.h"

#include "buildkit/proto/control.pb-c.h"

struct bk_peer {
	struct loop *loop; /* borrowed */
	struct conn *conn;
	struct grpc_conn *grpc;
	struct pump *pump;
	bool lost;
	struct err why;
};

static void
on_lost(const struct err *why, void *arg)
{
	struct bk_peer *p = arg;
	const char *said = conn_diagnosis(p->conn);

	p->lost = true;
	p->why = *why;
	if (!why->kind && grpc_conn_established(p->grpc))
		err_setc(&p->why, ERR_NET, ECONNRESET, "%s closed the connection", p->conn->name);
	else if (!why->kind)
		err_set(&p->why, ERR_NET,
			"%s closed the connection before it said anything in HTTP/2",
			p->conn->name);
	if (*said)
		err_set(&p->why, ERR_NET, "%s: %s", p->conn->name, said);
}

struct bk_peer *
bk_peer_new(struct loop *l, struct conn *c, const char *authority, const char *scheme)
{
	struct bk_peer *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->conn = c;
	p->grpc = grpc_client_new(authority, scheme);
	p->pump = pump_new(l, c, p->grpc, on_lost, p);
	return p;
}

void
bk_peer_free(struct bk_peer *p)
{
	if (!p)
		return;
	pump_free(p->pump);
	grpc_conn_free(p->grpc);
	conn_close(p->conn);
	free(p);
}

struct loop *
bk_peer_loop(const struct bk_peer *p)
{
	return p->loop;
}

struct grpc_conn *
bk_peer_grpc(const struct bk_peer *p)
{
	return p->grpc;
}

const char *
bk_peer_name(const struct bk_peer *p)
{
	return p->conn->name;
}

int
bk_peer_check(const struct bk_peer *p, struct err *err)
{
	if (!p->lost)
		return 0;
	if (err)
		*err = p->why;
	return -1;
}

struct unary {
	struct buf *response;
	struct grpc_call *call;
	bool done, answered, lost, late;
	int code;
	char message[1024];
};

static void
unary_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct unary *u = arg;

	(void)call;
	u->answered = true;
	buf_reset(u->response);
	buf_mem(u->response, msg.s, msg.len);
}

static void
unary_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct unary *u = arg;

	(void)call;
	u->done = true;
	u->call = NULL;
	u->code = st->code;
	u->lost = st->lost;
	snprintf(u->message, sizeof(u->message), STR_FMT, STR_ARG(st->message));
}

static const struct grpc_call_ops unary_ops = {.message = unary_message, .close = unary_close};

static void
on_deadline(void *arg)
{
	struct unary *u = arg;

	u->late = true;
}

static int
unary_result(struct bk_peer *p, const struct unary *u, struct err *err)
{
	if (p->lost)
		return bk_peer_check(p, err);
	if (!u->done)
		return err_set(err, ERR_NET, "%s does not answer in time", p->conn->name);
	if (u->lost)
		return err_set(err, ERR_NET, "%s: %s", p->conn->name, u->message);
	if (u->code)
		return err_setc(
			err, ERR_REMOTE, u->code, "%s: %s", grpc_code_name(u->code), u->message);
	if (!u->answered)
		return err_set(err, ERR_PROTO, "%s gave an empty answer", p->conn->name);
	return 0;
}

int
bk_unary(struct bk_peer *p, const char *path, struct str request, struct buf *response,
	int64_t deadline, struct err *err)
{
	struct unary u = {.response = response};
	struct timer *timer;
	int rc = 0;

	if (bk_peer_check(p, err))
		return -1;
	u.call = grpc_call_start(p->grpc, path, NULL, 0, &unary_ops, &u);
	timer = loop_timer(p->loop, deadline, on_deadline, &u);
	grpc_call_send(u.call, request.s, request.len);
	grpc_call_end(u.call);
	while (!u.done && !u.late && rc == 0)
		rc = loop_once(p->loop, err) || interrupt_check(err) ? -1 : 0;
	timer_remove(timer);
	/* the call may outlive this function: it must not find 'u' any more */
	if (u.call) {
		grpc_call_cancel(u.call);
		grpc_call_serve(u.call, NULL, NULL);
	}
	return rc ? rc : unary_result(p, &u, err);
}

static void
read_worker(const Pb__WorkerRecord *w, struct arena *a, struct bk_info *out)
{
	struct buf list = {0};
	size_t i;

	for (i = 0; i < w->n_labels; i++) {
		const char *key = w->labels[i]->key;

		if (!strcmp(key, "org.mobyproject.buildkit.worker.snapshotter") ||
			!strcmp(key, "org.mobyproject.buildkit.worker.containerd.namespace"))
			out->containerd_store = true;
		if (!strcmp(key, "org.mobyproject.buildkit.worker.moby.host-gateway-ip"))
			out->host_gateway = arena_cstr(a, w->labels[i]->value);
	}
	for (i = 0; i < w->n_platforms && !out->platforms; i++) {
		const Pb__Platform *p = w->platforms[i];

		buf_addf(&list, "%s%s/%s%s%s", i ? "," : "", p->os, p->architecture,
			*p->variant ? "/" : "", p->variant);
	}
	if (list.len)
		out->platforms = arena_str(a, buf_view(&list));
	buf_release(&list);
	if (!out->version && w->buildkitversion)
		out->version = arena_cstr(a, w->buildkitversion->version);
}

int
bk_peer_info(
	struct bk_peer *p, struct arena *a, struct bk_info *out, int64_t deadline, struct err *err)
{
	cleanup_buf struct buf response = {.max = LIMIT_GRPC_MESSAGE};
	struct err refused = {0};
	Pb__InfoResponse *info;
	Pb__ListWorkersResponse *workers;
	size_t i;

	*out = (struct bk_info){0};
	if (bk_unary(p, "/moby.buildkit.v1.Control/ListWorkers", STR(""), &response, deadline, err))
		return -1;
	workers = pb__list_workers_response__unpack(NULL, response.len, (uint8_t *)response.p);
	if (!workers)
		return err_set(
			err, ERR_PROTO, "%s gave a malformed list of workers", p->conn->name);
	for (i = 0; i < workers->n_record; i++)
		read_worker(workers->record[i], a, out);
	pb__list_workers_response__free_unpacked(workers, NULL);
	if (bk_unary(p, "/moby.buildkit.v1.Control/Info", STR(""), &response, deadline, &refused)) {
		if (refused.kind == ERR_REMOTE) /* before 0.11 */
			return 0;
		*err = refused;
		return -1;
	}
	info = pb__info_response__unpack(NULL, response.len, (uint8_t *)response.p);
	if (info && info->buildkitversion)
		out->version = arena_cstr(a, info->buildkitversion->version);
	pb__info_response__free_unpacked(info, NULL);
	return 0;
}
