#include "ci/gitrefs.h"

#include "base/arena.h"

bool
gitref_is_commit(struct str s)
{
	size_t i;

	if (s.len != 40 && s.len != 64)
		return false;
	for (i = 0; i < s.len; i++)
		if (!((s.s[i] >= '0' && s.s[i] <= '9') || (s.s[i] >= 'a' && s.s[i] <= 'f')))
			return false;
	return true;
}

bool
gitref_is_name(struct str s)
{
	struct str rest = s, part;
	size_t i;

	if (!str_take(&rest, STR("refs/")))
		return false;
	for (i = 0; i < s.len; i++)
		if (s.s[i] <= ' ' || s.s[i] == 0x7f)
			return false;
	while (str_next(&rest, '/', &part))
		if (!part.len || str_is(part, ".") || str_starts(part, STR("..")))
			return false;
	return true;
}

int
gitref_parse(struct arena *a, struct str text, struct gitref *out)
{
	struct str s = str_trim(text);

	*out = (struct gitref){0};
	if (str_take(&s, STR("ref:"))) {
		s = str_trim(s);
		if (!gitref_is_name(s))
			return -1;
		out->target = arena_str(a, s);
		return 0;
	}
	if (!gitref_is_commit(s))
		return -1;
	out->commit = arena_str(a, s);
	return 0;
}

const char *
gitref_packed(struct arena *a, struct str text, const char *name)
{
	struct str line, commit;

	/* "# ..." is the header, "^..." the commit of the annotated tag above */
	while (str_line(&text, &line))
		if (str_cut(&line, ' ', &commit) && str_is(line, name) && gitref_is_commit(commit))
			return arena_str(a, commit);
	return NULL;
}
