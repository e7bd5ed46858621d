/* progress/: what becomes of text from outside; warnings, snippets, annotations. */
#include "build_run.h"
#include "test.h"

static void
finish(struct run *r, int at)
{
	progress_done(r->p, run_now(at));
}

/* ---- text from outside ------------------------------------------------------------------- */

static void
x_8_log_text(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"<b> 100% %s\n", "#1 0.500 <b> 100% %s\n"},
		{"tab\there\n", "#1 0.500 tab\there\n"},
		{"crlf\r\nx\n", "#1 0.500 crlf\n#1 0.500 x\n"},
		{"10%\r20%\r30%\n", "#1 0.500 30%\n"},
		{"long text\rab\n", "#1 0.500 ab\n"},
		{"ab\bc\n", "#1 0.500 ac\n"},
		{"\b\b\xc3\xa4\bo\n", "#1 0.500 o\n"},
		{"bell\a nul\x01 del\x7f.\n", "#1 0.500 bell nul del.\n"},
		{"\x1b[32mok\x1b[0m plain\n", "#1 0.500 \x1b[32mok\x1b[0m plain\n"},
		{"\x1b[1;38;5;12mnot closed\nnext\n",
			"#1 0.500 \x1b[1;38;5;12mnot closed\x1b[0m\n#1 0.500 next\n"},
		{"\x1b[m\x1b[0m\n", "#1 0.500 \n"},
		{"\x1b[2J\x1b[1;1Hx\x1b[Ky\n", "#1 0.500 xy\n"},
		{"\x1b]0;title\x07x\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\\n", "#1 0.500 xlink\n"},
		{"\x1bPq#0\x1b\\x\x1b_y\x1b\\z\n", "#1 0.500 xz\n"},
		{"\x1b]0;never ends\nx\n", "#1 0.500 \n#1 0.500 x\n"},
		{"\x1b[>4;2mx\x1b[?25hy\x1b(Bz\x1b"
		 "7\n",
			"#1 0.500 xyz\n"},
		{"\xc2\x9b"
		 "31mx\n",
			"#1 0.500 31mx\n"},
		{"a\xff"
		 "b\xc3(\n",
			"#1 0.500 a\xef\xbf\xbd"
			"b\xef\xbf\xbd(\n"},
		{"\xe2\x82\n", "#1 0.500 \xef\xbf\xbd\n"},
		{"a\x1b[31;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;mb\n",
			"#1 0.500 ab\n"},
	};
	static const size_t chunks[] = {0, 1, 2, 3};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (k = 0; k < 4; k++) {
			struct run r = {.chunk = chunks[k]};

			run_start(&r, PROGRESS_PLAIN);
			run_step(&r, 0, "a", "a", 0, -1);
			run_expect(&r, "#1 a\n");
			run_log(&r, 500, "a", rows[i].in);
			run_expect(&r, rows[i].want);
			run_release(&r);
		}
	}
}

/* A progress bar is shown now and then, and its last state always. */
static void
progress_bars(void **state)
{
	struct run r = {0};
	char text[32];
	int at;

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	for (at = 200; at < 9000; at += 200) {
		snprintf(text, sizeof(text), "%d%%\r", at / 100);
		run_log(&r, at, "a", text);
	}
	run_log(&r, 9000, "a", "100%\n");
	run_expect(&r, "#1 a\n#1 0.200 2%\n#1 5.200 52%\n#1 9.000 100%\n");
	run_release(&r);
}

static void
no_color_drops_colors(void **state)
{
	struct run r = {.options.no_color = true};

	(void)state;
	run_start(&r, PROGRESS_PLAIN);
	run_step(&r, 0, "a", "a", 0, -1);
	run_log(&r, 500, "a", "\x1b[32mok\x1b[0m\n");
	run_expect(&r, "#1 a\n#1 0.500 ok\n");
	run_release(&r);
}

/* Commands in what a build prints are not obeyed, also when they come in pieces. */
static void
log_injection(void **state)
{
	static const struct {
		enum progress_ci ci;
		const char *in, *want;
	} rows[] = {
		{PROGRESS_CI_AZURE, "a ##vso[task.x]b ##VSO[y]\n", "a **vso[task.x]b **VSO[y]\n"},
		{PROGRESS_CI_AZURE, "###vso[x] ##vsO\n", "#**vso[x] ##vsO\n"},
		{PROGRESS_CI_AZURE, "##v\x1b[2Kso[x]\n", "**vso[x]\n"},
		{PROGRESS_CI_AZURE, "##vx\bso[x]\n", "**vso[x]\n"},
		{PROGRESS_CI_TEAMCITY, "##teamcity[x] ##teamcity\n", "**teamcity[x] ##teamcity\n"},
		{PROGRESS_CI_GITLAB, "\x1b[0Ksection_end:1:x\r\x1b[0K\n", "section_end:1:x\n"},
		{PROGRESS_CI_NONE, "##vso[x]\n", "##vso[x]\n"},
	};
	size_t i, chunk;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (chunk = 0; chunk < 8; chunk++) {
			struct run r = {.options.ci = rows[i].ci};
			struct buf want = {0};
			struct str rest = str_from(rows[i].in);
			int at = 500;

			run_start(&r, PROGRESS_PLAIN);
			run_step(&r, 0, "a", "a", 0, -1);
			run_output(&r);
			/* each piece is printed before the next one comes */
			for (; rest.len; rest = str_from_off(rest, chunk ? chunk : rest.len)) {
				struct bk_log l = {.vertex = STR("a"),
					.timestamp_ns = run_daemon(500),
					.data = str_first(rest, chunk ? chunk : rest.len)};

				run_update(&r, at, (struct bk_update){.logs = &l, .nlogs = 1});
				at += 100;
			}
			buf_addf(&want, "#1 0.500 %s", rows[i].want);
			/* a backspace cannot take back what is printed */
			if (chunk == 0 || !strchr(rows[i].in, '\b'))
				run_expect(&r, buf_cstr(&want));
			assert_null(rows[i].ci ? strstr(run_output(&r), "##vso[") : NULL);
			buf_release(&want);
			run_release(&r);
		}
	}
}

static void
clean(void **state)
{
	static const struct {
		const char *in;
		enum progress_ci ci;
		bool colors;
		const char *want;
	} rows[] = {
		{"a\nb\tc", PROGRESS_CI_NONE, false, "a\nb\tc"},
		{"a\r\nb\x1b[1mc", PROGRESS_CI_NONE, false, "a\nbc"},
		{"a\x1b[1mc", PROGRESS_CI_NONE, true, "a\x1b[1mc\x1b[0m"},
		{"::error::x\n  ::x\na ::x ##[e]", PROGRESS_CI_GITHUB, false,
			".:error::x\n  .:x\na ::x **[e]"},
		{"--- a\n+++ b\n---c\n a", PROGRESS_CI_BUILDKITE, false, ".-- a\n.++ b\n---c\n a"},
		{"##vso[a]##VSO[", PROGRESS_CI_AZURE, false, "**vso[a]**VSO["},
		{"##[group]a\n ##[error]b ##[c]", PROGRESS_CI_AZURE, false,
			"**[group]a\n **[error]b ##[c]"},
		{"x##teamcity[a 'b']", PROGRESS_CI_TEAMCITY, false, "x**teamcity[a 'b']"},
		{"::error::x\n##vso[x]", PROGRESS_CI_NONE, false, "::error::x\n##vso[x]"},
		{"a\n \t\v::x::", PROGRESS_CI_GITHUB, false, "a\n \t.:x::"},
		{"##", PROGRESS_CI_GITHUB, false, "##"},
		{"", PROGRESS_CI_GITHUB, true, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = {0};

		progress_clean(&out, str_from(rows[i].in), rows[i].ci, rows[i].colors);
		assert_row_str(rows[i].in, buf_view(&out), rows[i].want);
		buf_release(&out);
	}
}

/* ---- warnings and places in the source ---------------------------------------------------- */

static struct bk_warning
warning(const char *text, const struct str *details, size_t ndetails, const struct bk_range *range)
{
	return (struct bk_warning){.vertex = STR("a"),
		.level = 1,
		.text = str_from(text),
		.details = details,
		.ndetails = ndetails,
		.url = STR("https://x.example/rule"),
		.source = {.filename = STR("Dockerfile"),
			.data = STR("FROM a\nRUN b\nRUN c\n"),
			.ranges = range,
			.nranges = 1}};
}

static void
warnings(void **state)
{
	static const struct bk_range first = {1, 0, 1, 6}, second = {2, 0, 3, 5};
	static const struct str details[] = {{"more\nwords", 10}};
	static const struct {
		enum progress_ci ci;
		bool terminal, verbose;
		const char *want;
	} rows[] = {
		{PROGRESS_CI_NONE, false, false,
			"\n 2 warnings found (use --verbose to expand):\n - one\n - two\n"},
		{PROGRESS_CI_NONE, true, false,
			"\n \x1b[33m2 warnings found (use --verbose to expand):\x1b[0m\n"
			" - one\n - two\n"},
		{PROGRESS_CI_NONE, false, true,
			"\n 2 warnings found:\n - one\nmore words\n"
			"More info: https://x.example/rule\nDockerfile:1\n--------------------\n"
			"   1 | >>> FROM a\n   2 |     RUN b\n   3 |     RUN c\n"
			"--------------------\n\n"
			" - two\nMore info: https://x.example/rule\nDockerfile:2\n"
			"--------------------\n   1 |     FROM a\n   2 | >>> RUN b\n"
			"   3 | >>> RUN c\n--------------------\n\n"},
		{PROGRESS_CI_GITHUB, false, false,
			"\n::stop-commands::word\n \x1b[33m2 warnings found (use --verbose to "
			"expand):\x1b[0m\n - one\n - two\n::word::\n"
			"::warning file=sub/Dockerfile,line=1::one\n"
			"::warning file=sub/Dockerfile,line=2::two\n"},
		{PROGRESS_CI_AZURE, false, false,
			"\n \x1b[33m2 warnings found (use --verbose to expand):\x1b[0m\n - one\n"
			" - two\n"
			"##vso[task.logissue type=warning;sourcepath=sub/Dockerfile;linenumber=1]one\n"
			"##vso[task.logissue type=warning;sourcepath=sub/Dockerfile;linenumber=2]two\n"},
	};
	struct bk_warning w[3];
	size_t i, k;

	(void)state;
	w[0] = warning("one", details, 1, &first);
	w[1] = warning("two", NULL, 0, &second);
	w[2] = w[0];
	w[2].vertex = STR("b");
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct run r = {.options = {.ci = rows[i].ci,
					.terminal = rows[i].terminal,
					.source_path = "sub/Dockerfile"}};

		run_start(&r, PROGRESS_PLAIN);
		progress_warnings(r.p, true);
		for (k = 0; k < 2; k++)
			run_update(&r, 0, (struct bk_update){.warnings = w, .nwarnings = 3});
		finish(&r, 100);
		run_output(&r);
		progress_warnings(r.p, rows[i].verbose);
		run_expect(&r, rows[i].want);
		run_release(&r);
	}
}

static void
snippets(void **state)
{
	static const char text[] = "one\n\ttwo\r\nthree\nfour\nfi\x1b[1mve\nsix\n";
	static const struct {
		const char *name;
		struct bk_range ranges[2];
		size_t n;
		const char *want;
	} rows[] = {
		{"no range", {{0}}, 0, ""},
		{"line 0", {{0, 0, 1, 0}}, 1, ""},
		{"beyond", {{7, 0, 7, 0}}, 1, ""},
		{"one line", {{2, 0, 2, 4}}, 1,
			"f:2\n--------------------\n   1 |     one\n   2 | >>> \ttwo\n"
			"   3 |     three\n   4 |     four\n--------------------\n"},
		{"two lines", {{4, 0, 5, 4}}, 1,
			"f:4\n--------------------\n   3 |     three\n   4 | >>> four\n"
			"   5 | >>> five\n   6 |     six\n--------------------\n"},
		{"end before start", {{6, 0, 2, 4}}, 1,
			"f:6\n--------------------\n   4 |     four\n   5 |     five\n"
			"   6 | >>> six\n--------------------\n"},
		{"two ranges", {{5, 0, 900, 4}, {3, 0, 3, 4}}, 2,
			"f:3\n--------------------\n   2 |     \ttwo\n   3 | >>> three\n"
			"   4 |     four\n   5 | >>> five\n   6 | >>> six\n"
			"--------------------\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bk_source src = {.filename = STR("f"),
			.data = str_from(text),
			.ranges = rows[i].ranges,
			.nranges = rows[i].n};
		struct buf out = {0};

		progress_snippet(&out, &src);
		assert_row_str(rows[i].name, buf_view(&out), rows[i].want);
		buf_release(&out);
	}
}

/* A Dockerfile is no less foreign than what it prints. */
static void
source_of_failure(void **state)
{
	static const struct {
		enum progress_mode mode;
		enum progress_ci ci;
		const char *want;
	} rows[] = {
		{PROGRESS_PLAIN, PROGRESS_CI_NONE, "RUN ##[e] ##vso[x]"},
		{PROGRESS_PLAIN, PROGRESS_CI_AZURE, "RUN ##[e] **vso[x]"},
		{PROGRESS_QUIET, PROGRESS_CI_AZURE, "RUN ##[e] **vso[x]"},
		{PROGRESS_PLAIN, PROGRESS_CI_GITHUB, "RUN **[e] ##vso[x]"},
		{PROGRESS_RAWJSON, PROGRESS_CI_NONE, NULL},
	};
	static const struct bk_range range = {1, 0, 1, 0};
	const struct bk_source src = {.filename = STR("f"),
		.data = STR("RUN ##[e] ##vso[x]\n"),
		.ranges = &range,
		.nranges = 1};
	char want[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct run r = {.options.ci = rows[i].ci};
		bool github = rows[i].ci == PROGRESS_CI_GITHUB;

		run_start(&r, rows[i].mode);
		progress_source(r.p, &src);
		snprintf(want, sizeof(want),
			"%sf:1\n--------------------\n   1 | >>> %s\n--------------------\n%s",
			github ? "::stop-commands::word\n" : "", rows[i].want ? rows[i].want : "",
			github ? "::word::\n" : "");
		run_expect(&r, rows[i].want ? want : "");
		run_release(&r);
	}
}

static void
annotations(void **state)
{
	static const struct {
		enum progress_ci ci;
		enum progress_level level;
		const char *file;
		int32_t line;
		const char *text, *want;
	} rows[] = {
		{PROGRESS_CI_NONE, PROGRESS_ERROR, "f", 1, "x", ""},
		{PROGRESS_CI_GITLAB, PROGRESS_ERROR, "f", 1, "x", ""},
		{PROGRESS_CI_GITHUB, PROGRESS_ERROR, "a,b:c", 7, "50%\nx\x1b[1m",
			"::error file=a%2Cb%3Ac,line=7::50%25%0Ax\n"},
		{PROGRESS_CI_GITHUB, PROGRESS_WARNING, NULL, 7, "a:b", "::warning::a:b\n"},
		{PROGRESS_CI_AZURE, PROGRESS_ERROR, "a;b", 0, "x]\ny",
			"##vso[task.logissue type=error;sourcepath=a%3Bb]x%5D%0Ay\n"},
		{PROGRESS_CI_TEAMCITY, PROGRESS_WARNING, "f", 3, "it's\n[x]",
			"##teamcity[message status='WARNING' text='f:3: it|'s|n|[x|]']\n"},
		{PROGRESS_CI_TEAMCITY, PROGRESS_ERROR, NULL, 0, "x",
			"##teamcity[buildProblem description='x']\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = {0};

		progress_annotation(&out, rows[i].ci, rows[i].level, rows[i].file, rows[i].line,
			str_from(rows[i].text));
		assert_row_str(rows[i].text, buf_view(&out), rows[i].want);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x_8_log_text),
		cmocka_unit_test(progress_bars),
		cmocka_unit_test(no_color_drops_colors),
		cmocka_unit_test(log_injection),
		cmocka_unit_test(clean),
		cmocka_unit_test(warnings),
		cmocka_unit_test(snippets),
		cmocka_unit_test(source_of_failure),
		cmocka_unit_test(annotations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
