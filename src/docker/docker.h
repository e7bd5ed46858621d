/*
 * The Docker Engine: where it is, and the calls of its API that are needed here
 * (Docker Engine API 1.40 and newer). Every call opens a connection of its own.
 */
#ifndef DOCKER_DOCKER_H
#define DOCKER_DOCKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"

struct conn;
struct env;
struct err;
struct http_response;
struct log;
struct secret;

enum docker_transport { DOCKER_UNIX, DOCKER_TCP };

/* An Engine's address and how it was found. Texts live in the arena. */
struct docker_endpoint {
	enum docker_transport transport;
	const char *address; /* as a user writes it: "unix:///var/run/docker.sock" */
	const char *source;  /* "DOCKER_HOST", "context 'x'", "default" */
	const char *path;    /* of the socket */
	const char *host, *port;
	const char *base; /* path in front of every request, "" or "/x" */
	bool tls, verify;
	const char *ca, *cert, *key; /* PEM files or NULL */
	const struct env *env;       /* borrowed; names the system's certificates */
	const char *version;         /* DOCKER_API_VERSION without "v"; NULL: negotiate */
};

/*
 * By DOCKER_HOST, else DOCKER_CONTEXT, else currentContext of config.json in
 * DOCKER_CONFIG or ~/.docker, else unix:///var/run/docker.sock. ERR_USAGE when a
 * variable or a context makes no sense; texts name it.
 */
int docker_endpoint_find(
	struct arena *a, const struct env *env, struct docker_endpoint *out, struct err *err);

/* The same for one context by name, "default" included. */
int docker_endpoint_context(struct arena *a, const struct env *env, const char *name,
	struct docker_endpoint *out, struct err *err);

struct docker {
	const struct docker_endpoint *endpoint; /* borrowed */
	char version[16];                       /* "1.41": of requests */
	char engine[64];                        /* "20.10.24", or empty */
	bool negotiated;
};

/* Asks for the API version; ERR_NET when nothing answers. */
int docker_ping(
	struct docker *d, const struct docker_endpoint *e, int64_t deadline, struct err *err);

/* A fresh connection to the endpoint. */
struct conn *docker_dial(const struct docker_endpoint *e, int64_t deadline, struct err *err);

/*
 * POST to path and hand the connection over to another protocol (h2c, tcp).
 * headers: name and value in turn; body: JSON or NULL. ERR_REMOTE with the HTTP
 * status when the Engine declines.
 */
struct conn *docker_upgrade(const struct docker *d, const char *path, const char *protocol,
	const struct strlist *headers, const char *body, int64_t deadline, struct err *err);

/* The id of an image by name; ERR_REMOTE 404 when there is none. */
int docker_image_id(
	const struct docker *d, struct arena *a, const char *ref, char **id, struct err *err);

/* The address of the Engine's host as containers of its default network see it. */
int docker_gateway(const struct docker *d, struct arena *a, char **address, struct err *err);

/*
 * An archive of images on its way into the Engine (POST /images/load): it is given
 * in pieces, as they come, and nothing waits before docker_load_finish. {0} is one
 * that has not begun.
 */
struct docker_load {
	struct arena arena; /* of the request's texts */
	struct conn *conn;
	struct buf out; /* chunks of the request; their first 'at' bytes are gone */
	size_t at;
};

int docker_load_begin(
	struct docker_load *l, const struct docker *d, int64_t deadline, struct err *err);
/* Keeps the bytes; none are the end of the archive. */
void docker_load_add(struct docker_load *l, struct str bytes);
/* Sends what the Engine takes at once. The number of bytes that are left, or -1. */
ssize_t docker_load_flush(struct docker_load *l, struct err *err);
/*
 * Waits for the Engine's word. ERR_REMOTE and ERR_NET as for docker_push; ERR_PROTO
 * for an answer that is cut off, and when no archive came.
 */
int docker_load_finish(struct docker_load *l, struct err *err);
/* Safe on {0}, leaves it so. An archive that is not complete is dropped by the Engine. */
void docker_load_release(struct docker_load *l);

struct docker_auth {
	const char *user; /* NULL or empty: anonymous, or the secret is an identity token */
	const struct secret *secret;
	const char *server; /* NULL: left out */
	bool identity;
};

/* What goes on during a push; id may be empty. */
typedef void (*docker_progress_fn)(
	const char *id, const char *status, int64_t current, int64_t total, void *arg);

/* Who wants to know of it. */
struct docker_watch {
	docker_progress_fn progress;
	void *arg;
	/* Also called, with an empty status, each time the Engine said nothing for so long. */
	int64_t silence_ms;
};

/*
 * Pushes exactly repository:tag. *digest is what the registry holds then. watch may
 * be NULL.
 *
 * Errors carry the words of the Engine or the registry. The Engine gives no
 * codes, so they are sorted by those words: ERR_NET is lost connections and busy
 * registries, with ECONNREFUSED as code when nobody listens there; ERR_AUTH is
 * about credentials and rights, ERR_REMOTE everything else. ERR_PROTO is an
 * answer that is cut off or makes no sense.
 */
int docker_push(const struct docker *d, struct arena *a, const char *repository, const char *tag,
	const struct docker_auth *auth, const struct docker_watch *watch, char **digest,
	struct err *err);

#endif
