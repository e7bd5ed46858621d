/*
 * Keys from services of the machine: the endpoint of a container (ECS, EKS Pod
 * Identity, CodeBuild) and instance metadata (EC2, version 2). Never through a
 * proxy. Private to registry/.
 */
#ifndef REGISTRY_AWS_METADATA_H
#define REGISTRY_AWS_METADATA_H

#include <stdbool.h>

#include "base/str.h"

struct aws_keys;
struct buf;
struct cloud;
struct err;

/*
 * The endpoint that AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or
 * AWS_CONTAINER_CREDENTIALS_FULL_URI names; NULL without one.
 */
const char *aws_container_variable(const struct cloud *c);
/* ERR_CONFIG for an address that keys must not come from, and ERR_AUTH when it declines. */
int aws_container_keys(struct cloud *c, struct aws_keys *out, struct err *err);

int aws_instance_keys(struct cloud *c, struct aws_keys *out, struct err *err);
/* Appends the region that the instance is in. */
int aws_instance_region(struct cloud *c, struct buf *out, struct err *err);

/*
 * The document that both of them, and credential_process, answer: AccessKeyId,
 * SecretAccessKey, a token by the name given, Expiration. ERR_PROTO. Pure.
 */
int aws_keys_parse(struct cloud *c, struct str json, const char *token_name, const char *source,
	struct aws_keys *out, struct err *err);

/* http:// leads to this machine or to a credential service on its link. For tests. */
bool aws_container_host_ok(const char *host);

#endif
