/* cmd/handing: pushes out of a scripted Engine, with a clock that the test sets. */
#include "test.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/handing.h"
#include "docker/docker.h"
#include "fake_engine.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p_14_a_sign_of_life_while_the_engine_is_silent),
		cmocka_unit_test(p_14_progress_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
