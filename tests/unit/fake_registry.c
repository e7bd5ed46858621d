#include "fake_registry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

enum { REQUEST_MAX = 4 * 1024 * 1024, MARK = 0x1e /* ends a request in what was seen */ };

/* ---- in the process ---------------------------------------------------------- */

/* Head and body, NUL-terminated; false for what is no request. */
static bool
read_request(int fd, char *text)
{
	size_t len = 0, body = 0;
	char *end = NULL, *length;
	ssize_t n;

	text[0] = '\0';
	while (!end || strlen(end + 4) < body) {
		n = fd_read(fd, text + len, REQUEST_MAX - len - 1);
		if (n <= 0 || text[0] == 0x16)
			return false;
		len += (size_t)n;
		text[len] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = strstr(text, "Content-Length: ");
		if (end && length)
			body = strtoul(length + strlen("Content-Length: "), NULL, 10);
	}
	return true;
}

static void
send_answer(const struct fake_registry *f, const struct fake_step *s, int fd)
{
	cleanup_buf struct buf text = {0};
	struct str rest = str_from(s->answer);
	bool forever = str_ends(rest, STR("@FOREVER@"));
	char filler[4096];

	if (forever)
		rest.len -= strlen("@FOREVER@");
	while (rest.len) {
		if (str_take(&rest, STR("@HOST@"))) {
			buf_puts(&text, f->host);
		} else if (str_take(&rest, STR("@PORT@"))) {
			buf_puts(&text, f->port);
		} else {
			buf_putc(&text, rest.s[0]);
			rest = str_from_off(rest, 1);
		}
	}
	fd_write_all(fd, text.p, text.len);
	memset(filler, text.p[text.len - 1], sizeof(filler));
	while (forever && fd_write_all(fd, filler, sizeof(filler)) == 0)
		;
}

/* The peer must have read all: closing earlier could take the answer away from it. */
static void
close_gently(int fd)
{
	char rest[512];

	shutdown(fd, SHUT_WR);
	while (fd_read(fd, rest, sizeof(rest)) > 0)
		;
	close(fd);
}

_Noreturn static void
serve(const struct fake_registry *f, int listener)
{
	static char text[REQUEST_MAX];
	const char mark = MARK;
	size_t i = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			_exit(1);
		if (read_request(fd, text)) {
			fd_write_all(f->seen, text, strlen(text));
			fd_write_all(f->seen, &mark, 1);
			if (i < f->n && f->steps[i].answer)
				send_answer(f, &f->steps[i], fd);
			i++;
		}
		close_gently(fd);
	}
}

/* ---- in the test ------------------------------------------------------------- */

void
fake_registry_start(struct fake_registry *f, const struct fake_step *steps, size_t n)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	signal(SIGPIPE, SIG_IGN);
	assert_that(listener >= 0 && bind(listener, (struct sockaddr *)&at, len) == 0 &&
			    listen(listener, 16) == 0 &&
			    getsockname(listener, (struct sockaddr *)&at, &len) == 0,
		"no listener on 127.0.0.1");
	*f = (struct fake_registry){.steps = steps, .n = n};
	snprintf(f->host, sizeof(f->host), "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
	f->port = strchr(f->host, ':') + 1;
	f->seen = memfd_create("seen", MFD_CLOEXEC);
	assert_that(f->seen >= 0, "memfd_create");
	f->pid = fork();
	assert_that(f->pid >= 0, "fork");
	if (f->pid == 0)
		serve(f, listener);
	close(listener);
}

void
fake_registry_end(struct fake_registry *f, const char *row)
{
	cleanup_buf struct buf seen = {0};
	struct str rest, request;
	size_t i = 0;

	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	lseek(f->seen, 0, SEEK_SET);
	fd_read_to_end(f->seen, "seen", BUF_TEXT_MAX, &seen, NULL);
	close(f->seen);
	rest = buf_view(&seen);
	while (str_cut(&rest, MARK, &request)) {
		const struct fake_step *s = &f->steps[i];

		assert_that(i < f->n, "row '%s': one request too many: " STR_FMT, row,
			STR_ARG(request));
		assert_that(str_starts(request, str_from(s->request)),
			"row '%s', step %zu: want '%s', got " STR_FMT, row, i, s->request,
			STR_ARG(request));
		assert_that(!s->has || str_search(request, str_from(s->has)) >= 0,
			"row '%s', step %zu: '%s' is not in " STR_FMT, row, i, s->has,
			STR_ARG(request));
		assert_that(!s->lacks || str_search(request, str_from(s->lacks)) < 0,
			"row '%s', step %zu: '%s' is in " STR_FMT, row, i, s->lacks,
			STR_ARG(request));
		i++;
	}
	assert_that(i == f->n, "row '%s': %zu requests came, want %zu", row, i, f->n);
}
