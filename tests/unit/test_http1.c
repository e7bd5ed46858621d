/* The HTTP/1.1 codec: heads, bodies, and what it refuses. */
#include "test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "net/http1.h"

static void
heads_are_parsed(void **state)
{
	static const struct {
		const char *name, *in;
		int status;
		size_t fields;
		ssize_t used; /* -2: everything */
	} rows[] = {
		{"plain", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200, 1, -2},
		{"no reason", "HTTP/1.1 204\r\n\r\n", 204, 0, -2},
		{"empty reason", "HTTP/1.1 101 \r\nUpgrade: h2c\r\n\r\n", 101, 1, -2},
		{"body follows", "HTTP/1.0 404 Not Found\r\n\r\nabc", 404, 0, 26},
		{"lone LF", "HTTP/1.1 200 OK\nA: b\n\n", 200, 1, -2},
		{"blanks around the value", "HTTP/1.1 200 OK\r\nA: \t b  \r\n\r\n", 200, 1, -2},
		{"incomplete line", "HTTP/1.1 200 O", 0, 0, 0},
		{"incomplete head", "HTTP/1.1 200 OK\r\nA: b\r\n", 0, 0, 0},
		{"three bytes", "HTT", 0, 0, 0},
	};
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].in);
		char *copy = test_guard_alloc(rows[i].in, len);
		struct http_head h;
		ssize_t used = http_head_parse(str_n(copy, len), &h, &err);

		assert_row_int(
			rows[i].name, used, rows[i].used == -2 ? (ssize_t)len : rows[i].used);
		if (used > 0) {
			assert_row_int(rows[i].name, h.status, rows[i].status);
			assert_row_int(rows[i].name, h.n, rows[i].fields);
		}
		if (used > 0 && h.n && str_is(h.fields[0].name, "A"))
			assert_row_str(rows[i].name, http_head_get(&h, "a"), "b");
		test_guard_free(copy, len);
	}
}

static void
bad_heads_are_refused(void **state)
{
	static const struct {
		const char *name, *in;
	} rows[] = {
		{"other protocol", "SSH-2.0-OpenSSH"},
		{"other protocol in the first byte", "\x15\x03\x01"},
		{"HTTP/2", "HTTP/2 200 OK\r\n\r\n"},
		{"status with letters", "HTTP/1.1 2x0 OK\r\n\r\n"},
		{"status too small", "HTTP/1.1 099 OK\r\n\r\n"},
		{"status too long", "HTTP/1.1 2000 OK\r\n\r\n"},
		{"blank before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"},
		{"folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"},
		{"no colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"},
		{"empty name", "HTTP/1.1 200 OK\r\n: b\r\n\r\n"},
		{"lone CR in a value", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"},
		{"control character", "HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		struct http_head h;

		assert_row_int(rows[i].name, http_head_parse(str_from(rows[i].in), &h, &err), -1);
		assert_row_err(rows[i].name, &err, ERR_PROTO, "");
	}
}

static void
endless_heads_are_refused(void **state)
{
	cleanup_buf struct buf many = {0}, large = {0};
	struct err err = {0};
	struct http_head h;
	int i;

	(void)state;
	buf_puts(&many, "HTTP/1.1 200 OK\r\n");
	for (i = 0; i <= LIMIT_HTTP_HEADERS; i++)
		buf_puts(&many, "A: b\r\n");
	assert_int_equal(http_head_parse(buf_view(&many), &h, &err), -1);
	assert_err(&err, ERR_LIMIT, "header fields");
	buf_puts(&large, "HTTP/1.1 200 OK\r\nA: ");
	while (large.len < LIMIT_HTTP_HEAD)
		buf_putc(&large, 'x');
	assert_int_equal(http_head_parse(buf_view(&large), &h, &err), -1);
	assert_err(&err, ERR_LIMIT, "larger than");
}

static void
body_kind_follows_the_head(void **state)
{
	static const struct {
		const char *name, *in;
		bool head_only;
		int kind; /* -1: refused */
	} rows[] = {
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, HTTP_BODY_LENGTH},
		{"zero", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, HTTP_BODY_NONE},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, HTTP_BODY_NONE},
		{"204", "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", false, HTTP_BODY_NONE},
		{"304", "HTTP/1.1 304 No\r\n\r\n", false, HTTP_BODY_NONE},
		{"neither", "HTTP/1.1 200 OK\r\n\r\n", false, HTTP_BODY_TO_CLOSE},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", false,
			HTTP_BODY_CHUNKED},
		{"chunked wins",
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
			false, HTTP_BODY_CHUNKED},
		{"other coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
			false, -1},
		{"same length twice",
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", false,
			HTTP_BODY_LENGTH},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
			false, -1},
		{"signed length", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n", false, -1},
		{"length list", "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n", false, -1},
		{"huge length", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
			false, -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		struct http_head h;
		struct http_body b;
		int rc;

		assert_true(http_head_parse(str_from(rows[i].in), &h, &err) > 0);
		rc = http_body_start(&b, &h, rows[i].head_only, &err);
		assert_row_int(rows[i].name, rc ? -1 : (int)b.kind, rows[i].kind);
	}
}

/* Decodes a chunked body that comes in pieces. */
struct decoded {
	struct buf body;
	enum http_body_event last;
	size_t rest; /* bytes behind the end */
};

static void
decode_pieces(struct decoded *d, const struct str *pieces, size_t n)
{
	struct http_body b = {.kind = HTTP_BODY_CHUNKED};
	cleanup_buf struct buf pending = {0};
	struct err err = {0};
	size_t i;

	buf_reset(&d->body);
	d->last = HTTP_BODY_MORE;
	d->rest = 0;
	for (i = 0; i < n; i++) {
		struct str in, data;

		buf_str(&pending, pieces[i]);
		in = buf_view(&pending);
		while ((d->last = http_body_next(&b, &in, &data, &err)) == HTTP_BODY_DATA)
			buf_str(&d->body, data);
		buf_consume(&pending, pending.len - in.len);
		if (d->last == HTTP_BODY_ERROR)
			return;
	}
	d->rest = pending.len;
}

struct chunked_row {
	const char *name, *in, *want;
	enum http_body_event last;
	size_t rest;
};

struct chunked_run {
	const struct chunked_row *row;
	struct decoded *out;
};

static void
check_chunked(void *ctx, const struct str *pieces, size_t n)
{
	struct chunked_run *run = ctx;

	decode_pieces(run->out, pieces, n);
	assert_row_int(run->row->name, run->out->last, run->row->last);
	if (run->row->last != HTTP_BODY_ERROR)
		assert_row_str(run->row->name, buf_view(&run->out->body), run->row->want);
	if (run->row->last == HTTP_BODY_END)
		assert_row_int(run->row->name, run->out->rest, run->row->rest);
}

static void
chunked_bodies_at_every_split(void **state)
{
	static const struct chunked_row rows[] = {
		{"two chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", HTTP_BODY_END, 0},
		{"empty", "0\r\n\r\n", "", HTTP_BODY_END, 0},
		{"extension", "3;name=\"x\"\r\nabc\r\n0\r\n\r\n", "abc", HTTP_BODY_END, 0},
		{"trailer", "1\r\na\r\n0\r\nX: y\r\n\r\n", "a", HTTP_BODY_END, 0},
		{"upper-case size", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", HTTP_BODY_END, 0},
		{"next answer behind", "1\r\na\r\n0\r\n\r\nHTTP", "a", HTTP_BODY_END, 4},
		{"cut in a chunk", "5\r\nab", "ab", HTTP_BODY_MORE, 0},
		{"cut before the end", "1\r\na\r\n", "a", HTTP_BODY_MORE, 0},
		{"no size", "\r\nabc\r\n", "", HTTP_BODY_ERROR, 0},
		{"sign", "+3\r\nabc\r\n", "", HTTP_BODY_ERROR, 0},
		{"0x", "0x3\r\nabc\r\n", "", HTTP_BODY_ERROR, 0},
		{"size overflows", "fffffffffffffffff\r\n", "", HTTP_BODY_ERROR, 0},
		{"chunk longer than its size", "1\r\nab\r\n", "", HTTP_BODY_ERROR, 0},
		{"lone CR in the size line", "3\rx\r\nabc\r\n", "", HTTP_BODY_ERROR, 0},
	};
	struct decoded out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chunked_run run = {&rows[i], &out};

		test_each_split(str_from(rows[i].in), check_chunked, &run);
	}
	buf_release(&out.body);
}

/* D-05: an answer that ends early is no answer. */
static void
d_05_a_cut_off_body_is_an_error(void **state)
{
	struct http_body length = {.kind = HTTP_BODY_LENGTH, .left = 1};
	struct http_body chunked = {.kind = HTTP_BODY_CHUNKED, .chunk = HTTP_CHUNK_CRLF};
	struct http_body whole = {.kind = HTTP_BODY_CHUNKED, .chunk = HTTP_CHUNK_DONE};
	struct http_body open = {.kind = HTTP_BODY_TO_CLOSE};
	struct err err = {0};

	(void)state;
	assert_int_equal(http_body_eof(&length, &err), -1);
	assert_err(&err, ERR_PROTO, "before it is complete");
	assert_int_equal(http_body_eof(&chunked, &err), -1);
	assert_int_equal(http_body_eof(&whole, &err), 0);
	assert_int_equal(http_body_eof(&open, &err), 0);
}

static void
values_cannot_start_fields_of_their_own(void **state)
{
	cleanup_buf struct buf out = {0};
	struct err err = {0};

	(void)state;
	http_request_start(&out, "GET", "/x", "h");
	assert_ok(http_field_write(&out, "A", STR("b"), &err), &err);
	assert_int_equal(http_field_write(&out, "A", STR("b\r\nC: d"), &err), -1);
	assert_err(&err, ERR_USAGE, "'A'");
	http_head_end(&out);
	assert_str(buf_view(&out), "GET /x HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_parsed),
		cmocka_unit_test(bad_heads_are_refused),
		cmocka_unit_test(endless_heads_are_refused),
		cmocka_unit_test(body_kind_follows_the_head),
		cmocka_unit_test(chunked_bodies_at_every_split),
		cmocka_unit_test(d_05_a_cut_off_body_is_an_error),
		cmocka_unit_test(values_cannot_start_fields_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
