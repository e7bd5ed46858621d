/* What was read and written out reads as the same; what names and slugs make is valid. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "image/name.h"
#include "image/ref.h"
#include "image/tag.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size);
	cleanup_arena struct arena a = {0};
	struct ref ref, again;
	char *full, *name, *slug;

	if (ref_parse(&a, text, &ref, NULL) == 0) {
		full = ref_format(&a, &ref);
		if (ref_parse(&a, str_from(full), &again, NULL) < 0 ||
			strcmp(full, ref_format(&a, &again)) != 0)
			__builtin_trap();
		full = ref_familiar(&a, &ref);
		if (ref_parse(&a, str_from(full), &again, NULL) < 0 ||
			strcmp(full, ref_familiar(&a, &again)) != 0)
			__builtin_trap();
	}
	name = name_path(&a, text, NULL, NULL);
	if (name && !ref_path_is_valid(str_from(name)))
		__builtin_trap();
	name = name_repository(&a, text, NULL, NULL);
	if (name && strchr(name, '/') && strlen(name) < 200 &&
		ref_parse(&a, str_from(name), &ref, NULL) < 0)
		__builtin_trap();
	slug = tag_slug(&a, str_from(tag_branch(&a, text)), NULL);
	if (slug[0] && !ref_tag_is_valid(str_from(slug)))
		__builtin_trap();
	return 0;
}
