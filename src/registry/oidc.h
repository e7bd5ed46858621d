/*
 * Identity tokens that a CI gives to its jobs on request: GitHub Actions, and servers
 * that do as it does, for jobs with the permission "id-token: write". Private to
 * registry/.
 */
#ifndef REGISTRY_OIDC_H
#define REGISTRY_OIDC_H

#include <stdbool.h>

#include "base/buf.h"

struct cloud;
struct env;
struct err;

/* ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are set. */
bool oidc_available(const struct env *env);
/* Appends a token for that audience. ERR_AUTH, ERR_PROTO. Wipe it. */
int oidc_token(struct cloud *c, const char *audience, struct buf *out, struct err *err);

#endif
