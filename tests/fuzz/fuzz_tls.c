/* What a server says before encryption begins: records, its hello, its certificates. */
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/conn.h"
#include "net/tls.h"
#include "net/trust.h"

enum { SAID_MAX = 64 * 1024 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trust *trust;
	struct tls_options o = {.server_name = "localhost"};
	struct err err = {0};
	int pair[2];

	if (!trust) {
		signal(SIGPIPE, SIG_IGN);
		trust = trust_new(clock_wall_ns() / 1000000000);
		trust_add_builtin(trust);
	}
	if (size < 1 || size > SAID_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return 0;
	/* the first byte chooses: with or without verification */
	o.insecure = data[0] & 1;
	o.trust = trust;
	if (write(pair[1], data + 1, size - 1) != (ssize_t)size - 1)
		__builtin_trap();
	shutdown(pair[1], SHUT_WR);
	/* nobody can know our key share, so nothing that was said before can be right */
	if (tls_connect(conn_fd(pair[0], "peer"), &o, deadline_in(1000), &err) ||
		err.kind == ERR_NONE || !err.msg[0])
		__builtin_trap();
	close(pair[1]);
	return 0;
}
