/*
 * Places are inside the text and in order; the rewrite of go_mounts keeps every
 * stage, and rewriting it again changes nothing.
 */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dockerfile/dockerfile.h"

static void
check_places(struct str text, const struct dockerfile *df)
{
	size_t at = 0, i, k;

	for (i = 0; i < df->ninstructions; i++) {
		const struct dockerfile_instruction *ins = &df->instructions[i];

		if (ins->begin < at || ins->after_keyword <= ins->begin ||
			ins->end < ins->after_keyword || ins->end > text.len ||
			ins->end_line < ins->line || ins->stage >= (int)df->nstages)
			__builtin_trap();
		at = ins->end;
		for (k = 0; k < ins->nheredocs; k++)
			if (ins->heredocs[k].content.s < text.s + ins->begin ||
				ins->heredocs[k].content.s + ins->heredocs[k].content.len >
					text.s + ins->end)
				__builtin_trap();
	}
}

static void
check_same(const struct dockerfile *a, const struct dockerfile *b)
{
	size_t i;

	if (a->nstages != b->nstages || a->ninstructions != b->ninstructions ||
		a->nargs != b->nargs)
		__builtin_trap();
	for (i = 0; i < a->nstages; i++)
		if (strcmp(a->stages[i].base, b->stages[i].base) != 0 ||
			strcmp(a->stages[i].name ? a->stages[i].name : "",
				b->stages[i].name ? b->stages[i].name : "") != 0 ||
			a->stages[i].parent != b->stages[i].parent ||
			a->stages[i].line != b->stages[i].line)
			__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size);
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf once = {0}, twice = {0};
	struct dockerfile df, df2;

	if (dockerfile_parse(&a, text, "Dockerfile", &df, NULL) < 0)
		return 0;
	check_places(text, &df);
	if (dockerfile_go_mounts(&once, text, &df, NULL) == 0 && !str_eq(text, buf_view(&once)))
		__builtin_trap();
	if (dockerfile_parse(&a, buf_view(&once), "Dockerfile", &df2, NULL) < 0)
		__builtin_trap();
	check_same(&df, &df2);
	if (dockerfile_go_mounts(&twice, buf_view(&once), &df2, NULL) != 0 ||
		!str_eq(buf_view(&once), buf_view(&twice)))
		__builtin_trap();
	return 0;
}
