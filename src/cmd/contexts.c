#include "cmd/contexts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "buildkit/layout.h"
#include "buildkit/session.h"
#include "image/digest.h"
#include "image/ref.h"

/* Names are compared as references: "Alpine:latest" cannot be one, "alpine:latest" is "alpine". */
static const char *
normal_name(struct arena *a, struct str text, struct err *err)
{
	struct ref ref;
	char *name;

	if (ref_parse(a, text, &ref, err)) {
		err_wrap(err, "name of a context");
		return NULL;
	}
	name = ref_familiar(a, &ref);
	if (str_ends(str_from(name), STR(":latest")))
		name = arena_fmt(a, "%.*s", (int)(strlen(name) - strlen(":latest")), name);
	return name;
}

static int
use_image(struct arena *a, struct named_context *c, const char *value, struct err *err)
{
	const char *text = value + strlen("docker-image://");
	struct ref ref;

	if (strcmp(text, "scratch") != 0 && ref_parse(a, str_from(text), &ref, err))
		return err_wrap(err, "context '%s'", c->name);
	c->value = value;
	return 0;
}

/* Folder, and what of it: a tag, a digest, or neither. */
static void
split_layout(struct arena *a, struct str path, const char **folder, char **tag, char **digest)
{
	ptrdiff_t at = str_rfind(path, '@'), colon;

	*tag = *digest = NULL;
	if (at >= 0 && digest_is_valid(str_from_off(path, (size_t)at + 1))) {
		*digest = arena_str(a, str_from_off(path, (size_t)at + 1));
		path = str_first(path, (size_t)at);
	}
	colon = str_rfind(path, ':');
	if (colon > str_rfind(path, '/')) {
		*tag = arena_str(a, str_from_off(path, (size_t)colon + 1));
		path = str_first(path, (size_t)colon);
	}
	*folder = arena_str(a, path);
}

/* Without a tag or digest it is "latest", or the only image that is there. */
static int
use_layout(struct arena *a, struct named_context *c, const char *value, struct err *err)
{
	cleanup_fd int dir = -1, blob = -1;
	char id[BK_ID_LEN + 1], *tag, *digest;
	uint64_t size;

	split_layout(a, str_from(value + strlen("oci-layout://")), &c->layout, &tag, &digest);
	dir = open(c->layout, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "context '%s': folder '%s'", c->name, c->layout);
	if (!digest && layout_find(dir, tag ? tag : "latest", !tag, a, &digest, err))
		return err_wrap(err, "context '%s': image layout '%s'", c->name, c->layout);
	if (!digest)
		return err_set(err, ERR_CONFIG, "context '%s': no image in '%s' has the tag '%s'",
			c->name, c->layout, tag ? tag : "latest");
	blob = layout_blob(dir, str_from(digest), &size, err);
	if (blob < 0)
		return err_wrap(err, "context '%s': image layout '%s'", c->name, c->layout);
	bk_random_id(id);
	c->store = arena_fmt(a, "oci:%s", id);
	c->value = arena_fmt(a, "oci-layout://%s@%s", id, digest);
	return 0;
}

static int
use_folder(struct arena *a, struct named_context *c, const char *value, struct err *err)
{
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(value, real) || stat(real, &st)) {
		err_sys(err, "context '%s': folder '%s'", c->name, value);
		return err_hint(err, "a context is a folder, docker-image://REF, "
				     "oci-layout://FOLDER, or the address of a git repository "
				     "or an archive");
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(
			err, ERR_USAGE, "context '%s': '%s' is not a folder", c->name, value);
	c->dir = arena_cstr(a, real);
	/* the session has folders of these names already */
	c->local = !strcmp(c->name, "context") || !strcmp(c->name, "dockerfile")
			   ? arena_fmt(a, "_%s", c->name)
			   : c->name;
	c->value = arena_fmt(a, "local:%s", c->local);
	return 0;
}

static int
use_value(struct arena *a, struct named_context *c, const char *value, struct err *err)
{
	static const char *const remote[] = {"http://", "https://", "git://", "ssh://", "git@"};
	struct str v = str_from(value);
	size_t i;

	if (str_starts(v, STR("docker-image://")))
		return use_image(a, c, value, err);
	if (str_starts(v, STR("oci-layout://")))
		return use_layout(a, c, value, err);
	if (str_starts(v, STR("target:"))) {
		err_set(err, ERR_USAGE, "context '%s': %.*s: is not offered", c->name,
			(int)str_find(v, ':'), value);
		return err_hint(err, "push the image to a registry and use docker-image://REF");
	}
	for (i = 0; i < ARRAY_LEN(remote); i++) {
		if (str_starts(v, str_from(remote[i]))) {
			c->value = value;
			return 0;
		}
	}
	return use_folder(a, c, value, err);
}

static void
put(struct context_list *l, struct arena *a, const struct named_context *c)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (!strcmp(l->items[i].name, c->name)) {
			l->items[i] = *c;
			return;
		}
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct named_context *items = arena_new(a, struct named_context, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n++] = *c;
}

int
context_add_flag(struct context_list *l, struct arena *a, const char *text, struct err *err)
{
	struct str rest = str_from(text), name;
	struct named_context c = {.root.dirfd = -1};

	if (!str_cut(&rest, '=', &name) || rest.len == 0)
		return err_set(err, ERR_USAGE, "'%s' is not NAME=VALUE", text);
	c.name = normal_name(a, name, err);
	if (!c.name || use_value(a, &c, rest.s, err))
		return -1;
	put(l, a, &c);
	return 0;
}

int
contexts_open(struct context_list *l, struct err *err)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct named_context *c = &l->items[i];

		if (!c->dir)
			continue;
		c->root = (struct fssend_root){
			.dirfd = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .name = c->name};
		if (c->root.dirfd < 0)
			return err_sys(err, "context '%s': open '%s'", c->name, c->dir);
	}
	return 0;
}

void
contexts_close(struct context_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		fd_close(&l->items[i].root.dirfd);
}

void
contexts_attrs(const struct context_list *l, struct arena *a, struct kvlist *attrs)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		kv_set(attrs, a, arena_fmt(a, "context:%s", l->items[i].name), l->items[i].value);
	/* a frontend that cannot do it hands over to the one that the Dockerfile names, or says so
	 */
	if (l->n)
		kv_set(attrs, a, "frontend.caps", "moby.buildkit.frontend.contexts+forward");
}
