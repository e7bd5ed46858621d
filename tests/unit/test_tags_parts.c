/* ci/tags: what rules are made of: versions, dates, regular expressions. ci/floating. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "ci/floating.h"
#include "ci/tags.h"
#include "ci/tags_expr.h"
#include "ci/tags_regex.h"
#include "ci/tags_version.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void
semver(void **state)
{
	static const struct {
		const char *in, *version, *parts;
		bool release;
	} rows[] = {
		{"1.2.3", "1.2.3", "1 2 3", true},
		{"v1.2.3", "1.2.3", "1 2 3", true},
		{" v1.2.3 ", "1.2.3", "1 2 3", true},
		{"0.0.0", "0.0.0", "0 0 0", true},
		{"1.2.3-rc.1", "1.2.3-rc.1", "1 2 3", false},
		{"1.2.3-0", "1.2.3-0", "1 2 3", false},
		{"1.2.3--", "1.2.3--", "1 2 3", false},
		{"1.2.3-0a.b-c", "1.2.3-0a.b-c", "1 2 3", false},
		{"1.2.3+b.01", "1.2.3", "1 2 3", true},
		{"1.2.3-a+b-c", "1.2.3-a", "1 2 3", false},
		{"9007199254740991.0.0", "9007199254740991.0.0", "9007199254740991 0 0", true},
		{"1", NULL, NULL, false},
		{"1.2", NULL, NULL, false},
		{"1.2.3.4", NULL, NULL, false},
		{"01.2.3", NULL, NULL, false},
		{"1.2.3-01", NULL, NULL, false},
		{"1.2.3-", NULL, NULL, false},
		{"1.2.3+", NULL, NULL, false},
		{"1.2.3-+b", NULL, NULL, false},
		{"1.2.3-a..b", NULL, NULL, false},
		{"1.2.3+a+b", NULL, NULL, false},
		{"1.2.3-a_b", NULL, NULL, false},
		{"V1.2.3", NULL, NULL, false},
		{"vv1.2.3", NULL, NULL, false},
		{"a1.2.3", NULL, NULL, false},
		{"9007199254740992.0.0", NULL, NULL, false},
		{"1.2." HUNDRED, NULL, NULL, false},
		{"1.2.3-" HUNDRED HUNDRED HUNDRED, NULL, NULL, false},
		{"", NULL, NULL, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct tag_version v = {0};

		assert_row_int(rows[i].in, version_semver(&a, str_n(in, len), &v),
			rows[i].version != NULL);
		test_guard_free(in, len);
		if (!rows[i].version)
			continue;
		assert_row_str(rows[i].in, str_from(v.version), rows[i].version);
		assert_row_str(rows[i].in, str_from(v.raw), rows[i].in);
		assert_row_str(rows[i].in,
			str_from(arena_fmt(&a, "%s %s %s", v.major, v.minor, v.patch)),
			rows[i].parts);
		assert_row_int(rows[i].in, v.is_release, rows[i].release);
	}
}

static void
pep440(void **state)
{
	static const struct {
		const char *in, *version, *parts;
		bool release;
	} rows[] = {
		{"1.2.3", "1.2.3", "1 2 3", true},
		{"v1.2.3", "1.2.3", "1 2 3", true},
		{"1", "1", "1 0 0", true},
		{"1.2.3.4.5", "1.2.3.4.5", "1 2 3", true},
		{"01.02", "1.2", "1 2 0", true},
		{"2!1.0", "2!1.0", "1 0 0", true},
		{"0!1.0", "1.0", "1 0 0", true},
		{"1.2.3rc2", "1.2.3rc2", "1 2 3", false},
		{"1.2.3beta2", "1.2.3b2", "1 2 3", false},
		{"1.2.3-ALPHA", "1.2.3a0", "1 2 3", false},
		{"1.2c3", "1.2rc3", "1 2 0", false},
		{"1.2.preview_03", "1.2rc3", "1 2 0", false},
		{"1.2.3post1", "1.2.3.post1", "1 2 3", false},
		{"1.2.3-1", "1.2.3.post1", "1 2 3", false},
		{"1.2.3.rev", "1.2.3.post0", "1 2 3", false},
		{"1.2-r4", "1.2.post4", "1 2 0", false},
		{"1.0dev4", "1.0.dev4", "1 0 0", false},
		{"1.0a1.post2.dev3", "1.0a1.post2.dev3", "1 0 0", false},
		{"1.0+Ubuntu-1_2", "1.0+ubuntu.1.2", "1 0 0", true},
		{"1.0+01.0a", "1.0+1.0a", "1 0 0", true},
		{"1.0a.-1", "1.0a0.post1", "1 0 0", false},
		{"1.0rc1+x", "1.0rc1+x", "1 0 0", false},
		{"", NULL, NULL, false},
		{"x", NULL, NULL, false},
		{"1.", NULL, NULL, false},
		{"1..2", NULL, NULL, false},
		{"1.2foo", NULL, NULL, false},
		{"1.2+", NULL, NULL, false},
		{"1.2+a..b", NULL, NULL, false},
		{"1.2+a-", NULL, NULL, false},
		{"1.2+.a", NULL, NULL, false},
		{"1!", NULL, NULL, false},
		{"1.2-rc-", "1.2rc0", "1 2 0", false},
		{"1.2 3", NULL, NULL, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct tag_version v = {0};

		assert_row_int(rows[i].in, version_pep440(&a, str_n(in, len), &v),
			rows[i].version != NULL);
		test_guard_free(in, len);
		if (!rows[i].version)
			continue;
		assert_row_str(rows[i].in, str_from(v.version), rows[i].version);
		assert_row_str(rows[i].in,
			str_from(arena_fmt(&a, "%s %s %s", v.major, v.minor, v.patch)),
			rows[i].parts);
		assert_row_int(rows[i].in, v.is_release, rows[i].release);
	}
}

static void
dates(void **state)
{
	static const struct {
		int64_t when;
		const char *format, *want;
	} rows[] = {
		{1578616200, "YYYYMMDD", "20200110"},
		{1578616200, "YY.M.D H:m:s", "20.1.10 0:30:0"},
		{1578669950, "dddd, MMMM Do YYYY, h:mm:ss a",
			"Friday, January 10th 2020, 3:25:50 pm"},
		{1578669950, "ddd dd d E MMM hh A DDD DDDD Q", "Fri Fr 5 5 Jan 03 PM 10 010 1"},
		{1578669950, "YYYY-MM-DDTHH:mm:ss.SSS[Z]", "2020-01-10T15:25:50.000Z"},
		{1578669950, "[YYYY] X x Z ZZ z", "YYYY 1578669950 1578669950000 +00:00 +0000 UTC"},
		{0, "YYYY-MM-DD hh:mm A", "1970-01-01 12:00 AM"},
		{951782400, "YYYY-MM-DD DDDD", "2000-02-29 060"},
		{1609459199, "GGGG-WW W", "2020-53 53"},
		{1609459200, "GGGG-WW", "2020-53"},
		{1609718400, "GGGG-W", "2021-1"},
		{1419984000, "GGGG-WW", "2015-01"},
		{1325376000, "GGGG-WW", "2011-52"},
		{1483228800, "GGGG-WW", "2016-52"},
		{1577836800, "MMMDo", "Jan1st"},
		{1577923200, "Do", "2nd"},
		{1578009600, "Do", "3rd"},
		{1578700800, "Do", "11th"},
		{1579651200, "Do", "22nd"},
		{1578614400, "[", "["},
		{1578614400, "", ""},
	};
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};

		assert_row_ok(rows[i].format,
			expr_time(&out, rows[i].when, str_from(rows[i].format), &err), &err);
		assert_row_str(rows[i].format, buf_view(&out), rows[i].want);
	}
}

static void
times(void **state)
{
	static const struct {
		const char *in;
		int64_t want;
	} rows[] = {
		{"1970-01-01T00:00:01Z", 1},
		{"2020-01-10T00:30:00Z", 1578616200},
		{"2020-01-10t00:30:00z", 1578616200},
		{"2020-01-10T00:30:00.123456789Z", 1578616200},
		{"2020-01-10T02:30:00+02:00", 1578616200},
		{"2020-01-09 19:00:00-05:30", 1578616200},
		{"2000-02-29T00:00:00Z", 951782400},
		{"2000-03-01T00:00:00Z", 951868800},
		{"1969-12-31T23:59:59Z", -1},
		{NULL, 0},
		{"", 0},
		{"2020-01-10", 0},
		{"2020-13-10T00:30:00Z", 0},
		{"2020-01-10T24:30:00Z", 0},
		{"2020-01-10T00:30:00", 0},
		{"2020-01-10T00:30:00.Z", 0},
		{"2020-01-10T00:30:00+0200", 0},
		{"2020-01-10T00:30:00Zx", 0},
		{"2020-1-10T00:30:00Z", 0},
		{"+020-01-10T00:30:00Z", 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(
			rows[i].in ? rows[i].in : "NULL", tags_time(rows[i].in), rows[i].want);
}

static void
regular_expressions(void **state)
{
	static const struct {
		const char *pattern, *text,
			*want; /* groups joined by '|', "-" for none; NULL no match */
		bool ignore_case;
	} rows[] = {
		{"", "abc", "", false},
		{"b", "abc", "b", false},
		{"^b", "abc", NULL, false},
		{"c$", "abc", "c", false},
		{"^abc$", "abc", "abc", false},
		{"a.c", "a\nc abc", "abc", false},
		{"a*", "aaab", "aaa", false},
		{"a*?b", "aaab", "aaab", false},
		{"a+?", "aaa", "a", false},
		{"ab?c", "ac", "ac", false},
		{"(a)(b)?", "ac", "a|a|-", false},
		{"(a|ab)(c|bcd)?", "abcd", "abcd|a|bcd", false},
		{"(?:a|b)+(c)", "xabac", "abac|c", false},
		{"(?<year>\\d{4})-(?<m>\\d\\d)", "x2020-01", "2020-01|2020|01", false},
		{"\\d{2,}", "1 12 123", "12", false},
		{"^\\d{1,2}$", "123", NULL, false},
		{"a{2}", "aaa", "aa", false},
		{"a{0}b", "ab", "b", false},
		{"a{1,2}?", "aa", "a", false},
		{"(a{2}){2}", "aaaaa", "aaaa|aa", false},
		{"x{a}{,2}", "x{a}{,2}", "x{a}{,2}", false},
		{"[a-c]+", "xabcd", "abc", false},
		{"[^a-c]+", "abxyc", "xy", false},
		{"[]a]", "]", NULL, false},
		{"[a\\]]+", "a]", "a]", false},
		{"[\\d.-]+", "v1.2-3x", "1.2-3", false},
		{"[\\w-]+", "#a_b-1#", "a_b-1", false},
		{"[a-\\d]+", "a-1", "a-1", false},
		{"\\D\\W\\S", "1a b", "a b", false},
		{"\\bfoo\\b", "afoo foo", "foo", false},
		{"\\Boo", "foo", "oo", false},
		{"V(.*)", "v1", "v1|1", true},
		{"[^A-Z]+", "abc1", "1", true},
		{"\\x41\\t\\.\\/", "A\t./", "A\t./", false},
		{"(a*)*", "aab", "aa|aa", false},
		{"(a*)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "|", false},
		{"(x+x+)+y", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL, false},
		{"a|b|", "c", "", false},
		{"a]b}", "a]b}", "a]b}", false},
		{"v(\\d+)\\.(\\d+)", "p1/v10.22", "v10.22|10|22", false},
	};
	size_t i, k, ngroups;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].pattern);
		char *in = test_guard_alloc(rows[i].pattern, len);
		cleanup_arena struct arena a = {0};
		const char *problem = "";
		struct str groups[REGEX_GROUPS_MAX];
		struct regex *re = regex_compile(&a, str_n(in, len), rows[i].ignore_case, &problem);
		char *got;

		test_guard_free(in, len);
		assert_that(re, "row '%s': %s", rows[i].pattern, problem);
		len = strlen(rows[i].text);
		in = test_guard_alloc(rows[i].text, len);
		assert_row_int(rows[i].pattern, regex_match(re, str_n(in, len), groups),
			rows[i].want != NULL);
		if (rows[i].want) {
			got = arena_str(&a, groups[0]);
			for (ngroups = 0, k = 0; rows[i].want[k]; k++)
				ngroups += rows[i].want[k] == '|';
			for (k = 1; k <= ngroups; k++)
				got = arena_fmt(&a, "%s|" STR_FMT, got,
					STR_ARG(groups[k].s ? groups[k] : STR("-")));
			assert_row_str(rows[i].pattern, str_from(got), rows[i].want);
		}
		test_guard_free(in, len);
	}
}

static void
regular_expressions_refused(void **state)
{
	static const struct {
		const char *pattern, *problem;
	} rows[] = {
		{"(", "a '(' has no ')'"},
		{")", "a ')' has no '('"},
		{"a)", "a ')' has no '('"},
		{"[", "a '[' has no ']'"},
		{"[a-", "a '[' has no ']'"},
		{"[\\", "a '[' has no ']'"},
		{"[b-a]", "out of order"},
		{"a{3,2}", "out of order"},
		{"*", "nothing to repeat"},
		{"a|+", "nothing to repeat"},
		{"a**", "nothing to repeat"},
		{"\\", "ends in a backslash"},
		{"(a)\\1", "back references are not supported"},
		{"(?=a)", "look-around is not supported"},
		{"(?<!a)", "look-around is not supported"},
		{"(?<a", "a group's name has no '>'"},
		{"\\u0041", "an escape that is not supported"},
		{"a{2000}", "repeats something too often"},
		{"((((a{100}){100}){100}){100})", "repeats something too often"},
		{"((((){900}){900}){900}){900}", "repeats something too often"},
		{"()()()()()()()()()()()()()()()()()()()()", "too many groups"},
	};
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf deep = {0};
	const char *problem = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].pattern);
		char *in = test_guard_alloc(rows[i].pattern, len);

		problem = "";
		assert_that(!regex_compile(&a, str_n(in, len), false, &problem), "row '%s'",
			rows[i].pattern);
		assert_that(
			strstr(problem, rows[i].problem), "row '%s': %s", rows[i].pattern, problem);
		test_guard_free(in, len);
	}
	for (i = 0; i < 100; i++)
		buf_puts(&deep, "(?:");
	assert_null(regex_compile(&a, buf_view(&deep), false, &problem));
	assert_non_null(strstr(problem, "nested too deeply"));
}

/* Every version is older than all that follow it; the rows of semver.org, section 11. */
static void
semver_precedence(void **state)
{
	static const char *const rows[] = {"0.9.10", "1.0.0-2", "1.0.0-11", "1.0.0-alpha",
		"1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
		"1.0.0-rc.1", "1.0.0", "1.0.2", "1.0.10", "1.2.0", "1.11.0", "2.0.0-0", "v2.0.0",
		"10.0.0"};
	cleanup_arena struct arena a = {0};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		for (k = 0; k < ARRAY_LEN(rows); k++) {
			struct tag_version v, w;
			int order;

			assert_true(version_semver(&a, str_from(rows[i]), &v) &&
				    version_semver(&a, str_from(rows[k]), &w));
			order = version_compare(&v, &w);
			assert_that((order < 0) == (i < k) && (order > 0) == (i > k),
				"'%s' beside '%s': %d", rows[i], rows[k], order);
		}
}

static void
tags_that_float(void **state)
{
	static const struct {
		const char *tag;
		bool want;
	} rows[] = {{"latest", true}, {"latest-alpine", true}, {"1", true}, {"1.2", true},
		{"v1", true}, {"v1.2", true}, {"12.34-alpine", true}, {"1.2.3", false},
		{"v1.2.3", false}, {"1.2.3-rc.1", false}, {"1.", false}, {"1.x", false},
		{"v", false}, {"", false}, {"main", false}, {"latestx", false}, {"pr-7", false},
		{"1a2b", false}, {"0123456789012345678901234567890123456789", false}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(rows[i].tag, tag_floats(rows[i].tag), rows[i].want);
}

static void
order_of_images(void **state)
{
	static const char early[] = "2024-01-02T03:04:05Z", late[] = "2024-01-02T04:04:06+01:00";
	static const struct {
		const char *name;
		struct tag_origin ours, theirs;
		enum tag_order want;
	} rows[] = {
		{"nothing is known", {.created = NULL}, {.created = NULL}, ORDER_UNKNOWN},
		{"theirs says nothing", {"1.2.3", early, "a"}, {.created = NULL}, ORDER_UNKNOWN},
		{"ours says nothing", {.created = NULL}, {"1.2.3", early, "a"}, ORDER_UNKNOWN},
		{"newer commit", {"main", late, "b"}, {"main", early, "a"}, ORDER_NOT_OLDER},
		{"older commit", {"main", early, "a"}, {"main", late, "b"}, ORDER_OLDER_COMMIT},
		{"same commit", {NULL, NULL, "a"}, {NULL, NULL, "a"}, ORDER_NOT_OLDER},
		{"same time", {NULL, early, "a"}, {NULL, early, "b"}, ORDER_NOT_OLDER},
		{"older version of a later commit", {"1.2.4", late, "b"}, {"v1.3.0", early, "a"},
			ORDER_OLDER_VERSION},
		{"newer version of an earlier commit", {"v2.0.0", early, "a"}, {"1.9.9", late, "b"},
			ORDER_NOT_OLDER},
		{"same commit under two versions", {"1.2.3", early, "a"}, {"1.2.4", early, "a"},
			ORDER_OLDER_VERSION},
		{"same version, older commit", {"1.2.3", early, "a"}, {"1.2.3", late, "b"},
			ORDER_OLDER_COMMIT},
		{"a version beside a branch", {"1.2.3", early, "a"}, {"main", late, "b"},
			ORDER_OLDER_COMMIT},
		{"times that are none", {NULL, "today", "a"}, {NULL, late, "b"}, ORDER_UNKNOWN},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(
			rows[i].name, tag_order(&rows[i].ours, &rows[i].theirs), rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(semver),
		cmocka_unit_test(semver_precedence),
		cmocka_unit_test(tags_that_float),
		cmocka_unit_test(order_of_images),
		cmocka_unit_test(pep440),
		cmocka_unit_test(dates),
		cmocka_unit_test(times),
		cmocka_unit_test(regular_expressions),
		cmocka_unit_test(regular_expressions_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
