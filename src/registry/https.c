#include "registry/https.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/limits.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/tls_env.h"
#include "net/url.h"

enum { PAUSE_FIRST_MS = 300 };

/* ---- one exchange ----------------------------------------------------------- */

static struct conn *
open_conn(struct https *h, const struct https_request *req, const struct url *url, const char *port,
	int64_t deadline, struct err *err)
{
	static const char *const http1[] = {"http/1.1", NULL};
	bool secure = !strcmp(url->scheme, "https");
	struct tls_files system = {0};
	struct conn *c;

	c = req->direct ? dial_tcp(url->host, port, deadline, err)
			: proxy_dial(h->env, secure, url->host, port, deadline, err);
	if (!c || !secure)
		return c;
	return tls_connect_files(
		c, req->tls ? req->tls : &system, url->host, http1, h->env, deadline, err);
}

static void
keep_fields(struct arena *a, const struct http_head *head, struct kvlist *out)
{
	size_t i, k;

	for (i = 0; i < head->n; i++) {
		char *name = arena_str(a, head->fields[i].name);

		for (k = 0; name[k]; k++)
			if (name[k] >= 'A' && name[k] <= 'Z')
				name[k] = (char)(name[k] | 0x20);
		if (!kv_get(out, name))
			kv_set(out, a, name, arena_str(a, head->fields[i].value));
	}
}

static int
exchange(struct conn *c, struct arena *a, const struct https_request *req,
	const struct http_request *http, struct https_answer *out, int64_t deadline,
	struct err *err)
{
	cleanup_http_response struct http_response resp = {0};
	size_t max = req->max ? req->max : LIMIT_JSON;

	if (http_exchange(c, http, &resp, deadline, err))
		return -1;
	out->status = resp.head.status;
	keep_fields(a, &resp.head, &out->fields);
	buf_init(&out->body, max);
	return http_body_all(&resp, max, &out->body, deadline, err);
}

static int
send_request(struct https *h, struct arena *a, const struct https_request *req,
	struct https_answer *out, struct err *err)
{
	int64_t deadline = deadline_in(req->timeout_ms ? req->timeout_ms : HTTPS_TIMEOUT_MS);
	struct http_request http = {.method = req->method,
		.fields = req->fields,
		.nfields = req->nfields,
		.content_type = req->content_type,
		.body = req->body};
	cleanup_conn struct conn *c = NULL;
	struct url url;
	bool secure, bare, named;

	if (url_parse(a, req->url, &url, err))
		return err_wrap(err, "'%s'", req->url);
	secure = !strcmp(url.scheme, "https");
	if (!secure && (!req->plain || strcmp(url.scheme, "http") != 0))
		return err_set(err, ERR_USAGE, "'%s' is not an address with https://", req->url);
	if (!*url.host || url.user)
		return err_set(err, ERR_USAGE, "the address must be SCHEME://HOST[:PORT]/PATH");
	bare = strchr(url.host, ':') == NULL;
	named = url.port && strcmp(url.port, secure ? "443" : "80") != 0;
	http.host = arena_fmt(a, "%s%s%s%s%s", bare ? "" : "[", url.host, bare ? "" : "]",
		named ? ":" : "", named ? url.port : "");
	http.target = arena_fmt(a, "%s%s%s", *url.path ? url.path : "/", url.query ? "?" : "",
		url.query ? url.query : "");
	c = open_conn(h, req, &url, url.port ? url.port : secure ? "443" : "80", deadline, err);
	if (!c || exchange(c, a, req, &http, out, deadline, err)) {
		https_answer_release(out);
		return err_wrap(err, "%s %s://%s%s", req->method, url.scheme, http.host,
			*url.path ? url.path : "/");
	}
	return 0;
}

static int
pause_ms(struct https *h, int ms, struct err *err)
{
	int64_t deadline = deadline_in(ms);

	(void)h;
	while (deadline_poll(deadline) > 0) {
		interrupt_poll(NULL, 0, deadline_poll(deadline));
		if (interrupt_check(err))
			return -1;
	}
	return 0;
}

void
https_init(struct https *h, const struct env *env)
{
	*h = (struct https){.send = send_request, .pause = pause_ms, .env = env};
}

/* ---- again -------------------------------------------------------------------- */

static bool
is_passing(int status)
{
	return status == 429 || status == 500 || (status >= 502 && status <= 504) || status == 509;
}

int
https_retry(struct https *h, struct arena *a, struct https_request *req,
	int (*make)(struct https_request *req, void *arg, struct err *err), void *arg,
	struct https_answer *out, struct err *err)
{
	struct err why;
	int try, ms = PAUSE_FIRST_MS;

	for (try = 1;; try++, ms *= 3) {
		why = (struct err){0};
		if (make && make(req, arg, err))
			return -1;
		if (h->send(h, a, req, out, &why) == 0) {
			if (try == HTTPS_TRIES || !is_passing(out->status))
				return 0;
			https_answer_release(out);
		} else if (try == HTTPS_TRIES || why.kind != ERR_NET) {
			if (err)
				*err = why;
			return -1;
		}
		if (h->pause(h, ms, err))
			return -1;
	}
}

/* ---- parts ---------------------------------------------------------------------- */

const char *
https_field(const struct https_answer *answer, const char *name)
{
	return kv_get(&answer->fields, name);
}

void
https_answer_release(struct https_answer *answer)
{
	buf_wipe(&answer->body);
	*answer = (struct https_answer){0};
}

void
https_form(struct buf *form, const char *name, struct str value)
{
	if (form->len)
		buf_putc(form, '&');
	percent_encode(form, str_from(name), NULL);
	buf_putc(form, '=');
	percent_encode(form, value, NULL);
}
