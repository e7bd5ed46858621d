/*
 * A client of the registry API (OCI distribution 1.1, "v2") for one repository:
 * finds out how the registry is spoken to and how it wants to be convinced, asks
 * again when it is busy, and says what it said when it refuses.
 *
 * Every call takes a deadline that also bounds its retries. Errors: ERR_NET and
 * ERR_TLS when the registry cannot be reached, ERR_AUTH with the status when it
 * does not accept what we are (401, 403, also of its token server), ERR_REMOTE
 * with the status for other refusals, ERR_PROTO and ERR_LIMIT for answers that
 * make no sense. Messages name the host.
 */
#ifndef REGISTRY_CLIENT_H
#define REGISTRY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct credentials;
struct env;
struct err;
struct log;
struct registry;

enum {
	REGISTRY_MANIFEST_MAX =
		4 * 1024 * 1024, /* what every registry takes, and no more is read */
	REGISTRY_TRIES = 5,      /* of one request, while the deadline allows */
};

struct registry_options {
	const char *host;       /* HOST[:PORT] as in references; docker.io is Docker Hub */
	const char *repository; /* path of the references, "library/alpine"; NULL: none */
	bool insecure;          /* any certificate will do, and plain HTTP where there is no TLS */
	const char *ca;         /* PEM file to trust besides the system's, or NULL */
	const char *agent;      /* User-Agent, or NULL */
	const struct env *env;
	struct credentials *credentials; /* NULL: anonymous */
	struct log *log;
};

/*
 * Looks the credentials up (a helper may be run) and reads certificates; the
 * network is not touched. Everything is borrowed and must outlive the client.
 * NULL on failure: ERR_CONFIG, ERR_AUTH.
 */
struct registry *registry_open(const struct registry_options *o, struct err *err);
void registry_close(struct registry *r);
void registry_closep(struct registry **r);
#define cleanup_registry CLEANUP(registry_closep)

/*
 * How many milliseconds from its first accident on a request is tried again, which is
 * said each time; negative: never. Else it is REGISTRY_TRIES, without a word.
 */
void registry_retry_for(struct registry *r, int64_t ms);

/* Where the credentials come from; NULL: there are none. */
const char *registry_credential_source(const struct registry *r);
/* After a call: the registry wants nothing from anybody. */
bool registry_is_open(const struct registry *r);

/*
 * GET /v2/. Loopback addresses and registries declared insecure are tried with
 * HTTPS first and plain HTTP then, all others with HTTPS only.
 */
int registry_ping(struct registry *r, int64_t deadline, struct err *err);
/*
 * The credentials are good: the token server gives a token for actions ("pull",
 * "pull,push") on the repository, or the registry takes user and password. A
 * token may still turn out to be good for less than was asked for.
 */
int registry_login(struct registry *r, const char *actions, int64_t deadline, struct err *err);
/*
 * Whether we may push: an upload is opened and cancelled. ERR_AUTH when we may
 * not; any other error says nothing about that.
 */
int registry_may_push(struct registry *r, int64_t deadline, struct err *err);

struct registry_manifest {
	char digest[8 + 64 + 1]; /* "sha256:..." */
	char type[128];          /* media type without parameters */
	struct buf body;         /* exact bytes; empty after registry_manifest_head */
};

/*
 * The manifest or index under a tag or digest. *found is false, and that is
 * success, when there is none. The digest is that of the exact bytes (head: as
 * the registry says, and made from the bytes when it does not). Bytes that do
 * not fit the digest they were asked by, or that was announced, are ERR_PROTO.
 */
int registry_manifest_head(struct registry *r, const char *reference, struct registry_manifest *out,
	bool *found, int64_t deadline, struct err *err);
int registry_manifest_get(struct registry *r, const char *reference, struct registry_manifest *out,
	bool *found, int64_t deadline, struct err *err);
void registry_manifest_release(struct registry_manifest *m);
#define cleanup_registry_manifest CLEANUP(registry_manifest_release)

/* Whether the repository holds a blob. */
int registry_blob_head(
	struct registry *r, const char *digest, bool *found, int64_t deadline, struct err *err);

/*
 * A blob as it comes, for readers that keep nothing of it. size is what whoever named
 * the digest says. Bytes that are not those of the digest, too many or too few of them
 * are ERR_PROTO at the latest where the end would be. NULL on failure; ERR_REMOTE with
 * 404 when there is none.
 */
struct registry_download;
struct registry_download *registry_blob_open(
	struct registry *r, const char *digest, uint64_t size, int64_t deadline, struct err *err);
/* Up to len bytes: their number, 0 at the end, -1. */
ssize_t registry_blob_read(struct registry_download *d, void *p, size_t len, struct err *err);
/* Safe with NULL. */
void registry_blob_close(struct registry_download *d);

/* A blob that is to be in the repository. Everything is borrowed. */
struct registry_blob {
	const char *digest; /* "sha256:..." */
	uint64_t size;
	/*
	 * Bytes from offset at on: their number, 0 when there are none, -1. Offsets follow
	 * each other, and go back when something has to be sent again.
	 */
	ssize_t (*read)(void *arg, uint64_t at, void *p, size_t len, struct err *err);
	void *arg;
	const char *from; /* another repository of this registry that may hold it, or NULL */
	bool anew;        /* what the registry says of having it is not believed */
};

enum registry_put {
	REGISTRY_THERE,   /* it was already */
	REGISTRY_MOUNTED, /* from the other repository */
	REGISTRY_SENT
};

/*
 * Makes sure that the repository holds the blob. What is sent is checked against size
 * and digest on the way, before the registry has all of it: ERR_PROTO. In one piece,
 * unless the registry, or what stands before it, takes none of that size, or the
 * connection did not hold that long; then in smaller ones, going on where it broke off.
 */
int registry_blob_put(struct registry *r, const struct registry_blob *b, enum registry_put *how,
	int64_t deadline, struct err *err);

/* A manifest or index. */
struct registry_document {
	struct str bytes;   /* exactly; at most REGISTRY_MANIFEST_MAX: ERR_LIMIT */
	const char *type;   /* its media type */
	const char *digest; /* of bytes */
};

enum registry_kept {
	REGISTRY_UNLISTED,
	REGISTRY_LISTED, /* it can be found from its subject */
	REGISTRY_LACKS   /* on failure: of what it refers to something is not there */
};

/*
 * Puts it under a tag or its digest. A registry that then names another digest, or
 * none of a good status, is ERR_PROTO or ERR_REMOTE. *kept (may be NULL) is set in any
 * case.
 */
int registry_manifest_put(struct registry *r, const char *reference,
	const struct registry_document *doc, enum registry_kept *kept, int64_t deadline,
	struct err *err);
/*
 * For registries that do not: adds a descriptor (JSON) to the index under the tag that
 * stands for the digest of a subject, unless it is there. Of two that do this at the
 * same time one may be lost.
 */
int registry_referrer_add(struct registry *r, const char *subject, const char *digest,
	struct str descriptor, int64_t deadline, struct err *err);

#endif
