/* The first line is a pattern, the rest a text: groups lie inside the match, it inside the text. */
#include <stdint.h>
#include <stdlib.h>

#include "ci/tags_regex.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size), pattern;
	cleanup_arena struct arena a = {0};
	struct str groups[REGEX_GROUPS_MAX];
	const char *problem = NULL;
	struct regex *re;
	size_t i;

	if (!str_cut(&text, '\n', &pattern))
		return 0;
	re = regex_compile(&a, pattern, size % 2, &problem);
	if (!re && !problem)
		abort();
	if (!re || !regex_match(re, text, groups))
		return 0;
	for (i = 0; i < REGEX_GROUPS_MAX; i++)
		if (groups[i].s &&
			(groups[i].s < text.s || groups[i].s + groups[i].len > text.s + text.len))
			abort();
	if (!groups[0].s)
		abort();
	return 0;
}
