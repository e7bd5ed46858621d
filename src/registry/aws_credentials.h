/*
 * Where AWS keys come from: the environment, a web identity token (a file, or what
 * the CI gives for the role in AWS_ROLE_ARN), a profile of the shared files (with roles and
 * credential_process), the container's endpoint, the instance's role. The first that is there is
 * taken. Private to registry/.
 */
#ifndef REGISTRY_AWS_CREDENTIALS_H
#define REGISTRY_AWS_CREDENTIALS_H

#include "registry/aws_profile.h"
#include "registry/aws_sign.h"

struct cloud;
struct err;

struct aws_session {
	struct cloud *cloud; /* borrowed */
	struct aws_profiles files;
	const char *profile; /* name of the one that counts */
	const char *region;  /* to ask the token service in; NULL: as aws_region finds */
};

/* Reads the files. ERR_CONFIG. */
int aws_session_open(struct cloud *c, struct aws_session *s, struct err *err);
void aws_session_release(struct aws_session *s);
#define cleanup_aws_session CLEANUP(aws_session_release)

/*
 * ERR_AUTH when there are none, listing what was looked at, or when a service
 * refuses to give them; ERR_CONFIG for settings that contradict each other.
 */
int aws_credentials(struct aws_session *s, struct aws_keys *out, struct err *err);

/*
 * AWS_REGION, AWS_DEFAULT_REGION, the profile, instance metadata. ERR_CONFIG when
 * nothing says, or what says so is no name of a region. The text lives in the arena.
 */
int aws_region(struct aws_session *s, const char **region, struct err *err);
/* Letters, digits, '-': fit to be part of a host name. */
bool aws_region_ok(const char *region);

/* The account that the keys belong to, in the arena. */
int aws_account(
	struct aws_session *s, const struct aws_keys *k, const char **account, struct err *err);

#endif
