/*
 * A byte stream to a peer: socket, TLS over one, or the pipes of a child
 * process. Four operations and what to wait for; everything above is written
 * against this.
 *
 * All descriptors are non-blocking. conn_try_* never wait; conn_read and
 * conn_write_all wait until an absolute deadline (base/clock.h) or a signal
 * (ERR_CANCELED).
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/mem.h"
#include "base/str.h"

struct conn;
struct err;

enum { CONN_ERROR = -1, CONN_WAIT = -2 };

struct conn_ops {
	/* Bytes, 0 at the end of the stream, CONN_WAIT, or CONN_ERROR with err set. */
	ssize_t (*read)(struct conn *c, void *p, size_t len, struct err *err);
	/* Bytes taken, CONN_WAIT, or CONN_ERROR. */
	ssize_t (*write)(struct conn *c, const void *p, size_t len, struct err *err);
	/*
	 * What to poll for to get on with reading (POLLIN) and, when wanted, writing;
	 * fills at most two entries and returns their number.
	 */
	int (*wants)(struct conn *c, bool write, struct pollfd fds[2]);
	/* Releases everything, the struct included. */
	void (*close)(struct conn *c);
	/* Optional: why the stream ended, in the words of a child's standard error; may be NULL. */
	const char *(*diagnosis)(struct conn *c);
	/* Optional: bytes are held above the descriptor, so poll may stay silent. */
	bool (*buffered)(struct conn *c);
	/* Optional: the stream ended without the peer's word that it was complete. */
	bool (*cut)(struct conn *c);
};

struct conn {
	const struct conn_ops *ops;
	char *name; /* owned; for messages, e.g. unix:///var/run/docker.sock */
};

/* Takes the connected descriptor over. name is copied. */
struct conn *conn_fd(int fd, const char *name);
/*
 * Takes two descriptors over, as a child's pipes: read from in, write to out;
 * they may be equal.
 */
struct conn *conn_pair(int in, int out, const char *name);
/* Bytes that were read too far by a layer below the present one come first. */
struct conn *conn_prefixed(struct conn *below, struct str first);

ssize_t conn_try_read(struct conn *c, void *p, size_t len, struct err *err);
ssize_t conn_try_write(struct conn *c, const void *p, size_t len, struct err *err);
/* Bytes, 0 at the end, or -1. */
ssize_t conn_read(struct conn *c, void *p, size_t len, int64_t deadline, struct err *err);
int conn_write_all(struct conn *c, const void *p, size_t len, int64_t deadline, struct err *err);
/* Waits until reading (or writing) can go on. */
int conn_wait(struct conn *c, bool write, int64_t deadline, struct err *err);
/* Waits until writing can go on, or something has come in. */
int conn_wait_both(struct conn *c, int64_t deadline, struct err *err);
int conn_wants(struct conn *c, bool write, struct pollfd fds[2]);
bool conn_buffered(struct conn *c);
/*
 * After an end of the stream: the peer can announce one, as in TLS, and did not.
 * Whoever takes the end for the end of what is sent has to look.
 */
bool conn_cut(struct conn *c);
/* Never NULL; empty when there is nothing to tell. */
const char *conn_diagnosis(struct conn *c);

void conn_close(struct conn *c);
void conn_closep(struct conn **c);
#define cleanup_conn CLEANUP(conn_closep)

#endif
