#include "registry/origin.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/sha256.h"
#include "image/digest.h"
#include "registry/request.h"

enum { CONFIG_MAX = 4 * 1024 * 1024 }; /* bytes of an image's configuration */

/* A manifest of attestations names "unknown" as its platform. */
static bool
is_image(const struct jval *entry)
{
	const char *os = jval_get_str(jval_get(entry, "platform"), "os");

	return !os || strcmp(os, "unknown") != 0;
}

static const char *
first_image(const struct jval *index)
{
	const struct jval *entries = jval_get(index, "manifests");
	size_t i;

	for (i = 0; i < jval_len(entries); i++)
		if (is_image(jval_at(entries, i)))
			return jval_get_str(jval_at(entries, i), "digest");
	return NULL;
}

static int
get(struct registry *r, const char *reference, struct jval **doc, bool *found, int64_t deadline,
	struct err *err)
{
	cleanup_registry_manifest struct registry_manifest m = {.digest = ""};

	if (registry_manifest_get(r, reference, &m, found, deadline, err))
		return -1;
	if (!*found)
		return 0;
	*doc = jval_parse(buf_view(&m.body), err);
	return *doc ? 0 : -1;
}

/* The digest of the configuration of the image under a tag. */
static int
config_of(struct registry *r, struct arena *a, const char *tag, const char **digest, bool *found,
	int64_t deadline, struct err *err)
{
	cleanup_jval struct jval *top = NULL, *child = NULL;
	const struct jval *manifest;
	const char *image;
	bool whole;

	if (get(r, tag, &top, found, deadline, err))
		return -1;
	if (!*found)
		return 0;
	manifest = top;
	image = first_image(top);
	if (image) {
		if (get(r, image, &child, &whole, deadline, err))
			return -1;
		manifest = child;
	}
	*digest = jval_get_str(jval_get(manifest, "config"), "digest");
	if (!*digest)
		return err_set(err, ERR_PROTO, "'%s' is no image", tag);
	*digest = arena_cstr(a, *digest);
	return digest_check(str_from(*digest), err);
}

static int
read_config(struct registry *r, const char *digest, struct wire_reply *reply, int64_t deadline,
	struct err *err)
{
	struct registry_request req = {.method = "GET", .actions = "pull", .max = CONFIG_MAX};
	char made[SHA256_HEX_LEN + 1];

	req.url = arena_fmt(&r->arena, "/v2/%s/blobs/%s", r->repository, digest);
	if (registry_send(r, &req, reply, deadline, err))
		return -1;
	if (reply->head.status != 200)
		return registry_refused(r, reply, err);
	sha256_text(buf_view(&reply->body), made);
	if (!str_starts(str_from(digest), STR("sha256:")) || strcmp(digest + 7, made) != 0)
		return err_set(err, ERR_PROTO, "registry '%s' sent something else in place of '%s'",
			r->name, digest);
	return 0;
}

static const char *
label(struct arena *a, const struct jval *labels, const char *name)
{
	const char *text = jval_get_str(labels, name);

	return text ? arena_cstr(a, text) : NULL;
}

int
registry_origin(struct registry *r, struct arena *a, const char *tag, struct registry_origin *out,
	bool *found, int64_t deadline, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	cleanup_jval struct jval *v = NULL;
	const struct jval *labels;
	const char *digest = "";

	*out = (struct registry_origin){NULL, NULL, NULL};
	if (config_of(r, a, tag, &digest, found, deadline, err))
		return -1;
	if (!*found)
		return 0;
	if (read_config(r, digest, &reply, deadline, err))
		return -1;
	v = jval_parse(buf_view(&reply.body), err);
	if (!v)
		return -1;
	labels = jval_get(jval_get(v, "config"), "Labels");
	out->created = label(a, labels, "org.opencontainers.image.created");
	out->revision = label(a, labels, "org.opencontainers.image.revision");
	out->version = label(a, labels, "org.opencontainers.image.version");
	return 0;
}
