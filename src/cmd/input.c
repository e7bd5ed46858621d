#include "cmd/input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/gunzip.h"
#include "base/limits.h"
#include "dockerfile/archive.h"

enum {
	CHUNK = 64 * 1024,
	ARCHIVE_MAX_MIB = 64 * 1024, /* of an archive, in MiB */
};

static const char name_in[] = "standard input";

/* What the daemon unpacks by its first bytes, as we have to. */
static bool
starts(const struct buf *first, struct str magic)
{
	return str_starts(buf_view(first), magic);
}

/* Enough to see what it is. */
static int
read_first(int fd, struct buf *first, struct err *err)
{
	char chunk[ARCHIVE_BLOCK];
	ssize_t n = 1;

	while (first->len < ARCHIVE_BLOCK && n > 0) {
		n = fd_read_wait(fd, name_in, chunk, ARCHIVE_BLOCK - first->len, err);
		if (n > 0)
			buf_mem(first, chunk, (size_t)n);
	}
	return n < 0 ? -1 : 0;
}

static int
spool(struct input *in, struct arena *a, int fd, const struct buf *first, const char *tmpdir,
	struct err *err)
{
	char *path = arena_fmt(a, "%s/buildtools-XXXXXX", tmpdir), chunk[CHUNK];
	struct str piece = buf_view(first);
	ssize_t n;

	in->upload.fd = mkostemp(path, O_CLOEXEC);
	if (in->upload.fd < 0)
		return err_sys(err, "create a temporary file in '%s'", tmpdir);
	unlink(path);
	do {
		if (fd_write_all(in->upload.fd, piece.s, piece.len))
			return err_sys(err, "write the context to a file in '%s'", tmpdir);
		in->upload.size += piece.len;
		if (in->upload.size >> 20 >= ARCHIVE_MAX_MIB)
			return err_set(err, ERR_LIMIT, "%s is larger than %d MiB", name_in,
				ARCHIVE_MAX_MIB);
		n = fd_read_wait(fd, name_in, chunk, sizeof(chunk), err);
		piece = str_n(chunk, n > 0 ? (size_t)n : 0);
	} while (n > 0);
	return n < 0 || lseek(in->upload.fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

/* ---- the Dockerfile in an archive ----------------------------------------- */

struct scan {
	int fd;
	struct archive archive;
};

static ssize_t
on_read(void *p, size_t len, void *arg, struct err *err)
{
	struct scan *s = arg;
	ssize_t n = fd_read(s->fd, p, len);

	return n < 0 ? err_sys(err, "read the archive") : n;
}

static int
on_write(struct str bytes, void *arg, struct err *err)
{
	struct scan *s = arg;

	return archive_feed(&s->archive, bytes, err);
}

static int
scan_archive(struct scan *s, bool compressed, struct err *err)
{
	const struct gunzip_io io = {on_read, on_write, s};
	char chunk[CHUNK];
	ssize_t n;

	if (compressed)
		return gunzip(&io, err) ? -1 : archive_end(&s->archive, err);
	while ((n = on_read(chunk, sizeof(chunk), s, err)) > 0)
		if (on_write(str_n(chunk, (size_t)n), s, err))
			return -1;
	return n < 0 ? -1 : archive_end(&s->archive, err);
}

static int
find_dockerfile(struct input *in, bool compressed, const char *name, struct buf *dockerfile,
	struct err *err)
{
	struct scan s = {.fd = in->upload.fd};
	int rc;

	archive_init(&s.archive, str_from(name), LIMIT_DOCKERFILE);
	rc = scan_archive(&s, compressed, err);
	if (rc == 0 && !s.archive.found) {
		rc = err_set(err, ERR_CONFIG, "'%s' %s", name,
			s.archive.link ? "is a link in the archive" : "is not in the archive");
		err_hint(err, "--file names a Dockerfile by its path in the archive");
	}
	if (rc == 0)
		buf_str(dockerfile, buf_view(&s.archive.out));
	archive_release(&s.archive);
	return rc ? err_wrap(err, "%s", name_in) : 0;
}

int
input_read(struct input *in, struct arena *a, int fd, const char *name, const char *tmpdir,
	struct buf *dockerfile, struct err *err)
{
	cleanup_buf struct buf first = {0};
	char id[BK_ID_LEN + 1];
	bool compressed;

	*in = (struct input){.upload = {.fd = -1}};
	if (read_first(fd, &first, err))
		return -1;
	if (starts(&first, STR("BZh")) || starts(&first, STR("\xfd"
							     "7zXZ\0"))) {
		err_set(err, ERR_CONFIG, "%s is compressed in a way that is not read here",
			name_in);
		return err_hint(err,
			"give it as it was before, or compressed by gzip: xz -dc FILE | build -");
	}
	compressed = starts(&first, STR("\x1f\x8b\x08"));
	if (!compressed && !archive_is_head(buf_view(&first))) {
		buf_str(dockerfile, buf_view(&first));
		return fd_read_to_end(fd, name_in, LIMIT_DOCKERFILE - first.len, dockerfile, err);
	}
	bk_random_id(id);
	in->upload.name = arena_cstr(a, id);
	if (spool(in, a, fd, &first, tmpdir, err))
		return -1;
	return find_dockerfile(in, compressed, name, dockerfile, err);
}

void
input_release(struct input *in)
{
	if (in)
		fd_close(&in->upload.fd);
}
