/*
 * Who a daemon may hand tokens to that it got from here (BuildKit's token
 * authority). For each registry host a client has a key pair, made of a seed of
 * its own and the daemon's salt; whoever can sign with it is the same client, and
 * gets what the daemon still has. Builds of one user share their seeds in
 * .token_seed of Docker's settings, as other clients of BuildKit do: an object
 * {HOST: {"Seed": BASE64}}. Where that cannot be, a seed lasts as long as the
 * struct.
 */
#ifndef REGISTRY_AUTHORITY_H
#define REGISTRY_AUTHORITY_H

#include "base/ed25519.h"
#include "base/str.h"

struct authority;
struct env;
struct log;

/* env and log are kept and must outlive it. */
struct authority *authority_new(const struct env *env, struct log *log);
/* Wipes and frees; safe with NULL. */
void authority_free(struct authority *a);

/* The key for a host; the same for the same salt. To be released. */
void authority_key(struct authority *a, const char *host, struct str salt, struct ed25519_key *out);

#endif
