/* progress/: the redrawn screen, the terminal emulation, the parser of terminal output. */
#include "build_run.h"
#include "progress/escape.h"
#include "progress/term.h"
#include "test.h"

#define HIDE "\x1b[?25l"
#define SHOW "\x1b[?25h"
#define BLUE "\x1b[34m"
#define RED "\x1b[31m"
#define YELLOW "\x1b[33m"
#define FAINT "\x1b[2m"
#define OFF "\x1b[0m"

static struct run
screen(unsigned width, unsigned height)
{
	return (struct run){.options = {.width = width, .height = height}};
}

static void
frames(void **state)
{
	struct run r = screen(50, 24);

	(void)state;
	r.options.description = "docker:default";
	run_start(&r, PROGRESS_TTY);
	progress_begin(r.p, NULL, run_now(0));
	run_step(&r, 0, "a", "first\tstep", 0, -1);
	run_expect(&r, "\r" HIDE "[+] Building 0.0s (0/1)            docker:default\n"
		       " => first step                               0.0s\n" SHOW);
	assert_int_equal(r.next, 150);
	run_step(&r, 50, "b", "second", -1, -1);
	run_expect(&r, "");
	run_tick(&r, 150);
	run_expect(&r, "\x1b[2A\r" HIDE "[+] Building 0.1s (0/2)            docker:default\n"
		       " => first step                               0.1s\n" SHOW);
	run_step(&r, 1200, "a", "first\tstep", 0, 1200);
	run_expect(&r, "\x1b[2A\r" HIDE "[+] Building 1.2s (1/2)            docker:default\n" BLUE
		       " => first step                               1.2s" OFF "\n" SHOW);
	assert_int_equal(r.next, PROGRESS_IDLE);
	run_cached(&r, 1400, "b", "second");
	run_expect(&r, "\x1b[2A\r" HIDE "[+] Building 1.4s (2/2)            docker:default\n" BLUE
		       " => first step                               1.2s" OFF "\n" BLUE
		       " => CACHED second                            0.0s" OFF "\n" SHOW);
	progress_done(r.p, run_now(1500));
	run_expect(&r, "\x1b[3A\r" HIDE "[+] Building 1.5s (2/2) FINISHED   docker:default\n" BLUE
		       " => first step                               1.2s" OFF "\n" BLUE
		       " => CACHED second                            0.0s" OFF "\n" SHOW);
	run_release(&r);
}

static void
rows(void **state)
{
	struct run r = screen(50, 24);

	(void)state;
	r.options.no_color = true;
	run_start(&r, PROGRESS_TTY);
	progress_begin(r.p, "stage 'x'", run_now(0));
	run_step(&r, 0, "a", "a name that is far too long for this narrow screen", 0, -1);
	run_status(&r, 10, "a", "sha256:0123456789", 1500000, 3000000, 0, -1);
	run_status(&r, 20, "a", "a very long status that needs it all", 10, 20, 0, -1);
	run_status(&r, 20, "a", "not started", 10, 20, -1, -1);
	run_warn(&r, 30, "a", "careful");
	run_failed(&r, 40, "b", "\xe6\x97\xa5\xe6\x9c\xac", 0, 40, "exit code: 1");
	run_failed(&r, 50, "c", "c", 0, 50, "context canceled");
	run_failed(&r, 60, "d", "importing cache manifest from x", 0, 60, "not found");
	run_output(&r);
	run_tick(&r, 10000);
	run_expect(&r, "\x1b[2A\r" HIDE "[+] stage 'x' 10.0s (3/4)                        \n"
		       " => a name that is far too long for this n  10.0s\n"
		       " => => sha256:0123456789 1.50MB / 3.00MB    10.0s\n"
		       " => => a very long status that n 10B / 20B  10.0s\n"
		       " => WARN: careful                           10.0s\n"
		       " => ERROR \xe6\x97\xa5\xe6\x9c\xac                               0.0s\n"
		       " => CANCELED c                               0.1s\n"
		       " => importing cache manifest from x: no cac  0.1s\n" SHOW);
	/* no room for a name: no rows */
	progress_resize(r.p, 20, 24);
	run_tick(&r, 10200);
	assert_null(strstr(run_output(&r), "=>"));
	run_release(&r);
}

static void
colors(void **state)
{
	struct run r = screen(50, 24);
	const char *out;

	(void)state;
	run_start(&r, PROGRESS_TTY);
	run_failed(&r, 0, "a", "a", 0, 40, "exit code: 1");
	run_failed(&r, 0, "b", "b", 0, 50, "context canceled");
	run_warn(&r, 0, "a", "w");
	run_step(&r, 200, "c", "c", 100, -1);
	out = run_output(&r);
	assert_non_null(strstr(out, RED " => ERROR a"));
	assert_non_null(strstr(out, YELLOW " => WARN: w"));
	assert_non_null(strstr(out, YELLOW " => CANCELED b"));
	assert_non_null(strstr(out, "\n => c "));
	run_release(&r);
}

static void
windows(void **state)
{
	struct run r = screen(40, 24);
	const char *out;
	char line[32];
	int i;

	(void)state;
	run_start(&r, PROGRESS_TTY);
	run_step(&r, 0, "a", "RUN make", 0, -1);
	run_log(&r, 150, "a", "one\n\x1b[31mtwo\n50%\r60%\n\ta\b\bbcd\n");
	run_expect(&r, "\r" HIDE "[+] Building 0.0s (0/1)                \n"
		       " => RUN make                       0.0s\n" SHOW "\x1b[2A\r" HIDE
		       "[+] Building 0.1s (0/1)                \n"
		       " => RUN make                       0.1s\n" FAINT
		       " => => # one                           " OFF "\n" FAINT
		       " => => # two                           " OFF "\n" FAINT
		       " => => # 60%                           " OFF "\n" FAINT
		       " => => #        bcd                    " OFF "\n" SHOW);
	/* six rows at most, the last ones */
	for (i = 0; i < 20; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		run_log(&r, 160, "a", line);
	}
	run_tick(&r, 400);
	out = run_output(&r);
	assert_null(strstr(out, "line 14 "));
	assert_non_null(strstr(out, "# line 15 "));
	assert_non_null(strstr(out, "# line 19 "));
	/* the window closes with its step, and what it covered is blanked */
	run_step(&r, 600, "a", "RUN make", 0, 600);
	run_expect(&r, "\x1b[7A\r" HIDE "[+] Building 0.6s (1/1)                \n" BLUE
		       " => RUN make                       0.6s" OFF "\n"
		       "                                       \n"
		       "                                       \n"
		       "                                       \n"
		       "                                       \n"
		       "                                       \n"
		       "\x1b[5A" SHOW);
	run_release(&r);
}

/* The step that prints most has the window when there is room for one only. */
static void
one_window(void **state)
{
	struct run r = screen(40, 14);
	const char *out;

	(void)state;
	run_start(&r, PROGRESS_TTY);
	run_step(&r, 0, "a", "a", 0, -1);
	run_step(&r, 0, "b", "b", 0, -1);
	run_log(&r, 10, "a", "little\n");
	run_log(&r, 10, "b", "a lot more than that other step\n");
	run_output(&r);
	run_tick(&r, 200);
	out = run_output(&r);
	assert_null(strstr(out, "little"));
	assert_non_null(strstr(out, "# a lot more"));
	run_release(&r);
}

/* More steps than rows: the last ones stay, but running ones push out completed ones. */
static void
height(void **state)
{
	struct run r = screen(40, 6);
	char name[2] = "a";
	int i;

	(void)state;
	r.options.no_color = true;
	run_start(&r, PROGRESS_TTY);
	for (i = 0; i < 8; i++) {
		name[0] = (char)('a' + i);
		run_step(&r, 0, name, name, 0, i == 1 || i == 2 || i == 6 ? -1 : 100);
	}
	run_output(&r);
	run_tick(&r, 1000);
	run_expect(&r, "\x1b[2A\r" HIDE "[+] Building 1.0s (5/8)                \n"
		       " => b                              1.0s\n"
		       " => c                              1.0s\n"
		       " => g                              1.0s\n"
		       " => h                              0.1s\n" SHOW);
	progress_done(r.p, run_now(1100));
	run_expect(&r, "\x1b[5A\r" HIDE "[+] Building 1.1s (5/8)                \n"
		       " => a                              0.1s\n"
		       " => b                              1.1s\n"
		       " => c                              1.1s\n"
		       " => d                              0.1s\n"
		       " => e                              0.1s\n"
		       " => f                              0.1s\n"
		       " => g                              1.1s\n"
		       " => h                              0.1s\n" SHOW);
	run_release(&r);
}

static void
notes_between_frames(void **state)
{
	struct run r = screen(40, 24);

	(void)state;
	run_start(&r, PROGRESS_TTY);
	progress_note(r.p, "before", run_now(0));
	run_step(&r, 0, "a", "a", 0, -1);
	progress_warn(r.p, "odd\x1b[2Jthing", run_now(100));
	progress_done(r.p, run_now(200));
	progress_note(r.p, "after", run_now(300));
	run_expect(&r, "before\n"
		       "\r" HIDE "[+] Building 0.0s (0/1)                \n"
		       " => a                              0.0s\n" SHOW
		       "\x1b[2A\r\x1b[Jwarning: oddthing\n"
		       "\r" HIDE "[+] Building 0.1s (0/1)                \n"
		       " => a                              0.1s\n" SHOW "\x1b[2A\r" HIDE
		       "[+] Building 0.2s (0/1)                \n"
		       " => a                              0.2s\n" SHOW "after\n");
	run_release(&r);
}

/* All output of a failing step is kept, within reason, and none of one that went well. */
static void
failure_shows_all(void **state)
{
	struct run r = screen(40, 24);
	struct buf want = {0};
	const char *out;
	int i;

	(void)state;
	run_start(&r, PROGRESS_TTY);
	run_step(&r, 0, "a", "RUN false", 0, -1);
	buf_puts(&want, "------\n > RUN false:\n");
	for (i = 0; i < 100; i++) {
		run_log(&r, 1000, "a", "some output\n");
		buf_puts(&want, "1.000 some output\n");
	}
	buf_puts(&want, "------\n");
	run_failed(&r, 1200, "a", "RUN false", 0, 1200, "exit code: 1");
	progress_done(r.p, run_now(1300));
	run_output(&r);
	progress_failure(r.p);
	run_expect(&r, buf_cstr(&want));

	progress_begin(r.p, NULL, run_now(2000));
	run_step(&r, 2000, "a", "RUN false", 2000, -1);
	for (i = 0; i < 100000; i++)
		run_log(&r, 2001, "a", "some output\n");
	run_failed(&r, 3000, "a", "RUN false", 2000, 3000, "exit code: 1");
	progress_done(r.p, run_now(3000));
	run_output(&r);
	progress_failure(r.p);
	out = run_output(&r);
	assert_non_null(strstr(out, "RUN false:\n(earlier lines are left out)\n0.001 some"));
	assert_in_range(strlen(out), 500 * 1024, 1024 * 1024 + 200);
	buf_release(&want);
	run_release(&r);
}

/* ---- the emulation ----------------------------------------------------------------------- */

static void
print_term(const struct term *t, struct buf *out)
{
	unsigned y;

	for (y = 0; y < term_rows(t); y++) {
		term_row(t, y, out);
		buf_putc(out, '|');
	}
}

struct term_case {
	const char *in, *want;
};

static void
term_run(void *ctx, const struct str *pieces, size_t n)
{
	const struct term_case *c = ctx;
	struct term *t = term_new(8, 3);
	struct buf out = {0};
	size_t i;

	for (i = 0; i < n; i++)
		term_write(t, pieces[i]);
	print_term(t, &out);
	assert_row_str(c->in, buf_view(&out), c->want);
	buf_release(&out);
	term_free(t);
}

static void
emulation(void **state)
{
	static struct term_case cases[] = {
		{"", "|||"},
		{"a\nb", "a|b||"},
		{"1\n2\n3\n4\n", "3|4||"},
		{"12345678", "12345678|||"},
		{"123456789", "12345678|9||"},
		{"12345678\n9", "12345678|9||"},
		{"abc\rx", "xbc|||"},
		{"abc\b\bx", "axc|||"},
		{"\b\bx", "x|||"},
		{"a\tb", "a|b||"},
		{"\ta", "|a||"},
		{"abc\x1b[2Dx", "axc|||"},
		{"abc\x1b[1K\rx", "x|||"},
		{"abcdef\x1b[3D\x1b[K", "abc|||"},
		{"abcdef\x1b[2Kg", "      g|||"},
		{"a\nb\nc\x1b[2Ax", "ax|b|c|"},
		{"a\nb\nc\x1b[9A\x1b[Bx", "a|bx|c|"},
		{"a\x1b[3;4Hx\x1b[;2fy", "ay||   x|"},
		{"a\x1b[2dx\x1b[5Gy", "a| x  y||"},
		{"a\nb\nc\x1b[2;1H\x1b[J", "a|||"},
		{"a\nb\nc\x1b[2;1H\x1b[1J", "||c|"},
		{"a\nb\nc\x1b[2J\x1b[Hd", "d|||"},
		{"a\x1b[99Cb\x1b[99Bc", "a      b||       c|"},
		{"a\x1b[31mb\x1b]0;t\ac\x1b[?25l", "abc|||"},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe8\xaa\x9e!",
			"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"
			"\xe8\xaa\x9e|!||"},
		{"1234567\xe6\x97\xa5", "1234567|\xe6\x97\xa5||"},
		{"\xe6\x97\xa5\bx", " x|||"},
		{"\xe6\x97\xa5\rx", "x|||"},
		{"e\xcc\x81", "e|||"},
		{"\xf0\x9f\x98\x80z\xff", "\xf0\x9f\x98\x80z\xef\xbf\xbd|||"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		test_each_split(str_from(cases[i].in), term_run, &cases[i]);
}

static void
emulation_resized(void **state)
{
	struct term *t = term_new(8, 4);
	struct buf out = {0};

	(void)state;
	term_write(t, STR("one\n\xe6\x97\xa5\xe6\x9c\xac"
			  "5678\nthree"));
	assert_int_equal(term_used(t), 3);
	term_resize(t, 3, 2);
	print_term(t, &out);
	assert_str(buf_view(&out), "\xe6\x97\xa5|thr|");
	buf_reset(&out);
	term_write(t, STR("x"));
	print_term(t, &out);
	assert_str(buf_view(&out), "thr|x|");
	buf_reset(&out);
	term_resize(t, 10, 3);
	term_write(t, STR("y"));
	print_term(t, &out);
	assert_str(buf_view(&out), "thr|xy||");
	term_free(t);
	buf_release(&out);
}

static void
columns(void **state)
{
	static const struct {
		const char *text;
		size_t columns, at, cut;
	} cases[] = {
		{"", 0, 5, 0},
		{"abc", 3, 2, 2},
		{"\xc3\xa4"
		 "b",
			2, 1, 2},
		{"\xe6\x97\xa5"
		 "b",
			3, 1, 0},
		{"a\xcc\x81"
		 "b",
			2, 1, 3},
		{"\xf0\x9f\x98\x80", 2, 2, 4},
		{"\xef\xbb\xbfx", 1, 0, 3},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str s = str_from(cases[i].text);

		assert_row_int(cases[i].text, text_columns(s), cases[i].columns);
		assert_row_int(cases[i].text, text_cut(s, cases[i].at).len, cases[i].cut);
	}
}

/* ---- the parser -------------------------------------------------------------------------- */

static void
parse(void *ctx, const struct str *pieces, size_t n)
{
	const struct term_case *c = ctx;
	struct escape e = {0};
	struct buf out = {0};
	struct escape_event ev;
	bool text = false;
	size_t i;

	for (i = 0; i < n; i++) {
		struct str rest = pieces[i];

		while (escape_next(&e, &rest, &ev)) {
			/* how text is cut does not count */
			if (ev.kind != ESCAPE_TEXT || !text)
				buf_putc(&out, '<');
			text = ev.kind == ESCAPE_TEXT;
			buf_str(&out, ev.text);
			if (ev.kind == ESCAPE_CSI)
				buf_putc(&out, ev.code);
			if (ev.kind == ESCAPE_CONTROL)
				buf_addf(&out, "%02x", (unsigned)ev.code);
		}
	}
	assert_row_str(c->in, buf_view(&out), c->want);
	buf_release(&out);
}

static void
escapes(void **state)
{
	static struct term_case cases[] = {
		{"ab\r\n\t\b\a\v", "<ab<0d<0a<09<08"},
		{"\x1b[mx\x1b[1;2H\x1b[?25l", "<m<x<1;2H<?25l"},
		{"\x1b[1\x1b[2Jx", "<2J<x"},
		{"\x1b[1\nx", "<0a<x"},
		{"\x1b[1\x18x\x1b[\x1ay", "<xy"},
		{"\x1b\x1b[1mx", "<1m<x"},
		{"\x1b(0x\x1b#8y\x1b=z", "<xyz"},
		{"\x1b]0;a\x07x\x1b]0;a\x1b\\y", "<xy"},
		{"\x1b]0;\xc3\xa4\x1b[1mx", "<1m<x"},
		{"\x1b"
		 "Pabc\nx",
			"<0a<x"},
		{"\x1b\xc3\xa4", "<\xc3\xa4"},
		{"\x1b[1\xc3\xa4", "<\xc3\xa4"},
		{"\xc3\xc3\xa4\xe2\x82", "<\xef\xbf\xbd\xc3\xa4"},
		{"\xe0\x80\x80", "<\xef\xbf\xbd"},
		{"\x80\xfe", "<\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc2\x85\xc2\xa0", "<\xc2\xa0"},
		{"a\x7f"
		 "b",
			"<ab"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		test_each_split(str_from(cases[i].in), parse, &cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test(rows),
		cmocka_unit_test(colors),
		cmocka_unit_test(windows),
		cmocka_unit_test(one_window),
		cmocka_unit_test(height),
		cmocka_unit_test(notes_between_frames),
		cmocka_unit_test(failure_shows_all),
		cmocka_unit_test(emulation),
		cmocka_unit_test(emulation_resized),
		cmocka_unit_test(columns),
		cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
