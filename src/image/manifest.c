#include "image/manifest.h"

#include <string.h>

#include "base/err.h"
#include "base/jval.h"
#include "image/digest.h"

bool
manifest_type_is_known(const char *type, bool *is_index)
{
	struct str rest = str_from(MANIFEST_TYPES), known;

	while (str_next(&rest, ',', &known)) {
		if (!str_is(str_trim(known), type))
			continue;
		*is_index = strstr(type, "index") != NULL || strstr(type, "list") != NULL;
		return true;
	}
	return false;
}

static const char *
keep(struct arena *a, const char *text)
{
	return text ? arena_cstr(a, text) : NULL;
}

static int
read_digest(struct arena *a, const struct jval *v, const char **out, struct err *err)
{
	const char *digest = jval_get_str(v, "digest");

	if (!digest)
		return err_set(err, ERR_PROTO, "a descriptor without digest");
	if (digest_check(str_from(digest), err))
		return -1;
	*out = arena_cstr(a, digest);
	return 0;
}

static int
read_descriptor(struct arena *a, const struct jval *v, const char *host, struct descriptor *out,
	struct err *err)
{
	const struct jval *notes = jval_get(v, "annotations");
	const char *type = jval_get_str(v, "mediaType");
	int64_t size = jval_get_int(jval_kind(v) == JVAL_OBJECT ? v : NULL, "size", -1);

	if (read_digest(a, v, &out->digest, err))
		return -1;
	if (size < 0)
		return err_set(err, ERR_PROTO, "'%s' has no size", out->digest);
	out->size = (uint64_t)size;
	out->type = type ? arena_cstr(a, type) : "";
	out->name = keep(a, jval_get_str(notes, "org.opencontainers.image.ref.name"));
	out->ref = keep(a, jval_get_str(notes, "io.containerd.image.name"));
	if (host)
		out->sources = keep(
			a, jval_get_str(notes,
				   arena_fmt(a, "containerd.io/distribution.source.%s", host)));
	return 0;
}

static int
read_list(struct arena *a, const struct jval *list, const char *host, struct manifest *out,
	struct err *err)
{
	size_t i;

	for (i = 0; i < jval_len(list); i++)
		if (read_descriptor(a, jval_at(list, i), host, &out->entries[out->n++], err))
			return -1;
	return 0;
}

static int
read_parts(struct arena *a, const struct jval *v, const char *host, struct manifest *out,
	struct err *err)
{
	const struct jval *list = jval_get(v, "manifests"), *layers = jval_get(v, "layers");
	const struct jval *config = jval_get(v, "config"), *subject = jval_get(v, "subject");
	bool known, index = false;

	/* two readers must not see two things in the same bytes */
	if ((list && (layers || config)) || (!list && !config))
		return err_set(err, ERR_PROTO, "neither an index nor a manifest of an image");
	out->is_index = list != NULL;
	known = out->type && manifest_type_is_known(out->type, &index);
	if (known && index != out->is_index)
		return err_set(err, ERR_PROTO, "it says that it is '%s', and is not", out->type);
	if (jval_kind(list ? list : layers) != JVAL_ARRAY)
		return err_set(err, ERR_PROTO, "it lists nothing");
	if (jval_len(list ? list : layers) > MANIFEST_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d entries", MANIFEST_ENTRIES_MAX);
	out->entries = arena_new(a, struct descriptor, 1 + jval_len(list ? list : layers));
	if (config && read_descriptor(a, config, host, &out->entries[out->n++], err))
		return -1;
	if (config && !out->artifact_type)
		out->artifact_type = out->entries[0].type;
	if (subject && read_digest(a, subject, &out->subject, err))
		return -1;
	return read_list(a, list ? list : layers, host, out, err);
}

int
manifest_parse(
	struct arena *a, struct str bytes, const char *host, struct manifest *out, struct err *err)
{
	cleanup_jval struct jval *v = jval_parse(bytes, err);

	*out = (struct manifest){.is_index = false};
	if (!v)
		return -1;
	if (jval_kind(v) != JVAL_OBJECT)
		return err_set(err, ERR_PROTO, "no JSON object");
	if (jval_get_int(v, "schemaVersion", 0) != 2)
		return err_set(err, ERR_PROTO, "a manifest of a version other than 2");
	out->type = keep(a, jval_get_str(v, "mediaType"));
	out->artifact_type = keep(a, jval_get_str(v, "artifactType"));
	out->base = keep(
		a, jval_get_str(jval_get(v, "annotations"), "org.opencontainers.image.base.name"));
	return read_parts(a, v, host, out, err);
}
