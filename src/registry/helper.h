/*
 * Credential helpers: programs docker-credential-NAME that are asked "get" for a
 * server on standard input and answer a JSON object on standard output
 * (protocol of docker-credential-helpers). Private to registry/.
 */
#ifndef REGISTRY_HELPER_H
#define REGISTRY_HELPER_H

#include "base/secret.h"

struct err;

enum helper_outcome {
	HELPER_FOUND,
	HELPER_NOTHING, /* it has nothing for this server */
	HELPER_MISSING  /* there is no such program on PATH */
};

enum { HELPER_TIMEOUT_MS = 30 * 1000, HELPER_OUTPUT_MAX = 64 * 1024 };

struct helper_answer {
	enum helper_outcome outcome;
	char *user; /* owned; empty when the secret is an identity token */
	struct secret secret;
};

/*
 * Runs docker-credential-SUFFIX, without a shell. ERR_AUTH, naming the helper,
 * when it fails, answers nonsense, answers too much or not within the time.
 * SIGPIPE must be ignored.
 */
int helper_get(const char *suffix, const char *server, int timeout_ms, struct helper_answer *out,
	struct err *err);
void helper_answer_release(struct helper_answer *a);

#endif
