/* base/: errors, text, buffers, arenas, environment, log, encodings, maps, hashes. */
#include "test.h"

#include <errno.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/kv.h"
#include "base/log.h"
#include "base/map.h"
#include "base/secret.h"
#include "base/sha256.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define REPLACEMENT "\xef\xbf\xbd"

/* ---- errors ------------------------------------------------------------------------------ */

static void
errors(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, ERR_PROTO, "bad '%s'", "x"), -1);
	assert_err(&err, ERR_PROTO, "bad 'x'");
	assert_int_equal(err.code, 0);
	assert_int_equal(err_hint(&err, "try %d", 1), -1);
	assert_int_equal(err_hint(&err, "or %d", 2), -1);
	assert_string_equal(err.hint, "try 1");
	assert_int_equal(err_wrap(&err, "read '%s'", "f"), -1);
	assert_string_equal(err.msg, "read 'f': bad 'x'");
	assert_string_equal(err.hint, "try 1");
	assert_int_equal(err_setc(&err, ERR_REMOTE, 503, "busy"), -1);
	assert_int_equal(err.code, 503);
	assert_string_equal(err.hint, "");
	errno = ENOENT;
	assert_int_equal(err_sys(&err, "open '%s'", "f"), -1);
	assert_err(&err, ERR_SYS, "open 'f': No such file or directory");
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(err_errno(&err, ERR_NET, ECONNREFUSED, "dial"), -1);
	assert_err(&err, ERR_NET, "dial: Connection refused");
}

static void
errors_nobody_wants(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_PROTO, "x"), -1);
	assert_int_equal(err_setc(NULL, ERR_PROTO, 1, "x"), -1);
	assert_int_equal(err_sys(NULL, "x"), -1);
	assert_int_equal(err_errno(NULL, ERR_NET, 1, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
	assert_int_equal(err_hint(NULL, "x"), -1);
}

static void
errors_that_do_not_fit(void **state)
{
	struct err err = {0};
	char big[3000];
	int i;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&err, ERR_PROTO, "%s", big);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	for (i = 0; i < 10; i++)
		err_wrap(&err, "outer %d", i);
	assert_int_equal(strncmp(err.msg, "outer 9: outer 8: ", 18), 0);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	err_wrap(&err, "%s", big);
	err_hint(&err, "%s", big);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
	errno = ENOENT;
	err_sys(&err, "%s", big);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

/* ---- text -------------------------------------------------------------------------------- */

static void
text_comparisons(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal, iequal, starts, istarts, ends;
		int order;
	} rows[] = {
		{"", "", true, true, true, true, true, 0},
		{"a", "", false, false, true, true, true, 1},
		{"", "a", false, false, false, false, false, -1},
		{"abc", "ab", false, false, true, true, false, 1},
		{"abc", "AB", false, false, false, true, false, 1},
		{"abc", "bc", false, false, false, false, true, -1},
		{"abc", "ABC", false, true, false, true, false, 1},
		{"\xff", "a", false, false, false, false, false, 1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct str a = str_from(rows[i].a), b = str_from(rows[i].b);
		int order = str_cmp(a, b);

		assert_row_int(rows[i].a, str_eq(a, b), rows[i].equal);
		assert_row_int(rows[i].a, str_is(a, rows[i].b), rows[i].equal);
		assert_row_int(rows[i].a, str_ieq(a, b), rows[i].iequal);
		assert_row_int(rows[i].a, str_iis(a, rows[i].b), rows[i].iequal);
		assert_row_int(rows[i].a, str_starts(a, b), rows[i].starts);
		assert_row_int(rows[i].a, str_istarts(a, b), rows[i].istarts);
		assert_row_int(rows[i].a, str_ends(a, b), rows[i].ends);
		assert_row_int(rows[i].a, (order > 0) - (order < 0), rows[i].order);
	}
	assert_true(str_eq(str_from(NULL), STR("")));
	assert_int_equal(str_cmp(str_from(NULL), STR("")), 0);
}

static void
text_search(void **state)
{
	static const struct {
		const char *text, *needle;
		ptrdiff_t find, rfind, search;
	} rows[] = {
		{"", "a", -1, -1, -1},
		{"abcabc", "c", 2, 5, 2},
		{"abcabc", "cab", 2, 5, 2},
		{"abcabc", "abcd", 0, 3, -1},
		{"abc", "x", -1, -1, -1},
		{"aab", "ab", 0, 1, 1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct str s = str_from(rows[i].text);
		char *guarded = test_guard_alloc(s.s, s.len);

		s.s = guarded;
		assert_row_int(rows[i].text, str_find(s, rows[i].needle[0]), rows[i].find);
		assert_row_int(rows[i].text, str_rfind(s, rows[i].needle[0]), rows[i].rfind);
		assert_row_int(
			rows[i].text, str_search(s, str_from(rows[i].needle)), rows[i].search);
		test_guard_free(guarded, s.len);
	}
	assert_int_equal(str_search(str_from(NULL), STR("")), 0);
	assert_int_equal(str_search(STR("a"), STR("")), 0);
	assert_int_equal(str_search(str_from(NULL), STR("a")), -1);
}

static void
text_parts(void **state)
{
	static const struct {
		const char *in, *trimmed;
	} rows[] = {
		{"", ""},
		{" ", ""},
		{" \t\r\n\v\fa b\n", "a b"},
		{"a", "a"},
	};
	struct str s = STR("abc");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_row_str(rows[i].in, str_trim(str_from(rows[i].in)), rows[i].trimmed);
	assert_str(str_from_off(s, 1), "bc");
	assert_str(str_from_off(s, 3), "");
	assert_str(str_from_off(s, 9), "");
	assert_str(str_first(s, 2), "ab");
	assert_str(str_first(s, 9), "abc");
	assert_int_equal(str_from_off(str_from(NULL), 3).len, 0);
}

/* The pieces, each in brackets. */
static void
pieces(void **state)
{
	static const struct {
		const char *in, *next, *line;
	} rows[] = {
		{"", "[]", ""},
		{",", "[][]", "[,]"},
		{"a,b", "[a][b]", "[a,b]"},
		{"a,,b,", "[a][][b][]", "[a,,b,]"},
		{"a\nb", "[a\nb]", "[a][b]"},
		{"a\r\n\n\r\nb\r", "[a\r\n\n\r\nb\r]", "[a][][][b]"},
		{"a\n", "[a\n]", "[a]"},
		{"\n", "[\n]", "[]"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct str rest = str_from(rows[i].in), piece;
		struct buf out = {0};

		while (str_next(&rest, ',', &piece))
			buf_addf(&out, "[" STR_FMT "]", STR_ARG(piece));
		assert_row_str(rows[i].in, buf_view(&out), rows[i].next);
		buf_reset(&out);
		rest = str_from(rows[i].in);
		while (str_line(&rest, &piece))
			buf_addf(&out, "[" STR_FMT "]", STR_ARG(piece));
		assert_row_str(rows[i].in, buf_view(&out), rows[i].line);
		buf_release(&out);
	}
}

static void
consumers(void **state)
{
	struct str rest = STR("key=value"), head = STR("old");

	(void)state;
	assert_false(str_cut(&rest, ':', &head));
	assert_str(rest, "key=value");
	assert_str(head, "old");
	assert_true(str_cut(&rest, '=', &head));
	assert_str(rest, "value");
	assert_str(head, "key");
	assert_false(str_take(&rest, STR("values")));
	assert_str(rest, "value");
	assert_true(str_take(&rest, STR("val")));
	assert_str(rest, "ue");
}

static void
numbers(void **state)
{
	static const struct {
		const char *in;
		int base;
		bool taken, whole;
		uint64_t value;
		const char *rest;
	} rows[] = {
		{"", 10, false, false, 0, ""},
		{"0", 10, true, true, 0, ""},
		{"007", 10, true, true, 7, ""},
		{"12x", 10, true, false, 12, "x"},
		{"-1", 10, false, false, 0, "-1"},
		{"+1", 10, false, false, 0, "+1"},
		{" 1", 10, false, false, 0, " 1"},
		{"18446744073709551615", 10, true, true, UINT64_MAX, ""},
		{"18446744073709551616", 10, false, false, 0, "18446744073709551616"},
		{"99999999999999999999", 10, false, false, 0, "99999999999999999999"},
		{"fF0g", 16, true, false, 0xff0, "g"},
		{"ffffffffffffffff", 16, true, true, UINT64_MAX, ""},
		{"10000000000000000", 16, false, false, 0, "10000000000000000"},
		{"789", 8, true, false, 7, "89"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct str rest = str_from(rows[i].in);
		uint64_t n = 0;

		assert_row_int(rows[i].in, str_take_u64(&rest, rows[i].base, &n), rows[i].taken);
		assert_row_int(rows[i].in, n == rows[i].value, true);
		assert_row_str(rows[i].in, rest, rows[i].rest);
		n = 42;
		assert_row_int(
			rows[i].in, str_u64(str_from(rows[i].in), rows[i].base, &n), rows[i].whole);
		assert_row_int(rows[i].in, n == (rows[i].whole ? rows[i].value : 42), true);
	}
}

/* ---- buffers, arenas --------------------------------------------------------------------- */

static void
buffers(void **state)
{
	struct buf b = {0};
	char *s;

	(void)state;
	assert_string_equal(buf_cstr(&b), "");
	buf_str(&b, (struct str){0});
	assert_int_equal(b.len, 0);
	buf_puts(&b, "one");
	buf_putc(&b, ' ');
	buf_addf(&b, "%s %d", "two", 3);
	buf_mem(&b, "\0!", 2);
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.p, "one two 3\0!", 12);
	buf_consume(&b, 4);
	buf_consume(&b, 0);
	assert_string_equal(buf_cstr(&b), "two 3");
	buf_reset(&b);
	assert_string_equal(buf_cstr(&b), "");
	buf_puts(&b, "x");
	s = buf_steal(&b);
	assert_string_equal(s, "x");
	free(s);
	assert_null(b.p);
	s = buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
	buf_puts(&b, "secret");
	buf_wipe(&b);
	assert_null(b.p);
}

static void
buffer_limits(void **state)
{
	struct err err = {0};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < 100; i++)
		assert_ok(buf_add(&b, "x", 1, &err), &err);
	assert_int_equal(buf_add(&b, "x", 1, &err), -1);
	assert_err(&err, ERR_LIMIT, "more than 100 bytes");
	assert_int_equal(b.len, 100);
	assert_int_equal(b.p[100], 0);
	assert_int_equal(buf_add(&b, "x", SIZE_MAX, &err), -1);
	assert_ok(buf_add(&b, NULL, 0, &err), &err);
	buf_consume(&b, 60);
	assert_ok(buf_reserve(&b, 60, &err), &err);
	assert_int_equal(buf_reserve(&b, 61, &err), -1);
	buf_release(&b);
	assert_int_equal(b.max, 100);
	assert_int_equal(buf_add(&b, "x", 101, &err), -1);
	assert_null(b.p);
}

static void
arenas(void **state)
{
	cleanup_arena struct arena a = {0};
	struct strlist l = {0};
	uint64_t *numbers_at;
	size_t i;
	char *big;

	(void)state;
	for (i = 0; i < 1000; i++) {
		char *odd = arena_alloc(&a, 1, 1 + i % 7, 1);

		assert_int_equal(odd[0], 0);
		odd[0] = 'x';
		numbers_at = arena_new(&a, uint64_t, 3);
		assert_int_equal((uintptr_t)numbers_at % _Alignof(uint64_t), 0);
		assert_true(numbers_at[0] == 0 && numbers_at[2] == 0);
		numbers_at[2] = UINT64_MAX;
	}
	big = arena_alloc(&a, 1, 100000, 1);
	assert_int_equal(big[99999], 0);
	assert_string_equal(arena_cstr(&a, "text"), "text");
	assert_string_equal(arena_str(&a, str_first(STR("text"), 2)), "te");
	assert_string_equal(arena_str(&a, (struct str){0}), "");
	assert_str(arena_dup(&a, STR("dup")), "dup");
	assert_string_equal(arena_fmt(&a, "%s-%d", "a", 7), "a-7");
	assert_false(strlist_has(&l, "0"));
	for (i = 0; i < 100; i++)
		strlist_add(&l, &a, arena_fmt(&a, "%zu", i));
	assert_int_equal(l.n, 100);
	assert_string_equal(l.items[99], "99");
	assert_null(l.items[100]);
	assert_true(strlist_has(&l, "42"));
	assert_false(strlist_has(&l, "100"));
}

static void
key_values(void **state)
{
	cleanup_arena struct arena a = {0};
	struct kvlist l = {0};
	char key[16];
	int i;

	(void)state;
	assert_null(kv_get(&l, "a"));
	for (i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		kv_setf(&l, &a, key, "v%d", i);
	}
	kv_set(&l, &a, "k3", "new");
	assert_int_equal(l.n, 20);
	assert_string_equal(l.items[3].value, "new");
	assert_string_equal(kv_get(&l, "k19"), "v19");
	assert_null(kv_get(&l, "k"));
}

static void
maps(void **state)
{
	cleanup_map struct map m = {0};
	static int values[5000];
	char key[32];
	size_t i;

	(void)state;
	assert_null(map_get(&m, STR("a")));
	for (i = 0; i < COUNT(values); i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		map_set(&m, str_from(key), &values[i]);
	}
	for (i = 0; i < COUNT(values); i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		assert_ptr_equal(map_get(&m, str_from(key)), &values[i]);
		assert_string_equal(m.entries[i].key, key);
	}
	assert_null(map_get(&m, STR("key")));
	map_set(&m, STR("key 7"), values);
	assert_ptr_equal(map_get(&m, STR("key 7")), values);
	assert_int_equal(m.n, COUNT(values));
	/* any bytes are a key */
	map_set(&m, (struct str){0}, &values[1]);
	map_set(&m, str_n("a\0b", 3), &values[2]);
	map_set(&m, STR("a"), &values[3]);
	assert_ptr_equal(map_get(&m, STR("")), &values[1]);
	assert_ptr_equal(map_get(&m, str_n("a\0b", 3)), &values[2]);
	assert_ptr_equal(map_get(&m, STR("a")), &values[3]);
}

static void
secrets(void **state)
{
	struct secret a = {0}, b = {0};

	(void)state;
	assert_false(secret_is_set(&a));
	secret_set(&a, STR("pass"));
	secret_copy(&b, &a);
	secret_set(&a, secret_reveal(&a));
	assert_str(secret_reveal(&a), "pass");
	assert_str(secret_reveal(&b), "pass");
	secret_set(&a, STR(""));
	assert_true(secret_is_set(&a));
	secret_release(&a);
	secret_copy(&b, &a);
	assert_false(secret_is_set(&b));
}

static void
ownership(void **state)
{
	char *p = xstrdup("x"), *q = steal_ptr(&p);
	cleanup_free char *f = xasprintf("%s%d", "n", 1);

	(void)state;
	assert_null(p);
	assert_string_equal(q, "x");
	assert_string_equal(f, "n1");
	free(q);
	q = xstrndup(NULL, 0);
	assert_string_equal(q, "");
	free(q);
}

/* ---- environment, log -------------------------------------------------------------------- */

static void
environment(void **state)
{
	static const char *const vars[] = {
		"A=1", "AB=yes", "EMPTY=", "T=TRUE", "O=On", "N=false", "EQ=a=b", NULL};
	struct env env = {vars}, none = {NULL};

	(void)state;
	assert_string_equal(env_raw(&env, "A"), "1");
	assert_string_equal(env_raw(&env, "EMPTY"), "");
	assert_null(env_get(&env, "EMPTY"));
	assert_null(env_raw(&env, "B"));
	assert_null(env_raw(&none, "A"));
	assert_string_equal(env_get(&env, "EQ"), "a=b");
	assert_true(env_has(&env, "AB") && !env_has(&env, "EMPTY") && !env_has(&env, "X"));
	assert_true(
		env_is(&env, "T", "true") && !env_is(&env, "T", "tru") && !env_is(&env, "X", ""));
	assert_true(env_true(&env, "A") && env_true(&env, "AB") && env_true(&env, "T") &&
		    env_true(&env, "O"));
	assert_false(env_true(&env, "N") || env_true(&env, "EMPTY") || env_true(&env, "X"));
}

static void
write_log(struct log *log, enum log_level level, const char *text)
{
	buf_addf(log->arg, "%d %s\n", (int)level, text);
}

static void
logs(void **state)
{
	struct buf out = {0};
	struct log log = {LOG_INFO, write_log, &out};

	(void)state;
	log_debug(&log, "x");
	log_info(&log, "%s", "100%");
	log_warn(&log, "w %d", 1);
	log_warn(NULL, "w");
	assert_str(buf_view(&out), "1 100%\n2 w 1\n");
	buf_release(&out);
}

/* ---- encodings --------------------------------------------------------------------------- */

/* The vectors are those of RFC 4648, section 10. */
static void
base64(void **state)
{
	static const struct {
		const char *plain, *std, *nopad, *url;
	} rows[] = {
		{"", "", "", ""},
		{"f", "Zg==", "Zg", "Zg=="},
		{"fo", "Zm8=", "Zm8", "Zm8="},
		{"foo", "Zm9v", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg", "Zm9vYg=="},
		{"fooba", "Zm9vYmE=", "Zm9vYmE", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xfe", "+//+", "+//+", "-__-"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct str plain = str_from(rows[i].plain);
		const char *forms[] = {rows[i].std, rows[i].nopad, rows[i].url};
		struct buf out = {0};
		size_t k;

		base64_encode(&out, plain, BASE64_STD);
		assert_row_str(rows[i].std, buf_view(&out), rows[i].std);
		buf_reset(&out);
		base64_encode(&out, plain, BASE64_NOPAD);
		assert_row_str(rows[i].std, buf_view(&out), rows[i].nopad);
		buf_reset(&out);
		base64_encode(&out, plain, BASE64_URL);
		assert_row_str(rows[i].std, buf_view(&out), rows[i].url);
		for (k = 0; k < COUNT(forms); k++) {
			buf_reset(&out);
			assert_row_int(forms[k], base64_decode(&out, str_from(forms[k])), true);
			assert_row_str(forms[k], buf_view(&out), rows[i].plain);
		}
		buf_release(&out);
	}
}

static void
base64_odd_input(void **state)
{
	static const struct {
		const char *in, *want; /* NULL: refused */
	} rows[] = {
		{"Zm9v\r\nYm Fy\t\n", "foobar"},
		{"Zg=\n=", "f"},
		{"Z", NULL},
		{"Zm9vZ", NULL},
		{"Zg=", NULL},
		{"Zg===", NULL},
		{"Zm9v=", NULL},
		{"=", NULL},
		{"====", NULL},
		{"Zg==Zg==", NULL},
		{"Zm9v!", NULL},
		{"Zm\xff", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct buf out = {0};
		bool ok = base64_decode(&out, str_from(rows[i].in));

		assert_row_int(rows[i].in, ok, rows[i].want != NULL);
		if (ok)
			assert_row_str(rows[i].in, buf_view(&out), rows[i].want);
		buf_release(&out);
	}
}

static void
hex(void **state)
{
	struct buf out = {0};

	(void)state;
	hex_encode(&out, "\x00\x9f\xff", 3);
	assert_str(buf_view(&out), "009fff");
	buf_release(&out);
	assert_true(is_hex(STR("09afAF")));
	assert_false(is_hex(STR("")) || is_hex(STR("0g")) || is_hex(STR(" 0")));
}

static void
percent(void **state)
{
	static const struct {
		const char *plain, *keep, *encoded;
	} rows[] = {
		{"", NULL, ""},
		{"aZ09-._~", NULL, "aZ09-._~"},
		{"a b/c?d=e&f%\xc3\xa4+", NULL, "a%20b%2Fc%3Fd%3De%26f%25%C3%A4%2B"},
		{"a/b:c@d", "/:", "a/b:c%40d"},
	};
	static const struct {
		const char *in;
		bool plus;
		const char *want;
	} decoded[] = {
		{"a%2fb%2F", false, "a/b/"},
		{"a+b", false, "a+b"},
		{"a+b%2B", true, "a b+"},
		{"%", false, "%"},
		{"%4", false, "%4"},
		{"%4g%zz%%41", false, "%4g%zz%A"},
	};
	struct buf out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct buf back = {0};

		buf_reset(&out);
		percent_encode(&out, str_from(rows[i].plain), rows[i].keep);
		assert_row_str(rows[i].plain, buf_view(&out), rows[i].encoded);
		percent_decode(&back, buf_view(&out), false);
		assert_row_str(rows[i].plain, buf_view(&back), rows[i].plain);
		buf_release(&back);
	}
	for (i = 0; i < COUNT(decoded); i++) {
		buf_reset(&out);
		percent_decode(&out, str_from(decoded[i].in), decoded[i].plus);
		assert_row_str(decoded[i].in, buf_view(&out), decoded[i].want);
	}
	buf_reset(&out);
	percent_encode(&out, str_n("\0", 1), "/");
	assert_str(buf_view(&out), "%00");
	buf_release(&out);
}

static void
utf8(void **state)
{
	static const struct {
		const char *in;
		size_t len; /* of the first sequence */
		const char *clean;
	} rows[] = {
		{"", 0, ""},
		{"a\xc3\xa4", 1, "a\xc3\xa4"},
		{"\xc3\xa4", 2, "\xc3\xa4"},
		{"\xe2\x82\xac", 3, "\xe2\x82\xac"},
		{"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
		{"\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf"},
		{"\x80", 0, REPLACEMENT},
		{"\xc3", 0, REPLACEMENT},
		{"\xc3(", 0, REPLACEMENT "("},
		{"\xc0\xaf", 0, REPLACEMENT REPLACEMENT}, /* overlong */
		{"\xe0\x80\xaf", 0, REPLACEMENT REPLACEMENT REPLACEMENT},
		{"\xf0\x80\x80\xaf", 0, REPLACEMENT REPLACEMENT REPLACEMENT REPLACEMENT},
		{"\xed\xa0\x80", 0, REPLACEMENT REPLACEMENT REPLACEMENT}, /* surrogate */
		{"\xf4\x90\x80\x80", 0, REPLACEMENT REPLACEMENT REPLACEMENT REPLACEMENT},
		{"\xf5x\xff", 0, REPLACEMENT "x" REPLACEMENT},
		{"\xe2\x82", 0, REPLACEMENT REPLACEMENT},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct str in = str_from(rows[i].in);
		char *guarded = test_guard_alloc(in.s, in.len);
		struct buf out = {0};

		in.s = guarded;
		assert_row_int(rows[i].in, utf8_len(in), rows[i].len);
		utf8_clean(&out, in);
		assert_row_str(rows[i].in, buf_view(&out), rows[i].clean);
		assert_row_int(rows[i].in, utf8_valid(in), strcmp(rows[i].in, rows[i].clean) == 0);
		assert_row_int(rows[i].in, utf8_valid(buf_view(&out)), true);
		buf_release(&out);
		test_guard_free(guarded, in.len);
	}
}

/* ---- hashes ------------------------------------------------------------------------------ */

/* The messages are the examples of FIPS 180-4. */
static void
sha256(void **state)
{
	static const struct {
		const char *in, *hex;
	} rows[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char hex_at[SHA256_HEX_LEN + 1], again[SHA256_HEX_LEN + 1];
	struct sha256 h;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		sha256_text(str_from(rows[i].in), hex_at);
		assert_row_str(rows[i].in, str_from(hex_at), rows[i].hex);
		sha256_init(&h);
		for (k = 0; rows[i].in[k]; k++) {
			sha256_add(&h, &rows[i].in[k], 1);
			/* asking on the way changes nothing */
			sha256_hex(&h, again);
		}
		sha256_hex(&h, again);
		assert_row_str(rows[i].in, str_from(again), rows[i].hex);
	}
	sha256_init(&h);
	for (i = 0; i < 10000; i++)
		for (k = 0; k < 4; k++)
			sha256_add(&h, "aaaaaaaaaaaaaaaaaaaaaaaaa", 25);
	sha256_hex(&h, again);
	assert_string_equal(
		again, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors),
		cmocka_unit_test(errors_nobody_wants),
		cmocka_unit_test(errors_that_do_not_fit),
		cmocka_unit_test(text_comparisons),
		cmocka_unit_test(text_search),
		cmocka_unit_test(text_parts),
		cmocka_unit_test(pieces),
		cmocka_unit_test(consumers),
		cmocka_unit_test(numbers),
		cmocka_unit_test(buffers),
		cmocka_unit_test(buffer_limits),
		cmocka_unit_test(arenas),
		cmocka_unit_test(key_values),
		cmocka_unit_test(maps),
		cmocka_unit_test(secrets),
		cmocka_unit_test(ownership),
		cmocka_unit_test(environment),
		cmocka_unit_test(logs),
		cmocka_unit_test(base64),
		cmocka_unit_test(base64_odd_input),
		cmocka_unit_test(hex),
		cmocka_unit_test(percent),
		cmocka_unit_test(utf8),
		cmocka_unit_test(sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
