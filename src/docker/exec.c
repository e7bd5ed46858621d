#include "docker/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/limits.h"
#include "docker/docker.h"
#include "docker/request.h"
#include "net/conn.h"

enum {
	FRAME_HEAD = 8,
	STREAM_STDERR = 2,
	STREAM_SYSTEM = 3, /* the Engine's own words: the stream is over */
	DIAGNOSIS_MAX = 4096,
};

/* ---- the multiplexed stream ----------------------------------------------- */

/* From the Engine come frames: stream number, three zeroes, 32-bit length; to it plain bytes. */
struct exec_conn {
	struct conn base;
	struct conn *below;
	uint8_t head[FRAME_HEAD];
	size_t have;   /* bytes of head */
	uint32_t left; /* bytes of the present frame */
	struct buf said;
};

static struct exec_conn *
of(struct conn *c)
{
	return (struct exec_conn *)c;
}

/* Bytes of a frame that is not for the reader. */
static ssize_t
read_aside(struct exec_conn *x, struct err *err)
{
	char chunk[1024];
	size_t len = x->left < sizeof(chunk) ? x->left : sizeof(chunk);
	ssize_t n = conn_try_read(x->below, chunk, len, err);

	if (n <= 0)
		return n;
	x->left -= (uint32_t)n;
	if (x->said.len < DIAGNOSIS_MAX)
		buf_mem(&x->said, chunk, (size_t)n);
	return n;
}

static ssize_t
exec_read(struct conn *c, void *p, size_t len, struct err *err)
{
	struct exec_conn *x = of(c);
	ssize_t n;

	for (;;) {
		if (x->left && x->head[0] < STREAM_STDERR) {
			n = conn_try_read(x->below, p, len < x->left ? len : x->left, err);
			if (n > 0)
				x->left -= (uint32_t)n;
			return n;
		}
		if (x->left) {
			n = read_aside(x, err);
			if (n <= 0)
				return n;
			continue;
		}
		if (x->have == FRAME_HEAD)
			x->have = 0;
		n = conn_try_read(x->below, x->head + x->have, FRAME_HEAD - x->have, err);
		if (n <= 0)
			return n;
		x->have += (size_t)n;
		if (x->have < FRAME_HEAD)
			continue;
		if (x->head[0] > STREAM_SYSTEM)
			return err_set(
				err, ERR_PROTO, "%s: malformed frame from the Engine", c->name);
		x->left = (uint32_t)x->head[4] << 24 | (uint32_t)x->head[5] << 16 |
			  (uint32_t)x->head[6] << 8 | x->head[7];
	}
}

static ssize_t
exec_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	return conn_try_write(of(c)->below, p, len, err);
}

static int
exec_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	return conn_wants(of(c)->below, write, fds);
}

static void
exec_close(struct conn *c)
{
	conn_close(of(c)->below);
	buf_release(&of(c)->said);
	free(c->name);
	free(c);
}

static const char *
exec_diagnosis(struct conn *c)
{
	struct exec_conn *x = of(c);

	while (x->said.len && strchr("\r\n ", x->said.p[x->said.len - 1]))
		x->said.p[--x->said.len] = '\0';
	return buf_cstr(&x->said);
}

static bool
exec_buffered(struct conn *c)
{
	return conn_buffered(of(c)->below);
}

static const struct conn_ops exec_ops = {
	.read = exec_read,
	.write = exec_write,
	.wants = exec_wants,
	.close = exec_close,
	.diagnosis = exec_diagnosis,
	.buffered = exec_buffered,
};

static struct conn *
demultiplex(struct conn *below, const char *container)
{
	struct exec_conn *x = xcalloc(1, sizeof(*x));

	x->base = (struct conn){&exec_ops, xasprintf("container '%s'", container)};
	x->below = below;
	return &x->base;
}

/* ---- the calls ------------------------------------------------------------ */

static int
check_running(const struct docker *d, const char *path, const char *container, int64_t deadline,
	struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	struct http_request req = {.method = "GET"};
	cleanup_jval struct jval *v = NULL;
	const struct jval *state;

	if (docker_request_open(d, &x, &req, arena_fmt(&x.arena, "%s/json", path), deadline, err) ||
		docker_answer(&x, 200, &v, deadline, err))
		return -1;
	state = jval_get(v, "State");
	if (jval_get_bool(state, "Running", false) && !jval_get_bool(state, "Paused", false))
		return 0;
	err_set(err, ERR_REMOTE, "the container is not running (%s)",
		jval_get_str(state, "Status") ? jval_get_str(state, "Status") : "unknown state");
	return err_hint(err, "start it: docker start %s", container);
}

static int
create_exec(const struct docker *d, struct arena *a, const char *path, const char *const argv[],
	int64_t deadline, const char **id, struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	cleanup_jval struct jval *body = jval_new_object(), *v = NULL;
	cleanup_buf struct buf text = {0};
	struct jval *cmd = jval_new_array();
	struct http_request req = {.method = "POST", .content_type = "application/json"};
	size_t i;

	for (i = 0; argv[i]; i++)
		jval_add_str(cmd, argv[i]);
	jval_set(body, "Cmd", cmd);
	jval_set_bool(body, "AttachStdin", true);
	jval_set_bool(body, "AttachStdout", true);
	jval_set_bool(body, "AttachStderr", true);
	jval_set_bool(body, "Tty", false);
	jval_write(&text, body, 0);
	req.body = buf_view(&text);
	if (docker_request_open(d, &x, &req, arena_fmt(&x.arena, "%s/exec", path), deadline, err) ||
		docker_answer(&x, 201, &v, deadline, err))
		return -1;
	if (!jval_get_str(v, "Id"))
		return err_set(err, ERR_PROTO, "the Engine names no exec instance");
	*id = arena_cstr(a, jval_get_str(v, "Id"));
	return 0;
}

struct conn *
docker_exec(const struct docker *d, const char *container, const char *const argv[],
	int64_t deadline, struct err *err)
{
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf escaped = {0};
	const char *path, *id;
	struct conn *c;

	percent_encode(&escaped, str_from(container), NULL);
	path = arena_fmt(&a, "/containers/%s", buf_cstr(&escaped));
	if (check_running(d, path, container, deadline, err) ||
		create_exec(d, &a, path, argv, deadline, &id, err)) {
		err_wrap(err, "container '%s'", container);
		return NULL;
	}
	c = docker_upgrade(d, arena_fmt(&a, "/exec/%s/start", id), "tcp", NULL,
		"{\"Detach\":false,\"Tty\":false}", deadline, err);
	if (!c) {
		err_wrap(err, "container '%s'", container);
		return NULL;
	}
	return demultiplex(c, container);
}
