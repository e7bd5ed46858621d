/* base/jval: JSON values. */
#include "test.h"

#include "base/jval.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
parse_and_write(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"{}", "{}"},
		{" [ 1 , -2, 3.5 ] ", "[1,-2,3.5]"},
		{"{\"z\":1,\"a\":{\"x\":null,\"y\":[true,false]}}",
			"{\"z\":1,\"a\":{\"x\":null,\"y\":[true,false]}}"},
		{"\"\\u00e4\\n\\\"\\ud83d\\ude00\"", "\"\xc3\xa4\\n\\\"\xf0\x9f\x98\x80\""},
		{"{\"a\":1,\"a\":2}", "{\"a\":2}"},
		{"9223372036854775807", "9223372036854775807"},
		{"null", "null"},
	};
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct str in = str_from(rows[i].in);
		char *guarded = test_guard_alloc(in.s, in.len);
		cleanup_jval struct jval *v = jval_parse(str_n(guarded, in.len), &err);
		struct buf out = {0};

		assert_that(v, "row '%s': %s", rows[i].in, err.msg);
		jval_write(&out, v, 0);
		assert_row_str(rows[i].in, buf_view(&out), rows[i].out);
		buf_release(&out);
		test_guard_free(guarded, in.len);
	}
}

static void
refused(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *message;
	} rows[] = {
		{"", 0, "not valid JSON: line 1, column 0: "},
		{"{\"a\":\n tru}", 11, "not valid JSON: line 2, column 4: "},
		{"{} x", 4, "not valid JSON: "},
		{"[1,]", 4, "not valid JSON: "},
		{"{'a':1}", 7, "not valid JSON: "},
		{"\"\xff\"", 3, "not valid JSON: "},
		{"\"\\u0000\"", 8, "not valid JSON: "},
		{"\"\\ud800\"", 8, "not valid JSON: "},
		{"[1\0]", 4, "not valid JSON: "},
		{"99999999999999999999", 20, "not valid JSON: "},
		{"1e999", 5, "not valid JSON: "},
		{"nul", 3, "not valid JSON: "},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct err err = {0};

		assert_that(
			!jval_parse(str_n(rows[i].in, rows[i].len), &err), "row '%s'", rows[i].in);
		assert_row_err(rows[i].in, &err, ERR_PROTO, rows[i].message);
	}
	assert_null(jval_parse((struct str){0}, NULL));
}

/* A deep document must not use up the stack. */
static void
nesting(void **state)
{
	struct err err = {0};
	struct buf deep = {0};
	int i;

	(void)state;
	for (i = 0; i < 1000000; i++)
		buf_putc(&deep, '[');
	assert_null(jval_parse(buf_view(&deep), &err));
	assert_err(&err, ERR_PROTO, "depth");
	buf_release(&deep);
}

static bool
list_key(const char *key, const struct jval *v, void *arg)
{
	buf_addf(arg, "%s:%d ", key, (int)jval_kind(v));
	return strcmp(key, "stop") != 0;
}

static void
getters(void **state)
{
	struct err err = {0};
	cleanup_jval struct jval *v = jval_parse(
		STR("{\"s\":\"text\",\"n\":-5,\"r\":1.5,\"b\":true,\"l\":[1,\"x\"],\"o\":{\"k\":1},"
		    "\"z\":null,\"stop\":0,\"after\":0}"),
		&err);
	const struct jval *l, *o;
	struct buf keys = {0};

	(void)state;
	assert_non_null(v);
	assert_string_equal(jval_get_str(v, "s"), "text");
	assert_null(jval_get_str(v, "n"));
	assert_null(jval_get_str(v, "none"));
	assert_int_equal(jval_get_int(v, "n", 7), -5);
	assert_int_equal(jval_get_int(v, "s", 7), 7);
	assert_int_equal(jval_get_int(v, "r", 7), 7);
	assert_true(jval_get_bool(v, "b", false));
	assert_true(jval_get_bool(v, "n", true));
	l = jval_get(v, "l");
	assert_int_equal(jval_len(l), 2);
	assert_int_equal(jval_int(jval_at(l, 0), 0), 1);
	assert_string_equal(jval_str(jval_at(l, 1)), "x");
	assert_null(jval_at(l, 2));
	assert_null(jval_get(l, "s"));
	o = jval_get(v, "o");
	assert_int_equal(jval_kind(o), JVAL_OBJECT);
	assert_int_equal(jval_len(o), 0);
	assert_int_equal(jval_kind(jval_get(v, "r")), JVAL_NUMBER);
	assert_int_equal(jval_kind(jval_get(v, "z")), JVAL_NULL);
	assert_int_equal(jval_kind(jval_get(v, "none")), JVAL_NONE);
	jval_each(v, list_key, &keys);
	assert_str(buf_view(&keys), "s:4 n:3 r:3 b:2 l:5 o:6 z:1 stop:3 ");
	buf_release(&keys);
	/* what is not there has nothing in it */
	assert_null(jval_get(jval_get(jval_get(NULL, "a"), "b"), "c"));
	assert_int_equal(jval_len(NULL), 0);
	assert_null(jval_at(NULL, 0));
	assert_null(jval_str(NULL));
	assert_false(jval_bool(NULL, false));
	jval_each(NULL, list_key, NULL);
	jval_free(NULL);
}

static void
making(void **state)
{
	cleanup_jval struct jval *v = jval_new_object();
	struct jval *l = jval_new_array();
	struct buf out = {0};

	(void)state;
	jval_set_str(v, "z", "a\"\xff\n");
	jval_set_str(v, "none", NULL);
	jval_set_int(v, "n", INT64_MIN);
	jval_set_bool(v, "b", false);
	jval_set(v, "nothing", NULL);
	jval_set_str(v, "key\xff", "x");
	jval_add_str(l, "e");
	jval_add_str(l, NULL);
	jval_add(l, NULL);
	jval_add(l, jval_new_object());
	jval_set(v, "list", l);
	jval_set_str(v, "z", "twice");
	jval_write(&out, v, 0);
	assert_str(buf_view(&out), "{\"z\":\"twice\",\"none\":null,\"n\":-9223372036854775808,"
				   "\"b\":false,\"nothing\":null,\"key\xef\xbf\xbd\":\"x\","
				   "\"list\":[\"e\",null,null,{}]}");
	buf_reset(&out);
	jval_set_str(v, "z", "a\"\xff\n");
	jval_write(&out, jval_get(v, "z"), 0);
	assert_str(buf_view(&out), "\"a\\\"\xef\xbf\xbd\\n\"");
	buf_reset(&out);
	jval_write(&out, jval_get(v, "list"), 2);
	assert_str(buf_view(&out), "[\n  \"e\",\n  null,\n  null,\n  {}\n]");
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_write),
		cmocka_unit_test(refused),
		cmocka_unit_test(nesting),
		cmocka_unit_test(getters),
		cmocka_unit_test(making),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
