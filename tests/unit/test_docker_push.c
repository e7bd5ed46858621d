/* Why a push failed, by the words of Engines of both kinds; and images that are loaded. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
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

static int
load(const struct docker *d, struct err *err)
{
	struct docker_load l = {0};
	ssize_t left = 1;
	int rc;

	assert_ok(docker_load_begin(&l, d, deadline_in(20000), err), err);
	docker_load_add(&l, STR("half of an archive"));
	/* an attempt that came to nothing */
	assert_ok(docker_load_begin(&l, d, deadline_in(20000), err), err);
	docker_load_add(&l, STR("an archive, "));
	docker_load_add(&l, STR("whole"));
	docker_load_add(&l, STR(""));
	while (left > 0)
		left = docker_load_flush(&l, err);
	rc = left ? -1 : docker_load_finish(&l, err);
	docker_load_release(&l);
	return rc;
}

static void
images_are_loaded(void **state)
{
	static const struct {
		const char *status, *body;
		enum err_kind kind;
		const char *error;
	} rows[] = {
		{"200 OK", "{\"stream\":\"Loaded image: a:1\\n\"}\r\n", ERR_NONE, ""},
		{"200 OK", "", ERR_NONE, ""},
		{"200 OK",
			"{\"stream\":\"x\"}\n{\"errorDetail\":{\"message\":\"no space left on "
			"device\"},\"error\":\"no space left on device\"}\n",
			ERR_REMOTE, "load into the Docker Engine: no space left on device"},
		{"200 OK", "{\"error\":\"bad archive\"}", ERR_REMOTE, "bad archive"},
		{"200 OK", "<html>", ERR_PROTO, "unable to parse the Engine's answer"},
		{"500 Internal Server Error", "{\"message\":\"unexpected EOF\"}", ERR_REMOTE,
			"load into the Docker Engine: unexpected EOF"},
	};
	struct docker_load none = {0};
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf answer = {0};
		struct docker d = {.version = "1.41"};
		struct fake_engine e;
		struct str answers[2] = {{0}};
		int rc;

		err = (struct err){0};
		fake_answer(&answer, rows[i].status, "application/json", str_from(rows[i].body), 9);
		answers[1] = buf_view(&answer);
		fake_engine_start(&e, answers, 2);
		d.endpoint = &e.endpoint;
		rc = load(&d, &err);
		fake_engine_end(&e);
		assert_row_int(rows[i].body, rc, rows[i].kind ? -1 : 0);
		if (rows[i].kind)
			assert_row_err(rows[i].body, &err, rows[i].kind, rows[i].error);
		assert_that(str_ends(buf_view(&e.requests),
				    STR("\r\n\r\nc\r\nan archive, \r\n5\r\nwhole\r\n0\r\n\r\n")),
			"%s", buf_cstr(&e.requests));
		assert_non_null(strstr(buf_cstr(&e.requests), "POST /v1.41/images/load?quiet=1 "));
		fake_engine_release(&e);
	}
	assert_int_equal(docker_load_finish(&none, &err), -1);
	assert_err(&err, ERR_PROTO, "sent no image");
}

/* It says why and hangs up before the archive is there. */
static void
engine_that_hangs_up(void **state)
{
	static const char answer[] = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: "
				     "25\r\n\r\n{\"message\":\"disk broken\"}";
	cleanup_tree struct tree t;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct docker_endpoint endpoint = {.transport = DOCKER_UNIX, .base = ""};
	struct docker d = {.endpoint = &endpoint, .version = "1.41"};
	struct docker_load l = {0};
	struct err err = {0};
	int listening, fd;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	tree_init(&t);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", tree_path(&t, "socket"));
	endpoint.path = addr.sun_path;
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_ok(docker_load_begin(&l, &d, deadline_in(20000), &err), &err);
	fd = accept(listening, NULL, NULL);
	assert_true(fd >= 0 && write(fd, answer, strlen(answer)) == (ssize_t)strlen(answer));
	close(fd);
	docker_load_add(&l, STR("more"));
	assert_int_equal(docker_load_flush(&l, &err), -1);
	assert_err(&err, ERR_REMOTE, "load into the Docker Engine: disk broken");

	/* without a word */
	assert_ok(docker_load_begin(&l, &d, deadline_in(20000), &err), &err);
	fd = accept(listening, NULL, NULL);
	close(fd);
	docker_load_add(&l, STR("more"));
	assert_int_equal(docker_load_flush(&l, &err), -1);
	assert_err(&err, ERR_NET, "load into the Docker Engine: ");
	docker_load_release(&l);
	close(listening);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p_07_failures_are_sorted),
		cmocka_unit_test(images_are_loaded),
		cmocka_unit_test(engine_that_hangs_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
