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
	struct credential cred;
	bool may_be_plain, plain, pinged;
	const char *base; /* "https://host:port" */
	struct challenge challenge;
	struct registry_token tokens[REGISTRY_TOKENS_MAX];
	size_t next_token;
};

struct registry_request {
	const char *method;
	const char *url;     /* whole, or a path behind the registry's base */
	const char *actions; /* on the repository, for the token; NULL: none in particular */
	const char *accept;
	size_t max;
	bool once; /* not worth a second try */
};

/*
 * Sends the request, with authorization once the registry has asked for it. The
 * reply may have any status but 401 and those that pass by themselves. It must
 * be released in any case.
 */
int registry_send(struct registry *r, const struct registry_request *req, struct wire_reply *reply,
	int64_t deadline, struct err *err);
/* Sets the error for a reply whose status is not the wanted one. Always -1. */
int registry_refused(const struct registry *r, const struct wire_reply *reply, struct err *err);
/* Appends the Authorization that the last challenge asks for; nothing when there was none. */
int registry_authorize(struct registry *r, const char *actions, struct buf *out, int64_t deadline,
	struct err *err);

#endif
