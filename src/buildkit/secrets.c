/*
 * moby.buildkit.secrets.v1.Secrets/GetSecret: values that a step mounts. The
 * daemon also asks for ids nobody named (tokens for git and http sources); of
 * those it learns that they are not there, which it takes well.
 */
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "buildkit/services.h"
#include "net/grpc.h"

#include "buildkit/proto/session.pb-c.h"

static const struct bk_secret *
find_secret(const struct bk_session *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->o.nsecrets; i++)
		if (!strcmp(s->o.secrets[i].id, id))
			return &s->o.secrets[i];
	return NULL;
}

static void
send_value(struct grpc_call *call, struct str value)
{
	Pb__GetSecretResponse r = PB__GET_SECRET_RESPONSE__INIT;
	cleanup_secret struct secret packed = {0};

	r.data = (ProtobufCBinaryData){value.len, (uint8_t *)(uintptr_t)value.s};
	packed.len = pb__get_secret_response__get_packed_size(&r);
	packed.value = xmalloc(packed.len + 1);
	pb__get_secret_response__pack(&r, (uint8_t *)packed.value);
	grpc_call_send(call, packed.value, packed.len);
	grpc_call_finish(call, GRPC_OK, NULL);
}

/* A file may have changed since it was named: what it holds now is meant. */
static int
read_now(const struct bk_secret *secret, struct secret *out, struct err *err)
{
	cleanup_buf struct buf content = {0};
	int rc;

	buf_init(&content, BK_SECRET_MAX + 1);
	rc = buf_reserve(&content, BK_SECRET_MAX, err); /* growing would leave copies behind */
	if (rc == 0)
		rc = file_read(AT_FDCWD, secret->file, BK_SECRET_MAX, &content, err);
	if (rc == 0)
		secret_set(out, buf_view(&content));
	buf_wipe(&content);
	return rc ? err_wrap(err, "secret '%s'", secret->id) : 0;
}

static void
answer(struct bk_session *s, struct grpc_call *call, const char *id)
{
	const struct bk_secret *secret = find_secret(s, id);
	cleanup_secret struct secret content = {0};
	struct err err = {0};

	if (!secret) {
		grpc_call_finish(call, GRPC_NOT_FOUND, "no secret of that id was given");
	} else if (!secret->file) {
		send_value(call, secret_reveal(&secret->value));
	} else if (read_now(secret, &content, &err)) {
		log_warn(s->o.log, "%s", err.msg);
		grpc_call_finish(call, GRPC_UNKNOWN, err.msg);
	} else {
		send_value(call, secret_reveal(&content));
	}
}

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	Pb__GetSecretRequest *r =
		pb__get_secret_request__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	if (!r)
		grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "malformed request");
	else
		answer(arg, call, r->id);
	pb__get_secret_request__free_unpacked(r, NULL);
}

static const struct grpc_call_ops ops = {.message = on_message};

void
secrets_open(struct bk_session *s, struct grpc_call *call)
{
	grpc_call_serve(call, &ops, s);
}
