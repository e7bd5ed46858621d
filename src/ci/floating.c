#include "ci/floating.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "ci/tags.h"
#include "ci/tags_version.h"

static bool
take_number(struct str *rest)
{
	uint64_t n;

	return str_take_u64(rest, 10, &n);
}

bool
tag_floats(const char *tag)
{
	struct str rest = str_from(tag), front = rest;

	str_cut(&rest, '-', &front);
	if (str_is(front, "latest"))
		return true;
	str_take(&front, STR("v"));
	if (!take_number(&front))
		return false;
	return front.len == 0 || (str_take(&front, STR(".")) && take_number(&front) && !front.len);
}

enum tag_order
tag_order(const struct tag_origin *ours, const struct tag_origin *theirs)
{
	cleanup_arena struct arena a = {0};
	struct tag_version our, their;
	int64_t ours_at, theirs_at;

	if (ours->version && theirs->version && version_semver(&a, str_from(ours->version), &our) &&
		version_semver(&a, str_from(theirs->version), &their)) {
		int order = version_compare(&our, &their);

		if (order)
			return order < 0 ? ORDER_OLDER_VERSION : ORDER_NOT_OLDER;
	}
	if (ours->revision && theirs->revision && !strcmp(ours->revision, theirs->revision))
		return ORDER_NOT_OLDER;
	ours_at = ours->created ? tags_time(ours->created) : 0;
	theirs_at = theirs->created ? tags_time(theirs->created) : 0;
	if (!ours_at || !theirs_at)
		return ORDER_UNKNOWN;
	return ours_at < theirs_at ? ORDER_OLDER_COMMIT : ORDER_NOT_OLDER;
}
