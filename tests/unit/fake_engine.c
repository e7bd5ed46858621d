#include "fake_engine.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

void
fake_answer(struct buf *out, const char *status, const char *type, struct str body, size_t chunk)
{
	size_t n;

	buf_addf(out, "HTTP/1.1 %s\r\nContent-Type: %s\r\n", status, type);
	if (!chunk) {
		buf_addf(out, "Content-Length: %zu\r\n\r\n" STR_FMT, body.len, STR_ARG(body));
		return;
	}
	buf_puts(out, "Transfer-Encoding: chunked\r\n\r\n");
	while (body.len) {
		n = chunk < body.len ? chunk : body.len;
		buf_addf(out, "%zx\r\n" STR_FMT "\r\n", n, STR_ARG(str_first(body, n)));
		body = str_from_off(body, n);
	}
	buf_puts(out, "0\r\n\r\n");
}

/* The whole head, and the body when the head names its length or has chunks follow. */
static bool
is_whole(const struct buf *request)
{
	struct str all = buf_view(request);
	ptrdiff_t end = str_search(all, STR("\r\n\r\n"));
	ptrdiff_t at = str_search(all, STR("Content-Length: "));
	uint64_t len = 0;
	struct str rest;

	if (end < 0)
		return false;
	if (str_search(str_first(all, (size_t)end), STR("Transfer-Encoding: chunked")) >= 0)
		return str_ends(all, STR("\r\n0\r\n\r\n"));
	if (at >= 0 && at < end) {
		rest = str_from_off(all, (size_t)at + 16);
		str_take_u64(&rest, 10, &len);
	}
	return all.len >= (size_t)end + 4 + len;
}

/* What stands behind a FAKE_HOLD waits for a word of the test's. */
static void
send_answer(int c, int word, struct str answer)
{
	struct str part;
	char byte;

	while (str_cut(&answer, FAKE_HOLD, &part)) {
		(void)fd_write_all(c, part.s, part.len);
		if (fd_read(word, &byte, 1) != 1)
			_exit(1);
	}
	(void)fd_write_all(c, answer.s, answer.len);
}

_Noreturn static void
run_child(int listener, int log, int word, const struct str *answers, size_t n)
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
		send_answer(c, word, answers[i]);
		close(c);
	}
	_exit(0);
}

void
fake_engine_start(struct fake_engine *e, const struct str *answers, size_t n)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2], word[2];

	*e = (struct fake_engine){0};
	tree_init(&e->tree);
	snprintf(e->path, sizeof(e->path), "%s", tree_path(&e->tree, "s"));
	memcpy(addr.sun_path, e->path, sizeof(e->path));
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 10), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pipe2(word, O_CLOEXEC), 0);
	e->pid = fork();
	assert_true(e->pid >= 0);
	if (e->pid == 0)
		run_child(listener, ends[1], word[0], answers, n);
	close(listener);
	close(ends[1]);
	close(word[0]);
	e->seen = ends[0];
	e->word = word[1];
	e->endpoint = (struct docker_endpoint){.transport = DOCKER_UNIX,
		.address = "unix:///fake",
		.source = "DOCKER_HOST",
		.path = e->path,
		.base = ""};
}

void
fake_engine_go_on(struct fake_engine *e)
{
	assert_int_equal(fd_write_all(e->word, "", 1), 0);
}

void
fake_engine_end(struct fake_engine *e)
{
	char chunk[4096];
	ssize_t got;

	if (!e->pid)
		return;
	kill(e->pid, SIGTERM);
	waitpid(e->pid, NULL, 0);
	e->pid = 0;
	while ((got = read(e->seen, chunk, sizeof(chunk))) > 0)
		buf_mem(&e->requests, chunk, (size_t)got);
	fd_close(&e->seen);
	fd_close(&e->word);
}

void
fake_engine_release(struct fake_engine *e)
{
	fake_engine_end(e);
	buf_release(&e->requests);
	tree_release(&e->tree);
}
