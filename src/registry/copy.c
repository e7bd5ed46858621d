#include "registry/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/log.h"
#include "image/manifest.h"
#include "image/parcel.h"
#include "image/ref.h"
#include "registry/client.h"

enum {
	HEARTBEAT_MS = 30000, /* CI systems end jobs that say nothing for minutes */
	MEGA = 1000000
};

struct blob {
	const char *digest;
	uint64_t size;
	const char *from; /* repository that may hold it, or NULL */
	bool here;
};

struct document {
	const char *digest, *type, *subject, *artifact_type;
	uint64_t size;
};

struct copy {
	struct arena arena;
	struct parcel *parcel;
	const struct ref *where;
	struct log *log;
	struct blob *blobs;
	size_t nblobs, blobs_cap;
	uint16_t *order;            /* of blobs, by digest */
	struct document *documents; /* each behind what it refers to */
	size_t ndocuments;
	size_t root;       /* the image among them */
	uint64_t readings; /* bytes of manifests that were read, of some more than once */
	bool anew;         /* the registry said that it has what it has not */
};

/* A blob on its way. */
struct flight {
	struct copy *copy;
	const struct blob *blob;
	struct parcel_blob bytes;
	int64_t said; /* when something was last printed */
};

/* ---- what there is ---------------------------------------------------------- */

static bool
knows_document(const struct copy *c, const char *digest)
{
	size_t i;

	for (i = 0; i < c->ndocuments; i++)
		if (!strcmp(c->documents[i].digest, digest))
			return true;
	return false;
}

/* A repository of the same registry, other than the one that is published to. */
static const char *
usable_source(struct copy *c, struct str path)
{
	if (!ref_path_is_valid(path) || str_is(path, c->where->path))
		return NULL;
	return arena_str(&c->arena, path);
}

static const char *
source_of(struct copy *c, const struct descriptor *d, const struct manifest *m)
{
	struct str rest = str_from(d->sources), path;
	const char *source;
	struct ref base;

	while (str_next(&rest, ',', &path)) {
		source = usable_source(c, path);
		if (source)
			return source;
	}
	if (!m->base || ref_parse(&c->arena, str_from(m->base), &base, NULL) ||
		strcmp(base.domain, c->where->domain) != 0)
		return NULL;
	return usable_source(c, str_from(base.path));
}

/* Layers that may not be handed on (of Windows): whoever wants one gets it elsewhere. */
static bool
stays_away(const char *type)
{
	return strstr(type, ".rootfs.foreign.") || strstr(type, ".layer.nondistributable.");
}

_Static_assert(COPY_BLOBS_MAX <= UINT16_MAX, "places in order");

/* Where in their order the blob is, or would be. */
static size_t
place_of(const struct copy *c, const char *digest, const struct blob **known)
{
	size_t low = 0, high = c->nblobs;

	*known = NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(c->blobs[c->order[middle]].digest, digest);

		if (order == 0)
			*known = &c->blobs[c->order[middle]];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
add_blob(struct copy *c, const struct descriptor *d, const struct manifest *m, struct err *err)
{
	cleanup_parcel_blob struct parcel_blob bytes = {.fd = -1};
	const struct blob *known;
	size_t at = place_of(c, d->digest, &known);
	bool found;

	if (known && known->size == d->size)
		return 0;
	if (parcel_find(c->parcel, d->digest, &bytes, &found, err))
		return -1;
	if (!found && stays_away(d->type))
		return 0;
	if (known || (found && bytes.size != d->size))
		return err_set(err, ERR_PROTO, "'%s' has %llu bytes, not the %llu that it should",
			d->digest, (unsigned long long)(found ? bytes.size : known->size),
			(unsigned long long)d->size);
	if (c->nblobs == COPY_BLOBS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d blobs", COPY_BLOBS_MAX);
	if (c->nblobs == c->blobs_cap) {
		c->blobs_cap = c->blobs_cap ? 2 * c->blobs_cap : 64;
		c->blobs = xreallocarray(c->blobs, c->blobs_cap, sizeof(*c->blobs));
	}
	memmove(c->order + at + 1, c->order + at, (c->nblobs - at) * sizeof(*c->order));
	c->order[at] = (uint16_t)c->nblobs;
	c->blobs[c->nblobs++] = (struct blob){.digest = arena_cstr(&c->arena, d->digest),
		.size = d->size,
		.from = source_of(c, d, m),
		.here = found};
	return 0;
}

static int
read_document(struct copy *c, struct arena *a, const struct descriptor *d, struct manifest *m,
	struct err *err)
{
	cleanup_buf struct buf bytes = {0};
	bool index;

	if (parcel_document(c->parcel, d->digest, d->size, &bytes, err))
		return -1;
	/* one manifest may be named any number of times, and is read again each time */
	c->readings += bytes.len;
	if (c->readings > COPY_READINGS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes of manifests to look through",
			COPY_READINGS_MAX);
	if (manifest_parse(a, buf_view(&bytes), c->where->domain, m, err))
		return err_wrap(err, "'%s'", d->digest);
	if (!m->type)
		m->type = d->type;
	if (!manifest_type_is_known(m->type, &index) || index != m->is_index ||
		(*d->type && strcmp(d->type, m->type) != 0))
		return err_set(err, ERR_PROTO,
			"'%s' is no manifest of an image that registries take: '%.100s'", d->digest,
			m->type);
	return 0;
}

static const char *
keep(struct copy *c, const char *text)
{
	return text ? arena_cstr(&c->arena, text) : NULL;
}

static int
add_document(struct copy *c, const struct descriptor *d, int depth, struct err *err)
{
	cleanup_arena struct arena a = {0};
	struct manifest m;
	size_t i;

	if (knows_document(c, d->digest))
		return 0;
	if (depth > COPY_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "indexes more than %d deep", COPY_DEPTH_MAX);
	if (read_document(c, &a, d, &m, err))
		return -1;
	for (i = 0; i < m.n; i++)
		if (m.is_index ? add_document(c, &m.entries[i], depth + 1, err)
			       : add_blob(c, &m.entries[i], &m, err))
			return -1;
	if (c->ndocuments == COPY_MANIFESTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d manifests", COPY_MANIFESTS_MAX);
	c->documents[c->ndocuments++] = (struct document){.digest = keep(c, d->digest),
		.type = keep(c, m.type),
		.subject = keep(c, m.subject),
		.artifact_type = keep(c, m.artifact_type),
		.size = d->size};
	return 0;
}

/* ---- which of it is the image ------------------------------------------------- */

static int
several(const struct manifest *index, struct err *err)
{
	cleanup_buf struct buf names = {0};
	size_t i;

	for (i = 0; i < index->n && i < 5; i++)
		buf_addf(&names, "%s%s", i ? ", " : "",
			index->entries[i].name  ? index->entries[i].name
			: index->entries[i].ref ? index->entries[i].ref
						: index->entries[i].digest);
	err_set(err, ERR_CONFIG, "it holds several images: %s%s", buf_cstr(&names),
		i < index->n ? ", ..." : "");
	return err_hint(err, "name the one that is to be published: PATH:NAME, or PATH@DIGEST");
}

static bool
is_meant(const struct descriptor *d, const char *pick)
{
	struct str ref = str_from(d->ref);

	if (!pick)
		return true;
	return (d->name && !strcmp(d->name, pick)) || !strcmp(d->digest, pick) ||
	       str_is(ref, pick) ||
	       (str_ends(ref, str_from(pick)) && ref.s[ref.len - strlen(pick) - 1] == ':');
}

/* Manifests about others do not count as images; several names of one are one. */
static int
find_root(struct copy *c, const struct manifest *index, const char *pick,
	const struct descriptor **root, struct err *err)
{
	size_t i, images = 0;

	for (i = 0; i < index->n; i++) {
		cleanup_arena struct arena a = {0};
		const struct descriptor *d = &index->entries[i];
		struct manifest m;

		if (!is_meant(d, pick) || (*root && !strcmp((*root)->digest, d->digest)))
			continue;
		if (read_document(c, &a, d, &m, err))
			return -1;
		if (!m.subject && images++)
			return several(index, err);
		if (!m.subject || (!*root && (pick || index->n == 1)))
			*root = d;
	}
	if (*root)
		return 0;
	return pick ? err_set(err, ERR_CONFIG, "it holds no image '%s'", pick)
		    : err_set(err, ERR_CONFIG, "it holds no image");
}

/* What is about the image comes along with it. */
static int
add_referrers(struct copy *c, const struct manifest *index, struct err *err)
{
	size_t i;

	for (i = 0; i < index->n; i++) {
		cleanup_arena struct arena a = {0};
		struct manifest m;

		if (knows_document(c, index->entries[i].digest))
			continue;
		if (read_document(c, &a, &index->entries[i], &m, err))
			return -1;
		if (m.subject && knows_document(c, m.subject) &&
			add_document(c, &index->entries[i], 1, err))
			return -1;
	}
	return 0;
}

static int
open_parts(struct copy *c, const char *pick, struct err *err)
{
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf bytes = {0};
	const struct descriptor *root = NULL;
	struct manifest index;

	if (parcel_index(c->parcel, &bytes, err))
		return -1;
	if (manifest_parse(&a, buf_view(&bytes), c->where->domain, &index, err))
		return err_wrap(err, "index.json");
	if (!index.is_index)
		return err_set(err, ERR_PROTO, "index.json is no index");
	if (find_root(c, &index, pick, &root, err) || add_document(c, root, 1, err))
		return -1;
	c->root = c->ndocuments - 1;
	return add_referrers(c, &index, err);
}

struct copy *
copy_open(struct parcel *parcel, const char *pick, const struct ref *where, struct log *log,
	struct err *err)
{
	struct copy *c = xcalloc(1, sizeof(*c));

	*c = (struct copy){.parcel = parcel, .where = where, .log = log};
	c->order = arena_new(&c->arena, uint16_t, COPY_BLOBS_MAX);
	c->documents = arena_new(&c->arena, struct document, COPY_MANIFESTS_MAX);
	if (open_parts(c, pick, err) == 0)
		return c;
	copy_close(c);
	return NULL;
}

void
copy_close(struct copy *c)
{
	if (!c)
		return;
	free(c->blobs);
	arena_release(&c->arena);
	free(c);
}

void
copy_closep(struct copy **c)
{
	copy_close(*c);
	*c = NULL;
}

const char *
copy_digest(const struct copy *c)
{
	return c->documents[c->root].digest;
}

/* ---- sending ------------------------------------------------------------------ */

static ssize_t
read_blob(void *arg, uint64_t at, void *p, size_t len, struct err *err)
{
	struct flight *f = arg;

	if (clock_ms() - f->said >= HEARTBEAT_MS) {
		f->said = clock_ms();
		log_info(f->copy->log, "still pushing '%s': %llu of %llu MB", f->blob->digest,
			(unsigned long long)(at / MEGA),
			(unsigned long long)(f->blob->size / MEGA));
	}
	return parcel_blob_read(&f->bytes, at, p, len, err);
}

/* What a layout may leave out, as it is somebody else's, has to be there already. */
static int
expect_blob(struct registry *r, const struct blob *b, struct copy_count *count, struct err *err)
{
	bool found;

	if (registry_blob_head(r, b->digest, &found, DEADLINE_NONE, err))
		return -1;
	count->there++;
	return found ? 0
		     : err_set(err, ERR_PROTO, "'%s' is neither in the layout nor in the registry",
			       b->digest);
}

static int
send_blob(struct copy *c, struct registry *r, const struct blob *b, struct copy_count *count,
	struct err *err)
{
	struct flight f = {.copy = c, .blob = b, .said = clock_ms(), .bytes.fd = -1};
	struct registry_blob rb = {.digest = b->digest,
		.size = b->size,
		.read = read_blob,
		.arg = &f,
		.from = b->from,
		.anew = c->anew};
	enum registry_put how;
	bool found;
	int rc;

	if (!b->here)
		return expect_blob(r, b, count, err);
	if (parcel_find(c->parcel, b->digest, &f.bytes, &found, err))
		return -1;
	rc = registry_blob_put(r, &rb, &how, DEADLINE_NONE, err);
	parcel_blob_close(&f.bytes);
	if (rc)
		return err_wrap(err, "blob '%s'", b->digest);
	log_debug(c->log, "'%s' %s", b->digest,
		how == REGISTRY_SENT      ? "was sent"
		: how == REGISTRY_MOUNTED ? "was mounted"
					  : "is there already");
	count->sent += how == REGISTRY_SENT;
	count->mounted += how == REGISTRY_MOUNTED;
	count->there += how == REGISTRY_THERE;
	count->bytes += how == REGISTRY_SENT ? b->size : 0;
	return 0;
}

static int
put_document(struct copy *c, struct registry *r, const struct document *d, const char *reference,
	enum registry_kept *kept, struct err *err)
{
	cleanup_buf struct buf bytes = {0};
	struct registry_document doc = {.type = d->type, .digest = d->digest};

	if (parcel_document(c->parcel, d->digest, d->size, &bytes, err))
		return -1;
	doc.bytes = buf_view(&bytes);
	return registry_manifest_put(r, reference, &doc, kept, DEADLINE_NONE, err);
}

/* The descriptor of a manifest, with its annotations, as lists of referrers have it. */
static int
describe(struct copy *c, const struct document *d, struct buf *out, struct err *err)
{
	cleanup_jval struct jval *v = jval_new_object(), *manifest = NULL;
	cleanup_buf struct buf bytes = {0};

	if (parcel_document(c->parcel, d->digest, d->size, &bytes, err))
		return -1;
	manifest = jval_parse(buf_view(&bytes), err);
	if (!manifest)
		return -1;
	jval_set_str(v, "mediaType", d->type);
	jval_set_str(v, "digest", d->digest);
	jval_set_int(v, "size", (int64_t)d->size);
	if (d->artifact_type)
		jval_set_str(v, "artifactType", d->artifact_type);
	jval_write(out, v, 0);
	if (jval_kind(jval_get(manifest, "annotations")) != JVAL_OBJECT)
		return 0;
	out->len--;
	buf_puts(out, ",\"annotations\":");
	jval_write(out, jval_get(manifest, "annotations"), 0);
	buf_putc(out, '}');
	return 0;
}

static int
list_referrer(struct copy *c, struct registry *r, const struct document *d, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (describe(c, d, &text, err))
		return -1;
	return registry_referrer_add(r, d->subject, d->digest, buf_view(&text), DEADLINE_NONE, err);
}

static int
send_all(struct copy *c, struct registry *r, struct copy_count *count, enum registry_kept *kept,
	struct err *err)
{
	size_t i;

	*kept = REGISTRY_UNLISTED;
	for (i = 0; i < c->nblobs; i++)
		if (send_blob(c, r, &c->blobs[i], count, err))
			return -1;
	for (i = 0; i < c->ndocuments; i++) {
		const struct document *d = &c->documents[i];

		if (put_document(c, r, d, d->digest, kept, err))
			return err_wrap(err, "manifest '%s'", d->digest);
		if (d->subject && *kept == REGISTRY_UNLISTED && list_referrer(c, r, d, err))
			return -1;
	}
	return 0;
}

int
copy_content(struct copy *c, struct registry *r, struct copy_count *count, struct err *err)
{
	enum registry_kept kept;
	struct err why = {0};

	*count = (struct copy_count){0};
	if (send_all(c, r, count, &kept, &why) == 0)
		return 0;
	/* what it says to have may lie in a cache, or was swept away meanwhile */
	if (kept == REGISTRY_LACKS) {
		log_warn(c->log, "%s; sending all blobs again", why.msg);
		*count = (struct copy_count){0};
		c->anew = true;
		return send_all(c, r, count, &kept, err);
	}
	if (err)
		*err = why;
	return -1;
}

int
copy_tag(struct copy *c, struct registry *r, const char *tag, struct err *err)
{
	return put_document(c, r, &c->documents[c->root], tag, NULL, err);
}
