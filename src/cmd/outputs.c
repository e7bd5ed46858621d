#include "cmd/outputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/limits.h"
#include "cmd/files.h"
#include "cmd/metadata.h"
#include "registry/https.h"

enum { TOKEN_BYTES = 16 };

static const char *
text_or_empty(const char *text)
{
	return text ? text : "";
}

static const char *
field_value(const struct run_result *r, const char *key)
{
	size_t i;

	for (i = 0; i < r->n_fields; i++)
		if (strcmp(r->fields[i].key, key) == 0)
			return r->fields[i].value;
	return NULL;
}

const char *
run_result_id(const struct run_result *r)
{
	const char *id = r->image_id;

	if (!id)
		id = field_value(r, "containerimage.config.digest");
	if (!id)
		id = r->digest;
	return id ? id : field_value(r, "containerimage.digest");
}

static void
join_tags(struct buf *out, const struct run_result *r, const char *separator)
{
	size_t i;

	for (i = 0; i < r->n_tags; i++)
		buf_addf(out, "%s%s", i ? separator : "", r->tags[i]);
}

void
format_lines(struct buf *out, const struct run_result *r, bool quiet)
{
	const char *id = run_result_id(r);
	size_t i;

	if (quiet && id)
		buf_addf(out, "%s\n", id);
	for (i = 0; !quiet && i < r->n_tags; i++) {
		const char *digest = text_or_empty(r->digests ? r->digests[i] : r->digest);

		buf_addf(out, "%s%s%s\n", r->tags[i], *digest ? "@" : "", digest);
	}
}

/* ---- GitHub command files (facts: CI fact sheet 6.1) ----------------------------------------- */

int
format_github(
	struct buf *out, const char *name, const char *value, const char *token, struct err *err)
{
	if (!*name || strpbrk(name, "=\r\n") || strstr(name, "<<"))
		return err_set(err, ERR_PROTO, "'%s' cannot be the name of an output", name);
	if (strpbrk(value, "\r\n"))
		buf_addf(out, "%s<<ghadelimiter_%s\n%s\nghadelimiter_%s\n", name, token, value,
			token);
	else
		buf_addf(out, "%s=%s\n", name, value);
	return 0;
}

/* ---- metadata -------------------------------------------------------------------------------- */

/* Standard alphabet with padding and nothing else, as the writers of these fields produce it. */
static bool
is_strict_base64(struct str s)
{
	size_t i, pad = 0;

	if (s.len == 0 || s.len % 4)
		return false;
	while (pad < 2 && s.s[s.len - 1 - pad] == '=')
		pad++;
	for (i = 0; i < s.len - pad; i++) {
		char c = s.s[i];
		bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			     (c >= '0' && c <= '9') || c == '+' || c == '/';

		if (!digit)
			return false;
	}
	return true;
}

static bool
is_member(const char *key, const struct jval *v, void *arg)
{
	(void)key;
	(void)v;
	*(bool *)arg = true;
	return false;
}

/* A non-empty object, or a non-empty array of objects. */
static bool
is_document(const struct jval *v)
{
	bool any = false;
	size_t i;

	if (jval_kind(v) == JVAL_OBJECT) {
		jval_each(v, is_member, &any);
		return any;
	}
	if (jval_kind(v) != JVAL_ARRAY || jval_len(v) == 0)
		return false;
	for (i = 0; i < jval_len(v); i++)
		if (jval_kind(jval_at(v, i)) != JVAL_OBJECT)
			return false;
	return true;
}

static struct jval *
document(struct str text)
{
	struct jval *v;

	if (text.len > LIMIT_JSON)
		return NULL;
	v = jval_parse(text, NULL);
	if (is_document(v))
		return v;
	jval_free(v);
	return NULL;
}

/* NULL: the value is a plain string */
static struct jval *
unwrap(const struct result_field *f)
{
	cleanup_buf struct buf text = {0};

	if (strcmp(f->key, "result.json") == 0)
		return document(str_from(f->value));
	if (!is_strict_base64(str_from(f->value)) || !base64_decode(&text, str_from(f->value)))
		return NULL;
	return document(buf_view(&text));
}

static int
by_key(const void *a, const void *b)
{
	const struct result_field *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static void
add_fields(struct jval *object, const struct run_result *r)
{
	struct result_field *sorted = xcalloc(r->n_fields + 1, sizeof(*sorted));
	struct jval *v;
	size_t i;

	for (i = 0; i < r->n_fields; i++)
		sorted[i] = r->fields[i];
	qsort(sorted, r->n_fields, sizeof(*sorted), by_key);
	for (i = 0; i < r->n_fields; i++) {
		v = unwrap(&sorted[i]);
		if (v)
			jval_set(object, sorted[i].key, v);
		else
			jval_set_str(object, sorted[i].key, sorted[i].value);
	}
	free(sorted);
}

void
format_metadata(struct buf *out, const struct run_result *r, unsigned indent)
{
	cleanup_jval struct jval *object = jval_new_object();
	cleanup_buf struct buf names = {0};
	struct jval *tags = jval_new_array();
	size_t i;

	add_fields(object, r);
	join_tags(&names, r, ",");
	if (!jval_get(object, "image.name") && r->n_tags)
		jval_set_str(object, "image.name", buf_cstr(&names));
	if (!jval_get(object, "containerimage.digest") && r->digest)
		jval_set_str(object, "containerimage.digest", r->digest);
	for (i = 0; i < r->n_tags; i++)
		jval_add_str(tags, r->tags[i]);
	jval_set(object, "tags", tags);
	jval_write(out, object, indent);
	if (indent)
		buf_putc(out, '\n');
}

/* ---- variables ------------------------------------------------------------------------------- */

enum { VARIABLES = 4 };

struct variable {
	const char *name;
	struct buf value;
};

/* The same four everywhere: dotenv file, Azure, TeamCity, Buildkite. */
static void
variables_init(struct variable v[VARIABLES], const struct run_result *r)
{
	size_t i;

	for (i = 0; i < VARIABLES; i++)
		v[i] = (struct variable){0};
	v[0].name = "IMAGE";
	buf_puts(&v[0].value, text_or_empty(r->image));
	v[1].name = "DIGEST";
	buf_puts(&v[1].value, text_or_empty(r->digest));
	v[2].name = "IMAGE_DIGEST";
	if (r->image && r->digest)
		buf_addf(&v[2].value, "%s@%s", r->image, r->digest);
	v[3].name = "TAGS";
	join_tags(&v[3].value, r, ",");
}

static void
variables_release(struct variable v[VARIABLES])
{
	size_t i;

	for (i = 0; i < VARIABLES; i++)
		buf_release(&v[i].value);
}

int
format_dotenv(struct buf *out, const struct run_result *r, struct err *err)
{
	struct variable v[VARIABLES];
	int rc = 0;
	size_t i;

	variables_init(v, r);
	for (i = 0; i < VARIABLES && rc == 0; i++) {
		/* the format has no quoting, and a second line could set any variable */
		if (strpbrk(buf_cstr(&v[i].value), "\r\n"))
			rc = err_set(err, ERR_PROTO, "value of %s holds a line break", v[i].name);
		else
			buf_addf(out, "%s=%s\n", v[i].name, buf_cstr(&v[i].value));
	}
	variables_release(v);
	return rc;
}

void
format_variables(struct buf *out, enum progress_ci ci, const struct run_result *r)
{
	struct variable v[VARIABLES];
	size_t i;

	variables_init(v, r);
	for (i = 0; i < VARIABLES; i++) {
		if (ci == PROGRESS_CI_AZURE)
			buf_addf(out, "##vso[task.setvariable variable=%s;isOutput=true]",
				v[i].name);
		else if (ci == PROGRESS_CI_TEAMCITY)
			buf_addf(out, "##teamcity[setParameter name='env.%s' value='", v[i].name);
		else
			continue;
		progress_escape(out, ci, buf_view(&v[i].value), true);
		buf_puts(out, ci == PROGRESS_CI_TEAMCITY ? "']\n" : "\n");
	}
	variables_release(v);
}

/* A cell of a Markdown table, as code. */
static void
cell(struct buf *out, const char *text)
{
	buf_puts(out, "| `");
	for (; *text; text++)
		if (*text == '|')
			buf_puts(out, "\\|");
		else if (*text != '`' && *text != '\r' && *text != '\n')
			buf_putc(out, *text);
	buf_puts(out, "` ");
}

void
format_summary(struct buf *out, const struct run_result *r)
{
	size_t i;

	buf_puts(out, "| Image | Digest |\n| --- | --- |\n");
	for (i = 0; i < r->n_tags; i++) {
		cell(out, r->tags[i]);
		cell(out, r->digest ? r->digest : "-");
		buf_puts(out, "|\n");
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Trouble with what the CI offers is a warning: the image is built, and that is what counts. */
static void
offer(struct log *log, const char *variable, const char *path, const struct buf *text)
{
	struct err err = {0};

	if (file_append(path, buf_view(text), &err))
		log_warn(log, "%s is not written: %s", variable, err.msg);
}

/* GITHUB_OUTPUT, or NULL when this is no run of its kind. Gitea and Forgejo pass the same test. */
static const char *
github_output(const struct env *env)
{
	const char *actions = env_raw(env, "GITHUB_ACTIONS");

	return actions && strcmp(actions, "true") == 0 ? env_get(env, "GITHUB_OUTPUT") : NULL;
}

static void
add_output(struct buf *out, const char *name, const char *value)
{
	cleanup_buf struct buf token = {0};
	uint8_t bytes[TOKEN_BYTES];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(&token, bytes, sizeof(bytes));
	if (format_github(out, name, value, buf_cstr(&token), NULL))
		BUG("name of an output");
}

void
outputs_image_name(const struct env *env, struct log *log, const char *image)
{
	const char *path = github_output(env);
	cleanup_buf struct buf text = {0};

	if (!path)
		return;
	add_output(&text, "image-name", image);
	offer(log, "GITHUB_OUTPUT", path, &text);
}

static void
write_github(const struct env *env, struct log *log, const struct outputs *want,
	const struct run_result *r)
{
	cleanup_buf struct buf text = {0}, tags = {0}, metadata = {0}, summary = {0};
	const char *path = github_output(env), *page = env_get(env, "GITHUB_STEP_SUMMARY");

	if (path) {
		if (want->image_name && r->image && r->digest)
			add_output(&text, "image-name", r->image);
		if (want->digest && r->digest)
			add_output(&text, "digest", r->digest);
		join_tags(&tags, r, "\n");
		add_output(&text, "tags", buf_cstr(&tags));
		format_metadata(&metadata, r, 0);
		add_output(&text, "metadata", buf_cstr(&metadata));
		offer(log, "GITHUB_OUTPUT", path, &text);
	}
	if (want->summary && page && r->n_tags) {
		format_summary(&summary, r);
		offer(log, "GITHUB_STEP_SUMMARY", page, &summary);
	}
}

static void
write_buildkite(const struct env *env, struct log *log, const struct run_result *r)
{
	struct variable v[VARIABLES];
	struct https https;
	struct err err = {0};
	size_t i;

	if (!metadata_is_there(env))
		return;
	https_init(&https, env);
	variables_init(v, r);
	for (i = 0; i < VARIABLES; i++)
		if (v[i].value.len &&
			metadata_set(&https, env, v[i].name, buf_cstr(&v[i].value), &err)) {
			log_warn(log, "the meta-data of the build are not set: %s", err.msg);
			break;
		}
	variables_release(v);
}

static int
write_metadata_file(const char *path, const struct run_result *r, struct err *err)
{
	cleanup_buf struct buf text = {0};

	format_metadata(&text, r, 2);
	return file_replace(path, buf_view(&text), err) ? err_wrap(err, "--metadata-file") : 0;
}

static int
write_iidfile(const char *path, const struct run_result *r, struct err *err)
{
	const char *id = run_result_id(r);

	if (!id)
		return err_set(err, ERR_PROTO, "--iidfile: the build has given no image id");
	return file_replace(path, str_from(id), err) ? err_wrap(err, "--iidfile") : 0;
}

static int
write_env_file(const char *path, const struct run_result *r, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (format_dotenv(&text, r, err) || file_replace(path, buf_view(&text), err))
		return err_wrap(err, "--env-file");
	return 0;
}

int
outputs_check(const char *metadata_file, const char *iidfile, const char *env_file, struct err *err)
{
	const char *const files[][2] = {{"--metadata-file", metadata_file}, {"--iidfile", iidfile},
		{"--env-file", env_file}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(files); i++)
		if (files[i][1] && file_check(files[i][1], err))
			return err_wrap(err, "%s", files[i][0]);
	return 0;
}

/*
 * TeamCity reads its messages from standard output, Azure from both streams.
 * With -q standard output is for one value only.
 */
static int
write_stdout(
	struct console *c, const struct outputs *want, const struct run_result *r, struct err *err)
{
	cleanup_buf struct buf lines = {0}, variables = {0};

	format_lines(&lines, r, want->quiet);
	format_variables(&variables, c->ci, r);
	if (c->ci == PROGRESS_CI_AZURE)
		console_command(c, buf_view(&variables));
	else if (!want->quiet)
		buf_str(&lines, buf_view(&variables));
	return console_print(c, buf_view(&lines), err);
}

int
outputs_write(struct console *c, const struct env *env, const struct outputs *want,
	const struct run_result *r, struct err *err)
{
	struct err later;
	int rc;

	rc = write_stdout(c, want, r, err);
	write_github(env, &c->log, want, r);
	if (want->metadata_file)
		rc |= write_metadata_file(want->metadata_file, r, rc ? &later : err);
	if (want->iidfile)
		rc |= write_iidfile(want->iidfile, r, rc ? &later : err);
	if (want->env_file)
		rc |= write_env_file(want->env_file, r, rc ? &later : err);
	/* the one that may have to wait, and is offered only: after what was asked for */
	if (c->ci == PROGRESS_CI_BUILDKITE)
		write_buildkite(env, &c->log, r);
	return rc;
}
