#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/limits.h"
#include "base/secret.h"
#include "docker/docker.h"
#include "docker/request.h"
#include "docker/words.h"
#include "image/digest.h"
#include "net/conn.h"

enum {
	SILENCE_MS = 10 * 60 * 1000, /* the Engine says something at least while it uploads */
};

struct push {
	struct arena *arena;
	const struct docker_watch *watch; /* or NULL */
	char *digest;                     /* from aux, else from a status line */
	bool from_aux;
};

/* X-Registry-Auth: padded base64url of one JSON object; "{}" for nobody. */
static void
auth_field(struct buf *out, const struct docker_auth *auth)
{
	cleanup_buf struct buf json = {0};
	cleanup_jval struct jval *v = jval_new_object();

	if (auth && auth->secret && secret_is_set(auth->secret)) {
		const char *secret = secret_reveal(auth->secret).s;

		if (auth->identity) {
			jval_set_str(v, "identitytoken", secret);
		} else {
			jval_set_str(v, "username", auth->user ? auth->user : "");
			jval_set_str(v, "password", secret);
		}
		if (auth->server)
			jval_set_str(v, "serveraddress", auth->server);
	}
	jval_write(&json, v, 0);
	base64_encode(out, buf_view(&json), BASE64_URL);
	buf_wipe(&json);
}

/* "TAG: digest: sha256:... size: N" is all the containerd store says. */
static void
digest_of_status(struct push *p, const char *status)
{
	const char *at = strstr(status, "digest: sha256:");
	struct str digest;

	if (!at || p->from_aux)
		return;
	digest = str_first(str_from(at + strlen("digest: ")), strlen("sha256:") + 64);
	if (digest_is_valid(digest))
		p->digest = arena_str(p->arena, digest);
}

static int
digest_of_aux(struct push *p, const struct jval *aux, struct err *err)
{
	const char *text = jval_get_str(aux, "Digest");

	if (!text)
		return 0;
	if (digest_check(str_from(text), err))
		return err_wrap(err, "the Engine names a digest that is none");
	p->digest = arena_cstr(p->arena, text);
	p->from_aux = true;
	return 0;
}

/* ---- what went wrong -------------------------------------------------------- */

/* The texts are those of the Engine's registry clients, before and with containerd's store. */
static int
refused(const char *message, int code, struct err *err)
{
	struct str text = str_from(message);

	if (words_nobody(text))
		return err_setc(err, ERR_NET, ECONNREFUSED, "%s", message);
	if (words_passing(text))
		return err_setc(err, ERR_NET, 0, "%s", message);
	/* registries that forbid to move a tag may call that a matter of rights */
	if (words_refused(text) && str_search(text, STR("immutab")) < 0)
		return err_setc(err, ERR_AUTH, code, "%s", message);
	return err_setc(err, ERR_REMOTE, code, "%s", message);
}

/* Failure: any of the two forms is one, with whatever text there is. */
static int
check_failure(const struct jval *v, struct err *err)
{
	const struct jval *detail = jval_get(v, "errorDetail"), *error = jval_get(v, "error");
	const char *text = jval_get_str(detail, "message");

	if (jval_kind(detail) <= JVAL_NULL && jval_kind(error) <= JVAL_NULL)
		return 0;
	if (!text || !*text)
		text = jval_str(error);
	return refused(
		text && *text ? text : "the Engine reports a failure without a reason", 0, err);
}

/* ---- the stream ------------------------------------------------------------- */

static int
push_line(struct push *p, struct str line, struct err *err)
{
	cleanup_jval struct jval *v = NULL;
	const struct jval *detail;
	const char *text, *id;

	line = str_trim(line);
	if (line.len == 0)
		return 0;
	v = jval_parse(line, NULL);
	if (jval_kind(v) != JVAL_OBJECT)
		return err_set(err, ERR_PROTO, "unable to parse the Engine's answer: " STR_FMT,
			STR_ARG(str_first(line, 200)));
	if (check_failure(v, err) || digest_of_aux(p, jval_get(v, "aux"), err))
		return -1;
	text = jval_get_str(v, "status");
	if (!text)
		return 0;
	digest_of_status(p, text);
	detail = jval_get(v, "progressDetail");
	id = jval_get_str(v, "id");
	if (p->watch)
		p->watch->progress(id ? id : "", text, jval_get_int(detail, "current", 0),
			jval_get_int(detail, "total", 0), p->watch->arg);
	return 0;
}

/* More of the body is to come, so that waiting for it makes sense. */
static bool
is_unfinished(const struct http_response *resp)
{
	return resp->body.kind == HTTP_BODY_CHUNKED || resp->body.kind == HTTP_BODY_TO_CLOSE ||
	       (resp->body.kind == HTTP_BODY_LENGTH && resp->body.left > 0);
}

/* http_body_read that gives signs of life while nothing comes. */
static ssize_t
next_piece(struct push *p, struct http_response *resp, struct str *piece, struct err *err)
{
	int64_t silent = deadline_in(SILENCE_MS);
	struct err why = {0};

	while (p->watch && http_rest(resp).len == 0 && is_unfinished(resp) && clock_ms() < silent &&
		conn_wait(resp->conn, false, deadline_in(p->watch->silence_ms), &why)) {
		if (why.kind != ERR_NET || why.code != ETIMEDOUT) {
			if (err)
				*err = why;
			return -1;
		}
		p->watch->progress("", "", 0, 0, p->watch->arg);
	}
	return http_body_read(resp, piece, silent, err);
}

/* Lines may be cut anywhere by the chunks they come in. */
static int
push_stream(struct push *p, struct http_response *resp, struct err *err)
{
	cleanup_buf struct buf line = {.max = LIMIT_STREAM_LINE};
	struct str piece, head;
	ssize_t n;

	while ((n = next_piece(p, resp, &piece, err)) > 0) {
		while (str_cut(&piece, '\n', &head)) {
			if (buf_add(&line, head.s, head.len, err) ||
				push_line(p, buf_view(&line), err))
				return -1;
			buf_reset(&line);
		}
		if (buf_add(&line, piece.s, piece.len, err))
			return -1;
	}
	if (n < 0)
		return -1;
	return push_line(p, buf_view(&line), err);
}

int
docker_push_read(struct http_response *resp, struct arena *a, const struct docker_watch *watch,
	char **digest, struct err *err)
{
	struct push p = {.arena = a, .watch = watch};

	if (push_stream(&p, resp, err))
		return -1;
	if (!digest)
		return 0;
	if (!p.digest)
		return err_set(err, ERR_PROTO, "the Engine ended the push without naming a digest");
	*digest = p.digest;
	return 0;
}

int
docker_push(const struct docker *d, struct arena *a, const char *repository, const char *tag,
	const struct docker_auth *auth, const struct docker_watch *watch, char **digest,
	struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	cleanup_buf struct buf field = {0};
	struct http_extra extra;
	struct http_request req = {.method = "POST", .fields = &extra, .nfields = 1};
	int rc;

	auth_field(&field, auth);
	extra = (struct http_extra){"X-Registry-Auth", buf_view(&field)};
	rc = docker_request_open(d, &x, &req,
		arena_fmt(&x.arena, "/images/%s/push?tag=%s", repository, tag),
		deadline_in(SILENCE_MS), err);
	buf_wipe(&field);
	if (rc)
		return -1;
	if (x.resp.head.status != 200) {
		struct err why = {0};

		docker_refusal(&x.resp, deadline_in(SILENCE_MS), &why);
		return refused(why.msg, why.code, err);
	}
	return docker_push_read(&x.resp, a, watch, digest, err);
}
