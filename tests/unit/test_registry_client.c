/*
 * The registry client against scripted registries: good ones, busy ones, and
 * such as want our secrets or our memory. Every row ends with what was sent.
 */
#include "test.h"

#include "base/clock.h"
#include "base/env.h"
#include "fake_registry.h"
#include "registry/client.h"
#include "registry/credentials.h"

enum { STEPS_MAX = 14, DEADLINE_MS = 120000 };

/* What is asked of a client. */
enum question { PING, LOGIN, MAY_PUSH, HEAD_TAG, GET_TAG, GET_DIGEST, BLOB };

struct row {
	const char *name;
	enum question question;
	const char *user, *secret; /* an empty user: identity token; NULL secret: anonymous */
	bool insecure;
	struct fake_step steps[STEPS_MAX];
	enum err_kind kind; /* ERR_NONE: it works */
	const char *text;
	const char *hidden; /* must not be in the message */
	const char *newer;  /* what is given in place of a secret that was refused */
};

#define OK "HTTP/1.1 200 OK\r\n"
#define BASIC "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\r\n"
#define BEARER \
	"HTTP/1.1 401 Unauthorized\r\n" \
	"WWW-Authenticate: Bearer realm=\"http://@HOST@/token\",service=\"s, t\"\r\n\r\n"
#define TOKEN(t) OK "Content-Type: application/json\r\n\r\n{\"token\":\"" t "\",\"expires_in\":300}"
#define ERRORS(status, code, message) \
	"HTTP/1.1 " status "\r\nContent-Type: application/json\r\n\r\n" \
	"{\"errors\":[{\"code\":\"" code "\",\"message\":\"" message "\"}]}"
#define PASSWORD "Authorization: Basic dTpwIHc=" /* u:p w */
#define NEWER "Authorization: Basic dTpuIHc="    /* u:n w */
#define UPLOAD "POST /v2/g/p/blobs/uploads/ "
#define FIRST \
	{ \
		.request = "GET /v2/ ", .lacks = "Authorization", .answer = OK "\r\n" \
	}

static const char digest_of_other[] =
	"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; /* of {} */

static int
ask(struct registry *r, const struct row *row, struct err *err)
{
	int64_t deadline = deadline_in(DEADLINE_MS);
	cleanup_registry_manifest struct registry_manifest m = {.digest = ""};
	bool found;

	switch (row->question) {
	case PING:
		return registry_ping(r, deadline, err);
	case LOGIN:
		return registry_login(r, "pull,push", deadline, err);
	case MAY_PUSH:
		return registry_may_push(r, deadline, err);
	case HEAD_TAG:
		return registry_manifest_head(r, "t", &m, &found, deadline, err);
	case GET_TAG:
		return registry_manifest_get(r, "t", &m, &found, deadline, err);
	case GET_DIGEST:
		return registry_manifest_get(r, digest_of_other, &m, &found, deadline, err);
	case BLOB:
		return registry_blob_head(r, digest_of_other, &found, deadline, err);
	}
	return -1;
}

static int
give_newer(void *arg, struct credential *out, int64_t *expires, struct err *err)
{
	const struct row *row = arg;

	(void)err;
	*out = (struct credential){.kind = CREDENTIAL_BASIC, .user = xstrdup(row->user)};
	secret_set(&out->secret, str_from(row->newer));
	out->source = xstrdup("SOURCE");
	*expires = INT64_MAX;
	return 0;
}

static const struct env empty_env = {(const char *const[]){NULL}};

static struct registry *
open_client(const struct fake_registry *f, const struct row *row, struct credentials **c)
{
	cleanup_secret struct secret secret = {0};
	struct registry_options o = {.host = f->host,
		.repository = "g/p",
		.insecure = row->insecure,
		.agent = "test/1",
		.env = &empty_env};
	struct registry *r;
	struct err err = {0};

	*c = credentials_new(&empty_env, NULL);
	if (row->secret) {
		secret_set(&secret, str_from(row->secret));
		credentials_add(*c, f->host, row->user, &secret, "SOURCE");
	}
	if (row->newer)
		credentials_lend(*c, f->host, INT64_MAX, give_newer, (struct row *)(uintptr_t)row);
	o.credentials = *c;
	r = registry_open(&o, &err);
	assert_that(r != NULL, "row '%s': %s", row->name, err.msg);
	return r;
}

static void
run_row(const struct row *row)
{
	cleanup_credentials struct credentials *c = NULL;
	cleanup_registry struct registry *r = NULL;
	struct fake_registry f;
	struct err err = {0};
	size_t n = 0;
	int rc;

	while (n < STEPS_MAX && row->steps[n].request)
		n++;
	fake_registry_start(&f, row->steps, n);
	r = open_client(&f, row, &c);
	rc = ask(r, row, &err);
	if (row->kind == ERR_NONE)
		assert_row_ok(row->name, rc, &err);
	else
		assert_row_err(row->name, &err, row->kind, row->text);
	assert_row_int(row->name, rc, row->kind == ERR_NONE ? 0 : -1);
	assert_that(
		!row->hidden || !strstr(err.msg, row->hidden), "row '%s': %s", row->name, err.msg);
	fake_registry_end(&f, row->name);
}

static void
run_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		run_row(&rows[i]);
}

/* The first GET /v2/ of each is the one that finds out about TLS. */
static void
r_11_logins_and_rights(void **state)
{
	static const struct row rows[] = {
		{"open to anybody", LOGIN, .steps = {FIRST, FIRST, FIRST}},
		{"R-11 user and password", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", NULL, "Authorization", BASIC},
				{"GET /v2/ ", "User-Agent: test/1", "Authorization", BASIC},
				{"GET /v2/ ", PASSWORD, NULL, OK "\r\n"}}},
		{"R-11 a wrong password", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", NULL, "Authorization", BASIC},
				{"GET /v2/ ", NULL, "Authorization", BASIC},
				{"GET /v2/ ", PASSWORD, NULL,
					ERRORS("401 Unauthorized\r\nWWW-Authenticate: Basic "
					       "realm=\"r\"",
						"UNAUTHORIZED", "who are you")},
				{"GET /v2/ ", PASSWORD, NULL,
					ERRORS("401 Unauthorized\r\nWWW-Authenticate: Basic "
					       "realm=\"r\"",
						"UNAUTHORIZED", "who are you")}},
			.kind = ERR_AUTH, .text = "answered 401 UNAUTHORIZED: who are you",
			.hidden = "p w"},
		{"no credentials for a registry that wants some", LOGIN,
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"GET /v2/ ", NULL, "Authorization", BASIC}},
			.kind = ERR_AUTH, .text = "answered 401 Unauthorized"},
		{"R-11 a token", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?service=s,%20t&scope=repository:g/p:pull,push ",
					PASSWORD, NULL, TOKEN("abc")}}},
		{"R-11 a token that is refused", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", PASSWORD, NULL,
					ERRORS("403 Forbidden", "DENIED", "expired")}},
			.kind = ERR_AUTH, .text = "answered 403 DENIED: expired", .hidden = "p w"},
		{"a token for nobody", LOGIN,
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", NULL, "Authorization", TOKEN("abc")}}},
		{"an identity token is sent as a form", LOGIN, "", "id+tok",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"POST /token ",
					"\r\n\r\ngrant_type=refresh_token&refresh_token=id%2Btok&"
					"service=s,%20t&client_id=buildtools&scope=repository:g/"
					"p:pull,push",
					"Authorization",
					OK "\r\n{\"access_token\":\"abc\",\"token\":\"no\"}"}}},
		{"a token server that takes forms only", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", PASSWORD, NULL, "HTTP/1.1 405 No\r\n\r\n"},
				{"POST /token ",
					"grant_type=password&username=u&password=p%20w&service=",
					"Authorization", TOKEN("abc")}}},
		{"no token in the answer", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", .answer = OK "\r\n{\"token\":\"\"}"}},
			.kind = ERR_PROTO, .text = "holds no token"},
		{"a token that would start a header field", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?",
					.answer = OK "\r\n{\"token\":\"a\\r\\nX-Evil: 1\"}"}},
			.kind = ERR_PROTO, .text = "characters that no token has"},
		{"not a registry", PING,
			.steps = {{"GET /v2/ ", .answer = "HTTP/1.1 404 Not Found\r\n\r\n"},
				{"GET /v2/ ", .answer = "HTTP/1.1 404 Not Found\r\n\r\n"}},
			.kind = ERR_REMOTE, .text = "answered 404 Not Found"},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
r_11_whether_we_may_push(void **state)
{
	static const struct row rows[] = {
		{"an upload is opened and cancelled, the token serves for both", MAY_PUSH, "u",
			"p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", PASSWORD, NULL, TOKEN("abc")},
				{UPLOAD, "Authorization: Bearer abc\r\n", "Basic",
					"HTTP/1.1 202 Accepted\r\n"
					"Location: /v2/g/p/blobs/uploads/1?_state=x\r\n\r\n"},
				{"DELETE /v2/g/p/blobs/uploads/1?_state=x ",
					"Authorization: Bearer abc\r\n", NULL,
					"HTTP/1.1 204 No Content\r\n\r\n"}}},
		{"cancelling may fail", MAY_PUSH,
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = "HTTP/1.1 202 -\r\nLocation: "
						   "http://@HOST@/x\r\n\r\n"},
				{"DELETE /x ", .answer = "HTTP/1.1 500 -\r\n\r\n"}}},
		{"an upload at an address that is none of ours is left alone", MAY_PUSH, "u", "p",
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = "HTTP/1.1 202 -\r\nLocation: "
						   "http://169.254.169.254/x\r\n\r\n"}}},
		{"R-11 a token that is good for pulling only", MAY_PUSH, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", .answer = TOKEN("abc")},
				{UPLOAD, "Bearer abc", NULL,
					"HTTP/1.1 401 -\r\nWWW-Authenticate: Bearer realm="
					"\"http://@HOST@/token\",scope=\"repository:g/p:push,pull\""
					"\r\n\r\n"},
				{"GET /token?scope=repository:g/p:push,pull&scope=repository:g/"
				 "p:pull,push ",
					PASSWORD, NULL, TOKEN("def")},
				{UPLOAD, "Bearer def", NULL,
					ERRORS("401 Unauthorized\r\nWWW-Authenticate: Bearer "
					       "realm=\"http://@HOST@/token\",error="
					       "\"insufficient_scope\"",
						"UNAUTHORIZED", "pull only")}},
			.kind = ERR_AUTH, .text = "401 UNAUTHORIZED: pull only"},
		{"a registry that falls back to a lesser question keeps the first", MAY_PUSH, "u",
			"p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", .answer = TOKEN("abc")},
				{UPLOAD, "Bearer abc", NULL, BASIC},
				{"GET /token?", PASSWORD, NULL, TOKEN("def")},
				{UPLOAD, "Bearer def", NULL, "HTTP/1.1 202 -\r\n\r\n"}}},
		{"not allowed", MAY_PUSH,
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = ERRORS("403 Forbidden", "DENIED", "quota")}},
			.kind = ERR_AUTH, .text = "answered 403 DENIED: quota"},
		{"a repository that has to be made first", MAY_PUSH,
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = ERRORS("404 Not Found", "NAME_UNKNOWN", "no")}},
			.kind = ERR_REMOTE, .text = "404 NAME_UNKNOWN: no"},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
secrets_stay_where_they_belong(void **state)
{
	static const struct row rows[] = {
		{"a token server of another host over plain HTTP", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BASIC},
				{"GET /v2/ ", .answer =
						      "HTTP/1.1 401 -\r\nWWW-Authenticate: Bearer "
						      "realm=\"http://tokens.example/t\"\r\n\r\n"}},
			.kind = ERR_PROTO, .text = "'http://tokens.example' would carry secrets"},
		{"a token server in somebody's private network", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BASIC},
				{"GET /v2/ ",
					.answer = "HTTP/1.1 401 -\r\nWWW-Authenticate: Bearer "
						  "realm=\"https://169.254.169.254/t\"\r\n\r\n"}},
			.kind = ERR_PROTO, .text = "'169.254.169.254' is an address of a private"},
		{"a token server that is no address", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BASIC},
				{"GET /v2/ ", .answer = "HTTP/1.1 401 -\r\nWWW-Authenticate: "
							"Bearer realm=\"nonsense\"\r\n\r\n"}},
			.kind = ERR_USAGE, .text = "no scheme"},
		{"a redirect into a private network", GET_TAG, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"GET /v2/g/p/manifests/t ", PASSWORD, NULL,
					"HTTP/1.1 302 -\r\nLocation: https://10.0.0.1/\r\n\r\n"}},
			.kind = ERR_PROTO, .text = "redirects: '10.0.0.1' is an address"},
		{"a token server that sends a form elsewhere", LOGIN, "", "id+tok", true,
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"POST /token ", .answer = "HTTP/1.1 307 -\r\nLocation: "
							   "https://other.example/\r\n\r\n"}},
			.kind = ERR_PROTO, .text = "redirects what is sent to it"},
		{"a redirect on the same host keeps the password", GET_TAG, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"GET /v2/g/p/manifests/t ", PASSWORD, NULL,
					"HTTP/1.1 301 -\r\nLocation: ../x\r\n\r\n"},
				{"GET /v2/g/p/manifests/../x ", PASSWORD, NULL,
					"HTTP/1.1 404 -\r\n\r\n"}}},
		{"a POST is not turned into something else", MAY_PUSH,
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = "HTTP/1.1 302 -\r\nLocation: /x\r\n\r\n"}},
			.kind = ERR_REMOTE, .text = "answered 302"},
	};
	static struct row loop = {"a redirect in a circle", GET_TAG, .kind = ERR_PROTO,
		.text = "redirects more than 10 times", .steps = {FIRST, FIRST}};
	size_t i;

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
	for (i = 2; i < 2 + 11; i++)
		loop.steps[i] = (struct fake_step){"GET /v2/g/p/manifests/t ",
			.answer = "HTTP/1.1 308 -\r\nLocation: /v2/g/p/manifests/t\r\n\r\n"};
	run_row(&loop);
}

static void
another_host_gets_no_password(void **state)
{
	/* the same server under another name, which the user allows by 'insecure' */
	static const struct row rows[] = {
		{"a redirect", GET_TAG, "u", "p w", true,
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{"GET /v2/g/p/manifests/t ", PASSWORD, NULL,
					"HTTP/1.1 307 -\r\nLocation: "
					"http://localhost:@PORT@/elsewhere\r\n\r\n"},
				{"GET /elsewhere ", "Host: localhost:", "Authorization",
					"HTTP/1.1 401 -\r\nWWW-Authenticate: Basic "
					"realm=x\r\n\r\n"}},
			.kind = ERR_AUTH, .text = "'localhost' (for registry '127.0.0.1:"},
		{"an upload", MAY_PUSH, "u", "p w", true,
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{UPLOAD, PASSWORD, NULL,
					"HTTP/1.1 202 -\r\nLocation: "
					"http://localhost:@PORT@/upload\r\n\r\n"},
				{"DELETE /upload ", "Host: localhost:", "Authorization", BASIC}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPED OK "Content-Type: " MANIFEST "\r\n"
#define TAG "GET /v2/g/p/manifests/t "
#define OTHER \
	"GET /v2/g/p/manifests/" \
	"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a "
#define DIGEST(d) "Docker-Content-Digest: sha256:" d "\r\n"
#define OF_EMPTY "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void
manifests_are_what_they_should_be(void **state)
{
	static const struct row rows[] = {
		{"by tag", GET_TAG,
			.steps = {FIRST, FIRST,
				{TAG, "Accept: application/vnd.oci.image.index.v1+json, ", NULL,
					OK "Content-Type: " MANIFEST
					   "; charset=utf-8\r\n" DIGEST(OF_EMPTY) "\r\n{}"}}},
		{"by tag, its digest unsaid", GET_TAG,
			.steps = {FIRST, FIRST, {TAG, .answer = TYPED "\r\n{}"}}},
		{"by digest", GET_DIGEST,
			.steps = {FIRST, FIRST, {OTHER, .answer = TYPED "\r\n{}"}}},
		{"none there", GET_TAG,
			.steps = {FIRST, FIRST,
				{TAG, .answer = ERRORS("404 -", "MANIFEST_UNKNOWN", "no")}}},
		{"other bytes than the digest asked for", GET_DIGEST,
			.steps = {FIRST, FIRST, {OTHER, .answer = TYPED "\r\n{ }"}},
			.kind = ERR_PROTO, .text = "sent a manifest with digest sha256:"},
		{"other bytes than announced", GET_TAG,
			.steps = {FIRST, FIRST, {TAG, .answer = TYPED DIGEST(ZEROS) "\r\n{}"}},
			.kind = ERR_PROTO, .text = "in place of sha256:" ZEROS},
		{"an announced digest that is none", GET_TAG,
			.steps = {FIRST, FIRST, {TAG, .answer = TYPED DIGEST("00") "\r\n{}"}},
			.kind = ERR_PROTO, .text = "names a digest that is none"},
		{"a web page", GET_TAG,
			.steps = {FIRST, FIRST,
				{TAG, .answer = OK "Content-Type: text/html\r\n\r\n<html>"}},
			.kind = ERR_PROTO, .text = "that is no image: 'text/html'"},
		{"something that says it is something else", GET_TAG,
			.steps = {FIRST, FIRST,
				{TAG, .answer = TYPED "\r\n{\"mediaType\":\"application/"
						      "vnd.oci.image.index.v1+json\"}"}},
			.kind = ERR_PROTO, .text = "as what it is not"},
		{"no JSON", GET_TAG, .steps = {FIRST, FIRST, {TAG, .answer = TYPED "\r\n{"}},
			.kind = ERR_PROTO, .text = "manifest of registry"},
		{"head", HEAD_TAG,
			.steps = {FIRST, FIRST,
				{"HEAD /v2/g/p/manifests/t ", "Accept: ", NULL,
					TYPED DIGEST(ZEROS) "Content-Length: 7\r\n\r\n"}}},
		{"head without a digest", HEAD_TAG,
			.steps = {FIRST, FIRST,
				{"HEAD /v2/g/p/manifests/t ", .answer = TYPED "\r\n"},
				{TAG, .answer = TYPED "\r\n{}"}}},
		{"head, none there", HEAD_TAG,
			.steps = {FIRST, FIRST,
				{"HEAD /v2/g/p/manifests/t ", .answer = "HTTP/1.1 404 -\r\n\r\n"}}},
		{"a blob", BLOB,
			.steps = {FIRST, FIRST,
				{"HEAD /v2/g/p/blobs/sha256:", .answer = OK "\r\n"}}},
		{"a blob that is not there", BLOB,
			.steps = {FIRST, FIRST,
				{"HEAD /v2/g/p/blobs/sha256:",
					.answer = "HTTP/1.1 404 -\r\n\r\n"}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
answers_without_end_and_too_large_ones(void **state)
{
	static const struct row rows[] = {
		{"an endless head", GET_TAG,
			.steps = {FIRST, FIRST, {TAG, .answer = OK "X: x@FOREVER@"}},
			.kind = ERR_LIMIT, .text = "head larger than"},
		{"an endless manifest", GET_TAG,
			.steps = {FIRST, FIRST, {TAG, .answer = TYPED "\r\nx@FOREVER@"}},
			.kind = ERR_LIMIT, .text = "larger than 4194304 bytes"},
		{"a manifest that is announced as huge", GET_TAG,
			.steps = {FIRST, FIRST,
				{TAG, .answer = TYPED
					"Content-Length: 99999999999\r\n\r\nx@FOREVER@"}},
			.kind = ERR_LIMIT, .text = "larger than 4194304 bytes"},
		{"an endless token", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", .answer = OK "\r\n{\"token\":\"x@FOREVER@"}},
			.kind = ERR_LIMIT, .text = "larger than 65536 bytes"},
		{"an endless refusal", MAY_PUSH,
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = "HTTP/1.1 403 -\r\nContent-Type: "
						   "text/plain\r\n\r\nx@FOREVER@"}},
			.kind = ERR_AUTH, .text = "answered 403 xxx"},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

#define NO_MANIFEST "HTTP/1.1 404 -\r\n\r\n"
#define BUSY(status) "HTTP/1.1 " status "\r\nRetry-After: 0\r\n\r\n"

static void
accidents_are_repeated(void **state)
{
	static const struct row rows[] = {
		{"busy for a while", MAY_PUSH,
			.steps = {FIRST, {"GET /v2/ ", .answer = BUSY("429 Too Many Requests")},
				{"GET /v2/ ", .answer = BUSY("503 -")}, FIRST,
				{UPLOAD, .answer = BUSY("500 -")},
				{UPLOAD, .answer = BUSY("502 -")},
				{UPLOAD, .answer = BUSY("504 -")},
				{UPLOAD, .answer = BUSY("408 -")},
				{UPLOAD, .answer = "HTTP/1.1 202 -\r\n\r\n"}}},
		{"429 is known by its status, whatever code stands in its body", MAY_PUSH,
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = ERRORS(
						 "429 -\r\nRetry-After: 0", "DENIED", "slow down")},
				{UPLOAD, .answer = "HTTP/1.1 429 -\r\nRetry-After: 0\r\n"
						   "Content-Type: application/json\r\n\r\n"
						   "{\"error\":\"rate limit exceeded\"}"},
				{UPLOAD, .answer = "HTTP/1.1 202 -\r\n\r\n"}}},
		{"busy for ever", MAY_PUSH,
			.steps = {FIRST, FIRST, {UPLOAD, .answer = BUSY("503 Away")},
				{UPLOAD, .answer = BUSY("503 Away")},
				{UPLOAD, .answer = BUSY("503 Away")},
				{UPLOAD, .answer = BUSY("503 Away")},
				{UPLOAD, .answer = BUSY("503 Away")}},
			.kind = ERR_REMOTE, .text = "answered 503 Away"},
		{"busy for longer than we wait", MAY_PUSH,
			.steps = {FIRST, FIRST,
				{UPLOAD, .answer = "HTTP/1.1 429 -\r\nRetry-After: 3600\r\n\r\n"}},
			.kind = ERR_REMOTE, .text = "answered 429"},
		{"closed without an answer", GET_TAG,
			.steps = {FIRST, FIRST, {TAG, .answer = NULL},
				{TAG, .answer = NO_MANIFEST}}},
		{"cut off in the head", GET_TAG,
			.steps = {FIRST, FIRST, {TAG, .answer = "HTTP/1.1 2"},
				{TAG, .answer = NO_MANIFEST}}},
		{"cut off in the body", GET_TAG,
			.steps = {FIRST, FIRST,
				{TAG, .answer = TYPED "Content-Length: 3\r\n\r\n{}"},
				{TAG, .answer = NO_MANIFEST}}},
		{"what is refused is not repeated", MAY_PUSH,
			.steps = {FIRST, FIRST, {UPLOAD, .answer = BUSY("400 Bad")}},
			.kind = ERR_REMOTE, .text = "answered 400 Bad"},
		{"a token server that is busy", LOGIN, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", .answer = BUSY("503 -")},
				{"GET /token?", .answer = TOKEN("abc")}}},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

/* What a cloud or a helper gave has an end, of which the registry may know more. */
static void
refused_secrets_are_looked_up_anew(void **state)
{
	static const struct row rows[] = {
		{"a password", MAY_PUSH, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BASIC}, {"GET /v2/ ", .answer = BASIC},
				{UPLOAD, PASSWORD, NULL, BASIC}, {UPLOAD, PASSWORD, NULL, BASIC},
				{UPLOAD, NEWER, NULL, "HTTP/1.1 202 Accepted\r\n\r\n"}},
			.newer = "n w"},
		{"at the token server", MAY_PUSH, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", PASSWORD, NULL,
					ERRORS("401 Unauthorized", "UNAUTHORIZED", "expired")},
				{"GET /token?", NEWER, NULL, TOKEN("abc")},
				{UPLOAD, "Authorization: Bearer abc", NULL,
					"HTTP/1.1 202 Accepted\r\n\r\n"}},
			.newer = "n w"},
		{"nothing newer", MAY_PUSH, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", PASSWORD, NULL,
					ERRORS("401 Unauthorized", "UNAUTHORIZED", "expired")}},
			.kind = ERR_AUTH, .text = "expired", .newer = "p w"},
		{"the newer one is no better", MAY_PUSH, "u", "p w",
			.steps = {{"GET /v2/ ", .answer = BEARER}, {"GET /v2/ ", .answer = BEARER},
				{"GET /token?", PASSWORD, NULL,
					ERRORS("401 Unauthorized", "UNAUTHORIZED", "expired")},
				{"GET /token?", NEWER, NULL,
					ERRORS("401 Unauthorized", "UNAUTHORIZED", "still")}},
			.kind = ERR_AUTH, .text = "still", .newer = "n w"},
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
names_that_are_none(void **state)
{
	static const struct {
		const char *name, *host, *repository, *ca;
		enum err_kind kind;
	} rows[] = {
		{"a path in the host", "a.example/b", "p", NULL, ERR_CONFIG},
		{"a user in the host", "u@a.example", "p", NULL, ERR_CONFIG},
		{"upper case in the path", "a.example", "P", NULL, ERR_CONFIG},
		{"a path that climbs", "a.example", "../p", NULL, ERR_CONFIG},
		{"a CA file that is not there", "a.example", "p", "tests/none.pem", ERR_CONFIG},
		{"good", "a.example:5000", "g/p", NULL, ERR_NONE},
		{"Docker Hub", "docker.io", "library/p", NULL, ERR_NONE},
		{"an IPv6 address", "[::1]:5000", "p", NULL, ERR_NONE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct registry_options o = {.host = rows[i].host,
			.repository = rows[i].repository,
			.ca = rows[i].ca,
			.env = &empty_env};
		struct err err = {0};
		cleanup_registry struct registry *r = registry_open(&o, &err);

		assert_row_int(rows[i].name, r != NULL, rows[i].kind == ERR_NONE);
		if (!r)
			assert_row_err(rows[i].name, &err, rows[i].kind, "'");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r_11_logins_and_rights),
		cmocka_unit_test(r_11_whether_we_may_push),
		cmocka_unit_test(secrets_stay_where_they_belong),
		cmocka_unit_test(another_host_gets_no_password),
		cmocka_unit_test(manifests_are_what_they_should_be),
		cmocka_unit_test(answers_without_end_and_too_large_ones),
		cmocka_unit_test(accidents_are_repeated),
		cmocka_unit_test(refused_secrets_are_looked_up_anew),
		cmocka_unit_test(names_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
