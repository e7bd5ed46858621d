#include "cmd/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/kv.h"
#include "base/log.h"
#include "cmd/csv.h"
#include "config/config.h"

/* ---- secrets -------------------------------------------------------------- */

struct source {
	const char *id, *file, *variable;
};

static int
read_fields(struct arena *a, const char *text, struct source *out, struct err *err)
{
	struct kvlist fields = {0};
	const char *type = NULL;
	size_t i;

	*out = (struct source){0};
	/* no text is repeated: somebody may have put the value itself there */
	if (csv_pairs(a, text, &fields, NULL))
		return err_set(err, ERR_USAGE, "not of the form id=X[,src=FILE|,env=NAME]");
	for (i = 0; i < fields.n; i++) {
		const struct kv *f = &fields.items[i];

		if (!strcmp(f->key, "id"))
			out->id = f->value;
		else if (!strcmp(f->key, "src") || !strcmp(f->key, "source"))
			out->file = f->value;
		else if (!strcmp(f->key, "env"))
			out->variable = f->value;
		else if (!strcmp(f->key, "type"))
			type = f->value;
		else
			return err_set(
				err, ERR_USAGE, "key '%s' is none of id, src, env, type", f->key);
	}
	if (!out->id || !*out->id)
		return err_set(err, ERR_USAGE, "there is no id=");
	if (type && strcmp(type, "file") != 0 && strcmp(type, "env") != 0)
		return err_set(
			err, ERR_USAGE, "secret '%s': the type is neither file nor env", out->id);
	if (type && !strcmp(type, "env") && !out->variable) { /* its src is a variable then */
		out->variable = out->file ? out->file : out->id;
		out->file = NULL;
	} else if (type && !strcmp(type, "file") && !out->file) {
		out->file = out->id;
	}
	if (out->file && out->variable)
		return err_set(err, ERR_USAGE, "secret '%s': both a file and a variable are named",
			out->id);
	if ((out->file && !*out->file) || (out->variable && !*out->variable))
		return err_set(err, ERR_USAGE, "secret '%s': the source is empty", out->id);
	return 0;
}

/* A pipe gives its content once, and nobody may wait for it in the middle of a build. */
static int
read_pipe(struct bk_secret *s, const char *path, struct err *err)
{
	cleanup_buf struct buf content = {0};
	int rc;

	buf_init(&content, BK_SECRET_MAX + 1);
	rc = buf_reserve(&content, BK_SECRET_MAX, err);
	if (rc == 0)
		rc = file_read(AT_FDCWD, path, BK_SECRET_MAX, &content, err);
	if (rc == 0)
		secret_set(&s->value, buf_view(&content));
	buf_wipe(&content);
	return rc;
}

static int
use_file(struct arena *a, struct bk_secret *s, const char *path, struct err *err)
{
	char real[PATH_MAX];
	struct stat st;

	if (stat(path, &st))
		return err_sys(err, "file '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_errno(err, ERR_SYS, EISDIR, "file '%s'", path);
	if (!S_ISREG(st.st_mode))
		return read_pipe(s, path, err);
	if (st.st_size > BK_SECRET_MAX)
		return err_set(
			err, ERR_LIMIT, "file '%s' is larger than %d bytes", path, BK_SECRET_MAX);
	if (access(path, R_OK) || !realpath(path, real))
		return err_sys(err, "file '%s'", path);
	s->file = arena_cstr(a, real);
	return 0;
}

static int
use_variable(struct bk_secret *s, const char *name, const char *value, struct err *err)
{
	if (!value)
		return err_set(err, ERR_CONFIG, "the variable '%s' is not set", name);
	if (strlen(value) > BK_SECRET_MAX)
		return err_set(err, ERR_LIMIT, "the variable '%s' is larger than %d bytes", name,
			BK_SECRET_MAX);
	secret_set(&s->value, str_from(value));
	return 0;
}

static int
load(struct arena *a, const struct env *env, const struct source *from, struct bk_secret *out,
	struct err *err)
{
	const char *own = env_raw(env, from->id);
	int rc;

	*out = (struct bk_secret){.id = from->id};
	if (from->file)
		rc = use_file(a, out, from->file, err);
	else if (from->variable)
		rc = use_variable(out, from->variable, env_raw(env, from->variable), err);
	else if (own)
		rc = use_variable(out, from->id, own, err);
	else
		rc = use_file(a, out, from->id, err);
	if (rc && !from->file && !from->variable && !own)
		err_hint(err,
			"there is no variable '%s' either; src=FILE or env=NAME name "
			"another source",
			from->id);
	return rc ? err_wrap(err, "secret '%s'", from->id) : 0;
}

static struct bk_secret *
find(const struct secret_list *l, const char *id)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->items[i].id, id))
			return &l->items[i];
	return NULL;
}

static void
put(struct secret_list *l, struct arena *a, const struct bk_secret *s)
{
	struct bk_secret *there = find(l, s->id);

	if (there) {
		secret_release(&there->value);
		*there = *s;
		return;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct bk_secret *items = arena_new(a, struct bk_secret, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n++] = *s;
}

int
secret_add_flag(struct secret_list *l, struct arena *a, const struct env *env, const char *text,
	struct err *err)
{
	struct bk_secret secret;
	struct source from;

	if (read_fields(a, text, &from, err) || load(a, env, &from, &secret, err))
		return -1;
	put(l, a, &secret);
	return 0;
}

/* A name in a file is relative to that file; ~ is for people who have no shell there. */
static const char *
beside(struct arena *a, const struct env *env, const struct config_origin *from, const char *path)
{
	const char *home = env_get(env, "HOME");
	ptrdiff_t slash;

	if (path[0] == '~' && path[1] == '/' && home)
		return arena_fmt(a, "%s%s", home, path + 1);
	slash = str_rfind(str_from(from->name), '/');
	if (path[0] == '/' || from->source != CONFIG_FILE || slash < 0)
		return path;
	return arena_fmt(a, "%.*s/%s", (int)slash, from->name, path);
}

int
secrets_configured(struct secret_list *l, struct arena *a, const struct env *env,
	const struct config_lines *lines, struct log *log, struct err *err)
{
	size_t i;

	for (i = 0; i < lines->n; i++) {
		const struct config_line *line = &lines->items[i];
		struct bk_secret secret;
		struct err why = {0};
		struct source from;

		if (read_fields(a, line->text, &from, &why))
			return err_set(err, ERR_CONFIG, "%s: secrets: %s",
				config_origin_text(a, &line->from), why.msg);
		if (find(l, from.id))
			continue;
		if (from.file)
			from.file = beside(a, env, &line->from, from.file);
		if (load(a, env, &from, &secret, &why) == 0)
			put(l, a, &secret);
		else
			log_warn(log, "%s: left out: %s", config_origin_text(a, &line->from),
				why.msg);
	}
	return 0;
}

void
secrets_release(struct secret_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		secret_release(&l->items[i].value);
	*l = (struct secret_list){0};
}
