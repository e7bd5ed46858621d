/*
 * Tokens that registries want to see: the request to a token server and its
 * answer (distribution's token and OAuth2 documents). No socket, no clock.
 */
#ifndef REGISTRY_TOKEN_H
#define REGISTRY_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/secret.h"

struct arena;
struct challenge;
struct credential;
struct err;

enum {
	TOKEN_LIFE_MS = 60000,            /* where the server does not say */
	TOKEN_LIFE_MAX_MS = 24 * 3600000, /* longer is not believed */
};

/*
 * "repository:NAME:ACTIONS". Its name may hold a colon, so it ends at the last
 * one; actions are separated by commas.
 */
char *token_scope(struct arena *a, const char *repository, const char *actions);

/*
 * The URL of a GET: realm, and behind it service and scopes. The scope of the
 * challenge comes first, as some servers look at the first one only; own are
 * scopes with blanks between them, or NULL.
 */
void token_url(struct buf *out, const struct challenge *c, const char *own);
/*
 * The body of a POST (application/x-www-form-urlencoded): an identity token as
 * grant_type refresh_token, else user and password. Holds the secret: buf_wipe.
 */
void token_form(
	struct buf *out, const struct challenge *c, const char *own, const struct credential *cred);

/*
 * Reads an answer: access_token, else token. life_ms: how long it is good for
 * from now on. ERR_PROTO when there is none, or one that cannot stand in a
 * header field.
 */
int token_parse(struct str body, struct secret *token, int64_t *life_ms, struct err *err);

/* Field values for Authorization. They hold the secret: buf_wipe. */
void token_basic(struct buf *out, const struct credential *cred);
void token_bearer(struct buf *out, const struct secret *token);

#endif
