/*
 * moby.filesync.v1.Auth/Credentials. Of the service's other methods the daemon
 * learns that they are not there, and then fetches tokens itself with what this
 * one gives.
 *
 * A credential helper may take its time: then the look-up runs in a child
 * process that reports through a pipe, and the loop goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/interrupt.h"
#include "base/loop.h"
#include "buildkit/services.h"
#include "net/grpc.h"
#include "registry/credentials.h"

#include "buildkit/proto/session.pb-c.h"

enum { REPLY_MAX = 1024 * 1024 };

struct auth {
	struct bk_session *session;
	struct grpc_call *call;
	struct watch *watch;
	pid_t pid;
	int fd;
	struct buf reply; /* of the child: 'K' + packed answer, or 'E' + message */
};

static size_t
pack_answer(const struct credential *cred, uint8_t **packed)
{
	Pb__CredentialsResponse r = PB__CREDENTIALS_RESPONSE__INIT;
	size_t len;

	/* an identity token goes without a user; what stays unset is empty on the wire */
	if (cred->kind == CREDENTIAL_BASIC)
		r.username = cred->user;
	if ((cred->kind == CREDENTIAL_BASIC || cred->kind == CREDENTIAL_IDENTITY) &&
		secret_is_set(&cred->secret))
		r.secret = cred->secret.value;
	len = pb__credentials_response__get_packed_size(&r);
	*packed = xmalloc(len);
	pb__credentials_response__pack(&r, *packed);
	return len;
}

static void
wipe_free(uint8_t *p, size_t len)
{
	explicit_bzero(p, len);
	free(p);
}

static void
refuse(struct auth *au, const char *why)
{
	log_warn(au->session->o.log, "%s", why);
	grpc_call_finish(au->call, GRPC_UNKNOWN, why);
}

static void
answer(struct auth *au, const char *host)
{
	cleanup_credential struct credential cred = {0};
	struct err err = {0};
	uint8_t *packed;
	size_t len;

	if (credentials_find(au->session->o.credentials, host, &cred, &err)) {
		refuse(au, err.msg);
		return;
	}
	if (cred.kind == CREDENTIAL_NONE)
		log_debug(au->session->o.log, "no credentials for %s", host);
	else
		log_debug(au->session->o.log, "credentials for %s from %s", host, cred.source);
	len = pack_answer(&cred, &packed);
	grpc_call_send(au->call, packed, len);
	grpc_call_finish(au->call, GRPC_OK, NULL);
	wipe_free(packed, len);
}

_Noreturn static void
child(struct auth *au, const char *host, int fd)
{
	cleanup_credential struct credential cred = {0};
	struct err err = {0};
	uint8_t *packed;
	size_t len;

	interrupt_reset_child();
	if (credentials_find(au->session->o.credentials, host, &cred, &err)) {
		fd_write_all(fd, "E", 1);
		fd_write_all(fd, err.msg, strlen(err.msg));
		_exit(1);
	}
	len = pack_answer(&cred, &packed);
	fd_write_all(fd, "K", 1);
	fd_write_all(fd, packed, len);
	_exit(0);
}

static void
forget_child(struct auth *au)
{
	int status;

	watch_remove(au->watch);
	au->watch = NULL;
	fd_close(&au->fd);
	while (au->pid > 0 && waitpid(au->pid, &status, 0) < 0 && errno == EINTR)
		;
	au->pid = 0;
}

static void
on_reply(short revents, void *arg)
{
	struct auth *au = arg;
	char chunk[4096];
	ssize_t n = fd_read(au->fd, chunk, sizeof(chunk));

	(void)revents;
	if (n > 0 && buf_add(&au->reply, chunk, (size_t)n, NULL) == 0)
		return;
	forget_child(au);
	if (au->reply.len && au->reply.p[0] == 'K') {
		grpc_call_send(au->call, au->reply.p + 1, au->reply.len - 1);
		grpc_call_finish(au->call, GRPC_OK, NULL);
	} else {
		refuse(au, au->reply.len > 1
				   ? au->reply.p + 1
				   : "the look-up of credentials ended without an answer");
	}
	explicit_bzero(chunk, sizeof(chunk));
	buf_wipe(&au->reply);
}

static void
answer_by_child(struct auth *au, const char *host)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC)) {
		refuse(au, "no pipe for the look-up of credentials");
		return;
	}
	au->pid = fork();
	if (au->pid == 0)
		child(au, host, ends[1]);
	close(ends[1]);
	au->fd = ends[0];
	if (au->pid < 0) {
		fd_close(&au->fd);
		refuse(au, "no process for the look-up of credentials");
		return;
	}
	buf_init(&au->reply, REPLY_MAX);
	au->watch = loop_watch(au->session->loop, au->fd, POLLIN, on_reply, au);
}

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct auth *au = arg;
	struct credentials *c = au->session->o.credentials;
	Pb__CredentialsRequest *r =
		pb__credentials_request__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	if (!r || au->pid) {
		grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "malformed request");
	} else if (!c) {
		grpc_call_send(call, "", 0); /* both fields empty: anonymous */
		grpc_call_finish(call, GRPC_OK, NULL);
	} else if (credentials_may_block(c, r->host)) {
		answer_by_child(au, r->host);
	} else {
		answer(au, r->host);
	}
	pb__credentials_request__free_unpacked(r, NULL);
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct auth *au = arg;

	(void)call;
	(void)st;
	if (au->pid)
		kill(au->pid, SIGTERM);
	forget_child(au);
	buf_wipe(&au->reply);
	free(au);
}

static const struct grpc_call_ops ops = {.message = on_message, .close = on_close};

void
auth_open(struct bk_session *s, struct grpc_call *call)
{
	struct auth *au = xcalloc(1, sizeof(*au));

	au->session = s;
	au->call = call;
	au->fd = -1;
	grpc_call_serve(call, &ops, au);
}
