/* cmd/console: messages, what a CI takes for a command. cmd/version, early actions. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/env.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/flags.h"
#include "cmd/options.h"

#define RED "\033[31m"
#define RESET "\033[0m"

static void
c_17_error_text(void **state)
{
	static const struct {
		const char *name, *msg, *hint;
		enum progress_ci dialect;
		bool color;
		const char *want;
	} rows[] = {
		{"verbatim", "100% done <red>%d</red>", "", PROGRESS_CI_NONE, false,
			"build: error: 100% done <red>%d</red>\n"},
		{"words of others",
			"a\033[31mred\033[0m\033]0;title\a\tb\r\x7f\b\xff\xc2\x9b"
			"1mc",
			"d\033[2Je", PROGRESS_CI_NONE, false,
			"build: error: ared\tb\xef\xbf\xbd"
			"1mc\nhint: de\n"},
		{"hint", "x", "do y", PROGRESS_CI_NONE, false, "build: error: x\nhint: do y\n"},
		{"lines", "a\nb\r\n\nc\n", "d\ne", PROGRESS_CI_NONE, false,
			"build: error: a\n              b\n              \n              c\n"
			"hint: d\n      e\n"},
		{"colour", "a\nb", "", PROGRESS_CI_NONE, true,
			"build: " RED "error:" RESET " a\n              b\n"},
		{"buildkite", "a", "", PROGRESS_CI_BUILDKITE, false, "^^^ +++\nbuild: error: a\n"},
		{"empty", "", "", PROGRESS_CI_NONE, false, "build: error: failed\n"},
		{"github command", "a\n ::set-output name=x::1", "", PROGRESS_CI_GITHUB, false,
			"build: error: a\n               .:set-output name=x::1\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};
		struct err err = {.kind = ERR_BUILD};

		snprintf(err.msg, sizeof(err.msg), "%s", rows[i].msg);
		snprintf(err.hint, sizeof(err.hint), "%s", rows[i].hint);
		console_error_text(&out, rows[i].dialect, "build", &err, rows[i].color);
		assert_row_str(rows[i].name, buf_view(&out), rows[i].want);
	}
}

static void
commands_are_clean(void **state)
{
	struct err err = {.kind = ERR_BUILD, .msg = "a\033[31mb\x07", .hint = "c\033[2Kd"};
	cleanup_buf struct buf out = {0};

	(void)state;
	console_command_text(&out, PROGRESS_CI_GITHUB, "build", &err);
	assert_str(buf_view(&out), "::error title=build::ab%0Ahint: cd\n");
}

static void
error_commands(void **state)
{
	static const struct {
		const char *provider, *want;
	} rows[] = {
		{"github", "::error title=build::100%25 a,b:c]%0Ahint: d;\n"},
		{"gitea", "::error title=build::100%25 a,b:c]%0Ahint: d;\n"},
		{"forgejo", "::error title=build::100%25 a,b:c]%0Ahint: d;\n"},
		{"azure", "##vso[task.logissue type=error]100% a,b:c%5D%0Ahint: d%3B\n"},
		{"teamcity", "##teamcity[message text='100% a,b:c|]|nhint: d;' status='ERROR']\n"},
		{"buildkite", ""},
		{"gitlab", ""},
		{"none", ""},
		{NULL, ""},
	};
	struct err err = {.kind = ERR_BUILD, .msg = "100% a,b:c]", .hint = "d;"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};

		console_command_text(&out, progress_ci_of(rows[i].provider), "build", &err);
		assert_row_str(
			rows[i].provider ? rows[i].provider : "NULL", buf_view(&out), rows[i].want);
	}
}

static void
c_17_colour_only_when_wanted(void **state)
{
	static const struct {
		const char *name, *provider, *no_color;
		bool want;
	} rows[] = {
		{"no terminal", "none", NULL, false},
		{"unknown CI", "unknown", NULL, false},
		{"gitlab", "gitlab", NULL, true},
		{"github", "github", NULL, true},
		{"jenkins", "jenkins", NULL, false},
		{"NO_COLOR", "gitlab", "NO_COLOR=1", false},
		{"NO_COLOR empty", "gitlab", "NO_COLOR=", true},
	};
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *vars[] = {rows[i].no_color, NULL};
		struct console c;

		dup2(null, STDERR_FILENO);
		console_init(&c, &(struct env){vars});
		dup2(saved, STDERR_FILENO);
		assert_row_int(rows[i].name, c.color, false);
		console_provider(&c, rows[i].provider);
		assert_row_int(rows[i].name, c.color, rows[i].want);
	}
	close(saved);
	close(null);
}

/* A console that writes both streams into one pipe. */
struct piped {
	struct console c;
	int fd[2];
};

static void
piped_init(struct piped *p, const struct env *env)
{
	assert_int_equal(pipe2(p->fd, O_CLOEXEC), 0);
	console_init(&p->c, env);
	p->c.out = p->c.err = p->fd[1];
	p->c.color = false;
}

static void
piped_assert(struct piped *p, const char *want)
{
	char got[8192];
	ssize_t n;

	close(p->fd[1]);
	n = read(p->fd[0], got, sizeof(got) - 1);
	close(p->fd[0]);
	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, want);
}

static void
c_03_c_17_log_lines(void **state)
{
	struct piped p;

	(void)state;
	piped_init(&p, &(struct env){0});
	log_debug(&p.c.log, "unseen");
	log_info(&p.c.log, "100%% <green>%s", "x%d");
	log_warn(&p.c.log, "a\nb");
	console_verbose(&p.c);
	log_debug(&p.c.log, "seen\n");
	p.c.color = true;
	log_debug(&p.c.log, "d");
	log_warn(&p.c.log, "w");
	piped_assert(&p, "100% <green>x%d\n"
			 "warning: a\n         b\n"
			 "seen\n"
			 "\033[2md" RESET "\n"
			 "\033[33mwarning: " RESET "w\n");
}

static void
columns(void **state)
{
	static const struct {
		const char *variable;
		unsigned want;
	} rows[] = {
		{"COLUMNS=100", 100},
		{"COLUMNS=1", 40},
		{"COLUMNS=99999", 400},
		{"COLUMNS=-5", 80},
		{"COLUMNS=", 80},
		{"OTHER=1", 80},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *vars[] = {rows[i].variable, NULL};
		struct console c;

		console_init(&c, &(struct env){vars});
		assert_row_int(rows[i].variable, c.columns, rows[i].want);
	}
}

static int
show_config(struct cmd_context *ctx, const struct common_options *o)
{
	struct err err = {0};

	(void)o;
	assert_ok(console_print(ctx->console, STR("config\n"), &err), &err);
	log_debug(ctx->log, "loading");
	return EXIT_OK;
}

static void
c_02_early_actions(void **state)
{
	static const struct {
		const char *name;
		const char *words[5];
		bool done;
		const char *want;
	} rows[] = {
		{"none", {"build"}, false, ""},
		{"verbose", {"build", "-v"}, false, ""},
		{"version", {"build", "--version"}, true, "VERSION"},
		{"both", {"build", "--version", "--config"}, true, "VERSIONconfig\n"},
		{"verbose first", {"build", "-v", "--config"}, true, "config\nloading\n"},
		{"verbose too late", {"build", "--config", "-v"}, true, "config\n"},
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct strlist argv = {0};
		struct build_options o;
		struct cmd_context ctx = {0};
		cleanup_buf struct buf want = {0};
		struct piped p;
		struct err err = {0};
		int code = -1;

		for (n = 0; rows[i].words[n]; n++)
			strlist_add(&argv, &a, arena_cstr(&a, rows[i].words[n]));
		assert_row_ok(rows[i].name,
			build_options_parse(&o, (int)argv.n, argv.items, &a, &err), &err);
		piped_init(&p, &(struct env){0});
		ctx.console = &p.c;
		ctx.log = &p.c.log;
		assert_row_int(
			rows[i].name, cmd_early(&ctx, &o.common, show_config, &code), rows[i].done);
		assert_row_int(rows[i].name, code, EXIT_OK);
		if (str_starts(str_from(rows[i].want), STR("VERSION"))) {
			version_line(&want);
			buf_puts(&want, rows[i].want + strlen("VERSION"));
		} else {
			buf_puts(&want, rows[i].want);
		}
		piped_assert(&p, buf_cstr(&want));
	}
}

/* Scripts take the second word up to the comma for the version. */
static void
c_02_version_line(void **state)
{
	cleanup_buf struct buf line = {0};
	struct str rest, word;

	(void)state;
	version_line(&line);
	rest = buf_view(&line);
	assert_true(str_take(&rest, STR("Version: ")));
	assert_true(str_cut(&rest, ',', &word));
	assert_str(word, version_text());
	assert_true(str_take(&rest, STR(" commit ")));
	assert_true(str_cut(&rest, ',', &word) && word.len > 0);
	assert_true(str_take(&rest, STR(" built at ")));
	assert_true(str_cut(&rest, '\n', &word) && word.len > 0 && rest.len == 0);
}

/* Output that is lost must not look like success. */
static void
full_standard_output(void **state)
{
	struct cmd_context ctx = {0};
	struct piped p;
	struct err err = {0};
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	piped_init(&p, &(struct env){0});
	p.c.out = full;
	ctx.console = &p.c;
	assert_int_equal(console_print(&p.c, STR("x"), &err), -1);
	assert_err(&err, ERR_SYS, "standard output");
	assert_int_equal(version_show(&ctx, &tool_build), EXIT_BUILD);
	assert_int_equal(version_show(&ctx, &tool_version), EXIT_CHECK_FAILED);
	close(full);
	close(p.fd[0]);
	close(p.fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c_17_error_text),
		cmocka_unit_test(error_commands),
		cmocka_unit_test(commands_are_clean),
		cmocka_unit_test(c_17_colour_only_when_wanted),
		cmocka_unit_test(c_03_c_17_log_lines),
		cmocka_unit_test(columns),
		cmocka_unit_test(c_02_early_actions),
		cmocka_unit_test(c_02_version_line),
		cmocka_unit_test(full_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
