#include "buildkit/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "buildkit/peer.h"
#include "buildkit/services.h"
#include "net/conn.h"
#include "net/grpc.h"
#include "net/pump.h"

#include "buildkit/proto/control.pb-c.h"

enum {
	TUNNEL_PIECE = 32 * 1024, /* bytes per message; what the reference sends */
};

static const struct service {
	const char *path;
	void (*open)(struct bk_session *s, struct grpc_call *call);
} services[] = {
	{"/grpc.health.v1.Health/Check", health_open},
	{"/moby.filesync.v1.FileSync/DiffCopy", filesync_open},
	{"/moby.filesync.v1.FileSend/DiffCopy", filesend_open},
	{"/moby.filesync.v1.Auth/Credentials", auth_credentials_open},
	{"/moby.filesync.v1.Auth/FetchToken", auth_token_open},
	{"/moby.filesync.v1.Auth/GetTokenAuthority", auth_authority_open},
	{"/moby.filesync.v1.Auth/VerifyTokenAuthority", auth_verify_open},
	{"/moby.buildkit.secrets.v1.Secrets/GetSecret", secrets_open},
	{"/moby.sshforward.v1.SSH/CheckAgent", ssh_check_open},
	{"/moby.sshforward.v1.SSH/ForwardAgent", ssh_forward_open},
	{"/moby.upload.v1.Upload/Pull", upload_open},
	{"/containerd.services.content.v1.Content/Info", content_info_open},
	{"/containerd.services.content.v1.Content/Read", content_read_open},
	{"/containerd.services.content.v1.Content/Write", content_write_open},
	{"/containerd.services.content.v1.Content/Status", content_status_open},
	{"/containerd.services.content.v1.Content/Abort", content_abort_open},
};

static void
on_call(struct grpc_call *call, struct str path, void *arg)
{
	struct bk_session *s = arg;
	size_t i;

	for (i = 0; i < ARRAY_LEN(services); i++) {
		if (str_is(path, services[i].path)) {
			services[i].open(s, call);
			return;
		}
	}
	/* each caller in the daemon knows what to do without */
	grpc_call_finish(call, GRPC_UNIMPLEMENTED, "this client does not offer the service");
}

static const struct grpc_server_ops server_ops = {.call = on_call};

void
bk_random_id(char id[BK_ID_LEN + 1])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	unsigned char bytes[BK_ID_LEN];
	size_t i;

	random_bytes(bytes, sizeof(bytes));
	for (i = 0; i < BK_ID_LEN; i++)
		id[i] = digits[bytes[i] % 36];
	id[BK_ID_LEN] = '\0';
}

struct bk_session *
bk_session_new(struct loop *l, const struct bk_session_options *o)
{
	struct bk_session *s = xcalloc(1, sizeof(*s));

	_Static_assert(sizeof(s->id) > BK_ID_LEN, "the id fits");
	s->loop = l;
	s->o = *o;
	s->shared_key = xstrdup(o->shared_key ? o->shared_key : "");
	bk_random_id(s->id);
	s->grpc = grpc_server_new(&server_ops, s);
	return s;
}

void
bk_session_free(struct bk_session *s)
{
	if (!s)
		return;
	if (s->outer) {
		grpc_call_cancel(s->outer);
		grpc_call_serve(s->outer, NULL, NULL);
	}
	pump_free(s->pump);
	grpc_conn_free(s->grpc);
	conn_close(s->conn);
	auth_free(s->auth);
	free(s->shared_key);
	free(s);
}

const char *
bk_session_id(const struct bk_session *s)
{
	return s->id;
}

void
bk_session_headers(const struct bk_session *s, struct arena *a, struct strlist *out)
{
	size_t i;

	strlist_add(out, a, "x-docker-expose-session-uuid");
	strlist_add(out, a, s->id);
	strlist_add(out, a, "x-docker-expose-session-sharedkey");
	strlist_add(out, a, arena_cstr(a, s->shared_key));
	strlist_add(out, a, "x-docker-expose-session-name"); /* read before 0.16 */
	strlist_add(out, a, "buildtools");
	for (i = 0; i < ARRAY_LEN(services); i++) {
		strlist_add(out, a, "x-docker-expose-session-grpc-method");
		strlist_add(out, a, services[i].path);
	}
}

void
bk_session_fail(struct bk_session *s, const struct err *err)
{
	if (!s->broken.kind)
		s->broken = *err;
}

int
bk_session_check(const struct bk_session *s, struct err *err)
{
	if (!s->broken.kind)
		return 0;
	if (err)
		*err = s->broken;
	return -1;
}

void
bk_session_exports(struct bk_session *s, const struct bk_export *exports, size_t n)
{
	s->exports = exports;
	s->nexports = n;
}

void
bk_session_stats(const struct bk_session *s, struct bk_session_stats *out)
{
	*out = s->stats;
}

/* ---- a connection of its own ---------------------------------------------- */

static void
on_lost(const struct err *why, void *arg)
{
	struct bk_session *s = arg;
	struct err err = *why;

	if (err.kind)
		err_wrap(&err, "the session with the daemon broke");
	else
		err_set(&err, ERR_NET, "the daemon closed the session");
	bk_session_fail(s, &err);
}

void
bk_session_serve(struct bk_session *s, struct conn *c)
{
	s->conn = c;
	s->pump = pump_new(s->loop, c, s->grpc, on_lost, s);
}

/* ---- inside a call -------------------------------------------------------- */

/* Wraps what the inner connection has to say into BytesMessage {1: data}. */
static void
tunnel_produce(struct grpc_call *call, size_t room, void *arg)
{
	cleanup_buf struct buf piece = {0};
	struct bk_session *s = arg;
	struct err err = {0};
	Pb__BytesMessage m = PB__BYTES_MESSAGE__INIT;
	uint8_t *packed;
	size_t len;

	if (grpc_conn_output(s->grpc, &piece, room < TUNNEL_PIECE ? room : TUNNEL_PIECE, &err)) {
		bk_session_fail(s, &err);
		grpc_call_cancel(call);
		return;
	}
	if (piece.len == 0) {
		grpc_call_want(call, false);
		return;
	}
	m.data = (ProtobufCBinaryData){piece.len, (uint8_t *)piece.p};
	len = pb__bytes_message__get_packed_size(&m);
	packed = xmalloc(len);
	pb__bytes_message__pack(&m, packed);
	grpc_call_send(call, packed, len);
	free(packed);
}

static void
tunnel_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct bk_session *s = arg;
	struct err err = {0};
	Pb__BytesMessage *m = pb__bytes_message__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	if (!m)
		err_set(&err, ERR_PROTO, "malformed message in the session tunnel");
	else if (grpc_conn_receive(s->grpc, str_n((char *)m->data.data, m->data.len), &err) == 0)
		grpc_call_want(call, true);
	pb__bytes_message__free_unpacked(m, NULL);
	if (err.kind) {
		bk_session_fail(s, &err);
		grpc_call_cancel(call);
	}
}

static void
tunnel_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct bk_session *s = arg;
	struct err err = {0};

	(void)call;
	s->outer = NULL;
	grpc_conn_notify(s->grpc, NULL, NULL);
	err_set(&err, ERR_NET, "the daemon closed the session: " STR_FMT, STR_ARG(st->message));
	bk_session_fail(s, &err);
	grpc_conn_lost(s->grpc, err.msg);
}

static const struct grpc_call_ops tunnel_ops = {
	.message = tunnel_message, .produce = tunnel_produce, .close = tunnel_close};

static void
tunnel_notify(void *arg)
{
	struct bk_session *s = arg;

	if (s->outer)
		grpc_call_want(s->outer, true);
}

void
bk_session_tunnel(struct bk_session *s, struct bk_peer *p)
{
	cleanup_arena struct arena a = {0};
	struct strlist pairs = {0};
	struct grpc_header *meta;
	size_t i;

	bk_session_headers(s, &a, &pairs);
	meta = arena_new(&a, struct grpc_header, pairs.n / 2);
	for (i = 0; i < pairs.n / 2; i++)
		meta[i] = (struct grpc_header){pairs.items[2 * i], pairs.items[2 * i + 1]};
	s->outer = grpc_call_start(bk_peer_grpc(p), "/moby.buildkit.v1.Control/Session", meta,
		pairs.n / 2, &tunnel_ops, s);
	grpc_conn_notify(s->grpc, tunnel_notify, s);
	grpc_call_want(s->outer, true);
}
