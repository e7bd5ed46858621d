#include "registry/request.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/tls.h"
#include "registry/exchange.h"
#include "registry/refusal.h"
#include "registry/token.h"

enum {
	TRY_MS = 30000, /* one try; a try takes a connection, a request and an answer */
	PAUSE_FIRST_MS = 500,
	PAUSE_MOST_MS = 30000,
};

/* ---- patience --------------------------------------------------------------- */

/* Longer each time, and a little by chance: jobs that failed together do not come back together. */
static int64_t
pause_of(int attempt)
{
	int64_t ms = PAUSE_FIRST_MS;
	unsigned char chance;

	while (attempt-- > 0 && ms < PAUSE_MOST_MS)
		ms *= 3;
	if (ms > PAUSE_MOST_MS)
		ms = PAUSE_MOST_MS;
	random_bytes(&chance, 1);
	return ms / 2 + ms / 2 * chance / 255;
}

static bool
is_late(int64_t at, int64_t deadline)
{
	return deadline != DEADLINE_NONE && at >= deadline;
}

bool
registry_again(struct registry *r, struct registry_tries *t, int64_t wait, int64_t deadline,
	const struct err *why, struct err *err)
{
	int64_t now = clock_ms();
	struct err signal = {0};

	if (t->n++ == 0)
		t->until = r->retry_for ? now + r->retry_for : DEADLINE_NONE;
	/* another request, while nothing works, has no time of its own */
	if (!r->until)
		r->until = t->until;
	if (wait < 0)
		wait = pause_of(t->n - 1);
	if (r->retry_for < 0 || (r->retry_for == 0 && t->n == REGISTRY_TRIES) ||
		is_late(now + wait, t->until) || is_late(now + wait, r->until) ||
		is_late(now + wait, deadline)) {
		if (err)
			*err = *why;
		return false;
	}
	/* a run that was given time for it shows what it is spent on */
	if (r->retry_for)
		log_warn(r->log, "%s; trying again in %lld.%llds", why->msg,
			(long long)(wait / 1000), (long long)(wait % 1000 / 100));
	else
		log_debug(r->log, "%s; trying again in %lld ms", why->msg, (long long)wait);
	if (exchange_pause(wait, &signal) == 0)
		return true;
	if (err)
		*err = signal;
	return false;
}

bool
registry_passes(const struct wire_reply *reply)
{
	return reply->lost || registry_status_passes(reply->head.status);
}

static int64_t
try_deadline(int64_t deadline, int64_t ms)
{
	int64_t own = deadline_in(ms ? ms : TRY_MS);

	return deadline == DEADLINE_NONE || own < deadline ? own : deadline;
}

static const char *
who(const struct registry *r, const struct wire_reply *reply, struct arena *a)
{
	struct url u;

	if (url_parse(a, reply->url, &u, NULL) || str_iis(str_from(u.host), r->wire.host))
		return arena_fmt(a, "registry '%s'", r->name);
	return arena_fmt(a, "'%s' (for registry '%s')", u.host, r->name);
}

int
registry_refused(const struct registry *r, const struct wire_reply *reply, struct err *err)
{
	cleanup_arena struct arena a = {0};

	return registry_refusal(who(r, reply, &a), &reply->head, buf_view(&reply->body), err);
}

/* The request, again while it fails in a way that passes by itself and the deadline allows. */
static int
send_patiently(struct registry *r, const struct wire_request *req, bool once,
	struct wire_reply *reply, int64_t deadline, struct err *err)
{
	struct registry_tries tries = {0};
	struct err why;

	for (;;) {
		int64_t wait = -1;
		int rc;

		why = (struct err){0};
		rc = wire_send(
			&r->wire, req, reply, try_deadline(deadline, req->patience_ms), &why);
		if (rc == 0 && !registry_status_passes(reply->head.status)) {
			r->until = 0;
			return 0;
		}
		if (rc == 0) {
			wait = registry_retry_after(http_head_get(&reply->head, "retry-after"),
				clock_wall_ns() / 1000000000);
			registry_refused(r, reply, &why);
		}
		if (once || (rc && !reply->lost))
			break;
		if (!registry_again(r, &tries, wait, deadline, &why, err))
			return -1;
		wire_reply_release(reply);
	}
	if (err)
		*err = why;
	return -1;
}

/* ---- tokens ----------------------------------------------------------------- */

static struct registry_token *
find_token(struct registry *r, const char *scope)
{
	size_t i;

	for (i = 0; i < REGISTRY_TOKENS_MAX; i++)
		if (r->tokens[i].scope && !strcmp(r->tokens[i].scope, scope))
			return &r->tokens[i];
	return NULL;
}

static void
forget_token(struct registry *r, const char *scope)
{
	struct registry_token *t = find_token(r, scope);

	if (t) {
		t->scope = NULL;
		secret_release(&t->value);
	}
}

/* Whether user and password are to be sent as a form because the server does not take GET. */
static bool
wants_form(const struct registry *r, const struct wire_reply *reply)
{
	return r->cred.kind == CREDENTIAL_BASIC &&
	       (reply->head.status == 404 || reply->head.status == 405);
}

static int
ask_token(struct registry *r, const char *scope, bool form, struct wire_reply *reply,
	int64_t deadline, struct err *err)
{
	struct buf url = {0}, body = {0}, authorization = {0};
	struct wire_request req = {
		.method = "GET", .accept = "application/json", .max = LIMIT_ERROR_BODY};
	int rc;

	if (form) {
		req.method = "POST";
		req.url = r->challenge.realm;
		req.content_type = "application/x-www-form-urlencoded";
		token_form(&body, &r->challenge, *scope ? scope : NULL, &r->cred);
		req.body = buf_view(&body);
	} else {
		token_url(&url, &r->challenge, *scope ? scope : NULL);
		req.url = arena_str(&r->arena, buf_view(&url));
		if (r->cred.kind == CREDENTIAL_BASIC)
			token_basic(&authorization, &r->cred);
		req.authorization = buf_view(&authorization);
	}
	rc = send_patiently(r, &req, false, reply, deadline, err);
	buf_release(&url);
	buf_wipe(&body);
	buf_wipe(&authorization);
	return rc;
}

static int
fetch_token(struct registry *r, const char *scope, struct wire_reply *reply, int64_t deadline,
	struct err *err)
{
	bool form = r->cred.kind == CREDENTIAL_IDENTITY;
	struct url realm;

	if (url_parse(&r->arena, r->challenge.realm, &realm, err) ||
		wire_allows(&r->wire, &realm, r->plain, err))
		return err_wrap(err, "token server of registry '%s'", r->name);
	if (ask_token(r, scope, form, reply, deadline, err))
		return err_wrap(err, "token server of registry '%s'", r->name);
	if (!form && wants_form(r, reply)) {
		wire_reply_release(reply);
		if (ask_token(r, scope, true, reply, deadline, err))
			return err_wrap(err, "token server of registry '%s'", r->name);
	}
	return reply->head.status == 200 ? 0 : registry_refused(r, reply, err);
}

int
registry_ask_token(struct registry *r, const char *scope, struct secret *token, int64_t *life_ms,
	int64_t deadline, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};

	if (fetch_token(r, scope, &reply, deadline, err))
		return -1;
	if (token_parse(buf_view(&reply.body), token, life_ms, err) == 0)
		return 0;
	return err_wrap(err, "token server of registry '%s'", r->name);
}

static int
renew_token(struct registry *r, const char *scope, int64_t deadline, struct err *err)
{
	cleanup_secret struct secret value = {0};
	struct registry_token *t;
	int64_t life;

	if (registry_ask_token(r, scope, &value, &life, deadline, err))
		return -1;
	t = find_token(r, scope);
	if (!t) {
		t = &r->tokens[r->next_token];
		r->next_token = (r->next_token + 1) % REGISTRY_TOKENS_MAX;
	}
	t->scope = scope;
	secret_copy(&t->value, &value);
	/* what is used at its very end arrives too late */
	t->until = clock_ms() + life / 10 * 9;
	return 0;
}

/* ---- authorization ---------------------------------------------------------- */

static const char *
scope_of(struct registry *r, const char *actions, const char *from)
{
	const char *own = actions ? token_scope(&r->arena, r->repository, actions) : "";

	if (!from)
		return own;
	return arena_fmt(&r->arena, "%s %s", own, token_scope(&r->arena, from, "pull"));
}

int
registry_authorize(struct registry *r, const char *actions, const char *from, struct buf *out,
	int64_t deadline, struct err *err)
{
	const char *scope = scope_of(r, actions, from);
	struct registry_token *t;

	switch (r->challenge.kind) {
	case CHALLENGE_NONE:
		return 0;
	case CHALLENGE_BASIC:
		if (r->cred.kind == CREDENTIAL_BASIC)
			token_basic(out, &r->cred);
		return 0;
	case CHALLENGE_BEARER:
		break;
	}
	if (r->cred.kind == CREDENTIAL_BEARER) {
		token_bearer(out, &r->cred.secret);
		return 0;
	}
	t = find_token(r, scope);
	if (!t || clock_ms() >= t->until) {
		if (renew_token(r, scope, deadline, err))
			return -1;
		t = find_token(r, scope);
	}
	token_bearer(out, &t->value);
	return 0;
}

/*
 * Keeps what the registry asks for now. A registry that was shown something
 * wrong may fall back to a lesser question; the first one stays in force then.
 * False when there is nothing new to show.
 */
static bool
take_challenge(struct registry *r, const struct wire_reply *reply)
{
	struct challenge c;

	challenge_pick(&r->arena, &reply->head, &c);
	if (c.kind < r->challenge.kind)
		return true;
	r->challenge = c;
	return c.kind == CHALLENGE_BEARER ||
	       (c.kind == CHALLENGE_BASIC && r->cred.kind == CREDENTIAL_BASIC);
}

static bool
is_own(const struct registry *r, const char *url)
{
	cleanup_arena struct arena a = {0};
	struct url base, u;

	return !url_parse(&a, r->base, &base, NULL) && !url_parse(&a, url, &u, NULL) &&
	       wire_same_origin(&base, &u);
}

static int
send_once_authorized(struct registry *r, const struct registry_request *req, const char *url,
	struct wire_reply *reply, int64_t deadline, struct err *err)
{
	struct buf authorization = {0};
	struct wire_request w = {.method = req->method,
		.url = url,
		.accept = req->accept,
		.content_type = req->content_type,
		.content_range = req->content_range,
		.body = req->body,
		.source = req->source,
		.patience_ms = req->patience_ms,
		.max = req->max,
		.streams = req->streams};
	int rc = 0;

	if (is_own(r, url))
		rc = registry_authorize(r, req->actions, req->from, &authorization, deadline, err);
	w.authorization = buf_view(&authorization);
	if (rc == 0)
		rc = send_patiently(r, &w, req->once, reply, deadline, err);
	buf_wipe(&authorization);
	return rc;
}

static const char *
where_of(struct registry *r)
{
	return r->repository ? arena_fmt(&r->arena, "%s/%s", r->name, r->repository) : r->name;
}

bool
registry_look_again(struct registry *r)
{
	cleanup_credential struct credential found = {0};
	struct err why = {0};

	if (!r->credentials)
		return false;
	if (credentials_again(r->credentials, where_of(r), &found, &why)) {
		log_debug(r->log, "%s", why.msg);
		return false;
	}
	if (found.kind == CREDENTIAL_NONE ||
		str_eq(secret_reveal(&found.secret), secret_reveal(&r->cred.secret)))
		return false;
	credential_release(&r->cred);
	r->cred = found;
	found = (struct credential){0};
	return true;
}

int
registry_send(struct registry *r, const struct registry_request *req, struct wire_reply *reply,
	int64_t deadline, struct err *err)
{
	const char *url =
		req->url[0] == '/' ? arena_fmt(&r->arena, "%s%s", r->base, req->url) : req->url;
	bool asked = false, looked = false;

	for (;;) {
		struct err why = {0};
		int rc;

		*reply = (struct wire_reply){.url = url};
		rc = send_once_authorized(r, req, url, reply, deadline, &why);
		if (rc == 0 && reply->head.status != 401)
			return 0;
		/* a question from elsewhere is none for these credentials */
		if (rc == 0 && (reply->foreign || !is_own(r, url)))
			return registry_refused(r, reply, err);
		if (rc == 0 && !asked && take_challenge(r, reply)) {
			asked = true;
		} else if ((rc == 0 || why.kind == ERR_AUTH) && !looked && registry_look_again(r)) {
			looked = true;
		} else {
			if (rc && err)
				*err = why;
			return rc ? -1 : registry_refused(r, reply, err);
		}
		forget_token(r, scope_of(r, req->actions, req->from));
		wire_reply_release(reply);
	}
}

/* ---- first contact ---------------------------------------------------------- */

static const char *
base_of(struct registry *r, const char *scheme)
{
	const struct wire *w = &r->wire;

	return arena_fmt(&r->arena, strchr(w->host, ':') ? "%s://[%s]%s%s" : "%s://%s%s%s", scheme,
		w->host, w->port ? ":" : "", w->port ? w->port : "");
}

/* Asks both ways without showing anything; an HTTPS server answers 400 to plain HTTP. */
static void
find_scheme(struct registry *r, int64_t deadline)
{
	struct wire_request req = {.method = "GET", .max = LIMIT_ERROR_BODY};
	struct wire_reply reply;
	struct err why = {0};
	int rc;

	req.url = arena_fmt(&r->arena, "%s/v2/", base_of(r, "https"));
	rc = wire_send(&r->wire, &req, &reply, try_deadline(deadline, 0), &why);
	wire_reply_release(&reply);
	/* who has a certificate speaks TLS, even if it is none that we like */
	if (rc == 0 || (why.kind == ERR_TLS && why.code == TLS_CERTIFICATE))
		return;
	req.url = arena_fmt(&r->arena, "%s/v2/", base_of(r, "http"));
	rc = wire_send(&r->wire, &req, &reply, try_deadline(deadline, 0), NULL);
	r->plain = rc == 0 ? reply.head.status != 400 : reply.lost;
	wire_reply_release(&reply);
}

int
registry_ping(struct registry *r, int64_t deadline, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct wire_request req = {.method = "GET", .max = LIMIT_ERROR_BODY};

	if (r->pinged)
		return 0;
	if (r->may_be_plain)
		find_scheme(r, deadline);
	r->base = base_of(r, r->plain ? "http" : "https");
	req.url = arena_fmt(&r->arena, "%s/v2/", r->base);
	if (send_patiently(r, &req, false, &reply, deadline, err))
		return err_wrap(err, "registry '%s'", r->name);
	if (reply.head.status == 401 && !reply.foreign) {
		challenge_pick(&r->arena, &reply.head, &r->challenge);
		/* some name a scope here that nobody asked about */
		r->challenge.scope = NULL;
	} else if (reply.head.status != 200) {
		return registry_refused(r, &reply, err);
	}
	r->pinged = true;
	return 0;
}
