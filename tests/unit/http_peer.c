#include "http_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

/* The whole head, and the body when the head names its length. */
static bool
is_whole(const struct buf *request)
{
	struct str all = buf_view(request), rest;
	ptrdiff_t end = str_search(all, STR("\r\n\r\n"));
	ptrdiff_t at = str_search(all, STR("Content-Length: "));
	uint64_t len = 0;

	if (end < 0)
		return false;
	if (at >= 0 && at < end) {
		rest = str_from_off(all, (size_t)at + 16);
		str_take_u64(&rest, 10, &len);
	}
	return all.len >= (size_t)end + 4 + len;
}

_Noreturn static void
serve(int listener, int log, const char *const *answers, size_t n)
{
	char chunk[4096];
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < n; i++) {
		int c = accept(listener, NULL, NULL);
		struct buf request = {0};
		ssize_t got;

		while (!is_whole(&request) && (got = read(c, chunk, sizeof(chunk))) > 0)
			buf_mem(&request, chunk, (size_t)got);
		(void)fd_write_all(log, request.p, request.len);
		(void)fd_write_all(c, answers[i], strlen(answers[i]));
		close(c);
	}
	_exit(0);
}

void
http_peer_start(struct http_peer *p, const char *const *answers, size_t n)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
	socklen_t len = sizeof(addr);

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 10), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	snprintf(p->port, sizeof(p->port), "%u", (unsigned)ntohs(addr.sin_port));
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%s", p->port);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0)
		serve(listener, ends[1], answers, n);
	close(listener);
	close(ends[1]);
	p->seen = ends[0];
}

void
http_peer_end(struct http_peer *p, struct buf *requests)
{
	char chunk[4096];
	ssize_t got;
	int status;

	while ((got = read(p->seen, chunk, sizeof(chunk))) > 0)
		buf_mem(requests, chunk, (size_t)got);
	close(p->seen);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	p->pid = 0;
}
