#include "cmd/loading.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/conn.h"

enum { DIAL_MS = 30000 };

static int
begin(void *arg, struct err *err)
{
	struct loading *l = arg;

	return docker_load_begin(&l->load, &l->docker, deadline_in(DIAL_MS), err);
}

static void
add(struct str bytes, void *arg)
{
	struct loading *l = arg;

	docker_load_add(&l->load, bytes);
}

static ssize_t
flush(void *arg, struct err *err)
{
	struct loading *l = arg;

	return docker_load_flush(&l->load, err);
}

static int
wants(struct pollfd fds[2], void *arg)
{
	struct loading *l = arg;

	return conn_wants(l->load.conn, true, fds);
}

int
loading_find(struct loading *l, struct arena *a, const struct env *env, struct err *err)
{
	l->wanted = true;
	l->sink = (struct bk_sink){begin, add, flush, wants, l};
	return docker_endpoint_find(a, env, &l->endpoint, err);
}

int
loading_connect(struct loading *l, struct err *err)
{
	if (!l->wanted || docker_ping(&l->docker, &l->endpoint, deadline_in(DIAL_MS), err) == 0)
		return 0;
	if (err->kind == ERR_CANCELED)
		return -1;
	err_hint(err, "start a Docker Engine, or name one by DOCKER_HOST, or write an archive: "
		      "-o type=docker,dest=FILE");
	return err_wrap(err, "--load: the Docker Engine at %s (%s)", l->endpoint.address,
		l->endpoint.source);
}

int
loading_finish(struct loading *l, struct err *err)
{
	return docker_load_finish(&l->load, err);
}

void
loading_release(struct loading *l)
{
	docker_load_release(&l->load);
}
