#include "cmd/published.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/guard.h"
#include "cmd/plan.h"
#include "cmd/preflight.h"
#include "image/parcel.h"
#include "image/ref.h"
#include "registry/client.h"
#include "registry/copy.h"

static void
log_count(struct log *log, const struct copy_count *n)
{
	log_info(log, "%u of %u blobs sent, %llu bytes%s", n->sent, n->sent + n->mounted + n->there,
		(unsigned long long)n->bytes,
		n->mounted ? "; others were taken over from another repository" : "");
}

static int
put_tag(const struct published *p, struct copy *c, struct registry *r, const char *text,
	struct err *err)
{
	cleanup_registry_manifest struct registry_manifest m = {.digest = ""};
	struct err why = {0};
	struct ref ref;
	bool found;

	if (ref_parse(p->arena, str_from(text), &ref, err))
		return -1;
	ref_or_latest(&ref);
	log_info(p->ctx->log, "Pushing tag '%s'", text);
	if (copy_tag(c, r, ref.tag, &why) == 0)
		return 0;
	/* registries may forbid to write a tag again: no matter, when a job is repeated */
	if (why.kind == ERR_REMOTE && why.code < 500 &&
		registry_manifest_head(r, ref.tag, &m, &found, DEADLINE_NONE, NULL) == 0 && found &&
		!strcmp(m.digest, copy_digest(c))) {
		log_info(p->ctx->log,
			"'%s' may not be written again, and is this very image already", text);
		return 0;
	}
	*err = why;
	return err_wrap(err, "push '%s'", text);
}

static int
put_all(const struct published *p, struct copy *c, const struct ref *where, struct strlist *tags,
	struct err *err)
{
	cleanup_registry struct registry *r =
		preflight_open(p->ctx, p->plan, where, p->credentials, p->ctx->log, p->arena, err);
	struct guard guard = {p->ctx, p->plan, p->credentials, p->ctx->log, p->arena, p->retry_for};
	struct copy_count count;
	size_t i;

	if (!r)
		return -1;
	registry_retry_for(r, p->retry_for ? p->retry_for : -1);
	log_info(p->ctx->log, "Pushing %s to '%s'", copy_digest(c), p->plan->image);
	if (copy_content(c, r, &count, err))
		return err_wrap(err, "push '%s'", p->plan->image);
	log_count(p->ctx->log, &count);
	for (i = 0; i < p->plan->tags.n; i++) {
		const char *reference = p->plan->tags.items[i];
		bool moves;

		if (guard_asks(&guard, reference, &moves, err))
			return -1;
		if (!moves)
			continue;
		if (put_tag(p, c, r, reference, err))
			return -1;
		strlist_add(tags, p->arena, reference);
	}
	return 0;
}

/* PATH, PATH:NAME or PATH@DIGEST; what is there as it was written is meant so. */
static const char *
split_path(struct arena *a, const char *text, const char **pick)
{
	ptrdiff_t at = str_search(str_from(text), STR("@sha256:"));
	const char *path;

	*pick = NULL;
	if (at < 0)
		at = str_rfind(str_from(text), ':');
	if (at < 0 || !text[at + 1] || access(text, F_OK) == 0)
		return text;
	path = arena_str(a, str_first(str_from(text), (size_t)at));
	if (access(path, F_OK))
		return text;
	*pick = text + at + 1;
	return path;
}

int
publish_parcel(const struct published *p, const char *path, struct strlist *tags, char **digest,
	struct err *err)
{
	cleanup_parcel struct parcel *l = NULL;
	cleanup_copy struct copy *c = NULL;
	const char *pick;
	struct ref where;

	l = parcel_open(split_path(p->arena, path, &pick), err);
	if (!l || ref_parse(p->arena, str_from(p->plan->image), &where, err))
		return -1;
	c = copy_open(l, pick, &where, p->ctx->log, err);
	if (!c)
		return err_wrap(err, "'%s'", path);
	*digest = arena_cstr(p->arena, copy_digest(c));
	return put_all(p, c, &where, tags, err);
}
