/*
 * A connection to a BuildKit daemon: the Control service of
 * moby.buildkit.v1 over one gRPC connection in a loop.
 */
#ifndef BUILDKIT_PEER_H
#define BUILDKIT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct bk_peer;
struct buf;
struct conn;
struct err;
struct grpc_conn;
struct loop;

/*
 * Takes the connection over and speaks HTTP/2 with prior knowledge. authority is
 * what calls name as host: a host[:port], or a plain word for sockets and pipes.
 */
struct bk_peer *bk_peer_new(
	struct loop *l, struct conn *c, const char *authority, const char *scheme);
void bk_peer_free(struct bk_peer *p);

struct loop *bk_peer_loop(const struct bk_peer *p);
struct grpc_conn *bk_peer_grpc(const struct bk_peer *p);
/* The name of the connection, for messages. */
const char *bk_peer_name(const struct bk_peer *p);
/* 0 while the connection stands, else -1 with why it ended. */
int bk_peer_check(const struct bk_peer *p, struct err *err);

/*
 * One unary call, running the loop until it is answered. ERR_REMOTE with the
 * gRPC code, ERR_NET when the connection is lost or the deadline passes,
 * ERR_PROTO, ERR_CANCELED.
 */
int bk_unary(struct bk_peer *p, const char *path, struct str request, struct buf *response,
	int64_t deadline, struct err *err);

/* What the daemon says of itself; NULL where it does not. */
struct bk_info {
	const char *version;      /* "v0.12.5"; NULL before 0.11 */
	bool containerd_store;    /* a worker keeps images in containerd */
	const char *host_gateway; /* address of the daemon's host as containers see it */
	const char *platforms;    /* comma list of the first worker */
};

/* Info and ListWorkers; works from 0.8 on. Also the test that something answers there. */
int bk_peer_info(
	struct bk_peer *p, struct arena *a, struct bk_info *out, int64_t deadline, struct err *err);

#endif
