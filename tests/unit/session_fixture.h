/*
 * A daemon that calls our session, in the same loop: over a connection of the session's own, or
 * through a Control.Session call.
 */
#ifndef SESSION_FIXTURE_H
#define SESSION_FIXTURE_H

#include "base/arena.h"
#include "base/buf.h"
#include "buildkit/fssend.h"
#include "buildkit/session.h"
#include "net/grpc.h"
#include "sandbox.h"
#include "tree.h"

/* A call of the daemon's and what came of it. */
struct call {
	struct grpc_call *grpc;
	size_t messages;
	struct buf last; /* message */
	bool closed, lost;
	int code;
	char text[512];

	/* DiffCopy, as receiver */
	bool listed, fin;
	size_t nfiles, waiting;
	struct buf list;    /* "path " each */
	struct buf content; /* of all files, in the order in which they end */
	uint32_t ids;
};

struct fixture {
	struct loop *loop;
	struct tree tree;
	struct sandbox box;
	struct arena arena;
	struct fssend_root root;
	struct fssend_file dockerfile;
	struct fssend_root memory;
	struct bk_local locals[2];
	struct bk_session_options options;
	struct bk_session *session;

	struct conn *conn;
	struct pump *pump;
	struct grpc_conn *grpc; /* the daemon's calls go out here */

	/* the tunnel */
	struct bk_peer *peer;
	struct grpc_conn *outer;
	struct grpc_call *carrier;
	struct strlist uuid, methods;
};

/* A session that offers the folder of the tree as "context", and a Dockerfile from memory. */
void fixture_open(struct fixture *f);
/* Once options are as they should be. */
void fixture_serve(struct fixture *f, bool tunnel);
void fixture_end_daemon(struct fixture *f);
void fixture_close(struct fixture *f);

extern const struct grpc_call_ops call_plain_ops;
void call_note_close(struct grpc_call *call, const struct grpc_status *st, void *arg);
/* Runs the loop until the call is closed. */
void call_finish(struct fixture *f, struct call *c);
void call_unary(struct fixture *f, struct call *c, const char *path, struct str msg);
void call_release(struct call *c);

#endif
