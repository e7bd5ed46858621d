/* HTTP proxies: which one, for whom not, and the tunnel. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/tls_env.h"
#include "tls_peer.h"

enum { WAIT_MS = 60000 };

/* ---- the choice ------------------------------------------------------------- */

static void
proxies_are_chosen(void **state)
{
	static const struct {
		const char *name;
		const char *vars[4];
		bool http; /* instead of https */
		const char *host;
		const char *want;  /* host:port, "" for none */
		const char *login; /* or NULL */
		bool tls;
	} rows[] = {
		{"none", {NULL}, false, "r.example", "", NULL, false},
		{"https", {"HTTPS_PROXY=http://p:3128"}, false, "r.example", "p:3128", NULL, false},
		{"lower case first", {"HTTPS_PROXY=http://a:1", "https_proxy=http://b:2"}, false,
			"r.example", "b:2", NULL, false},
		{"no scheme", {"HTTPS_PROXY=p:3128"}, false, "r.example", "p:3128", NULL, false},
		{"no port", {"HTTPS_PROXY=http://p"}, false, "r.example", "p:80", NULL, false},
		{"slash at the end", {"HTTPS_PROXY=http://p:8080/"}, false, "r.example", "p:8080",
			NULL, false},
		{"over TLS", {"HTTPS_PROXY=https://p"}, false, "r.example", "p:443", NULL, true},
		{"IPv6", {"HTTPS_PROXY=http://[2001:db8::1]:8080"}, false, "r.example",
			"2001:db8::1:8080", NULL, false},
		{"login", {"HTTPS_PROXY=http://me:secret@p:1"}, false, "r.example", "p:1",
			"me:secret", false},
		{"login with escapes", {"HTTPS_PROXY=http://a%40b:c%3Ad@p:1"}, false, "r.example",
			"p:1", "a@b:c:d", false},
		{"name without password", {"HTTPS_PROXY=me@p:1"}, false, "r.example", "p:1",
			"me:", false},
		{"all", {"ALL_PROXY=http://p:1"}, false, "r.example", "p:1", NULL, false},
		{"https before all", {"all_proxy=http://p:1", "HTTPS_PROXY=http://q:2"}, false,
			"r.example", "q:2", NULL, false},
		{"empty is unset", {"https_proxy=", "HTTPS_PROXY=http://q:2"}, false, "r.example",
			"q:2", NULL, false},
		{"http for http", {"http_proxy=http://p:1", "https_proxy=http://q:2"}, true,
			"r.example", "p:1", NULL, false},
		{"http in capitals comes from a request", {"HTTP_PROXY=http://p:1"}, true,
			"r.example", "", NULL, false},
		{"http is not for https", {"http_proxy=http://p:1"}, false, "r.example", "", NULL,
			false},
		{"all for http", {"ALL_PROXY=http://p:1"}, true, "r.example", "p:1", NULL, false},
		{"loopback", {"HTTPS_PROXY=http://p:1"}, false, "127.0.0.53", "", NULL, false},
		{"loopback of six", {"HTTPS_PROXY=http://p:1"}, false, "::1", "", NULL, false},
		{"localhost", {"HTTPS_PROXY=http://p:1"}, false, "LocalHost", "", NULL, false},
		{"exempted", {"HTTPS_PROXY=http://p:1", "NO_PROXY=x,example"}, false, "r.example",
			"", NULL, false},
		{"not exempted", {"HTTPS_PROXY=http://p:1", "NO_PROXY=x"}, false, "r.example",
			"p:1", NULL, false},
		{"no_proxy in lower case first",
			{"HTTPS_PROXY=http://p:1", "NO_PROXY=*", "no_proxy=x"}, false, "r.example",
			"p:1", NULL, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_proxy struct proxy p = {0};
		struct env env = {rows[i].vars};
		struct err err = {0};
		const char *got;

		assert_row_ok(rows[i].name,
			proxy_find(&a, &env, !rows[i].http, rows[i].host, "443", &p, &err), &err);
		got = p.host ? arena_fmt(&a, "%s:%s", p.host, p.port) : "";
		assert_row_str(rows[i].name, str_from(got), rows[i].want);
		assert_row_str(rows[i].name, secret_reveal(&p.login), rows[i].login);
		assert_row_int(rows[i].name, p.tls, rows[i].tls);
	}
}

static void
odd_proxies_are_refused_in_silence(void **state)
{
	static const struct {
		const char *name, *var, *want;
	} rows[] = {
		{"SOCKS", "HTTPS_PROXY=socks5://u:secret@p:1",
			"HTTPS_PROXY: a proxy of kind 'socks5' is not supported"},
		{"slash in the password", "HTTPS_PROXY=http://u:sec/ret@p:1",
			"HTTPS_PROXY is no address such as http://host:port"},
		{"port", "https_proxy=http://u:secret@p:x",
			"https_proxy is no address such as http://host:port"},
		{"blank", "all_proxy=http://u:sec ret@p", "all_proxy is no address"},
		{"no host", "ALL_PROXY=http://u:secret@", "ALL_PROXY names no host"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *vars[] = {rows[i].var, NULL};
		struct env env = {vars};
		cleanup_arena struct arena a = {0};
		struct err err = {0};
		struct proxy p;

		assert_row_int(
			rows[i].name, proxy_find(&a, &env, true, "r.example", "443", &p, &err), -1);
		assert_row_err(rows[i].name, &err, ERR_CONFIG, rows[i].want);
		assert_null(strstr(err.msg, "sec"));
		assert_null(strstr(err.hint, "sec"));
		assert_null(p.host);
	}
}

static void
exceptions_are_matched(void **state)
{
	static const struct {
		const char *list, *host, *port;
		bool covers;
	} rows[] = {
		{"", "a.example", "443", false},
		{"*", "a.example", "443", true},
		{"example", "example", "443", true},
		{"example", "a.example", "443", true},
		{"example", "aexample", "443", false},
		{"example", "example.org", "443", false},
		{".example", "a.example", "443", true},
		{".example", "example", "443", true},
		{"*.example", "a.b.example", "443", true},
		{"EXAMPLE", "a.Example", "443", true},
		{"example", "a.example.", "443", true},
		{"x,example", "a.example", "443", true},
		{"x, example ,y", "a.example", "443", true},
		{"x example", "a.example", "443", true},
		{",,", "a.example", "443", false},
		{".", "a.example", "443", false},
		{"*.", "a.example", "443", false},
		{"a.example:443", "a.example", "443", true},
		{"a.example:5000", "a.example", "443", false},
		{"a.example:", "a.example", "443", false},
		{"10.0.0.1", "10.0.0.1", "443", true},
		{"10.0.0.1", "10.0.0.10", "443", false},
		{"0.0.1", "10.0.0.1", "443", false},
		{"10.0.0.1:443", "10.0.0.1", "443", true},
		{"10.0.0.1:80", "10.0.0.1", "443", false},
		{"10.0.0.0/8", "10.200.3.4", "443", true},
		{"10.0.0.0/8", "11.0.0.1", "443", false},
		{"172.16.0.0/12", "172.31.255.255", "443", true},
		{"172.16.0.0/12", "172.32.0.0", "443", false},
		{"0.0.0.0/0", "8.8.8.8", "443", true},
		{"10.0.0.1/32", "10.0.0.1", "443", true},
		{"10.0.0.0/33", "10.0.0.1", "443", false},
		{"10.0.0.0/x", "10.0.0.1", "443", false},
		{"10.0.0.0/8", "a.example", "443", false},
		{"2001:db8::1", "2001:db8::1", "443", true},
		{"[2001:db8::1]", "2001:db8:0::1", "443", true},
		{"[2001:db8::1]:443", "2001:db8::1", "443", true},
		{"[2001:db8::1]:80", "2001:db8::1", "443", false},
		{"[2001:db8::1", "2001:db8::1", "443", false},
		{"2001:db8::/32", "2001:db8:1::7", "443", true},
		{"2001:db8::/32", "2001:db9::7", "443", false},
		{"2001:db8::/33", "2001:db8:8000::7", "443", false},
		{"2001:db8::/32", "32.1.13.184", "443", false},
		{"[", "a", "443", false},
		{":", "a", "443", false},
		{"/", "a", "443", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_that(
			proxy_exempts(rows[i].list, rows[i].host, rows[i].port) == rows[i].covers,
			"'%s' for '%s'", rows[i].list, rows[i].host);
}

/* ---- the tunnel ------------------------------------------------------------- */

/* A connection whose peer has said all this and gone; *other is the peer's end. */
static struct conn *
scripted(const char *says, int *other)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(write(pair[1], says, strlen(says)), strlen(says));
	shutdown(pair[1], SHUT_WR);
	*other = pair[1];
	return conn_fd(pair[0], "p:3128");
}

static void
requests_are_written(void **state)
{
	static const struct {
		const char *name, *host, *port, *login, *want;
	} rows[] = {
		{"name", "r.example", "443", NULL,
			"CONNECT r.example:443 HTTP/1.1\r\nHost: r.example:443\r\n\r\n"},
		{"IPv6", "2001:db8::1", "5000", NULL,
			"CONNECT [2001:db8::1]:5000 HTTP/1.1\r\nHost: [2001:db8::1]:5000\r\n\r\n"},
		{"login", "r", "443", "Aladdin:open sesame",
			"CONNECT r:443 HTTP/1.1\r\nHost: r:443\r\n"
			"Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_proxy struct proxy p = {
			.host = "p", .port = "3128", .source = "HTTPS_PROXY"};
		struct err err = {0};
		cleanup_conn struct conn *c = NULL;
		char text[1024];
		ssize_t n;
		int other;

		if (rows[i].login)
			secret_set(&p.login, str_from(rows[i].login));
		c = proxy_tunnel(scripted("HTTP/1.1 200 OK\r\n\r\nfirst words", &other), &p,
			rows[i].host, rows[i].port, deadline_in(WAIT_MS), &err);
		assert_row_ok(rows[i].name, c ? 0 : -1, &err);
		n = read(other, text, sizeof(text));
		assert_row_str(rows[i].name, str_n(text, (size_t)n), rows[i].want);
		/* what came behind the head is the target's */
		n = conn_read(c, text, sizeof(text), deadline_in(WAIT_MS), &err);
		assert_row_str(rows[i].name, str_n(text, (size_t)n), "first words");
		assert_row_str(rows[i].name, str_first(str_from(c->name), 1), i == 1 ? "[" : "r");
		close(other);
	}
}

static void
refusals_are_told(void **state)
{
	static const struct {
		const char *name, *says;
		bool login;
		enum err_kind kind;
		int code;
		const char *want;
	} rows[] = {
		{"forbidden", "HTTP/1.1 403 Forbidden\r\n\r\nno", false, ERR_REMOTE, 403,
			"the proxy 'p:3128' (HTTPS_PROXY) does not connect to 'r:443': 403 Forbidden"},
		{"bad gateway", "HTTP/1.0 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", false,
			ERR_REMOTE, 502, "502 Bad Gateway"},
		{"redirect", "HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", false,
			ERR_REMOTE, 302, "302 Found"},
		{"another protocol", "HTTP/1.1 101 Switching\r\n\r\n", false, ERR_REMOTE, 101,
			"101 Switching"},
		{"who are you", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", false,
			ERR_AUTH, 407, "the proxy 'p:3128' (HTTPS_PROXY) wants credentials"},
		{"not you", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", true, ERR_AUTH,
			407, "the proxy 'p:3128' (HTTPS_PROXY) does not accept the credentials"},
		{"gone", "", false, ERR_NET, ECONNRESET,
			"proxy 'p:3128' (HTTPS_PROXY): p:3128 closed the connection without an answer"},
		{"half an answer", "HTTP/1.1 200 O", false, ERR_NET, ECONNRESET,
			"without an answer"},
		{"no HTTP", "SSH-2.0-x\r\n", false, ERR_PROTO, 0, "proxy 'p:3128' (HTTPS_PROXY): "},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_proxy struct proxy p = {
			.host = "p", .port = "3128", .source = "HTTPS_PROXY"};
		struct err err = {0};
		int other;

		if (rows[i].login)
			secret_set(&p.login, STR("me:hush"));
		assert_null(proxy_tunnel(scripted(rows[i].says, &other), &p, "r", "443",
			deadline_in(WAIT_MS), &err));
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].want);
		assert_row_int(rows[i].name, err.code, rows[i].code);
		assert_null(strstr(err.msg, "hush"));
		assert_null(strstr(err.hint, "hush"));
		close(other);
	}
}

static void
answers_come_in_pieces(void **state)
{
	struct proxy p = {.host = "p", .port = "3128", .source = "HTTPS_PROXY"};
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;
	char text[16];
	int other;

	(void)state;
	c = scripted("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nVia: x\r\n\r\nab", &other);
	c = proxy_tunnel(tls_peer_slow(c, 1, 0), &p, "r", "443", deadline_in(WAIT_MS), &err);
	assert_ok(c ? 0 : -1, &err);
	assert_int_equal(conn_read(c, text, sizeof(text), deadline_in(WAIT_MS), &err), 1);
	assert_int_equal(text[0], 'a');
	close(other);
}

static void
unreachable_proxies_are_named(void **state)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct proxy p = {.host = "127.0.0.1", .source = "HTTPS_PROXY"};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(addr);
	struct err err = {0};
	struct env env = {NULL};
	char port[8];

	(void)state;
	/* bound, but not listening: nobody else gets the port, and nobody answers */
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(port, sizeof(port), "%d", ntohs(addr.sin_port));
	p.port = port;
	assert_null(proxy_connect(&p, &env, "r", "443", deadline_in(WAIT_MS), &err));
	assert_err(&err, ERR_NET, "proxy of HTTPS_PROXY: connect to 127.0.0.1:");
	close(fd);
}

/* ---- TLS through a proxy ---------------------------------------------------- */

/* Copies what can be read; false at the end. */
static bool
relay(int from, int to)
{
	char bytes[4096];
	ssize_t n = read(from, bytes, sizeof(bytes));

	return n > 0 && write(to, bytes, (size_t)n) == n;
}

/* One connection: reads a head, says yes, and copies both ways until one side ends. */
_Noreturn static void
serve(int listener, const char *target_port)
{
	int client = accept(listener, NULL, NULL);
	struct pollfd fds[3] = {{.fd = client, .events = POLLIN}};
	char head[1024] = "", *at = head;
	struct conn *target;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!strstr(head, "\r\n\r\n") && at < head + sizeof(head) - 1 &&
		read(client, at, 1) == 1)
		at++;
	target = dial_tcp("127.0.0.1", target_port, deadline_in(WAIT_MS), NULL);
	if (!target || strncmp(head, "CONNECT localhost:443 ", 22) != 0 ||
		!strstr(head, "Proxy-Authorization: Basic bWU6aHVzaA==\r\n"))
		_exit(1);
	conn_wants(target, false, &fds[1]);
	if (write(client, "HTTP/1.1 200 Fine\r\n\r\n", 21) != 21)
		_exit(1);
	while (poll(fds, 2, WAIT_MS) > 0) {
		if (fds[0].revents && !relay(client, fds[1].fd))
			break;
		if (fds[1].revents && !relay(fds[1].fd, client))
			break;
	}
	_exit(0);
}

static struct tree tree;
static struct tls_peer peer;
static pid_t relay_pid;

static void
tls_goes_through_a_proxy(void **state)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	cleanup_proxy struct proxy p = {.host = "127.0.0.1", .source = "HTTPS_PROXY"};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct tls_files files = {0};
	socklen_t len = sizeof(addr);
	struct env env = {NULL};
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;
	char port[8], text[16];
	size_t have = 0;
	ssize_t n = 1;

	(void)state;
	tree_init(&tree);
	tls_peer_certificates(&tree);
	tls_peer_start(&peer, &tree, "good", NULL, (const char *const[]){"-rev", NULL});
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	relay_pid = fork();
	if (relay_pid == 0)
		serve(listener, peer.port);
	close(listener);
	snprintf(port, sizeof(port), "%d", ntohs(addr.sin_port));
	p.port = port;
	secret_set(&p.login, STR("me:hush"));
	c = proxy_connect(&p, &env, "localhost", "443", deadline_in(WAIT_MS), &err);
	assert_ok(c ? 0 : -1, &err);
	assert_str(str_from(c->name), "localhost:443");
	files.ca = tree_path(&tree, "ca.pem");
	c = tls_connect_files(c, &files, "localhost", NULL, &env, deadline_in(WAIT_MS), &err);
	assert_ok(c ? 0 : -1, &err);
	assert_ok(conn_write_all(c, "abc\n", 4, deadline_in(WAIT_MS), &err), &err);
	for (; have < 4 && n > 0; have += (size_t)n)
		n = conn_read(c, text + have, sizeof(text) - have, deadline_in(WAIT_MS), &err);
	assert_str(str_n(text, have), "cba\n");
}

static int
stop_all(void **state)
{
	(void)state;
	tls_peer_stop(&peer);
	if (relay_pid > 0) {
		kill(relay_pid, SIGKILL);
		waitpid(relay_pid, NULL, 0);
	}
	tree_release(&tree);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxies_are_chosen),
		cmocka_unit_test(odd_proxies_are_refused_in_silence),
		cmocka_unit_test(exceptions_are_matched),
		cmocka_unit_test(requests_are_written),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(answers_come_in_pieces),
		cmocka_unit_test(unreachable_proxies_are_named),
		cmocka_unit_test_teardown(tls_goes_through_a_proxy, stop_all),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
