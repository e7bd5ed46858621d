/*
 * moby.upload.v1.Upload/Pull: the daemon fetches an archive that is the context of
 * a build. It asks again for each stage that is built for itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "buildkit/services.h"
#include "net/grpc.h"

struct upload {
	struct bk_session *session;
	struct services_file file;
};

static void
on_produce(struct grpc_call *call, size_t room, void *arg)
{
	struct upload *u = arg;
	struct err err = {0};

	if (u->file.left == 0) {
		grpc_call_finish(call, GRPC_OK, NULL);
	} else if (services_send_piece(call, &u->file, 1, room, &err)) {
		err_wrap(&err, "the archive from standard input");
		bk_session_fail(u->session, &err);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
	}
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	(void)call;
	(void)st;
	free(arg);
}

static const struct grpc_call_ops ops = {.produce = on_produce, .close = on_close};

void
upload_open(struct bk_session *s, struct grpc_call *call)
{
	const struct bk_upload *offered = s->o.upload;
	cleanup_arena struct arena a = {0};
	struct strlist path = {0};
	struct upload *u;

	grpc_call_metadata(call, "urlpath", &a, &path);
	if (!offered || path.n == 0 || path.items[0][0] != '/' ||
		strcmp(path.items[0] + 1, offered->name) != 0) {
		grpc_call_finish(call, GRPC_NOT_FOUND, "nothing is offered under that address");
		return;
	}
	u = xcalloc(1, sizeof(*u));
	u->session = s;
	u->file = (struct services_file){.fd = offered->fd, .left = offered->size};
	grpc_call_serve(call, &ops, u);
	grpc_call_want(call, true);
}
