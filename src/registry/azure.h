/*
 * Azure Container Registry: a token of Microsoft Entra, found as Azure's own tools
 * find it, is exchanged with the registry for a refresh token, which works as the
 * password of a user without a name. Private to registry/.
 */
#ifndef REGISTRY_AZURE_H
#define REGISTRY_AZURE_H

#include <stdint.h>

struct cloud;
struct credential;
struct err;
struct oauth_token;

/* The user name that goes with a refresh token. */
#define AZURE_TOKEN_USER "00000000-0000-0000-0000-000000000000"

/* What tokens are for: the registry service, and the management API where that is refused. */
#define AZURE_REGISTRY_RESOURCE "https://containerregistry.azure.net"

/*
 * By AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE (or AZURE_FEDERATED_TOKEN), each
 * with AZURE_TENANT_ID and AZURE_CLIENT_ID, with these two by what the CI says of
 * the job (registry/oidc.h), else by the managed identity of the machine. resource: as above.
 * ERR_AUTH, ERR_CONFIG.
 */
int azure_token(struct cloud *c, const char *resource, const char *tenant, struct oauth_token *out,
	struct err *err);

/*
 * url: HOST[/PATH] of the registry; tenant may be NULL. *expires: of the refresh token,
 * 0 when it does not say.
 */
int azure_login(struct cloud *c, const char *url, const char *tenant, struct credential *out,
	int64_t *expires, struct err *err);

#endif
