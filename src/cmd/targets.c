#include "cmd/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "cmd/csv.h"
#include "cmd/files.h"
#include "cmd/values.h"

/* ---- what is asked for ---------------------------------------------------- */

static struct target *
add(struct target_list *l, struct arena *a)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct target *items = arena_new(a, struct target, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n] = (struct target){.fd = -1, .dir = -1};
	return &l->items[l->n++];
}

/* As the daemon reads it: present and empty is yes. */
static int
take_bool(struct target *t, struct arena *a, const char *key, bool fallback, bool *out,
	struct err *err)
{
	const char *value = kv_get(&t->attrs, key);

	(void)a;
	*out = fallback;
	if (!value)
		return 0;
	if (!*value) {
		*out = true;
		return 0;
	}
	return value_bool(value, out, err) ? err_wrap(err, "%s", key) : 0;
}

static int
check_image(struct target *t, struct arena *a, struct err *err)
{
	bool push;

	if (t->dest)
		return err_set(err, ERR_USAGE, "type '%s' has no dest", t->type);
	if (!strcmp(t->type, "registry")) {
		t->type = "image";
		kv_set(&t->attrs, a, "push", "true");
	}
	if (take_bool(t, a, "push", false, &push, err))
		return -1;
	t->push = push;
	return 0;
}

static int
check_archive(struct target *t, struct arena *a, struct err *err)
{
	bool tar;

	if (take_bool(t, a, "tar", true, &tar, err))
		return -1;
	if (!tar && strcmp(t->type, "tar") != 0) {
		if (!t->dest || !strcmp(t->dest, "-"))
			return err_set(err, ERR_USAGE, "type '%s' with tar=false needs dest=FOLDER",
				t->type);
		t->form = TARGET_LAYOUT;
	} else if (t->dest)
		t->form = strcmp(t->dest, "-") ? TARGET_FILE : TARGET_STDOUT;
	else if (strcmp(t->type, "docker") != 0) /* which is for the Engine then */
		t->form = TARGET_STDOUT;
	return 0;
}

static int
check_folder(struct target *t, struct err *err)
{
	const char *mode = kv_get(&t->attrs, "mode");

	if (!t->dest)
		return err_set(err, ERR_USAGE, "type 'local' needs dest=FOLDER");
	if (!strcmp(t->dest, "-"))
		return err_set(err, ERR_USAGE,
			"type 'local' cannot go to standard output, type 'tar' can");
	if (mode && strcmp(mode, "copy") != 0)
		return err_set(err, ERR_USAGE, "mode '%s' is not offered, only copy", mode);
	t->form = TARGET_DIR;
	return 0;
}

static int
check(struct target *t, struct arena *a, struct err *err)
{
	if (t->dest && !*t->dest)
		return err_set(err, ERR_USAGE, "dest is empty");
	if (!strcmp(t->type, "local"))
		return check_folder(t, err);
	if (!strcmp(t->type, "tar") || !strcmp(t->type, "oci") || !strcmp(t->type, "docker"))
		return check_archive(t, a, err);
	if (!strcmp(t->type, "image") || !strcmp(t->type, "registry"))
		return check_image(t, a, err);
	if (!strcmp(t->type, "cacheonly"))
		return err_set(err, ERR_USAGE, "type 'cacheonly' is not offered");
	return err_set(err, ERR_USAGE,
		"type '%s' is none of local, tar, oci, docker, image, registry", t->type);
}

int
target_add_flag(struct target_list *l, struct arena *a, const char *text, struct err *err)
{
	struct target *t = add(l, a);
	struct kvlist fields = {0};
	size_t i;

	if (!strchr(text, '=')) {
		t->type = !strcmp(text, "-") ? "tar" : "local";
		t->dest = text;
		return check(t, a, err);
	}
	if (csv_pairs(a, text, &fields, err))
		return -1;
	for (i = 0; i < fields.n; i++) {
		const struct kv *f = &fields.items[i];

		if (!strcmp(f->key, "type"))
			t->type = f->value;
		else if (!strcmp(f->key, "dest"))
			t->dest = f->value;
		else
			kv_set(&t->attrs, a, f->key, f->value);
	}
	if (!t->type)
		return err_set(err, ERR_USAGE, "'%s' has no type", text);
	return check(t, a, err);
}

void
target_add_image(struct target_list *l, struct arena *a, bool push)
{
	struct target *t = add(l, a);

	t->type = "image";
	t->push = push;
	if (push)
		kv_set(&t->attrs, a, "push", "true");
}

void
target_add_engine(struct target_list *l, struct arena *a)
{
	struct target *t = add(l, a);

	t->type = "docker";
	t->form = TARGET_ENGINE;
}

bool
targets_image(const struct target_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->items[i].type, "local") != 0 && strcmp(l->items[i].type, "tar") != 0)
			return true;
	return l->n == 0;
}

static bool
has_form(const struct target_list *l, enum target_form form)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->items[i].form == form)
			return true;
	return false;
}

bool
targets_stdout(const struct target_list *l)
{
	return has_form(l, TARGET_STDOUT);
}

bool
targets_engine(const struct target_list *l)
{
	return has_form(l, TARGET_ENGINE);
}

/* ---- places --------------------------------------------------------------- */

static int
open_folder(struct target *t, struct err *err)
{
	if (folder_make(t->dest, err))
		return -1;
	t->fd = open(t->dest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t->fd < 0 ? err_sys(err, "open folder '%s'", t->dest) : 0;
}

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * A reader at the other end of a pipe may be slow, and nobody else is served while
 * we wait for him: the archive is complete before the first byte goes out.
 */
static int
open_spool(struct target *t, struct arena *a, const char *folder, struct err *err)
{
	char *name = arena_fmt(a, "%s/buildtools-XXXXXX", folder);

	if (t->form == TARGET_STDOUT && isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE,
			"standard output is a terminal: name a file, or hand the archive on to "
			"another program");
	t->fd = mkostemp(name, O_CLOEXEC);
	if (t->fd < 0)
		return err_sys(err, "create a temporary file in '%s'", folder);
	unlink(name);
	return 0;
}

/* Beside the file that it is going to be, or the last step could not be one rename. */
static int
open_beside(struct target *t, struct arena *a, struct err *err)
{
	const char *base = base_of(t->dest), *folder;
	char real[PATH_MAX];
	unsigned long long id;

	if (!*base)
		return err_set(err, ERR_USAGE, "'%s' is a folder, type '%s' makes a file", t->dest,
			t->type);
	folder = base == t->dest ? "." : arena_fmt(a, "%.*s", (int)(base - t->dest), t->dest);
	t->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0 || !realpath(folder, real))
		return err_sys(err, "open folder '%s'", folder);
	random_bytes(&id, sizeof(id));
	t->temp = arena_fmt(a, ".buildtools-%016llx", id);
	t->fd = openat(t->dir, t->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (t->fd < 0) {
		t->temp = NULL;
		return err_sys(err, "create a file in '%s'", folder);
	}
	t->path = arena_fmt(a, "%s/%s", strcmp(real, "/") ? real : "", t->temp);
	return 0;
}

/* A link is followed; a device or a pipe is written to and never replaced. */
static int
open_archive(struct target *t, struct arena *a, const char *folder, struct err *err)
{
	char real[PATH_MAX];
	struct stat st;

	if (stat(t->dest, &st) || !realpath(t->dest, real))
		return open_beside(t, a, err);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, "'%s' is a folder, type '%s' makes a file", t->dest,
			t->type);
	if (!S_ISREG(st.st_mode))
		return open_spool(t, a, folder, err);
	t->dest = arena_cstr(a, real);
	return open_beside(t, a, err);
}

int
targets_open(struct target_list *l, struct arena *a, const char *tmpdir, struct err *err)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct target *t = &l->items[i];
		int rc = 0;

		if (t->form == TARGET_DIR)
			rc = open_folder(t, err);
		else if (t->form == TARGET_FILE)
			rc = open_archive(t, a, tmpdir, err);
		else if (t->form == TARGET_STDOUT)
			rc = open_spool(t, a, tmpdir, err);
		if (rc)
			return err_wrap(err, "--output");
	}
	return 0;
}

void
targets_hidden(
	const struct target_list *l, struct arena *a, const char *folder, struct strlist *out)
{
	struct str prefix = str_from(strcmp(folder, "/") ? folder : "");
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct target *t = &l->items[i];

		if (t->temp && str_starts(str_from(t->path), prefix) && t->path[prefix.len] == '/')
			strlist_add(out, a, t->path + prefix.len + 1);
	}
}

struct bk_export *
targets_exports(const struct target_list *l, struct arena *a, const struct bk_sink *engine)
{
	struct bk_export *out = arena_new(a, struct bk_export, l->n);
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct target *t = &l->items[i];

		out[i] = (struct bk_export){.fd = t->fd,
			.name = t->dest ? t->dest : "standard output",
			.kind = t->form == TARGET_DIR ? BK_EXPORT_DIR : BK_EXPORT_FILE};
		if (t->form == TARGET_ENGINE) {
			out[i].name = "the Docker Engine";
			out[i].kind = BK_EXPORT_SINK;
			out[i].sink = engine;
		}
	}
	return out;
}

static int
pour(int from, int to, const char *name, struct err *err)
{
	char chunk[64 * 1024];
	ssize_t n;

	if (lseek(from, 0, SEEK_SET))
		return err_sys(err, "read the archive");
	while ((n = fd_read(from, chunk, sizeof(chunk))) > 0)
		if (fd_write_all(to, chunk, (size_t)n))
			return err_sys(err, "write '%s'", name);
	return n < 0 ? err_sys(err, "read the archive") : 0;
}

static int
publish(struct target *t, struct err *err)
{
	cleanup_fd int to = -1;

	if (t->form == TARGET_STDOUT)
		return pour(t->fd, STDOUT_FILENO, "standard output", err);
	if (t->form != TARGET_FILE)
		return 0;
	if (!t->temp) {
		to = open(t->dest, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return to < 0 ? err_sys(err, "write '%s'", t->dest) : pour(t->fd, to, t->dest, err);
	}
	if (renameat(t->dir, t->temp, t->dir, base_of(t->dest)))
		return err_sys(err, "write '%s'", t->dest);
	t->temp = NULL;
	return 0;
}

int
targets_publish(struct target_list *l, struct err *err)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (publish(&l->items[i], err))
			return -1;
	return 0;
}

void
targets_close(struct target_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct target *t = &l->items[i];

		if (t->temp)
			unlinkat(t->dir, t->temp, 0);
		t->temp = NULL;
		fd_close(&t->fd);
		fd_close(&t->dir);
	}
}
