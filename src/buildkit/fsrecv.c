#include "buildkit/fsrecv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/mem.h"
#include "buildkit/fsdirs.h"
#include "buildkit/fsorder.h"
#include "buildkit/fstree.h"
#include "buildkit/fswire.h"
#include "buildkit/fsxattr.h"

enum { TMP_TRIES = 10000 };

enum rec_state {
	REC_DIR,
	REC_SYMLINK,
	REC_LINK,    /* another name of an earlier entry */
	REC_NODE,    /* device or fifo */
	REC_FILE,    /* content complete */
	REC_AWAITED, /* requested */
};

/* An entry that was announced; its id is its index. They come in the order of their paths. */
struct rec {
	const char *name; /* in dirs.names */
	uint64_t size, written;
	int64_t mtime_ns;
	uint32_t dir; /* that it is in */
	uint32_t mode;
	enum rec_state state;
};

/* What a directory gets when all is written. Beside the record of fsdirs. */
struct dir_meta {
	int64_t mtime_ns;
	uint32_t mode;
};

struct open_file {
	int fd; /* -1: free */
	uint32_t id;
	uint64_t used;
};

struct fsrecv {
	const char *name;
	struct fsdirs dirs;
	struct dir_meta *metas;
	size_t metas_cap;
	struct fsorder order;
	struct rec *recs;
	size_t nrecs, recs_cap;
	struct open_file files[FSRECV_MAX_OPEN];
	uint64_t clock;
	size_t awaited; /* files whose content is not complete */
	bool listed;    /* the list has ended */
	bool done, failed;
	struct err err; /* when failed */
	struct buf path;
	struct fsrecv_stats stats;
};

struct fsrecv *
fsrecv_new(int dirfd, const struct fsrecv_options *options, struct err *err)
{
	struct fsrecv *r = xcalloc(1, sizeof(*r));
	struct stat st;
	size_t i;

	r->name = options->name;
	fsdirs_init(&r->dirs, dirfd);
	for (i = 0; i < FSRECV_MAX_OPEN; i++)
		r->files[i].fd = -1;
	if (fstat(dirfd, &st) || !S_ISDIR(st.st_mode)) {
		err_errno(err, ERR_SYS, ENOTDIR, "write to '%s'", r->name);
		fsrecv_free(r);
		return NULL;
	}
	return r;
}

void
fsrecv_free(struct fsrecv *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < FSRECV_MAX_OPEN; i++)
		fd_close(&r->files[i].fd);
	fsdirs_release(&r->dirs);
	fsorder_release(&r->order);
	buf_release(&r->path);
	free(r->metas);
	free(r->recs);
	free(r);
}

enum fsrecv_state
fsrecv_state(const struct fsrecv *r)
{
	return r->done ? FSRECV_DONE : FSRECV_MORE;
}

void
fsrecv_get_stats(const struct fsrecv *r, struct fsrecv_stats *out)
{
	*out = r->stats;
}

/* ---- names ------------------------------------------------------------------------ */

/* With the directory's own name in front, for messages. A view until the next call. */
static const char *
shown_path(struct fsrecv *r, const struct rec *rec)
{
	cleanup_buf struct buf raw = {0};

	fsdirs_path(&r->dirs, rec->dir, &raw);
	buf_puts(&raw, rec->name);
	buf_reset(&r->path);
	buf_addf(&r->path, "%s/", r->name);
	utf8_clean(&r->path, buf_view(&raw));
	return buf_cstr(&r->path);
}

static int
sys_error(struct fsrecv *r, const struct rec *rec, const char *what, struct err *err)
{
	int saved = errno;

	err_errno(err, ERR_SYS, saved, "%s '%s'", what, shown_path(r, rec));
	if (saved == ENOSPC || saved == EDQUOT)
		err_hint(err, "make room on the file system of '%s'", r->name);
	return -1;
}

/* The earlier entry of that path, or NULL. */
static const struct rec *
find_path(struct fsrecv *r, struct str path)
{
	size_t low = 0, high = r->nrecs, mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		buf_reset(&r->path);
		fsdirs_path(&r->dirs, r->recs[mid].dir, &r->path);
		buf_puts(&r->path, r->recs[mid].name);
		order = fsorder_compare(buf_view(&r->path), path);
		if (order == 0)
			return &r->recs[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* ---- making entries ------------------------------------------------------------------ */

static void
file_times(int64_t mtime_ns, struct timespec times[2])
{
	int64_t sec = mtime_ns / 1000000000, nsec = mtime_ns % 1000000000;

	if (nsec < 0) {
		nsec += 1000000000;
		sec--;
	}
	times[0].tv_sec = (time_t)sec;
	times[0].tv_nsec = (long)nsec;
	times[1] = times[0];
}

static int
set_metadata(int fd, uint32_t mode, int64_t mtime_ns)
{
	struct timespec times[2];

	file_times(mtime_ns, times);
	return fchmod(fd, fsmode_chmod(mode)) || futimens(fd, times) ? -1 : 0;
}

/* Everything of an entry but its name in the end. */
struct making {
	const struct fsstat *st;
	struct rec *rec;
	int dirfd;
	int fd;           /* of a new file */
	int link_dir;     /* of the entry that a hard link names */
	const char *link; /* its name there, or the target of a symlink */
};

static int
make_node(const struct making *m, const char *name)
{
	uint32_t mode = m->rec->mode;
	mode_t type = S_IFIFO;
	dev_t dev = 0;

	if (mode & FSMODE_DEVICE) {
		type = mode & FSMODE_CHARDEV ? S_IFCHR : S_IFBLK;
		dev = makedev((unsigned)m->st->devmajor, (unsigned)m->st->devminor);
	}
	return mknodat(m->dirfd, name, type | S_IRUSR | S_IWUSR, dev);
}

/* Makes the entry; it fails with EEXIST when there is something of that name. */
static int
make_as(struct making *m, const char *name)
{
	switch (m->rec->state) {
	case REC_DIR:
		/* open to us alone until everything in it is written */
		return mkdirat(m->dirfd, name, S_IRWXU);
	case REC_SYMLINK:
		return symlinkat(m->link, m->dirfd, name);
	case REC_LINK:
		return linkat(m->link_dir, m->link, m->dirfd, name, 0);
	case REC_NODE:
		return make_node(m, name);
	case REC_FILE:
	case REC_AWAITED:
		m->fd = openat(m->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			S_IRUSR | S_IWUSR);
		return m->fd < 0 ? -1 : 0;
	}
	return -1;
}

/*
 * Makes the entry under a name of its own beside the old one, which it then
 * replaces.
 */
static int
make_over(struct fsrecv *r, struct making *m, bool old_is_dir, struct err *err)
{
	char tmp[32];
	int i, rc = -1;

	for (i = 0; i < TMP_TRIES && rc; i++) {
		snprintf(tmp, sizeof(tmp), ".tmp.%09d", i);
		rc = make_as(m, tmp);
		if (rc && errno != EEXIST)
			break;
	}
	if (rc)
		return sys_error(r, m->rec, "create", err);
	/* a rename replaces all but a directory, or by a directory */
	if ((old_is_dir || m->rec->state == REC_DIR) &&
		fstree_remove(m->dirfd, m->rec->name, err)) {
		fstree_remove(m->dirfd, tmp, NULL);
		return err_wrap(err, "replace '%s'", shown_path(r, m->rec));
	}
	if (renameat(m->dirfd, tmp, m->dirfd, m->rec->name)) {
		sys_error(r, m->rec, "create", err);
		fstree_remove(m->dirfd, tmp, NULL);
		return -1;
	}
	/* two names of one file: then rename does nothing, successfully */
	if (m->rec->state == REC_LINK && unlinkat(m->dirfd, tmp, 0) && errno != ENOENT)
		return sys_error(r, m->rec, "create", err);
	return 0;
}

static int
make_entry(struct fsrecv *r, struct making *m, struct err *err)
{
	struct stat old;
	int tries;

	/* several receivers can work here: what was there a moment ago may be gone again */
	for (tries = 0; tries < 3; tries++) {
		if (make_as(m, m->rec->name) == 0)
			return 0;
		if (errno != EEXIST)
			break;
		if (fstatat(m->dirfd, m->rec->name, &old, AT_SYMLINK_NOFOLLOW)) {
			if (errno == ENOENT)
				continue;
			break;
		}
		if (m->rec->state == REC_DIR && S_ISDIR(old.st_mode))
			return 0;
		return make_over(r, m, S_ISDIR(old.st_mode), err);
	}
	sys_error(r, m->rec, "create", err);
	if (m->rec->state == REC_NODE && err && err->code == EPERM)
		err_hint(err, "device files need privilege; export without them");
	return -1;
}

/* ---- announced entries ----------------------------------------------------------------- */

static struct open_file *
keep_open(struct fsrecv *r, uint32_t id, int fd)
{
	struct open_file *oldest = &r->files[0];
	size_t i;

	for (i = 0; i < FSRECV_MAX_OPEN; i++) {
		if (r->files[i].fd < 0) {
			oldest = &r->files[i];
			break;
		}
		if (r->files[i].used < oldest->used)
			oldest = &r->files[i];
	}
	/* its file is opened again when more of it comes */
	fd_close(&oldest->fd);
	*oldest = (struct open_file){.fd = fd, .id = id, .used = ++r->clock};
	return oldest;
}

static int
close_file(struct fsrecv *r, const struct rec *rec, int *fd, struct err *err)
{
	/* some file systems only tell here that they had no room */
	int rc = close(*fd);

	*fd = -1;
	return rc && errno != EINTR ? sys_error(r, rec, "write", err) : 0;
}

static struct rec *
add_rec(struct fsrecv *r, uint32_t dir, struct str name, const struct fsstat *st)
{
	struct rec *rec;
	uint32_t own;

	if (r->nrecs == r->recs_cap) {
		r->recs_cap = r->recs_cap ? r->recs_cap * 2 : 64;
		r->recs = xreallocarray(r->recs, r->recs_cap, sizeof(*r->recs));
	}
	rec = &r->recs[r->nrecs++];
	*rec = (struct rec){.dir = dir, .mode = st->mode, .mtime_ns = st->mtime_ns};
	if (!(st->mode & FSMODE_DIR)) {
		rec->name = arena_str(&r->dirs.names, name);
		return rec;
	}
	own = fsdirs_add(&r->dirs, dir, name);
	rec->name = r->dirs.recs[own].name;
	fsorder_enter(&r->order, own);
	if (r->metas_cap < r->dirs.cap) {
		r->metas_cap = r->dirs.cap;
		r->metas = xreallocarray(r->metas, r->metas_cap, sizeof(*r->metas));
	}
	r->metas[own] = (struct dir_meta){st->mtime_ns, st->mode};
	return rec;
}

static int
classify(struct fsrecv *r, struct rec *rec, const struct fsstat *st, struct err *err)
{
	uint32_t type = st->mode & FSMODE_TYPE;

	rec->state = REC_FILE;
	if (type == FSMODE_DIR)
		rec->state = REC_DIR;
	else if (type == FSMODE_SYMLINK)
		rec->state = REC_SYMLINK;
	else if (type == FSMODE_FIFO || (type & ~FSMODE_CHARDEV) == FSMODE_DEVICE)
		rec->state = REC_NODE;
	else if (type)
		return err_set(err, ERR_PROTO, "'%s' is of an unknown type (mode 0x%x)",
			shown_path(r, rec), (unsigned)st->mode);
	else if (st->linkname.len)
		rec->state = REC_LINK;
	if (rec->state != REC_FILE)
		return 0;
	if (st->size < 0)
		return err_set(err, ERR_PROTO, "'%s' has a negative size", shown_path(r, rec));
	rec->size = (uint64_t)st->size;
	if (rec->size)
		rec->state = REC_AWAITED;
	return 0;
}

static bool
is_c_text(struct str s)
{
	return s.len && s.len < LIMIT_PATH && !memchr(s.s, '\0', s.len);
}

/* link_fd: receives a descriptor of the target's directory, which the caller closes. */
static int
find_link(struct fsrecv *r, struct making *m, int *link_fd, struct err *err)
{
	const struct rec *to = find_path(r, m->st->linkname);
	int fd;

	/* neither a directory nor something that leads elsewhere */
	if (!to || to == m->rec || to->state == REC_DIR || to->state == REC_SYMLINK ||
		to->state == REC_LINK)
		return err_set(err, ERR_PROTO,
			"'%s' is a hard link to what was not sent before it as a file",
			shown_path(r, m->rec));
	fd = fsdirs_fd(&r->dirs, to->dir);
	*link_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (*link_fd < 0)
		return sys_error(r, m->rec, "link", err);
	m->link_dir = *link_fd;
	m->link = to->name;
	return 0;
}

/* Makes sure that we can write in the directory just made, or found, until all is done. */
static int
open_up(struct fsrecv *r, const struct making *m, struct err *err)
{
	int fd = fsdirs_fd(&r->dirs, (uint32_t)r->dirs.n - 1);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return sys_error(r, m->rec, "open", err);
	/* left by an earlier export; where it fails, so will what needs it */
	if ((st.st_mode & S_IRWXU) != S_IRWXU)
		(void)!fchmod(fd, (st.st_mode & 07777) | S_IRWXU);
	fsxattr_set(fd, m->st->xattrs);
	return 0;
}

/* Metadata of what was just made, as far as it gets it now. */
static int
finish_making(struct fsrecv *r, struct making *m, struct err *err)
{
	const struct rec *rec = m->rec;
	struct timespec times[2];

	switch (rec->state) {
	case REC_DIR:
		return open_up(r, m, err);
	case REC_LINK:
		return 0;
	case REC_SYMLINK:
	case REC_NODE:
		fsxattr_set_at(m->dirfd, rec->name, m->st->xattrs);
		file_times(rec->mtime_ns, times);
		if (rec->state == REC_NODE &&
			fchmodat(m->dirfd, rec->name, fsmode_chmod(rec->mode), 0))
			return sys_error(r, rec, "chmod", err);
		if (utimensat(m->dirfd, rec->name, times, AT_SYMLINK_NOFOLLOW))
			return sys_error(r, rec, "set the time of", err);
		return 0;
	case REC_AWAITED:
		fsxattr_set(m->fd, m->st->xattrs);
		keep_open(r, (uint32_t)(rec - r->recs), steal_fd(&m->fd));
		return 0;
	case REC_FILE:
		fsxattr_set(m->fd, m->st->xattrs);
		if (set_metadata(m->fd, rec->mode, rec->mtime_ns))
			return sys_error(r, rec, "chmod", err);
		return close_file(r, rec, &m->fd, err);
	}
	return 0;
}

static int
make(struct fsrecv *r, const struct fsstat *st, struct rec *rec, struct err *err)
{
	cleanup_fd int link_fd = -1;
	cleanup_free char *target = NULL;
	struct making m = {.st = st, .rec = rec, .fd = -1};
	int rc;

	if (rec->state == REC_LINK && find_link(r, &m, &link_fd, err))
		return -1;
	if (rec->state == REC_SYMLINK) {
		if (!is_c_text(st->linkname))
			return err_set(err, ERR_PROTO, "'%s' is a symlink without a valid target",
				shown_path(r, rec));
		m.link = target = xstrndup(st->linkname.s, st->linkname.len);
	}
	m.dirfd = fsdirs_fd(&r->dirs, rec->dir);
	if (m.dirfd < 0)
		return sys_error(r, rec, "create", err);
	rc = make_entry(r, &m, err) || finish_making(r, &m, err) ? -1 : 0;
	fd_close(&m.fd);
	return rc;
}

static int
end_of_list(struct fsrecv *r, struct err *err)
{
	if (r->listed)
		return err_set(err, ERR_PROTO, "the list of files ends twice");
	r->listed = true;
	return 0;
}

static int
receive_stat(struct fsrecv *r, const struct fspacket *p, struct buf *out, struct err *err)
{
	uint32_t id = (uint32_t)r->nrecs, dir;
	struct str name;
	struct rec *rec;

	if (!p->has_stat)
		return end_of_list(r, err);
	if (r->listed)
		return err_set(err, ERR_PROTO, "an entry comes after the end of the list");
	if (r->nrecs == FSRECV_MAX_ENTRIES)
		return err_set(err, ERR_LIMIT, "more than %d entries", FSRECV_MAX_ENTRIES);
	if (fsorder_next(&r->order, p->stat.path, &dir, &name, err))
		return -1;
	rec = add_rec(r, dir, name, &p->stat);
	if (classify(r, rec, &p->stat, err) || make(r, &p->stat, rec, err))
		return -1;
	r->stats.entries++;
	r->stats.files += rec->state == REC_FILE || rec->state == REC_AWAITED;
	if (rec->state != REC_AWAITED)
		return 0;
	r->awaited++;
	return fspacket_put_req(out, id, err);
}

/* ---- content ------------------------------------------------------------------------- */

static struct open_file *
open_file(struct fsrecv *r, uint32_t id, struct err *err)
{
	const struct rec *rec = &r->recs[id];
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < FSRECV_MAX_OPEN; i++) {
		if (r->files[i].fd < 0 || r->files[i].id != id)
			continue;
		r->files[i].used = ++r->clock;
		return &r->files[i];
	}
	fd = fsdirs_fd(&r->dirs, rec->dir);
	if (fd >= 0)
		fd = openat(
			fd, rec->name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		sys_error(r, rec, "open", err);
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		fd_close(&fd);
		err_set(err, ERR_SYS, "'%s' was replaced while it was written", shown_path(r, rec));
		return NULL;
	}
	return keep_open(r, id, fd);
}

static int
finish_file(struct fsrecv *r, struct rec *rec, struct open_file *f, struct err *err)
{
	if (rec->written != rec->size)
		return err_set(err, ERR_PROTO, "only %llu of %llu bytes came for '%s'",
			(unsigned long long)rec->written, (unsigned long long)rec->size,
			shown_path(r, rec));
	if (set_metadata(f->fd, rec->mode, rec->mtime_ns))
		return sys_error(r, rec, "chmod", err);
	rec->state = REC_FILE;
	r->awaited--;
	return close_file(r, rec, &f->fd, err);
}

static int
receive_data(struct fsrecv *r, const struct fspacket *p, struct err *err)
{
	struct rec *rec = p->id < r->nrecs ? &r->recs[p->id] : NULL;
	struct str data = p->data;
	struct open_file *f;
	ssize_t n;

	if (!rec || rec->state != REC_AWAITED)
		return err_set(err, ERR_PROTO,
			"content comes for file number %u, which was not "
			"asked for",
			(unsigned)p->id);
	if (data.len > rec->size - rec->written)
		return err_set(err, ERR_PROTO, "more than the announced %llu bytes come for '%s'",
			(unsigned long long)rec->size, shown_path(r, rec));
	f = open_file(r, p->id, err);
	if (!f)
		return -1;
	if (data.len == 0)
		return finish_file(r, rec, f, err);
	while (data.len) {
		n = pwrite(f->fd, data.s, data.len, (off_t)rec->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sys_error(r, rec, "write", err);
		rec->written += (uint64_t)n;
		r->stats.bytes += (uint64_t)n;
		data = str_from_off(data, (size_t)n);
	}
	return 0;
}

/* ---- dialogue -------------------------------------------------------------------------- */

/* Modes and times of directories, the inner ones first: a mode may lock us out. */
static int
finish_dirs(struct fsrecv *r, struct err *err)
{
	struct rec rec;
	uint32_t dir;
	int fd;

	for (dir = (uint32_t)r->dirs.n - 1; dir != FSDIRS_ROOT; dir--) {
		fd = fsdirs_fd(&r->dirs, dir);
		if (fd >= 0 && set_metadata(fd, r->metas[dir].mode, r->metas[dir].mtime_ns) == 0)
			continue;
		rec = (struct rec){.name = r->dirs.recs[dir].name, .dir = r->dirs.recs[dir].parent};
		return sys_error(r, &rec, "chmod", err);
	}
	return 0;
}

static int
handle(struct fsrecv *r, const struct fspacket *p, struct buf *out, struct err *err)
{
	cleanup_buf struct buf text = {0};

	switch (p->type) {
	case FSPACKET_STAT:
		return receive_stat(r, p, out, err);
	case FSPACKET_DATA:
		return receive_data(r, p, err);
	case FSPACKET_ERR:
		utf8_clean(&text, str_first(str_trim(p->data), 1024));
		return err_set(err, ERR_REMOTE, "the builder reports: %s", buf_cstr(&text));
	case FSPACKET_REQ:
	case FSPACKET_FIN:
		return err_set(err, ERR_PROTO, "the builder receives files where it should send");
	default:
		return 0;
	}
}

int
fsrecv_receive(struct fsrecv *r, struct str packet, struct buf *out, struct err *err)
{
	struct fspacket p;

	if (r->done)
		return 0;
	if (!r->failed && fspacket_decode(&p, packet, &r->err) == 0 &&
		handle(r, &p, out, &r->err) == 0) {
		if (!r->listed || r->awaited)
			return 0;
		if (finish_dirs(r, &r->err) == 0 && fspacket_put_fin(out, &r->err) == 0) {
			r->done = true;
			return 0;
		}
	}
	if (!r->failed && r->err.kind != ERR_REMOTE)
		fspacket_put_err(out, str_first(str_from(r->err.msg), 1024), NULL);
	r->failed = true;
	if (err)
		*err = r->err;
	return -1;
}
