/*
 * moby.filesync.v1.FileSend/DiffCopy: the daemon hands over the files of an
 * exporter. The transfer itself is fsrecv.h; here it is tied to a call. A
 * result for several platforms comes as one call each, into one directory.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "buildkit/fsrecv.h"
#include "buildkit/services.h"
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

static const struct grpc_call_ops ops = {
	.message = on_message, .end = on_end, .close = on_close};

void
filesend_open(struct bk_session *s, struct grpc_call *call)
{
	cleanup_arena struct arena a = {0};
	struct fsrecv_options options;
	struct strlist ids = {0};
	struct err err = {0};
	struct filesend *f;
	struct fsrecv *recv;
	uint64_t id = 0;

	/* servers before 0.13 send no id: there is one exporter */
	grpc_call_metadata(call, "buildkit-attachable-exporter-id", &a, &ids);
	if (ids.n && !str_u64(str_from(ids.items[0]), 10, &id))
		id = 0;
	if (id >= s->nexports) {
		grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "nothing is exported by that number");
		return;
	}
	options = (struct fsrecv_options){.name = s->exports[id].name};
	recv = fsrecv_new(s->exports[id].dirfd, &options, &err);
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
