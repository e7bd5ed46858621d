#include "fsscene.h"

#include <unistd.h>

#include "fsprobe.h"
#include "test.h"

void
scene_init_in(struct scene *s, void (*init)(struct tree *))
{
	*s = (struct scene){0};
	init(&s->tree);
	s->root = (struct fssend_root){.dirfd = tree_open(&s->tree), .name = "context"};
}

void
scene_init(struct scene *s)
{
	scene_init_in(s, tree_init);
}

void
scene_rewind(struct scene *s)
{
	fssend_free(s->send);
	s->send = NULL;
	fspeer_release(&s->peer);
	s->err = (struct err){0};
}

void
scene_release(struct scene *s)
{
	be_self();
	scene_rewind(s);
	buf_release(&s->text);
	arena_release(&s->arena);
	if (s->root.dirfd >= 0)
		close(s->root.dirfd);
	tree_release(&s->tree);
}

void
scene_start(struct scene *s)
{
	scene_rewind(s);
	s->send = fssend_new(&s->root, &s->filter, &s->err);
	assert_ok(s->send ? 0 : -1, &s->err);
}

int
scene_run(struct scene *s, size_t budget)
{
	scene_start(s);
	return fspeer_run(&s->peer, s->send, budget, &s->err);
}

void
scene_expect(struct scene *s, const char *row, const char *want)
{
	assert_row_ok(row, scene_run(s, BIG), &s->err);
	assert_row_str(row, str_from(fspeer_list(&s->peer, &s->text)), want);
}

void
scene_fails(struct scene *s, enum err_kind kind, const char *text)
{
	struct err again = {0};

	assert_int_equal(scene_run(s, BIG), -1);
	assert_err(&s->err, kind, text);
	assert_that(strstr(s->peer.error, text), "the builder is told '%s'", s->peer.error);
	/* and it stays like this */
	assert_int_equal(fssend_produce(s->send, &s->text, 1, &again), FSSEND_FAILED);
	assert_string_equal(again.msg, s->err.msg);
}

const struct fspeer_entry *
entry(const struct scene *s, const char *path)
{
	const struct fspeer_entry *e = fspeer_find(&s->peer, path);

	assert_that(e, "'%s' was not sent", path);
	return e;
}

static const char *const *
words(struct scene *s, const char *text, size_t *n)
{
	struct strlist list = {0};
	struct str rest = str_from(text), word;

	while (str_next(&rest, ' ', &word))
		if (word.len)
			strlist_add(&list, &s->arena, arena_str(&s->arena, word));
	*n = list.n;
	return (const char *const *)list.items;
}

void
scene_filter(struct scene *s, const char *include, const char *exclude, const char *follow)
{
	s->filter.include = words(s, include, &s->filter.ninclude);
	s->filter.exclude = words(s, exclude, &s->filter.nexclude);
	s->filter.follow = words(s, follow, &s->filter.nfollow);
}
