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

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct filesend *f = arg;
	struct err err = {0};
	int rc = fsrecv_receive(f->recv, msg, grpc_call_queue(call), &err);

	grpc_call_flush(call);
	if (rc) {
		if (err.kind != ERR_REMOTE)
			bk_session_fail(f->session, &err);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
	} else if (fsrecv_state(f->recv) == FSRECV_DONE) {
		grpc_call_finish(call, GRPC_OK, NULL);
	}
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

static const struct grpc_call_ops ops = {.message = on_message, .close = on_close};

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
