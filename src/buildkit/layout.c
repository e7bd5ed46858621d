#include "buildkit/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "base/jval.h"
#include "base/limits.h"
#include "image/digest.h"

enum {
	LOCK_MS = 30000, /* whoever holds the lock writes one small file */
	LOCK_PAUSE_MS = 20,
	SWEEP_AGE_S = 24 * 60 * 60, /* no build takes that long to write one blob */
};

static const char index_name[] = "index.json", lock_name[] = "index.json.lock";
/* In front of the names of files that are not complete. */
static const char temp_mark[] = ".buildtools-";
static const char image_name[] = "io.containerd.image.name";
static const char ref_name[] = "org.opencontainers.image.ref.name";

/* ---- blobs ---------------------------------------------------------------- */

static int
open_folder(int dir, const char *name, bool create)
{
	if (create && mkdirat(dir, name, 0755) && errno != EEXIST)
		return -1;
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* blobs/ALGORITHM, or -1 with errno */
static int
open_blobs(int dir, const char *algorithm, bool create)
{
	cleanup_fd int blobs = open_folder(dir, "blobs", create);

	return blobs < 0 ? -1 : open_folder(blobs, algorithm, create);
}

/* The parts of a digest as names of a folder and a file. */
static int
split(struct str digest, const char **algorithm, char hex[LAYOUT_DIGEST_MAX], struct err *err)
{
	static const char *const known[] = {"sha256", "sha384", "sha512"};
	size_t i;

	if (digest_check(digest, err))
		return -1;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (!str_is(digest_algorithm(digest), known[i]))
			continue;
		*algorithm = known[i];
		snprintf(hex, LAYOUT_DIGEST_MAX, STR_FMT, STR_ARG(digest_hex(digest)));
		return 0;
	}
	return err_set(err, ERR_PROTO, "digest '" STR_FMT "' of an unknown kind",
		STR_ARG(str_first(digest, 200)));
}

int
layout_blob(int dir, struct str digest, uint64_t *size, struct err *err)
{
	cleanup_fd int blobs = -1, fd = -1;
	char hex[LAYOUT_DIGEST_MAX];
	const char *algorithm = NULL;
	struct stat st;

	if (split(digest, &algorithm, hex, err))
		return -1;
	blobs = open_blobs(dir, algorithm, false);
	if (blobs >= 0)
		fd = openat(blobs, hex, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "blob '%s:%s'", algorithm, hex);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_SYS, "blob '%s:%s' is no file", algorithm, hex);
	*size = (uint64_t)st.st_size;
	return steal_fd(&fd);
}

static int
create_temp(int dir, char name[32], struct err *err)
{
	unsigned long long id;
	int fd;

	random_bytes(&id, sizeof(id));
	snprintf(name, 32, "%s%016llx", temp_mark, id);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd < 0 ? err_sys(err, "create a file") : fd;
}

void
layout_sweep(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t old = clock_wall_ns() / 1000000000 - SWEEP_AGE_S;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	struct stat st;

	if (!d)
		fd_close(&copy);
	while (d && (entry = readdir(d)))
		if (!strncmp(entry->d_name, temp_mark, sizeof(temp_mark) - 1) &&
			fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtim.tv_sec < old)
			unlinkat(dir, entry->d_name, 0);
	if (d)
		closedir(d);
}

int
ingest_open(struct ingest *in, int dir, struct err *err)
{
	*in = (struct ingest){.dir = dir};
	sha256_init(&in->hash);
	in->fd = create_temp(dir, in->temp, err);
	return in->fd < 0 ? -1 : 0;
}

int
ingest_add(struct ingest *in, struct str data, struct err *err)
{
	if (fd_write_all(in->fd, data.s, data.len))
		return err_sys(err, "write a blob");
	sha256_add(&in->hash, data.s, data.len);
	in->size += data.len;
	return 0;
}

int
ingest_restart(struct ingest *in, struct err *err)
{
	if (in->size == 0)
		return 0;
	if (lseek(in->fd, 0, SEEK_SET) || ftruncate(in->fd, 0))
		return err_sys(err, "write a blob");
	in->size = 0;
	sha256_init(&in->hash);
	return 0;
}

void
ingest_digest(const struct ingest *in, char digest[LAYOUT_DIGEST_MAX])
{
	char hex[SHA256_HEX_LEN + 1];

	sha256_hex(&in->hash, hex);
	snprintf(digest, LAYOUT_DIGEST_MAX, "sha256:%s", hex);
}

int
ingest_commit(struct ingest *in, struct err *err)
{
	cleanup_fd int blobs = open_blobs(in->dir, "sha256", true);
	char hex[SHA256_HEX_LEN + 1];

	sha256_hex(&in->hash, hex);
	if (blobs < 0 || renameat(in->dir, in->temp, blobs, hex))
		return err_sys(err, "blob 'sha256:%s'", hex);
	fd_close(&in->fd);
	return 0;
}

void
ingest_close(struct ingest *in)
{
	if (in->fd < 0)
		return;
	unlinkat(in->dir, in->temp, 0);
	fd_close(&in->fd);
}

/* ---- index.json ----------------------------------------------------------- */

/* NULL without an error when there is none. */
static struct jval *
read_index(int dir, struct err *err)
{
	cleanup_buf struct buf text = {.max = LIMIT_JSON};
	struct err why = {0};
	struct jval *v;

	if (file_read(dir, index_name, LIMIT_JSON, &text, &why)) {
		if (err && (why.kind != ERR_SYS || why.code != ENOENT))
			*err = why;
		return NULL;
	}
	v = jval_parse(buf_view(&text), &why);
	if (jval_kind(v) == JVAL_OBJECT)
		return v;
	jval_free(v);
	err_set(err, ERR_PROTO, "%s is not the index of an image layout", index_name);
	return NULL;
}

static bool
is_named(const struct jval *entry, const char *key, const char *name)
{
	const char *value = jval_get_str(jval_get(entry, "annotations"), key);

	return value && !strcmp(value, name);
}

static const char *
find_name(const struct jval *entries, const char *key, const char *name)
{
	size_t i;

	for (i = 0; i < jval_len(entries); i++)
		if (is_named(jval_at(entries, i), key, name))
			return jval_get_str(jval_at(entries, i), "digest");
	return NULL;
}

int
layout_find(int dir, const char *name, bool single, struct arena *a, char **digest, struct err *err)
{
	cleanup_jval struct jval *index = NULL;
	const struct jval *entries;
	struct err why = {0};
	const char *found;

	*digest = NULL;
	index = read_index(dir, &why);
	if (why.kind) {
		if (err)
			*err = why;
		return -1;
	}
	entries = jval_get(index, "manifests");
	found = find_name(entries, image_name, name);
	if (!found)
		found = find_name(entries, ref_name, name);
	if (!found && single && jval_len(entries) == 1)
		found = jval_get_str(jval_at(entries, 0), "digest");
	if (!found)
		return 0;
	if (digest_check(str_from(found), err))
		return err_wrap(err, "%s", index_name);
	*digest = arena_cstr(a, found);
	return 0;
}

/* What containerd's names are cut to: the tag alone, or all when there is none. */
static const char *
tag_of(const char *name)
{
	const char *slash = strrchr(name, '/'), *colon = strchr(slash ? slash : name, ':');

	return colon ? colon + 1 : name;
}

static bool
share_member(const char *key, const struct jval *v, void *arg)
{
	jval_set(arg, key, jval_share(v));
	return true;
}

/* The descriptor with a name, behind all others that do not have it. */
static void
add_entry(struct jval *index, const struct jval *descriptor, const char *name, bool full)
{
	struct jval *kept = jval_new_array(), *entry = jval_new_object();
	struct jval *notes = jval_new_object();
	const struct jval *entries = jval_get(index, "manifests");
	const char *tag = full ? tag_of(name) : name;
	size_t i;

	for (i = 0; i < jval_len(entries); i++) {
		const struct jval *e = jval_at(entries, i);
		bool same = full ? is_named(e, image_name, name)
				 : !jval_get_str(jval_get(e, "annotations"), image_name);

		if (!same || !is_named(e, ref_name, tag))
			jval_add(kept, jval_share(e));
	}
	jval_each(descriptor, share_member, entry);
	jval_each(jval_get(descriptor, "annotations"), share_member, notes);
	if (full)
		jval_set_str(notes, image_name, name);
	jval_set_str(notes, ref_name, tag);
	jval_set(entry, "annotations", notes);
	jval_add(kept, entry);
	jval_set(index, "manifests", kept);
}

static int
replace(int dir, const char *name, struct str text, struct err *err)
{
	char temp[32];
	cleanup_fd int fd = create_temp(dir, temp, err);

	if (fd < 0)
		return -1;
	if (fd_write_all(fd, text.s, text.len) == 0 && renameat(dir, temp, dir, name) == 0)
		return 0;
	err_sys(err, "write '%s'", name);
	unlinkat(dir, temp, 0);
	return -1;
}

static int
update(int dir, const struct jval *descriptor, const struct strlist *names, bool full,
	struct err *err)
{
	cleanup_jval struct jval *index = NULL;
	cleanup_buf struct buf text = {0};
	struct err why = {0};
	size_t i;

	index = read_index(dir, &why);
	if (why.kind) {
		if (err)
			*err = why;
		return -1;
	}
	if (!index) {
		index = jval_new_object();
		jval_set_int(index, "schemaVersion", 2);
		jval_set_str(index, "mediaType", "application/vnd.oci.image.index.v1+json");
	}
	for (i = 0; i < names->n; i++)
		add_entry(index, descriptor, names->items[i], full);
	jval_write(&text, index, 0);
	if (replace(dir, "oci-layout", STR("{\"imageLayoutVersion\":\"1.0.0\"}"), err))
		return -1;
	return replace(dir, index_name, buf_view(&text), err);
}

/*
 * The lock file of the reference client, which it removes when it is done: what
 * was locked has to be what lies there.
 */
static int
lock(int dir, struct err *err)
{
	int64_t deadline = deadline_in(LOCK_MS);

	do {
		cleanup_fd int fd = openat(dir, lock_name,
			O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
		struct stat ours, there;
		int rc;

		if (fd < 0)
			return err_sys(err, "create '%s'", lock_name);
		rc = flock(fd, LOCK_EX | LOCK_NB);
		/* a file system without locks */
		if (rc && errno != EWOULDBLOCK)
			return steal_fd(&fd);
		if (rc == 0 && fstat(fd, &ours) == 0 &&
			fstatat(dir, lock_name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
			ours.st_ino == there.st_ino)
			return steal_fd(&fd);
		interrupt_poll(NULL, 0, LOCK_PAUSE_MS);
		if (interrupt_check(err))
			return -1;
	} while (clock_ms() < deadline);
	return err_set(err, ERR_SYS, "'%s' is locked by another program", lock_name);
}

int
layout_name(int dir, struct str descriptor, const struct strlist *names, bool full, struct err *err)
{
	cleanup_jval struct jval *v = jval_parse(descriptor, err);
	cleanup_fd int blob = -1, locked = -1;
	const char *digest;
	uint64_t size;
	int rc;

	if (!v)
		return err_wrap(err, "descriptor");
	digest = jval_get_str(v, "digest");
	if (!digest)
		return err_set(err, ERR_PROTO, "the daemon gives a descriptor without a digest");
	blob = layout_blob(dir, str_from(digest), &size, err);
	if (blob < 0)
		return -1;
	locked = lock(dir, err);
	if (locked < 0)
		return -1;
	rc = update(dir, v, names, full, err);
	unlinkat(dir, lock_name, 0);
	return rc;
}
