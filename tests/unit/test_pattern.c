/* buildkit/pattern.h: ignore patterns with the builder's meaning. */
#include "test.h"

#include "base/buf.h"
#include "buildkit/pattern.h"

/* Patterns are separated by blanks; a leading + in a path list means "matches". */
struct row {
	const char *name;
	const char *patterns;
	const char *yes, *no; /* paths that match, that do not; separated by blanks */
};

/* Splits text at blanks; out is NULL-terminated in the arena. */
static void
split(struct arena *a, const char *text, struct strlist *out)
{
	struct str rest = str_from(text), word;

	while (str_next(&rest, ' ', &word))
		if (word.len)
			strlist_add(out, a, arena_str(a, word));
}

static void
check_row(const struct row *row)
{
	cleanup_arena struct arena a = {0};
	cleanup_pattern_list struct pattern_list l = {0};
	struct strlist patterns = {0}, yes = {0}, no = {0};
	struct err err = {0};
	size_t i;

	split(&a, row->patterns, &patterns);
	split(&a, row->yes, &yes);
	split(&a, row->no, &no);
	assert_row_ok(row->name,
		pattern_list_init(&l, (const char *const *)patterns.items, patterns.n, &err), &err);
	for (i = 0; i < yes.n; i++)
		assert_that(pattern_list_match_path(&l, str_from(yes.items[i])),
			"row '%s': '%s' does not match", row->name, yes.items[i]);
	for (i = 0; i < no.n; i++)
		assert_that(!pattern_list_match_path(&l, str_from(no.items[i])),
			"row '%s': '%s' matches", row->name, no.items[i]);
}

static void
b_10_one_pattern(void **state)
{
	static const struct row rows[] = {
		{"exact", "a/b", "a/b", "a b a/bc a/B x/a/b"},
		{"a directory takes all below", "a", "a a/b a/b/c", "ab b/a"},
		{"not clean", "./a//b/ c/../d", "a/b d", "a c c/d"},
		{"star stays in one name", "*.o a*c", "x.o .o abc ac", "a/x.o ab/c abcd"},
		{"star in the middle", "src/*/gen", "src/x/gen src/x/gen/y", "src/gen src/x/y/gen"},
		{"question mark", "a?c", "abc a.c aéc", "ac abbc a/c"},
		{"suffix", "**/foo", "foo x/foo x/y/foo foo/x", "xfoo foox"},
		{"suffix without slash", "**foo", "foo xfoo x/yfoo", "foox"},
		{"everything", "**", "a a/b", ""},
		{"everything, with slash", "**/", "a a/b", ""},
		{"prefix", "dir/**", "dir/a dir/a/b", "dir dirx"},
		{"prefix without slash", "dir**", "dir dirx dir/a dirx/y", "di xdir"},
		{"deep in the middle", "a/**/b", "a/b a/x/b a/x/y/b a/b/c", "ab a/xb"},
		{"deep twice", "**/a/**/b", "a/b x/a/b x/a/y/z/b", "b ab x/b"},
		{"deep, then a star", "**/*.go", "x.go a/x.go a/b/x.go", "x.gox"},
		{"deep with the slash swallowed", "a**/b", "ab axx/b a/b", "axb"},
		{"deep and something at the end", "a/**/*.txt/**", "a/x.txt/y a/b/x.txt/y",
			"a/x.txt x.txt/y"},
		{"three stars", "a***b", "ab a/xb axb", "a"},
		{"class", "[a-c]x [^a]y", "ax bx cx by /y", "dx ay"},
		{"class with escapes", "[\\]\\-\\\\]", "] - \\", "a [\\]"},
		{"class of wildcards", "[*?]a", "*a ?a", "ba aa"},
		{"named class", "v[[:digit:]_]", "v1 v_", "va v: v]"},
		{"class and a slash", "a[/]b", "a/b", "ab"},
		{"range of code points", "[а-я]", "б", "Б z"},
		{"escape", "\\*a \\!b a\\?", "*a !b a?", "xa ab"},
		{"escape of a letter", "\\d", "d", "1 \\d"},
		{"regular expression signs", "a.b a+b a(b) a|b {a} a$ ^a",
			"a.b a+b a(b) a|b {a} a$ ^a", "axb aab ab aa b a"},
		{"lone bracket", "a]b *]", "a]b x]", "ab"},
		{"lone bracket after stars", "**]x", "]x a/]x", "a]x"},
		{"blanks are kept inside only", "a\tb", "a\tb", "ab"},
		{"case counts", "Readme", "Readme", "README readme"},
		{"absolute never matches", "/a", "/a", "a"},
		{"upwards never matches", "../a", "../a", "a"},
		{"nothing", "", "", "a"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
b_10_lists(void **state)
{
	static const struct row rows[] = {
		{"the last one wins", "*.md !README.md", "x.md", "README.md a"},
		{"order counts", "!README.md *.md", "README.md x.md", ""},
		{"back again", "*.md !README*.md README-secret.md", "x.md README-secret.md",
			"README.md README-x.md"},
		{"all but one", "** !keep", "a a/b", "keep keep/x"},
		{"all but one below", "a !a/b", "a a/c a/bc", "a/b a/b/c"},
		{"exception of a parent", "* !src", "a bin/x", "src src/a"},
		{"below an exception", "* !src src/tmp", "src/tmp/x a", "src/a"},
		{"exception with stars", "node_modules !**/keep.js",
			"node_modules/a.js node_modules/x/y",
			"node_modules/keep.js node_modules/x/keep.js"},
		{"exception first", "!a a", "a a/b", ""},
		{"a hit of the parent is applied when it comes", "d !d/x d/x/y", "d d/a d/x/y",
			"d/x d/x/z"},
		/* !d was not looked at for d, because nothing had matched; so it says nothing on
		   d/f.x */
		{"what was skipped for the parent is no hit", "**/*.x !d", "d/f.x f.x", "d d/f"},
		{"invalid bytes are characters", "a?b \xff",
			"a\xfe"
			"b \xff",
			"ab \xfe"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
bad_patterns(void **state)
{
	static const char *const rows[] = {"[", "[a", "[]a]", "[^]", "a\\", "[a-]", "[-a]", "[z-a]",
		"[a-b-c]", "[\\", "!", "!/", "[\xff]", "x/[", "[[:alpha:"};
	struct pattern_list l;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct err){0};
		assert_row_int(rows[i], pattern_list_init(&l, &rows[i], 1, &err), -1);
		assert_row_err(rows[i], &err, ERR_CONFIG, "bad pattern '");
		pattern_list_release(&l);
	}
}

/* The reference's regular expressions would do this in linear time too; a backtracker would not. */
static void
hostile_patterns(void **state)
{
	static const char *const patterns[] = {"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"**a**a**a**a**a**a**a**a**a**a**a**a**a**a**b",
		"**/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"};
	cleanup_buf struct buf path = {0}, long_pattern = {0};
	cleanup_pattern_list struct pattern_list l = {0};
	struct pattern_list over;
	const char *text;
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 2000; i++)
		buf_puts(&path, "a/");
	buf_puts(&path, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac");
	assert_ok(pattern_list_init(&l, patterns, 3, &err), &err);
	assert_false(pattern_list_match(&l, buf_view(&path), NULL, NULL, NULL));
	path.p[path.len - 1] = 'b';
	assert_true(pattern_list_match(&l, buf_view(&path), NULL, NULL, NULL));
	for (i = 0; i <= PATTERN_MAX_SIZE; i++)
		buf_putc(&long_pattern, '*');
	text = buf_cstr(&long_pattern);
	assert_int_equal(pattern_list_init(&over, &text, 1, &err), -1);
	assert_err(&err, ERR_LIMIT, "patterns of more than");
	pattern_list_release(&over);
}

/* Every byte of the path decides: the last one may not be read beyond. */
static void
no_read_beyond(void **state)
{
	static const char *const patterns[] = {
		"a*", "**/x", "[^a]é", "é?*", "*/b", "x**", "!a*", "\\a?"};
	cleanup_pattern_list struct pattern_list l = {0};
	const char *text = "a/éx\xc3/\xe2\x82/b";
	struct err err = {0};
	size_t len;
	char *copy;

	(void)state;
	assert_ok(pattern_list_init(&l, patterns, 8, &err), &err);
	for (len = 1; len <= strlen(text); len++) {
		copy = test_guard_alloc(text, len);
		pattern_list_match_path(&l, str_n(copy, len));
		test_guard_free(copy, len);
	}
}

static void
many_patterns(void **state)
{
	cleanup_arena struct arena a = {0};
	cleanup_pattern_list struct pattern_list l = {0};
	struct strlist patterns = {0};
	uint64_t hits[4];
	ptrdiff_t decided;
	struct err err = {0};
	int i;

	(void)state;
	for (i = 0; i < 200; i++)
		strlist_add(&patterns, &a, arena_fmt(&a, "dir%d", i));
	assert_ok(pattern_list_init(&l, (const char *const *)patterns.items, 200, &err), &err);
	assert_int_equal(l.nwords, 4);
	assert_true(pattern_list_match(&l, STR("dir150"), NULL, hits, &decided));
	assert_int_equal(decided, 150);
	assert_true(hits[2] == UINT64_C(1) << (150 - 128));
	assert_true(pattern_list_match(&l, STR("dir150/x"), hits, NULL, &decided));
	assert_int_equal(decided, 150);
	assert_str(pattern_list_text(&l, 150), "dir150");
	assert_false(pattern_list_match(&l, STR("dir200"), NULL, hits, &decided));
	assert_int_equal(decided, -1);
}

/* Directories that did not match: may the walk leave them out? */
static void
pruning(void **state)
{
	static const struct {
		const char *name, *patterns, *dir;
		bool include, exclude;
	} rows[] = {
		{"elsewhere", "a/b", "c", true, true},
		{"above a pattern", "a/b", "a", false, true},
		{"above, by name only", "ab/c", "a", true, true},
		{"a wildcard anywhere", "a/b c/*/d", "x", false, true},
		{"a wildcard at the end does not count", "a/* b/**", "c", true, true},
		{"and its directory is searched", "a/*", "a", false, true},
		{"an exception below", "** !a/b", "a", false, false},
		{"an exception elsewhere", "** !a/b", "c", false, true},
		{"an exception with a wildcard", "** !**/b", "c", false, false},
		{"an exception with one at the end", "x !a/b/*", "c", true, true},
		{"above it", "x !a/b/*", "a", true, false},
	};
	cleanup_arena struct arena a = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_pattern_list struct pattern_list l = {0};
		struct strlist patterns = {0};
		struct err err = {0};

		split(&a, rows[i].patterns, &patterns);
		assert_row_ok(rows[i].name,
			pattern_list_init(
				&l, (const char *const *)patterns.items, patterns.n, &err),
			&err);
		assert_row_int(rows[i].name, pattern_list_prunes_include(&l, str_from(rows[i].dir)),
			rows[i].include);
		assert_row_int(rows[i].name, pattern_list_prunes_exclude(&l, str_from(rows[i].dir)),
			rows[i].exclude);
	}
}

static void
names(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool wildcard, match;
	} rows[] = {
		{"a", "a", false, true},
		{"a*", "abc", true, true},
		{"**", "abc", true, true},
		{"**c", "abc", true, true},
		{"a?c", "abc", true, true},
		{"[ab]", "b", true, true},
		{"[ab]", "c", true, false},
		{"a\\*", "a*", false, true},
		{"a\\*", "ab", false, false},
		{"a\\*b*", "a*bc", true, true},
		{"[", "[", true, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_row_int(rows[i].pattern, pattern_has_wildcard(str_from(rows[i].pattern)),
			rows[i].wildcard);
		assert_row_int(rows[i].pattern,
			pattern_match_name(str_from(rows[i].pattern), str_from(rows[i].name)),
			rows[i].match);
	}
}

static void
b_10_ignore_file(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"empty", "", ""},
		{"comments and blanks", "# c\n\n  \na\n #b\n", "a|#b"},
		{"byte order mark", "\xef\xbb\xbf# c\nb", "b"},
		{"line ends of DOS", "a\r\nb\r\n", "a|b"},
		{"exception with blanks", "! x/y \n!\n!/a", "!x/y|!|!a"},
		{"clean", "./a//b/\na/../b\n", "a/b|b"},
		{"slash in front", "/a\n/\n//b", "a|/|b"},
		{"no line end", "a\nb", "a|b"},
	};
	cleanup_arena struct arena a = {0};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf got = {0};
		struct strlist list = {0};

		pattern_read_ignore(str_from(rows[i].text), &a, &list);
		for (k = 0; k < list.n; k++)
			buf_addf(&got, "%s%s", k ? "|" : "", list.items[k]);
		assert_row_str(rows[i].name, buf_view(&got), rows[i].want);
	}
}

static void
clean_paths(void **state)
{
	static const char *const rows[][2] = {{"", "."}, {".", "."}, {"/", "/"}, {"a", "a"},
		{"a/", "a"}, {"a//b", "a/b"}, {"./a", "a"}, {"a/.", "a"}, {"a/..", "."},
		{"a/../b", "b"}, {"../a", "../a"}, {"../../a", "../../a"}, {"a/../../b", "../b"},
		{"/..", "/"}, {"/../a", "/a"}, {"/a/../..", "/"}, {"a/b/../..", "."},
		{"a/b/../c", "a/c"}, {"..", ".."}, {"...", "..."}, {"a/...", "a/..."},
		{"/a/b/", "/a/b"}, {"..a/..", "."}};
	cleanup_arena struct arena a = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_row_str(
			rows[i][0], str_from(path_clean(&a, str_from(rows[i][0]))), rows[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b_10_one_pattern),
		cmocka_unit_test(b_10_lists),
		cmocka_unit_test(bad_patterns),
		cmocka_unit_test(hostile_patterns),
		cmocka_unit_test(no_read_beyond),
		cmocka_unit_test(many_patterns),
		cmocka_unit_test(pruning),
		cmocka_unit_test(names),
		cmocka_unit_test(b_10_ignore_file),
		cmocka_unit_test(clean_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
