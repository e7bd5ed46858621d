#include "config_fixture.h"

#include "base/env.h"
#include "base/mem.h"

#include "test.h"

int
config_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	sandbox_open(&f->box);
	*state = f;
	return 0;
}

int
config_teardown(void **state)
{
	struct fixture *f = *state;

	sandbox_close(&f->box);
	config_release(&f->c);
	arena_release(&f->arena);
	free(f);
	return 0;
}

int
load(struct fixture *f, const char *sub, const char *const *vars)
{
	struct env env = {vars};
	cleanup_free char *dir = xasprintf("%s/%s", f->box.root, sub);

	config_release(&f->c);
	buf_reset(&f->box.logged);
	f->err = (struct err){0};
	return config_load(&f->arena, &env, dir, &f->box.log, &f->c, &f->err);
}

int
load_content(struct fixture *f, const char *content)
{
	cleanup_free char *var = xasprintf("BUILDTOOLS_CONTENT=%s", content);
	const char *vars[] = {var, NULL};

	return load(f, "", vars);
}

void
assert_text(const struct config_text *t, const char *want)
{
	if (want)
		assert_that(t->value && strcmp(t->value, want) == 0, "'%s', not '%s'",
			t->value ? t->value : "(none)", want);
	else
		assert_that(!t->value, "'%s' is set", t->value);
}

void
assert_secret(const struct config_secret *s, const char *want)
{
	assert_str(secret_reveal(&s->value), want);
}
