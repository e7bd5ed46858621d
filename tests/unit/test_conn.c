/* Connections: sockets, pairs of pipes, prefixes; dialling; deadlines and signals. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "net/conn.h"
#include "net/dial.h"
#include "script_conn.h"
#include "tree.h"

static void
open_sockets(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static void
a_socket_both_ways(void **state)
{
	struct err err = {0};
	struct pollfd fds[2];
	struct conn *c;
	char got[16];
	int ends[2];

	(void)state;
	open_sockets(ends);
	c = conn_fd(ends[0], "unix:///x");
	assert_string_equal(c->name, "unix:///x");
	assert_int_equal(conn_try_read(c, got, sizeof(got), &err), CONN_WAIT);
	assert_ok(conn_write_all(c, "hello", 5, DEADLINE_NONE, &err), &err);
	assert_int_equal(read(ends[1], got, sizeof(got)), 5);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 3);
	assert_int_equal(conn_wants(c, false, fds), 1);
	assert_int_equal(fds[0].events, POLLIN);
	assert_int_equal(conn_wants(c, true, fds), 1);
	assert_int_equal(fds[0].events, POLLIN | POLLOUT);
	assert_false(conn_buffered(c));
	assert_string_equal(conn_diagnosis(c), "");
	close(ends[1]);
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 0);
	conn_close(c);
	assert_int_equal(fcntl(ends[0], F_GETFD), -1);
	conn_close(NULL);
}

static void
a_pair_of_pipes(void **state)
{
	struct err err = {0};
	struct pollfd fds[2];
	int in[2], out[2];
	struct conn *c;
	char got[16];

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	c = conn_pair(in[0], out[1], "'cat'");
	assert_int_equal(conn_wants(c, true, fds), 2);
	assert_int_equal(fds[0].fd, in[0]);
	assert_int_equal(fds[1].fd, out[1]);
	assert_ok(conn_write_all(c, "hello", 5, DEADLINE_NONE, &err), &err);
	assert_int_equal(read(out[0], got, sizeof(got)), 5);
	assert_int_equal(write(in[1], "abc", 3), 3);
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 3);
	conn_close(c);
	assert_int_equal(fcntl(in[0], F_GETFD), -1);
	assert_int_equal(fcntl(out[1], F_GETFD), -1);
	close(in[1]);
	close(out[0]);
}

static void
a_prefix_comes_first(void **state)
{
	struct script s = {.in = STR("def"), .end = SCRIPT_CLOSES};
	struct conn *below = script_conn(&s), *c;
	struct err err = {0};
	char got[16];

	(void)state;
	assert_ptr_equal(conn_prefixed(below, (struct str){0}), below);
	c = conn_prefixed(below, STR("abc"));
	assert_string_equal(c->name, "script");
	assert_true(conn_buffered(c));
	assert_ok(conn_wait(c, false, 0, &err), &err); /* poll would not see them */
	assert_int_equal(conn_read(c, got, 2, DEADLINE_NONE, &err), 2);
	assert_memory_equal(got, "ab", 2);
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 1);
	assert_int_equal(got[0], 'c');
	assert_false(conn_buffered(c));
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 3);
	assert_memory_equal(got, "def", 3);
	assert_ok(conn_write_all(c, "out", 3, DEADLINE_NONE, &err), &err);
	assert_str(buf_view(&s.written), "out");
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 0);
	conn_closep(&c);
	assert_null(c);
	assert_true(s.closed);
	script_release(&s);
}

/* More than a socket holds: the rest waits for the reader, up to the deadline. */
static void
k_20_a_deadline_in_the_past_does_not_wait(void **state)
{
	static char much[4 * 1024 * 1024];
	struct err err = {0};
	struct conn *c;
	int ends[2];
	char got;

	(void)state;
	open_sockets(ends);
	c = conn_fd(ends[0], "unix:///x");
	assert_int_equal(conn_read(c, &got, 1, 0, &err), -1);
	assert_err(&err, ERR_NET, "timed out");
	assert_int_equal(err.code, ETIMEDOUT);
	err = (struct err){0};
	assert_int_equal(conn_write_all(c, much, sizeof(much), 0, &err), -1);
	assert_err(&err, ERR_NET, "timed out");
	/* what the peer says meanwhile is no reason to try again and again */
	assert_int_equal(write(ends[1], "x", 1), 1);
	err = (struct err){0};
	assert_int_equal(conn_wait(c, true, 0, &err), -1);
	assert_err(&err, ERR_NET, "timed out");
	assert_ok(conn_wait(c, false, 0, &err), &err);
	conn_close(c);
	close(ends[1]);
}

static void
a_peer_that_is_gone(void **state)
{
	struct err err = {0};
	struct conn *c;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	open_sockets(ends);
	c = conn_fd(ends[0], "unix:///x");
	close(ends[1]);
	assert_int_equal(conn_write_all(c, "x", 1, DEADLINE_NONE, &err), -1);
	assert_err(&err, ERR_NET, "write to unix:///x: Broken pipe");
	conn_close(c);
}

static int
listen_at(const char *path, int backlog)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
k_20_dialling_a_socket(void **state)
{
	static const char at_length[] = "108 bytes are one too many for the address of a socket: "
					"0123456789012345678901234567890123456789012345678901";
	cleanup_tree struct tree t;
	struct err err = {0};
	struct conn *c, *second;
	int fd;

	(void)state;
	tree_init(&t);
	assert_null(dial_unix(tree_path(&t, "none"), DEADLINE_NONE, &err));
	assert_err(&err, ERR_NET, "connect to unix:///");
	assert_int_equal(err.code, ENOENT);
	tree_write(&t, "file", "x");
	assert_null(dial_unix(tree_path(&t, "file"), DEADLINE_NONE, &err));
	assert_int_equal(err.code, ECONNREFUSED);
	assert_int_equal(sizeof(at_length), 109);
	assert_null(dial_unix(at_length, DEADLINE_NONE, &err));
	assert_err(&err, ERR_NET, "longer than 107 bytes");
	fd = listen_at(tree_path(&t, "s"), 0);
	c = dial_unix(tree_path(&t, "s"), DEADLINE_NONE, &err);
	assert_non_null(c);
	assert_that(strstr(c->name, "unix:///") == c->name, "name is %s", c->name);
	/* nobody accepts, and the queue is full */
	second = dial_unix(tree_path(&t, "s"), 0, &err);
	assert_null(second);
	assert_err(&err, ERR_NET, "connect to unix:///");
	conn_close(c);
	close(fd);
}

static void
k_20_dialling_a_port(void **state)
{
	struct err err = {0};
	char name[400];

	(void)state;
	/* too long for a name: no server is asked */
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_null(dial_tcp(name, "80", DEADLINE_NONE, &err));
	assert_err(&err, ERR_NET, "look up 'aaaa");
	/* nothing listens on the port of tcpmux */
	assert_null(dial_tcp("127.0.0.1", "1", DEADLINE_NONE, &err));
	assert_err(&err, ERR_NET, "connect to 127.0.0.1:1: Connection refused");
	assert_null(dial_tcp("::1", "1", DEADLINE_NONE, &err));
	assert_err(&err, ERR_NET, "connect to [::1]:1: ");
}

/* Last: the handlers stay. */
static void
b_27_a_signal_ends_every_wait(void **state)
{
	cleanup_tree struct tree t;
	struct err err = {0};
	struct conn *c;
	int ends[2], fd;
	char got;

	(void)state;
	tree_init(&t);
	interrupt_install();
	open_sockets(ends);
	c = conn_fd(ends[0], "unix:///x");
	raise(SIGINT);
	assert_int_equal(conn_read(c, &got, 1, DEADLINE_NONE, &err), -1);
	assert_err(&err, ERR_CANCELED, "stopped by SIGINT");
	assert_int_equal(err.code, SIGINT);
	interrupt_clear();
	conn_close(c);
	close(ends[1]);
	/* also while a listener's queue is full */
	fd = listen_at(tree_path(&t, "s"), 0);
	c = dial_unix(tree_path(&t, "s"), DEADLINE_NONE, &err);
	raise(SIGTERM);
	assert_null(dial_unix(tree_path(&t, "s"), DEADLINE_NONE, &err));
	assert_err(&err, ERR_CANCELED, "stopped by SIGTERM");
	interrupt_clear();
	conn_close(c);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_both_ways),
		cmocka_unit_test(a_pair_of_pipes),
		cmocka_unit_test(a_prefix_comes_first),
		cmocka_unit_test(k_20_a_deadline_in_the_past_does_not_wait),
		cmocka_unit_test(a_peer_that_is_gone),
		cmocka_unit_test(k_20_dialling_a_socket),
		cmocka_unit_test(k_20_dialling_a_port),
		cmocka_unit_test(b_27_a_signal_ends_every_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
