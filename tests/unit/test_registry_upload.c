/*
 * What goes to a registry and comes from it: blobs whole and in pieces, manifests, lists of
 * referrers, against scripted registries that are kind, busy, forgetful, or mean ill.
 */
#include "test.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "fake_registry.h"
#include "registry/client.h"
#include "registry/credentials.h"

enum { STEPS_MAX = 16, DEADLINE_MS = 120000, SMALL = 5, BIG = 5 << 19 /* 2.5 MiB */ };

enum question { PUT, PUT_BIG, PUT_EMPTY, PUT_MANIFEST, REFER, GET };

struct row {
	const char *name;
	enum question question;
	const char *user, *secret; /* NULL: anonymous */
	const char *from;          /* repository to mount from */
	uint64_t cut;              /* the file ends there; 0: it is whole */
	bool changed;              /* it holds other bytes than its digest says */
	enum registry_put how;
	struct fake_step steps[STEPS_MAX];
	enum err_kind kind; /* ERR_NONE: it works */
	const char *text;
};

#define OK "HTTP/1.1 200 OK\r\n"
#define FIRST \
	{ \
		.request = "GET /v2/ ", .lacks = "Authorization", .answer = OK "\r\n" \
	}
#define BASIC "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\r\n"
#define BEARER \
	"HTTP/1.1 401 Unauthorized\r\n" \
	"WWW-Authenticate: Bearer realm=\"http://@HOST@/token\",service=\"s\"\r\n\r\n"
#define TOKEN(t) OK "Content-Type: application/json\r\n\r\n{\"token\":\"" t "\",\"expires_in\":300}"
#define ERRORS(status, code, message) \
	"HTTP/1.1 " status "\r\nContent-Type: application/json\r\n\r\n" \
	"{\"errors\":[{\"code\":\"" code "\",\"message\":\"" message "\"}]}"
#define ANSWER(status) "HTTP/1.1 " status "\r\n\r\n"
#define OPENED(where) "HTTP/1.1 202 Accepted\r\nLocation: " where "\r\n\r\n"
#define HELD(where, last) \
	"HTTP/1.1 202 Accepted\r\nLocation: " where "\r\nRange: 0-" last "\r\n\r\n"

#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define PASSWORD "Authorization: Basic dTpwIHc=" /* u:p w */
#define UPLOADS "POST /v2/g/p/blobs/uploads/"
#define ABSENT \
	{ \
		.request = "HEAD /v2/g/p/blobs/sha256:", .answer = ANSWER("404 Not Found") \
	}
/* Not all registries take a blob at once; what they say then opens an ordinary session. */
#define NO_SINGLE \
	{ \
		UPLOADS "?digest=" HELLO " ", "\r\n\r\nhello", NULL, ANSWER("400 Bad Request") \
	}
#define SESSION(where) \
	{ \
		UPLOADS " ", "Content-Length: 0", NULL, OPENED(where) \
	}

static char big[BIG];
static char digest_of_big[8 + 64] = "sha256:";

static const char *
content_of(const struct row *row)
{
	return row->question == PUT_BIG ? big : row->changed ? "jello" : "hello";
}

static ssize_t
read_content(void *arg, uint64_t at, void *p, size_t len, struct err *err)
{
	const struct row *row = arg;
	uint64_t size = row->cut ? row->cut : row->question == PUT_BIG ? BIG : SMALL;

	(void)err;
	if (at >= size)
		return 0;
	if (len > size - at)
		len = (size_t)(size - at);
	memcpy(p, content_of(row) + at, len);
	return (ssize_t)len;
}

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define MANIFEST_DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static int
fetch(struct registry *r, struct err *err)
{
	struct registry_download *d =
		registry_blob_open(r, HELLO, SMALL, deadline_in(DEADLINE_MS), err);
	char got[16] = "";
	size_t len = 0;
	ssize_t n;

	if (!d)
		return -1;
	while ((n = registry_blob_read(d, got + len, 3, err)) > 0)
		len += (size_t)n;
	registry_blob_close(d);
	if (n == 0)
		assert_string_equal(got, "hello");
	return n < 0 ? -1 : 0;
}

static int
ask(struct registry *r, const struct row *row, struct err *err)
{
	static struct row copy;
	static const struct {
		const char *digest;
		uint64_t size;
	} blobs[] = {{HELLO, SMALL}, {digest_of_big, BIG}, {EMPTY, 0}};
	size_t which = row->question <= PUT_EMPTY ? row->question : PUT;
	struct registry_blob blob = {.digest = blobs[which].digest,
		.size = blobs[which].size,
		.read = read_content,
		.arg = &copy,
		.from = row->from};
	struct registry_document doc = {STR("{}"), MANIFEST_TYPE, MANIFEST_DIGEST};
	int64_t deadline = deadline_in(DEADLINE_MS);
	enum registry_put how;
	enum registry_kept kept;

	copy = *row;
	switch (row->question) {
	case PUT:
	case PUT_BIG:
	case PUT_EMPTY:
		if (registry_blob_put(r, &blob, &how, deadline, err))
			return -1;
		assert_row_int(row->name, how, row->how);
		return 0;
	case PUT_MANIFEST:
		if (row->changed)
			doc.digest = HELLO;
		return registry_manifest_put(r, "t", &doc, &kept, deadline, err);
	case REFER:
		return registry_referrer_add(r, HELLO, MANIFEST_DIGEST,
			STR("{\"digest\":\"" MANIFEST_DIGEST "\"}"), deadline, err);
	case GET:
		return fetch(r, err);
	}
	return -1;
}

static const struct env empty_env = {(const char *const[]){NULL}};

static void
run_row(const struct row *row)
{
	cleanup_credentials struct credentials *c = credentials_new(&empty_env, NULL);
	cleanup_registry struct registry *r = NULL;
	cleanup_secret struct secret secret = {0};
	struct registry_options o = {
		.repository = "g/p", .insecure = row->secret != NULL, .env = &empty_env};
	struct fake_registry f;
	struct err err = {0};
	size_t n = 0;
	int rc;

	while (n < STEPS_MAX && row->steps[n].request)
		n++;
	fake_registry_start(&f, row->steps, n);
	if (row->secret) {
		secret_set(&secret, str_from(row->secret));
		credentials_add(c, f.host, row->user, &secret, "SOURCE");
	}
	o.host = f.host;
	o.credentials = c;
	r = registry_open(&o, &err);
	assert_that(r != NULL, "row '%s': %s", row->name, err.msg);
	rc = ask(r, row, &err);
	if (row->kind == ERR_NONE)
		assert_row_ok(row->name, rc, &err);
	else
		assert_row_err(row->name, &err, row->kind, row->text);
	assert_row_int(row->name, rc, row->kind == ERR_NONE ? 0 : -1);
	fake_registry_end(&f, row->name);
}

static void
run_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		run_row(&rows[i]);
}

static void
upload_of_a_blob_whole(void **state)
{
	static const struct row rows[] = {
		{"what is there is not sent", PUT, .how = REGISTRY_THERE,
			.steps = {FIRST, FIRST,
				{"HEAD /v2/g/p/blobs/" HELLO " ", .answer = OK "\r\n"}}},
		{"201 on POST?digest: one request does it", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT,
				{UPLOADS "?digest=" HELLO " ", "\r\n\r\nhello", NULL,
					ANSWER("201 Created")}}},
		{"202 on POST?digest: carry on at the Location", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT,
				{UPLOADS "?digest=", "hello", NULL, OPENED("/u/1?_state=a%3D")},
				{"PUT /u/1?_state=a%3D&digest=" HELLO " ", "\r\n\r\nhello", NULL,
					ANSWER("201 Created")}}},
		{"202 on POST?digest by one that took the bytes all the same", PUT,
			.how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT,
				{UPLOADS "?digest=", "hello", NULL, OPENED("/u/1")},
				{"PUT /u/1?digest=",
					.answer = ERRORS("400 -", "DIGEST_INVALID", "no")},
				ABSENT, SESSION("/u/2"),
				{"PUT /u/2?digest=", "hello", NULL, ANSWER("201 Created")}}},
		{"a relative Location", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("7"),
				{"PUT /v2/g/p/blobs/uploads/7?digest=" HELLO " ",
					"Content-Type: application/octet-stream", NULL,
					ANSWER("201 Created")}}},
		{"an absolute Location with a query", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("http://@HOST@/u?a=b"),
				{"PUT /u?a=b&digest=" HELLO " ", .answer = ANSWER("201 -")}}},
		{"no Location", PUT, .kind = ERR_PROTO, .text = "does not say where",
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE,
				{UPLOADS " ", .answer = ANSWER("202 Accepted")}}},
		{"who may not ask whether it is there sends it", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, {"HEAD ", .answer = ANSWER("403 Forbidden")},
				NO_SINGLE, SESSION("/u"),
				{"PUT /u?", "hello", NULL, ANSWER("201 -")}}},
		{"refused in the registry's own words", PUT, .kind = ERR_AUTH,
			.text = "answered 403 DENIED: quota exceeded",
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE,
				{UPLOADS " ",
					.answer = ERRORS("403 -", "DENIED", "quota exceeded")}}},
		{"kept under another digest", PUT, .kind = ERR_PROTO,
			.text = "keeps '" HELLO "' as",
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u"),
				{"PUT /u?",
					.answer =
						"HTTP/1.1 201 -\r\nDocker-Content-Digest: " MANIFEST_DIGEST
						"\r\n\r\n"}}},
		{"of no bytes", PUT_EMPTY, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, SESSION("/u"),
				{"PUT /u?digest=" EMPTY " ", "Content-Length: 0\r\n", NULL,
					ANSWER("201 -")}}},
		{"not even that is small enough", PUT_EMPTY, .kind = ERR_REMOTE,
			.text = "answered 413",
			.steps = {FIRST, FIRST, ABSENT, SESSION("/u"),
				{"PUT /u?", .answer = ANSWER("413 Too Large")}}},
		{"a limit of the proxy, and nothing smaller to send", PUT, .kind = ERR_REMOTE,
			.text = "answered 413",
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u"),
				{"PUT /u?", .answer = ANSWER("413 Too Large")}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
upload_by_mount(void **state)
{
	static const struct row rows[] = {
		{"201 on mount", PUT, .from = "g/base", .how = REGISTRY_MOUNTED,
			.steps = {FIRST, FIRST, ABSENT,
				{UPLOADS "?mount=" HELLO "&from=g/base ", "Content-Length: 0", NULL,
					ANSWER("201 Created")}}},
		{"202 on mount: the session that was opened serves", PUT, .from = "g/base",
			.how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, {UPLOADS "?mount=", .answer = OPENED("/u")},
				{"PUT /u?digest=" HELLO " ", "hello", NULL,
					ANSWER("201 Created")}}},
		{"4xx on mount: without it, then", PUT, .from = "g/base", .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT,
				{UPLOADS "?mount=", .answer = ERRORS("404 -", "UNSUPPORTED", "")},
				{UPLOADS "?digest=", "hello", NULL, ANSWER("201 Created")}}},
		{"a token for both repositories, and one for the own alone", PUT, "u", "p w",
			.from = "g/base", .how = REGISTRY_SENT,
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?service=s&scope=repository:g/p:pull,push ", PASSWORD,
					NULL, TOKEN("abc")},
				{"HEAD /v2/g/p/blobs/", "Bearer abc\r\n", NULL, ANSWER("404 -")},
				{"GET /token?service=s&scope=repository:g/p:pull,push&"
				 "scope=repository:g/base:pull ",
					PASSWORD, NULL, ERRORS("403 -", "DENIED", "not yours")},
				{UPLOADS "?digest=", "Bearer abc\r\n", NULL,
					ANSWER("201 Created")}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

#define MEGA_1 "1048575"
#define MEGA_2 "2097151"
#define TOO_LARGE SESSION("/u/0"), {"PUT /u/0?", .answer = ANSWER("413 Too Large")}, ABSENT
#define CHUNK(where, range, answer) \
	{ \
		"PATCH " where " ", "\r\nContent-Range: " range "\r\n", NULL, answer \
	}

static void
upload_in_chunks(void **state)
{
	static const struct row rows[] = {
		{"PATCH 202, 201, 204: each at the newest Location", PUT_BIG, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1?s=0"),
				CHUNK("/u/1?s=0", "0-" MEGA_1, HELD("/u/1?s=1", MEGA_1)),
				CHUNK("/u/1?s=1", "1048576-" MEGA_2,
					"HTTP/1.1 201 -\r\nLocation: /u/1?s=2\r\n\r\n"),
				CHUNK("/u/1?s=2", "2097152-2621439", ANSWER("204 -")),
				{"PUT /u/1?s=2&digest=sha256:", "Content-Length: 0", NULL,
					ANSWER("201 Created")}}},
		{"the registry has taken less than was sent", PUT_BIG, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1"),
				CHUNK("/u/1", "0-" MEGA_1, HELD("/u/2", "999999")),
				CHUNK("/u/2", "1000000-2048575", HELD("/u/3", "2048575")),
				CHUNK("/u/3", "2048576-2621439", HELD("/u/4", "2621439")),
				{"PUT /u/4?", .answer = ANSWER("201 -")}}},
		{"broken off: on from where the session is", PUT_BIG, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1"),
				CHUNK("/u/1", "0-" MEGA_1, HELD("/u/2", MEGA_1)),
				CHUNK("/u/2", "1048576-" MEGA_2, NULL),
				{"GET /u/2 ", .answer = "HTTP/1.1 204 -\r\nLocation: /u/3\r\n"
							"Range: 0-1999999\r\n\r\n"},
				CHUNK("/u/3", "2000000-2621439", HELD("/u/4", "2621439")),
				{"PUT /u/4?", .answer = ANSWER("201 -")}}},
		{"416: out of order, on from where the session is", PUT_BIG, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1"),
				CHUNK("/u/1", "0-" MEGA_1, HELD("/u/2", MEGA_1)),
				CHUNK("/u/2", "1048576-" MEGA_2, ANSWER("416 -")),
				{"GET /u/2 ",
					.answer = "HTTP/1.1 204 -\r\nRange: 0-" MEGA_2 "\r\n\r\n"},
				CHUNK("/u/2", "2097152-2621439", HELD("/u/4", "2621439")),
				{"PUT /u/4?", .answer = ANSWER("201 -")}}},
		{"forgotten: a new session", PUT_BIG, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1"),
				CHUNK("/u/1", "0-" MEGA_1,
					ERRORS("404 -", "BLOB_UPLOAD_UNKNOWN", "gone")),
				{"GET /u/1 ", .answer = ANSWER("404 -")}, ABSENT, SESSION("/u/5"),
				CHUNK("/u/5", "0-" MEGA_1, HELD("/u/6", MEGA_1)),
				CHUNK("/u/6", "1048576-" MEGA_2, HELD("/u/6", MEGA_2)),
				CHUNK("/u/6", "2097152-2621439", HELD("/u/6", "2621439")),
				{"PUT /u/6?", .answer = ANSWER("201 -")}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
upload_in_chunks_that_cannot_be(void **state)
{
	static const struct row rows[] = {
		{"chunks that must be larger than what goes through", PUT_BIG, .kind = ERR_REMOTE,
			.text = "answered 413",
			.steps = {FIRST, FIRST, ABSENT,
				{UPLOADS " ", .answer = "HTTP/1.1 202 -\r\nLocation: /u/0\r\n"
							"OCI-Chunk-Min-Length: 2000000\r\n\r\n"},
				{"PUT /u/0?", .answer = ANSWER("413 Too Large")}}},
		{"a session that stands still", PUT_BIG, .kind = ERR_PROTO,
			.text = "holds 1048576 bytes",
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1"),
				CHUNK("/u/1", "0-" MEGA_1, HELD("/u/2", MEGA_1)),
				CHUNK("/u/2", "1048576-" MEGA_2, HELD("/u/3", MEGA_1))}},
		{"a session with more than was sent", PUT_BIG, .kind = ERR_PROTO,
			.text = "holds 2097152 bytes",
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1"),
				CHUNK("/u/1", "0-" MEGA_1, HELD("/u/2", MEGA_2))}},
		{"a Range beyond every number, then a refusal", PUT_BIG, .kind = ERR_AUTH,
			.text = "answered 403",
			.steps = {FIRST, FIRST, ABSENT, TOO_LARGE, SESSION("/u/1"),
				CHUNK("/u/1", "0-" MEGA_1, HELD("/u/2", "99999999999999999999")),
				CHUNK("/u/2", "1048576-" MEGA_2, ANSWER("403 -"))}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
upload_after_accidents(void **state)
{
	static const struct row rows[] = {
		{"401 in the middle: a new token, and the same again", PUT, "u", "p w",
			.how = REGISTRY_SENT,
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", PASSWORD, NULL, TOKEN("abc")},
				{"HEAD /v2/g/p/blobs/", "Bearer abc\r\n", NULL, ANSWER("404 -")},
				{UPLOADS "?digest=", "Bearer abc\r\n", NULL, ANSWER("405 -")},
				{UPLOADS " ", "Bearer abc\r\n", NULL, OPENED("/u")},
				{"PUT /u?digest=", "\r\n\r\nhello", NULL, BEARER},
				{"GET /token?", PASSWORD, NULL, TOKEN("def")},
				{"PUT /u?digest=", "Bearer def\r\n", NULL, ANSWER("201 -")}}},
		{"a break: a new session from the beginning", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u/1"),
				{"PUT /u/1?", .answer = NULL}, ABSENT, SESSION("/u/2"),
				{"PUT /u/2?", "\r\n\r\nhello", NULL, ANSWER("201 -")}}},
		{"a break after which it is there", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u/1"),
				{"PUT /u/1?", .answer = NULL}, {"HEAD /v2/", .answer = OK "\r\n"}}},
		{"busy: a new session", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u/1"),
				{"PUT /u/1?", .answer = ANSWER("503 -")}, ABSENT, SESSION("/u/2"),
				{"PUT /u/2?", .answer = ANSWER("201 -")}}},
		{"busy for longer than we wait", PUT, .kind = ERR_REMOTE, .text = "answered 429",
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u/1"),
				{"PUT /u/1?",
					.answer = "HTTP/1.1 429 -\r\nRetry-After: 3600\r\n\r\n"}}},
		{"a session that got mixed up: a new one", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u/1"),
				{"PUT /u/1?",
					.answer = ERRORS("400 -", "BLOB_UPLOAD_INVALID", "no")},
				ABSENT, SESSION("/u/2"), {"PUT /u/2?", .answer = ANSWER("201 -")}}},
		{"and again, until it is said", PUT, .kind = ERR_REMOTE,
			.text = "404 BLOB_UPLOAD_UNKNOWN: what?",
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE, SESSION("/u/1"),
				{"PUT ", .answer = ERRORS("404 -", "BLOB_UPLOAD_UNKNOWN", "what?")},
				ABSENT, SESSION("/u/2"),
				{"PUT ", .answer = ERRORS("404 -", "BLOB_UPLOAD_UNKNOWN", "what?")},
				ABSENT, SESSION("/u/3"),
				{"PUT ", .answer =
						 ERRORS("404 -", "BLOB_UPLOAD_UNKNOWN", "what?")}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

/* The connection ends with the body unfinished: what was sent by then is no request. */
static void
upload_of_what_is_not_what_it_says(void **state)
{
	static const struct row rows[] = {
		{"other bytes than the digest's", PUT, .changed = true, .kind = ERR_PROTO,
			.text = "is not what stands under that name",
			.steps = {FIRST, FIRST, ABSENT, SESSION("/u/1")}},
		{"a file that ends early", PUT, .cut = 3, .kind = ERR_PROTO,
			.text = "ends after 3 of 5 bytes",
			.steps = {FIRST, FIRST, ABSENT, SESSION("/u/1")}},
		{"a manifest that is another one", PUT_MANIFEST, .changed = true, .kind = ERR_PROTO,
			.text = "its digest is 44136fa355"},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
another_host_gets_the_blob_and_no_password(void **state)
{
	static const struct row rows[] = {
		{"a Location on another host", PUT, "u", "p w", .how = REGISTRY_SENT,
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"HEAD ", PASSWORD, NULL, ANSWER("404 -")},
				{UPLOADS "?digest=", PASSWORD, NULL, ANSWER("405 -")},
				{UPLOADS " ", PASSWORD, NULL,
					OPENED("http://localhost:@PORT@/u?x")},
				{"PUT /u?x&digest=" HELLO " ", "\r\n\r\nhello", "Authorization",
					ANSWER("201 -")}}},
		{"a redirect of an upload", PUT, "u", "p w", .how = REGISTRY_SENT,
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"HEAD ", PASSWORD, NULL, ANSWER("404 -")},
				{UPLOADS "?digest=", PASSWORD, NULL, ANSWER("405 -")},
				{UPLOADS " ", PASSWORD, NULL, OPENED("/u")},
				{"PUT /u?", PASSWORD, NULL,
					"HTTP/1.1 307 -\r\nLocation: "
					"http://localhost:@PORT@/store?signed\r\n\r\n"},
				{"PUT /store?signed ", "\r\n\r\nhello", "Authorization",
					ANSWER("201 -")}}},
		{"which asks for one, too", PUT, "u", "p w", .kind = ERR_AUTH,
			.text = "'localhost' (for registry",
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"HEAD ", PASSWORD, NULL, ANSWER("404 -")},
				{UPLOADS "?digest=", PASSWORD, NULL, ANSWER("405 -")},
				{UPLOADS " ", PASSWORD, NULL, OPENED("http://localhost:@PORT@/u")},
				{"PUT /u?", NULL, "Authorization", BASIC}}},
		{"a redirect of a manifest is not followed", PUT_MANIFEST, "u", "p w",
			.kind = ERR_PROTO, .text = "redirects what is sent to it",
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"PUT /v2/g/p/manifests/t ", PASSWORD, NULL,
					"HTTP/1.1 307 -\r\nLocation: "
					"http://localhost:@PORT@/m\r\n\r\n"}}},
		{"an upload into a private network", PUT, .kind = ERR_PROTO,
			.text = "wants an upload elsewhere: '169.254.169.254'",
			.steps = {FIRST, FIRST, ABSENT, NO_SINGLE,
				SESSION("https://169.254.169.254/u")}},
		{"a session in a private network is none", PUT, .how = REGISTRY_SENT,
			.steps = {FIRST, FIRST, ABSENT,
				{UPLOADS "?digest=", "hello", NULL, OPENED("https://10.0.0.1/u")},
				SESSION("/u"), {"PUT /u?", "hello", NULL, ANSWER("201 -")}}},
		{"a blob from another host", GET, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"GET /v2/g/p/blobs/", PASSWORD, NULL,
					"HTTP/1.1 307 -\r\nLocation: "
					"http://localhost:@PORT@/b\r\n\r\n"},
				{"GET /b ", NULL, "Authorization", OK "\r\nhello"}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
manifests_are_put(void **state)
{
	static const struct row rows[] = {
		{"with the media type they have", PUT_MANIFEST,
			.steps = {FIRST, FIRST,
				{"PUT /v2/g/p/manifests/t ",
					"\r\nContent-Type: " MANIFEST_TYPE "\r\n", NULL,
					"HTTP/1.1 201 -\r\nDocker-Content-Digest: " MANIFEST_DIGEST
					"\r\n\r\n"}}},
		{"another digest than it should be", PUT_MANIFEST, .kind = ERR_PROTO,
			.text = "keeps manifest '" MANIFEST_DIGEST "' as '" HELLO "'",
			.steps = {FIRST, FIRST,
				{"PUT ", .answer = "HTTP/1.1 201 -\r\nDocker-Content-Digest: " HELLO
						   "\r\n\r\n"}}},
		{"busy, then taken", PUT_MANIFEST,
			.steps = {FIRST, FIRST,
				{"PUT ", .answer = "HTTP/1.1 429 -\r\nRetry-After: 0\r\n\r\n"},
				{"PUT ", "\r\n\r\n{}", NULL, ANSWER("201 -")}}},
		{"refused", PUT_MANIFEST, .kind = ERR_REMOTE,
			.text = "400 MANIFEST_INVALID: bad; MANIFEST_BLOB_UNKNOWN",
			.steps = {FIRST, FIRST,
				{"PUT ", .answer = "HTTP/1.1 400 -\r\nContent-Type: "
						   "application/json\r\n\r\n{\"errors\":[{\"code\":"
						   "\"MANIFEST_INVALID\",\"message\":\"bad\"},"
						   "{\"code\":\"MANIFEST_BLOB_UNKNOWN\"}]}"}}},
		{"a list of referrers begins", REFER,
			.steps = {FIRST, FIRST,
				{"GET /v2/g/p/manifests/sha256-2cf24dba",
					.answer = ANSWER("404 -")},
				{"PUT /v2/g/p/manifests/sha256-2cf24dba",
					"\"manifests\":[{\"digest\":\"" MANIFEST_DIGEST "\"}]}",
					NULL, ANSWER("201 -")}}},
		{"a list of referrers grows", REFER,
			.steps = {FIRST, FIRST,
				{"GET ", .answer = OK "Content-Type: application/"
						      "vnd.oci.image.index.v1+json\r\n\r\n"
						      "{\"manifests\":[{\"digest\":\"x\"}]}"},
				{"PUT ", "[{\"digest\":\"x\"},{\"digest\":\"sha256:44136", NULL,
					ANSWER("201 -")}}},
		{"a list of referrers that has it", REFER,
			.steps = {FIRST, FIRST,
				{"GET ", .answer =
						 OK "Content-Type: application/"
						    "vnd.oci.image.index.v1+json\r\n\r\n"
						    "{\"manifests\":[{\"digest\":\"" MANIFEST_DIGEST
						    "\"}]}"}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
blobs_come_as_they_should(void **state)
{
	static const struct row rows[] = {
		{"whole", GET,
			.steps = {FIRST, FIRST,
				{"GET /v2/g/p/blobs/" HELLO " ",
					.answer = OK "Content-Length: 5\r\n\r\nhello"}}},
		{"wrong digest", GET, .kind = ERR_PROTO, .text = "sends other bytes than those",
			.steps = {FIRST, FIRST,
				{"GET ", .answer = OK "Content-Length: 5\r\n\r\njello"}}},
		{"wrong length, announced", GET, .kind = ERR_PROTO, .text = "sends more than the 5",
			.steps = {FIRST, FIRST,
				{"GET ", .answer = OK "Content-Length: 6\r\n\r\nhello!"}}},
		{"too short", GET, .kind = ERR_PROTO, .text = "sends less than the 5",
			.steps = {FIRST, FIRST, {"GET ", .answer = OK "\r\nhell"}}},
		{"too long", GET, .kind = ERR_PROTO, .text = "sends more than the 5",
			.steps = {FIRST, FIRST, {"GET ", .answer = OK "\r\nhello!"}}},
		{"an endless body", GET, .kind = ERR_PROTO, .text = "sends more than the 5",
			.steps = {FIRST, FIRST, {"GET ", .answer = OK "\r\nx@FOREVER@"}}},
		{"an endless body in chunks", GET, .kind = ERR_PROTO,
			.text = "sends more than the 5",
			.steps = {FIRST, FIRST,
				{"GET ", .answer = OK "Transfer-Encoding: chunked\r\n\r\n"
						      "ffffffff\r\nx@FOREVER@"}}},
		{"none there", GET, .kind = ERR_REMOTE, .text = "404 BLOB_UNKNOWN: no",
			.steps = {FIRST, FIRST,
				{"GET ", .answer = ERRORS("404 -", "BLOB_UNKNOWN", "no")}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upload_of_a_blob_whole),
		cmocka_unit_test(upload_by_mount),
		cmocka_unit_test(upload_in_chunks),
		cmocka_unit_test(upload_in_chunks_that_cannot_be),
		cmocka_unit_test(upload_after_accidents),
		cmocka_unit_test(upload_of_what_is_not_what_it_says),
		cmocka_unit_test(another_host_gets_the_blob_and_no_password),
		cmocka_unit_test(manifests_are_put),
		cmocka_unit_test(blobs_come_as_they_should),
	};

	memset(big, 'b', sizeof(big));
	sha256_text(str_n(big, sizeof(big)), digest_of_big + 7);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
