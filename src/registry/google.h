/*
 * Access tokens of Google Cloud, by what Google's own tools call application
 * default credentials: a key file, a user's login, workload identity federation,
 * impersonation, the metadata server. Private to registry/.
 */
#ifndef REGISTRY_GOOGLE_H
#define REGISTRY_GOOGLE_H

#include <stdbool.h>

#include "base/buf.h"

struct arena;
struct cloud;
struct err;
struct jval;
struct oauth_token;

/* The user name that goes with an access token. */
#define GOOGLE_TOKEN_USER "oauth2accesstoken"
#define GOOGLE_SCOPE "https://www.googleapis.com/auth/cloud-platform"

/*
 * Looks, in this order, at GOOGLE_CREDENTIALS (JSON), GOOGLE_OAUTH_ACCESS_TOKEN and
 * CLOUDSDK_AUTH_ACCESS_TOKEN (ready tokens), the file GOOGLE_APPLICATION_CREDENTIALS,
 * gcloud's application_default_credentials.json and the metadata server. ERR_AUTH when
 * there is nothing, saying where it was looked for, or Google refuses; ERR_CONFIG.
 */
int google_token(struct cloud *c, struct oauth_token *out, struct err *err);

/*
 * Tokens and keys go to https:// at Google only: to googleapis.com or the domain that
 * a credential names for its own cloud (NULL: none). ERR_CONFIG. Pure.
 */
int google_url_check(struct arena *a, const char *url, const char *universe, struct err *err);

/* The signed claim of a service account (RFC 7523), for that much time from now on. */
int google_assertion(const struct jval *key, int64_t now, struct buf *out, struct err *err);

/* external_account: what the federation exchanges, in google_external.c */
int google_external(
	struct cloud *c, const struct jval *doc, struct oauth_token *out, struct err *err);
/* Exchanges a token for one of the service account that the URL names. */
int google_impersonate(struct cloud *c, const char *url, const struct jval *doc,
	const struct oauth_token *with, struct oauth_token *out, struct err *err);

#endif
