#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/docker.h"
#include "docker/request.h"
#include "net/conn.h"

enum {
	ANSWER_MS = 30 * 60 * 1000, /* the Engine unpacks all layers before it says anything */
	COMPLAINT_MS = 2000,        /* for its reason when it does not listen any more */
};

int
docker_load_begin(struct docker_load *l, const struct docker *d, int64_t deadline, struct err *err)
{
	const char *host, *target;

	docker_load_release(l);
	l->conn = docker_dial(d->endpoint, deadline, err);
	if (!l->conn)
		return -1;
	/* nobody reads what it would tell meanwhile */
	docker_request_place(d, &l->arena, "/images/load?quiet=1", &host, &target);
	http_request_start(&l->out, "POST", target, host);
	buf_puts(&l->out, "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n");
	http_head_end(&l->out);
	return 0;
}

void
docker_load_add(struct docker_load *l, struct str bytes)
{
	buf_addf(&l->out, "%zx\r\n", bytes.len);
	buf_str(&l->out, bytes);
	buf_puts(&l->out, "\r\n");
}

/* Reads the head of the answer and what went wrong, if it says so. */
static int
read_answer(struct docker_load *l, int64_t deadline, struct err *err)
{
	struct http_response resp = {0};
	int rc = -1;

	if (http_receive(l->conn, &resp, deadline, err) == 0 &&
		http_body_start(&resp.body, &resp.head, false, err) == 0)
		rc = resp.head.status == 200 ? docker_push_read(&resp, &l->arena, NULL, NULL, err)
					     : docker_refusal(&resp, deadline, err);
	http_response_release(&resp);
	return rc;
}

ssize_t
docker_load_flush(struct docker_load *l, struct err *err)
{
	struct err why = {0}, said = {0};

	while (l->at < l->out.len) {
		ssize_t n = conn_try_write(l->conn, l->out.p + l->at, l->out.len - l->at, &why);

		if (n == CONN_WAIT)
			return (ssize_t)(l->out.len - l->at);
		if (n < 0)
			break;
		l->at += (size_t)n;
	}
	if (l->at == l->out.len) {
		buf_reset(&l->out);
		l->at = 0;
		return 0;
	}
	/* who hangs up may have said why */
	if (read_answer(l, deadline_in(COMPLAINT_MS), &said) && said.kind == ERR_REMOTE)
		why = said;
	*err = why;
	return err_wrap(err, "load into the Docker Engine");
}

int
docker_load_finish(struct docker_load *l, struct err *err)
{
	int rc;

	if (!l->conn)
		return err_set(err, ERR_PROTO, "the daemon reports success but sent no image");
	rc = read_answer(l, deadline_in(ANSWER_MS), err);
	docker_load_release(l);
	return rc ? err_wrap(err, "load into the Docker Engine") : 0;
}

void
docker_load_release(struct docker_load *l)
{
	conn_close(l->conn);
	arena_release(&l->arena);
	buf_release(&l->out);
	*l = (struct docker_load){0};
}
