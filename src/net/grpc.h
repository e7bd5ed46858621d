/*
 * gRPC over HTTP/2 (the gRPC HTTP/2 mapping; RFC 9113), either role, as a
 * machine without descriptors: bytes go in by grpc_conn_receive and come out by
 * grpc_conn_output. What carries them (a socket, a stream inside another
 * connection) is net/pump.h or the caller.
 *
 * Calls are owned by their connection and live until their 'close' callback has
 * returned. Callbacks run inside grpc_conn_receive and grpc_conn_output; they
 * may send, finish and cancel calls, not free the connection.
 *
 * No compression, no pings, messages up to LIMIT_GRPC_MESSAGE.
 */
#ifndef NET_GRPC_H
#define NET_GRPC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct arena;
struct err;
struct grpc_conn;
struct grpc_call;
struct strlist;

/* google.rpc.Code */
enum grpc_code {
	GRPC_OK,
	GRPC_CANCELLED,
	GRPC_UNKNOWN,
	GRPC_INVALID_ARGUMENT,
	GRPC_DEADLINE_EXCEEDED,
	GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS,
	GRPC_PERMISSION_DENIED,
	GRPC_RESOURCE_EXHAUSTED,
	GRPC_FAILED_PRECONDITION,
	GRPC_ABORTED,
	GRPC_OUT_OF_RANGE,
	GRPC_UNIMPLEMENTED,
	GRPC_INTERNAL,
	GRPC_UNAVAILABLE,
	GRPC_DATA_LOSS,
	GRPC_UNAUTHENTICATED
};
const char *grpc_code_name(int code);

/* How a call ended. */
struct grpc_status {
	int code;
	struct str message; /* decoded */
	struct str details; /* serialized google.rpc.Status, may be empty */
	bool lost;          /* the connection or stream broke: no status was received */
};

/* A server's call that was finished hears of nothing but its close. */
struct grpc_call_ops {
	/* One message; the view lives during the call. */
	void (*message)(struct grpc_call *call, struct str msg, void *arg);
	/* Server: the client has half-closed. Optional. */
	void (*end)(struct grpc_call *call, void *arg);
	/*
	 * The queue has room: append framed messages to grpc_call_queue, at most about
	 * 'room' bytes. Called again and again while grpc_call_want(call, true).
	 */
	void (*produce)(struct grpc_call *call, size_t room, void *arg);
	/* The call is over; the last callback. */
	void (*close)(struct grpc_call *call, const struct grpc_status *status, void *arg);
};

struct grpc_server_ops {
	/* A new call: set its ops by grpc_call_serve, or finish it. path is "/pkg.Service/Method".
	 */
	void (*call)(struct grpc_call *call, struct str path, void *arg);
};

/* authority and scheme are sent with each call. */
struct grpc_conn *grpc_client_new(const char *authority, const char *scheme);
struct grpc_conn *grpc_server_new(const struct grpc_server_ops *ops, void *arg);
/* Ends open calls as lost, frees everything. */
void grpc_conn_free(struct grpc_conn *c);

/* Feeds bytes from the peer. ERR_PROTO when it does not speak HTTP/2. */
int grpc_conn_receive(struct grpc_conn *c, struct str bytes, struct err *err);
/*
 * Appends what is to be sent, up to about budget bytes in out. When the
 * connection has said goodbye and there is nothing left to send: ERR_NET for the
 * peer's wish, ERR_PROTO when its bytes made no sense.
 */
int grpc_conn_output(struct grpc_conn *c, struct buf *out, size_t budget, struct err *err);
/* Ends open calls as lost with this text: the carrier is gone. */
void grpc_conn_lost(struct grpc_conn *c, const char *why);
/* fn is called whenever output may have become available from outside of receive and output. */
void grpc_conn_notify(struct grpc_conn *c, void (*fn)(void *arg), void *arg);
/* The peer's first SETTINGS have been seen: it does speak HTTP/2. */
bool grpc_conn_established(const struct grpc_conn *c);
size_t grpc_conn_calls(const struct grpc_conn *c);

struct grpc_header {
	const char *name; /* lower case */
	const char *value;
};

/* Client: starts a call. meta may be NULL. */
struct grpc_call *grpc_call_start(struct grpc_conn *c, const char *path,
	const struct grpc_header *meta, size_t nmeta, const struct grpc_call_ops *ops, void *arg);
/* Server: who deals with the call from now on. */
void grpc_call_serve(struct grpc_call *call, const struct grpc_call_ops *ops, void *arg);

/* Queues one message (copied). */
void grpc_call_send(struct grpc_call *call, const void *msg, size_t len);
/*
 * The outgoing queue, to append whole messages with their 5-byte prefix in
 * place; grpc_call_flush afterwards when outside of 'produce'.
 */
struct buf *grpc_call_queue(struct grpc_call *call);
void grpc_call_flush(struct grpc_call *call);
/* Bytes queued and not yet handed to the connection. */
size_t grpc_call_queued(const struct grpc_call *call);
/* Whether 'produce' is to be called. */
void grpc_call_want(struct grpc_call *call, bool want);
/*
 * Whether the peer is to wait: it gets no room for more. What it has room for may
 * still come, 4 MiB at most.
 */
void grpc_call_pause(struct grpc_call *call, bool pause);
/* Client: no more messages from us (half-close), after what is queued. */
void grpc_call_end(struct grpc_call *call);
/* Server: ends the call after what is queued. message may be NULL. */
void grpc_call_finish(struct grpc_call *call, int code, const char *message);
/* Resets the stream; close is called with GRPC_CANCELLED. */
void grpc_call_cancel(struct grpc_call *call);

/* Server: all values of a request header, in order, copied into the arena. */
void grpc_call_metadata(
	const struct grpc_call *call, const char *name, struct arena *a, struct strlist *out);

/* The 5-byte prefix of a message of len bytes. */
enum { GRPC_PREFIX = 5 };
void grpc_prefix(uint8_t p[GRPC_PREFIX], size_t len);

/* grpc-message: percent encoding of the mapping. */
void grpc_message_encode(struct buf *out, struct str text);

#endif
