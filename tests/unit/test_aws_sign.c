/* Signature version 4: the published cases, and 200 requests against another implementation. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/process.h"
#include "registry/aws_sign.h"
#include "registry/moment.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN_64 "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"

enum { T_2015 = 1440938160, REQUESTS = 200, COLUMNS_MAX = 24 };

static void
set_keys(struct aws_keys *k, const char *id, const char *secret, const char *token)
{
	*k = (struct aws_keys){.id = id};
	secret_set(&k->secret, str_from(secret));
	if (token && *token)
		secret_set(&k->token, str_from(token));
}

static void
check_field(const char *row, const struct aws_signed *s, const char *name, const char *want)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->fields[i].name, name)) {
			assert_row_str(row, s->fields[i].value, want);
			return;
		}
	test_fail(TEST_AT(row), "no field '%s'", name);
}

static void
published_signatures(void **state)
{
	static const struct {
		const char *name, *method, *url, *type, *target, *body, *token, *region, *service,
			*want;
	} rows[] = {
		{"get-vanilla", "GET", "https://example.amazonaws.com/", NULL, NULL, "", NULL,
			"us-east-1", "service",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"post-x-www-form-urlencoded", "POST", "https://example.amazonaws.com/",
			"application/x-www-form-urlencoded", NULL, "Param1=value1", NULL,
			"us-east-1", "service",
			"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
		{"get-vanilla-query-order-key-case", "GET",
			"https://example.amazonaws.com/?Param2=value2&Param1=value1", NULL, NULL,
			"", NULL, "us-east-1", "service",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-with-session-token", "GET", "https://example.amazonaws.com/", NULL,
			NULL, "", TOKEN_64, "us-east-1", "service",
			"07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
		{"ecr", "POST", "https://api.ecr.eu-west-1.amazonaws.com/",
			"application/x-amz-json-1.1",
			"AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "{}",
			"SESSIONTOKENEXAMPLE", "eu-west-1", "ecr",
			"0eb880629af611596c3d54289e5e06b5bd97a26da6b7e0a297e832eecbb8e024"},
		{"ecr, port of the scheme written out", "POST",
			"https://api.ecr.eu-west-1.amazonaws.com:443", "application/x-amz-json-1.1",
			"AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "{}", NULL,
			"eu-west-1", "ecr",
			"ce953a52a1215175c49d9a611ae10b5db817f776f0ad5d2a6ff9b0198dd390bc"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_aws_signed struct aws_signed s = {0};
		cleanup_aws_keys struct aws_keys k;
		struct http_extra fields[2];
		struct aws_request r = {.method = rows[i].method,
			.url = rows[i].url,
			.fields = fields,
			.body = str_from(rows[i].body),
			.region = rows[i].region,
			.service = rows[i].service,
			.now = T_2015};
		struct err err = {0};
		struct str auth;

		if (rows[i].type)
			fields[r.nfields++] =
				(struct http_extra){"content-type", str_from(rows[i].type)};
		if (rows[i].target)
			fields[r.nfields++] =
				(struct http_extra){"X-Amz-Target", str_from(rows[i].target)};
		set_keys(&k, "AKIDEXAMPLE", SECRET, rows[i].token);
		assert_row_ok(rows[i].name, aws_sign(&a, &r, &k, &s, &err), &err);
		check_field(rows[i].name, &s, "X-Amz-Date", "20150830T123600Z");
		auth = str_from(s.authorization);
		assert_that(auth.len > 64, "row '%s'", rows[i].name);
		assert_row_str(rows[i].name, str_from_off(auth, auth.len - 64), rows[i].want);
	}
}

/* The steps of the same case, each by its published value. */
static void
steps_of_the_ecr_case(void **state)
{
	cleanup_arena struct arena a = {0};
	cleanup_aws_keys struct aws_keys k;
	cleanup_buf struct buf canonical = {0}, hex = {0};
	char hash[SHA256_HEX_LEN + 1];
	uint8_t key[SHA256_LEN];
	struct http_extra fields[] = {{"X-Amz-Date", STR("20150830T123600Z")},
		{"X-Amz-Target", STR("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken")},
		{"X-Amz-Security-Token", STR("SESSIONTOKENEXAMPLE")},
		{"Content-Type", STR("application/x-amz-json-1.1")}};
	struct aws_request r = {"POST", "https://api.ecr.eu-west-1.amazonaws.com/", fields, 4,
		STR("{}"), "eu-west-1", "ecr", T_2015};
	struct err err = {0};
	struct str names;

	(void)state;
	set_keys(&k, "AKIDEXAMPLE", SECRET, NULL);
	assert_ok(aws_canonical_request(&a, &r, &canonical, &names, &err), &err);
	assert_str(names, "content-type;host;x-amz-date;x-amz-security-token;x-amz-target");
	sha256_text(buf_view(&canonical), hash);
	assert_string_equal(
		hash, "c243a2dd4c437c6d0df91ee73fe252ad4b8c5a42f02b7ea60bbd3f7a0fdb7407");
	aws_signing_key(&k, "20150830T123600Z", "eu-west-1", "ecr", key);
	hex_encode(&hex, key, sizeof(key));
	assert_string_equal(
		buf_cstr(&hex), "b6624066490503f791c0c903c0732ad03775cc759bb76c2966ca38683fb29321");
}

static void
canonical_forms(void **state)
{
	static const struct {
		const char *name, *url, *want; /* up to the header fields */
	} rows[] = {
		{"no path", "https://h", "GET\n/\n\n"},
		{"dots and double slashes", "https://h//a/./b/../c/", "GET\n/a/c/\n\n"},
		{"above the root", "https://h/../../x", "GET\n/x\n\n"},
		{"escaped once more", "https://h/a%20b", "GET\n/a%2520b\n\n"},
		{"key without value", "https://h/?b&a=", "GET\n/\na=&b=\n"},
		{"same key", "https://h/?a=2&a=1", "GET\n/\na=1&a=2\n"},
		{"escapes of a query are made one", "https://h/?a=%7e%2f%20",
			"GET\n/\na=~%2F%20\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf out = {0};
		struct aws_request r = {.method = "GET", .url = rows[i].url};
		struct err err = {0};
		struct str names;

		assert_row_ok(
			rows[i].name, aws_canonical_request(&a, &r, &out, &names, &err), &err);
		assert_row_str(rows[i].name, str_first(buf_view(&out), strlen(rows[i].want)),
			rows[i].want);
	}
}

/* ---- another implementation ---------------------------------------------------------- */

static void
check_line(struct str line, size_t number)
{
	cleanup_arena struct arena a = {0};
	cleanup_aws_signed struct aws_signed s = {0};
	cleanup_aws_keys struct aws_keys k;
	struct http_extra fields[COLUMNS_MAX];
	const char *col[COLUMNS_MAX];
	struct aws_request r = {.fields = fields};
	char row[32];
	struct err err = {0};
	struct str rest = line, piece, name;
	size_t n = 0, i;

	while (str_next(&rest, '\t', &piece) && n < COLUMNS_MAX)
		col[n++] = arena_str(&a, piece);
	assert_that(n >= 10, "line %zu has %zu columns", number, n);
	snprintf(row, sizeof(row), "request %zu", number);
	for (i = 9; i + 1 < n; i++) {
		piece = str_from(col[i]);
		assert_true(str_cut(&piece, '=', &name));
		fields[r.nfields++] = (struct http_extra){arena_str(&a, name), piece};
	}
	/* "20150830T123600Z", made what moment_parse reads */
	assert_true(
		moment_parse(str_from(arena_fmt(&a, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", col[0],
				     col[0] + 4, col[0] + 6, col[0] + 9, col[0] + 11, col[0] + 13)),
			&r.now));
	set_keys(&k, col[1], col[2], col[3]);
	r.region = col[4];
	r.service = col[5];
	r.method = col[6];
	r.url = col[7];
	r.body = str_from(col[8]);
	assert_row_ok(row, aws_sign(&a, &r, &k, &s, &err), &err);
	assert_row_str(row, str_from(s.authorization), col[n - 1]);
}

static void
as_another_implementation_signs(void **state)
{
	char python[] = "/usr/bin/python3", script[] = "tests/unit/aws_requests.py",
	     count[] = "200";
	char *argv[] = {python, script, count, NULL}, chunk[4096];
	cleanup_buf struct buf text = {0};
	cleanup_conn struct conn *c;
	struct err err = {0};
	struct str rest, line;
	ssize_t got;
	size_t n = 0;

	(void)state;
	c = conn_process(argv, &err);
	assert_ok(c ? 0 : -1, &err);
	while ((got = conn_read(c, chunk, sizeof(chunk), DEADLINE_NONE, &err)) > 0)
		buf_mem(&text, chunk, (size_t)got);
	for (rest = buf_view(&text); str_line(&rest, &line); n++)
		check_line(line, n + 1);
	/* without botocore, this is where the script says so */
	assert_that(n == REQUESTS, "%zu requests: %s", n, conn_diagnosis(c));
}

/* ---- moments ----------------------------------------------------------------------------- */

static void
moments(void **state)
{
	static const struct {
		const char *text;
		bool http, good;
		int64_t want;
	} rows[] = {
		{"2015-08-30T12:36:00Z", false, true, T_2015},
		{"2015-08-30T14:36:00.123+02:00", false, true, T_2015},
		{"2015-08-30t07:06:00-05:30", false, true, T_2015},
		{"2016-02-29T00:00:00Z", false, true, 1456704000},
		{"2015-02-29T00:00:00Z", false, false, 0},
		{"2015-13-01T00:00:00Z", false, false, 0},
		{"2015-08-30 12:36:00Z", false, false, 0},
		{"2015-08-30T12:36:00", false, false, 0},
		{"2015-08-30T12:36:00Zx", false, false, 0},
		{"", false, false, 0},
		{"Sun, 30 Aug 2015 12:36:00 GMT", true, true, T_2015},
		{"Sun, 06 Nov 1994 08:49:37 GMT", true, true, 784111777},
		{"Sun, 31 Feb 2015 12:36:00 GMT", true, false, 0},
		{"Sun, 30 Aug 2015 12:36:00 CET", true, false, 0},
		{"Sun, 30 ugS 2015 12:36:00 GMT", true, false, 0},
		{"Sunday, 06-Nov-94 08:49:37 GMT", true, false, 0},
	};
	char compact[MOMENT_COMPACT_LEN + 1], text[MOMENT_TEXT_LEN + 1];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct str in = str_from(rows[i].text);
		int64_t t = 0;
		bool good = rows[i].http ? moment_parse_http(in, &t) : moment_parse(in, &t);

		assert_row_int(rows[i].text, good, rows[i].good);
		if (good)
			assert_row_int(rows[i].text, t, rows[i].want);
	}
	moment_compact(T_2015, compact);
	moment_text(T_2015, text);
	assert_string_equal(compact, "20150830T123600Z");
	assert_string_equal(text, "2015-08-30T12:36:00Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_signatures),
		cmocka_unit_test(steps_of_the_ecr_case),
		cmocka_unit_test(canonical_forms),
		cmocka_unit_test(as_another_implementation_signs),
		cmocka_unit_test(moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
