/*
 * The input is facts, flavors and rules: a line each. Whatever they are, every
 * tag that comes out is a valid one and there is none twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ci/tags.h"
#include "image/ref.h"

static void
check(const struct strlist *tags)
{
	size_t i, k;

	for (i = 0; i < tags->n; i++) {
		if (!ref_tag_is_valid(str_from(tags->items[i])))
			abort();
		for (k = 0; k < i; k++)
			if (strcmp(tags->items[i], tags->items[k]) == 0)
				abort();
	}
}

static const char *
next(struct arena *a, struct str *rest)
{
	struct str line;

	return rest->s && str_next(rest, '\n', &line) ? arena_str(a, line) : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_n((const char *)data, size);
	cleanup_arena struct arena a = {0};
	struct strlist flavor = {0}, rules = {0}, out = {0};
	struct tag_facts facts = {.now = 1578616200};
	const char *line;

	facts.commit = next(&a, &rest);
	facts.branch = next(&a, &rest);
	facts.tag = next(&a, &rest);
	facts.pull_number = next(&a, &rest);
	facts.event = next(&a, &rest);
	line = next(&a, &rest);
	if (line)
		strlist_add(&flavor, &a, line);
	facts.commit_time = tags_time(facts.commit);
	while ((line = next(&a, &rest)))
		strlist_add(&rules, &a, line);
	if (tags_apply(&a, &rules, &flavor, &facts, NULL, &out, NULL) == 0)
		check(&out);
	if (tags_default(&a, &facts, size % 2, NULL, &out, NULL) == 0)
		check(&out);
	tags_check_stages(&facts, &out, &rules, NULL);
	return 0;
}
