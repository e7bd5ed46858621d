#include "cmd/backend.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "buildkit/peer.h"
#include "buildkit/session.h"
#include "cmd/plan.h"
#include "net/conn.h"
#include <errno.h>

enum { DIAL_MS = 30000 };

/* Who answered, though not as hoped, is not away. */
static const char *
silent(const struct err *err)
{
	return err->kind == ERR_NET ? " does not answer" : "";
}

int
backend_ping(struct docker *d, const struct docker_endpoint *e, int64_t deadline, struct err *err)
{
	if (docker_ping(d, e, deadline, err) == 0)
		return 0;
	if (err->kind == ERR_NET || err->kind == ERR_PROTO)
		err_hint(err, "start a Docker Engine, or name one by DOCKER_HOST, or a BuildKit "
			      "daemon by BUILDKIT_HOST");
	return err_wrap(err, "the Docker Engine at %s (%s)%s", e->address, e->source, silent(err));
}

/* From 29.2 on the Engine may have dropped the upgrades and speaks HTTP/2 at once. */
static int
engine_direct(struct backend *b, const struct plan *p, int64_t deadline, struct err *err)
{
	struct conn *c = docker_dial(&p->endpoint, deadline, err);

	if (!c)
		return -1;
	b->peer = bk_peer_new(b->loop, c, "localhost", "http");
	bk_session_tunnel(b->session, b->peer);
	return 0;
}

static int
engine_upgrades(struct backend *b, const struct plan *p, int64_t deadline, struct err *err)
{
	cleanup_arena struct arena a = {0};
	struct strlist headers = {0};
	struct conn *c = docker_upgrade(&b->docker, "/grpc", "h2c", NULL, NULL, deadline, err);

	if (!c && err->kind == ERR_REMOTE && (err->code == 404 || err->code == 501))
		return engine_direct(b, p, deadline, err);
	if (!c)
		return -1;
	b->peer = bk_peer_new(b->loop, c, "localhost", "http");
	bk_session_headers(b->session, &a, &headers);
	c = docker_upgrade(&b->docker, "/session", "h2c", &headers, NULL, deadline, err);
	if (!c)
		return -1;
	bk_session_serve(b->session, c);
	return 0;
}

static int
open_engine(struct backend *b, const struct plan *p, struct log *log, struct err *err)
{
	int64_t deadline = deadline_in(DIAL_MS);

	if (backend_ping(&b->docker, &p->endpoint, deadline, err))
		return -1;
	log_debug(log, "Docker Engine %s at %s, API %s", b->docker.engine, p->endpoint.address,
		b->docker.version);
	if (engine_upgrades(b, p, deadline, err) ||
		bk_peer_info(b->peer, &b->arena, &b->info, deadline, err))
		return err_wrap(err, "the Docker Engine at %s", p->endpoint.address);
	/* what that Engine is made of; later ones say it themselves */
	if (!b->info.version && str_starts(str_from(b->docker.engine), STR("20.10.")))
		b->info.version = "0.8";
	return 0;
}

static const char *
builder_hint(const struct builder_address *b, const struct err *err)
{
	/* then it is nobody's certificate that is to blame */
	if (err->code == ECONNREFUSED && b->form == BUILDER_TCP)
		return "is buildkitd running, and does it listen there? BUILDKIT_HOST or --builder "
		       "names another";
	switch (b->form) {
	case BUILDER_UNIX:
		return "is buildkitd running, and is this its socket? BUILDKIT_HOST or --builder "
		       "names another";
	case BUILDER_TCP:
		return b->tls ? "is it buildkitd that listens there, with TLS? "
				"BUILDKIT_TLS_CACERT and BUILDKIT_TLS_SERVER_NAME say what its "
				"certificate has to be like, BUILDKIT_TLS_CERT and "
				"BUILDKIT_TLS_KEY which one is ours; without them tcp:// is plain"
			      : "does buildkitd listen there without TLS? With TLS it takes "
				"BUILDKIT_TLS_CACERT, BUILDKIT_TLS_CERT and BUILDKIT_TLS_KEY";
	case BUILDER_DOCKER_CONTAINER:
	case BUILDER_PROGRAM:
		break;
	}
	return "buildkitd and buildctl must be in there, and buildkitd running";
}

static int
open_buildkit(struct backend *b, const struct plan *p, struct log *log, struct err *err)
{
	int64_t deadline = deadline_in(DIAL_MS);
	struct conn *c;

	log_info(log, "Connecting to buildkit at %s", p->address);
	c = builder_dial(&p->builder, deadline, err);
	if (c)
		b->peer = bk_peer_new(
			b->loop, c, p->builder.authority, p->builder.tls ? "https" : "http");
	if (!c || bk_peer_info(b->peer, &b->arena, &b->info, deadline, err)) {
		if (err->kind != ERR_CANCELED)
			err_hint(err, "%s", builder_hint(&p->builder, err));
		return err_wrap(err, "BuildKit at %s%s", p->address, silent(err));
	}
	log_debug(log, "BuildKit %s, builds for %s",
		b->info.version ? b->info.version : "before 0.11",
		b->info.platforms ? b->info.platforms : "unknown platforms");
	bk_session_tunnel(b->session, b->peer);
	return 0;
}

int
backend_open(struct backend *b, const struct plan *p, const struct bk_session_options *o,
	struct log *log, struct err *err)
{
	int rc;

	*b = (struct backend){0};
	b->loop = loop_new();
	b->session = bk_session_new(b->loop, o);
	rc = p->buildkit ? open_buildkit(b, p, log, err) : open_engine(b, p, log, err);
	if (rc)
		backend_close(b);
	return rc;
}

void
backend_close(struct backend *b)
{
	/* the session may be a call of the peer */
	bk_session_free(b->session);
	bk_peer_free(b->peer);
	loop_free(b->loop);
	arena_release(&b->arena);
	*b = (struct backend){0};
}
