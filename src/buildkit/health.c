/* grpc.health.v1.Health/Check: the daemon ends a session that does not answer it. */
#include "buildkit/services.h"
#include "net/grpc.h"

#include "buildkit/proto/session.pb-c.h"

enum { SERVING = 1 };

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	Pb__HealthCheckResponse r = PB__HEALTH_CHECK_RESPONSE__INIT;
	uint8_t packed[16];
	size_t len;

	(void)msg;
	(void)arg;
	r.status = SERVING;
	len = pb__health_check_response__pack(&r, packed);
	grpc_call_send(call, packed, len);
	grpc_call_finish(call, GRPC_OK, NULL);
}

static const struct grpc_call_ops ops = {.message = on_message};

void
health_open(struct bk_session *s, struct grpc_call *call)
{
	grpc_call_serve(call, &ops, s);
}
