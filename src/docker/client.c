#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/limits.h"
#include "docker/docker.h"
#include "docker/request.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/tls_env.h"

enum {
	API_MAX_MINOR = 55, /* of 1.x: what this program was written against */
	API_MIN_MINOR = 40, /* BuildKit's session and outputs are there from here on */
	ANSWER_MS = 60000,  /* for calls that only look something up */
};

struct conn *
docker_dial(const struct docker_endpoint *e, int64_t deadline, struct err *err)
{
	/* an Engine's own listener speaks nothing else over TLS */
	static const char *const http1[] = {"http/1.1", NULL};
	struct tls_files files = {.ca = e->ca,
		.cert = e->cert,
		.key = e->key,
		.insecure = !e->verify,
		.ca_setting = "ca.pem in the folder DOCKER_CERT_PATH",
		.cert_setting = "cert.pem and key.pem in the folder DOCKER_CERT_PATH"};
	struct conn *c;

	if (e->transport == DOCKER_UNIX)
		return dial_unix(e->path, deadline, err);
	c = dial_tcp(e->host, e->port, deadline, err);
	if (!c || !e->tls)
		return c;
	return tls_connect_files(c, &files, e->host, http1, e->env, deadline, err);
}

/* Any host will do on a socket; never the path, which Go's server refuses. */
static const char *
host_field(const struct docker_endpoint *e, struct arena *a)
{
	if (e->transport == DOCKER_UNIX)
		return "docker";
	return arena_fmt(a, strchr(e->host, ':') ? "[%s]:%s" : "%s:%s", e->host, e->port);
}

void
docker_request_place(const struct docker *d, struct arena *a, const char *path, const char **host,
	const char **target)
{
	const struct docker_endpoint *e = d->endpoint;

	*host = host_field(e, a);
	*target = d->version[0] ? arena_fmt(a, "%s/v%s%s", e->base, d->version, path)
				: arena_fmt(a, "%s%s", e->base, path);
}

int
docker_refusal(struct http_response *resp, int64_t deadline, struct err *err)
{
	cleanup_buf struct buf body = {0};
	cleanup_jval struct jval *v = NULL;
	int status = resp->head.status;
	const char *text;

	if (http_body_all(resp, LIMIT_ERROR_BODY, &body, deadline, NULL) && body.len == 0)
		return err_setc(
			err, ERR_REMOTE, status, "the Engine answered with HTTP status %d", status);
	v = jval_parse(buf_view(&body), NULL);
	text = jval_get_str(v, "message");
	if (text && *text)
		return err_setc(err, ERR_REMOTE, status, "%s", text);
	if (body.len == 0)
		return err_setc(
			err, ERR_REMOTE, status, "the Engine answered with HTTP status %d", status);
	return err_setc(err, ERR_REMOTE, status,
		"the Engine answered with HTTP status %d: " STR_FMT, status,
		STR_ARG(str_trim(str_first(buf_view(&body), 500))));
}

int
docker_request_open(const struct docker *d, struct docker_exchange *x, struct http_request *req,
	const char *path, int64_t deadline, struct err *err)
{
	const struct docker_endpoint *e = d->endpoint;

	docker_request_place(d, &x->arena, path, &req->host, &req->target);
	if (req->upgrade)
		req->target = arena_fmt(&x->arena, "%s%s", e->base, path);
	x->conn = docker_dial(e, deadline, err);
	if (!x->conn)
		return -1;
	return http_exchange(x->conn, req, &x->resp, deadline, err);
}

void
docker_exchange_release(struct docker_exchange *x)
{
	http_response_release(&x->resp);
	conn_close(x->conn);
	x->conn = NULL;
	arena_release(&x->arena);
}

/* ---- ping ----------------------------------------------------------------- */

static int
negotiate(struct docker *d, const struct http_head *h, struct err *err)
{
	struct str version = http_head_get(h, "api-version"), server = http_head_get(h, "server");
	struct str rest = version;
	uint64_t major = 1, minor = API_MAX_MINOR;

	if (str_take(&server, STR("Docker/"))) {
		ptrdiff_t blank = str_find(server, ' ');

		snprintf(d->engine, sizeof(d->engine), STR_FMT,
			STR_ARG(blank < 0 ? server : str_first(server, (size_t)blank)));
	}
	if (version.s && (!str_take_u64(&rest, 10, &major) || !str_take(&rest, STR(".")) ||
				 !str_u64(rest, 10, &minor) || major != 1))
		return err_set(err, ERR_PROTO,
			"%s names an API version that makes no sense: '" STR_FMT "'",
			d->endpoint->address, STR_ARG(version));
	if (minor < API_MIN_MINOR) {
		err_set(err, ERR_REMOTE, "the Engine at %s speaks API 1.%d only, 1.%d is needed",
			d->endpoint->address, (int)minor, API_MIN_MINOR);
		return err_hint(err, "Docker Engine 20.10 or newer is supported");
	}
	snprintf(d->version, sizeof(d->version), "1.%d",
		minor < API_MAX_MINOR ? (int)minor : API_MAX_MINOR);
	d->negotiated = true;
	return 0;
}

static int
ping_with(struct docker *d, const char *method, int64_t deadline, struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	struct http_request req = {.method = method};

	if (docker_request_open(d, &x, &req, "/_ping", deadline, err))
		return -1;
	if (x.resp.head.status != 200)
		return docker_refusal(&x.resp, deadline, err);
	if (d->endpoint->version) {
		snprintf(d->version, sizeof(d->version), "%s", d->endpoint->version);
		return 0;
	}
	return negotiate(d, &x.resp.head, err);
}

int
docker_ping(struct docker *d, const struct docker_endpoint *e, int64_t deadline, struct err *err)
{
	struct err first = {0};

	*d = (struct docker){.endpoint = e};
	if (ping_with(d, "HEAD", deadline, &first) == 0)
		return 0;
	/* only an answer that was no good is worth a second question */
	if (first.kind != ERR_REMOTE || first.code == 0) {
		*err = first;
		return -1;
	}
	return ping_with(d, "GET", deadline, err);
}

int
docker_answer(
	struct docker_exchange *x, int want, struct jval **out, int64_t deadline, struct err *err)
{
	cleanup_buf struct buf body = {.max = LIMIT_JSON};

	if (x->resp.head.status != want)
		return docker_refusal(&x->resp, deadline, err);
	if (http_body_all(&x->resp, LIMIT_JSON, &body, deadline, err))
		return -1;
	*out = jval_parse(buf_view(&body), err);
	return *out ? 0 : -1;
}

/* ---- other protocols ------------------------------------------------------ */

struct conn *
docker_upgrade(const struct docker *d, const char *path, const char *protocol,
	const struct strlist *headers, const char *body, int64_t deadline, struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	struct http_request req = {.method = "POST", .upgrade = protocol};
	struct http_extra *fields;
	struct conn *below;
	size_t i, n = headers ? headers->n / 2 : 0;

	fields = arena_new(&x.arena, struct http_extra, n);
	for (i = 0; i < n; i++)
		fields[i] = (struct http_extra){
			headers->items[2 * i], str_from(headers->items[2 * i + 1])};
	req.fields = fields;
	req.nfields = n;
	if (body) {
		req.content_type = "application/json";
		req.body = str_from(body);
	}
	if (docker_request_open(d, &x, &req, path, deadline, err))
		return NULL;
	if (x.resp.head.status != 101) {
		docker_refusal(&x.resp, deadline, err);
		err_wrap(err, "POST %s", path);
		return NULL;
	}
	/* bytes behind the head belong to the new protocol already */
	below = steal_ptr(&x.conn);
	return conn_prefixed(below, http_rest(&x.resp));
}

int
docker_image_id(
	const struct docker *d, struct arena *a, const char *ref, char **id, struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	cleanup_jval struct jval *v = NULL;
	struct http_request req = {.method = "GET"};
	int64_t deadline = deadline_in(ANSWER_MS);

	if (docker_request_open(
		    d, &x, &req, arena_fmt(&x.arena, "/images/%s/json", ref), deadline, err) ||
		docker_answer(&x, 200, &v, deadline, err))
		return -1;
	if (!jval_get_str(v, "Id"))
		return err_set(err, ERR_PROTO, "the Engine describes '%s' without an id", ref);
	*id = arena_cstr(a, jval_get_str(v, "Id"));
	return 0;
}
