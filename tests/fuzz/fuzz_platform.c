/* A list of platforms that was read and written out reads as the same. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "image/platform.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	struct platform_list l, again;
	char *text;

	if (platform_list_parse(&a, str_n((const char *)data, size), "--platform", &l, NULL) < 0)
		return 0;
	text = platform_list_format(&a, &l);
	if (platform_list_parse(&a, str_from(text), "--platform", &again, NULL) < 0 ||
		strcmp(text, platform_list_format(&a, &again)) != 0)
		__builtin_trap();
	return 0;
}
