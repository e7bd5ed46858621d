#include "image/parcel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/jval.h"
#include "base/sha256.h"
#include "image/digest.h"
#include "image/tar.h"

/* A blob in an archive. */
struct place {
	uint8_t hash[SHA256_LEN];
	uint64_t at, size;
};

struct parcel {
	char *path;
	int fd;    /* the archive, or the folder */
	int blobs; /* the folder blobs/sha256, or -1 */
	bool packed;
	struct place *places; /* sorted */
	size_t n, cap;
	struct parcel_blob version, index; /* oci-layout, index.json */
};

/* ---- archives --------------------------------------------------------------- */

static bool
parse_hex(struct str hex, uint8_t out[SHA256_LEN])
{
	size_t i;

	if (hex.len != SHA256_HEX_LEN)
		return false;
	for (i = 0; i < SHA256_LEN; i++) {
		int high = hex_digit(hex.s[2 * i]), low = hex_digit(hex.s[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int
keep_named(
	struct parcel_blob *b, const struct parcel *l, const struct tar_entry *e, struct err *err)
{
	/* which one counts would depend on the reader */
	if (b->fd >= 0)
		return err_set(err, ERR_PROTO, "'%s' is in it twice", e->name);
	*b = (struct parcel_blob){.fd = l->fd, .at = e->at, .size = e->size};
	return 0;
}

static int
keep_entry(struct parcel *l, const struct tar_entry *e, struct err *err)
{
	struct str name = str_from(e->name);
	struct place p = {.at = e->at, .size = e->size};

	if (!e->is_file)
		return 0;
	if (str_is(name, "oci-layout"))
		return keep_named(&l->version, l, e, err);
	if (str_is(name, "index.json"))
		return keep_named(&l->index, l, e, err);
	if (!str_take(&name, STR("blobs/sha256/")) || !parse_hex(name, p.hash))
		return 0;
	if (l->n == PARCEL_BLOBS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d blobs", PARCEL_BLOBS_MAX);
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->places = xreallocarray(l->places, l->cap, sizeof(*l->places));
	}
	l->places[l->n++] = p;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = memcmp(x->hash, y->hash, SHA256_LEN);

	/* of several with one digest, which hold the same if they are good, the first */
	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

/* What comes through a compressor looks like nothing at all. */
static int
check_magic(const struct parcel *l, struct err *err)
{
	unsigned char magic[4] = {0};

	if (pread(l->fd, magic, sizeof(magic), 0) < 0)
		return err_sys(err, "read");
	if ((magic[0] == 0x1f && magic[1] == 0x8b) || !memcmp(magic, "\x28\xb5\x2f\xfd", 4)) {
		err_set(err, ERR_CONFIG, "the archive is compressed");
		return err_hint(err, "unpack it first with gunzip or unzstd: its layers are "
				     "compressed anyway");
	}
	return 0;
}

static int
open_archive(struct parcel *l, uint64_t size, struct err *err)
{
	struct tar t = {.fd = l->fd, .size = size};
	struct tar_entry e;
	int there;

	l->packed = true;
	if (check_magic(l, err))
		return -1;
	while ((there = tar_next(&t, &e, err)) > 0)
		if (keep_entry(l, &e, err))
			return -1;
	if (l->n)
		qsort(l->places, l->n, sizeof(*l->places), compare);
	return there;
}

/* ---- folders ---------------------------------------------------------------- */

/* A regular file right below dir; found is false when there is nothing of that name. */
static int
open_file(int dir, const char *name, struct parcel_blob *b, struct err *err)
{
	struct stat st;

	/* a pipe in place of a file must not make us wait */
	b->fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (b->fd < 0 && errno == ENOENT)
		return 0;
	if (b->fd < 0 && errno == ELOOP)
		return err_set(err, ERR_PROTO, "'%s' is a symlink, which is not followed", name);
	if (b->fd < 0)
		return err_sys(err, "open '%s'", name);
	b->owned = true;
	if (fstat(b->fd, &st))
		return err_sys(err, "'%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_PROTO, "'%s' is no regular file", name);
	b->size = (uint64_t)st.st_size;
	return 0;
}

static int
open_folder(struct parcel *l, struct err *err)
{
	cleanup_fd int blobs = -1;

	if (open_file(l->fd, "oci-layout", &l->version, err) ||
		open_file(l->fd, "index.json", &l->index, err))
		return -1;
	blobs = openat(l->fd, "blobs", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (blobs >= 0)
		l->blobs = openat(blobs, "sha256", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (l->blobs < 0 && errno != ENOENT)
		return err_sys(err, "open 'blobs/sha256'");
	return 0;
}

/* ---- both ------------------------------------------------------------------- */

static int
read_whole(const struct parcel_blob *b, struct buf *out, struct err *err)
{
	char piece[8192];
	uint64_t at = 0;
	ssize_t n;

	if (b->size > PARCEL_DOCUMENT_MAX)
		return err_set(err, ERR_LIMIT, "larger than %d bytes", PARCEL_DOCUMENT_MAX);
	while ((n = parcel_blob_read(b, at, piece, sizeof(piece), err)) > 0) {
		if (buf_add(out, piece, (size_t)n, err))
			return -1;
		at += (uint64_t)n;
	}
	return n < 0 ? -1 : 0;
}

static int
check_version(const struct parcel *l, struct err *err)
{
	cleanup_jval struct jval *v = NULL;
	cleanup_buf struct buf text = {0};
	const char *version;

	if (l->version.fd < 0 || l->index.fd < 0) {
		err_set(err, ERR_CONFIG, "no OCI image layout: it has no '%s'",
			l->version.fd < 0 ? "oci-layout" : "index.json");
		return err_hint(err, "'build -o type=oci,dest=image.tar' writes one");
	}
	if (read_whole(&l->version, &text, err))
		return err_wrap(err, "oci-layout");
	v = jval_parse(buf_view(&text), err);
	if (!v)
		return err_wrap(err, "oci-layout");
	version = jval_get_str(v, "imageLayoutVersion");
	if (!version || !str_starts(str_from(version), STR("1.")))
		return err_set(err, ERR_PROTO, "oci-layout: a version other than 1");
	return 0;
}

static int
open_parts(struct parcel *l, struct err *err)
{
	struct stat st;

	/* a pipe is refused below, and must not make us wait for who writes into it */
	l->fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (l->fd < 0 || fstat(l->fd, &st))
		return err_sys(err, "open");
	if (S_ISDIR(st.st_mode))
		return open_folder(l, err);
	if (S_ISREG(st.st_mode))
		return open_archive(l, (uint64_t)st.st_size, err);
	err_set(err, ERR_CONFIG, "neither a folder nor a file");
	return err_hint(err, "an archive is read in any order: write it into a file first");
}

struct parcel *
parcel_open(const char *path, struct err *err)
{
	struct parcel *l = xcalloc(1, sizeof(*l));

	*l = (struct parcel){
		.path = xstrdup(path), .fd = -1, .blobs = -1, .version.fd = -1, .index.fd = -1};
	if (open_parts(l, err) == 0 && check_version(l, err) == 0)
		return l;
	err_wrap(err, "'%s'", path);
	parcel_close(l);
	return NULL;
}

void
parcel_close(struct parcel *l)
{
	if (!l)
		return;
	parcel_blob_close(&l->version);
	parcel_blob_close(&l->index);
	fd_close(&l->blobs);
	fd_close(&l->fd);
	free(l->places);
	free(l->path);
	free(l);
}

void
parcel_closep(struct parcel **l)
{
	parcel_close(*l);
	*l = NULL;
}

int
parcel_index(struct parcel *l, struct buf *out, struct err *err)
{
	if (read_whole(&l->index, out, err))
		return err_wrap(err, "'%s': index.json", l->path);
	return 0;
}

int
parcel_find(
	struct parcel *l, const char *digest, struct parcel_blob *out, bool *found, struct err *err)
{
	struct str hex = digest_hex(str_from(digest));
	const struct place *at;
	struct place key;

	*out = (struct parcel_blob){.fd = -1};
	*found = false;
	if (!str_is(digest_algorithm(str_from(digest)), "sha256") || !parse_hex(hex, key.hash))
		return err_set(err, ERR_PROTO, "'%s': '%s' is no sha256 digest", l->path, digest);
	if (!l->packed) {
		if (l->blobs >= 0 && open_file(l->blobs, hex.s, out, err))
			return err_wrap(err, "'%s'", l->path);
		*found = out->fd >= 0;
		return 0;
	}
	key.at = 0;
	at = l->places;
	for (size_t low = 0, high = l->n; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(l->places[middle].hash, key.hash, SHA256_LEN);

		at = &l->places[middle];
		if (order < 0) {
			low = middle + 1;
			continue;
		}
		high = middle;
		if (order == 0) {
			*found = true;
			*out = (struct parcel_blob){.fd = l->fd, .at = at->at, .size = at->size};
		}
	}
	return 0;
}

ssize_t
parcel_blob_read(const struct parcel_blob *b, uint64_t at, void *p, size_t len, struct err *err)
{
	ssize_t n;

	if (at >= b->size)
		return 0;
	if (len > b->size - at)
		len = (size_t)(b->size - at);
	do
		n = pread(b->fd, p, len, (off_t)(b->at + at));
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(err, "read") : n;
}

void
parcel_blob_close(struct parcel_blob *b)
{
	if (b->owned)
		fd_close(&b->fd);
	*b = (struct parcel_blob){.fd = -1};
}

int
parcel_document(
	struct parcel *l, const char *digest, uint64_t size, struct buf *out, struct err *err)
{
	cleanup_parcel_blob struct parcel_blob b = {.fd = -1};
	char hex[SHA256_HEX_LEN + 1];
	bool found;

	if (parcel_find(l, digest, &b, &found, err))
		return -1;
	if (!found)
		return err_set(err, ERR_PROTO, "'%s' lacks '%s'", l->path, digest);
	if (b.size != size)
		return err_set(err, ERR_PROTO, "'%s': '%s' has %llu bytes in place of %llu",
			l->path, digest, (unsigned long long)b.size, (unsigned long long)size);
	if (read_whole(&b, out, err))
		return err_wrap(err, "'%s': '%s'", l->path, digest);
	sha256_text(buf_view(out), hex);
	if (!str_is(digest_hex(str_from(digest)), hex))
		return err_set(err, ERR_PROTO, "'%s': '%s' holds other bytes, those of %s", l->path,
			digest, hex);
	return 0;
}
