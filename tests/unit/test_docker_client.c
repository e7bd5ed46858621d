/* Calls of the Engine's API against canned answers. */
#include "test.h"

#include <errno.h>
#include <signal.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/secret.h"
#include "docker/docker.h"
#include "fake_engine.h"
#include "net/conn.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

enum { ANSWERS_MAX = 3 };

/* ---- ping ----------------------------------------------------------------- */

static void
d_07_the_version_is_negotiated(void **state)
{
	static const struct {
		const char *name, *pinned;
		const char *answers[ANSWERS_MAX];
		const char *version, *requests;
	} rows[] = {
		{"newer than we", NULL, {OK "Api-Version: 1.99\r\n\r\n"}, "1.55",
			"HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"},
		{"between", NULL, {OK "Api-Version: 1.41\r\n\r\n"}, "1.41", "HEAD /_ping HTTP/1.1"},
		{"the oldest", NULL, {OK "aPI-vERSION: 1.40\r\n\r\n"}, "1.40",
			"HEAD /_ping HTTP/1.1"},
		{"says nothing", NULL, {OK "\r\n"}, "1.55", "HEAD /_ping HTTP/1.1"},
		{"pinned", "1.30", {OK "Api-Version: 1.41\r\n\r\n"}, "1.30", "HEAD /_ping"},
		{"pinned above", "1.99", {OK "Api-Version: 1.41\r\n\r\n"}, "1.99", "HEAD /_ping"},
		{"HEAD is refused", NULL,
			{"HTTP/1.1 405 Method Not Allowed\r\n\r\n",
				"HTTP/1.1 200 OK\r\nApi-Version: 1.42\r\n"
				"Content-Length: 2\r\n\r\nOK"},
			"1.42",
			"HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"
			"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"},
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str answers[ANSWERS_MAX];
		struct fake_engine e;
		struct docker d;
		struct err err = {0};

		for (n = 0; n < ANSWERS_MAX && rows[i].answers[n]; n++)
			answers[n] = str_from(rows[i].answers[n]);
		fake_engine_start(&e, answers, n);
		e.endpoint.version = rows[i].pinned;
		assert_row_ok(
			rows[i].name, docker_ping(&d, &e.endpoint, DEADLINE_NONE, &err), &err);
		assert_row_str(rows[i].name, str_from(d.version), rows[i].version);
		assert_row_int(rows[i].name, d.negotiated, !rows[i].pinned);
		fake_engine_end(&e);
		assert_that(strncmp(buf_cstr(&e.requests), rows[i].requests,
				    strlen(rows[i].requests)) == 0,
			"row '%s': %s", rows[i].name, buf_cstr(&e.requests));
		fake_engine_release(&e);
	}
}

static void
k_20_engines_that_will_not_do(void **state)
{
	static const struct {
		const char *name;
		const char *answers[ANSWERS_MAX];
		enum err_kind kind;
		const char *text, *hint;
	} rows[] = {
		{"too old", {OK "Api-Version: 1.39\r\n\r\n"}, ERR_REMOTE,
			"speaks API 1.39 only, 1.40 is needed", "20.10"},
		{"no number", {OK "Api-Version: 1.x\r\n\r\n"}, ERR_PROTO, "makes no sense: '1.x'",
			""},
		{"other major", {OK "Api-Version: 2.1\r\n\r\n"}, ERR_PROTO, "'2.1'", ""},
		{"huge number", {OK "Api-Version: 1.99999999999999999999999\r\n\r\n"}, ERR_PROTO,
			"makes no sense", ""},
		{"closes", {""}, ERR_NET, "closed the connection without an answer", ""},
		{"another server", {"SSH-2.0-OpenSSH\r\n"}, ERR_PROTO, "not HTTP/1.1", ""},
		{"refused in JSON",
			{"HTTP/1.1 500 Internal Server Error\r\n\r\n",
				"HTTP/1.1 500 -\r\nContent-Length: 21\r\n\r\n{\"message\":\"on fire\"}\n"},
			ERR_REMOTE, "on fire", ""},
		{"refused in plain text",
			{"HTTP/1.1 503 -\r\n\r\n",
				"HTTP/1.1 503 -\r\nContent-Length: 9\r\n\r\ntry later"},
			ERR_REMOTE, "HTTP status 503: try later", ""},
		{"refused without a word",
			{"HTTP/1.1 403 -\r\n\r\n", "HTTP/1.1 403 -\r\nContent-Length: 0\r\n\r\n"},
			ERR_REMOTE, "HTTP status 403", ""},
		{"empty message",
			{"HTTP/1.1 403 -\r\n\r\n",
				"HTTP/1.1 403 -\r\nContent-Length: 14\r\n\r\n{\"message\":\"\"}"},
			ERR_REMOTE, "HTTP status 403: {", ""},
		{"refused, cut off",
			{"HTTP/1.1 403 -\r\n\r\n",
				"HTTP/1.1 403 -\r\nContent-Length: 99\r\n\r\nno"},
			ERR_REMOTE, "HTTP status 403: no", ""},
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str answers[ANSWERS_MAX];
		struct fake_engine e;
		struct docker d;
		struct err err = {0};

		for (n = 0; n < ANSWERS_MAX && rows[i].answers[n]; n++)
			answers[n] = str_from(rows[i].answers[n]);
		fake_engine_start(&e, answers, n);
		assert_row_int(rows[i].name, docker_ping(&d, &e.endpoint, DEADLINE_NONE, &err), -1);
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
		assert_that(strstr(err.hint, rows[i].hint) != NULL, "row '%s': %s", rows[i].name,
			err.hint);
		fake_engine_release(&e);
	}
}

static void
k_20_nothing_listens(void **state)
{
	struct docker_endpoint none = {.transport = DOCKER_UNIX,
		.address = "unix:///nonexistent/docker.sock",
		.path = "/nonexistent/docker.sock",
		.base = ""};
	struct err err = {0};
	struct docker d;

	(void)state;
	assert_int_equal(docker_ping(&d, &none, DEADLINE_NONE, &err), -1);
	assert_err(&err, ERR_NET, "unix:///nonexistent/docker.sock: No such file");
}

/* ---- images --------------------------------------------------------------- */

static void
d_08_the_id_of_an_image(void **state)
{
	static const struct {
		const char *name, *status, *body;
		enum err_kind kind;
		int code;
		const char *text;
	} rows[] = {
		{"there", "200 OK", "{\"Id\":\"" DIGEST "\",\"RepoTags\":[]}", ERR_NONE, 0, DIGEST},
		{"not there", "404 Not Found", "{\"message\":\"No such image: x\"}", ERR_REMOTE,
			404, "No such image: x"},
		{"no id", "200 OK", "{}", ERR_PROTO, 0, "without an id"},
		{"id is no text", "200 OK", "{\"Id\":7}", ERR_PROTO, 0, "without an id"},
		{"garbage", "200 OK", "<html>", ERR_PROTO, 0, ""},
		{"nothing", "200 OK", "", ERR_PROTO, 0, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf answer = {0};
		struct docker d = {.version = "1.41"};
		struct fake_engine e;
		struct err err = {0};
		struct str one;
		char *id = NULL;
		int rc;

		fake_answer(
			&answer, rows[i].status, "application/json", str_from(rows[i].body), i % 3);
		one = buf_view(&answer);
		fake_engine_start(&e, &one, 1);
		d.endpoint = &e.endpoint;
		rc = docker_image_id(&d, &a, "reg.example.com:5000/a/b:1", &id, &err);
		if (rows[i].kind == ERR_NONE) {
			assert_row_ok(rows[i].name, rc, &err);
			assert_row_str(rows[i].name, str_from(id), rows[i].text);
		} else {
			assert_row_int(rows[i].name, rc, -1);
			assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
			assert_row_int(rows[i].name, err.code, rows[i].code);
		}
		fake_engine_end(&e);
		assert_that(
			strstr(buf_cstr(&e.requests),
				"GET /v1.41/images/reg.example.com:5000/a/b:1/json HTTP/1.1\r\n") ==
				e.requests.p,
			"%s", buf_cstr(&e.requests));
		fake_engine_release(&e);
	}
}

/* ---- upgrades ------------------------------------------------------------- */

static void
an_upgrade_hands_the_stream_over(void **state)
{
	const struct str answer =
		STR("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nearly");
	struct docker d = {.version = "1.41"};
	cleanup_arena struct arena a = {0};
	struct strlist headers = {0};
	struct fake_engine e;
	struct err err = {0};
	struct conn *c;
	char got[16];
	ssize_t n;

	(void)state;
	fake_engine_start(&e, &answer, 1);
	d.endpoint = &e.endpoint;
	e.endpoint.base = "/base";
	strlist_add(&headers, &a, "x-docker-expose-session-uuid");
	strlist_add(&headers, &a, "id");
	strlist_add(&headers, &a, "x-docker-expose-session-sharedkey");
	strlist_add(&headers, &a, "");
	c = docker_upgrade(&d, "/session", "h2c", &headers, NULL, DEADLINE_NONE, &err);
	assert_that(c != NULL, "%s", err.msg);
	n = conn_read(c, got, sizeof(got), DEADLINE_NONE, &err);
	assert_str(str_n(got, (size_t)n), "early");
	assert_int_equal(conn_read(c, got, sizeof(got), DEADLINE_NONE, &err), 0);
	conn_close(c);
	fake_engine_end(&e);
	assert_str(buf_view(&e.requests),
		"POST /base/session HTTP/1.1\r\nHost: docker\r\n"
		"x-docker-expose-session-uuid: id\r\nx-docker-expose-session-sharedkey: \r\n"
		"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n");
	fake_engine_release(&e);
}

static void
an_upgrade_can_be_refused(void **state)
{
	static const struct {
		const char *name, *answer;
		enum err_kind kind;
		int code;
		const char *text;
	} rows[] = {
		{"gone",
			"HTTP/1.1 404 -\r\nContent-Length: 28\r\n\r\n{\"message\":\"page not found\"}",
			ERR_REMOTE, 404, "POST /grpc: page not found"},
		{"answered as if it were a request", OK "\r\n", ERR_REMOTE, 200, "HTTP status 200"},
		{"redirected", "HTTP/1.1 301 -\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
			ERR_REMOTE, 301, "HTTP status 301"},
		{"closed", "", ERR_NET, ECONNRESET, "without an answer"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str one = str_from(rows[i].answer);
		struct docker d = {.version = "1.41"};
		struct fake_engine e;
		struct err err = {0};

		fake_engine_start(&e, &one, 1);
		d.endpoint = &e.endpoint;
		assert_null(docker_upgrade(&d, "/grpc", "h2c", NULL, NULL, DEADLINE_NONE, &err));
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
		assert_row_int(rows[i].name, err.code, rows[i].code);
		fake_engine_release(&e);
	}
}

/* ---- push ----------------------------------------------------------------- */

struct told {
	size_t n;
	int64_t current, total;
	char last[200];
};

static void
on_progress(const char *id, const char *status, int64_t current, int64_t total, void *arg)
{
	struct told *t = arg;

	t->n++;
	t->current = current;
	t->total = total;
	snprintf(t->last, sizeof(t->last), "%s|%s", id, status);
}

static int
push(struct str answer, const struct docker_auth *auth, struct buf *requests, struct told *told,
	struct buf *digest, struct err *err)
{
	cleanup_arena struct arena a = {0};
	struct docker d = {.version = "1.41"};
	struct docker_watch watch = {on_progress, told, 10000};
	struct fake_engine e;
	char *got = NULL;
	int rc;

	fake_engine_start(&e, &answer, 1);
	d.endpoint = &e.endpoint;
	rc = docker_push(&d, &a, "reg.example.com:5000/a/b", "v1", auth, &watch, &got, err);
	if (rc == 0)
		buf_puts(digest, got);
	fake_engine_end(&e);
	buf_str(requests, buf_view(&e.requests));
	fake_engine_release(&e);
	return rc;
}

#define LAYER \
	"{\"status\":\"Pushing\",\"progressDetail\":{\"current\":5,\"total\":9},\"id\":\"abc\"}\r\n"
#define STATUS "{\"status\":\"v1: digest: " DIGEST " size: 527\"}\r\n"

static void
p_07_08_09_what_a_push_says(void **state)
{
	static const struct {
		const char *name, *body;
		enum err_kind kind;
		const char *text; /* digest or message */
	} rows[] = {
		{"P-09 digest in aux",
			LAYER "{\"progressDetail\":{},\"aux\":{\"Tag\":\"v1\",\"Digest\":\"" DIGEST
			      "\",\"Size\":527}}\r\n",
			ERR_NONE, DIGEST},
		{"P-09 digest in the status", LAYER STATUS, ERR_NONE, DIGEST},
		{"P-09 aux beats status, behind", STATUS "{\"aux\":{\"Digest\":\"" OTHER "\"}}",
			ERR_NONE, OTHER},
		{"P-09 aux beats status, before", "{\"aux\":{\"Digest\":\"" OTHER "\"}}\n" STATUS,
			ERR_NONE, OTHER},
		{"other aux", "{\"aux\":{\"manifestPushedInsteadOfIndex\":true}}\n" STATUS,
			ERR_NONE, DIGEST},
		{"empty lines", "\r\n\r\n" STATUS "\r\n", ERR_NONE, DIGEST},
		{"no line end", "{\"status\":\"v1: digest: " DIGEST " size: 1\"}", ERR_NONE,
			DIGEST},
		{"nothing is wrong", "{\"error\":null,\"errorDetail\":null}\n" STATUS, ERR_NONE,
			DIGEST},
		{"P-07 errorDetail",
			LAYER
			"{\"errorDetail\":{\"message\":\"manifest is broken\"},\"error\":\"legacy\"}\r\n",
			ERR_REMOTE, "manifest is broken"},
		{"P-08 error alone", "{\"error\":\"out of luck\"}\r\n", ERR_REMOTE, "out of luck"},
		{"P-08 errorDetail without text", "{\"errorDetail\":{\"code\":1}}\r\n" STATUS,
			ERR_REMOTE, "without a reason"},
		{"P-08 empty errorDetail", "{\"errorDetail\":{\"message\":\"\"},\"error\":\"no\"}",
			ERR_REMOTE, "no"},
		{"P-08 error is no text", "{\"error\":{}}\r\n" STATUS, ERR_REMOTE,
			"without a reason"},
		{"P-08 failure behind the digest", STATUS "{\"error\":\"disk full\"}\r\n",
			ERR_REMOTE, "disk full"},
		{"P-08 garbage", LAYER "<html>\r\n" STATUS, ERR_PROTO, "unable to parse"},
		{"P-08 not an object", "[1]\r\n" STATUS, ERR_PROTO, "unable to parse"},
		{"P-08 cut off in a line", LAYER "{\"status\":\"v1: dig", ERR_PROTO,
			"unable to parse"},
		{"P-08 nothing", "", ERR_PROTO, "without naming a digest"},
		{"P-08 no digest", LAYER, ERR_PROTO, "without naming a digest"},
		{"P-08 digest too short", "{\"status\":\"v1: digest: sha256:abc size: 1\"}",
			ERR_PROTO, "without naming a digest"},
		{"P-08 digest with a line feed", "{\"aux\":{\"Digest\":\"" DIGEST "\\nx=y\"}}",
			ERR_PROTO, "a digest that is none"},
		{"P-08 digest is empty", "{\"aux\":{\"Digest\":\"\"}}", ERR_PROTO,
			"a digest that is none"},
	};
	static const size_t chunks[] = {0, 1, 7};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (k = 0; k < sizeof(chunks) / sizeof(chunks[0]); k++) {
			cleanup_buf struct buf answer = {0}, requests = {0}, digest = {0};
			struct told told = {0};
			struct err err = {0};
			int rc;

			fake_answer(&answer, "200 OK", "application/json", str_from(rows[i].body),
				chunks[k]);
			rc = push(buf_view(&answer), NULL, &requests, &told, &digest, &err);
			if (rows[i].kind == ERR_NONE) {
				assert_row_ok(rows[i].name, rc, &err);
				assert_row_str(rows[i].name, buf_view(&digest), rows[i].text);
			} else {
				assert_row_int(rows[i].name, rc, -1);
				assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
			}
			if (strncmp(rows[i].body, LAYER, strlen(LAYER)) == 0) {
				assert_true(told.n >= 1);
				assert_true(told.n > 1 || !strcmp(told.last, "abc|Pushing"));
				assert_true(told.n > 1 || told.current == 5);
				assert_true(told.n > 1 || told.total == 9);
			}
		}
	}
}

static void
p_08_a_push_that_breaks_off(void **state)
{
	static const struct {
		const char *name, *answer;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{"no answer", "", ERR_NET, "without an answer"},
		{"length not reached", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" STATUS,
			ERR_PROTO, "ends before it is complete"},
		{"no last chunk",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n",
			ERR_PROTO, "ends before it is complete"},
		{"refused",
			"HTTP/1.1 404 -\r\nContent-Length: 32\r\n\r\n{\"message\":\"tag does not exist\"}",
			ERR_REMOTE, "tag does not exist"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf requests = {0}, digest = {0};
		struct told told = {0};
		struct err err = {0};

		assert_row_int(rows[i].name,
			push(str_from(rows[i].answer), NULL, &requests, &told, &digest, &err), -1);
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].text);
	}
}

static void
a_line_without_end_is_refused(void **state)
{
	cleanup_buf struct buf body = {0}, answer = {0}, requests = {0}, digest = {0};
	struct told told = {0};
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 200000; i++)
		buf_puts(&body, "{\"status\":");
	fake_answer(&answer, "200 OK", "application/json", buf_view(&body), 0);
	assert_int_equal(push(buf_view(&answer), NULL, &requests, &told, &digest, &err), -1);
	assert_err(&err, ERR_LIMIT, "more than 1048576 bytes");
}

static void
p_05_one_tag_with_its_credentials(void **state)
{
	struct secret secret = {0};
	const struct docker_auth basic = {"me", &secret, "reg.example.com:5000", false};
	const struct docker_auth identity = {NULL, &secret, NULL, true};
	struct secret none = {0};
	const struct docker_auth anonymous = {"me", &none, "reg.example.com:5000", false};
	const struct {
		const char *name;
		const struct docker_auth *auth;
		const char *json;
	} rows[] = {
		{"nobody", NULL, "{}"},
		{"no secret", &anonymous, "{}"},
		{"user and password", &basic,
			"{\"username\":\"me\",\"password\":\"p\\\"\xc3\xa4?>\","
			"\"serveraddress\":\"reg.example.com:5000\"}"},
		{"identity token", &identity, "{\"identitytoken\":\"p\\\"\xc3\xa4?>\"}"},
	};
	size_t i;

	(void)state;
	secret_set(&secret, STR("p\"\xc3\xa4?>"));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf answer = {0}, requests = {0}, digest = {0}, json = {0};
		struct told told = {0};
		struct err err = {0};
		struct str rest, line, field;

		fake_answer(&answer, "200 OK", "application/json", STR(STATUS), 0);
		assert_row_ok(rows[i].name,
			push(buf_view(&answer), rows[i].auth, &requests, &told, &digest, &err),
			&err);
		rest = buf_view(&requests);
		assert_true(str_line(&rest, &line));
		assert_row_str(rows[i].name, line,
			"POST /v1.41/images/reg.example.com:5000/a/b/push?tag=v1 HTTP/1.1");
		while (str_line(&rest, &line) && !str_take(&line, STR("X-Registry-Auth: ")))
			;
		field = line;
		assert_row_int(
			rows[i].name, str_find(field, '+') >= 0 || str_find(field, '/') >= 0, 0);
		assert_row_int(rows[i].name, field.len % 4, 0);
		assert_true(base64_decode(&json, field));
		assert_row_str(rows[i].name, buf_view(&json), rows[i].json);
	}
	secret_release(&secret);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(d_07_the_version_is_negotiated),
		cmocka_unit_test(k_20_engines_that_will_not_do),
		cmocka_unit_test(k_20_nothing_listens),
		cmocka_unit_test(d_08_the_id_of_an_image),
		cmocka_unit_test(an_upgrade_hands_the_stream_over),
		cmocka_unit_test(an_upgrade_can_be_refused),
		cmocka_unit_test(p_07_08_09_what_a_push_says),
		cmocka_unit_test(p_08_a_push_that_breaks_off),
		cmocka_unit_test(a_line_without_end_is_refused),
		cmocka_unit_test(p_05_one_tag_with_its_credentials),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
