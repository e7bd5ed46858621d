/* A WWW-Authenticate field: whatever it is, parameters come from it and nothing is read behind its
 * end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "registry/challenge.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	struct challenge c[CHALLENGES_MAX];
	size_t i, n;

	n = challenge_parse(&a, str_n((const char *)data, size), c, CHALLENGES_MAX);
	if (n > CHALLENGES_MAX)
		abort();
	for (i = 0; i < n; i++)
		if (c[i].kind == CHALLENGE_NONE || (c[i].realm && strlen(c[i].realm) > size))
			abort();
	return 0;
}
