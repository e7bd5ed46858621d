/* cmd/handing: pushes out of a scripted Engine, with a clock that the test sets. */
#include "test.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/log.h"
#include "cmd/handing.h"
#include "docker/docker.h"
#include "fake_engine.h"
#include "registry/credentials.h"

#define REF "reg.example.com:5000/a/b:v1"
#define DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
#define PUSHING \
	"{\"status\":\"Pushing\",\"progressDetail\":{\"current\":5000000,\"total\":9000000}," \
	"\"id\":\"abc\"}\r\n"
#define DONE "{\"status\":\"v1: digest: " DIGEST " size: 527\"}\r\n"
#define HOLD "\x1d"

enum { PATIENCE_S = 100 }; /* only a guard against hanging */

/* A clock that goes on by the same amount whenever somebody looks. */
static int64_t now_ms, step_ms;

static int64_t
stepping_clock(void)
{
	return now_ms += step_ms;
}

/* What was said, and an Engine that waits for it to be said. */
struct witness {
	struct log log;
	struct fake_engine *waiting; /* NULL: for nothing */
	struct buf said;
};

static void
on_line(struct log *log, enum log_level level, const char *text)
{
	struct witness *w = log->arg;

	(void)level;
	buf_addf(&w->said, "%s\n", text);
	if (w->waiting && str_starts(str_from(text), STR("still pushing"))) {
		fake_engine_go_on(w->waiting);
		w->waiting = NULL;
	}
}

static size_t
count_of(const struct buf *text, const char *words)
{
	struct str rest = buf_view(text);
	ptrdiff_t at;
	size_t n = 0;

	while ((at = str_search(rest, str_from(words))) >= 0) {
		rest = str_from_off(rest, (size_t)at + 1);
		n++;
	}
	return n;
}

/* One reference through an Engine with this answer; what was said is in *said. */
static void
hand_over(const char *answer, int64_t step, int64_t silence_ms, bool waits, struct buf *said)
{
	cleanup_arena struct arena a = {0};
	struct str answers[] = {str_from(answer)};
	struct docker d = {.version = "1.41"};
	struct fake_engine e;
	struct witness w = {.log = {LOG_INFO, on_line, &w}};
	struct handing handing = {.docker = &d,
		.arena = &a,
		.log = &w.log,
		.clock = stepping_clock,
		.silence_ms = silence_ms};
	struct err err = {0};
	char *digest;

	now_ms = 1000;
	step_ms = step;
	fake_engine_start(&e, answers, 1);
	d.endpoint = &e.endpoint;
	w.waiting = waits ? &e : NULL;
	alarm(PATIENCE_S);
	assert_ok(hand_on(&handing, REF, &digest, &err), &err);
	alarm(0);
	assert_string_equal(digest, DIGEST);
	fake_engine_release(&e);
	*said = w.said;
}

/* The Engine says nothing more before it was told that we did. */
static void
p_14_a_sign_of_life_while_the_engine_is_silent(void **state)
{
	cleanup_buf struct buf said = {0};

	(void)state;
	hand_over(HEAD HOLD DONE, 31000, 1, true, &said);
	assert_true(count_of(&said, "still pushing '" REF "'\n") >= 1);
}

static void
p_14_progress_now_and_then(void **state)
{
	cleanup_buf struct buf said = {0}, quiet = {0};

	(void)state;
	/* the clock is looked at once a line, and once more when something is said */
	hand_over(HEAD PUSHING PUSHING PUSHING PUSHING PUSHING DONE, 20000, 600000, false, &said);
	assert_int_equal(count_of(&said, "still pushing '" REF "': abc Pushing, 5 of 9 MB\n"), 2);
	hand_over(HEAD PUSHING PUSHING PUSHING PUSHING PUSHING DONE, 1000, 600000, false, &quiet);
	assert_string_equal(buf_cstr(&quiet), "Pushing tag '" REF "'\n");
}

/* ---- logins that end -------------------------------------------------------- */

#define DENIED "{\"errorDetail\":{\"message\":\"unauthorized: authentication required\"}}\r\n"

/* A cloud that gives out one secret after the other. */
struct cloud {
	const char *next; /* NULL: it is away */
	int times;
};

static int
log_in(void *arg, struct credential *out, int64_t *expires, struct err *err)
{
	struct cloud *c = arg;

	c->times++;
	if (!c->next)
		return err_set(err, ERR_NET, "the cloud is away");
	*out = (struct credential){.kind = CREDENTIAL_BASIC, .user = xstrdup("u")};
	secret_set(&out->secret, str_from(c->next));
	out->source = xstrdup("cloud");
	*expires = clock_wall_ns() / 1000000000 + 3600;
	return 0;
}

/* Whether the request shows that password. */
static bool
shows(struct str request, const char *secret)
{
	cleanup_buf struct buf json = {0}, field = {0};

	buf_addf(&json,
		"{\"username\":\"u\",\"password\":\"%s\",\"serveraddress\":\"reg.example.com:5000\"}",
		secret);
	base64_encode(&field, buf_view(&json), BASE64_URL);
	return str_search(request, buf_view(&field)) >= 0;
}

static void
logins_are_renewed(void **state)
{
	static const struct {
		const char *name;
		int64_t left; /* of the first login, seconds */
		const char *next;
		const char *answers[2];
		const char *shown[2]; /* by the requests that come */
		int times;            /* the cloud is asked */
		enum err_kind kind;
	} rows[] = {
		{"good for long", 3600, "new", {HEAD DONE}, {"old"}, 0, ERR_NONE},
		{"ended before the push", -5, "new", {HEAD DONE}, {"new"}, 1, ERR_NONE},
		{"refused once", 3600, "new", {HEAD DENIED, HEAD DONE}, {"old", "new"}, 1,
			ERR_NONE},
		{"refused twice", 3600, "new", {HEAD DENIED, HEAD DENIED}, {"old", "new"}, 1,
			ERR_AUTH},
		{"refused, nothing newer", 3600, "old", {HEAD DENIED}, {"old"}, 1, ERR_AUTH},
		{"refused, the cloud is away", 3600, NULL, {HEAD DENIED}, {"old"}, 1, ERR_AUTH},
	};
	const struct env env = {(const char *const[]){NULL}};
	struct secret old = {0};
	size_t i, k;

	(void)state;
	secret_set(&old, STR("old"));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_credentials struct credentials *c = credentials_new(&env, NULL);
		struct str answers[2] = {
			str_from(rows[i].answers[0]), str_from(rows[i].answers[1])};
		struct cloud cloud = {rows[i].next, 0};
		struct docker d = {.version = "1.41"};
		struct handing handing = {
			.docker = &d, .arena = &a, .credentials = c, .clock = clock_ms};
		struct fake_engine e;
		struct err err = {0};
		struct str rest, part;
		char *digest;
		int rc;

		credentials_add(c, "reg.example.com:5000", "u", &old, "first");
		credentials_lend(c, "reg.example.com:5000",
			clock_wall_ns() / 1000000000 + rows[i].left, log_in, &cloud);
		fake_engine_start(&e, answers, ARRAY_LEN(answers));
		d.endpoint = &e.endpoint;
		rc = hand_on(&handing, REF, &digest, &err);
		fake_engine_end(&e);
		assert_row_int(rows[i].name, rc, rows[i].kind ? -1 : 0);
		assert_row_int(rows[i].name, err.kind, rows[i].kind);
		assert_row_int(rows[i].name, cloud.times, rows[i].times);
		rest = buf_view(&e.requests);
		for (k = 0; k < 2 && rows[i].shown[k]; k++) {
			ptrdiff_t end = str_search(rest, STR("\r\n\r\n"));

			assert_that(end > 0, "row '%s': %zu requests", rows[i].name, k);
			part = str_first(rest, (size_t)end);
			rest = str_from_off(rest, (size_t)end + 4);
			assert_that(shows(part, rows[i].shown[k]),
				"row '%s': request %zu does not show '%s'", rows[i].name, k,
				rows[i].shown[k]);
		}
		assert_that(rest.len == 0, "row '%s': one request too many", rows[i].name);
		fake_engine_release(&e);
	}
	secret_release(&old);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p_14_a_sign_of_life_while_the_engine_is_silent),
		cmocka_unit_test(p_14_progress_now_and_then),
		cmocka_unit_test(logins_are_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
