/* Requests to URLs, against servers: in the clear, by TLS, and the ones that are not sent at all.
 */
#include "test.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/mem.h"
#include "http_peer.h"
#include "net/tls_env.h"
#include "registry/https.h"
#include "tls_peer.h"

static const char *const no_vars[] = {NULL};
static const struct env no_env = {no_vars};

static void
what_is_sent_and_what_comes_back(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 403 No\r\nDate: X\r\nX-Amzn-ErrorType: First\r\nx-amzn-errortype: Second\r\n"
		"Content-Length: 4\r\n\r\nbody"};
	struct http_extra fields[] = {{"X-One", STR("1")}, {"X-Two", STR("2")}};
	cleanup_https_answer struct https_answer got = {0};
	cleanup_buf struct buf requests = {0};
	cleanup_arena struct arena a = {0};
	struct https_request req = {.method = "POST",
		.fields = fields,
		.nfields = 2,
		.content_type = "text/x",
		.body = STR("hello"),
		.plain = true,
		/* a proxy is for others: this one would not answer */
		.direct = true};
	const char *const vars[] = {"http_proxy=http://127.0.0.1:1", NULL};
	struct env env = {vars};
	struct http_peer peer;
	struct https h;
	struct err err = {0};

	(void)state;
	http_peer_start(&peer, answers, 1);
	https_init(&h, &env);
	req.url = arena_fmt(&a, "%s/p?q=1", peer.url);
	assert_ok(h.send(&h, &a, &req, &got, &err), &err);
	assert_int_equal(got.status, 403);
	assert_string_equal(buf_cstr(&got.body), "body");
	assert_string_equal(https_field(&got, "date"), "X");
	assert_string_equal(https_field(&got, "x-amzn-errortype"), "First");
	assert_null(https_field(&got, "other"));
	http_peer_end(&peer, &requests);
	assert_string_equal(buf_cstr(&requests),
		arena_fmt(&a,
			"POST /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nX-One: 1\r\nX-Two: 2\r\n"
			"Content-Type: text/x\r\nContent-Length: 5\r\n\r\nhello",
			peer.port));
}

static void
tried_again_until_it_is_there(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
	cleanup_https_answer struct https_answer got = {0};
	cleanup_buf struct buf requests = {0};
	cleanup_arena struct arena a = {0};
	struct https_request req = {.method = "GET", .plain = true};
	struct http_peer peer;
	struct https h;
	struct err err = {0};

	(void)state;
	http_peer_start(&peer, answers, ARRAY_LEN(answers));
	https_init(&h, &no_env);
	req.url = peer.url;
	assert_ok(https_retry(&h, &a, &req, NULL, NULL, &got, &err), &err);
	assert_int_equal(got.status, 200);
	assert_string_equal(buf_cstr(&got.body), "ok");
	http_peer_end(&peer, &requests);
	assert_true(str_starts(buf_view(&requests), STR("GET / HTTP/1.1\r\n")));
}

static void
answers_that_are_refused(void **state)
{
	static const struct {
		const char *name, *answer, *text;
		enum err_kind kind;
	} rows[] = {
		{"longer than wanted", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789",
			"limit", ERR_LIMIT},
		{"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1", "", ERR_PROTO},
		{"nonsense", "hello\r\n\r\n", "", ERR_PROTO},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf requests = {0};
		cleanup_arena struct arena a = {0};
		struct https_answer got = {0};
		struct https_request req = {.method = "GET", .plain = true, .max = 8};
		struct http_peer peer;
		struct https h;
		struct err err = {0};

		http_peer_start(&peer, &rows[i].answer, 1);
		https_init(&h, &no_env);
		req.url = peer.url;
		assert_row_int(rows[i].name, h.send(&h, &a, &req, &got, &err), -1);
		assert_row_int(rows[i].name, err.kind, rows[i].kind);
		/* the address is part of the message, and nothing of a query */
		assert_row_err(rows[i].name, &err, rows[i].kind, peer.url);
		assert_null(got.body.p);
		http_peer_end(&peer, &requests);
	}
}

static void
addresses_that_are_refused(void **state)
{
	static const struct {
		const char *url;
		bool plain;
	} rows[] = {
		{"http://localhost/", false},
		{"ftp://localhost/", true},
		{"https://user:pw@localhost/", false},
		{"https:///x", false},
		{"localhost", true},
		{"https://local host/", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct https_answer got = {0};
		struct https_request req = {
			.method = "GET", .url = rows[i].url, .plain = rows[i].plain};
		struct https h;
		struct err err = {0};

		https_init(&h, &no_env);
		assert_row_int(rows[i].url, h.send(&h, &a, &req, &got, &err), -1);
		assert_row_int(rows[i].url, err.kind, ERR_USAGE);
		assert_that(!strstr(err.msg, "pw"), "%s", err.msg);
	}
}

static void
over_tls(void **state)
{
	cleanup_tree struct tree t;
	cleanup_arena struct arena a = {0};
	cleanup_https_answer struct https_answer got = {0};
	struct https_answer none = {0};
	struct tls_peer peer = {0};
	struct tls_files files;
	struct https_request req = {.method = "GET"};
	struct https h;
	struct err err = {0};

	(void)state;
	tree_init(&t);
	tls_peer_certificates(&t);
	/* a page about the connection for every request */
	tls_peer_start(&peer, &t, "good", NULL, (const char *const[]){"-www", NULL});
	https_init(&h, &no_env);
	files = (struct tls_files){.ca = arena_cstr(&a, tree_path(&t, "ca.pem"))};
	req.tls = &files;
	req.url = arena_fmt(&a, "https://localhost:%s/", peer.port);
	assert_ok(h.send(&h, &a, &req, &got, &err), &err);
	assert_int_equal(got.status, 200);
	assert_non_null(strstr(buf_cstr(&got.body), "TLSv1.2"));
	files.ca = arena_cstr(&a, tree_path(&t, "other-ca.pem"));
	assert_int_equal(h.send(&h, &a, &req, &none, &err), -1);
	assert_err(&err, ERR_TLS, req.url);
	tls_peer_stop(&peer);
}

static void
forms(void **state)
{
	cleanup_buf struct buf form = {0};

	(void)state;
	https_form(&form, "a", STR("x y&z=\n"));
	https_form(&form, "b c", STR(""));
	https_form(&form, "d", STR("A-_.~"));
	assert_string_equal(buf_cstr(&form), "a=x%20y%26z%3D%0A&b%20c=&d=A-_.~");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_and_what_comes_back),
		cmocka_unit_test(tried_again_until_it_is_there),
		cmocka_unit_test(answers_that_are_refused),
		cmocka_unit_test(addresses_that_are_refused),
		cmocka_unit_test(over_tls),
		cmocka_unit_test(forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
