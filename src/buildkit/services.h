/* Private to the session: its state, and how its services begin. */
#ifndef BUILDKIT_SERVICES_H
#define BUILDKIT_SERVICES_H

#include "base/err.h"
#include "buildkit/session.h"

struct bk_auth;
struct content;
struct grpc_call;
struct grpc_conn;
struct pump;

struct bk_session {
	struct loop *loop; /* borrowed */
	struct bk_session_options o;
	char *shared_key;
	char id[32];
	struct grpc_conn *grpc; /* we are its server */

	struct conn *conn; /* a connection of its own, or */
	struct pump *pump;
	struct grpc_call *outer; /* the call it is tunnelled through */

	struct bk_auth *auth;            /* NULL until it is asked for */
	const struct bk_export *exports; /* borrowed */
	size_t nexports;
	struct content *writers; /* what the daemon is adding to stores */
	struct bk_session_stats stats;
	struct err broken; /* kind ERR_NONE while all is well */
};

/* Safe with NULL. */
void auth_free(struct bk_auth *a);

/* Notes why the build cannot succeed; the first cause stays. */
void bk_session_fail(struct bk_session *s, const struct err *err);

/* Each takes over a new call. */
void health_open(struct bk_session *s, struct grpc_call *call);
void filesync_open(struct bk_session *s, struct grpc_call *call);
void filesend_open(struct bk_session *s, struct grpc_call *call);
void auth_credentials_open(struct bk_session *s, struct grpc_call *call);
void auth_token_open(struct bk_session *s, struct grpc_call *call);
void auth_authority_open(struct bk_session *s, struct grpc_call *call);
void auth_verify_open(struct bk_session *s, struct grpc_call *call);
void secrets_open(struct bk_session *s, struct grpc_call *call);
void ssh_check_open(struct bk_session *s, struct grpc_call *call);
void ssh_forward_open(struct bk_session *s, struct grpc_call *call);
void content_info_open(struct bk_session *s, struct grpc_call *call);
void content_read_open(struct bk_session *s, struct grpc_call *call);
void content_write_open(struct bk_session *s, struct grpc_call *call);
void content_status_open(struct bk_session *s, struct grpc_call *call);
void content_abort_open(struct bk_session *s, struct grpc_call *call);
void upload_open(struct bk_session *s, struct grpc_call *call);

/* A file on its way. */
struct services_file {
	int fd;
	off_t at;
	uint64_t left;
};

/*
 * Queues the next piece of a file, of room bytes at most, as a message {number:
 * bytes}. Others may read the same descriptor.
 */
int services_send_piece(struct grpc_call *call, struct services_file *f, uint32_t number,
	size_t room, struct err *err);

#endif
