/*
 * Private to ci/tags: "{{branch}}", "{{date 'YYYYMMDD'}}", "{{major}}" in the
 * attributes of tag rules.
 */
#ifndef CI_TAGS_EXPR_H
#define CI_TAGS_EXPR_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct err;
struct tag_facts;
struct tag_version;

enum run_kind {
	RUN_UNKNOWN, /* neither of these: a detached checkout */
	RUN_PULL,
	RUN_TAG,
	RUN_BRANCH,
};

enum run_kind expr_run_kind(const struct tag_facts *facts);

/*
 * Puts values in for what stands between "{{" and "}}". version may be NULL: then
 * its words are not known. ERR_CONFIG names the expression.
 */
int expr_expand(struct arena *a, struct str text, const struct tag_facts *facts,
	const struct tag_version *version, char **out, struct err *err);
/* The text is nothing but {{raw}}. */
bool expr_is_raw(struct str text);

/*
 * Appends a time (seconds since the epoch, shown as UTC) in the format of
 * moment.js. ERR_CONFIG for tokens that depend on a language, and the like.
 */
int expr_time(struct buf *out, int64_t when, struct str format, struct err *err);

#endif
