/*
 * One HTTP request to a URL and its whole answer: name and proxy are looked up,
 * TLS is spoken and verified, the body is capped, redirects are not followed.
 * For token services and cloud APIs, whose answers are small.
 *
 * The request goes through a 'struct https', so that tests answer in place of
 * the network.
 */
#ifndef REGISTRY_HTTPS_H
#define REGISTRY_HTTPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/kv.h"
#include "net/http.h"

struct arena;
struct env;
struct err;
struct tls_files;

enum {
	HTTPS_TIMEOUT_MS = 30 * 1000, /* when a request names none */
	HTTPS_TRIES = 3,              /* of https_retry */
};

struct https_request {
	const char *method;
	const char *url;                 /* absolute, without fragment */
	const struct http_extra *fields; /* borrowed */
	size_t nfields;
	const char *content_type; /* NULL: no body */
	struct str body;
	bool plain;  /* http:// is allowed: only where nothing secret goes, or the user said so */
	bool direct; /* never through a proxy: services of the machine itself */
	int timeout_ms;              /* for everything; 0 is HTTPS_TIMEOUT_MS */
	size_t max;                  /* bytes of the body; 0 is LIMIT_JSON */
	const struct tls_files *tls; /* or NULL for the system's certificates */
};

struct https_answer {
	int status;
	struct kvlist fields; /* names in lower case, in the arena; the first of each name */
	struct buf body;      /* wiped by https_answer_release: it may hold tokens */
};

struct https {
	/*
	 * 0 with any status, or -1: ERR_NET, ERR_TLS, ERR_PROTO, ERR_LIMIT, ERR_CANCELED;
	 * ERR_USAGE for a URL that is none, or is not https:// where it has to be.
	 * out must be empty.
	 */
	int (*send)(struct https *h, struct arena *a, const struct https_request *req,
		struct https_answer *out, struct err *err);
	/* Between two tries. ERR_CANCELED. */
	int (*pause)(struct https *h, int ms, struct err *err);
	const struct env *env; /* borrowed: proxies and certificates */
	void *arg;
};

/* The real one. */
void https_init(struct https *h, const struct env *env);

/*
 * h->send, again after a pause when the peer cannot be reached or is busy
 * (registry/refusal.h). make, when not NULL, is called before each try and may change the request:
 * a signature has to be new each time.
 */
int https_retry(struct https *h, struct arena *a, struct https_request *req,
	int (*make)(struct https_request *req, void *arg, struct err *err), void *arg,
	struct https_answer *out, struct err *err);

/* NULL when there is no such field; name in lower case. */
const char *https_field(const struct https_answer *answer, const char *name);
void https_answer_release(struct https_answer *answer);
#define cleanup_https_answer CLEANUP(https_answer_release)

/* Appends "NAME=VALUE" to a form (or query), both percent-encoded, after '&' unless it is the
 * first. */
void https_form(struct buf *form, const char *name, struct str value);

#endif
