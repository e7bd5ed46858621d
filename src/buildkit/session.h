/*
 * The session: a second HTTP/2 connection, inside the first or beside it, on
 * which the daemon is the client and calls us for files, credentials and
 * secrets, and hands us exported files.
 *
 * Only the directories, exports and secrets that were named are ever touched.
 */
#ifndef BUILDKIT_SESSION_H
#define BUILDKIT_SESSION_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"

struct arena;
struct bk_peer;
struct bk_session;
struct conn;
struct credentials;
struct env;
struct err;
struct fssend_root;
struct loop;
struct sshkey;
struct strlist;

/* A directory that the daemon may read. */
struct bk_local {
	const char *name;               /* "context", "dockerfile" */
	const struct fssend_root *root; /* borrowed */
};

enum bk_export_kind {
	BK_EXPORT_DIR,  /* exporter local: files below a directory */
	BK_EXPORT_FILE, /* tar, oci, docker: one stream of bytes */
	BK_EXPORT_SINK  /* the same, to somebody who may be slow */
};

/* Takes a stream of bytes without making the loop wait; the daemon does instead. */
struct bk_sink {
	/* A new stream; an earlier attempt may have left its part. */
	int (*begin)(void *arg, struct err *err);
	/* Keeps the bytes to be sent; none: the stream is complete. */
	void (*add)(struct str bytes, void *arg);
	/* Sends as much as goes. The number of bytes that wait, or -1. */
	ssize_t (*flush)(void *arg, struct err *err);
	/* As long as some wait: what to poll for, as conn_wants. */
	int (*wants)(struct pollfd fds[2], void *arg);
	void *arg;
};

/* Where the result of an exporter goes. */
struct bk_export {
	/*
	 * Borrowed. The open directory, or a regular file open for writing, which is
	 * emptied when the daemon begins; -1: this exporter sends nothing here.
	 */
	int fd;
	const char *name; /* for messages */
	enum bk_export_kind kind;
	const struct bk_sink *sink; /* BK_EXPORT_SINK; borrowed */
};

enum { BK_SECRET_MAX = 500 * 1024 }; /* bytes; the reference's figure */

/* What a build may ask for by its id. Borrowed, wiped by its owner. */
struct bk_secret {
	const char *id;
	const char *file; /* read when it is asked for; NULL: the value */
	struct secret value;
};

/* An agent that signs for the build: listing keys and signing is all it is asked for. */
struct bk_agent {
	const char *id;
	const char *socket;        /* of an agent of this machine; NULL: the keys */
	const struct sshkey *keys; /* borrowed, wiped by their owner */
	size_t nkeys;
};

/* An image layout that the daemon may read blobs from, and add some to. */
struct bk_store {
	const char *id;   /* "export", "local:PATH", "oci:NAME" */
	const char *name; /* for messages */
	int dir;          /* borrowed */
	bool writable;
};

/*
 * How what a daemon says ends when it got no token from here for a reason that passes
 * by itself; of such an answer it hands on nothing but the text.
 */
#define BK_TOKEN_LATER "the token server may answer later"

/* How token servers are reached. Borrowed. */
struct bk_tokens {
	const struct env *env;
	const char *agent;  /* User-Agent */
	const char *server; /* the registry that what follows is about, or NULL */
	bool insecure;      /* any certificate will do, or none */
	const char *ca;     /* PEM file, or NULL */
};

/* A file that the daemon may fetch as http://buildkit-session/NAME. */
struct bk_upload {
	const char *name; /* that nobody else's build has: the daemon compares addresses */
	int fd;           /* borrowed; a regular file */
	uint64_t size;
};

struct bk_session_options {
	const struct bk_local *locals; /* borrowed, also the list */
	size_t nlocals;
	struct credentials *credentials; /* borrowed; NULL: everybody is anonymous */
	/* borrowed; NULL: the daemon gets user and password and fetches tokens itself */
	const struct bk_tokens *tokens;
	const struct bk_secret *secrets; /* borrowed, also the list */
	size_t nsecrets;
	const struct bk_agent *agents; /* borrowed, also the list */
	size_t nagents;
	const struct bk_store *stores; /* borrowed, also the list */
	size_t nstores;
	const struct bk_upload *upload; /* borrowed; NULL: none */
	const char *shared_key; /* what makes this context the same as last time's; may be empty */
	struct log *log;
};

/* 25 letters and digits from random bytes: names of sessions, and of what goes over them. */
enum { BK_ID_LEN = 25 };
void bk_random_id(char id[BK_ID_LEN + 1]);

struct bk_session *bk_session_new(struct loop *l, const struct bk_session_options *o);
void bk_session_free(struct bk_session *s);
const char *bk_session_id(const struct bk_session *s);

/*
 * The header fields that announce the session, one "name: value" pair in two
 * neighbouring list entries each; for the Engine's POST /session.
 */
void bk_session_headers(const struct bk_session *s, struct arena *a, struct strlist *out);

/* Serves on a connection that belongs to the session alone; takes it over. */
void bk_session_serve(struct bk_session *s, struct conn *c);
/* Serves inside a Control.Session call of the peer, which must outlive the session. */
void bk_session_tunnel(struct bk_session *s, struct bk_peer *p);

/* The exports of the next Solve: index is the exporter id. Borrowed. */
void bk_session_exports(struct bk_session *s, const struct bk_export *exports, size_t n);

/*
 * -1 when the session broke, or when one of its services failed in a way that
 * explains the failure of the build better than the daemon can: an unreadable
 * file, a full disk. The first such error stays.
 */
int bk_session_check(const struct bk_session *s, struct err *err);

/* What went over the session so far. */
struct bk_session_stats {
	uint64_t files;      /* entries announced */
	uint64_t data_bytes; /* file content sent */
};
void bk_session_stats(const struct bk_session *s, struct bk_session_stats *out);

#endif
