#include "registry/token.h"

#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "registry/challenge.h"
#include "registry/credentials.h"

/* What servers show to their users as the program that asked. */
#define CLIENT_ID "buildtools"

char *
token_scope(struct arena *a, const char *repository, const char *actions)
{
	return arena_fmt(a, "repository:%s:%s", repository, actions);
}

static void
add_field(struct buf *out, const char *name, struct str value)
{
	if (out->len && out->p[out->len - 1] != '?' && out->p[out->len - 1] != '&')
		buf_putc(out, '&');
	buf_puts(out, name);
	buf_putc(out, '=');
	percent_encode(out, value, ":/,");
}

static bool
has_scope(const char *scopes, struct str scope)
{
	struct str rest = str_from(scopes), other;

	while (str_next(&rest, ' ', &other))
		if (str_eq(other, scope))
			return true;
	return false;
}

/* Calls for every scope: those of the challenge, then our own that are not among them. */
static void
each_scope(const struct challenge *c, const char *own,
	void (*fn)(struct buf *out, struct str scope), struct buf *out)
{
	struct str rest = str_from(c->scope), scope;

	while (str_next(&rest, ' ', &scope))
		if (scope.len)
			fn(out, scope);
	rest = str_from(own);
	while (str_next(&rest, ' ', &scope))
		if (scope.len && !has_scope(c->scope, scope))
			fn(out, scope);
}

static void
scope_field(struct buf *out, struct str scope)
{
	add_field(out, "scope", scope);
}

static void
scope_word(struct buf *out, struct str scope)
{
	if (out->len)
		buf_putc(out, ' ');
	buf_str(out, scope);
}

void
token_url(struct buf *out, const struct challenge *c, const char *own)
{
	buf_puts(out, c->realm);
	if (!strchr(c->realm, '?'))
		buf_putc(out, '?');
	if (c->service)
		add_field(out, "service", str_from(c->service));
	each_scope(c, own, scope_field, out);
}

void
token_form(
	struct buf *out, const struct challenge *c, const char *own, const struct credential *cred)
{
	cleanup_buf struct buf scopes = {0};

	if (cred->kind == CREDENTIAL_IDENTITY) {
		add_field(out, "grant_type", STR("refresh_token"));
		add_field(out, "refresh_token", secret_reveal(&cred->secret));
	} else {
		add_field(out, "grant_type", STR("password"));
		add_field(out, "username", str_from(cred->user));
		add_field(out, "password", secret_reveal(&cred->secret));
	}
	if (c->service)
		add_field(out, "service", str_from(c->service));
	add_field(out, "client_id", STR(CLIENT_ID));
	each_scope(c, own, scope_word, &scopes);
	if (scopes.len)
		add_field(out, "scope", buf_view(&scopes));
}

static bool
is_field_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

int
token_parse(struct str body, struct secret *token, int64_t *life_ms, struct err *err)
{
	cleanup_jval struct jval *v = jval_parse(body, NULL);
	const char *text = jval_get_str(v, "access_token");
	int64_t seconds;

	if (!text || !*text)
		text = jval_get_str(v, "token");
	if (!text || !*text)
		return err_set(err, ERR_PROTO, "the answer holds no token");
	if (!is_field_text(text))
		return err_set(err, ERR_PROTO, "the token holds characters that no token has");
	seconds = jval_get_int(jval_kind(v) == JVAL_OBJECT ? v : NULL, "expires_in", 0);
	*life_ms = seconds <= 0                         ? TOKEN_LIFE_MS
		   : seconds > TOKEN_LIFE_MAX_MS / 1000 ? TOKEN_LIFE_MAX_MS
							: seconds * 1000;
	secret_set(token, str_from(text));
	return 0;
}

void
token_basic(struct buf *out, const struct credential *cred)
{
	struct buf login = {0};
	struct str secret = secret_reveal(&cred->secret);

	/* room for all, so that no copy stays behind */
	buf_reserve(&login, strlen(cred->user) + secret.len + 2, NULL);
	buf_reserve(out, 2 * (strlen(cred->user) + secret.len) + 16, NULL);
	buf_addf(&login, "%s:", cred->user);
	buf_str(&login, secret);
	buf_puts(out, "Basic ");
	base64_encode(out, buf_view(&login), BASE64_STD);
	buf_wipe(&login);
}

void
token_bearer(struct buf *out, const struct secret *token)
{
	buf_reserve(out, token->len + 16, NULL);
	buf_puts(out, "Bearer ");
	buf_str(out, secret_reveal(token));
}
