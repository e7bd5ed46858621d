/*
 * One set of stored credentials: a docker config.json, a containers-auth.json or
 * the content of DOCKER_AUTH_CONFIG. All have the same shape: "auths" by
 * registry, "credHelpers" by registry, "credsStore". Pure. Private to registry/.
 */
#ifndef REGISTRY_AUTHFILE_H
#define REGISTRY_AUTHFILE_H

#include "base/arena.h"
#include "registry/credentials.h"

struct auth_entry {
	const char *host; /* canonical, lower case */
	const char *path; /* of a key with a namespace, else "" */
	enum credential_kind kind;
	const char *user;
	struct secret secret;
	const char *source;
};

struct auth_helper {
	const char *host;   /* canonical, lower case */
	const char *suffix; /* of docker-credential-SUFFIX */
};

/* Everything but the secrets lives in the arena. */
struct authfile {
	const char *name;
	struct auth_entry *entries;
	size_t n, cap;
	struct auth_helper *helpers;
	size_t nhelpers, caphelpers;
	const char *store; /* suffix of the helper for all registries, or NULL */
	bool warned;       /* that the helper is missing */
};

/* ERR_CONFIG names the file and the field; no content is repeated, it may be secret. */
int authfile_parse(
	struct arena *a, const char *name, struct str text, struct authfile *out, struct err *err);
void authfile_release(struct authfile *f);

/* Adds an entry, which takes the place of one with the same host and path. */
struct auth_entry *authfile_entry(
	struct arena *a, struct authfile *f, const char *host, const char *path);
/*
 * The entry for a host and a path below it, "" for any: the longest path that
 * contains it; without a path that of the host, else the first of its paths.
 */
const struct auth_entry *authfile_find(
	const struct authfile *f, const char *host, const char *path);
/* The helper to ask for a host, or NULL; *own is set when it is for this host alone. */
const char *authfile_helper(const struct authfile *f, const char *host, bool *own);

/*
 * Splits a key such as "https://index.docker.io/v1/" or "reg.example/team" into
 * canonical host and path. False when there is no host.
 */
bool authfile_split(struct arena *a, const char *key, const char **host, const char **path);

#endif
