/* GitHub's event file: whatever it holds, every field of the table can be asked for. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/jval.h"
#include "ci/providers.h"
#include "ci/refname.h"
#include "ci/vars.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const environment[] = {
		"GITHUB_SHA=1111111111111111111111111111111111111111", NULL};
	const struct provider *p = provider_by_id("github");
	const char *const fields[] = {p->commit, p->branch, p->tag, p->pull, p->head, p->base,
		p->head_commit, p->default_branch, p->event, p->created, p->name};
	const struct env env = {environment};
	cleanup_arena struct arena a = {0};
	cleanup_jval struct jval *event = jval_parse(str_n((const char *)data, size), NULL);
	const struct vars vars = {.a = &a, .env = &env, .event = event};
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		struct str rest = str_from(fields[i]);
		struct var var;

		while (vars_next(&vars, &rest, &var)) {
			if (!var.value[0] || !var.name)
				__builtin_trap();
			refname_parse(&a, var.value);
			refname_number(&a, var.value);
		}
	}
	vars_test(&vars, p->pull_if);
	return 0;
}
