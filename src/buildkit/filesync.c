/*
 * moby.filesync.v1.FileSync/DiffCopy: the daemon reads one of the directories we
 * offer. The transfer itself is fssend.h; here it is tied to a call.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "buildkit/fssend.h"
#include "buildkit/services.h"
#include "net/grpc.h"

struct filesync {
	struct bk_session *session;
	struct fssend *send;
};

/*
 * The values of a key. Since 0.12 they are query-escaped, all of them, when one
 * is not ASCII; KEY-encoded says so.
 */
static void
values(struct grpc_call *call, struct arena *a, const char *key, struct strlist *out)
{
	struct strlist raw = {0}, encoded = {0};
	size_t i;

	grpc_call_metadata(call, key, a, &raw);
	grpc_call_metadata(call, arena_fmt(a, "%s-encoded", key), a, &encoded);
	for (i = 0; i < raw.n; i++) {
		cleanup_buf struct buf text = {0};

		if (encoded.n && !strcmp(encoded.items[0], "1"))
			percent_decode(&text, str_from(raw.items[i]), true);
		else
			buf_puts(&text, raw.items[i]);
		strlist_add(out, a, arena_str(a, buf_view(&text)));
	}
}

static void
fail(struct filesync *f, struct grpc_call *call, const struct err *err)
{
	/* what the daemon reported it explains best itself */
	if (err->kind != ERR_REMOTE)
		bk_session_fail(f->session, err);
	grpc_call_finish(call, GRPC_UNKNOWN, err->msg);
}

static void
on_produce(struct grpc_call *call, size_t room, void *arg)
{
	struct filesync *f = arg;
	struct err err = {0};

	switch (fssend_produce(f->send, grpc_call_queue(call), room, &err)) {
	case FSSEND_MORE:
		return;
	case FSSEND_WAIT:
		grpc_call_want(call, false);
		return;
	case FSSEND_DONE:
		grpc_call_finish(call, GRPC_OK, NULL);
		return;
	case FSSEND_FAILED:
		fail(f, call, &err);
		return;
	}
}

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct filesync *f = arg;

	/* after an error there is still a packet to produce that carries it */
	(void)fssend_receive(f->send, msg, NULL);
	grpc_call_want(call, true);
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct filesync *f = arg;
	struct fssend_stats stats;

	(void)call;
	(void)st;
	fssend_get_stats(f->send, &stats);
	f->session->stats.files += stats.entries;
	f->session->stats.data_bytes += stats.bytes_sent;
	fssend_free(f->send);
	free(f);
}

static const struct grpc_call_ops ops = {
	.message = on_message, .produce = on_produce, .close = on_close};

static const struct bk_local *
find_local(const struct bk_session *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->o.nlocals; i++)
		if (!strcmp(s->o.locals[i].name, name))
			return &s->o.locals[i];
	return NULL;
}

static void
begin(struct bk_session *s, struct grpc_call *call, struct arena *a, const char *dir)
{
	struct strlist include = {0}, exclude = {0}, follow = {0};
	const struct bk_local *local = find_local(s, dir);
	struct fssend_filter filter;
	struct err err = {0};
	struct filesync *f;
	struct fssend *send;

	if (!local) {
		grpc_call_finish(
			call, GRPC_NOT_FOUND, arena_fmt(a, "no access allowed to dir \"%s\"", dir));
		return;
	}
	values(call, a, "include-patterns", &include);
	values(call, a, "exclude-patterns", &exclude);
	values(call, a, "followpaths", &follow);
	filter = (struct fssend_filter){(const char *const *)include.items, include.n,
		(const char *const *)exclude.items, exclude.n, (const char *const *)follow.items,
		follow.n};
	send = fssend_new(local->root, &filter, &err);
	if (!send) {
		bk_session_fail(s, &err);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->session = s;
	f->send = send;
	grpc_call_serve(call, &ops, f);
	grpc_call_want(call, true);
}

void
filesync_open(struct bk_session *s, struct grpc_call *call)
{
	cleanup_arena struct arena a = {0};
	struct strlist dir = {0};

	values(call, &a, "dir-name", &dir);
	begin(s, call, &a, dir.n ? dir.items[0] : "");
}
