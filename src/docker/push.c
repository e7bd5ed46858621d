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

enum {
	SILENCE_MS = 10 * 60 * 1000, /* the Engine says something at least while it uploads */
};

struct push {
	struct arena *arena;
	docker_progress_fn progress;
	void *arg;
	char *digest; /* from aux, else from a status line */
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
	struct str hex;

	if (!at || p->from_aux)
		return;
	hex = str_first(str_from(at + strlen("digest: sha256:")), 64);
	if (hex.len == 64 && is_hex(hex))
		p->digest = arena_fmt(p->arena, "sha256:" STR_FMT, STR_ARG(hex));
}

static int
push_line(struct push *p, struct str line, struct err *err)
{
	cleanup_jval struct jval *v = NULL;
	const struct jval *detail;
	const char *text;

	line = str_trim(line);
	if (line.len == 0)
		return 0;
	v = jval_parse(line, NULL);
	if (jval_kind(v) != JVAL_OBJECT)
		return err_set(err, ERR_PROTO, "unable to parse the Engine's answer: " STR_FMT,
			STR_ARG(str_first(line, 200)));
	text = jval_get_str(jval_get(v, "errorDetail"), "message");
	if (!text)
		text = jval_get_str(v, "error");
	if (text)
		return err_setc(err, ERR_REMOTE, 0, "%s", text);
	text = jval_get_str(jval_get(v, "aux"), "Digest");
	if (text) {
		p->digest = arena_cstr(p->arena, text);
		p->from_aux = true;
	}
	text = jval_get_str(v, "status");
	if (!text)
		return 0;
	digest_of_status(p, text);
	detail = jval_get(v, "progressDetail");
	if (p->progress)
		p->progress(jval_get_str(v, "id") ? jval_get_str(v, "id") : "", text,
			jval_get_int(detail, "current", 0), jval_get_int(detail, "total", 0),
			p->arg);
	return 0;
}

/* Lines may be cut anywhere by the chunks they come in. */
static int
push_stream(struct push *p, struct http_response *resp, struct err *err)
{
	cleanup_buf struct buf line = {.max = LIMIT_STREAM_LINE};
	struct str piece, head;
	ssize_t n;

	while ((n = http_body_read(resp, &piece, deadline_in(SILENCE_MS), err)) > 0) {
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
docker_push(const struct docker *d, struct arena *a, const char *repository, const char *tag,
	const struct docker_auth *auth, docker_progress_fn progress, void *arg, char **digest,
	struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	cleanup_buf struct buf field = {0};
	struct push p = {.arena = a, .progress = progress, .arg = arg};
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
	if (x.resp.head.status != 200)
		return docker_refusal(&x.resp, deadline_in(SILENCE_MS), err);
	if (push_stream(&p, &x.resp, err))
		return -1;
	if (!p.digest)
		return err_set(err, ERR_PROTO, "the Engine ended the push without naming a digest");
	*digest = p.digest;
	return 0;
}
