#include "cmd/attests.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cmd/csv.h"
#include "cmd/values.h"
#include "image/platform.h"

/* "index" or "manifest[linux/amd64]" in front of a key. */
static int
add_level(struct arena *a, struct str level, struct str key, const char *value,
	struct kvlist *exporter, struct err *err)
{
	static const char *const levels[] = {
		"manifest", "index", "manifest-descriptor", "index-descriptor"};
	ptrdiff_t open = str_find(level, '[');
	struct str name = open < 0 ? level : str_first(level, (size_t)open);
	const char *platform = "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(levels) && !str_is(name, levels[i]); i++)
		;
	if (i == ARRAY_LEN(levels))
		return err_set(err, ERR_USAGE,
			"'" STR_FMT "' is none of manifest, index, manifest-descriptor, "
			"index-descriptor",
			STR_ARG(level));
	if (open >= 0) {
		struct str inner = str_from_off(level, (size_t)open + 1);
		struct platform p;

		if (!str_ends(inner, STR("]")))
			return err_set(
				err, ERR_USAGE, "'" STR_FMT "' lacks its ']'", STR_ARG(level));
		inner = str_first(inner, inner.len - 1);
		if (platform_parse(a, inner, "platform", &p, err))
			return -1;
		platform = arena_fmt(a, "[%s]", platform_format(a, &p));
	}
	kv_set(exporter, a,
		arena_fmt(a, "annotation-%s%s." STR_FMT, levels[i], platform, STR_ARG(key)), value);
	return 0;
}

int
annotation_add(struct arena *a, const char *text, struct kvlist *exporter, struct err *err)
{
	struct str rest = str_from(text), key, levels, level;

	if (!str_cut(&rest, '=', &key) || key.len == 0)
		return err_set(err, ERR_USAGE, "'%s' is not KEY=VALUE", text);
	if (!str_cut(&key, ':', &levels)) {
		kv_set(exporter, a, arena_fmt(a, "annotation." STR_FMT, STR_ARG(key)), rest.s);
		return 0;
	}
	if (key.len == 0)
		return err_set(err, ERR_USAGE, "'%s' has no key in front of '='", text);
	while (str_next(&levels, ',', &level))
		if (add_level(a, level, key, rest.s, exporter, err))
			return -1;
	return 0;
}

static void
kv_drop(struct kvlist *l, const char *key)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->items[i].key, key) != 0)
			l->items[kept++] = l->items[i];
	l->n = kept;
}

static int
add_fields(struct arena *a, const char *type, const struct kvlist *fields, struct kvlist *frontend,
	struct err *err)
{
	const char *key = arena_fmt(a, "attest:%s", type);
	cleanup_buf struct buf text = {0};
	bool disabled = false;
	size_t i;

	if (strcmp(type, "sbom") != 0 && strcmp(type, "provenance") != 0)
		return err_set(err, ERR_USAGE, "type '%s' is neither sbom nor provenance", type);
	for (i = 0; i < fields->n; i++) {
		const struct kv *f = &fields->items[i];

		if (!strcmp(f->key, "disabled")) {
			if (value_bool(f->value, &disabled, err))
				return err_wrap(err, "disabled");
		} else if (strcmp(f->key, "type") != 0) {
			csv_add(&text, arena_fmt(a, "%s=%s", f->key, f->value));
		}
	}
	if (disabled)
		kv_drop(frontend, key);
	else
		kv_set(frontend, a, key, buf_cstr(&text));
	return 0;
}

int
attest_add(struct arena *a, const char *text, struct kvlist *frontend, struct err *err)
{
	struct kvlist fields = {0};
	const char *type;

	if (csv_pairs(a, text, &fields, err))
		return -1;
	type = kv_get(&fields, "type");
	if (!type)
		return err_set(err, ERR_USAGE, "'%s' has no type=", text);
	return add_fields(a, type, &fields, frontend, err);
}

int
attest_add_short(struct arena *a, const char *type, const char *text, struct kvlist *frontend,
	struct err *err)
{
	struct kvlist fields = {0};
	bool wanted;

	if (value_bool(text, &wanted, NULL) == 0)
		kv_set(&fields, a, "disabled", wanted ? "false" : "true");
	else if (csv_pairs(a, text, &fields, err))
		return -1;
	return add_fields(a, type, &fields, frontend, err);
}
