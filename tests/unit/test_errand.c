/* Work in a child process: what comes back, and what must not. */
#include "test.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "buildkit/errand.h"

enum { MUCH = 512 * 1024 }; /* more than a pipe holds */

static void
tell(void *arg, struct buf *out)
{
	size_t n = *(size_t *)arg;

	while (n--)
		buf_putc(out, 'x');
}

static void
tell_nothing(void *arg, struct buf *out)
{
	tell(arg, out);
	_exit(1);
}

/* In the middle of what is written afterwards, which nobody reads for now. */
static void
die_telling(void *arg, struct buf *out)
{
	static const struct itimerval soon = {.it_value.tv_usec = 50000};

	tell(arg, out);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static size_t told;
static bool is_done;

static void
on_done(void *arg, struct str answer)
{
	(void)arg;
	told = answer.len;
	is_done = true;
}

static void
answers_come_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *name;
		errand_work_fn work;
		size_t len, want;
	} rows[] = {
		{"a few bytes", tell, 5, 5},
		{"more than a pipe holds", tell, MUCH, MUCH},
		{"nothing", tell, 0, 0},
		{"an end before the answer", tell_nothing, 5, 0},
		{"an end in the middle of it", die_telling, MUCH, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct loop *loop = loop_new();
		size_t len = rows[i].len;
		struct err err = {0};
		siginfo_t info;

		is_done = false;
		assert_non_null(errand_start(loop, rows[i].work, on_done, &len, &err));
		/* it has died by the time that we look */
		if (rows[i].work == die_telling)
			assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
		while (!is_done)
			assert_row_ok(rows[i].name, loop_once(loop, &err), &err);
		assert_row_int(rows[i].name, told, rows[i].want);
		loop_free(loop);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
