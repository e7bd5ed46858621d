/* cmd/options, cmd/flags, cmd/values, help text and completion. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "cmd/flags.h"
#include "cmd/options.h"
#include "cmd/values.h"

enum { ARGS = 12 };

/* A command line as the kernel hands it over. */
struct line {
	const char *words[ARGS];
};

static int
count(const struct line *l)
{
	int n = 0;

	while (n < ARGS && l->words[n])
		n++;
	return n;
}

static char **
argv_of(struct arena *a, const struct line *l)
{
	struct strlist argv = {0};
	int i;

	for (i = 0; i < count(l); i++)
		strlist_add(&argv, a, arena_cstr(a, l->words[i]));
	return argv.items;
}

static int
parse_build(struct build_options *o, struct arena *a, const struct line *l, struct err *err)
{
	return build_options_parse(o, count(l), argv_of(a, l), a, err);
}

static void
join(struct buf *out, const struct strlist *l)
{
	size_t i;

	buf_reset(out);
	for (i = 0; i < l->n; i++)
		buf_addf(out, "%s%s", i ? " | " : "", l->items[i]);
}

static void
defaults(void **state)
{
	static const struct line line = {{"build"}};
	cleanup_arena struct arena a = {0};
	struct build_options o;
	struct push_options p;
	struct err err = {0};

	(void)state;
	assert_ok(parse_build(&o, &a, &line, &err), &err);
	assert_string_equal(o.common.file, "Dockerfile");
	assert_string_equal(o.common.path, ".");
	assert_string_equal(o.progress, "auto");
	assert_int_equal(o.retry_for, 300000);
	assert_true(!o.common.help && !o.common.verbose && !o.no_login && !o.quiet && !o.push);
	assert_true(!o.platform && !o.target && !o.builder && !o.network && !o.shm_size);
	assert_int_equal(o.build_args.n + o.common.n_early + o.common.notes.n, 0);
	assert_ok(push_options_parse(&p, 1, argv_of(&a, &line), &a, &err), &err);
	assert_string_equal(p.common.file, "Dockerfile");
	assert_int_equal(p.retry_for, 300000);
}

static void
c_01_help_and_its_rank(void **state)
{
	static const struct line rows[] = {
		{{"build", "-h"}},
		{{"build", "--help"}},
		{{"build", "--version", "--config", "-h", "dir"}},
		{{"build", "-vh"}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct build_options o;
		struct err err = {0};

		assert_row_ok(rows[i].words[1], parse_build(&o, &a, &rows[i], &err), &err);
		assert_that(o.common.help, "row '%s': no help", rows[i].words[1]);
	}
}

static void
c_02_c_03_early_actions_in_order(void **state)
{
	static const struct {
		struct line line;
		const char *want;
	} rows[] = {
		{{{"build", "--version"}}, "version"},
		{{{"build", "-v"}}, "verbose"},
		{{{"build", "--verbose"}}, "verbose"},
		{{{"build", "--config", "-v"}}, "config verbose"},
		{{{"build", "--version", "--config"}}, "version config"},
		{{{"build", "-v", "--config", "-v", "--version", "--config"}},
			"verbose config version"},
	};
	static const char *const names[] = {"verbose", "version", "config"};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf got = {0};
		struct build_options o;
		struct err err = {0};

		assert_row_ok(rows[i].want, parse_build(&o, &a, &rows[i].line, &err), &err);
		for (k = 0; k < o.common.n_early; k++)
			buf_addf(&got, "%s%s", k ? " " : "", names[o.common.early[k]]);
		assert_row_str(rows[i].want, buf_view(&got), rows[i].want);
		assert_that(o.common.verbose == (strstr(rows[i].want, "verbose") != NULL),
			"row '%s': verbose", rows[i].want);
	}
}

static void
c_09_ways_to_name_the_file(void **state)
{
	static const struct {
		struct line line;
		const char *file, *path;
	} rows[] = {
		{{{"build", "-f", "X"}}, "X", "."},
		{{{"build", "-fX"}}, "X", "."},
		{{{"build", "-f=X"}}, "X", "."},
		{{{"build", "--file", "X"}}, "X", "."},
		{{{"build", "--file=X"}}, "X", "."},
		{{{"build", "-vf", "X"}}, "X", "."},
		{{{"build", "-vfX", "dir"}}, "X", "dir"},
		{{{"build", "-f", "-"}}, "-", "."},
		{{{"build", "-f-"}}, "-", "."},
		{{{"build", "--file=-X"}}, "-X", "."},
		{{{"build", "-f", "A", "--file", "B"}}, "B", "."},
		{{{"build", "dir", "-f", "X"}}, "X", "dir"},
		{{{"build", "-f", "X", "--", "-dir"}}, "X", "-dir"},
		{{{"build", "--", "--file"}}, "Dockerfile", "--file"},
		{{{"build", "-"}}, "Dockerfile", "-"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct build_options o;
		struct err err = {0};

		assert_row_ok(
			rows[i].line.words[1], parse_build(&o, &a, &rows[i].line, &err), &err);
		assert_row_str(rows[i].line.words[1], str_from(o.common.file), rows[i].file);
		assert_row_str(rows[i].line.words[1], str_from(o.common.path), rows[i].path);
	}
}

static void
c_10_booleans(void **state)
{
	static const struct {
		const char *word;
		bool want;
	} rows[] = {
		{"--no-login", true},
		{"--no-login=true", true},
		{"--no-login=1", true},
		{"--no-login=yes", true},
		{"--no-login=YES", true},
		{"--no-login=false", false},
		{"--no-login=0", false},
		{"--no-login=no", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct line line = {{"build", "--no-login", rows[i].word, "--no-pull"}};
		cleanup_arena struct arena a = {0};
		struct build_options o;
		struct err err = {0};

		assert_row_ok(rows[i].word, parse_build(&o, &a, &line, &err), &err);
		assert_row_int(rows[i].word, o.no_login, rows[i].want);
		assert_row_int(rows[i].word, o.no_pull, true);
	}
}

static void
short_booleans_in_a_bundle(void **state)
{
	static const struct line on = {{"build", "-qvt", "a", "-tb"}};
	static const struct line off = {{"build", "-q", "-vq=no"}};
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf tags = {0};
	struct build_options o;
	struct err err = {0};

	(void)state;
	assert_ok(parse_build(&o, &a, &on, &err), &err);
	join(&tags, &o.tags);
	assert_str(buf_view(&tags), "a | b");
	assert_true(o.quiet && o.common.verbose);
	assert_ok(parse_build(&o, &a, &off, &err), &err);
	assert_true(!o.quiet && o.common.verbose);
}

static void
c_11_c_12_build_args_repeat_and_keep_commas(void **state)
{
	static const struct {
		struct line line;
		const char *args;
		const char *note; /* NULL: none; else part of it */
	} rows[] = {
		{{{"build", "--build-arg", "A=1", "--build-arg=B=2"}}, "A=1 | B=2", NULL},
		{{{"build", "--build-arg", "A=x=y", "--build-arg", "B", "--build-arg", "C="}},
			"A=x=y | B | C=", NULL},
		{{{"build", "--build-arg=-Dx=1"}}, "-Dx=1", NULL},
		{{{"build", "--build-arg=JAVA_OPTS=-Xmx1g,-Xms1g"}}, "JAVA_OPTS=-Xmx1g,-Xms1g",
			NULL},
		{{{"build", "--build-arg=L=a,b,c"}}, "L=a,b,c", NULL},
		{{{"build", "--build-arg=A=s3cret,B_2=x"}}, "A=s3cret,B_2=x", "',B_2='"},
		{{{"build", "--build-arg=A=1,2=3"}}, "A=1,2=3", NULL},
		{{{"build", "--build-arg=A=s3cret\\,b"}}, "A=s3cret\\,b", "backslash"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf got = {0};
		struct build_options o;
		struct err err = {0};

		assert_row_ok(rows[i].args, parse_build(&o, &a, &rows[i].line, &err), &err);
		join(&got, &o.build_args);
		assert_row_str(rows[i].args, buf_view(&got), rows[i].args);
		assert_row_int(rows[i].args, o.common.notes.n, rows[i].note ? 1 : 0);
		if (rows[i].note) {
			assert_that(strstr(o.common.notes.items[0], rows[i].note),
				"row '%s': note '%s'", rows[i].args, o.common.notes.items[0]);
			assert_that(!strstr(o.common.notes.items[0], "s3cret"),
				"row '%s': value in '%s'", rows[i].args, o.common.notes.items[0]);
		}
	}
}

static void
c_13_flags_of_push(void **state)
{
	static const struct line good = {{"push", "-v", "--config", "-f", "X", "--version", "dir"}};
	static const struct line bad = {{"push", "--platform", "linux/amd64"}};
	cleanup_arena struct arena a = {0};
	struct push_options o;
	struct err err = {0};

	(void)state;
	assert_ok(push_options_parse(&o, count(&good), argv_of(&a, &good), &a, &err), &err);
	assert_string_equal(o.common.file, "X");
	assert_string_equal(o.common.path, "dir");
	assert_int_equal(push_options_parse(&o, count(&bad), argv_of(&a, &bad), &a, &err), -1);
	assert_err(&err, ERR_USAGE, "unknown flag --platform");
}

static void
c_16_skip_login(void **state)
{
	static const struct line line = {{"build", "--file", "docker/Dockerfile.build",
		"--skip-login", "--build-arg", "AUTH_TOKEN=abc"}};
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf help = {0};
	struct build_options o;
	struct err err = {0};

	(void)state;
	assert_ok(parse_build(&o, &a, &line, &err), &err);
	assert_true(o.no_login);
	assert_string_equal(o.common.file, "docker/Dockerfile.build");
	help_tool(&help, &tool_build, 80);
	assert_null(strstr(buf_cstr(&help), "skip-login"));
}

static void
every_added_flag(void **state)
{
	struct str words =
		STR("build --target t -t r:1 --tag r:2 --label a=b --label c --annotation "
		    "index:k=v --secret id=s,env=E --ssh default --cache-from r:c "
		    "--cache-to type=inline --no-cache --no-cache-filter s -o type=tar,dest=- "
		    "--push --load --build-context n=docker-image://x --add-host h:10.0.0.1 "
		    "--network none --shm-size 64m --ulimit nofile=1024:2048 "
		    "--allow network.host --attest type=sbom --provenance mode=max --sbom=true "
		    "--progress plain --metadata-file m --iidfile i -q --dry-run --no-stages "
		    "--builder tcp://b:1234 --retry-for 0 --env-file e --context-report "
		    "--platform linux/amd64,linux/arm64 ctx");
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf got = {0};
	struct strlist argv = {0};
	struct build_options o;
	struct err err = {0};
	struct str word;

	(void)state;
	while (str_next(&words, ' ', &word))
		strlist_add(&argv, &a, arena_str(&a, word));
	assert_ok(build_options_parse(&o, (int)argv.n, argv.items, &a, &err), &err);
	join(&got, &o.tags);
	assert_str(buf_view(&got), "r:1 | r:2");
	join(&got, &o.labels);
	assert_str(buf_view(&got), "a=b | c");
	assert_string_equal(o.annotations.items[0], "index:k=v");
	assert_string_equal(o.secrets.items[0], "id=s,env=E");
	assert_string_equal(o.ssh.items[0], "default");
	assert_string_equal(o.cache_from.items[0], "r:c");
	assert_string_equal(o.cache_to.items[0], "type=inline");
	assert_string_equal(o.no_cache_filter.items[0], "s");
	assert_string_equal(o.outputs.items[0], "type=tar,dest=-");
	assert_string_equal(o.build_contexts.items[0], "n=docker-image://x");
	assert_string_equal(o.add_hosts.items[0], "h=10.0.0.1");
	assert_string_equal(o.ulimits.items[0], "nofile=1024:2048");
	assert_string_equal(o.allow.items[0], "network.host");
	assert_string_equal(o.attests.items[0], "type=sbom");
	assert_string_equal(o.provenance, "mode=max");
	assert_string_equal(o.sbom, "true");
	assert_string_equal(o.target, "t");
	assert_string_equal(o.network, "none");
	assert_string_equal(o.progress, "plain");
	assert_string_equal(o.metadata_file, "m");
	assert_string_equal(o.iidfile, "i");
	assert_string_equal(o.env_file, "e");
	assert_string_equal(o.builder, "tcp://b:1234");
	assert_string_equal(o.platform, "linux/amd64,linux/arm64");
	assert_string_equal(o.common.path, "ctx");
	assert_true(o.no_cache && o.push && o.load && o.quiet && o.dry_run && o.no_stages);
	assert_true(o.context_report && o.shm_size == 67108864 && o.retry_for == 0);
}

/* An empty text value, as scripts pass it with an unset variable, is no value. */
static void
empty_values(void **state)
{
	static const struct line line = {{"build", "--target", "",
		"--platform=", "--builder=", "--progress=", "--network", "", "--metadata-file="}};
	cleanup_arena struct arena a = {0};
	struct build_options o;
	struct err err = {0};

	(void)state;
	assert_ok(parse_build(&o, &a, &line, &err), &err);
	assert_true(!o.target && !o.platform && !o.builder && !o.network && !o.metadata_file);
	assert_string_equal(o.progress, "auto");
}

static void
c_06_c_07_c_08_command_line_errors(void **state)
{
	static const struct {
		struct line line;
		const char *message;
		const char *hint; /* part of it; NULL: any */
	} rows[] = {
		{{{"build", "--x"}}, "unknown flag --x", "--help"},
		{{{"build", "--bogus=1"}}, "unknown flag --bogus", "--help"},
		{{{"build", "-x"}}, "unknown flag -x", "--help"},
		{{{"build", "-vx"}}, "unknown flag -x", NULL},
		{{{"build", "-h", "--unknown"}}, "unknown flag --unknown", NULL},
		{{{"build", "--unknown", "--version"}}, "unknown flag --unknown", NULL},
		{{{"build", "--plat"}}, "unknown flag --plat, did you mean \"--platform\"?", NULL},
		{{{"build", "--plat=x"}}, "unknown flag --plat, did you mean \"--platform\"?",
			NULL},
		{{{"build", "--biuld-arg", "A=1"}},
			"unknown flag --biuld-arg, did you mean \"--build-arg\"?", NULL},
		{{{"build", "--no-logn"}}, "unknown flag --no-logn, did you mean \"--no-login\"?",
			NULL},
		{{{"build", "--cache"}},
			"unknown flag --cache, did you mean one of \"--cache-from\", "
			"\"--cache-to\"?",
			NULL},
		{{{"build", "a", "b"}}, "unexpected argument b", NULL},
		{{{"build", ""}}, "empty argument", NULL},
		{{{"build", "--file"}}, "--file: expected string value but got \"EOL\" (<EOL>)",
			NULL},
		{{{"build", "-f"}}, "--file: expected string value but got \"EOL\" (<EOL>)", NULL},
		{{{"build", "--build-arg"}}, "--build-arg: missing value, expecting \"<arg>", NULL},
		{{{"build", "--file", "-X"}}, "--file: expected string value but got \"-X\"",
			"--file=-X"},
		{{{"build", "--build-arg", "-DX=1"}}, "--build-arg: expected string value",
			"--build-arg=-DX=1"},
		{{{"build", "--file="}}, "--file: empty value", NULL},
		{{{"build", "--tag", ""}}, "--tag: empty value", NULL},
		{{{"build", "--no-login=maybe"}},
			"--no-login: bool value must be true, 1, yes, false, 0 or no but got "
			"\"maybe\"",
			NULL},
		{{{"build", "--skip-login=x"}}, "--skip-login: bool value must be", NULL},
		{{{"build", "--version=true"}}, "--version: unexpected flag argument \"true\"",
			NULL},
		{{{"build", "--help="}}, "--help: unexpected flag argument \"\"", NULL},
		{{{"build", "--verbose=1"}}, "unexpected flag argument \"1\"", NULL},
		{{{"build", "-v=1"}}, "unexpected flag argument \"1\"", NULL},
		{{{"build", "--retry-for", "soon"}}, "--retry-for: 'soon' is not a duration", "5m"},
		{{{"build", "--progress=fancy"}}, "--progress: must be one of auto, plain", NULL},
		{{{"build", "--network", "lan"}}, "--network: must be one of default, none, host",
			NULL},
		{{{"build", "--shm-size=64x"}}, "--shm-size: '64x' is not a size", "64m"},
		{{{"build", "--build-arg==s3cret"}}, "--build-arg: no name in front of '='", NULL},
		{{{"build", "--ulimit=nofile"}}, "--ulimit: 'nofile' is not NAME=SOFT[:HARD]",
			NULL},
		{{{"build", "--add-host=h"}}, "--add-host: 'h' is not HOST:IP", NULL},
		{{{"build", "--label==v"}}, "--label: '=v' has no key", NULL},
		{{{"build", "--annotation=k"}}, "--annotation: 'k' is not KEY=VALUE", NULL},
		{{{"build", "--attest=sbom"}}, "--attest: 'sbom' has no type=", NULL},
		{{{"build", "--provenance=max"}}, "--provenance: 'max' is neither", NULL},
		{{{"build", "--build-context=x"}}, "--build-context: 'x' is not NAME=VALUE", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct build_options o;
		struct err err = {0};

		assert_row_int(rows[i].message, parse_build(&o, &a, &rows[i].line, &err), -1);
		assert_row_err(rows[i].message, &err, ERR_USAGE, rows[i].message);
		assert_that(!rows[i].hint || strstr(err.hint, rows[i].hint), "row '%s': hint '%s'",
			rows[i].message, err.hint);
		assert_that(!strstr(err.msg, "s3cret"), "row '%s': value in '%s'", rows[i].message,
			err.msg);
	}
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} rows[] = {
		{"0", 0},
		{"0s", 0},
		{"90s", 90000},
		{"5m", 300000},
		{"1h30m", 5400000},
		{"1.5m", 90000},
		{"500ms", 500},
		{"1m0.25s", 60250},
		{"87840h", INT64_C(316224000000)},
		{"", -1},
		{"5", -1},
		{"m", -1},
		{"-5m", -1},
		{"5x", -1},
		{"5m ", -1},
		{"1h30", -1},
		{"99999999999999999999h", -1},
		{"18446744073709h", -1},
		{"87841h", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {0};
		int64_t got = -1;

		assert_row_int(rows[i].text, value_duration(rows[i].text, &got, &err),
			rows[i].want < 0 ? -1 : 0);
		assert_row_int(rows[i].text, got, rows[i].want);
	}
}

static void
sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} rows[] = {
		{"0", 0},
		{"4096", 4096},
		{"64b", 64},
		{"64k", 65536},
		{"64m", 67108864},
		{"64MB", 67108864},
		{"2GiB", INT64_C(2147483648)},
		{"1.5g", 1610612736},
		{"1t", INT64_C(1099511627776)},
		{"8191p", INT64_C(8191) << 50},
		{"", -1},
		{"m", -1},
		{"-1", -1},
		{"64x", -1},
		{"64mm", -1},
		{"64ib", -1},
		{"8192p", -1},
		{"99999999999999999999", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {0};
		uint64_t got;

		assert_row_int(rows[i].text, value_size(rows[i].text, &got, &err),
			rows[i].want < 0 ? -1 : 0);
		if (rows[i].want >= 0)
			assert_row_int(rows[i].text, got, rows[i].want);
	}
}

static void
checked_lists(void **state)
{
	static const struct {
		int (*check)(const char **value, struct arena *a, struct err *err);
		const char *in, *want; /* NULL: refused */
	} rows[] = {
		{check_add_host, "h:10.0.0.1", "h=10.0.0.1"},
		{check_add_host, "h=10.0.0.1", "h=10.0.0.1"},
		{check_add_host, "h:::1", "h=::1"},
		{check_add_host, "h=[fe80::1]", "h=fe80::1"},
		{check_add_host, "h:host-gateway", "h=host-gateway"},
		{check_add_host, ":10.0.0.1", NULL},
		{check_add_host, "h:", NULL},
		{check_add_host, "h:example.com", NULL},
		{check_add_host, "a b:10.0.0.1", NULL},
		{check_add_host, "a,b:10.0.0.1", NULL},
		{check_ulimit, "nofile=1024", "nofile=1024"},
		{check_ulimit, "nofile=1024:-1", "nofile=1024:-1"},
		{check_ulimit, "core=-1", "core=-1"},
		{check_ulimit, "core=-1:5", NULL},
		{check_ulimit, "nofile=2:1", NULL},
		{check_ulimit, "files=2", NULL},
		{check_ulimit, "nofile=1:2:3", NULL},
		{check_ulimit, "nofile=", NULL},
		{check_label, "k=v,w=x", "k=v,w=x"},
		{check_annotation, "manifest,index:k=v", "manifest,index:k=v"},
		{check_annotation, "index:=v", NULL},
		{check_build_context, "n=.", "n=."},
		{check_build_context, "n=", NULL},
		{check_attest, "mode=max,type=provenance", "mode=max,type=provenance"},
		{check_attributes, "false", "false"},
		{check_attributes, "mode=max,builder-id=x", "mode=max,builder-id=x"},
		{check_attributes, "mode=max,x", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		const char *value = rows[i].in;
		struct err err = {0};

		assert_row_int(rows[i].in, rows[i].check(&value, &a, &err), rows[i].want ? 0 : -1);
		if (rows[i].want)
			assert_row_str(rows[i].in, str_from(value), rows[i].want);
		else
			assert_row_err(rows[i].in, &err, ERR_USAGE, "");
	}
}

static void
c_01_help_lists_every_flag_in_order(void **state)
{
	static const char *const first[] = {"-h, --help", "--version", "-v, --verbose", "--config",
		"-f, --file=\"Dockerfile\"", "--build-arg=BUILD-ARG", "--no-login", "--no-pull",
		"--platform"};
	cleanup_buf struct buf help = {0};
	const char *at, *found;
	const struct flag *f;
	size_t i;

	(void)state;
	help_tool(&help, &tool_build, 80);
	at = buf_cstr(&help);
	assert_int_equal(strncmp(at, "Usage: build [flags] [PATH]\n\n", 29), 0);
	at = strstr(at, "\n\nFlags:\n");
	assert_non_null(at);
	for (i = 0; i < ARRAY_LEN(first); i++) {
		found = strstr(at, first[i]);
		assert_that(found, "'%s' missing or out of order", first[i]);
		at = found;
	}
	for (i = 0; (f = tool_flag(&tool_build, i)); i++) {
		cleanup_buf struct buf name = {0};

		buf_addf(&name, " --%s", f->name);
		assert_that(
			strstr(buf_cstr(&help), buf_cstr(&name)), "--%s is not listed", f->name);
	}
}

/* Nothing is longer than the width but words that cannot be broken. */
static void
help_is_wrapped(void **state)
{
	static const unsigned widths[] = {40, 60, 80, 132};
	struct str rest, line;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(widths); i++) {
		for (k = 0; k < TOOLS; k++) {
			cleanup_buf struct buf help = {0};

			help_tool(&help, tools[k], widths[i]);
			rest = buf_view(&help);
			while (str_line(&rest, &line))
				assert_that(line.len <= (widths[i] < 80 ? 80 : widths[i]),
					"%s at %u: " STR_FMT, tools[k]->name, widths[i],
					STR_ARG(line));
		}
	}
}

static void
completion_knows_every_flag(void **state)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};
	const struct flag *f;
	struct err err = {0};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(shells); i++) {
		cleanup_buf struct buf out = {0};

		assert_ok(completion_script(&out, shells[i], &err), &err);
		for (k = 0; (f = tool_flag(&tool_build, k)); k++)
			assert_that(
				strstr(buf_cstr(&out), f->name), "%s: --%s", shells[i], f->name);
		assert_null(strstr(buf_cstr(&out), "skip-login"));
	}
	assert_int_equal(completion_script(&(struct buf){0}, "csh", &err), -1);
	assert_err(&err, ERR_USAGE, "'csh'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(c_01_help_and_its_rank),
		cmocka_unit_test(c_02_c_03_early_actions_in_order),
		cmocka_unit_test(c_09_ways_to_name_the_file),
		cmocka_unit_test(c_10_booleans),
		cmocka_unit_test(short_booleans_in_a_bundle),
		cmocka_unit_test(c_11_c_12_build_args_repeat_and_keep_commas),
		cmocka_unit_test(c_13_flags_of_push),
		cmocka_unit_test(c_16_skip_login),
		cmocka_unit_test(every_added_flag),
		cmocka_unit_test(empty_values),
		cmocka_unit_test(c_06_c_07_c_08_command_line_errors),
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes),
		cmocka_unit_test(checked_lists),
		cmocka_unit_test(c_01_help_lists_every_flag_in_order),
		cmocka_unit_test(help_is_wrapped),
		cmocka_unit_test(completion_knows_every_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
