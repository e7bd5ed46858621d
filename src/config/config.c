#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "config/ecr.h"
#include "config/environ.h"
#include "config/keys.h"

#define FILE_NAME ".buildtools.yaml"
#define CONTENT "BUILDTOOLS_CONTENT"

struct loader {
	struct arena *arena;
	struct log *log;
	struct config *out;
	struct err *err;
};

/* Adds one document below what nearer ones said. */
static int
add_document(const struct loader *l, enum config_source source, const char *name, const char *dir,
	struct str text)
{
	cleanup_arena struct arena scratch = {0};
	cleanup_config struct config one = {0};
	struct keys_source src = {.arena = l->arena,
		.source = source,
		.name = name,
		.dir = dir,
		.log = l->log,
		.err = l->err};
	struct node *root = NULL;
	int rc;

	rc = node_parse(&scratch, name, text, &root, l->err);
	if (!rc)
		rc = keys_bind(&src, root, &one);
	if (!rc) {
		keys_merge(l->arena, l->log, l->out, &one);
		strlist_add(&l->out->files, l->arena, name);
	}
	node_wipe(root);
	return rc;
}

static int
load_content(const struct loader *l, const char *content, const char *dir)
{
	struct str text = str_from(content);
	struct buf plain;
	int rc;

	log_debug(l->log, "Parsing config from env: " CONTENT);
	if (text.len > LIMIT_CONFIG)
		return err_set(
			l->err, ERR_LIMIT, "'" CONTENT "' is larger than %d bytes", LIMIT_CONFIG);
	buf_init(&plain, LIMIT_CONFIG);
	if (environ_is_base64(text) && base64_decode(&plain, text))
		text = buf_view(&plain);
	else
		log_debug(l->log, "Failed to decode BASE64, falling back to plaintext");
	rc = add_document(l, CONFIG_CONTENT, CONTENT, dir, text);
	buf_wipe(&plain);
	return rc;
}

/*
 * A folder above may belong to somebody else, who could then say where images
 * go: the user should know whose file this is.
 */
static void
warn_foreign(const struct loader *l, const char *path, const struct stat *st, uid_t dir_owner)
{
	if (st->st_uid != dir_owner && st->st_uid != geteuid())
		log_warn(l->log,
			"configuration '%s' belongs to another user (uid %u), it is used nevertheless",
			path, (unsigned)st->st_uid);
}

/* *st is set when there is a candidate; a folder that may not be searched holds none for us. */
static int
find_file(const struct loader *l, const char *path, struct stat *st, bool *found)
{
	*found = false;
	if (stat(path, st) == 0) {
		*found = true;
		return 0;
	}
	if (errno == ENOENT || errno == ENOTDIR) {
		struct stat link;

		/* a link to nothing is a candidate that cannot be read */
		if (lstat(path, &link) == 0)
			return err_errno(l->err, ERR_SYS, ENOENT, "read '%s'", path);
		return 0;
	}
	if (errno == EACCES && lstat(path, st) != 0) {
		log_debug(l->log, "'%s' is not looked for: permission denied", path);
		return 0;
	}
	return err_sys(l->err, "read '%s'", path);
}

static int
load_file(const struct loader *l, const char *dir, bool nearest, uid_t dir_owner)
{
	const char *path = arena_fmt(l->arena, "%s/" FILE_NAME, strcmp(dir, "/") == 0 ? "" : dir);
	struct buf text;
	struct stat st;
	bool found;
	int rc;

	if (find_file(l, path, &st, &found))
		return -1;
	if (!found)
		return 0;
	if (!nearest)
		warn_foreign(l, path, &st, dir_owner);
	log_debug(l->log,
		l->out->files.n ? "Merging with config from file: '%s'"
				: "Parsing config from file: '%s'",
		path);
	buf_init(&text, LIMIT_CONFIG);
	rc = file_read(AT_FDCWD, path, LIMIT_CONFIG, &text, l->err);
	if (!rc)
		rc = add_document(l, CONFIG_FILE, path, dir, buf_view(&text));
	buf_wipe(&text);
	return rc;
}

/* dir and its ancestors by name, nearest first. */
static int
load_files(const struct loader *l, const char *dir)
{
	char *at = arena_cstr(l->arena, dir), *slash;
	struct stat st;
	bool nearest = true;

	if (stat(dir, &st))
		return err_sys(l->err, "stat '%s'", dir);
	for (;;) {
		if (load_file(l, at, nearest, st.st_uid))
			return -1;
		nearest = false;
		slash = strrchr(at, '/');
		if (!slash || !slash[1])
			return 0;
		if (slash == at)
			at[1] = '\0';
		else
			*slash = '\0';
	}
}

/*
 * An absolute path is followed by its names, as a shell shows it; anything else
 * is resolved first.
 */
static const char *
absolute(struct arena *a, const char *dir, struct err *err)
{
	struct str s = str_from(dir);
	const char *out;
	char *real;

	while (s.len > 1 && s.s[s.len - 1] == '/')
		s.len--;
	if (s.len && s.s[0] == '/' && str_search(s, STR("/.")) < 0 && str_search(s, STR("//")) < 0)
		return arena_str(a, s);
	real = realpath(*dir ? dir : ".", NULL);
	if (!real) {
		err_sys(err, "resolve '%s'", dir);
		return NULL;
	}
	out = arena_cstr(a, real);
	free(real);
	return out;
}

static void
set_defaults(struct config *c)
{
	struct config_text *tag = &c->cache.ecr_tag;

	if (!tag->value) {
		tag->value = "buildcache";
		tag->from = (struct config_origin){CONFIG_DEFAULT, "default", 0, 0};
	}
}

static void
warn_short_account(struct log *log, const struct config_text *url)
{
	struct ecr_url u;

	if (url->value && ecr_url_parse(str_from(url->value), &u) && !u.is_public &&
		u.account.len != 12)
		log_warn(log, "'%s': accounts of AWS have 12 digits, '" STR_FMT "' has %zu",
			url->value, STR_ARG(u.account), u.account.len);
}

int
config_load(struct arena *a, const struct env *env, const char *dir, struct log *log,
	struct config *out, struct err *err)
{
	const char *content = env_raw(env, CONTENT);
	struct loader l = {.arena = a, .log = log, .out = out, .err = err};
	int rc;

	*out = (struct config){0};
	dir = absolute(a, dir, err);
	if (!dir)
		return -1;
	rc = content ? load_content(&l, content, dir) : load_files(&l, dir);
	if (!rc)
		rc = environ_apply(a, env, out, err);
	if (rc) {
		config_release(out);
		return -1;
	}
	set_defaults(out);
	warn_short_account(log, &out->cache.ecr_url);
	return 0;
}

void
config_release(struct config *c)
{
	keys_release(c);
	*c = (struct config){0};
}

const char *
config_origin_text(struct arena *a, const struct config_origin *from)
{
	switch (from->source) {
	case CONFIG_NOWHERE:
		return "nowhere";
	case CONFIG_DEFAULT:
		return "default";
	case CONFIG_ENV:
		return from->name;
	case CONFIG_CONTENT:
		return arena_fmt(a, "%s line %u", from->name, from->line);
	case CONFIG_FILE:
		break;
	}
	return arena_fmt(a, "'%s' line %u", from->name, from->line);
}
