/* cmd/outputs, cmd/files: results for later steps. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/env.h"
#include "base/jval.h"
#include "cmd/files.h"
#include "cmd/outputs.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CONFIG "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define TOKEN "00112233445566778899aabbccddeeff"

static const char *const tags[] = {"r.example/g/app:abc", "r.example/g/app:main"};
static const struct run_result pushed = {
	.image = "r.example/g/app", .digest = DIGEST, .tags = tags, .n_tags = ARRAY_LEN(tags)};
static const struct run_result loaded = {
	.image = "r.example/g/app", .tags = tags, .n_tags = ARRAY_LEN(tags)};

/* ---- a folder of its own ----------------------------------------------------------------- */

struct place {
	char dir[64];
	char path[128]; /* of the file that a test is about; not created */
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	snprintf(p->dir, sizeof(p->dir), "/tmp/test_outputs.XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/file", p->dir);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = {"file", "link", "summary", "meta", "iid", "env", "out"};
	struct place *p = *state;
	int dir = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	/* fails when a temporary file was left behind */
	i = rmdir(p->dir) == 0 ? 0 : 1;
	free(p);
	return i ? -1 : 0;
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fputs(text, f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
}

static void
assert_file(const char *path, const char *want)
{
	char *got = test_read_file(path, NULL);

	assert_string_equal(got, want);
	free(got);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

struct kept {
	struct log log;
	char text[1024];
};

static void
keep(struct log *log, enum log_level level, const char *text)
{
	struct kept *k = log->arg;

	assert_int_equal(level, LOG_WARN);
	snprintf(k->text, sizeof(k->text), "%s", text);
}

static void
kept_init(struct kept *k)
{
	*k = (struct kept){.log = {.min = LOG_INFO, .write = keep}};
	k->log.arg = k;
}

/* ---- formats ----------------------------------------------------------------------------- */

static void
o_03_github_entries(void **state)
{
	static const struct {
		const char *name, *value, *want; /* want NULL: refused */
	} rows[] = {
		{"image-name", "r.example/g/app", "image-name=r.example/g/app\n"},
		{"digest", DIGEST, "digest=" DIGEST "\n"},
		{"x", "", "x=\n"},
		{"x", "a=b<<c", "x=a=b<<c\n"},
		{"tags", "a\nb", "tags<<ghadelimiter_" TOKEN "\na\nb\nghadelimiter_" TOKEN "\n"},
		{"x", "a\r", "x<<ghadelimiter_" TOKEN "\na\r\nghadelimiter_" TOKEN "\n"},
		{"x", "EOF\nother=1",
			"x<<ghadelimiter_" TOKEN "\nEOF\nother=1\nghadelimiter_" TOKEN "\n"},
		{"a=b", "x", NULL},
		{"a<<b", "x", NULL},
		{"a\nb", "x", NULL},
		{"", "x", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};
		struct err err = {0};
		int rc = format_github(&out, rows[i].name, rows[i].value, TOKEN, &err);

		assert_row_int(rows[i].name, rc, rows[i].want ? 0 : -1);
		assert_row_str(rows[i].name, buf_view(&out), rows[i].want);
	}
}

static void
lines_on_stdout(void **state)
{
	static const struct run_result with_id = {.image_id = CONFIG, .digest = DIGEST};
	static const struct {
		const char *name;
		const struct run_result *r;
		bool quiet;
		const char *want;
	} rows[] = {
		{"pushed", &pushed, false,
			"r.example/g/app:abc@" DIGEST "\nr.example/g/app:main@" DIGEST "\n"},
		{"loaded", &loaded, false, "r.example/g/app:abc\nr.example/g/app:main\n"},
		{"quiet", &pushed, true, DIGEST "\n"},
		{"quiet with id", &with_id, true, CONFIG "\n"},
		{"quiet, nothing known", &loaded, true, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};

		format_lines(&out, rows[i].r, rows[i].quiet);
		assert_row_str(rows[i].name, buf_view(&out), rows[i].want);
	}
}

static void
metadata_unwraps_as_buildx(void **state)
{
	static const struct {
		const char *key, *text; /* text: base64 is applied unless plain */
		bool plain;
		enum jval_kind want;
	} rows[] = {
		{"containerimage.descriptor", "{\"size\":1}", false, JVAL_OBJECT},
		{"list", "[{\"a\":1},{\"b\":2}]", false, JVAL_ARRAY},
		{"empty.object", "{}", false, JVAL_STRING},
		{"empty.list", "[]", false, JVAL_STRING},
		{"mixed.list", "[{\"a\":1},2]", false, JVAL_STRING},
		{"number", "1234", false, JVAL_STRING},
		{"not.json", "{\"a\":", false, JVAL_STRING},
		{"plain.json", "{\"a\":1}", true, JVAL_STRING},
		{"result.json", "{\"warnings\":[]}", true, JVAL_OBJECT},
		{"digest", DIGEST, true, JVAL_STRING},
		{"odd.length", "eyJhIjoxfQ", true, JVAL_STRING},
		{"empty", "", true, JVAL_STRING},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf value = {0}, out = {0};
		cleanup_jval struct jval *v = NULL;
		struct result_field field = {.key = rows[i].key};
		struct run_result r = {.fields = &field, .n_fields = 1};
		struct err err = {0};

		if (rows[i].plain)
			buf_puts(&value, rows[i].text);
		else
			base64_encode(&value, str_from(rows[i].text), BASE64_STD);
		field.value = buf_cstr(&value);
		format_metadata(&out, &r, 2);
		v = jval_parse(buf_view(&out), &err);
		assert_row_ok(rows[i].key, v ? 0 : -1, &err);
		assert_row_int(rows[i].key, jval_kind(jval_get(v, rows[i].key)), rows[i].want);
	}
}

static void
metadata_keys(void **state)
{
	static const struct result_field fields[] = {
		{"image.name", "from.exporter/x:1"},
		{"containerimage.config.digest", CONFIG},
	};
	struct run_result r = pushed;
	cleanup_buf struct buf out = {0};

	(void)state;
	format_metadata(&out, &r, 0);
	assert_str(buf_view(&out), "{\"image.name\":\"r.example/g/app:abc,r.example/g/app:main\","
				   "\"containerimage.digest\":\"" DIGEST "\","
				   "\"tags\":[\"r.example/g/app:abc\",\"r.example/g/app:main\"]}");
	buf_reset(&out);
	r.fields = fields;
	r.n_fields = ARRAY_LEN(fields);
	format_metadata(&out, &r, 0);
	assert_str(buf_view(&out), "{\"containerimage.config.digest\":\"" CONFIG "\","
				   "\"image.name\":\"from.exporter/x:1\","
				   "\"containerimage.digest\":\"" DIGEST "\","
				   "\"tags\":[\"r.example/g/app:abc\",\"r.example/g/app:main\"]}");
	assert_string_equal(run_result_id(&r), CONFIG);
}

static void
dotenv(void **state)
{
	static const struct run_result evil = {.image = "r/x", .digest = "sha256:0\nPATH=/evil"};
	cleanup_buf struct buf out = {0};
	struct err err = {0};

	(void)state;
	assert_ok(format_dotenv(&out, &pushed, &err), &err);
	assert_str(buf_view(&out),
		"IMAGE=r.example/g/app\nDIGEST=" DIGEST "\nIMAGE_DIGEST=r.example/g/app@" DIGEST
		"\nTAGS=r.example/g/app:abc,r.example/g/app:main\n");
	buf_reset(&out);
	assert_ok(format_dotenv(&out, &loaded, &err), &err);
	assert_str(buf_view(&out), "IMAGE=r.example/g/app\nDIGEST=\nIMAGE_DIGEST=\n"
				   "TAGS=r.example/g/app:abc,r.example/g/app:main\n");
	assert_int_equal(format_dotenv(&out, &evil, &err), -1);
	assert_err(&err, ERR_PROTO, "DIGEST");
}

static void
variables(void **state)
{
	static const char *const odd[] = {"r/x:a"};
	static const struct run_result r = {
		.image = "r/x", .digest = "sha|'[]\n;", .tags = odd, .n_tags = 1};
	static const struct {
		enum progress_ci dialect;
		const char *want;
	} rows[] = {
		{PROGRESS_CI_AZURE, "##vso[task.setvariable variable=IMAGE;isOutput=true]r/x\n"
				    "##vso[task.setvariable variable=DIGEST;isOutput=true]"
				    "sha|'[%5D%0A%3B\n"
				    "##vso[task.setvariable variable=IMAGE_DIGEST;isOutput=true]"
				    "r/x@sha|'[%5D%0A%3B\n"
				    "##vso[task.setvariable variable=TAGS;isOutput=true]r/x:a\n"},
		{PROGRESS_CI_TEAMCITY,
			"##teamcity[setParameter name='env.IMAGE' value='r/x']\n"
			"##teamcity[setParameter name='env.DIGEST' value='sha|||'|[|]|n;']\n"
			"##teamcity[setParameter name='env.IMAGE_DIGEST' "
			"value='r/x@sha|||'|[|]|n;']\n"
			"##teamcity[setParameter name='env.TAGS' value='r/x:a']\n"},
		{PROGRESS_CI_GITHUB, ""},
		{PROGRESS_CI_NONE, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};

		format_variables(&out, rows[i].dialect, &r);
		assert_row_str("dialect", buf_view(&out), rows[i].want);
	}
}

static void
summary_table(void **state)
{
	cleanup_buf struct buf out = {0};

	(void)state;
	format_summary(&out, &pushed);
	assert_str(buf_view(&out), "| Image | Digest |\n| --- | --- |\n"
				   "| `r.example/g/app:abc` | `" DIGEST "` |\n"
				   "| `r.example/g/app:main` | `" DIGEST "` |\n");
}

/* ---- files ------------------------------------------------------------------------------- */

static void
o_02_append_keeps_content(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{"", "k=v\n"},
		{"a=1\n", "a=1\nk=v\n"},
		{"a=1", "a=1\nk=v\n"},
	};
	struct place *p = *state;
	struct err err = {0};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		put(p->path, rows[i].before);
		assert_ok(file_append(p->path, STR("k=v\n"), &err), &err);
		assert_file(p->path, rows[i].after);
	}
}

static void
o_02_append_creates_nothing(void **state)
{
	struct place *p = *state;
	struct err err = {0};

	assert_int_equal(file_append(p->path, STR("k=v\n"), &err), -1);
	assert_err(&err, ERR_SYS, p->path);
	assert_false(exists(p->path));
	assert_int_equal(file_append(p->dir, STR("k=v\n"), &err), -1);
	/* a pipe nobody reads must not hold the run */
	assert_int_equal(mkfifo(p->path, 0600), 0);
	assert_int_equal(file_append(p->path, STR("k=v\n"), &err), -1);
	assert_int_equal(err.code, ENXIO);
}

static void
replace_as_a_whole(void **state)
{
	struct place *p = *state;
	struct stat before, after;
	struct err err = {0};
	mode_t mask = umask(027);
	char link[128];

	assert_ok(file_replace(p->path, STR("one"), &err), &err);
	assert_file(p->path, "one");
	assert_int_equal(stat(p->path, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0640);
	assert_int_equal(chmod(p->path, 0600), 0);
	assert_ok(file_replace(p->path, STR("two"), &err), &err);
	assert_file(p->path, "two");
	assert_int_equal(stat(p->path, &after), 0);
	assert_int_equal(after.st_mode & 07777, 0600);
	assert_int_not_equal(before.st_ino, after.st_ino);
	snprintf(link, sizeof(link), "%s/link", p->dir);
	assert_int_equal(symlink("file", link), 0);
	assert_ok(file_replace(link, STR("three"), &err), &err);
	assert_file(p->path, "three");
	assert_int_equal(lstat(link, &after), 0);
	assert_true(S_ISLNK(after.st_mode));
	umask(mask);
}

static void
replace_what_cannot_be_replaced(void **state)
{
	struct place *p = *state;
	struct err err = {0};

	assert_ok(file_replace("/dev/null", STR("x"), &err), &err);
	assert_int_equal(file_replace(p->dir, STR("x"), &err), -1);
	assert_err(&err, ERR_SYS, p->dir);
	assert_int_equal(file_replace("/nonexistent/folder/file", STR("x"), &err), -1);
	assert_err(&err, ERR_SYS, "/nonexistent/folder/file");
}

/* ---- everything together ----------------------------------------------------------------- */

static void
o_01_when_github_output_is_written(void **state)
{
	static const struct {
		const char *actions; /* NULL: not set */
		bool written;
	} rows[] = {
		{"GITHUB_ACTIONS=true", true},
		{"GITHUB_ACTIONS=True", false},
		{"GITHUB_ACTIONS=1", false},
		{"GITHUB_ACTIONS=", false},
		{"OTHER=1", false},
	};
	struct place *p = *state;
	char variable[192];
	size_t i;

	snprintf(variable, sizeof(variable), "GITHUB_OUTPUT=%s", p->path);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *vars[] = {rows[i].actions, variable, NULL};
		const char *no_path[] = {rows[i].actions, "GITHUB_OUTPUT=", NULL};

		put(p->path, "old=1\n");
		outputs_image_name(&(struct env){vars}, NULL, "r/x");
		outputs_image_name(&(struct env){no_path}, NULL, "r/y");
		assert_file(p->path, rows[i].written ? "old=1\nimage-name=r/x\n" : "old=1\n");
	}
}

static void
o_02_trouble_never_fails(void **state)
{
	static const char *const vars[] = {
		"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=/nonexistent/out", NULL};
	struct kept log;

	(void)state;
	kept_init(&log);
	outputs_image_name(&(struct env){vars}, &log.log, "r/x");
	assert_non_null(strstr(log.text, "GITHUB_OUTPUT"));
	assert_non_null(strstr(log.text, "/nonexistent/out"));
}

/* A console whose standard output is a file of the place. */
static int
console_to(struct console *c, const struct place *p)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/out", p->dir);
	console_init(c, &(struct env){0});
	c->out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(c->out >= 0);
	return c->out;
}

static void
b_26_d_09_p_11_outputs_of_a_run(void **state)
{
	static const struct {
		const char *name;
		const struct run_result *r;
		bool image_name, digest;
		const char *want; /* in front of tags */
	} rows[] = {
		{"build into the engine", &loaded, false, false, ""},
		{"build that knows a digest it must not tell", &pushed, false, false, ""},
		{"build that pushed", &pushed, false, true, "digest=" DIGEST "\n"},
		{"push", &pushed, true, true, "image-name=r.example/g/app\ndigest=" DIGEST "\n"},
		{"push without digest", &loaded, true, true, ""},
	};
	struct place *p = *state;
	char variable[192];
	size_t i;

	snprintf(variable, sizeof(variable), "GITHUB_OUTPUT=%s", p->path);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *vars[] = {"GITHUB_ACTIONS=true", variable, NULL};
		struct outputs want = {.image_name = rows[i].image_name, .digest = rows[i].digest};
		struct console c;
		struct err err = {0};
		char *got;
		int fd = console_to(&c, p);

		put(p->path, "");
		assert_row_ok(rows[i].name,
			outputs_write(&c, &(struct env){vars}, &want, rows[i].r, &err), &err);
		close(fd);
		got = test_read_file(p->path, NULL);
		assert_row_int(rows[i].name, strncmp(got, rows[i].want, strlen(rows[i].want)), 0);
		assert_row_int(rows[i].name,
			strncmp(got + strlen(rows[i].want), "tags<<ghadelimiter_", 19), 0);
		assert_that(strstr(got, "\nr.example/g/app:abc\nr.example/g/app:main\n"),
			"row '%s': tags in %s", rows[i].name, got);
		assert_that(strstr(got, "\nmetadata={"), "row '%s': metadata", rows[i].name);
		free(got);
	}
}

static void
files_by_flag(void **state)
{
	struct place *p = *state;
	char meta[128], iid[128], env[128], out[128], summary[128], variable[192];
	const char *vars[] = {variable, NULL};
	struct outputs want = {
		.metadata_file = meta, .iidfile = iid, .env_file = env, .quiet = true};
	struct console c;
	struct err err = {0};
	int fd;

	snprintf(meta, sizeof(meta), "%s/meta", p->dir);
	snprintf(iid, sizeof(iid), "%s/iid", p->dir);
	snprintf(env, sizeof(env), "%s/env", p->dir);
	snprintf(out, sizeof(out), "%s/out", p->dir);
	snprintf(summary, sizeof(summary), "%s/summary", p->dir);
	snprintf(variable, sizeof(variable), "GITHUB_STEP_SUMMARY=%s", summary);
	put(summary, "");
	fd = console_to(&c, p);
	assert_ok(outputs_write(&c, &(struct env){vars}, &want, &pushed, &err), &err);
	assert_file(out, DIGEST "\n");
	assert_file(iid, DIGEST);
	assert_true(exists(meta) && exists(env));
	assert_file(summary, "");
	want.summary = true;
	assert_ok(outputs_write(&c, &(struct env){vars}, &want, &pushed, &err), &err);
	free(test_read_file(summary, NULL));
	/* one that fails does not keep the others from being written */
	unlink(env);
	want.metadata_file = "/nonexistent/meta";
	assert_int_equal(outputs_write(&c, &(struct env){0}, &want, &pushed, &err), -1);
	assert_err(&err, ERR_SYS, "--metadata-file: ");
	assert_true(exists(env));
	want.metadata_file = NULL;
	assert_int_equal(outputs_write(&c, &(struct env){0}, &want, &loaded, &err), -1);
	assert_err(&err, ERR_PROTO, "--iidfile");
	close(fd);
}

/* Service messages are read from standard output, which -q keeps for one value. */
static void
teamcity_messages_and_quiet(void **state)
{
	struct place *p = *state;
	struct outputs want = {0};
	struct console c;
	struct err err = {0};
	char out[128], *got;
	int fd;

	snprintf(out, sizeof(out), "%s/out", p->dir);
	fd = console_to(&c, p);
	console_provider(&c, "teamcity");
	assert_ok(outputs_write(&c, &(struct env){0}, &want, &pushed, &err), &err);
	close(fd);
	got = test_read_file(out, NULL);
	assert_int_equal(strncmp(got, "r.example/g/app:abc@", 20), 0);
	assert_non_null(strstr(got, "\n##teamcity[setParameter name='env.IMAGE'"));
	free(got);
	fd = console_to(&c, p);
	console_provider(&c, "teamcity");
	want.quiet = true;
	assert_ok(outputs_write(&c, &(struct env){0}, &want, &pushed, &err), &err);
	close(fd);
	assert_file(out, DIGEST "\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(o_03_github_entries),
		cmocka_unit_test(lines_on_stdout),
		cmocka_unit_test(metadata_unwraps_as_buildx),
		cmocka_unit_test(metadata_keys),
		cmocka_unit_test(dotenv),
		cmocka_unit_test(variables),
		cmocka_unit_test(summary_table),
		cmocka_unit_test_setup_teardown(o_02_append_keeps_content, setup, teardown),
		cmocka_unit_test_setup_teardown(o_02_append_creates_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(replace_as_a_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(replace_what_cannot_be_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(
			o_01_when_github_output_is_written, setup, teardown),
		cmocka_unit_test(o_02_trouble_never_fails),
		cmocka_unit_test_setup_teardown(b_26_d_09_p_11_outputs_of_a_run, setup, teardown),
		cmocka_unit_test_setup_teardown(files_by_flag, setup, teardown),
		cmocka_unit_test_setup_teardown(teamcity_messages_and_quiet, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
