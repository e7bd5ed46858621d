#include "registry/https.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/limits.h"
#include "net/conn.h"
#include "net/url.h"
#include "registry/exchange.h"
#include "registry/refusal.h"

enum { PAUSE_FIRST_MS = 300 };

/* ---- one exchange ----------------------------------------------------------- */

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
take_answer(struct arena *a, const struct https_request *req, struct http_response *resp,
	struct https_answer *out, int64_t deadline, struct err *err)
{
	size_t max = req->max ? req->max : LIMIT_JSON;

	out->status = resp->head.status;
	keep_fields(a, &resp->head, &out->fields);
	buf_init(&out->body, max);
	return http_body_all(resp, max, &out->body, deadline, err);
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
	struct url url;
	struct exchange x = {.env = h->env, .url = &url, .direct = req->direct, .files = req->tls};
	cleanup_conn struct conn *c = NULL;
	cleanup_http_response struct http_response resp = {0};

	if (url_parse(a, req->url, &url, err))
		return err_wrap(err, "'%s'", req->url);
	if (strcmp(url.scheme, "https") != 0 && (!req->plain || strcmp(url.scheme, "http") != 0))
		return err_set(err, ERR_USAGE, "'%s' is not an address with https://", req->url);
	if (!*url.host || url.user)
		return err_set(err, ERR_USAGE, "the address must be SCHEME://HOST[:PORT]/PATH");
	if (exchange_start(&x, a, &http, &resp, &c, deadline, err) ||
		take_answer(a, req, &resp, out, deadline, err)) {
		https_answer_release(out);
		return err_wrap(err, "%s %s://%s%s", req->method, url.scheme, http.host,
			*url.path ? url.path : "/");
	}
	return 0;
}

static int
pause_ms(struct https *h, int ms, struct err *err)
{
	(void)h;
	return exchange_pause(ms, err);
}

void
https_init(struct https *h, const struct env *env)
{
	*h = (struct https){.send = send_request, .pause = pause_ms, .env = env};
}

/* ---- again -------------------------------------------------------------------- */

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
			if (try == HTTPS_TRIES || !registry_status_passes(out->status))
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
