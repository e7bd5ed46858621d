/*
 * Private to the room: requests of a client with everything around them -
 * tokens, challenges, retries.
 */
#ifndef REGISTRY_REQUEST_H
#define REGISTRY_REQUEST_H

#include "base/secret.h"
#include "registry/challenge.h"
#include "registry/client.h"
#include "registry/credentials.h"
#include "registry/wire.h"

enum { REGISTRY_TOKENS_MAX = 4 };

struct registry_token {
	const char *scope; /* that we asked for, in the client's arena; NULL: unused */
	struct secret value;
	int64_t until; /* clock_ms */
};

struct registry {
	struct arena arena;
	struct wire wire;
	struct log *log;
	const char *name; /* as in references, for messages */
	const char *repository;
	struct credentials *credentials; /* borrowed, or NULL */
	struct credential cred;
	bool may_be_plain, plain, pinged;
	const char *base; /* "https://host:port" */
	struct challenge challenge;
	struct registry_token tokens[REGISTRY_TOKENS_MAX];
	size_t next_token;
	int64_t retry_for;
	int64_t until;  /* while nothing works: when to give up; 0: the last request did */
	bool no_single; /* it takes no blob in the request that opens an upload */
	bool warned;    /* what it had to say was shown */
};

struct registry_request {
	const char *method;
	const char *url;     /* whole, or a path behind the registry's base */
	const char *actions; /* on the repository, for the token; NULL: none in particular */
	const char *from;    /* another repository that is read, or NULL */
	const char *accept;
	const char *content_type; /* NULL: no body */
	const char *content_range;
	struct str body;
	struct http_source *source; /* in place of body */
	int64_t patience_ms;        /* for one try; 0: the usual */
	size_t max;
	bool streams; /* as in struct wire_request */
	bool once;    /* not worth a second try, or not by the same request */
};

/* How often something was tried; {0} at its start. */
struct registry_tries {
	int n;
	int64_t until; /* no new try after that; clock_ms */
};

/*
 * Sends the request, with authorization once the registry has asked for it. The
 * reply may have any status but 401 and those that pass by themselves. It must
 * be released in any case.
 */
int registry_send(struct registry *r, const struct registry_request *req, struct wire_reply *reply,
	int64_t deadline, struct err *err);
/* One that we can compute ourselves. ERR_PROTO. */
int registry_check_digest(const char *digest, struct err *err);
/* The address in the Location of a reply, if requests may go there. ERR_PROTO. */
int registry_location(
	struct registry *r, const struct wire_reply *reply, const char **url, struct err *err);
/* Whether there is something else to show than what was refused. */
bool registry_look_again(struct registry *r);
/* Sets the error for a reply whose status is not the wanted one. Always -1. */
int registry_refused(const struct registry *r, const struct wire_reply *reply, struct err *err);
/* Whether that failure passes by itself: the connection broke, or the registry is busy. */
bool registry_passes(const struct wire_reply *reply);
/*
 * After a failure that passes by itself: says why and waits, longer each time, or for
 * wait milliseconds when it is not negative. False when the time is spent; *err is set
 * then, to ERR_CANCELED after a signal and else to why.
 */
bool registry_again(struct registry *r, struct registry_tries *t, int64_t wait, int64_t deadline,
	const struct err *why, struct err *err);
/*
 * A token for the challenge at hand, and for how long it is good. scope is what is
 * wanted besides the challenge's own, or empty.
 */
int registry_ask_token(struct registry *r, const char *scope, struct secret *token,
	int64_t *life_ms, int64_t deadline, struct err *err);
/* Appends the Authorization that the last challenge asks for; nothing when there was none. */
int registry_authorize(struct registry *r, const char *actions, const char *from, struct buf *out,
	int64_t deadline, struct err *err);

#endif
