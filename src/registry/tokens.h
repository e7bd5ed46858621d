/*
 * Tokens for somebody else: a daemon speaks to the registry, and asks us for what
 * the registry wants to see, so that user and password need not leave this program.
 * The client is one that was opened for this, and used for nothing but these.
 */
#ifndef REGISTRY_TOKENS_H
#define REGISTRY_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct registry;
struct secret;

/* What a registry says of its tokens. */
struct tokens_known {
	bool given;        /* we have credentials, and there is a token server to take them */
	bool plain;        /* the registry speaks plain HTTP */
	const char *realm; /* of the token server; NULL unless given */
};

/*
 * Asks the registry (GET /v2/), unless we have nothing to show. Success also where no
 * tokens are to be had from here; then the daemon is left to its own ways. Texts live
 * as long as the client.
 */
int tokens_ask(struct registry *r, struct tokens_known *out, int64_t deadline, struct err *err);

/* A challenge that the daemon wants to meet. */
struct tokens_wish {
	const char *realm;
	const char *service; /* may be empty */
	const char *scopes;  /* separated by blanks */
};

/*
 * A token, and for how many seconds it is good from now on. Refused credentials are
 * looked up anew, once. ERR_AUTH when that does not help either; ERR_PROTO for a
 * realm on another server than the one the registry named.
 */
int tokens_fetch(struct registry *r, const struct tokens_known *known,
	const struct tokens_wish *wish, struct secret *token, int64_t *life, int64_t deadline,
	struct err *err);

/*
 * The repository that scopes are about, as credentials may belong to a part of a
 * registry: the one that is pushed to, else the first; NULL when there is none.
 */
const char *tokens_repository(struct arena *a, const char *scopes);

#endif
