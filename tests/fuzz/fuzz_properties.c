/* TeamCity's parameter files. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "ci/properties.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	struct properties p = {0};
	size_t i;

	properties_parse(&p, &a, str_n((const char *)data, size));
	for (i = 0; i < p.n; i++)
		if (!p.items[i].key || !p.items[i].value)
			__builtin_trap();
	/* the last one wins */
	if (p.n && strcmp(properties_get(&p, p.items[p.n - 1].key), p.items[p.n - 1].value) != 0)
		__builtin_trap();
	return 0;
}
