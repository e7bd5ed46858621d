/*
 * Private to the gRPC machine: its state, shared by grpc.c (connections),
 * grpc_receive.c (what the peer says) and grpc_send.c (what we say). The only
 * place that knows the HTTP/2 library.
 */
#ifndef NET_GRPC_PRIVATE_H
#define NET_GRPC_PRIVATE_H

#include <nghttp2/nghttp2.h>

#include "base/arena.h"
#include "net/grpc.h"

/* Who said that this connection is to end. */
enum grpc_goaway { GOAWAY_NONE, GOAWAY_RECEIVED, GOAWAY_SENT };

struct grpc_conn {
	nghttp2_session *h2;
	bool server;
	bool established;
	bool dead; /* calls were ended as lost: nghttp2 still knows them, nothing moves any more */
	enum grpc_goaway goaway;
	char farewell[256]; /* why */
	char *authority, *scheme;
	const struct grpc_server_ops *server_ops;
	void *server_arg;
	struct grpc_call *calls;
	size_t ncalls;
	struct buf *out; /* during grpc_conn_output */
	size_t budget;
	void (*notify)(void *arg);
	void *notify_arg;
};

struct grpc_field {
	struct str name, value;
};

struct grpc_call {
	struct grpc_conn *conn;
	struct grpc_call *next, **link;
	int32_t id;
	const struct grpc_call_ops *ops;
	void *arg;

	struct arena arena;        /* received header fields, response metadata */
	struct grpc_field *fields; /* server: request metadata */
	size_t nfields, cap;
	size_t header_bytes;
	struct str path;

	bool paused;
	size_t held;      /* bytes that came while it was paused: the peer gets no room for them */
	struct buf in;    /* a message that has not come in whole */
	struct buf queue; /* framed messages */
	size_t sent;      /* bytes of queue that are gone */
	bool wants;       /* produce is to be called */
	bool ended;       /* nothing follows what is queued */
	bool responded;   /* server: response headers are submitted */
	bool trailed;     /* server: trailers are submitted */
	bool deferred;    /* nghttp2 waits for data */
	bool remote_ended;
	bool reset;            /* RST_STREAM is queued: nothing is delivered any more */
	const char *complaint; /* why we reset it, or NULL */
	int code;              /* server: the status to send */
	char *message;

	int http_status; /* client: of the response */
	int grpc_status; /* client: -1 until received */
	struct str status_message, details;
};

/* A call in the connection's list; id 0 until it is known. */
struct grpc_call *grpc_call_new(struct grpc_conn *c, int32_t id);
/* The call of a stream, or NULL. */
struct grpc_call *grpc_call_of(struct grpc_conn *c, int32_t id);
/* Tells its owner how it ended, and frees it. */
void grpc_call_close(struct grpc_call *call, const struct grpc_status *status);
/* Queues RST_STREAM with an HTTP/2 error code; what comes in until then is dropped. */
void grpc_call_reset(struct grpc_call *call, uint32_t code);
/* Notes the reason that a GOAWAY names. */
void grpc_note_goaway(struct grpc_conn *c, const nghttp2_goaway *g, bool received);
/* There may be output. */
void grpc_conn_wake(struct grpc_conn *c);

void grpc_receive_callbacks(nghttp2_session_callbacks *cb);
void grpc_send_callbacks(nghttp2_session_callbacks *cb);

#endif
