/* registry/origin: the labels of what stands under a tag, out of a scripted registry. */
#include "test.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/sha256.h"
#include "fake_registry.h"
#include "registry/client.h"
#include "registry/origin.h"

enum { DEADLINE_MS = 120000 };

#define OK "HTTP/1.1 200 OK\r\n"
#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define LABEL(name, value) "\"org.opencontainers.image." name "\":\"" value "\""
#define LABELLED \
	"{\"config\":{\"Labels\":{" LABEL("created", "2024-01-02T03:04:05Z") "," LABEL( \
		"revision", "abc") "," LABEL("version", "1.2.3") "}}}"

static const struct env empty_env = {(const char *const[]){NULL}};

static const char *
digest_of(struct arena *a, const char *text)
{
	char hex[SHA256_HEX_LEN + 1];

	sha256_text(str_from(text), hex);
	return arena_fmt(a, "sha256:%s", hex);
}

/* The text with a value in place of a mark, if it has one. */
static const char *
fill(struct arena *a, const char *text, char mark, const char *value)
{
	struct str rest = str_from(text), front;

	if (!str_cut(&rest, mark, &front))
		return text;
	return arena_fmt(a, STR_FMT "%s" STR_FMT, STR_ARG(front), value, STR_ARG(rest));
}

struct row {
	const char *name;
	const char *index;    /* @: digest of the manifest; NULL: the tag names the manifest */
	const char *manifest; /* @, #: digest and size of the configuration; NULL: 404 */
	const char *config;   /* what it is */
	const char *sent;     /* what comes in its place, or NULL */
	enum err_kind kind;   /* ERR_NONE: it works */
	const char *text;     /* the error, else the version, NULL: none */
};

static size_t
script(struct arena *a, const struct row *row, struct fake_step *steps)
{
	const char *config = digest_of(a, row->config), *manifest = NULL, *index, *tag = "t";
	size_t n = 0;

	if (row->manifest)
		manifest = fill(a, fill(a, row->manifest, '@', config), '#',
			arena_fmt(a, "%zu", strlen(row->sent ? row->sent : row->config)));
	steps[n++] = (struct fake_step){.request = "GET /v2/ ", .answer = OK "\r\n"};
	steps[n++] = (struct fake_step){.request = "GET /v2/ ", .answer = OK "\r\n"};
	if (row->index) {
		index = fill(a, row->index, '@', digest_of(a, manifest));
		steps[n++] = (struct fake_step){.request = "GET /v2/g/p/manifests/t ",
			.answer = arena_fmt(a, OK "Content-Type: " INDEX "\r\n\r\n%s", index)};
		if (!strstr(index, digest_of(a, manifest)))
			return n;
		tag = digest_of(a, manifest);
	}
	steps[n++] = (struct fake_step){.request = arena_fmt(a, "GET /v2/g/p/manifests/%s ", tag),
		.answer =
			manifest ? arena_fmt(a, OK "Content-Type: " MANIFEST "\r\n\r\n%s", manifest)
				 : "HTTP/1.1 404 Not Found\r\n\r\n"};
	if (manifest && strstr(manifest, config))
		steps[n++] = (struct fake_step){
			.request = arena_fmt(a, "GET /v2/g/p/blobs/%s ", config),
			.answer = arena_fmt(a, OK "\r\n%s", row->sent ? row->sent : row->config)};
	return n;
}

static void
labels_of_what_stands_under_a_tag(void **state)
{
	static const struct row rows[] = {
		{"an image", NULL, "{\"config\":{\"digest\":\"@\",\"size\":#}}", LABELLED, NULL,
			ERR_NONE, "1.2.3"},
		{"nothing", NULL, NULL, "", NULL, ERR_NONE, NULL},
		{"no labels", NULL, "{\"config\":{\"digest\":\"@\",\"size\":#}}", "{\"config\":{}}",
			NULL, ERR_NONE, NULL},
		{"an index, attestations first",
			"{\"manifests\":[{\"digest\":\"sha256:0\",\"platform\":{\"os\":\"unknown\"}},"
			"{\"digest\":\"@\",\"platform\":{\"os\":\"linux\"}}]}",
			"{\"config\":{\"digest\":\"@\",\"size\":#}}", LABELLED, NULL, ERR_NONE,
			"1.2.3"},
		{"an empty index", "{\"manifests\":[]}", "{}", "", NULL, ERR_PROTO,
			"'t' is no image"},
		{"an index of an index", "{\"manifests\":[{\"digest\":\"@\"}]}",
			"{\"manifests\":[{\"digest\":\"sha256:0\"}]}", "", NULL, ERR_PROTO,
			"'t' is no image"},
		{"a digest that is none", NULL, "{\"config\":{\"digest\":\"../x\",\"size\":1}}", "",
			NULL, ERR_PROTO, "../x"},
		{"another configuration", NULL, "{\"config\":{\"digest\":\"@\",\"size\":#}}",
			LABELLED, "{\"config\":{}}", ERR_PROTO, "sends other bytes"},
		{"a configuration that is none", NULL, "{\"config\":{\"digest\":\"@\",\"size\":#}}",
			"[[", NULL, ERR_PROTO, "JSON"},
		{"labels that would be obeyed by a terminal or a CI", NULL,
			"{\"config\":{\"digest\":\"@\",\"size\":#}}",
			"{\"config\":{\"Labels\":{" LABEL("version", "\\u001b[2J") "," LABEL(
				"revision", "a\\n::error::b") "}}}",
			NULL, ERR_NONE, NULL},
		{"labels that are no texts", NULL, "{\"config\":{\"digest\":\"@\",\"size\":#}}",
			"{\"config\":{\"Labels\":{\"org.opencontainers.image.version\":[1]}}}",
			NULL, ERR_NONE, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		cleanup_arena struct arena a = {0};
		cleanup_registry struct registry *r = NULL;
		struct registry_options o = {
			.repository = "g/p", .agent = "test/1", .env = &empty_env};
		struct registry_origin origin;
		struct fake_step steps[5];
		struct fake_registry f;
		struct err err = {0};
		bool found;
		int rc;

		fake_registry_start(&f, steps, script(&a, row, steps));
		o.host = f.host;
		r = registry_open(&o, &err);
		assert_that(r != NULL, "row '%s': %s", row->name, err.msg);
		rc = registry_origin(r, &a, "t", &origin, &found, deadline_in(DEADLINE_MS), &err);
		fake_registry_end(&f, row->name);
		if (row->kind != ERR_NONE) {
			assert_row_int(row->name, rc, -1);
			assert_row_err(row->name, &err, row->kind, row->text);
			continue;
		}
		assert_that(rc == 0, "row '%s': %s", row->name, err.msg);
		assert_row_int(row->name, found, row->manifest != NULL);
		assert_row_str(row->name, str_from(origin.version), row->text ? row->text : "");
		assert_row_str(row->name, str_from(origin.created),
			row->text ? "2024-01-02T03:04:05Z" : "");
		assert_row_str(row->name, str_from(origin.revision), row->text ? "abc" : "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_of_what_stands_under_a_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
