#include "sandbox.h"

#include <sys/stat.h>

#include "base/mem.h"
#include "test.h"

static void
keep_log(struct log *log, enum log_level level, const char *text)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};

	buf_addf(log->arg, "%s: %s\n", names[level], text);
}

void
sandbox_open(struct sandbox *t)
{
	*t = (struct sandbox){.root = "/tmp/buildtools-test-XXXXXX"};
	assert_that(mkdtemp(t->root) != NULL, "mkdtemp '%s'", t->root);
	t->log = (struct log){.min = LOG_DEBUG, .write = keep_log, .arg = &t->logged};
}

void
sandbox_close(struct sandbox *t)
{
	while (t->nmade > 0) {
		t->nmade--;
		remove(t->made[t->nmade]);
		free(t->made[t->nmade]);
	}
	remove(t->root);
	buf_release(&t->logged);
}

static const char *
own(struct sandbox *t, const char *name)
{
	assert_that(t->nmade < ARRAY_LEN(t->made), "too many files");
	return t->made[t->nmade++] = xasprintf("%s/%s", t->root, name);
}

const char *
sandbox_dir(struct sandbox *t, const char *name)
{
	const char *path = own(t, name);

	assert_that(mkdir(path, 0700) == 0, "mkdir '%s'", path);
	return path;
}

const char *
sandbox_put(struct sandbox *t, const char *name, const char *text)
{
	const char *path = own(t, name);
	FILE *out = fopen(path, "w");

	assert_that(out && fputs(text, out) >= 0 && fclose(out) == 0, "write '%s'", path);
	return path;
}

void
sandbox_logged(const struct sandbox *t, const char *text)
{
	assert_that(strstr(buf_cstr(&t->logged), text), "'%s' not in log:\n%s", text,
		buf_cstr(&t->logged));
}

void
sandbox_not_logged(const struct sandbox *t, const char *text)
{
	assert_that(!strstr(buf_cstr(&t->logged), text), "'%s' in log:\n%s", text,
		buf_cstr(&t->logged));
}
