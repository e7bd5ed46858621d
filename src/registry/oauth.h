/*
 * Token services that speak OAuth 2.0 (RFC 6749) with JSON answers, as those of
 * Google and Microsoft. Private to registry/.
 */
#ifndef REGISTRY_OAUTH_H
#define REGISTRY_OAUTH_H

#include <stdint.h>

#include "base/buf.h"
#include "base/secret.h"

struct cloud;
struct err;
struct https_request;
struct jval;

struct oauth_answer {
	int status;
	struct jval *doc; /* NULL when the body is no JSON object */
	int64_t theirs;   /* their clock, 0 when they do not say */
};

void oauth_answer_release(struct oauth_answer *a);
#define cleanup_oauth_answer CLEANUP(oauth_answer_release)

/* Sends, again when the service is busy; any status is success. */
int oauth_send(
	struct cloud *c, struct https_request *req, struct oauth_answer *out, struct err *err);
/* POST of a form. */
int oauth_post(struct cloud *c, const char *url, const struct buf *form, struct oauth_answer *out,
	struct err *err);

/*
 * Appends what an error answer says: "CODE: first line of the description", or the
 * status. Microsoft's correlation id is kept: their support asks for it.
 */
void oauth_words(const struct oauth_answer *a, struct buf *out);

/* An access token with its end; names of the members differ between services. */
struct oauth_token {
	struct secret value;
	int64_t expires;    /* seconds since the epoch, 0 when not known */
	const char *source; /* what to show; lives in the arena */
};

void oauth_token_release(struct oauth_token *t);
#define cleanup_oauth_token CLEANUP(oauth_token_release)

/*
 * Takes "access_token" and "expires_in", a number or digits as text. ERR_PROTO when
 * there is no token. The source is left alone.
 */
int oauth_take(struct cloud *c, const struct oauth_answer *a, const char *who,
	struct oauth_token *out, struct err *err);

/*
 * The text of a token file, without blanks around it; room is taken once, so that no
 * copy stays behind. Wipe it.
 */
int oauth_read_file(const char *path, struct buf *out, struct err *err);

#endif
