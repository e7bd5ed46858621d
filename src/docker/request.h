/* Private to the room: one request to the Engine on a connection of its own. */
#ifndef DOCKER_REQUEST_H
#define DOCKER_REQUEST_H

#include "base/arena.h"
#include "docker/docker.h"
#include "net/http.h"

struct jval;

struct docker_exchange {
	struct arena arena; /* of the request's texts */
	struct conn *conn;
	struct http_response resp;
};

/*
 * Fills in host and target (with base path and version, which upgrades go
 * without) and reads the head of the response, whatever its status.
 */
int docker_request_open(const struct docker *d, struct docker_exchange *x, struct http_request *req,
	const char *path, int64_t deadline, struct err *err);
/* The two of them, host into the arena. */
void docker_request_place(const struct docker *d, struct arena *a, const char *path,
	const char **host, const char **target);
/* Sets ERR_REMOTE with the status and the Engine's own words. Always -1. */
int docker_refusal(struct http_response *resp, int64_t deadline, struct err *err);
/* The JSON body of a response whose status is to be want; of any other its refusal. *out is the
 * caller's. */
int docker_answer(
	struct docker_exchange *x, int want, struct jval **out, int64_t deadline, struct err *err);
/*
 * The body of the answer to a push: all of it must be read before the push is one.
 * digest NULL: it is none, as for a load; watch may be NULL.
 */
int docker_push_read(struct http_response *resp, struct arena *a, const struct docker_watch *watch,
	char **digest, struct err *err);
void docker_exchange_release(struct docker_exchange *x);
#define cleanup_docker_exchange CLEANUP(docker_exchange_release)

#endif
