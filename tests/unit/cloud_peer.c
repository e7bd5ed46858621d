#include "cloud_peer.h"

#include "base/codec.h"
#include "net/tls_env.h"
#include "test.h"

static int64_t
standing_clock(void)
{
	return PEER_NOW;
}

static int
send_scripted(struct https *h, struct arena *a, const struct https_request *req,
	struct https_answer *out, struct err *err)
{
	struct cloud_peer *p = h->arg;
	const char *line = arena_fmt(&p->arena, "%s %s", req->method, req->url);
	const struct peer_answer *answer = p->answers;
	struct peer_request *kept;
	size_t i;

	assert_that(answer && answer->request, "unexpected: %s", line);
	assert_that(
		!strcmp(answer->request, line), "asked for '%s', not '%s'", line, answer->request);
	assert_that(p->n < PEER_REQUESTS_MAX, "too many requests");
	assert_that(req->plain || str_starts(str_from(req->url), STR("https://")),
		"in the clear: %s", line);
	p->answers++;
	kept = &p->requests[p->n++];
	*kept = (struct peer_request){
		.body = arena_str(&p->arena, req->body), .direct = req->direct};
	if (req->tls)
		kept->ca = req->tls->ca;
	for (i = 0; i < req->nfields; i++)
		kv_set(&kept->fields, &p->arena, req->fields[i].name,
			arena_str(&p->arena, req->fields[i].value));
	if (answer->status == 0)
		return err_set(err, ERR_NET, "nobody is there");
	*out = (struct https_answer){.status = answer->status};
	if (answer->field)
		kv_set(&out->fields, a, answer->field, answer->value);
	buf_init(&out->body, 1024 * 1024);
	buf_puts(&out->body, answer->body ? answer->body : "");
	return 0;
}

static int
count_pause(struct https *h, int ms, struct err *err)
{
	struct cloud_peer *p = h->arg;

	(void)err;
	assert_true(ms > 0);
	p->pauses++;
	return 0;
}

void
cloud_peer_open(struct cloud_peer *p)
{
	*p = (struct cloud_peer){.n = 0};
	sandbox_open(&p->box);
	p->env.vars = p->vars;
	p->https = (struct https){send_scripted, count_pause, &p->env, p};
	cloud_init(&p->cloud, &p->arena, &p->env, &p->https, &p->box.log);
	p->cloud.clock = standing_clock;
	cloud_peer_var(p, arena_fmt(&p->arena, "HOME=%s", p->box.root));
}

void
cloud_peer_close(struct cloud_peer *p)
{
	const char *left = p->answers ? p->answers->request : NULL;

	assert_that(!left, "never asked for: %s", left);
	sandbox_close(&p->box);
	arena_release(&p->arena);
}

void
cloud_peer_var(struct cloud_peer *p, const char *var)
{
	assert_true(p->nvars + 1 < ARRAY_LEN(p->vars));
	p->vars[p->nvars++] = var;
}

void
cloud_peer_script(struct cloud_peer *p, const struct peer_answer *answers)
{
	p->answers = answers;
	p->n = 0;
	p->pauses = 0;
}

const char *
cloud_peer_form(struct cloud_peer *p, size_t n, const char *name)
{
	struct str rest, piece, key;

	assert_that(n < p->n, "only %zu requests", p->n);
	rest = str_from(p->requests[n].body);
	while (str_next(&rest, '&', &piece)) {
		cleanup_buf struct buf value = {0};

		if (!str_cut(&piece, '=', &key) || !str_is(key, name))
			continue;
		percent_decode(&value, piece, true);
		return arena_str(&p->arena, buf_view(&value));
	}
	return NULL;
}

const char *
cloud_peer_field(const struct cloud_peer *p, size_t n, const char *name)
{
	assert_that(n < p->n, "only %zu requests", p->n);
	return kv_get(&p->requests[n].fields, name);
}
