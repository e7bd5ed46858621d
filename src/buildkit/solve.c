#include "buildkit/solve.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/jval.h"
#include "base/loop.h"
#include "buildkit/peer.h"
#include "buildkit/session.h"
#include "net/grpc.h"

#include "buildkit/proto/control.pb-c.h"

enum {
	STATUS_SILENCE_MS = 5000, /* after the answer to Solve; the reference client's figure */
	STATUS_NOTHING_MS = 1500, /* after a refusal: there may never be a job to hear of */
	CANCEL_GRACE_MS = 10000,  /* for the daemon to stop a cancelled build */
	RESPONSE_MAX = 1000,      /* fields of an answer; exporters give a handful */
	STEP_ERROR_MAX = 1500,    /* bytes of a step's error that are kept */
};

struct run {
	struct bk_peer *peer;
	const struct bk_observer *observer;
	struct arena *arena;
	struct bk_result *out;

	struct grpc_call *solve, *status;
	bool solved, failed, lost;
	int code;
	struct buf message;    /* of the failure */
	struct buf step_error; /* of the first step that failed */
	struct err broken;     /* an answer that made no sense */
	struct timer *silence, *tick;
	bool heard; /* something of the job */
	bool silent;
};

struct bk_entry *
bk_entry_add(struct bk_entries *l, struct arena *a, const char *type)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct bk_entry *items = arena_new(a, struct bk_entry, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n] = (struct bk_entry){.type = arena_cstr(a, type)};
	return &l->items[l->n++];
}

/* ---- the request ---------------------------------------------------------- */

/* All generated map entries have the shape of this one. */
typedef Pb__SolveRequest__FrontendAttrsEntry map_entry;
_Static_assert(sizeof(map_entry) == sizeof(Pb__Exporter__AttrsEntry) &&
		       sizeof(map_entry) == sizeof(Pb__CacheOptionsEntry__AttrsEntry) &&
		       sizeof(map_entry) == sizeof(Pb__SolveRequest__ExporterAttrsDeprecatedEntry),
	"map entries have one layout");

static void *
map_of(struct arena *a, const struct kvlist *l, const ProtobufCMessageDescriptor *d, size_t *n)
{
	map_entry **out = arena_new(a, map_entry *, l->n);
	size_t i;

	for (i = 0; i < l->n; i++) {
		out[i] = arena_new(a, map_entry, 1);
		protobuf_c_message_init(d, out[i]);
		out[i]->key = (char *)(uintptr_t)l->items[i].key;
		out[i]->value = (char *)(uintptr_t)l->items[i].value;
	}
	*n = l->n;
	return out;
}

static Pb__CacheOptionsEntry **
cache_of(struct arena *a, const struct bk_entries *l, size_t *n)
{
	Pb__CacheOptionsEntry **out = arena_new(a, Pb__CacheOptionsEntry *, l->n);
	size_t i;

	for (i = 0; i < l->n; i++) {
		out[i] = arena_new(a, Pb__CacheOptionsEntry, 1);
		pb__cache_options_entry__init(out[i]);
		out[i]->type = (char *)(uintptr_t)l->items[i].type;
		out[i]->attrs = map_of(a, &l->items[i].attrs,
			&pb__cache_options_entry__attrs_entry__descriptor, &out[i]->n_attrs);
	}
	*n = l->n;
	return out;
}

static Pb__Exporter **
exporters_of(struct arena *a, const struct bk_entries *l, size_t *n)
{
	Pb__Exporter **out = arena_new(a, Pb__Exporter *, l->n);
	size_t i;

	for (i = 0; i < l->n; i++) {
		out[i] = arena_new(a, Pb__Exporter, 1);
		pb__exporter__init(out[i]);
		out[i]->type = (char *)(uintptr_t)l->items[i].type;
		out[i]->attrs = map_of(a, &l->items[i].attrs,
			&pb__exporter__attrs_entry__descriptor, &out[i]->n_attrs);
	}
	*n = l->n;
	return out;
}

/*
 * The Dockerfile frontend looks for caches in this attribute alone; the cache
 * list of the request is for the solver.
 */
static void
add_cache_imports(struct arena *a, struct kvlist *attrs, const struct bk_entries *imports)
{
	cleanup_jval struct jval *list = jval_new_array();
	cleanup_buf struct buf text = {0};
	size_t i, k;

	if (imports->n == 0)
		return;
	for (i = 0; i < imports->n; i++) {
		const struct kvlist *from = &imports->items[i].attrs;
		struct jval *entry = jval_new_object(), *values = jval_new_object();

		for (k = 0; k < from->n; k++)
			jval_set_str(values, from->items[k].key, from->items[k].value);
		jval_set_str(entry, "Type", imports->items[i].type);
		jval_set(entry, "Attrs", values);
		jval_add(list, entry);
	}
	jval_write(&text, list, 0);
	kv_set(attrs, a, "cache-imports", buf_cstr(&text));
}

static void
send_solve(
	struct grpc_call *call, const struct bk_solve *solve, const char *ref, const char *session)
{
	Pb__SolveRequest r = PB__SOLVE_REQUEST__INIT;
	Pb__CacheOptions cache = PB__CACHE_OPTIONS__INIT;
	cleanup_arena struct arena a = {0};
	struct kvlist attrs = {0};
	size_t len, i;
	uint8_t *packed;

	for (i = 0; i < solve->attrs.n; i++)
		kv_set(&attrs, &a, solve->attrs.items[i].key, solve->attrs.items[i].value);
	add_cache_imports(&a, &attrs, &solve->cache_imports);
	r.ref = (char *)(uintptr_t)ref;
	r.session = (char *)(uintptr_t)session;
	r.frontend = (char *)(uintptr_t)solve->frontend;
	r.frontendattrs = map_of(&a, &attrs, &pb__solve_request__frontend_attrs_entry__descriptor,
		&r.n_frontendattrs);
	r.exporters = exporters_of(&a, &solve->exporters, &r.n_exporters);
	if (solve->exporters.n) { /* all that servers before 0.13 look at */
		r.exporterdeprecated = (char *)(uintptr_t)solve->exporters.items[0].type;
		r.exporterattrsdeprecated = map_of(&a, &solve->exporters.items[0].attrs,
			&pb__solve_request__exporter_attrs_deprecated_entry__descriptor,
			&r.n_exporterattrsdeprecated);
	}
	cache.imports = cache_of(&a, &solve->cache_imports, &cache.n_imports);
	cache.exports = cache_of(&a, &solve->cache_exports, &cache.n_exports);
	r.cache = &cache; /* 0.17.0 to 0.21.0 do not survive a request without it */
	r.entitlements = (char **)(uintptr_t)solve->entitlements;
	r.n_entitlements = solve->nentitlements;
	len = pb__solve_request__get_packed_size(&r);
	packed = xmalloc(len);
	pb__solve_request__pack(&r, packed);
	grpc_call_send(call, packed, len);
	grpc_call_end(call);
	free(packed);
}

static void
send_status(struct grpc_call *call, const char *ref)
{
	Pb__StatusRequest r = PB__STATUS_REQUEST__INIT;
	uint8_t packed[BK_ID_LEN + 16];
	size_t len;

	r.ref = (char *)(uintptr_t)ref;
	len = pb__status_request__pack(&r, packed);
	grpc_call_send(call, packed, len);
	grpc_call_end(call);
}

/* ---- the answers ---------------------------------------------------------- */

static void
schedule(struct run *r, int64_t next_ns)
{
	int64_t wait_ms;

	if (next_ns < 0) {
		timer_set(r->tick, DEADLINE_NONE);
		return;
	}
	wait_ms = (next_ns - clock_wall_ns() + 999999) / 1000000;
	timer_set(r->tick, deadline_in(wait_ms > 0 ? wait_ms : 0));
}

static void
on_tick(void *arg)
{
	struct run *r = arg;

	schedule(r, r->observer->tick(clock_wall_ns(), r->observer->arg));
}

static void
on_silence(void *arg)
{
	struct run *r = arg;

	r->silent = true;
}

static void
solve_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct run *r = arg;
	Pb__SolveResponse *resp = pb__solve_response__unpack(NULL, msg.len, (const uint8_t *)msg.s);
	size_t i;

	(void)call;
	if (!resp) {
		err_set(&r->broken, ERR_PROTO, "malformed answer to the build request");
		return;
	}
	if (resp->n_exporterresponse > RESPONSE_MAX) {
		err_set(&r->broken, ERR_LIMIT,
			"answer to the build request with more than %d fields", RESPONSE_MAX);
		pb__solve_response__free_unpacked(resp, NULL);
		return;
	}
	for (i = 0; i < resp->n_exporterresponse; i++)
		kv_set(&r->out->response, r->arena, resp->exporterresponse[i]->key,
			resp->exporterresponse[i]->value);
	pb__solve_response__free_unpacked(resp, NULL);
	r->solved = true;
}

static void
solve_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct run *r = arg;

	(void)call;
	r->solve = NULL;
	r->code = st->code;
	r->lost = st->lost;
	r->failed = st->code != GRPC_OK || !r->solved;
	if (st->code == GRPC_OK && !r->solved && !r->broken.kind)
		err_set(&r->broken, ERR_PROTO, "the daemon ended the build without an answer");
	buf_str(&r->message, st->message);
	if (r->failed)
		bk_failure_decode(r->arena, st->details, &r->out->failure);
	timer_set(r->silence,
		deadline_in(r->failed && !r->heard ? STATUS_NOTHING_MS : STATUS_SILENCE_MS));
}

/* A cache that is not there, or cannot be written, fails its step and not the build. */
static bool
is_optional(struct str name)
{
	return str_starts(name, STR("importing cache manifest from ")) ||
	       str_starts(name, STR("exporting cache"));
}

static void
note_failure(struct run *r, const struct bk_vertex *v)
{
	/* steps that are stopped because of another one, or of us, say so */
	if (v->error.len == 0 || is_optional(v->name) ||
		str_ends(v->error, STR("context canceled")))
		return;
	if (r->out->errors++ == 0)
		buf_str(&r->step_error, str_first(v->error, STEP_ERROR_MAX));
}

static void
status_message(struct grpc_call *call, struct str msg, void *arg)
{
	cleanup_arena struct arena a = {0};
	struct run *r = arg;
	struct bk_update u;
	size_t i;

	(void)call;
	if (bk_status_decode(&a, msg, &u, &r->broken))
		return;
	r->heard = true;
	u.received_ns = clock_wall_ns();
	for (i = 0; i < u.nvertexes; i++)
		note_failure(r, &u.vertexes[i]);
	schedule(r, r->observer->update(&u, r->observer->arg));
	if (!r->solve)
		timer_set(r->silence, deadline_in(STATUS_SILENCE_MS));
}

static void
status_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct run *r = arg;

	(void)call;
	(void)st; /* the verdict is Solve's */
	r->status = NULL;
}

static const struct grpc_call_ops solve_ops = {.message = solve_message, .close = solve_close};
static const struct grpc_call_ops status_ops = {.message = status_message, .close = status_close};

/* Drops what is still open, so that no callback finds r. */
static void
detach(struct run *r)
{
	struct grpc_call *calls[2] = {r->solve, r->status};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (!calls[i])
			continue;
		grpc_call_cancel(calls[i]);
		grpc_call_serve(calls[i], NULL, NULL);
	}
	timer_remove(r->silence);
	timer_remove(r->tick);
	buf_release(&r->message);
	buf_release(&r->step_error);
}

static int
wait_for_end(struct run *r, struct bk_session *s, struct err *err)
{
	struct loop *l = bk_peer_loop(r->peer);

	while ((r->solve || r->status) && !r->silent) {
		if (loop_once(l, err) || interrupt_check(err))
			return -1;
		/* without its session a build cannot go on; the daemon may take its time to notice
		 */
		if (r->solve && bk_session_check(s, err))
			return -1;
	}
	return 0;
}

/*
 * The daemon stops the build when its caller goes away; see it happen, so that
 * no work is left. A second signal ends the waiting.
 */
static void
cancel(struct run *r)
{
	struct loop *l = bk_peer_loop(r->peer);
	int64_t deadline = deadline_in(CANCEL_GRACE_MS);
	unsigned signals = interrupt_count();

	if (r->solve)
		grpc_call_cancel(r->solve);
	timer_set(r->silence, deadline);
	r->silent = false;
	while ((r->solve || r->status) && !r->silent && clock_ms() < deadline &&
		interrupt_count() == signals && !bk_peer_check(r->peer, NULL))
		if (loop_once(l, NULL))
			return;
}

/* The answer to Solve did not arrive. */
static int
without_answer(struct run *r, struct err *err)
{
	/*
	 * A status with a large Dockerfile in its details is more than HTTP/2 header
	 * fields hold: what failed is known from the step all the same.
	 */
	if (r->step_error.len)
		return err_set(err, ERR_BUILD, STR_FMT, STR_ARG(buf_view(&r->step_error)));
	if (bk_peer_check(r->peer, err))
		return err_wrap(err, "the build was cut off");
	return err_set(
		err, ERR_NET, "the build was cut off: " STR_FMT, STR_ARG(buf_view(&r->message)));
}

static int
verdict(struct run *r, struct bk_session *s, struct err *err)
{
	if (!r->failed && !r->broken.kind)
		return 0;
	/* a session that broke explains more than the daemon's complaint about it */
	if (bk_session_check(s, err))
		return -1;
	if (r->failed && r->lost)
		return without_answer(r, err);
	if (r->broken.kind) {
		*err = r->broken;
		return -1;
	}
	if (r->code == GRPC_UNAVAILABLE && r->out->errors == 0)
		return err_setc(err, ERR_NET, 0, STR_FMT, STR_ARG(buf_view(&r->message)));
	return err_setc(err, ERR_BUILD, r->code, STR_FMT, STR_ARG(buf_view(&r->message)));
}

int
bk_solve_run(struct bk_peer *p, struct bk_session *s, const struct bk_solve *solve,
	const struct bk_observer *observer, struct arena *a, struct bk_result *out, struct err *err)
{
	struct run r = {.peer = p, .observer = observer, .arena = a, .out = out};
	struct loop *l = bk_peer_loop(p);
	char ref[BK_ID_LEN + 1];
	int rc;

	*out = (struct bk_result){0};
	if (bk_peer_check(p, err) || bk_session_check(s, err))
		return -1;
	bk_random_id(ref);
	r.silence = loop_timer(l, DEADLINE_NONE, on_silence, &r);
	r.tick = loop_timer(l, DEADLINE_NONE, on_tick, &r);
	r.solve = grpc_call_start(
		bk_peer_grpc(p), "/moby.buildkit.v1.Control/Solve", NULL, 0, &solve_ops, &r);
	send_solve(r.solve, solve, ref, bk_session_id(s));
	r.status = grpc_call_start(
		bk_peer_grpc(p), "/moby.buildkit.v1.Control/Status", NULL, 0, &status_ops, &r);
	send_status(r.status, ref);
	rc = wait_for_end(&r, s, err);
	if (rc)
		cancel(&r);
	else
		rc = verdict(&r, s, err);
	detach(&r);
	return rc;
}
