/* TLS against the openssl program: who is believed, what is said when not, and that bytes get
 * through. */
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/env.h"
#include "docker/docker.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/tls_env.h"
#include "net/trust.h"
#include "tls_peer.h"

enum { WAIT_MS = 60000 };

static struct tree tree;
static struct tls_peer peer;

static const char *const h2_first[] = {"h2", "http/1.1", NULL};

#define TRY(ca, name) \
	{ \
		.trust = (ca), .host = (name) \
	}

/* What a handshake is tried with; files are names in the tree. */
struct attempt {
	const char *trust, *host;
	const char *cert, *key; /* NULL: none */
	bool insecure;
	const char *const *alpn;
};

static struct conn *
attempt_over(struct conn *below, const struct attempt *a, struct err *err)
{
	struct tls_options o = {.server_name = a->host, .insecure = a->insecure, .alpn = a->alpn};
	cleanup_trust struct trust *trust = trust_new(clock_wall_ns() / 1000000000);
	cleanup_tls_identity struct tls_identity *id = NULL;
	cleanup_free char *cert = NULL;
	struct err local = {0};
	int64_t deadline = deadline_in(WAIT_MS);

	if (a->trust)
		assert_ok(trust_add_file(trust, tree_path(&tree, a->trust), &local), &local);
	if (a->cert) {
		cert = xstrdup(tree_path(&tree, a->cert));
		id = tls_identity_load(cert, tree_path(&tree, a->key), &local);
		assert_that(id != NULL, "%s", local.msg);
	}
	o.trust = trust;
	o.identity = id;
	return tls_connect(below, &o, deadline, err);
}

static struct conn *
attempt(const struct attempt *a, struct err *err)
{
	return attempt_over(tls_peer_dial(&peer), a, err);
}

/* ---- who is believed -------------------------------------------------------- */

struct row {
	const char *name;
	const char *cert, *chain; /* of the server */
	struct attempt with;
	const char *refused; /* part of the message, NULL: accepted; '%' is host:port */
	const char *hint;    /* part of it, or NULL */
};

/* Replaces each '%' by the name of the connection. */
static char *
expand(const char *text)
{
	struct buf out = {0};

	for (; *text; text++)
		if (*text == '%')
			buf_addf(&out, "127.0.0.1:%s", peer.port);
		else
			buf_putc(&out, *text);
	return buf_steal(&out);
}

static void
check_row(const struct row *r)
{
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;
	cleanup_free char *want = NULL;

	tls_peer_stop(&peer);
	tls_peer_start(&peer, &tree, r->cert, r->chain, (const char *const[]){"-rev", NULL});
	want = r->refused ? expand(r->refused) : NULL;
	c = attempt(&r->with, &err);
	if (!want) {
		assert_row_ok(r->name, c ? 0 : -1, &err);
		return;
	}
	assert_that(!c, "row '%s' was accepted", r->name);
	assert_row_err(r->name, &err, ERR_TLS, want);
	if (r->hint)
		assert_that(strstr(err.hint, r->hint), "row '%s': hint '%s'", r->name, err.hint);
}

static void
good_certificates_are_accepted(void **state)
{
	static const struct row rows[] = {
		{"by name", "good", NULL, TRY("ca.pem", "localhost"), NULL, NULL},
		{"any case", "good", NULL, TRY("ca.pem", "LocalHost"), NULL, NULL},
		{"dot at the end", "good", NULL, TRY("ca.pem", "localhost."), NULL, NULL},
		{"wildcard", "good", NULL, TRY("ca.pem", "x.wild.test"), NULL, NULL},
		{"IPv4 address", "good", NULL, TRY("ca.pem", "127.0.0.1"), NULL, NULL},
		{"IPv6 address", "good", NULL, TRY("ca.pem", "::1"), NULL, NULL},
		{"RSA key", "rsa", NULL, TRY("ca.pem", "localhost"), NULL, NULL},
		{"P-521 key", "big", NULL, TRY("ca.pem", "localhost"), NULL, NULL},
		{"CA among others", "good", NULL, TRY("bundle.pem", "localhost"), NULL, NULL},
		{"with intermediate", "below", "below-chain", TRY("ca.pem", "localhost"), NULL,
			NULL},
		{"chain in disorder", "below", "below-shuffled", TRY("ca.pem", "localhost"), NULL,
			NULL},
		{"intermediate trusted", "below", NULL, TRY("middle.pem", "localhost"), NULL, NULL},
		{"self-signed, trusted", "self", NULL, TRY("self.pem", "localhost"), NULL, NULL},
		{"unverified: expired", "expired", NULL,
			{.trust = NULL, .host = "other.test", .insecure = true}, NULL, NULL},
		{"unverified: self-signed", "self", NULL,
			{.trust = NULL, .host = "h", .insecure = true}, NULL, NULL},
		{"unverified: RSA", "rsa", NULL, {.trust = NULL, .host = "h", .insecure = true},
			NULL, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void
bad_certificates_are_named(void **state)
{
	static const struct row rows[] = {
		{"expired", "expired", NULL, TRY("ca.pem", "localhost"),
			"the certificate of '%' expired on 2024-01-02",
			"the clock of this machine says 20"},
		{"not yet valid", "future", NULL, TRY("ca.pem", "localhost"),
			"the certificate of '%' is not valid before 2048-01-01", NULL},
		{"other names", "elsewhere", NULL, TRY("ca.pem", "localhost"),
			"the certificate of '%' is issued for 'a.example', 'b.example', not for 'localhost'",
			NULL},
		{"name for address", "elsewhere", NULL, TRY("ca.pem", "127.0.0.1"),
			"is issued for 'a.example', 'b.example', not for '127.0.0.1'", NULL},
		{"other address", "good", NULL, TRY("ca.pem", "127.0.0.2"),
			"is issued for 'localhost', '*.wild.test', '127.0.0.1', '::1', not for '127.0.0.2'",
			NULL},
		{"many names", "many", NULL, TRY("ca.pem", "localhost"),
			"is issued for 'a.test', 'b.test', 'c.test', 'd.test' and 3 more, not for 'localhost'",
			NULL},
		{"wildcard is one label", "good", NULL, TRY("ca.pem", "x.y.wild.test"),
			"not for 'x.y.wild.test'", NULL},
		{"wildcard is a label", "good", NULL, TRY("ca.pem", "wild.test"),
			"not for 'wild.test'", NULL},
		{"common name only", "nameless", NULL, TRY("ca.pem", "localhost"),
			"the certificate of '%' names no host, so it is not for 'localhost'",
			"the common name 'localhost' does not count"},
		{"for clients", "client-only", NULL, TRY("ca.pem", "localhost"),
			"the certificate of '%' is not meant for a server", NULL},
		{"unknown issuer", "stranger", NULL, TRY("ca.pem", "localhost"),
			"the certificate of '%' was issued by 'Other Root', which is not trusted",
			"trusted: only 1 of '/tmp/tree."},
		{"nothing trusted", "good", NULL, TRY(NULL, "localhost"),
			"was issued by 'Test Root', which is not trusted", "trusted: only none"},
		{"same name, other key", "good", NULL, TRY("same-name.pem", "localhost"),
			"was issued by 'Test Root', but not with the key that is trusted under this name",
			NULL},
		{"root expired", "of-old-root", NULL, TRY("expired-ca.pem", "localhost"),
			"was issued by 'Old Root', whose own certificate expired on 2021-01-01",
			NULL},
		{"intermediate missing", "below", NULL, TRY("ca.pem", "localhost"),
			"was issued by 'Test Middle', which is not trusted", NULL},
		{"intermediate expired", "below-old", "below-old-chain", TRY("ca.pem", "localhost"),
			"the certificate 'Old Middle', which vouches for '%', expired on 2022-01-01",
			NULL},
		{"issued by a leaf", "below-leaf", "below-leaf-chain", TRY("ca.pem", "localhost"),
			"was issued by 'good', which may not issue certificates", NULL},
		{"self-signed", "self", NULL, TRY("ca.pem", "localhost"),
			"the certificate of '%' was issued by itself, 'self', which is not trusted",
			NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

/* ---- what servers demand ---------------------------------------------------- */

static void
servers_demands_are_named(void **state)
{
	static const struct {
		const char *name, *cert;
		const char *args[10];
		struct attempt with;
		const char *refused, *hint;
	} rows[] = {
		{"TLS 1.3 only", "good", {"-tls1_3"}, TRY("ca.pem", "localhost"),
			"'%' wants TLS 1.3 or newer, only 1.2 is spoken here", NULL},
		{"no common cipher", "rsa", {"-cipher", "AES128-SHA"}, TRY("ca.pem", "localhost"),
			"'%' refuses the TLS handshake: handshake failure", "TLS 1.2 with ECDHE"},
		{"no common protocol", "good", {"-alpn", "spdy/1"},
			{.trust = "ca.pem", .host = "localhost", .alpn = h2_first},
			"'%' speaks none of the protocols offered", NULL},
		{"certificate wanted", "good", {"-Verify", "1", "-CAfile", "ca.pem"},
			TRY("ca.pem", "localhost"), "'%' wants a client certificate",
			"name the files"},
		{"other certificate wanted", "good",
			{"-Verify", "1", "-CAfile", "ca.pem", "-verify_return_error"},
			{.trust = "ca.pem",
				.host = "localhost",
				.cert = "client-stranger.pem",
				.key = "client-stranger.key"},
			"'%' refuses the client certificate: unknown CA", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {0};
		cleanup_free char *want = NULL;

		tls_peer_stop(&peer);
		tls_peer_start(&peer, &tree, rows[i].cert, NULL, rows[i].args);
		want = expand(rows[i].refused);
		assert_that(!attempt(&rows[i].with, &err), "row '%s' was accepted", rows[i].name);
		assert_row_err(rows[i].name, &err, ERR_TLS, want);
		if (rows[i].hint)
			assert_that(strstr(err.hint, rows[i].hint), "row '%s': hint '%s'",
				rows[i].name, err.hint);
	}
}

/* Sends a line to "s_server -rev" and reads it back. */
static void
echo_line(const char *row, struct conn *c)
{
	struct err err = {0};
	char back[16];
	size_t have = 0;
	ssize_t n = 1;

	assert_row_ok(row, conn_write_all(c, "abc\n", 4, deadline_in(WAIT_MS), &err), &err);
	while (have < 4 && n > 0) {
		n = conn_read(c, back + have, sizeof(back) - have, deadline_in(WAIT_MS), &err);
		assert_row_ok(row, n < 0 ? -1 : 0, &err);
		have += (size_t)n;
	}
	assert_row_str(row, str_n(back, have), "cba\n");
}

static void
servers_wishes_are_met(void **state)
{
	static const struct {
		const char *name, *cert;
		const char *args[10];
		struct attempt with;
		const char *protocol;
	} rows[] = {
		{"h2", "good", {"-rev", "-alpn", "h2,http/1.1"},
			{.trust = "ca.pem", .host = "localhost", .alpn = h2_first}, "h2"},
		{"second choice", "good", {"-rev", "-alpn", "http/1.1"},
			{.trust = "ca.pem", .host = "localhost", .alpn = h2_first}, "http/1.1"},
		{"server without ALPN", "good", {"-rev"},
			{.trust = "ca.pem", .host = "localhost", .alpn = h2_first}, ""},
		{"client without ALPN", "good", {"-rev", "-alpn", "h2"}, TRY("ca.pem", "localhost"),
			""},
		{"EC client certificate", "good",
			{"-rev", "-Verify", "1", "-CAfile", "ca.pem", "-verify_return_error"},
			{.trust = "ca.pem",
				.host = "localhost",
				.cert = "client.pem",
				.key = "client.key"},
			""},
		{"RSA client certificate", "good",
			{"-rev", "-Verify", "1", "-CAfile", "ca.pem", "-verify_return_error"},
			{.trust = "ca.pem",
				.host = "localhost",
				.cert = "client-rsa.pem",
				.key = "client-rsa.key"},
			""},
		{"certificate may be missing", "good", {"-rev", "-verify", "1"},
			TRY("ca.pem", "localhost"), ""},
		{"certificate not asked for", "good", {"-rev"},
			{.trust = "ca.pem",
				.host = "localhost",
				.cert = "client.pem",
				.key = "client.key"},
			""},
		{"AES-128-GCM, EC", "good", {"-rev", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"},
			TRY("ca.pem", "localhost"), ""},
		{"AES-256-GCM, EC", "good", {"-rev", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"},
			TRY("ca.pem", "localhost"), ""},
		{"ChaCha20, EC", "good", {"-rev", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"},
			TRY("ca.pem", "localhost"), ""},
		{"AES-256-GCM, RSA", "rsa", {"-rev", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"},
			TRY("ca.pem", "localhost"), ""},
		{"ChaCha20, RSA", "rsa", {"-rev", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"},
			TRY("ca.pem", "localhost"), ""},
		{"P-384", "good", {"-rev", "-curves", "P-384"}, TRY("ca.pem", "localhost"), ""},
		{"X25519", "good", {"-rev", "-curves", "X25519"}, TRY("ca.pem", "localhost"), ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {0};
		cleanup_conn struct conn *c = NULL;

		tls_peer_stop(&peer);
		tls_peer_start(&peer, &tree, rows[i].cert, NULL, rows[i].args);
		c = attempt(&rows[i].with, &err);
		assert_row_ok(rows[i].name, c ? 0 : -1, &err);
		assert_row_str(rows[i].name, str_from(tls_protocol(c)), rows[i].protocol);
		echo_line(rows[i].name, c);
	}
}

/* ---- peers that are none ---------------------------------------------------- */

static void
other_peers_are_named(void **state)
{
	static const struct {
		const char *name;
		struct str says; /* as soon as we connect */
		int leave; /* how it shuts its side then: SHUT_WR, SHUT_RDWR, or -1: it stays */
		enum err_kind kind;
		const char *refused, *hint;
	} rows[] = {
		{"HTTP", {"HTTP/1.1 400 Bad Request\r\n\r\n", 28}, -1, ERR_TLS,
			"'peer' speaks no TLS", "plain HTTP"},
		{"mail", {"220 mail.example\r\n", 18}, -1, ERR_TLS, "'peer' speaks no TLS", NULL},
		{"HTTP/2", {"\0\0\x12\x04\0\0\0\0\0", 9}, -1, ERR_TLS, "'peer' speaks no TLS",
			NULL},
		{"nothing", {"", 0}, SHUT_WR, ERR_NET,
			"'peer' closed the connection during the TLS handshake", NULL},
		{"half a header", {"\x16\x03", 2}, SHUT_WR, ERR_NET,
			"'peer' closed the connection during the TLS handshake", NULL},
		{"gone", {"", 0}, SHUT_RDWR, ERR_NET, "write to peer: Broken pipe", NULL},
		{"alert", {"\x15\x03\x03\0\x02\x02\x28", 7}, SHUT_WR, ERR_TLS,
			"'peer' refuses the TLS handshake: handshake failure", "offered"},
		{"alert, then gone", {"\x15\x03\x03\0\x02\x02\x50", 7}, SHUT_RDWR, ERR_TLS,
			"'peer' refuses the TLS handshake: internal error", NULL},
		{"odd alert", {"\x15\x03\x03\0\x02\x02\xee", 7}, SHUT_WR, ERR_TLS,
			"'peer' refuses the TLS handshake: number 238", NULL},
		{"TLS 1.0",
			{"\x16\x03\x01\0\x2a\x02\0\0\x26\x03\x01"
			 "................................\0\xc0\x09\0",
				47},
			-1, ERR_TLS, "'peer' speaks TLS 1.1 or older only", NULL},
		{"close at once", {"\x15\x03\x03\0\x02\x01\0", 7}, SHUT_WR, ERR_NET,
			"'peer' closed the connection during the TLS handshake", NULL},
		{"nonsense", {"\x16\x03\x03\0\x05\x63\0\0\x01\0", 10}, -1, ERR_TLS,
			"TLS with 'peer' failed", NULL},
	};
	static const struct attempt with = {.trust = "ca.pem", .host = "localhost"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {0};
		struct conn *c;
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(
			write(pair[1], rows[i].says.s, rows[i].says.len), rows[i].says.len);
		if (rows[i].leave >= 0)
			shutdown(pair[1], rows[i].leave);
		c = attempt_over(conn_fd(pair[0], "peer"), &with, &err);
		assert_that(!c, "row '%s' was accepted", rows[i].name);
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].refused);
		if (rows[i].hint)
			assert_that(strstr(err.hint, rows[i].hint), "row '%s': hint '%s'",
				rows[i].name, err.hint);
		close(pair[1]);
	}
}

static void
silent_peers_run_out_of_time(void **state)
{
	struct tls_options o = {.server_name = "localhost", .insecure = true};
	struct err err = {0};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_null(tls_connect(conn_fd(pair[0], "peer"), &o, deadline_in(0), &err));
	assert_err(&err, ERR_NET, "TLS handshake: wait for peer:");
	close(pair[1]);
}

static void
impossible_names_are_refused(void **state)
{
	static const char *const rows[] = {"", ".",
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct attempt with = {.trust = "ca.pem", .host = rows[i]};
		struct err err = {0};
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_null(attempt_over(conn_fd(pair[0], "peer"), &with, &err));
		assert_row_err(rows[i], &err, ERR_TLS, "is no name for a TLS server");
		close(pair[1]);
	}
}

/* ---- bytes ------------------------------------------------------------------ */

enum { LINE = 1000 };

/* Line i: its number, and filling that differs from line to line. */
static void
make_line(size_t i, char line[LINE])
{
	size_t k;

	for (k = 0; k < LINE - 1; k++)
		line[k] = (char)('!' + (i * 7 + k * (1 + i % 5)) % 90);
	line[LINE - 1] = '\n';
}

static void
check_line(size_t i, const char *got)
{
	char want[LINE];
	size_t k;

	make_line(i, want);
	for (k = 0; k < LINE - 1; k++)
		if (got[k] != want[LINE - 2 - k])
			test_fail(TEST_AT(NULL), "line %zu differs at %zu", i, k);
}

/* As net/pump.c does it: poll for what the connection wants, then read and write what goes. */
static void
both_ways(struct conn *c, size_t lines)
{
	size_t sent = 0, checked = 0, have = 0, total = lines * LINE, len = 0;
	char out[LINE], in[64 * 1024];
	struct err err = {0};
	ssize_t n = 0;

	while (checked < lines) {
		struct pollfd fds[2];
		int nfds = conn_wants(c, n == CONN_WAIT && sent < total, fds);

		if (!conn_buffered(c) && (n == CONN_WAIT || sent == total))
			assert_that(poll(fds, (nfds_t)nfds, WAIT_MS) > 0, "nothing happens");
		n = conn_try_read(c, in + have, sizeof(in) - have, &err);
		assert_that(n > 0 || n == CONN_WAIT, "read: %zd %s", n, err.msg);
		have += n > 0 ? (size_t)n : 0;
		for (len = 0; have - len >= LINE; len += LINE)
			check_line(checked++, in + len);
		memmove(in, in + len, have - len);
		have -= len;
		for (n = 0; sent < total && n >= 0;) {
			make_line(sent / LINE, out);
			n = conn_try_write(c, out + sent % LINE, LINE - sent % LINE, &err);
			assert_that(n > 0 || n == CONN_WAIT, "write: %zd %s", n, err.msg);
			sent += n > 0 ? (size_t)n : 0;
		}
	}
}

static void
many_bytes_go_both_ways(void **state)
{
	static const struct attempt with = {.trust = "ca.pem", .host = "localhost"};
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;

	(void)state;
	tls_peer_start(&peer, &tree, "good", NULL, (const char *const[]){"-rev", NULL});
	c = attempt(&with, &err);
	assert_ok(c ? 0 : -1, &err);
	both_ways(c, 8000);
}

static void
single_bytes_go_both_ways(void **state)
{
	static const struct attempt with = {.trust = "ca.pem",
		.host = "localhost",
		.cert = "client-rsa.pem",
		.key = "client-rsa.key"};
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;

	(void)state;
	tls_peer_start(
		&peer, &tree, "rsa", NULL, (const char *const[]){"-rev", "-Verify", "1", NULL});
	c = attempt_over(tls_peer_slow(tls_peer_dial(&peer), 1, 0), &with, &err);
	assert_ok(c ? 0 : -1, &err);
	both_ways(c, 20);
}

/* ---- ends ------------------------------------------------------------------- */

static void
announced_ends_are_no_cuts(void **state)
{
	static const struct attempt with = {.trust = "ca.pem", .host = "localhost"};
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;
	char text[64];
	ssize_t n;

	(void)state;
	tls_peer_start(&peer, &tree, "good", NULL, (const char *const[]){"-rev", NULL});
	c = attempt(&with, &err);
	assert_ok(c ? 0 : -1, &err);
	/* this word makes the server say goodbye */
	assert_ok(conn_write_all(c, "CLOSE\n", 6, deadline_in(WAIT_MS), &err), &err);
	do
		n = conn_read(c, text, sizeof(text), deadline_in(WAIT_MS), &err);
	while (n > 0);
	assert_ok((int)n, &err);
	assert_false(conn_cut(c));
	assert_true(conn_buffered(c));
	assert_int_equal(conn_try_read(c, text, sizeof(text), &err), 0);
	assert_int_equal(conn_write_all(c, "x", 1, deadline_in(WAIT_MS), &err), -1);
	assert_err(&err, ERR_NET, "the peer closed the connection");
}

static void
killed_servers_cut(void **state)
{
	static const struct attempt with = {.trust = "ca.pem", .host = "localhost"};
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;
	char text[64];

	(void)state;
	tls_peer_start(&peer, &tree, "good", NULL, (const char *const[]){"-rev", NULL});
	c = attempt(&with, &err);
	assert_ok(c ? 0 : -1, &err);
	echo_line(NULL, c);
	assert_false(conn_cut(c));
	tls_peer_stop(&peer);
	assert_int_equal(conn_read(c, text, sizeof(text), deadline_in(WAIT_MS), &err), 0);
	assert_true(conn_cut(c));
	assert_int_equal(conn_read(c, text, sizeof(text), deadline_in(WAIT_MS), &err), 0);
}

/*
 * The stream ends after each number of bytes: never is that taken for an answer. Large steps find
 * the end of the handshake, small ones go over it again.
 */
static void
cuts_are_errors_everywhere(void **state)
{
	static const struct attempt with = {.trust = "ca.pem", .host = "localhost"};
	size_t cut, step = 40, handshakes = 0, cut_off = 0, records = 0;

	(void)state;
	tls_peer_start(&peer, &tree, "good", NULL, (const char *const[]){"-rev", NULL});
	for (cut = 1; records == 0 && cut < 20000; cut += step) {
		struct err err = {0};
		cleanup_conn struct conn *c = NULL;
		char text[64];
		ssize_t n;

		c = attempt_over(tls_peer_slow(tls_peer_dial(&peer), SIZE_MAX, cut), &with, &err);
		if (!c) {
			assert_err(&err, ERR_NET, "closed the connection during the TLS handshake");
			continue;
		}
		if (step > 3) {
			cut -= step;
			step = 3;
			continue;
		}
		handshakes++;
		assert_ok(conn_write_all(c, "abc\n", 4, deadline_in(WAIT_MS), &err), &err);
		n = conn_read(c, text, sizeof(text), deadline_in(WAIT_MS), &err);
		/* a whole record: from here on there is more to come */
		if (n > 0)
			records++;
		else if (n == 0)
			assert_true(conn_cut(c));
		else
			assert_err(&err, ERR_NET, "in the middle of a TLS record");
		cut_off += n < 0;
	}
	assert_true(handshakes > 3 && cut_off > 3 && records > 0);
}

static void
cut_answers_are_incomplete(void **state)
{
	static const struct attempt with = {.trust = "ca.pem", .host = "localhost"};
	struct http_request req = {.method = "GET", .target = "/page.txt", .host = "localhost"};
	cleanup_http_response struct http_response resp = {0};
	struct err err = {0};
	cleanup_conn struct conn *c = NULL;
	cleanup_buf struct buf body = {0};

	(void)state;
	/* "-WWW" answers without a length, and its end is announced */
	tree_write(&tree, "page.txt", "%s", "the page\n");
	tls_peer_start(&peer, &tree, "good", NULL, (const char *const[]){"-WWW", NULL});
	c = attempt(&with, &err);
	assert_ok(c ? 0 : -1, &err);
	assert_ok(http_exchange(c, &req, &resp, deadline_in(WAIT_MS), &err), &err);
	assert_ok(http_body_all(&resp, 1000, &body, deadline_in(WAIT_MS), &err), &err);
	assert_str(buf_view(&body), "the page\n");
}

/* ---- files ------------------------------------------------------------------ */

static void
keys_are_read_in_every_form(void **state)
{
	static const struct {
		const char *name, *cert, *key;
		const char *refused; /* or NULL */
	} rows[] = {
		{"SEC 1", "client.pem", "client.key", NULL},
		{"SEC 1 without public key", "client.pem", "client.nopub", NULL},
		{"PKCS#8 EC", "client.pem", "client.pkcs8", NULL},
		{"PKCS#8 RSA", "client-rsa.pem", "client-rsa.key", NULL},
		{"PKCS#1", "client-rsa.pem", "client-rsa.pkcs1", NULL},
		{"one file", "client-both.pem", "client-both.pem", NULL},
		{"P-384", "middle.pem", "middle.key", NULL},
		{"P-521", "big.pem", "big.key", NULL},
		{"encrypted PKCS#8", "client.pem", "client.encrypted",
			"client.encrypted' is encrypted"},
		{"encrypted PKCS#1", "client-rsa.pem", "client-rsa.encrypted",
			"client-rsa.encrypted' is encrypted"},
		{"Ed25519", "client.pem", "ed25519.key",
			"ed25519.key' is of a kind that is not supported"},
		{"another's", "client.pem", "good.key", "client.pem'"},
		{"another kind", "client.pem", "client-rsa.key",
			"is not the one of the certificate in"},
		{"no key", "client.pem", "client.pem", "no private key in PEM form in"},
		{"no certificate", "client.key", "client.key", "no certificate in PEM form in"},
		{"no such key", "client.pem", "none", "key of the client certificate: open"},
		{"no such certificate", "none", "client.key", "client certificate: open"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *cert = xstrdup(tree_path(&tree, rows[i].cert));
		cleanup_tls_identity struct tls_identity *id = NULL;
		struct err err = {0};

		id = tls_identity_load(cert, tree_path(&tree, rows[i].key), &err);
		if (rows[i].refused)
			assert_row_err(rows[i].name, &err, ERR_CONFIG, rows[i].refused);
		else
			assert_row_ok(rows[i].name, id ? 0 : -1, &err);
	}
}

/* D-06 and X-6: the variables of the Engine's clients. */
static void
d_06_engine_over_tls(void **state)
{
	static const struct {
		const char *name, *dir;
		const char *vars[2];
		const char *refused; /* or NULL */
	} rows[] = {
		{"verified", "engine", {"DOCKER_TLS_VERIFY=1"}, NULL},
		{"X-6 a path alone verifies", "engine", {NULL}, NULL},
		{"X-6 and refuses", "other", {NULL}, "which is not trusted"},
		{"unverified on request", "other", {"DOCKER_TLS=1"}, NULL},
		{"verified wins", "other", {"DOCKER_TLS=1", "DOCKER_TLS_VERIFY=1"},
			"is not trusted"},
		{"no CA", "empty", {NULL}, "CA certificates: open"},
	};
	cleanup_free char *dir = xstrdup(tree.path);
	size_t i;

	(void)state;
	tree_mkdir(&tree, "empty");
	for (i = 0; i < 2; i++) {
		const char *name = i ? "other" : "engine";
		char path[64];

		tree_mkdir(&tree, name);
		snprintf(path, sizeof(path), "%s/ca.pem", name);
		tree_link(&tree, path, i ? "../other-ca.pem" : "../ca.pem");
		snprintf(path, sizeof(path), "%s/cert.pem", name);
		tree_link(&tree, path, "../client.pem");
		snprintf(path, sizeof(path), "%s/key.pem", name);
		tree_link(&tree, path, "../client.key");
	}
	tls_peer_start(&peer, &tree, "good", NULL,
		(const char *const[]){"-rev", "-Verify", "1", "-CAfile", "ca.pem",
			"-verify_return_error", "-alpn", "http/1.1", NULL});
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *path = xasprintf("DOCKER_CERT_PATH=%s/%s", dir, rows[i].dir);
		cleanup_free char *host = xasprintf("DOCKER_HOST=tcp://127.0.0.1:%s", peer.port);
		const char *vars[] = {path, host, rows[i].vars[0], rows[i].vars[1], NULL};
		cleanup_arena struct arena a = {0};
		cleanup_conn struct conn *c = NULL;
		struct docker_endpoint e;
		struct err err = {0};

		assert_row_ok(rows[i].name, docker_endpoint_find(&a, &(struct env){vars}, &e, &err),
			&err);
		c = docker_dial(&e, deadline_in(WAIT_MS), &err);
		if (rows[i].refused) {
			assert_that(!c, "row '%s' was accepted", rows[i].name);
			assert_row_err(rows[i].name, &err, err.kind, rows[i].refused);
			continue;
		}
		assert_row_ok(rows[i].name, c ? 0 : -1, &err);
		assert_row_str(rows[i].name, str_from(tls_protocol(c)), "http/1.1");
		echo_line(rows[i].name, c);
	}
}

static int
make_tree(void **state)
{
	(void)state;
	tree_init(&tree);
	tls_peer_certificates(&tree);
	return 0;
}

static int
remove_tree(void **state)
{
	(void)state;
	tree_release(&tree);
	return 0;
}

static int
stop_peer(void **state)
{
	(void)state;
	tls_peer_stop(&peer);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(good_certificates_are_accepted, stop_peer),
		cmocka_unit_test_teardown(bad_certificates_are_named, stop_peer),
		cmocka_unit_test_teardown(servers_demands_are_named, stop_peer),
		cmocka_unit_test_teardown(servers_wishes_are_met, stop_peer),
		cmocka_unit_test_teardown(other_peers_are_named, stop_peer),
		cmocka_unit_test(silent_peers_run_out_of_time),
		cmocka_unit_test(impossible_names_are_refused),
		cmocka_unit_test_teardown(many_bytes_go_both_ways, stop_peer),
		cmocka_unit_test_teardown(single_bytes_go_both_ways, stop_peer),
		cmocka_unit_test_teardown(announced_ends_are_no_cuts, stop_peer),
		cmocka_unit_test_teardown(killed_servers_cut, stop_peer),
		cmocka_unit_test_teardown(cuts_are_errors_everywhere, stop_peer),
		cmocka_unit_test_teardown(cut_answers_are_incomplete, stop_peer),
		cmocka_unit_test(keys_are_read_in_every_form),
		cmocka_unit_test_teardown(d_06_engine_over_tls, stop_peer),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
