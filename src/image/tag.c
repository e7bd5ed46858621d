#include "image/tag.h"

#include "image/ref.h"

char *
tag_branch(struct arena *a, struct str branch)
{
	char *out = arena_str(a, branch), *p;

	for (p = out; p < out + branch.len; p++)
		if (*p == '/' || *p == ' ')
			*p = '_';
	return out;
}

static bool
is_tag_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

char *
tag_slug(struct arena *a, struct str text, bool *changed)
{
	size_t max = text.len < REF_TAG_MAX ? text.len : REF_TAG_MAX, n = 0, i;
	char *out = arena_new(a, char, max + 1);

	for (i = 0; i < text.len && n < max; i++) {
		char c = text.s[i];

		if (is_tag_char(c) && !(n == 0 && (c == '.' || c == '-')))
			out[n++] = c;
	}
	if (changed)
		*changed = n != text.len;
	return out;
}
