/* Why a push failed, by the words of Engines of both kinds. */
#include "test.h"

#include <errno.h>

#include "base/arena.h"
#include "base/buf.h"
#include "docker/docker.h"
#include "fake_engine.h"

static void
p_07_failures_are_sorted(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
		int code;
	} rows[] = {
		/* the registry client of before containerd's store */
		{"received unexpected HTTP status: 503 Service Unavailable", ERR_NET, 0},
		{"received unexpected HTTP status: 500 Internal Server Error", ERR_NET, 0},
		{"error parsing HTTP 429 response body: invalid character '<'", ERR_NET, 0},
		{"toomanyrequests: You have reached your pull rate limit", ERR_NET, 0},
		{"Put \"http://r/v2/a/manifests/1\": EOF", ERR_NET, 0},
		{"Patch \"http://r/x\": write tcp 1->2: write: connection reset by peer", ERR_NET,
			0},
		{"Get \"https://r/v2/\": net/http: TLS handshake timeout", ERR_NET, 0},
		{"Get \"https://r/v2/\": dial tcp: lookup r: Temporary failure in name resolution",
			ERR_NET, 0},
		{"Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
			ERR_NET, ECONNREFUSED},
		{"Get \"http://r/v2/\": net/http: HTTP/1.x transport connection broken: malformed "
		 "MIME header: missing colon: \"Docker-Dist\"",
			ERR_NET, 0},
		{"Get \"http://r/v2/\": net/http: HTTP/1.x transport connection broken: malformed "
		 "HTTP response \"\\x15\\x03\\x01\"",
			ERR_REMOTE, 0},
		{"unauthorized: authentication required", ERR_AUTH, 0},
		{"denied: requested access to the resource is denied", ERR_AUTH, 0},
		{"no basic auth credentials", ERR_AUTH, 0},
		{"received unexpected HTTP status: 403 Forbidden", ERR_AUTH, 0},
		{"denied: the repository has tag immutability", ERR_REMOTE, 0},
		{"tag invalid: The image tag 'v1' already exists", ERR_REMOTE, 0},
		{"name unknown: The repository does not exist", ERR_REMOTE, 0},
		{"An image does not exist locally with the tag: a", ERR_REMOTE, 0},
		/* containerd's */
		{"unexpected status from PUT request to https://r/v2/a: 502 Bad Gateway", ERR_NET,
			0},
		{"unexpected status from POST request to https://r:500/v2/a: 400 Bad Request",
			ERR_REMOTE, 0},
		{"failed to do request: Put \"https://r\": unexpected EOF", ERR_NET, 0},
		{"failed to authorize: 401 Unauthorized", ERR_AUTH, 0},
		/* numbers that are no statuses */
		{"layer: 5000 bytes are missing", ERR_REMOTE, 0},
		{"push: 429x", ERR_REMOTE, 0},
		{"no such host: r", ERR_REMOTE, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf answer = {0}, body = {0};
		struct docker d = {.version = "1.41"};
		struct docker_auth nobody = {.user = NULL};
		struct fake_engine e;
		struct err err = {0};
		struct str one;
		const char *p;
		char *digest;

		buf_puts(&body, "{\"errorDetail\":{\"message\":\"");
		for (p = rows[i].text; *p; p++)
			buf_addf(&body, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
		buf_puts(&body, "\"},\"error\":\"x\"}\r\n");
		fake_answer(&answer, "200 OK", "application/json", buf_view(&body), 7);
		one = buf_view(&answer);
		fake_engine_start(&e, &one, 1);
		d.endpoint = &e.endpoint;
		assert_int_equal(
			docker_push(&d, &a, "r/a", "v1", &nobody, NULL, &digest, &err), -1);
		assert_row_str(rows[i].text, str_from(err.msg), rows[i].text);
		assert_row_int(rows[i].text, err.kind, rows[i].kind);
		assert_row_int(rows[i].text, err.code, rows[i].code);
		fake_engine_release(&e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p_07_failures_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
