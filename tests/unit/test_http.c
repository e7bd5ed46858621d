/* One HTTP/1.1 exchange with a scripted peer: whole, in pieces, cut off, endless, late. */
#include "test.h"

#include <signal.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/http.h"
#include "script_conn.h"

enum { ANY_STATUS = 0, BODY_MAX = 100000 };

static const struct http_request get = {.method = "GET", .target = "/x?y=z", .host = "docker"};

/* Status and body, or what went wrong. */
static int
run(struct script *s, const struct http_request *req, int *status, struct buf *body,
	struct err *err)
{
	cleanup_conn struct conn *c = script_conn(s);
	struct http_response resp;
	int rc;

	if (http_exchange(c, req, &resp, DEADLINE_NONE, err))
		return -1;
	*status = resp.head.status;
	rc = http_body_all(&resp, BODY_MAX, body, DEADLINE_NONE, err);
	http_response_release(&resp);
	return rc;
}

static const size_t pieces[] = {0, 1, 3, 16384};

static void
answers_in_pieces_of_any_size(void **state)
{
	static const struct {
		const char *name, *in;
		int status;
		const char *body;
	} rows[] = {
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
		{"length and more behind",
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1", 200, "hello"},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
		{"not modified", "HTTP/1.1 304 -\r\nContent-Length: 7\r\n\r\n", 304, ""},
		{"to the end", "HTTP/1.0 404 Not Found\r\n\r\nnothing here", 404, "nothing here"},
		{"chunked",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			"5\r\nhello\r\n1;x=y\r\n,\r\n0\r\nTrailer: x\r\n\r\n",
			200, "hello,"},
		{"chunked beats length",
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n"
			"5\r\nhello\r\n0\r\n\r\n",
			200, "hello"},
		{"1xx first",
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
			"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
			201, "ok"},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (k = 0; k < 2 * sizeof(pieces) / sizeof(pieces[0]); k++) {
			cleanup_script struct script s = {.in = str_from(rows[i].in),
				.piece = pieces[k / 2],
				.write_piece = pieces[k / 2],
				.pauses = k % 2};
			cleanup_buf struct buf body = {0};
			struct err err = {0};
			int status = 0;

			assert_row_ok(rows[i].name, run(&s, &get, &status, &body, &err), &err);
			assert_row_int(rows[i].name, status, rows[i].status);
			assert_row_str(rows[i].name, buf_view(&body), rows[i].body);
			assert_row_str(rows[i].name, buf_view(&s.written),
				"GET /x?y=z HTTP/1.1\r\nHost: docker\r\n\r\n");
			assert_true(s.closed);
		}
	}
}

static void
d_05_answers_that_are_no_answers(void **state)
{
	static const struct {
		const char *name, *in;
		enum script_end end;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{"nothing", "", SCRIPT_CLOSES, ERR_NET, "closed the connection without an answer"},
		{"reset", "", SCRIPT_BREAKS, ERR_NET, "Connection reset by peer"},
		{"head cut off", "HTTP/1.1 200 OK\r\nConte", SCRIPT_CLOSES, ERR_NET,
			"closed the connection without an answer"},
		{"only 1xx", "HTTP/1.1 100 Continue\r\n\r\n", SCRIPT_CLOSES, ERR_NET,
			"closed the connection without an answer"},
		{"reset in the head", "HTTP/1.1 200 OK\r\n", SCRIPT_BREAKS, ERR_NET,
			"Connection reset by peer"},
		{"another protocol", "SSH-2.0-OpenSSH_9\r\n", SCRIPT_SILENT, ERR_PROTO,
			"the answer is not HTTP/1.1"},
		{"body cut off", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", SCRIPT_CLOSES,
			ERR_PROTO, "ends before it is complete"},
		{"chunk cut off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
			SCRIPT_CLOSES, ERR_PROTO, "ends before it is complete"},
		{"last chunk missing",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
			SCRIPT_CLOSES, ERR_PROTO, "ends before it is complete"},
		{"reset in the body", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
			SCRIPT_BREAKS, ERR_NET, "Connection reset by peer"},
		{"chunk size is no number",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
			SCRIPT_SILENT, ERR_PROTO, "malformed chunked body"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
			SCRIPT_SILENT, ERR_PROTO, "Content-Length"},
		{"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
			SCRIPT_SILENT, ERR_PROTO, "unknown transfer coding 'gzip'"},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			cleanup_script struct script s = {
				.in = str_from(rows[i].in), .piece = pieces[k], .end = rows[i].end};
			cleanup_buf struct buf body = {0};
			struct err err = {0};
			int status;

			assert_row_int(rows[i].name, run(&s, &get, &status, &body, &err), -1);
			assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
		}
	}
}

static void
requests_are_written_as_they_should(void **state)
{
	static const struct http_extra fields[] = {{"X-Registry-Auth", {"e30=", 4}}};
	static const struct {
		const char *name;
		struct http_request req;
		const char *want;
	} rows[] = {
		{"POST without body", {.method = "POST", .target = "/p", .host = "docker"},
			"POST /p HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n"},
		{"HEAD", {.method = "HEAD", .target = "/_ping", .host = "docker"},
			"HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"},
		{"fields",
			{.method = "POST",
				.target = "/p",
				.host = "h:1",
				.fields = fields,
				.nfields = 1},
			"POST /p HTTP/1.1\r\nHost: h:1\r\nX-Registry-Auth: e30=\r\n"
			"Content-Length: 0\r\n\r\n"},
		{"body",
			{.method = "POST",
				.target = "/p",
				.host = "h",
				.content_type = "application/json",
				.body = {"{}", 2}},
			"POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
			"Content-Length: 2\r\n\r\n{}"},
		{"upgrade", {.method = "POST", .target = "/grpc", .host = "h", .upgrade = "h2c"},
			"POST /grpc HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
			"Content-Length: 0\r\n\r\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_script struct script s = {
			.in = STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
			.write_piece = 5};
		cleanup_buf struct buf body = {0};
		struct err err = {0};
		int status;

		assert_row_ok(rows[i].name, run(&s, &rows[i].req, &status, &body, &err), &err);
		assert_row_str(rows[i].name, buf_view(&s.written), rows[i].want);
	}
}

struct letters {
	struct http_source source;
	uint64_t good; /* bytes before reading fails */
};

static ssize_t
read_letters(struct http_source *s, uint64_t at, void *p, size_t len, struct err *err)
{
	const struct letters *l = (const struct letters *)(void *)s;

	if (at >= l->good)
		return err_set(err, ERR_SYS, "no more letters");
	memset(p, 'a', len);
	return (ssize_t)len;
}

/* Its answers are there before anything was sent, or between two pieces. */
static void
a_peer_answers_before_it_has_all(void **state)
{
	static const struct {
		const char *name, *in;
		enum script_end end;
		uint64_t good;
		int status;
		size_t sent; /* at most */
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{"at once", "HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\nno", SCRIPT_SILENT,
			1000000, 413, 0, ERR_NONE, NULL},
		{"after a word in between",
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 -\r\nContent-Length: 0\r\n\r\n",
			SCRIPT_SILENT, 1000000, 201, 0, ERR_NONE, NULL},
		{"by going away", "", SCRIPT_CLOSES, 1000000, 0, 0, ERR_NET,
			"closed the connection without an answer"},
		{"by a word in between, and going away", "HTTP/1.1 100 Continue\r\n\r\n",
			SCRIPT_CLOSES, 1000000, 0, 65536, ERR_NET,
			"closed the connection without an answer"},
		{"not at all, as there is nothing to send", "", SCRIPT_CLOSES, 0, 0, 0, ERR_SYS,
			"no more letters"},
	};
	static const char head[] =
		"PUT /x HTTP/1.1\r\nHost: docker\r\nContent-Length: 1000000\r\n\r\n";
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_script struct script s = {.in = str_from(rows[i].in), .end = rows[i].end};
		struct letters l = {{.length = 1000000, .read = read_letters, .patience_ms = 60000},
			rows[i].good};
		struct http_request req = {
			.method = "PUT", .target = "/x", .host = "docker", .source = &l.source};
		cleanup_buf struct buf body = {0};
		struct err err = {0};
		int status = 0;
		int rc = run(&s, &req, &status, &body, &err);

		if (rows[i].kind == ERR_NONE)
			assert_row_ok(rows[i].name, rc, &err);
		else
			assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
		assert_row_int(rows[i].name, rc, rows[i].kind == ERR_NONE ? 0 : -1);
		assert_row_int(rows[i].name, status, rows[i].status);
		assert_that(
			str_starts(buf_view(&s.written), str_from(head)), "row '%s'", rows[i].name);
		assert_that(s.written.len <= strlen(head) + rows[i].sent,
			"row '%s': %zu bytes sent", rows[i].name, s.written.len - strlen(head));
	}
}

/* Two bytes of it come between any two pieces of the body, and the end behind the last. */
static void
a_word_in_between_comes_in_parts(void **state)
{
	cleanup_script struct script s = {.in = STR("HTTP/1.1 100 Continue\r\n\r\n"
						    "HTTP/1.1 201 Created\r\n"
						    "Content-Length: 0\r\n\r\n"),
		.piece = 2,
		.end = SCRIPT_SILENT};
	struct letters l = {
		{.length = 1000000, .read = read_letters, .patience_ms = 60000}, 1000000};
	struct http_request req = {
		.method = "PUT", .target = "/x", .host = "docker", .source = &l.source};
	cleanup_buf struct buf body = {0};
	struct err err = {0};
	int status = 0;

	(void)state;
	assert_ok(run(&s, &req, &status, &body, &err), &err);
	assert_int_equal(status, 201);
	assert_true(s.written.len > l.source.length);
}

static void
a_header_cannot_be_smuggled_in(void **state)
{
	static const struct http_extra fields[] = {{"X-A", {"b\r\nX-C: d", 9}}};
	struct http_request req = {
		.method = "GET", .target = "/", .host = "h", .fields = fields, .nfields = 1};
	cleanup_script struct script s = {0};
	cleanup_buf struct buf body = {0};
	struct err err = {0};
	int status;

	(void)state;
	assert_int_equal(run(&s, &req, &status, &body, &err), -1);
	assert_err(&err, ERR_USAGE, "'X-A'");
	assert_int_equal(s.written.len, 0);
}

/* A head or a run of interim answers without end takes no more memory than the limit. */
static void
endless_heads_are_given_up(void **state)
{
	static const struct {
		const char *name, *first, *again;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{"field after field", "HTTP/1.1 200 OK\r\n", "Some-Field: of no use\r\n", ERR_LIMIT,
			"header fields"},
		{"one long field", "HTTP/1.1 200 OK\r\nA: ", "0123456789abcdef", ERR_LIMIT,
			"response head larger"},
		{"one long line", "HTTP/1.1 200 ", "0123456789abcdef", ERR_LIMIT,
			"response head larger"},
		{"interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n", ERR_NET,
			"without an answer"},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf in = {0}, body = {0};
		cleanup_script struct script s = {.piece = 1000};
		struct err err = {0};
		int status;

		buf_puts(&in, rows[i].first);
		for (k = 0; k < 20000; k++)
			buf_puts(&in, rows[i].again);
		s.in = buf_view(&in);
		assert_row_int(rows[i].name, run(&s, &get, &status, &body, &err), -1);
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
	}
}

static void
a_body_larger_than_wanted_is_refused(void **state)
{
	cleanup_script struct script s = {
		.in = STR(
			"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n0123456789"),
		.end = SCRIPT_SILENT};
	cleanup_conn struct conn *c = script_conn(&s);
	cleanup_buf struct buf body = {0};
	struct http_response resp;
	struct err err = {0};

	(void)state;
	assert_ok(http_exchange(c, &get, &resp, DEADLINE_NONE, &err), &err);
	assert_int_equal(http_body_all(&resp, 9, &body, DEADLINE_NONE, &err), -1);
	assert_err(&err, ERR_LIMIT, "larger than 9 bytes");
	http_response_release(&resp);
}

/* The deadline has passed before the peer says anything: no waiting, whatever the clock does. */
static void
a_deadline_ends_every_wait(void **state)
{
	static const struct {
		const char *name, *in;
	} rows[] = {
		{"no answer", ""},
		{"half a head", "HTTP/1.1 200 OK\r\n"},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_script struct script s = {.in = str_from(rows[i].in), .end = SCRIPT_SILENT};
		cleanup_conn struct conn *c = script_conn(&s);
		cleanup_buf struct buf body = {0};
		struct http_response resp;
		struct err err = {0};
		int rc = http_exchange(c, &get, &resp, 0, &err);

		if (rc == 0) {
			rc = http_body_all(&resp, 100, &body, 0, &err);
			http_response_release(&resp);
		}
		assert_row_int(rows[i].name, rc, -1);
		assert_row_err(rows[i].name, &err, ERR_NET, "timed out");
	}
}

static void
a_peer_that_does_not_listen(void **state)
{
	cleanup_script struct script s = {.deaf = true};
	cleanup_buf struct buf body = {0};
	struct err err = {0};
	int status;

	(void)state;
	assert_int_equal(run(&s, &get, &status, &body, &err), -1);
	assert_err(&err, ERR_NET, "write to script: Broken pipe");
}

/* What stands behind the head of a 101 belongs to the next protocol, however it came in. */
static void
bytes_behind_an_upgrade_are_kept(void **state)
{
	static const char head[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 UPGRADED\r\n"
				   "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
	struct http_request req = {
		.method = "POST", .target = "/grpc", .host = "docker", .upgrade = "h2c"};
	size_t k;

	(void)state;
	for (k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
		cleanup_buf struct buf in = {0}, got = {0};
		cleanup_script struct script s = {.piece = pieces[k]};
		struct http_response resp;
		struct err err = {0};
		struct conn *c;
		char chunk[7];
		ssize_t n;

		buf_puts(&in, head);
		buf_mem(&in, "\0\0\0\4\0\0\0\0\0and more", 17);
		s.in = buf_view(&in);
		c = script_conn(&s);
		assert_ok(http_exchange(c, &req, &resp, DEADLINE_NONE, &err), &err);
		assert_int_equal(resp.head.status, 101);
		c = conn_prefixed(c, http_rest(&resp));
		http_response_release(&resp);
		while ((n = conn_read(c, chunk, sizeof(chunk), DEADLINE_NONE, &err)) > 0)
			buf_mem(&got, chunk, (size_t)n);
		assert_int_equal(n, 0);
		assert_int_equal(got.len, 17);
		assert_memory_equal(got.p, in.p + sizeof(head) - 1, 17);
		conn_close(c);
		assert_true(s.closed);
	}
}

/* Last: the handlers stay. */
static void
a_signal_ends_a_wait(void **state)
{
	cleanup_script struct script s = {.end = SCRIPT_SILENT};
	cleanup_buf struct buf body = {0};
	struct err err = {0};
	int status;

	(void)state;
	interrupt_install();
	raise(SIGTERM);
	assert_int_equal(run(&s, &get, &status, &body, &err), -1);
	assert_err(&err, ERR_CANCELED, "SIGTERM");
	assert_int_equal(err.code, SIGTERM);
	interrupt_clear();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_pieces_of_any_size),
		cmocka_unit_test(d_05_answers_that_are_no_answers),
		cmocka_unit_test(requests_are_written_as_they_should),
		cmocka_unit_test(a_peer_answers_before_it_has_all),
		cmocka_unit_test(a_word_in_between_comes_in_parts),
		cmocka_unit_test(a_header_cannot_be_smuggled_in),
		cmocka_unit_test(endless_heads_are_given_up),
		cmocka_unit_test(a_body_larger_than_wanted_is_refused),
		cmocka_unit_test(a_deadline_ends_every_wait),
		cmocka_unit_test(a_peer_that_does_not_listen),
		cmocka_unit_test(bytes_behind_an_upgrade_are_kept),
		cmocka_unit_test(a_signal_ends_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
