#include "registry/oauth.h"

#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/jval.h"
#include "registry/cloud.h"
#include "registry/https.h"
#include "registry/moment.h"
#include "registry/words.h"

/* LIFE_MAX: more than any service gives. */
enum {
	ANSWER_MAX = 1024 * 1024,
	TEXT_MAX = 400,
	FILE_MAX = 1024 * 1024,
	LIFE_MAX = 7 * 86400,
	ID_MAX = 60
};

void
oauth_answer_release(struct oauth_answer *a)
{
	jval_free(a->doc);
	*a = (struct oauth_answer){0};
}

int
oauth_send(struct cloud *c, struct https_request *req, struct oauth_answer *out, struct err *err)
{
	cleanup_https_answer struct https_answer got = {0};
	const char *date;

	*out = (struct oauth_answer){0};
	if (!req->max)
		req->max = ANSWER_MAX;
	if (https_retry(c->https, c->arena, req, NULL, NULL, &got, err))
		return -1;
	out->status = got.status;
	out->doc = jval_parse(buf_view(&got.body), NULL);
	if (jval_kind(out->doc) != JVAL_OBJECT) {
		jval_free(out->doc);
		out->doc = NULL;
	}
	date = https_field(&got, "date");
	if (date)
		moment_parse_http(str_from(date), &out->theirs);
	return 0;
}

int
oauth_post(struct cloud *c, const char *url, const struct buf *form, struct oauth_answer *out,
	struct err *err)
{
	struct https_request req = {.method = "POST",
		.url = url,
		.content_type = "application/x-www-form-urlencoded",
		.body = buf_view(form)};

	return oauth_send(c, &req, out, err);
}

static void
put_line(struct buf *out, const char *text)
{
	struct str rest = str_from(text), line;

	if (str_line(&rest, &line))
		words_add(out, line, TEXT_MAX);
}

void
oauth_words(const struct oauth_answer *a, struct buf *out)
{
	const struct jval *inner = jval_get(a->doc, "error");
	const char *code = jval_str(inner);
	const char *text = jval_get_str(a->doc, "error_description");
	const char *id = jval_get_str(a->doc, "correlation_id");

	/* Google's APIs: {"error": {"status", "message"}}; its metadata server has none of all */
	if (!code)
		code = jval_get_str(inner, "status");
	if (!text)
		text = jval_get_str(inner, "message");
	if (!text)
		text = jval_get_str(a->doc, "message");
	if (!code && !text) {
		buf_addf(out, "status %d", a->status);
		return;
	}
	if (code)
		put_line(out, code);
	if (code && text)
		buf_puts(out, ": ");
	if (text)
		put_line(out, text);
	if (id) {
		buf_puts(out, " (correlation id ");
		words_add(out, str_from(id), ID_MAX);
		buf_putc(out, ')');
	}
}

void
oauth_token_release(struct oauth_token *t)
{
	secret_release(&t->value);
	*t = (struct oauth_token){0};
}

int
oauth_take(struct cloud *c, const struct oauth_answer *a, const char *who, struct oauth_token *out,
	struct err *err)
{
	const char *token = jval_get_str(a->doc, "access_token");
	const struct jval *life = jval_get(a->doc, "expires_in");
	uint64_t seconds = 0;

	if (!token || !*token)
		return err_set(err, ERR_PROTO, "%s answers without an access_token", who);
	if (jval_kind(life) == JVAL_NUMBER && jval_int(life, 0) > 0)
		seconds = (uint64_t)jval_int(life, 0);
	else if (jval_str(life) && !str_u64(str_from(jval_str(life)), 10, &seconds))
		seconds = 0;
	secret_set(&out->value, str_from(token));
	out->expires =
		seconds ? cloud_now(c) + (int64_t)(seconds < LIFE_MAX ? seconds : LIFE_MAX) : 0;
	return 0;
}

int
oauth_read_file(const char *path, struct buf *out, struct err *err)
{
	struct str bare;

	buf_reserve(out, 64 * 1024, NULL);
	if (file_read(AT_FDCWD, path, FILE_MAX, out, err))
		return -1;
	bare = str_trim(buf_view(out));
	if (bare.len == 0)
		return err_set(err, ERR_CONFIG, "'%s' is empty", path);
	memmove(out->p, bare.s, bare.len);
	out->len = bare.len;
	out->p[out->len] = '\0';
	return 0;
}
