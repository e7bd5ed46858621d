#include "net/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "net/conn.h"

enum { BACKLOG_PAUSE_MS = 20 };

/* Waits for a connect(2) that is under way; 0 or an errno. */
static int
finish_connect(struct conn *c, int fd, int64_t deadline, struct err *err)
{
	socklen_t len = sizeof(int);
	int cause = 0;

	if (conn_wait(c, true, deadline, err))
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &len))
		cause = errno;
	if (cause)
		return err_errno(err, ERR_NET, cause, "connect to %s", c->name);
	return 0;
}

static struct conn *
connect_to(const struct sockaddr *addr, socklen_t len, const char *name, int64_t deadline,
	struct err *err)
{
	struct conn *c;
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0) {
		err_errno(err, ERR_NET, errno, "connect to %s", name);
		return NULL;
	}
	c = conn_fd(fd, name);
	rc = connect(fd, addr, len);
	/* a unix listener whose backlog is full says EAGAIN, and poll cannot wait for it */
	while (rc && (errno == EINTR || (errno == EAGAIN && deadline_poll(deadline)))) {
		interrupt_poll(NULL, 0, BACKLOG_PAUSE_MS);
		if (interrupt_check(err)) {
			conn_close(c);
			return NULL;
		}
		rc = connect(fd, addr, len);
	}
	if (rc && errno != EINPROGRESS) {
		err_errno(err, ERR_NET, errno, "connect to %s", name);
		conn_close(c);
		return NULL;
	}
	if (rc && finish_connect(c, fd, deadline, err)) {
		conn_close(c);
		return NULL;
	}
	return c;
}

struct conn *
dial_unix(const char *path, int64_t deadline, struct err *err)
{
	cleanup_free char *name = xasprintf("unix://%s", path);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct err local = {0};
	struct conn *c;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		err_set(err, ERR_NET, "connect to %s: the path is longer than %zu bytes", name,
			sizeof(addr.sun_path) - 1);
		return NULL;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	c = connect_to((struct sockaddr *)&addr, sizeof(addr), name, deadline, &local);
	if (c)
		return c;
	if (local.code == EACCES)
		err_hint(&local,
			"this user may not use '%s': run as root, or join the group that "
			"owns the socket",
			path);
	if (err)
		*err = local;
	return NULL;
}

struct conn *
dial_tcp(const char *host, const char *port, int64_t deadline, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *a;
	cleanup_free char *name = xasprintf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	struct conn *c = NULL;
	int rc, one = 1;

	rc = getaddrinfo(host, port, &hints, &list);
	if (rc) {
		err_setc(err, ERR_NET, rc == EAI_AGAIN ? EAGAIN : 0, "look up '%s': %s", host,
			rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		return NULL;
	}
	for (a = list; a && !c; a = a->ai_next)
		c = connect_to(a->ai_addr, a->ai_addrlen, name, deadline, err);
	freeaddrinfo(list);
	if (c) {
		struct pollfd fds[2];

		conn_wants(c, false, fds);
		setsockopt(fds[0].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	return c;
}
