/* progress/: quiet and rawjson output, options, the descriptor. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/env.h"
#include "base/log.h"
#include "build_run.h"
#include "test.h"

static void
finish(struct run *r, int at)
{
	progress_done(r->p, run_now(at));
}

/* ---- other modes ------------------------------------------------------------------------- */

static void
quiet(void **state)
{
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_QUIET);
	progress_begin(r.p, "t", run_now(0));
	run_step(&r, 0, "a", "a", 0, -1);
	run_log(&r, 200, "a", "x\n");
	run_warn(&r, 400, "a", "w");
	assert_int_equal(r.next, PROGRESS_IDLE);
	progress_note(r.p, "note", run_now(500));
	finish(&r, 600);
	progress_failure(r.p);
	progress_warnings(r.p, true);
	run_expect(&r, "");
	progress_warn(r.p, "attention", run_now(500));
	run_expect(&r, "warning: attention\n");
	run_release(&r);
}

static void
rawjson(void **state)
{
	static const struct str inputs[] = {{"sha256:1", 8}, {"sha256:2", 8}};
	static const struct str details[] = {{"d", 1}, {"e", 1}};
	static const struct bk_range ranges[] = {{2, 0, 3, 4}, {5, 1, 0, 0}};
	struct bk_vertex v[] = {{.digest = STR("sha256:a"),
					.name = STR("n\"\\\n\xff\xc3\xa4##[x]"),
					.inputs = inputs,
					.ninputs = 2,
					.cached = true,
					.started_ns = 1700000000000000000,
					.completed_ns = 1700000000120000000,
					.error = STR("e")},
		{.digest = STR("b"),
			.group_id = STR("g"),
			.group_name = STR("G"),
			.group_weak = true}};
	struct bk_status s[] = {{.id = STR("i"),
					.vertex = STR("a"),
					.name = STR("n"),
					.current = 1,
					.total = 2,
					.timestamp_ns = 1,
					.started_ns = 1000000000,
					.completed_ns = -1},
		{.id = STR("")}};
	struct bk_log l = {.vertex = STR("a"),
		.stream = 2,
		.timestamp_ns = 1709210096000000001,
		.data = STR("hi\n\xff")};
	struct bk_warning w = {.vertex = STR("a"),
		.level = 1,
		.text = STR("s"),
		.details = details,
		.ndetails = 2,
		.url = STR("u"),
		.source = {.filename = STR("f"),
			.data = STR("FROM"),
			.language = STR("L"),
			.ranges = ranges,
			.nranges = 2}};
	struct run r = {0};

	(void)state;
	run_start(&r, PROGRESS_RAWJSON);
	run_update(&r, 0, (struct bk_update){0});
	run_expect(&r, "{}\n");
	run_update(&r, 0, (struct bk_update){v, 2, s, 2, &l, 1, &w, 1, 0});
	run_expect(&r,
		"{\"vertexes\":[{\"digest\":\"sha256:a\",\"inputs\":[\"sha256:1\",\"sha256:2\"],"
		"\"name\":\"n\\\"\\\\\\u000a\\ufffd\xc3\xa4\\u0023\\u0023[x]\","
		"\"started\":\"2023-11-14T22:13:20Z\",\"completed\":\"2023-11-14T22:13:20.12Z\","
		"\"cached\":true,\"error\":\"e\"},"
		"{\"digest\":\"b\",\"progressGroup\":{\"id\":\"g\",\"name\":\"G\",\"weak\":true}}],"
		"\"statuses\":[{\"id\":\"i\",\"vertex\":\"a\",\"name\":\"n\",\"total\":2,"
		"\"current\":1,\"timestamp\":\"1970-01-01T00:00:00.000000001Z\","
		"\"started\":\"1970-01-01T00:00:01Z\","
		"\"completed\":\"1969-12-31T23:59:59.999999999Z\"},"
		"{\"id\":\"\",\"current\":0,\"timestamp\":\"1970-01-01T00:00:00Z\"}],"
		"\"logs\":[{\"vertex\":\"a\",\"stream\":2,\"data\":\"aGkK/w==\","
		"\"timestamp\":\"2024-02-29T12:34:56.000000001Z\"}],"
		"\"warnings\":[{\"vertex\":\"a\",\"level\":1,\"short\":\"cw==\","
		"\"detail\":[\"ZA==\",\"ZQ==\"],\"url\":\"u\","
		"\"sourceInfo\":{\"filename\":\"f\",\"data\":\"RlJPTQ==\",\"language\":\"L\"},"
		"\"range\":[{\"start\":{\"line\":2},\"end\":{\"line\":3,\"character\":4}},"
		"{\"start\":{\"line\":5,\"character\":1},\"end\":{}}]}]}\n");
	progress_note(r.p, "note", run_now(0));
	progress_warn(r.p, "w", run_now(0));
	finish(&r, 0);
	progress_failure(r.p);
	progress_warnings(r.p, true);
	run_expect(&r, "{\"warnings\":[{\"level\":1,\"short\":\"dw==\"}]}\n");
	run_release(&r);
}

static void
modes(void **state)
{
	static const struct {
		const char *word;
		enum progress_mode mode;
	} rows[] = {
		{"", PROGRESS_AUTO},
		{"auto", PROGRESS_AUTO},
		{"plain", PROGRESS_PLAIN},
		{"tty", PROGRESS_TTY},
		{"rawjson", PROGRESS_RAWJSON},
		{"quiet", PROGRESS_QUIET},
	};
	struct progress_options o = {.mode = PROGRESS_TTY, .fd = -1};
	enum progress_mode mode;
	struct err err = {0};
	struct progress *p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_row_ok(rows[i].word, progress_mode_parse(rows[i].word, &mode, &err), &err);
		assert_row_int(rows[i].word, mode, rows[i].mode);
	}
	assert_int_equal(progress_mode_parse("fancy", &mode, &err), -1);
	assert_err(&err, ERR_USAGE, "unknown progress mode 'fancy'");
	assert_null(progress_new(&o, &err));
	assert_err(&err, ERR_USAGE, "progress mode 'tty' needs a terminal");
	for (i = 0; i < 4; i++) {
		o = (struct progress_options){.fd = -1, .terminal = i & 1, .dumb = i & 2};
		p = progress_new(&o, &err);
		assert_int_equal(progress_mode_of(p), i == 1 ? PROGRESS_TTY : PROGRESS_PLAIN);
		progress_free(p);
	}
}

static void
collect_warning(struct log *log, enum log_level level, const char *text)
{
	assert_int_equal(level, LOG_WARN);
	buf_addf(log->arg, "%s\n", text);
}

static void
environment(void **state)
{
	static const struct {
		const char *name;
		const char *vars[4];
		struct progress_palette palette;
		const char *warnings;
	} rows[] = {
		{"nothing", {NULL}, {"34", "33", "33", "31"}, ""},
		{"names", {"BUILDKIT_COLORS=Run=light-RED:cancel=default:ERROR=cyan"},
			{"91", "39", "33", "36"}, ""},
		{"rgb", {"BUILDKIT_COLORS=run=255,0,128:error=\"0\",\"0\",\"0\":"},
			{"38;5;199", "33", "33", "38;5;16"}, ""},
		{"bad", {"BUILDKIT_COLORS=run=purple:blue:x=red:error=1,2,256:warning=light-default"},
			{"34", "33", "33", "31"},
			"ignoring 'run=purple' in BUILDKIT_COLORS\n"
			"ignoring 'blue' in BUILDKIT_COLORS\n"
			"ignoring 'x=red' in BUILDKIT_COLORS\n"
			"ignoring 'error=1,2,256' in BUILDKIT_COLORS\n"
			"ignoring 'warning=light-default' in BUILDKIT_COLORS\n"},
		{"no color", {"BUILDKIT_COLORS=run=purple", "NO_COLOR=1"}, {"34", "33", "33", "31"},
			""},
	};
	struct progress_options o;
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct env env = {rows[i].vars};
		struct buf said = {0};
		struct log log = {LOG_DEBUG, collect_warning, &said};

		o = (struct progress_options){0};
		assert_row_ok(rows[i].name, progress_options_from_env(&o, &env, &log, &err), &err);
		assert_row_str(rows[i].name, buf_view(&said), rows[i].warnings);
		assert_string_equal(o.palette.run, rows[i].palette.run);
		assert_string_equal(o.palette.cancel, rows[i].palette.cancel);
		assert_string_equal(o.palette.warning, rows[i].palette.warning);
		assert_string_equal(o.palette.error, rows[i].palette.error);
		buf_release(&said);
	}
}

static void
environment_numbers(void **state)
{
	static const char *const vars[] = {"BUILDKIT_PROGRESS=rawjson", "TTY_DISPLAY_RATE=20",
		"BUILDKIT_TTY_LOG_LINES=12", "PROGRESS_NO_TRUNC=0", "TERM=dumb", "NO_COLOR=1",
		NULL};
	static const char *const bad[] = {"BUILDKIT_PROGRESS=loud", "TTY_DISPLAY_RATE=x",
		"BUILDKIT_TTY_LOG_LINES=0", "PROGRESS_NO_TRUNC=1", "NO_COLOR=", NULL};
	struct progress_options o = {0};
	struct err err = {0};

	(void)state;
	assert_ok(progress_options_from_env(&o, &(struct env){vars}, NULL, &err), &err);
	assert_int_equal(o.mode, PROGRESS_RAWJSON);
	assert_int_equal(o.rate_ms, 20);
	assert_int_equal(o.log_lines, 12);
	assert_true(o.cut_names && o.dumb && o.no_color);
	o = (struct progress_options){.mode = PROGRESS_PLAIN};
	assert_ok(progress_options_from_env(&o, &(struct env){bad}, NULL, &err), &err);
	assert_int_equal(o.mode, PROGRESS_PLAIN);
	assert_int_equal(o.rate_ms, 0);
	assert_int_equal(o.log_lines, 0);
	assert_false(o.cut_names || o.dumb || o.no_color);
	o = (struct progress_options){0};
	assert_int_equal(progress_options_from_env(&o, &(struct env){bad}, NULL, &err), -1);
	assert_err(&err, ERR_USAGE, "BUILDKIT_PROGRESS: unknown progress mode 'loud'");
}

/* ---- the descriptor ---------------------------------------------------------------------- */

/* A closed standard error is no reason to stop. */
static void
closed_output(void **state)
{
	struct progress_options o = {.mode = PROGRESS_PLAIN};
	struct bk_vertex v = {.digest = STR("a"), .name = STR("a"), .started_ns = 1};
	struct bk_update u = {.vertexes = &v, .nvertexes = 1, .received_ns = run_now(0)};
	struct err err = {0};
	struct progress *p;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	o.fd = ends[1];
	p = progress_new(&o, &err);
	progress_update(p, &u);
	progress_note(p, "x", run_now(0));
	progress_done(p, run_now(0));
	progress_free(p);
	close(ends[1]);
}

/* A full pipe that does not block is waited for; the reader is a child. */
static void
slow_output(void **state)
{
	struct progress_options o = {.mode = PROGRESS_PLAIN};
	struct err err = {0};
	struct progress *p;
	struct buf text = {0};
	char chunk[4096];
	int ends[2], back[2], i;
	size_t total = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends) | pipe(back), 0);
	for (i = 0; i < 200 * 1024; i++)
		buf_putc(&text, 'x');
	if (fork() == 0) {
		close(ends[1]);
		while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
			total += (size_t)n;
		n = write(back[1], &total, sizeof(total));
		_exit(n < 0);
	}
	close(ends[0]);
	assert_true(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	o.fd = ends[1];
	p = progress_new(&o, &err);
	progress_note(p, buf_cstr(&text), run_now(0));
	progress_free(p);
	close(ends[1]);
	assert_int_equal(read(back[0], &total, sizeof(total)), sizeof(total));
	assert_int_equal(total, text.len + 1);
	close(back[0]);
	close(back[1]);
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet),
		cmocka_unit_test(rawjson),
		cmocka_unit_test(modes),
		cmocka_unit_test(environment),
		cmocka_unit_test(environment_numbers),
		cmocka_unit_test(closed_output),
		cmocka_unit_test(slow_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
