/*
 * Cloud services played by a script: each request must be the next one that is
 * expected, is kept to be looked at, and gets the answer written for it.
 */
#ifndef CLOUD_PEER_H
#define CLOUD_PEER_H

#include "base/arena.h"
#include "base/env.h"
#include "registry/cloud.h"
#include "registry/https.h"
#include "sandbox.h"

enum { PEER_REQUESTS_MAX = 32 };

struct peer_answer {
	const char *request; /* "METHOD URL" */
	int status;          /* 0: the peer cannot be reached */
	const char *body;
	const char *field, *value; /* one header field, lower case, or NULL */
};

struct peer_request {
	const char *body;
	struct kvlist fields; /* names as sent */
	bool direct;
	const char *ca;
};

struct cloud_peer {
	struct cloud cloud;
	struct https https;
	struct sandbox box;
	struct arena arena;
	struct env env;
	const char *vars[32];
	size_t nvars;

	const struct peer_answer *answers; /* up to one without request */
	struct peer_request requests[PEER_REQUESTS_MAX];
	size_t n;
	unsigned pauses;
};

/* The clock of every cloud_peer stands at 2015-08-30T12:36:00Z. The struct must not move. */
enum { PEER_NOW = 1440938160 };

void cloud_peer_open(struct cloud_peer *p);
/* Fails the test unless every answer was asked for. */
void cloud_peer_close(struct cloud_peer *p);
/* "NAME=value"; a HOME without files is there already. */
void cloud_peer_var(struct cloud_peer *p, const char *var);
/* Sets what comes next; the array ends with {0}. */
void cloud_peer_script(struct cloud_peer *p, const struct peer_answer *answers);
/* A value of the n-th request's form, decoded; NULL when it is not there. */
const char *cloud_peer_form(struct cloud_peer *p, size_t n, const char *name);
const char *cloud_peer_field(const struct cloud_peer *p, size_t n, const char *name);

#endif
