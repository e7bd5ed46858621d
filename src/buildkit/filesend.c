/*
 * moby.filesync.v1.FileSend/DiffCopy: the daemon hands over the files of an
 * exporter. The transfer of a directory is fsrecv.h; here it is tied to a call. A
 * result for several platforms comes as one call each, into one directory. What
 * is one file comes as a plain stream of bytes under the same method.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/loop.h"
#include "buildkit/fsrecv.h"
#include "buildkit/services.h"
#include "buildkit/wire.h"
#include "net/grpc.h"

struct filesend {
	struct bk_session *session;
	struct fsrecv *recv;
};

/*
 * Everything is on disk and our FIN is out. The sender answers with its own, and
 * takes an end of the call before that for a failure (seen with 20.10); one that
 * resets the call instead is content too.
 */
static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct filesend *f = arg;
	struct err err = {0};

	if (fsrecv_state(f->recv) == FSRECV_DONE) {
		grpc_call_finish(call, GRPC_OK, NULL);
		return;
	}
	if (fsrecv_receive(f->recv, msg, grpc_call_queue(call), &err)) {
		if (err.kind != ERR_REMOTE)
			bk_session_fail(f->session, &err);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
		return;
	}
	grpc_call_flush(call);
}

static void
on_end(struct grpc_call *call, void *arg)
{
	struct filesend *f = arg;

	if (fsrecv_state(f->recv) == FSRECV_DONE)
		grpc_call_finish(call, GRPC_OK, NULL);
	else
		grpc_call_finish(call, GRPC_ABORTED, "the transfer ends before it is complete");
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct filesend *f = arg;

	(void)call;
	(void)st; /* once everything is on disk any end will do */
	fsrecv_free(f->recv);
	free(f);
}

static const struct grpc_call_ops ops = {.message = on_message, .end = on_end, .close = on_close};

/* BytesMessage {1: data}; -1 when it is malformed. */
static int
bytes_of(struct str msg, const struct bk_export *target, struct str *data, struct err *err)
{
	struct wire_field f;

	*data = (struct str){0};
	while (msg.len) {
		if (!wire_take(&msg, &f))
			return err_set(err, ERR_PROTO, "malformed message in the stream of '%s'",
				target->name);
		if (f.number == 1 && f.type == WIRE_BYTES)
			*data = f.bytes;
	}
	return 0;
}

/* ---- one file ------------------------------------------------------------- */

struct filestream {
	struct bk_session *session;
	const struct bk_export *target;
};

static void
stream_fail(struct filestream *f, struct grpc_call *call, const struct err *err)
{
	bk_session_fail(f->session, err);
	grpc_call_finish(call, GRPC_UNKNOWN, err->msg);
}

static void
stream_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct filestream *f = arg;
	struct err err = {0};
	struct str data;

	/* a regular file does not make us wait for anybody */
	if (bytes_of(msg, f->target, &data, &err) == 0 &&
		fd_write_all(f->target->fd, data.s, data.len))
		err_sys(&err, "write '%s'", f->target->name);
	if (err.kind)
		stream_fail(f, call, &err);
}

/* A message in reply would be an error to the daemon. */
static void
stream_end(struct grpc_call *call, void *arg)
{
	(void)arg;
	grpc_call_finish(call, GRPC_OK, NULL);
}

static void
stream_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	(void)call;
	(void)st;
	free(arg);
}

static const struct grpc_call_ops stream_ops = {
	.message = stream_message, .end = stream_end, .close = stream_close};

static void
open_file(struct bk_session *s, struct grpc_call *call, const struct bk_export *target)
{
	struct filestream *f;
	struct err err = {0};

	/* an earlier attempt may have left its part */
	if (lseek(target->fd, 0, SEEK_SET) || ftruncate(target->fd, 0)) {
		err_sys(&err, "write '%s'", target->name);
		bk_session_fail(s, &err);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->session = s;
	f->target = target;
	grpc_call_serve(call, &stream_ops, f);
}

/* ---- somebody who may be slow --------------------------------------------- */

struct sinking {
	struct bk_session *session;
	const struct bk_export *target;
	struct grpc_call *call;
	struct watch *watch[2];
	bool ended; /* the stream is complete; what waits has to go out */
};

static void
unwatch(struct sinking *k)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(k->watch); i++) {
		watch_remove(k->watch[i]);
		k->watch[i] = NULL;
	}
}

static void
sink_fail(struct sinking *k, struct err *err)
{
	unwatch(k);
	bk_session_fail(k->session, err);
	grpc_call_finish(k->call, GRPC_UNKNOWN, err->msg);
}

static void sink_event(short revents, void *arg);

/* As long as anything waits to go out the daemon gets no room for more. */
static void
sink_flush(struct sinking *k)
{
	const struct bk_sink *sink = k->target->sink;
	struct pollfd fds[2];
	struct err err = {0};
	ssize_t left = sink->flush(sink->arg, &err);
	int i, n;

	if (left < 0) {
		sink_fail(k, &err);
		return;
	}
	unwatch(k);
	grpc_call_pause(k->call, left > 0);
	n = left ? sink->wants(fds, sink->arg) : 0;
	for (i = 0; i < n; i++)
		k->watch[i] = loop_watch(k->session->loop, fds[i].fd, fds[i].events, sink_event, k);
	if (left == 0 && k->ended)
		grpc_call_finish(k->call, GRPC_OK, NULL);
}

static void
sink_event(short revents, void *arg)
{
	(void)revents;
	sink_flush(arg);
}

static void
sink_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct sinking *k = arg;
	struct err err = {0};
	struct str data;

	(void)call;
	if (bytes_of(msg, k->target, &data, &err)) {
		sink_fail(k, &err);
		return;
	}
	/* without any it would be the end */
	if (data.len)
		k->target->sink->add(data, k->target->sink->arg);
	if (!k->watch[0])
		sink_flush(k);
}

static void
sink_end(struct grpc_call *call, void *arg)
{
	struct sinking *k = arg;

	(void)call;
	k->ended = true;
	k->target->sink->add((struct str){0}, k->target->sink->arg);
	if (!k->watch[0])
		sink_flush(k);
}

static void
sink_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	(void)call;
	(void)st;
	unwatch(arg);
	free(arg);
}

static const struct grpc_call_ops sink_ops = {
	.message = sink_message, .end = sink_end, .close = sink_close};

static void
open_sink(struct bk_session *s, struct grpc_call *call, const struct bk_export *target)
{
	struct sinking *k;
	struct err err = {0};

	if (target->sink->begin(target->sink->arg, &err)) {
		bk_session_fail(s, &err);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
		return;
	}
	k = xcalloc(1, sizeof(*k));
	k->session = s;
	k->target = target;
	k->call = call;
	grpc_call_serve(call, &sink_ops, k);
}

/* ---- which of them -------------------------------------------------------- */

static void
open_dir(struct bk_session *s, struct grpc_call *call, const struct bk_export *target)
{
	struct fsrecv_options options = {.name = target->name};
	struct err err = {0};
	struct filesend *f;
	struct fsrecv *recv = fsrecv_new(target->fd, &options, &err);

	if (!recv) {
		bk_session_fail(s, &err);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->session = s;
	f->recv = recv;
	grpc_call_serve(call, &ops, f);
}

void
filesend_open(struct bk_session *s, struct grpc_call *call)
{
	cleanup_arena struct arena a = {0};
	struct strlist ids = {0};
	uint64_t id = 0;

	/* servers before 0.13 send no id: there is one exporter */
	grpc_call_metadata(call, "buildkit-attachable-exporter-id", &a, &ids);
	if (ids.n && !str_u64(str_from(ids.items[0]), 10, &id))
		id = 0;
	if (id < s->nexports && s->exports[id].kind == BK_EXPORT_SINK)
		open_sink(s, call, &s->exports[id]);
	else if (id >= s->nexports || s->exports[id].fd < 0)
		grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "nothing is exported by that number");
	else if (s->exports[id].kind == BK_EXPORT_FILE)
		open_file(s, call, &s->exports[id]);
	else
		open_dir(s, call, &s->exports[id]);
}
