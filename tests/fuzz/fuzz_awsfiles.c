/*
 * AWS's shared files and credential_process: a text is refused by a message that names the file, or
 * every setting is a part of it; words of a command are never more than its bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "registry/aws_process.h"
#include "registry/aws_profile.h"

static int
within(struct str whole, struct str part)
{
	return part.len == 0 || (part.s >= whole.s && part.s + part.len <= whole.s + whole.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = {0};
	struct str text = str_n((const char *)data, size);
	struct aws_profiles p = {0};
	struct strlist words = {0};
	struct err err = {0};
	size_t i, total = 0;

	if (aws_profiles_parse(&a, "FILE", text, size % 2, &p, &err) &&
		(err.kind != ERR_CONFIG || strncmp(err.msg, "'FILE' line ", 12) != 0))
		abort();
	for (i = 0; i < p.n; i++)
		if (!within(text, p.items[i].profile) || !within(text, p.items[i].key) ||
			!within(text, p.items[i].value))
			abort();
	aws_profile_get(&p, "default", "region");
	if (!memchr(data, 0, size) && aws_process_split(&a, text, &words)) {
		for (i = 0; i < words.n; i++)
			total += strlen(words.items[i]);
		if (total > size)
			abort();
	}
	aws_profiles_release(&p);
	return 0;
}
