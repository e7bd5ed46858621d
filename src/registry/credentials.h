/*
 * Which user and secret belong to a registry host. Answers come from, in order:
 * entries added by the program (the registry that was chosen, cloud tokens),
 * DOCKER_AUTH_CONFIG, Docker's config.json ($DOCKER_CONFIG, else ~/.docker) with
 * its credential helpers, and the containers-auth.json files
 * ($REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json,
 * $XDG_CONFIG_HOME/containers/auth.json).
 *
 * Hosts are compared whole and without case: 'registry' is not
 * 'registry.example.com'. docker.io, index.docker.io and registry-1.docker.io
 * are one. A key with a path (HOST/NAMESPACE) goes to requests below that path;
 * the longest such key wins.
 *
 * Some secrets end: what a helper says is kept for some minutes, what a cloud
 * gave is fetched anew shortly before its end. Either takes its time; a loop
 * leaves it to a child process and learns from it what came of it.
 */
#ifndef REGISTRY_CREDENTIALS_H
#define REGISTRY_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"

struct buf;
struct credentials;
struct env;
struct err;
struct log;

enum credential_kind {
	CREDENTIAL_NONE,     /* nothing is known: anonymous */
	CREDENTIAL_BASIC,    /* user and password */
	CREDENTIAL_IDENTITY, /* secret is an OAuth refresh token, user is empty */
	CREDENTIAL_BEARER    /* secret is a ready registry token, user is empty */
};

struct credential {
	enum credential_kind kind;
	char *user; /* owned; never NULL unless kind is CREDENTIAL_NONE */
	struct secret secret;
	char *source; /* owned; what to show: "CI_JOB_TOKEN", "/root/.docker/config.json" */
};

/*
 * Reads every source that exists. The error for a file (or DOCKER_AUTH_CONFIG)
 * that is empty, unreadable or malformed names the file and the field. NULL on
 * failure; env and log are kept and must outlive the store.
 */
struct credentials *credentials_open(const struct env *env, struct log *log, struct err *err);
/* A store that has only what is added to it. */
struct credentials *credentials_new(const struct env *env, struct log *log);
/* Wipes and frees; safe with NULL. */
void credentials_free(struct credentials *c);
void credentials_freep(struct credentials **c);
#define cleanup_credentials CLEANUP(credentials_freep)

/*
 * Adds an entry that beats all stored ones, or replaces the one of the same
 * scope. scope is HOST[:PORT] or HOST[:PORT]/PATH; it stands for its whole host
 * when a request names no path. An empty user makes the secret an identity token.
 * Without a secret nothing is added.
 */
void credentials_add(struct credentials *c, const char *scope, const char *user,
	const struct secret *secret, const char *source);

/*
 * Fetches the secret of an entry anew, and tells when that one ends (seconds since
 * the epoch, 0: not known). out is overwritten.
 */
typedef int (*credentials_renew_fn)(
	void *arg, struct credential *out, int64_t *expires, struct err *err);
/* The entry that was added under that scope ends; from shortly before on renew replaces it. */
void credentials_lend(struct credentials *c, const char *scope, int64_t expires,
	credentials_renew_fn renew, void *arg);

/*
 * Looks up HOST[:PORT] or HOST[:PORT]/REPOSITORY. Finding nothing is success with
 * CREDENTIAL_NONE. ERR_AUTH when a credential helper fails, and the error of what
 * renews an entry once that has ended. out is overwritten.
 */
int credentials_find(
	struct credentials *c, const char *where, struct credential *out, struct err *err);
/* The same after the registry has refused what was found: nothing that was kept is good enough. */
int credentials_again(
	struct credentials *c, const char *where, struct credential *out, struct err *err);
/*
 * After the registry, or a daemon in its name, has refused what credentials_find gave:
 * looks it up anew. True when it gives something else now.
 */
bool credentials_renewed(struct credentials *c, const char *where);
/*
 * Finding it may take up to a minute, as a helper has to be run or an entry to be
 * renewed: do it in a child process.
 */
bool credentials_may_block(const struct credentials *c, const char *where);

/*
 * What this copy of the store has found out: written by a child process, read by
 * its parent, which need not ask again then. Holds secrets: buf_wipe.
 */
void credentials_tell(const struct credentials *c, struct buf *out);
void credentials_learn(struct credentials *c, struct str told);
void credential_release(struct credential *cred);
#define cleanup_credential CLEANUP(credential_release)

/* The name under which Docker Hub is known here ("docker.io") for any alias, else host itself. */
const char *credentials_canonical_host(const char *host);

#endif
