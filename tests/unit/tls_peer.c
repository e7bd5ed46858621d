#include "tls_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/dial.h"
#include "test.h"

enum { ARGS_MAX = 32 };

/* Starts a program with a pipe on either side; it dies with us. */
static pid_t
spawn(const char *dir, const char *const *argv, int *in, int *out)
{
	int to[2], from[2];
	pid_t pid;

	/* a write to a peer that has gone is an error, not the end; the child inherits that */
	signal(SIGPIPE, SIG_IGN);
	assert_that(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	assert_that(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if ((dir && chdir(dir)) || dup2(to[0], 0) < 0 || dup2(from[1], 1) < 0 ||
			dup2(from[1], 2) < 0)
			_exit(126);
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*in = to[1];
	*out = from[0];
	return pid;
}

static void
run(const char *const *argv, const char *failed)
{
	int in, out, status = -1;
	pid_t pid = spawn(NULL, argv, &in, &out);

	assert_that(waitpid(pid, &status, 0) == pid && status == 0, "%s", failed);
	close(in);
	close(out);
}

void
tls_peer_certificates(const struct tree *t)
{
	const char *const make[] = {"sh", "tests/unit/certificates.sh", t->path, NULL};
	const char *const version[] = {"openssl", "version", NULL};

	run(version, "'openssl' does not run: install the package 'openssl'");
	run(make, "tests/unit/certificates.sh failed");
}

/* Reads "ACCEPT 127.0.0.1:PORT". */
static void
read_port(struct tls_peer *p, int out)
{
	char text[4096], *at;
	size_t len = 0;
	ssize_t n;

	do {
		n = read(out, text + len, sizeof(text) - len - 1);
		if (n > 0)
			len += (size_t)n;
		text[len] = '\0';
		at = strstr(text, "ACCEPT ");
	} while (n > 0 && !(at && strchr(at, '\n')));
	if (!at || !strchr(at, '\n'))
		test_fail(TEST_AT(NULL), "openssl s_server does not start:\n%s", text);
	at = strchr(at, ':');
	assert_that(at != NULL, "no port in '%s'", text);
	snprintf(p->port, sizeof(p->port), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
}

void
tls_peer_start(struct tls_peer *p, const struct tree *t, const char *name, const char *chain,
	const char *const *args)
{
	char cert[64], key[64], chain_file[64];
	const char *argv[ARGS_MAX] = {
		"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key};
	size_t n = 8;
	int out;

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	if (chain) {
		snprintf(chain_file, sizeof(chain_file), "%s.pem", chain);
		argv[n++] = "-cert_chain";
		argv[n++] = chain_file;
	}
	while (args && *args && n < ARGS_MAX - 1)
		argv[n++] = *args++;
	p->pid = spawn(t->path, argv, &p->in, &out);
	read_port(p, out);
	close(out);
}

void
tls_peer_stop(struct tls_peer *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
		close(p->in);
	}
	*p = (struct tls_peer){.in = -1};
}

struct conn *
tls_peer_dial(const struct tls_peer *p)
{
	struct err err = {0};
	struct conn *c = dial_tcp("127.0.0.1", p->port, deadline_in(60000), &err);

	assert_that(c != NULL, "%s", err.msg);
	return c;
}

/* ---- a slow connection ------------------------------------------------------ */

struct slow {
	struct conn base;
	struct conn *below;
	size_t chunk, cut, received;
	bool wait_read, wait_write;
};

static ssize_t
slow_read(struct conn *c, void *p, size_t len, struct err *err)
{
	struct slow *s = (struct slow *)c;
	ssize_t n;

	s->wait_read = !s->wait_read;
	if (s->wait_read)
		return CONN_WAIT;
	if (s->cut && len > s->cut - s->received)
		len = s->cut - s->received;
	if (len == 0)
		return 0;
	n = conn_try_read(s->below, p, len < s->chunk ? len : s->chunk, err);
	if (n > 0)
		s->received += (size_t)n;
	return n;
}

static ssize_t
slow_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	struct slow *s = (struct slow *)c;

	s->wait_write = !s->wait_write;
	if (s->wait_write)
		return CONN_WAIT;
	return conn_try_write(s->below, p, len < s->chunk ? len : s->chunk, err);
}

static int
slow_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	return conn_wants(((struct slow *)c)->below, write, fds);
}

/* What it holds back is no matter of the descriptor: a cut end, and a refused second read. */
static bool
slow_buffered(struct conn *c)
{
	struct slow *s = (struct slow *)c;

	return s->cut && s->received == s->cut;
}

static void
slow_close(struct conn *c)
{
	conn_close(((struct slow *)c)->below);
	free(c->name);
	free(c);
}

static const struct conn_ops slow_ops = {
	.read = slow_read,
	.write = slow_write,
	.wants = slow_wants,
	.close = slow_close,
	.buffered = slow_buffered,
};

struct conn *
tls_peer_slow(struct conn *below, size_t chunk, size_t cut)
{
	struct slow *s = xcalloc(1, sizeof(*s));

	s->base = (struct conn){&slow_ops, xstrdup(below->name)};
	s->below = below;
	s->chunk = chunk;
	s->cut = cut;
	return &s->base;
}
