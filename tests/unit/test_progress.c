/* progress/: plain output, several Solves, failures. */
#include "base/limits.h"
#include "build_run.h"
#include "test.h"

static void
finish(struct run *r, int at)
{
	progress_done(r->p, run_now(at));
}

/* ---- plain ------------------------------------------------------------------------------- */

static void
plain_build(void **state)
{
	static const size_t chunks[] = {0, 1, 2, 3, 5, 7, 100};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		struct run r = {.chunk = chunks[i], .options.description = "building with x"};

		run_start(&r, PROGRESS_PLAIN);
		run_step(&r, 0, "a", "[internal] load", 0, -1);
		run_step(&r, 100, "a", "[internal] load", 0, 60);
		run_cached(&r, 200, "b", "[1/3] FROM x");
		run_step(&r, 300, "c", "[2/3] RUN make", 300, -1);
		run_log(&r, 600, "c", "first\nsec");
		run_log(&r, 700, "c", "ond \xc3\xa4\n\nlast");
		run_log(&r, 12700, "c", " one\nten\n");
		run_step(&r, 112800, "c", "[2/3] RUN make", 300, 112790);
		finish(&r, 112900);
		run_expect(&r, "#0 building with x\n"
			       "\n"
			       "#1 [internal] load\n"
			       "#1 DONE 0.1s\n"
			       "\n"
			       "#2 [1/3] FROM x\n"
			       "#2 CACHED\n"
			       "\n"
			       "#3 [2/3] RUN make\n"
			       "#3 0.300 first\n"
			       "#3 0.300 second \xc3\xa4\n"
			       "#3 0.400 \n"
			       "#3 0.400 last one\n"
			       "#3 12.40 ten\n"
			       "#3 DONE 112.5s\n");
		run_release(&r);
	}
}

/* Updates within 100 ms are drawn together; a tick shows what is left. */
static void
plain_rate(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 1000, "a", "one", 1000, -1);
	run_expect(&r, "#1 one\n");
	assert_int_equal(r.next, PROGRESS_IDLE);
	run_log(&r, 1050, "a", "x\n");
	run_expect(&r, "");
	assert_int_equal(r.next, 1150);
	run_tick(&r, 1149);
	run_expect(&r, "");
	assert_int_equal(r.next, 1150);
	run_tick(&r, 1150);
	run_expect(&r, "#1 0.050 x\n");
	assert_int_equal(r.next, PROGRESS_IDLE);
	run_log(&r, 1249, "a", "y\n");
	run_log(&r, 1250, "a", "z\n");
	run_expect(&r, "#1 0.249 y\n#1 0.250 z\n");
	/* the clock is set back */
	run_log(&r, 100, "a", "w\n");
	assert_that(strstr(run_output(&r), "w\n"), "nothing after the clock was set back");
	run_release(&r);
}

static void
plain_partial_lines(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "one", 0, -1);
	run_log(&r, 500, "a", "par");
	run_expect(&r, "#1 one\n#1 0.500 par");
	run_log(&r, 700, "a", "ti");
	run_expect(&r, "ti");
	run_log(&r, 900, "a", "al\nnext");
	run_expect(&r, "al\n#1 0.900 next");
	/* another step ends: the line is ended, and begins anew afterwards */
	run_cached(&r, 1100, "b", "two");
	run_expect(&r, "\n#1 ...\n\n#2 two\n#2 CACHED\n");
	run_log(&r, 1300, "a", " line");
	run_expect(&r, "\n#1 one\n#1 0.900 next line");
	/* our own words do not get into it either */
	progress_note(r.p, "a note", run_now(1350));
	run_expect(&r, "\na note\n");
	run_log(&r, 1500, "a", "!\n");
	run_expect(&r, "#1 0.900 next line!\n");
	run_log(&r, 1700, "a", "rest");
	run_step(&r, 1900, "a", "one", 0, 1900);
	run_expect(&r, "#1 1.700 rest\n#1 DONE 1.9s\n");
	run_release(&r);
}

/* The line ended after its step had lost the output. */
static void
plain_line_ends_elsewhere(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "one", 0, -1);
	run_log(&r, 500, "a", "\x1b[31mred");
	run_expect(&r, "#1 one\n#1 0.500 \x1b[31mred");
	run_log(&r, 510, "a", "der\nmore\n");
	run_cached(&r, 1000, "b", "two");
	run_expect(&r, "der\x1b[0m\n#1 ...\n\n#2 two\n#2 CACHED\n\n#1 one\n#1 0.510 more\n");
	run_log(&r, 1500, "a", "\x1b[31mred");
	run_cached(&r, 2000, "c", "three");
	run_expect(&r, "#1 1.500 \x1b[31mred\x1b[0m\n#1 ...\n\n#3 three\n#3 CACHED\n");
	run_release(&r);
}

static void
plain_statuses(void **state)
{
	static const struct {
		int at;
		int64_t current, total;
		int stop;
		const char *want;
	} rows[] = {
		{1000, 0, 2500000, -1, "#1 layer 0B / 2.50MB 1.0s\n"},
		{2000, 124999, 2500000, -1, ""},
		{2500, 125000, 2500000, -1, "#1 layer 125.00kB / 2.50MB 2.5s\n"},
		{3000, 249999, 2500000, -1, ""},
		{7400, 249999, 2500000, -1, ""},
		{7500, 249999, 2500000, -1, "#1 layer 250.00kB / 2.50MB 7.5s\n"},
		{8000, 2500000, 2500000, 7900, "#1 layer 2.50MB / 2.50MB 7.9s done\n"},
		{8500, 2500000, 2500000, 7900, ""},
	};
	struct run r = {0};
	size_t i;

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "pull", 0, -1);
	run_expect(&r, "#1 pull\n");
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		run_status(&r, rows[i].at, "a", "layer", rows[i].current, rows[i].total, 0,
			rows[i].stop);
		run_expect(&r, rows[i].want);
	}
	run_status(&r, 9000, "a", "no start", 1, 1, -1, -1);
	run_expect(&r, "");
	run_status(&r, 9200, "a", "quick", 0, 0, 9190, 9195);
	run_expect(&r, "#1 quick done\n");
	run_status(&r, 9400, "a", "unknown size", 512, 0, 9300, -1);
	run_expect(&r, "#1 unknown size 512B 0.1s\n");
	run_warn(&r, 9600, "a", "careful\x1b[2J\nnow");
	run_warn(&r, 9700, "a", "careful\x1b[2J\nnow");
	run_warn(&r, 9800, "a", "again");
	run_expect(&r, "#1 WARN: careful now\n#1 WARN: again\n");
	/* the end line waits for an open status, and is not lost */
	run_step(&r, 10000, "a", "pull", 0, 10000);
	run_expect(&r, "#1 DONE 10.0s\n");
	run_status(&r, 10200, "a", "late", 1, 0, 10100, -1);
	run_expect(&r, "\n#1 pull\n#1 late 1B 0.1s\n");
	finish(&r, 10300);
	run_expect(&r, "#1 DONE 10.0s\n");
	run_release(&r);
}

static void
plain_ends(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_failed(&r, 200, "a", "one", 0, 100, "exit code: 1");
	run_failed(&r, 400, "b", "two", 0, 100, "failed: context canceled");
	run_step(&r, 600, "c", "\x1b]0;title\atab\there", 0, -1);
	run_step(&r, 800, "d", "hidden until it has news", 0, -1);
	run_expect(&r, "#1 one\n#1 ERROR: exit code: 1\n"
		       "\n#2 two\n#2 CANCELED\n"
		       "\n#3 tab here\n");
	finish(&r, 900);
	run_expect(&r, "#3 ...\n\n#4 hidden until it has news\n");
	progress_failure(r.p);
	run_expect(&r, "------\n > one:\n------\n");
	run_release(&r);
}

/* Completed steps come first, by time of completion; the current one before them. */
static void
plain_order_of_completion(void **state)
{
	struct bk_vertex v[4];
	struct run r = {0};
	int i;

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	for (i = 0; i < 4; i++)
		v[i] = (struct bk_vertex){.digest = str_n(&"bcda"[i], 1),
			.name = str_n(&"bcda"[i], 1),
			.started_ns = run_daemon(0),
			.completed_ns = run_daemon(100 - 10 * i)};
	v[3].completed_ns = run_daemon(200);
	run_update(&r, 300, (struct bk_update){.vertexes = v, .nvertexes = 4});
	run_expect(&r, "#1 a\n#1 DONE 0.2s\n\n#2 d\n#2 DONE 0.1s\n\n#3 c\n#3 DONE 0.1s\n"
		       "\n#4 b\n#4 DONE 0.1s\n");
	run_release(&r);
}

static void
plain_reruns(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", -1, -1);
	run_expect(&r, "");
	run_step(&r, 1000, "a", "a", 0, 1000);
	run_expect(&r, "#1 a\n#1 DONE 1.0s\n");
	/* nothing new in it */
	run_step(&r, 1200, "a", "a", 0, 1000);
	run_step(&r, 1400, "a", "", -1, -1);
	run_expect(&r, "");
	run_step(&r, 5000, "a", "a", 4000, -1);
	run_log(&r, 5500, "a", "x\n");
	run_step(&r, 6000, "a", "a", 4000, 6000);
	/* overlapping runs count once */
	run_step(&r, 7000, "a", "a", 5000, 6500);
	run_expect(&r, "\n#1 a\n#1 1.500 x\n#1 DONE 3.0s\n\n#1 a\n#1 DONE 3.5s\n");
	run_release(&r);
}

/* A step that talks little gets the output after ten seconds, one that talks more after five. */
static void
plain_switching(void **state)
{
	struct run r = {0};
	int at;

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	run_step(&r, 0, "b", "b", 0, -1);
	run_output(&r);
	/* equal speeds: the share is one half, so the switch comes after ten seconds */
	for (at = 200; at <= 9800; at += 200) {
		run_log(&r, at, "a", "a\n");
		run_log(&r, at, "b", "b\n");
	}
	assert_null(strstr(run_output(&r), "#2"));
	run_log(&r, 10000, "a", "a\n");
	run_log(&r, 10200, "b", "b\n");
	assert_non_null(strstr(run_output(&r), "#1 ...\n\n#2 b\n#2 0.200 b\n#2 0.400 b\n"));
	run_release(&r);
}

static void
plain_starved(void **state)
{
	struct run r = {0};
	int at;

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	run_step(&r, 150, "b", "b", 0, -1);
	run_output(&r);
	for (at = 200; at <= 10100; at += 100)
		run_log(&r, at, "a", "1\n2\n3\n");
	assert_null(strstr(run_output(&r), "#2"));
	run_log(&r, 10300, "a", "end\n");
	run_expect(&r, "#1 10.30 end\n#1 ...\n\n#2 b\n");
	run_release(&r);
}

/* Two steps print; one of them so much that it must not wait for its turn. */
static void
plain_bounded(void **state)
{
	struct run r = {0};
	struct buf big = {0};
	int i;

	(void)state;
	for (i = 0; i < 40000; i++)
		buf_puts(&big, "0123456789\n");
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	run_step(&r, 0, "b", "b", 0, -1);
	run_log(&r, 10, "b", buf_cstr(&big));
	assert_that(strlen(run_output(&r)) > 256 * 1024, "nothing was printed at once");
	finish(&r, 20);
	assert_that(strlen(run_output(&r)) < 512 * 1024, "too much was held back");
	buf_release(&big);
	run_release(&r);
}

static void
plain_endless_line(void **state)
{
	struct run r = {0};
	struct buf big = {0}, want = {0};
	int i;

	(void)state;
	for (i = 0; i < LIMIT_LOG_LINE * 2 + 10; i++)
		buf_putc(&big, 'x');
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	run_log(&r, 500, "a", buf_cstr(&big));
	run_step(&r, 800, "a", "a", 0, 800);
	buf_puts(&want, "#1 a\n");
	for (i = 0; i < 3; i++)
		buf_addf(&want, "#1 0.500 %.*s\n", i == 2 ? 10 : LIMIT_LOG_LINE, big.p);
	buf_puts(&want, "#1 DONE 0.8s\n");
	run_expect(&r, buf_cstr(&want));
	buf_release(&big);
	buf_release(&want);
	run_release(&r);
}

static void
plain_names_are_cut(void **state)
{
	struct run r = {.options.cut_names = true};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_cached(&r, 0, "a",
		"0123456789012345678901234567890123456789012345678901234567890123456789ab");
	run_cached(&r, 200, "b",
		"01234567890123456789012345678901234567890123456789012345678901234567890\xc3\xa4");
	run_expect(&r,
		"#1 0123456789012345678901234567890123456789012345678901234567890123456789ab\n"
		"#1 CACHED\n\n"
		"#2 01234567890123456789012345678901234567890123456789012345678901234567890"
		"...\n#2 CACHED\n");
	run_release(&r);
}

static void
plain_groups(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_member(&r, 100, "a", "group", true, 100, -1, NULL);
	run_log(&r, 300, "a", "early\n");
	run_expect(&r, "");
	run_member(&r, 500, "b", "group", false, 500, -1, NULL);
	run_expect(&r, "#1 group\n#1 0.200 early\n");
	run_member(&r, 700, "a", "group", true, 100, 700, NULL);
	run_log(&r, 900, "b", "more\n");
	run_expect(&r, "#1 0.800 more\n");
	run_member(&r, 1100, "b", "group", false, 500, 1100, "broken");
	run_expect(&r, "#1 ERROR: broken\n");
	/* hidden to the end, were it not for its error */
	run_member(&r, 1300, "c", "other", true, 1200, 1300, "odd");
	run_expect(&r, "");
	finish(&r, 1400);
	run_expect(&r, "\n#2 other\n#2 ERROR: odd\n");
	progress_failure(r.p);
	run_expect(&r, "------\n > group:\n0.200 early\n0.800 more\n------\n"
		       "------\n > other:\n------\n");
	run_release(&r);
}

/* What belongs to no step is dropped. */
static void
unknown_steps(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_log(&r, 0, "x", "x\n");
	run_status(&r, 200, "x", "x", 1, 2, 0, -1);
	run_warn(&r, 400, "x", "x");
	finish(&r, 500);
	progress_failure(r.p);
	run_expect(&r, "");
	run_release(&r);
}

/* ---- several Solves ---------------------------------------------------------------------- */

static void
solves(void **state)
{
	struct run r = {.options.description = "who"};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	progress_begin(r.p, "stage 'build'", run_now(0));
	run_step(&r, 0, "a", "FROM x", 0, 500);
	run_failed(&r, 600, "f", "RUN false", 500, 600, "exit code: 1");
	progress_end(r.p, run_now(700));
	progress_begin(r.p, "final image", run_now(800));
	run_cached(&r, 900, "a", "FROM x");
	run_step(&r, 1100, "b", "RUN y", 1000, -1);
	finish(&r, 1200);
	progress_failure(r.p);
	progress_note(r.p, "done", run_now(1300));
	run_expect(&r, "== stage 'build' ==\n"
		       "#0 who\n\n"
		       "#1 FROM x\n#1 DONE 0.5s\n\n"
		       "#2 RUN false\n#2 ERROR: exit code: 1\n"
		       "\n== final image ==\n"
		       "#3 FROM x\n#3 CACHED\n\n"
		       "#4 RUN y\n"
		       "done\n");
	run_release(&r);
}

static void
sections(void **state)
{
	static const struct {
		const char *name;
		enum progress_ci ci;
		const char *want;
	} rows[] = {
		{"github", PROGRESS_CI_GITHUB,
			"::group::a%25'|[b]\n::stop-commands::word\n#1 x\n#1 ERROR: no\n"
			"::word::\n::endgroup::\n"
			"::stop-commands::word\n------\n > x:\n------\n::word::\n"},
		{"gitlab", PROGRESS_CI_GITLAB,
			"\x1b[0Ksection_start:1700000000:buildtools_1\r\x1b[0Ka%'|[b]\n"
			"#1 x\n#1 ERROR: no\n"
			"\x1b[0Ksection_end:1700000002:buildtools_1\r\x1b[0K\n"
			"------\n > x:\n------\n"},
		{"azure", PROGRESS_CI_AZURE,
			"##[group]a%'|[b]\n#1 x\n#1 ERROR: no\n##[endgroup]\n"
			"------\n > x:\n------\n"},
		{"teamcity", PROGRESS_CI_TEAMCITY,
			"##teamcity[blockOpened name='a%|'|||[b|]']\n#1 x\n#1 ERROR: no\n"
			"##teamcity[blockClosed name='a%|'|||[b|]']\n"
			"------\n > x:\n------\n"},
		{"buildkite", PROGRESS_CI_BUILDKITE,
			"--- a%'|[b]\n#1 x\n#1 ERROR: no\n^^^ +++\n------\n > x:\n------\n"},
		{"jenkins", PROGRESS_CI_OTHER,
			"== a%'|[b] ==\n#1 x\n#1 ERROR: no\n------\n > x:\n------\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct run r = {.options.ci = rows[i].ci};

		assert_row_int(rows[i].name, progress_ci_of(rows[i].name), rows[i].ci);
		run_start(&r, PROGRESS_PLAIN);
		progress_begin(r.p, "a%'|[b]", run_now(0));
		run_failed(&r, 1000, "x", "x", 0, 1000, "no");
		finish(&r, 2000);
		progress_failure(r.p);
		run_expect(&r, rows[i].want);
		run_release(&r);
	}
	assert_int_equal(progress_ci_of("forgejo"), PROGRESS_CI_GITHUB);
	assert_int_equal(progress_ci_of("none"), PROGRESS_CI_NONE);
	assert_int_equal(progress_ci_of(NULL), PROGRESS_CI_NONE);
}

/* A terminal is no log, whatever the environment says. */
static void
no_sections_on_a_terminal(void **state)
{
	struct run r = {.options = {.ci = PROGRESS_CI_GITHUB, .terminal = true}};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	progress_begin(r.p, "t", run_now(0));
	run_cached(&r, 0, "a", "x");
	finish(&r, 100);
	run_expect(&r, "== t ==\n#1 x\n#1 CACHED\n");
	run_release(&r);
}

/* ---- failures and caches ----------------------------------------------------------------- */

static void
failure_block(void **state)
{
	static const enum progress_mode modes[] = {PROGRESS_PLAIN, PROGRESS_QUIET};
	size_t k;
	int i;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct run r = {0};
		struct buf want = {0};

		run_start(&r, modes[k]);
		run_step(&r, 0, "a", "RUN false", 0, -1);
		for (i = 0; i < 100; i++) {
			char line[32];

			snprintf(line, sizeof(line), "line %d\n", i);
			run_log(&r, 1000, "a", line);
		}
		run_log(&r, 1100, "a", "no newline");
		run_failed(&r, 1200, "a", "RUN false", 0, 1200, "exit code: 1");
		run_step(&r, 1300, "b", "fine", 0, 1300);
		finish(&r, 1400);
		run_output(&r);
		progress_failure(r.p);
		buf_puts(&want, "------\n > RUN false:\n");
		for (i = 91; i < 100; i++)
			buf_addf(&want, "1.000 line %d\n", i);
		buf_puts(&want, "1.100 no newline\n------\n");
		run_expect(&r, buf_cstr(&want));
		buf_release(&want);
		run_release(&r);
	}
}

#define IMPORT "importing cache manifest from r.example/x:y"

static void
u_5_missing_cache_is_one_quiet_line(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "i", IMPORT, 0, -1);
	run_tick(&r, 200);
	run_expect(&r, "");
	run_failed(&r, 400, "i", IMPORT, 0, 400, "r.example/x:y: not found");
	run_expect(&r, "#1 " IMPORT ": no cache there yet\n");
	run_failed(&r, 600, "j", IMPORT, 0, 400, "401 Unauthorized");
	run_expect(&r, "\n#2 " IMPORT ": not used: 401 Unauthorized\n");
	run_step(&r, 800, "k", IMPORT, 700, 800);
	run_expect(&r, "\n#3 " IMPORT "\n#3 DONE 0.1s\n");
	run_step(&r, 1000, "l", IMPORT, 900, -1);
	run_status(&r, 1200, "l", "looking", 0, 0, 1000, -1);
	run_failed(&r, 1400, "l", IMPORT, 900, 1400, "not found");
	run_expect(&r, "\n#4 " IMPORT "\n#4 looking 0.2s\n#4 no cache there yet\n");
	finish(&r, 1500);
	progress_failure(r.p);
	run_expect(&r, "");
	run_release(&r);
}

/* Everything is shown before the end, however short the time was. */
static void
k_18_nothing_is_lost_at_the_end(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	run_step(&r, 1, "b", "b", 0, -1);
	run_log(&r, 2, "a", "from a\n");
	run_log(&r, 3, "b", "from b");
	run_failed(&r, 4, "b", "b", 0, 4, "exit code: 1");
	finish(&r, 5);
	run_expect(&r, "#1 a\n#1 ...\n\n#2 b\n#2 0.003 from b\n#2 ERROR: exit code: 1\n"
		       "\n#1 a\n#1 0.002 from a\n");
	run_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_build),
		cmocka_unit_test(plain_rate),
		cmocka_unit_test(plain_partial_lines),
		cmocka_unit_test(plain_line_ends_elsewhere),
		cmocka_unit_test(plain_statuses),
		cmocka_unit_test(plain_ends),
		cmocka_unit_test(plain_order_of_completion),
		cmocka_unit_test(plain_reruns),
		cmocka_unit_test(plain_switching),
		cmocka_unit_test(plain_starved),
		cmocka_unit_test(plain_bounded),
		cmocka_unit_test(plain_endless_line),
		cmocka_unit_test(plain_names_are_cut),
		cmocka_unit_test(plain_groups),
		cmocka_unit_test(unknown_steps),
		cmocka_unit_test(solves),
		cmocka_unit_test(sections),
		cmocka_unit_test(no_sections_on_a_terminal),
		cmocka_unit_test(failure_block),
		cmocka_unit_test(u_5_missing_cache_is_one_quiet_line),
		cmocka_unit_test(k_18_nothing_is_lost_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
