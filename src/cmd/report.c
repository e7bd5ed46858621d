#include "cmd/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "base/limits.h"
#include "base/log.h"
#include "buildkit/fssend.h"
#include "cmd/plan.h"
#include "dockerfile/ignore.h"

enum {
	LARGEST = 10,        /* entries that are named */
	PRODUCE = 64 * 1024, /* bytes of the walk at a time */
	PATTERNS_SHOWN = 20, /* that kept something out */
	IGNORE_FILE_MAX = LIMIT_CONFIG,
};

struct pattern_use {
	const char *pattern;
	uint64_t files, folders;
};

struct report {
	struct arena arena;
	uint64_t files, folders, links, bytes;
	struct {
		const char *path;
		uint64_t size;
	} largest[LARGEST];
	size_t nlargest;
	struct pattern_use *uses;
	size_t nuses, cap;
};

static void
on_sent(void *arg, struct str path, uint32_t mode, uint64_t size)
{
	struct report *r = arg;
	size_t at;

	/* Go's bits of a file mode, as the transfer has them */
	if (mode & (UINT32_C(1) << 31)) {
		r->folders++;
		return;
	}
	if (mode & (UINT32_C(1) << 27)) {
		r->links++;
		return;
	}
	r->files++;
	r->bytes += size;
	for (at = r->nlargest; at > 0 && r->largest[at - 1].size < size; at--)
		if (at < LARGEST)
			r->largest[at] = r->largest[at - 1];
	if (at == LARGEST)
		return;
	r->largest[at].path = arena_str(&r->arena, path);
	r->largest[at].size = size;
	if (r->nlargest < LARGEST)
		r->nlargest++;
}

static struct pattern_use *
use_of(struct report *r, struct str pattern)
{
	size_t i;

	for (i = 0; i < r->nuses; i++)
		if (str_is(pattern, r->uses[i].pattern))
			return &r->uses[i];
	if (r->nuses == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct pattern_use *uses = arena_new(&r->arena, struct pattern_use, cap);

		if (r->nuses)
			memcpy(uses, r->uses, r->nuses * sizeof(*uses));
		r->uses = uses;
		r->cap = cap;
	}
	r->uses[r->nuses] = (struct pattern_use){.pattern = arena_str(&r->arena, pattern)};
	return &r->uses[r->nuses++];
}

static void
on_ignored(void *arg, struct str path, bool is_dir, struct str pattern)
{
	struct pattern_use *use = use_of(arg, pattern);

	(void)path;
	if (is_dir)
		use->folders++;
	else
		use->files++;
}

static int
walk(struct report *r, const struct fssend_root *context, const struct strlist *ignore,
	struct err *err)
{
	const struct fssend_filter filter = {
		.exclude = (const char *const *)ignore->items, .nexclude = ignore->n};
	const struct fssend_observer observer = {r, on_sent, on_ignored};
	struct fssend *s = fssend_new(context, &filter, err);
	cleanup_buf struct buf out = {0};
	enum fssend_state state;
	int rc = 0;

	if (!s)
		return -1;
	fssend_observe(s, &observer);
	do {
		buf_reset(&out);
		state = fssend_produce(s, &out, PRODUCE, err);
		if (state == FSSEND_FAILED || interrupt_check(err))
			rc = -1;
	} while (rc == 0 && state == FSSEND_MORE);
	fssend_free(s);
	return rc;
}

/* *name is NULL when there is none. */
static int
read_ignore(struct arena *a, const struct plan *p, struct strlist *out, const char **name,
	struct err *err)
{
	const char *files[] = {p->dockerfile_dir ? arena_fmt(a, "%s/%s.dockerignore",
							   p->dockerfile_dir, p->dockerfile_name)
						 : NULL,
		arena_fmt(a, "%s/.dockerignore", p->dir)};
	size_t i;

	*name = NULL;
	for (i = 0; i < ARRAY_LEN(files); i++) {
		cleanup_buf struct buf text = {0};
		struct err why = {0};

		if (!files[i])
			continue;
		if (file_read(AT_FDCWD, files[i], IGNORE_FILE_MAX, &text, &why) == 0) {
			ignore_parse(a, buf_view(&text), out);
			*name = files[i];
			return 0;
		}
		if (why.kind != ERR_SYS || why.code != ENOENT) {
			*err = why;
			return -1;
		}
	}
	return 0;
}

static void
say_size(struct log *log, uint64_t bytes, const char *path)
{
	if (bytes >= 1000000)
		log_info(log, "context: %8llu.%llu MB  %s", (unsigned long long)(bytes / 1000000),
			(unsigned long long)(bytes % 1000000 / 100000), path);
	else
		log_info(log, "context: %8llu.%llu kB  %s", (unsigned long long)(bytes / 1000),
			(unsigned long long)(bytes % 1000 / 100), path);
}

static const char *
sum(struct arena *a, const struct report *r)
{
	return arena_fmt(a, "%llu files, %llu folders, %llu links, %llu bytes",
		(unsigned long long)r->files, (unsigned long long)r->folders,
		(unsigned long long)r->links, (unsigned long long)r->bytes);
}

static void
say(struct report *r, const char *ignore, struct log *log)
{
	size_t i;

	log_info(log, "context: %s", sum(&r->arena, r));
	if (r->nlargest)
		log_info(log, "context: the largest files");
	for (i = 0; i < r->nlargest; i++)
		say_size(log, r->largest[i].size, r->largest[i].path);
	if (!ignore)
		log_info(log, "context: there is no .dockerignore");
	else if (r->nuses == 0)
		log_info(log, "context: '%s' keeps nothing out", ignore);
	else
		log_info(log, "context: kept out by '%s'", ignore);
	for (i = 0; i < r->nuses && i < PATTERNS_SHOWN; i++)
		log_info(log, "context: %8llu files, %llu folders with all below: %s",
			(unsigned long long)r->uses[i].files,
			(unsigned long long)r->uses[i].folders,
			*r->uses[i].pattern ? r->uses[i].pattern : "(no pattern)");
	if (r->nuses > PATTERNS_SHOWN)
		log_info(log, "context: and %zu more patterns", r->nuses - PATTERNS_SHOWN);
}

/* *ignore as read_ignore has it. */
static int
examine(struct report *r, const struct plan *p, const struct fssend_root *context,
	const char **ignore, struct err *err)
{
	struct strlist patterns = {0};

	if (read_ignore(&r->arena, p, &patterns, ignore, err) || walk(r, context, &patterns, err))
		return -1;
	return 0;
}

int
context_report(
	const struct plan *p, const struct fssend_root *context, struct log *log, struct err *err)
{
	struct report r = {0};
	const char *ignore;
	int rc = examine(&r, p, context, &ignore, err);

	if (rc == 0)
		say(&r, ignore, log);
	else
		err_wrap(err, "context report");
	arena_release(&r.arena);
	return rc;
}

int
context_size(struct arena *a, const struct plan *p, const struct fssend_root *context,
	const char **said, struct err *err)
{
	struct report r = {0};
	const char *ignore;
	int rc = examine(&r, p, context, &ignore, err);

	if (rc == 0)
		*said = sum(a, &r);
	arena_release(&r.arena);
	return rc;
}
