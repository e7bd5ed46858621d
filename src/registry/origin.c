#include "registry/origin.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/jval.h"
#include "registry/client.h"

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

/* The configuration of the image under a tag: digest and size. */
static int
config_of(struct registry *r, struct arena *a, const char *tag, const char **digest, uint64_t *size,
	bool *found, int64_t deadline, struct err *err)
{
	cleanup_jval struct jval *top = NULL, *child = NULL;
	const struct jval *config;
	const char *image;
	int64_t said;
	bool whole;

	if (get(r, tag, &top, found, deadline, err))
		return -1;
	if (!*found)
		return 0;
	image = first_image(top);
	if (image && get(r, image, &child, &whole, deadline, err))
		return -1;
	config = jval_get(image ? child : top, "config");
	*digest = jval_get_str(config, "digest");
	said = *digest ? jval_get_int(config, "size", -1) : -1;
	if (said < 0)
		return err_set(err, ERR_PROTO, "'%s' is no image", tag);
	if (said > CONFIG_MAX)
		return err_set(err, ERR_LIMIT, "'%s' has a configuration of more than %d bytes",
			tag, CONFIG_MAX);
	*digest = arena_cstr(a, *digest);
	*size = (uint64_t)said;
	return 0;
}

static int
read_config(struct registry *r, const char *digest, uint64_t size, struct buf *out,
	int64_t deadline, struct err *err)
{
	struct registry_download *d = registry_blob_open(r, digest, size, deadline, err);
	char piece[4096];
	ssize_t n = -1;

	while (d && (n = registry_blob_read(d, piece, sizeof(piece), err)) > 0)
		buf_mem(out, piece, (size_t)n);
	registry_blob_close(d);
	return n < 0 ? -1 : 0;
}

/* Anybody may have written it, and it is shown: what is no plain text counts for nothing. */
static const char *
label(struct arena *a, const struct jval *labels, const char *name)
{
	const char *text = jval_get_str(labels, name), *p;

	for (p = text; p && *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return NULL;
	return text ? arena_cstr(a, text) : NULL;
}

int
registry_origin(struct registry *r, struct arena *a, const char *tag, struct registry_origin *out,
	bool *found, int64_t deadline, struct err *err)
{
	cleanup_jval struct jval *v = NULL;
	cleanup_buf struct buf text = {0};
	const struct jval *labels;
	const char *digest = "";
	uint64_t size = 0;

	*out = (struct registry_origin){NULL, NULL, NULL};
	if (config_of(r, a, tag, &digest, &size, found, deadline, err))
		return -1;
	if (!*found)
		return 0;
	if (read_config(r, digest, size, &text, deadline, err))
		return -1;
	v = jval_parse(buf_view(&text), err);
	if (!v)
		return -1;
	labels = jval_get(jval_get(v, "config"), "Labels");
	out->created = label(a, labels, "org.opencontainers.image.created");
	out->revision = label(a, labels, "org.opencontainers.image.revision");
	out->version = label(a, labels, "org.opencontainers.image.version");
	return 0;
}
