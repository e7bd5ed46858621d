/* The pure parts of the registry client: challenges, tokens, refusals, addresses. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "net/http1.h"
#include "net/trust.h"
#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/refusal.h"
#include "registry/token.h"
#include "registry/wire.h"

/* "kind|realm|service|scope|error" of each challenge. */
static const char *
show(struct arena *a, const struct challenge *c, size_t n)
{
	static const char *const kinds[] = {"none", "basic", "bearer"};
	const char *out = "";
	size_t i;

	for (i = 0; i < n; i++)
		out = arena_fmt(a, "%s%s%s|%s|%s|%s|%s", out, i ? " " : "", kinds[c[i].kind],
			c[i].realm ? c[i].realm : "-", c[i].service ? c[i].service : "-",
			c[i].scope ? c[i].scope : "-", c[i].error ? c[i].error : "-");
	return out;
}

static void
challenges(void **state)
{
	static const struct {
		const char *name, *value, *want;
	} rows[] = {
		{"Docker Hub",
			"Bearer realm=\"https://auth.docker.io/token\","
			"service=\"registry.docker.io\",scope=\"repository:library/a:pull\"",
			"bearer|https://auth.docker.io/token|registry.docker.io|"
			"repository:library/a:pull|-"},
		{"comma in the scope", "Bearer realm=\"r\",scope=\"repository:a:pull,push\"",
			"bearer|r|-|repository:a:pull,push|-"},
		{"a port in the scope's name",
			"Bearer realm=\"r\",scope=\"repository:h:5000/a:pull\"",
			"bearer|r|-|repository:h:5000/a:pull|-"},
		{"escaped quote", "Bearer realm=\"a\\\"b\\\\c\"", "bearer|a\"b\\c|-|-|-"},
		{"upper case", "BASIC REALM=x", "basic|x|-|-|-"},
		{"no parameters", "Basic", "basic|-|-|-|-"},
		{"missing service and scope", "Bearer realm=\"https://g/v2/token\"",
			"bearer|https://g/v2/token|-|-|-"},
		{"two in one field", "Bearer realm=\"r\",service=\"s\", Basic realm=\"b\"",
			"bearer|r|s|-|- basic|b|-|-|-"},
		{"parameterless first", "Basic, Bearer realm=r", "basic|-|-|-|- bearer|r|-|-|-"},
		{"unknown ones are passed over",
			"Negotiate, Digest realm=\"d\", nonce=\"n\", Bearer realm=\"r\"",
			"bearer|r|-|-|-"},
		{"token68", "Negotiate YWJjZA==, Basic realm=\"b\"", "basic|b|-|-|-"},
		{"blanks everywhere", "  ,, Bearer   realm = \"r\" ,\tservice\t=s , ,",
			"bearer|r|s|-|-"},
		{"the first of two equal parameters", "Bearer realm=a,realm=b", "bearer|a|-|-|-"},
		{"error", "Bearer realm=\"r\",error=\"insufficient_scope\"",
			"bearer|r|-|-|insufficient_scope"},
		{"a URL without quotes", "Bearer realm=https", "bearer|https|-|-|-"},
		{"empty quoted text", "Bearer realm=\"\"", "bearer||-|-|-"},
		{"open quote", "Basic realm=x, Bearer realm=\"r", "basic|x|-|-|-"},
		{"backslash at the end", "Bearer realm=\"r\\", ""},
		{"text behind a value", "Bearer realm=\"r\"x", ""},
		{"no value: reads as a token68", "Bearer realm=, service=s", "bearer|-|s|-|-"},
		{"nothing", "", ""},
		{"garbage", "=\"\"", ""},
		{"garbage behind a scheme", "Bearer;realm=x", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct challenge found[CHALLENGES_MAX];
		size_t len = strlen(rows[i].value), n;
		char *guarded = test_guard_alloc(rows[i].value, len);

		n = challenge_parse(&a, str_n(guarded, len), found, CHALLENGES_MAX);
		test_guard_free(guarded, len);
		assert_row_str(rows[i].name, str_from(show(&a, found, n)), rows[i].want);
	}
}

static void
the_best_challenge_of_all(void **state)
{
	static const struct {
		const char *name, *head, *want;
	} rows[] = {
		{"Gitea's two fields",
			"WWW-Authenticate: Basic realm=\"b\"\r\nwww-authenticate: Bearer "
			"realm=\"r\"\r\n",
			"bearer|r|-|-|-"},
		{"Bearer without a realm is of no use",
			"WWW-Authenticate: Bearer service=s, Basic realm=b\r\n", "basic|b|-|-|-"},
		{"none", "Content-Type: text/plain\r\n", "none|-|-|-|-"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct http_head head;
		struct challenge c;

		assert_true(http_head_parse(str_from(arena_fmt(
						    &a, "HTTP/1.1 401 -\r\n%s\r\n", rows[i].head)),
				    &head, NULL) > 0);
		challenge_pick(&a, &head, &c);
		assert_row_str(rows[i].name, str_from(show(&a, &c, 1)), rows[i].want);
	}
}

static void
token_requests(void **state)
{
	static const struct {
		const char *name;
		struct challenge c;
		const char *own, *want;
	} rows[] = {
		{"service and scope", {.realm = "https://a/t", .service = "s"},
			"repository:h:5000/a:pull,push",
			"https://a/t?service=s&scope=repository:h:5000/a:pull,push"},
		{"the realm has a query", {.realm = "https://a/t?x=y"}, "repository:a:pull",
			"https://a/t?x=y&scope=repository:a:pull"},
		{"the challenge's scope first",
			{.realm = "https://a/t", .scope = "repository:a:pull registry:catalog:*"},
			"repository:a:pull,push",
			"https://a/t?scope=repository:a:pull&scope=registry:catalog:%2A&"
			"scope=repository:a:pull,push"},
		{"the same scope once", {.realm = "https://a/t", .scope = "repository:a:pull"},
			"repository:a:pull", "https://a/t?scope=repository:a:pull"},
		{"two of our own, one of them asked for",
			{.realm = "https://a/t", .scope = "repository:b:pull"},
			"repository:a:pull,push repository:b:pull",
			"https://a/t?scope=repository:b:pull&scope=repository:a:pull,push"},
		{"what would be a parameter", {.realm = "https://a/t", .service = "a&b=c d"}, NULL,
			"https://a/t?service=a%26b%3Dc%20d"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};

		token_url(&out, &rows[i].c, rows[i].own);
		assert_row_str(rows[i].name, buf_view(&out), rows[i].want);
	}
}

static void
token_answers(void **state)
{
	static const struct {
		const char *name, *body, *token;
		int64_t life;
	} rows[] = {
		{"token", "{\"token\":\"a\"}", "a", TOKEN_LIFE_MS},
		{"access_token first", "{\"token\":\"a\",\"access_token\":\"b\",\"expires_in\":90}",
			"b", 90000},
		{"empty access_token", "{\"token\":\"a\",\"access_token\":\"\"}", "a",
			TOKEN_LIFE_MS},
		{"no time at all", "{\"token\":\"a\",\"expires_in\":0}", "a", TOKEN_LIFE_MS},
		{"for ever", "{\"token\":\"a\",\"expires_in\":9223372036854775807}", "a",
			TOKEN_LIFE_MAX_MS},
		{"none", "{}", NULL, 0},
		{"a number", "{\"token\":1}", NULL, 0},
		{"an array", "[\"token\"]", NULL, 0},
		{"no JSON", "token", NULL, 0},
		{"a blank", "{\"token\":\"a b\"}", NULL, 0},
		{"a line break", "{\"token\":\"a\\nb\"}", NULL, 0},
		{"a letter that is none of ASCII", "{\"token\":\"\\u00e9\"}", NULL, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_secret struct secret token = {0};
		struct err err = {0};
		int64_t life = 0;
		int rc = token_parse(str_from(rows[i].body), &token, &life, &err);

		assert_row_int(rows[i].name, rc, rows[i].token ? 0 : -1);
		if (rows[i].token) {
			assert_row_str(rows[i].name, secret_reveal(&token), rows[i].token);
			assert_row_int(rows[i].name, life, rows[i].life);
		} else {
			assert_row_err(rows[i].name, &err, ERR_PROTO, "token");
		}
	}
}

#define JSON "Content-Type: application/json; charset=utf-8\r\n"
#define TEXT "Content-Type: text/plain\r\n"

static void
refusals(void **state)
{
	static const struct {
		const char *name, *head, *body;
		enum err_kind kind;
		const char *want;
	} rows[] = {
		{"code and message", "403 Forbidden\r\n" JSON,
			"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}", ERR_AUTH,
			"W answered 403 DENIED: no"},
		{"detail of rights is noise", "401 -\r\n" JSON,
			"{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"no\",\"detail\":[1]}]"
			"}",
			ERR_AUTH, "W answered 401 UNAUTHORIZED: no"},
		{"detail", "400 -\r\n" JSON,
			"{\"errors\":[{\"code\":\"MANIFEST_BLOB_UNKNOWN\",\"detail\":"
			"{\"Digest\":\"d\"}}]}",
			ERR_REMOTE, "W answered 400 MANIFEST_BLOB_UNKNOWN ({\"Digest\":\"d\"})"},
		{"two errors", "400 -\r\n" JSON,
			"{\"errors\":[{\"code\":\"A\"},{\"message\":\"b\"},{},4]}", ERR_REMOTE,
			"W answered 400 A; b"},
		{"control characters", "400 -\r\n" JSON,
			"{\"errors\":[{\"code\":\"A\",\"message\":\"a\\u001b[31m\\nb\"}]}",
			ERR_REMOTE, "W answered 400 A: a [31m b"},
		{"of a token server", "400 -\r\n" JSON,
			"{\"error\":\"invalid\",\"error_description\":\"why\"}", ERR_REMOTE,
			"W answered 400 why"},
		{"of a proxy", "502 -\r\n" TEXT, "  upstream away\n", ERR_REMOTE,
			"W answered 502 upstream away"},
		{"a web page", "503 Away\r\nContent-Type: text/html\r\n", "<html>", ERR_REMOTE,
			"W answered 503 Away"},
		{"JSON that is none", "500 Oh\r\n" JSON, "{", ERR_REMOTE, "W answered 500 Oh"},
		{"nothing", "500 \r\n", "", ERR_REMOTE, "W answered 500"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct http_head head;
		struct err err = {0};
		const char *text = arena_fmt(&a, "HTTP/1.1 %s\r\n", rows[i].head);

		assert_true(http_head_parse(str_from(text), &head, NULL) > 0);
		assert_int_equal(registry_refusal("W", &head, str_from(rows[i].body), &err), -1);
		assert_row_int(rows[i].name, err.kind, rows[i].kind);
		assert_row_int(rows[i].name, err.code, head.status);
		assert_row_str(rows[i].name, str_from(err.msg), rows[i].want);
	}
}

static void
when_to_come_back(void **state)
{
	static const int64_t now = 1445412480; /* 2015-10-21 07:28:00 UTC */
	static const struct {
		const char *value;
		int64_t want;
	} rows[] = {
		{"0", 0},
		{"7", 7000},
		{"300", 300000},
		{"301", RETRY_AFTER_MAX_MS},
		{"18446744073709551615", RETRY_AFTER_MAX_MS},
		{"Wed, 21 Oct 2015 07:28:09 GMT", 9000},
		{"Wed, 21 Oct 2015 07:27:00 GMT", 0},
		{"Fri, 21 Oct 2095 07:28:00 GMT", RETRY_AFTER_MAX_MS},
		{"Wed, 21 Oct 2015 07:28:09 GMT, and more text behind", -1},
		{"soon", -1},
		{"-1", -1},
		{"", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(rows[i].value, registry_retry_after(str_from(rows[i].value), now),
			rows[i].want);
}

static void
locations(void **state)
{
	static const struct {
		const char *base, *location, *want;
	} rows[] = {
		{"https://h:1/v2/a?b=c", "https://x/y?z", "https://x/y?z"},
		{"https://h:1/v2/a?b=c", "//x/y", "https://x/y"},
		{"https://h:1/v2/a?b=c", "/y?z=1", "https://h:1/y?z=1"},
		{"https://h:1/v2/a?b=c/d", "y", "https://h:1/v2/y"},
		{"https://h:1/v2/a?b=c", "?x=y", "https://h:1/v2/a?x=y"},
		{"https://h:1/v2/", "uploads/1", "https://h:1/v2/uploads/1"},
		{"https://h:1", "y", "https://h:1/y"},
		{"https://h:1", "/y", "https://h:1/y"},
		{"https://h/a", "/b?back=https://x/", "https://h/b?back=https://x/"},
		{"https://h/a/b", "", "https://h/a/"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};

		assert_row_str(rows[i].location,
			str_from(wire_resolve(&a, rows[i].base, str_from(rows[i].location))),
			rows[i].want);
	}
}

static const struct env empty_env = {(const char *const[]){NULL}};

static void
where_requests_may_go(void **state)
{
	static const struct {
		const char *name, *host, *url;
		bool plain, insecure, want;
	} rows[] = {
		{"a public host", "r.example", "https://auth.example/t", .want = true},
		{"with a port", "r.example:5000", "https://auth.example:8443/t", .want = true},
		{"in the clear", "r.example", "http://auth.example/t", .want = false},
		{"the own host in the clear", "r.example", "http://r.example/t", .want = false},
		{"a plain registry, another host", "127.0.0.1:5000", "http://auth.example/t",
			.plain = true},
		{"a plain registry, its own host", "127.0.0.1:5000", "http://127.0.0.1:5001/t",
			.plain = true, .want = true},
		{"insecure, in the clear", "r.example", "http://auth.example/t", .plain = true,
			.insecure = true, .want = true},
		{"insecure, but it speaks HTTPS", "r.example", "http://r.example/t",
			.insecure = true},
		{"metadata", "r.example", "https://169.254.169.254/t", .want = false},
		{"a private address", "r.example", "https://10.1.2.3/t", .want = false},
		{"the own private address", "10.1.2.3:5000", "https://10.1.2.3/t", .want = true},
		{"another private address", "10.1.2.3:5000", "https://10.1.2.4/t", .want = false},
		{"insecure, a private address", "r.example", "https://10.1.2.3/t", .insecure = true,
			.want = true},
		{"loopback by name", "r.example", "https://localhost/t", .want = false},
		{"loopback in disguise", "r.example", "https://2130706433/t", .want = false},
		{"loopback inside IPv6", "r.example", "https://[::ffff:127.0.0.1]/t",
			.want = false},
		{"another scheme", "r.example", "ftp://auth.example/t", .want = false},
		{"a user", "r.example", "https://u:p@auth.example/t", .want = false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct err err = {0};
		struct wire w;
		struct url u;

		assert_row_ok(rows[i].name,
			wire_open(&w, rows[i].host, rows[i].insecure, NULL, &empty_env, &err),
			&err);
		/* what is not looked at is the registry's own certificate, nobody else's */
		assert_that(trust_count(w.trust) > 0, "row '%s': nobody is trusted", rows[i].name);
		assert_row_ok(rows[i].name, url_parse(&a, rows[i].url, &u, &err), &err);
		assert_row_int(
			rows[i].name, wire_allows(&w, &u, rows[i].plain, &err) == 0, rows[i].want);
		wire_close(&w);
	}
}

static void
addresses(void **state)
{
	static const struct {
		const char *host;
		bool is_private, loopback;
	} rows[] = {
		{"127.0.0.1", true, true},
		{"127.9.9.9", true, true},
		{"::1", true, true},
		{"localhost", true, true},
		{"a.localhost", true, true},
		{"LOCALHOST.", true, true},
		{"notlocalhost", false, false},
		{"localhost.example", false, false},
		{"10.0.0.1", true, false},
		{"172.16.0.1", true, false},
		{"172.31.255.1", true, false},
		{"172.32.0.1", false, false},
		{"192.168.1.1", true, false},
		{"100.64.0.1", true, false},
		{"100.128.0.1", false, false},
		{"169.254.169.254", true, false},
		{"0.0.0.0", true, false},
		{"8.8.8.8", false, false},
		{"fe80::1", true, false},
		{"fd00::1", true, false},
		{"::", true, false},
		{"2001:db8::1", false, false},
		{"::ffff:10.0.0.1", true, false},
		{"::ffff:8.8.8.8", false, false},
		{"127.1", true, false},
		{"0x7f.1", true, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_row_int(rows[i].host, wire_is_private(rows[i].host), rows[i].is_private);
		assert_row_int(rows[i].host, wire_is_loopback(rows[i].host), rows[i].loopback);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges),
		cmocka_unit_test(the_best_challenge_of_all),
		cmocka_unit_test(token_requests),
		cmocka_unit_test(token_answers),
		cmocka_unit_test(refusals),
		cmocka_unit_test(when_to_come_back),
		cmocka_unit_test(locations),
		cmocka_unit_test(where_requests_may_go),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
