/* Lines: NO_PROXY, the proxy's address, a host; the rest is what the proxy answers. */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/err.h"
#include "net/conn.h"
#include "net/proxy.h"

enum { ANSWER_MAX = 64 * 1024 };

static void
tunnel(const struct proxy *p, struct str answer)
{
	struct err err = {0};
	struct conn *c;
	int pair[2];

	if (answer.len > ANSWER_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	if (write(pair[1], answer.s, answer.len) != (ssize_t)answer.len)
		__builtin_trap();
	shutdown(pair[1], SHUT_WR);
	c = proxy_tunnel(conn_fd(pair[0], "proxy"), p, "r.example", "443", deadline_in(1000), &err);
	if (!c && (err.kind == ERR_NONE || !err.msg[0]))
		__builtin_trap();
	conn_close(c);
	close(pair[1]);
}

/* A line as C string, NULs and all that follows left out. */
static const char *
take_line(struct arena *a, struct str *rest, const char *name)
{
	struct str line = {0};

	str_line(rest, &line);
	return arena_fmt(a, "%s%s", name, arena_str(a, line));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy fixed = {.host = "p", .port = "3128", .source = "HTTPS_PROXY"};
	struct str rest = str_n((const char *)data, size);
	cleanup_arena struct arena a = {0};
	cleanup_proxy struct proxy p = {0};
	const char *vars[] = {
		take_line(&a, &rest, "NO_PROXY="), take_line(&a, &rest, "HTTPS_PROXY="), NULL};
	const char *host = take_line(&a, &rest, "");
	struct env env = {vars};

	if (proxy_find(&a, &env, true, host, "443", &p, NULL) == 0 && p.host &&
		proxy_exempts(vars[0] + strlen("NO_PROXY="), host, "443"))
		__builtin_trap();
	tunnel(p.host ? &p : &fixed, rest);
	return 0;
}
