/*
 * Amazon ECR: where a registry is, its login token, its repositories. Private to
 * registry/. Operations and their names are those of AWS's own API description.
 */
#ifndef REGISTRY_ECR_H
#define REGISTRY_ECR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct aws_keys;
struct aws_session;
struct credential;
struct err;

/* Views into the address. */
struct ecr_host {
	struct str account; /* empty for ECR Public */
	struct str region;
	bool fips;
	bool dual; /* an address with IPv6 */
	bool is_public;
};

/* False when the host (of HOST[:PORT][/PATH]) is not one of ECR. Pure. */
bool ecr_host_parse(struct str url, struct ecr_host *out);

/* A registry that is spoken with. Texts live in the arena. */
struct ecr {
	struct aws_session *session; /* borrowed */
	const struct aws_keys *keys; /* borrowed */
	const char *url;             /* as configured */
	const char *account;         /* "" when the address names none */
	const char *region;
	const char *endpoint;
	bool plain; /* the endpoint was given by AWS_ENDPOINT_URL */
	bool is_public;
};

/*
 * region: as configured, else NULL: then that of the address counts, then what AWS
 * tools go by. keys may be filled in later. ERR_CONFIG.
 */
int ecr_open(struct ecr *e, struct aws_session *session, const char *url, const char *region,
	struct err *err);

/* User and password for the registry. *expires: seconds since the epoch, 0 when not known. */
int ecr_login(struct ecr *e, struct credential *out, int64_t *expires, struct err *err);
/* Reads the answer to GetAuthorizationToken, of either kind. ERR_PROTO. For tests. */
int ecr_token_parse(struct str json, struct credential *out, int64_t *expires, struct err *err);

/*
 * Makes the repository unless it is there, with the policy to keep 20 untagged
 * images, which ECR Public does not have; one that is there stays as it is. A warning
 * only: keys of another account, and not being allowed to look. repository is what the
 * address has behind the host. *immutable: none of its tags can be written again.
 */
int ecr_create(struct ecr *e, const char *repository, bool *immutable, struct err *err);

#endif
