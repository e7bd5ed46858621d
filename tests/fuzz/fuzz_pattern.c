/*
 * First line: a path; the others: patterns, which are also read as an ignore file. A list
 * without exceptions that matches a directory matches what is below; what a list says of a path
 * does not depend on whether the hits of the parents are asked for at once or kept.
 */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "buildkit/pattern.h"

static void
check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static bool
ends_twice(const struct pattern_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (str_ends(pattern_list_text(l, i), STR("/*/**")))
			return true;
	return false;
}

static void
check_list(struct pattern_list *l, struct str path, struct arena *a)
{
	uint64_t *hits = arena_new(a, uint64_t, l->nwords + 1);
	struct str below = str_from(arena_fmt(a, STR_FMT "/x", STR_ARG(path)));
	bool matched = pattern_list_match_path(l, path);
	ptrdiff_t decided;

	if (!l->has_exceptions && matched)
		check(pattern_list_match_path(l, below));
	matched = pattern_list_match(l, path, NULL, hits, &decided);
	check(decided >= -1 && decided < (ptrdiff_t)l->n);
	check(!matched || decided >= 0);
	if (decided >= 0)
		check(matched == (pattern_list_text(l, (size_t)decided).s[0] != '!'));
	check(pattern_list_match(l, path, hits, NULL, NULL) == matched);
	/*
	 * The reference cuts both wildcards off "dir/<star>/<star><star>", and compares bytes here
	 * where it compares invalid ones as equal else; so do we.
	 */
	if (ends_twice(l) || !utf8_valid(path))
		return;
	/* a directory that is left out has nothing below that would be wanted */
	if (!matched && !l->has_exceptions && pattern_list_prunes_include(l, path))
		check(!pattern_list_match(l, below, hits, NULL, NULL));
	if (matched && pattern_list_prunes_exclude(l, path))
		check(pattern_list_match(l, below, hits, NULL, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	cleanup_pattern_list struct pattern_list l = {0};
	struct str text = str_n((const char *)data, size), path, rest;
	struct strlist patterns = {0};
	struct err err;

	if (size > 4096 || memchr(data, '\0', size) || !str_line(&text, &path))
		return 0;
	pattern_match_name(text, path);
	pattern_has_wildcard(text);
	path_clean(&a, text);
	pattern_read_ignore(text, &a, &patterns);
	for (rest = text; str_line(&rest, &text);)
		strlist_add(&patterns, &a, arena_str(&a, text));
	if (pattern_list_init(&l, (const char *const *)patterns.items, patterns.n, &err))
		return 0;
	path = str_from(path_clean(&a, path));
	check_list(&l, path, &a);
	return 0;
}
