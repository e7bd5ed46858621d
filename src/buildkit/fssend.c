#include "buildkit/fssend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "buildkit/fsdirs.h"
#include "buildkit/fswalk.h"
#include "buildkit/fswire.h"

enum {
	PIECE = 32 * 1024,   /* content per DATA packet */
	STATS_PER_PIECE = 32 /* entries announced between two of them, so that both go on */
};

enum rec_flags {
	REC_FILE = 1 << 0,  /* can be requested */
	REC_ASKED = 1 << 1, /* was */
	REC_EMPTY = 1 << 2, /* has no content to read: a socket */
	REC_SHIFT = 3       /* above: index + 1 of a file from memory, or 0 */
};

/* What is kept of an announced entry; its id is its index. */
struct rec {
	const char *name; /* in dirs.names; NULL when nobody can ask for it */
	uint64_t size;    /* as announced */
	uint32_t dir;
	uint32_t flags;
};

/* First entry of a file with several names. */
struct link {
	dev_t dev;
	ino_t ino;
	uint32_t id1; /* id + 1; 0: free slot */
};

/* The file that is being sent. */
struct sending {
	bool active;
	uint32_t id;
	int fd; /* -1 for a file from memory */
	struct str content;
	uint64_t left;
};

struct fssend {
	struct fssend_root root;
	struct fssend_observer observer;
	struct fsdirs dirs;
	struct fswalk *walk; /* NULL when it has ended */
	struct rec *recs;
	size_t nrecs, recs_cap;
	struct link *links; /* hash table, at most half full */
	size_t nlinks, links_cap;
	uint32_t *queue; /* requested ids, from queue_at on */
	size_t queue_at, nqueue, queue_cap;
	struct sending sending;
	unsigned stats_due; /* entries to announce before the next piece of content */
	bool fin, done, failed, told;
	struct err err; /* when failed */
	struct buf path;
	struct fssend_stats stats;
};

struct fssend *
fssend_new(const struct fssend_root *root, const struct fssend_filter *filter, struct err *err)
{
	struct fssend *s = xcalloc(1, sizeof(*s));

	s->root = *root;
	s->sending.fd = -1;
	fsdirs_init(&s->dirs, root->dirfd);
	s->walk = fswalk_new(&s->root, filter, &s->dirs, err);
	if (!s->walk) {
		err_wrap(err, "%s", root->name);
		fssend_free(s);
		return NULL;
	}
	return s;
}

void
fssend_free(struct fssend *s)
{
	if (!s)
		return;
	fswalk_free(s->walk);
	fd_close(&s->sending.fd);
	fsdirs_release(&s->dirs);
	free(s->recs);
	free(s->links);
	free(s->queue);
	buf_release(&s->path);
	free(s);
}

void
fssend_observe(struct fssend *s, const struct fssend_observer *observer)
{
	s->observer = *observer;
	if (s->walk)
		fswalk_observe(s->walk, &s->observer);
}

void
fssend_get_stats(const struct fssend *s, struct fssend_stats *out)
{
	*out = s->stats;
	out->record_bytes = s->recs_cap * sizeof(*s->recs) + s->links_cap * sizeof(*s->links) +
			    s->queue_cap * sizeof(*s->queue) + s->dirs.cap * sizeof(*s->dirs.recs);
}

/* ---- failing -------------------------------------------------------------------- */

/* Keeps the error, which err holds, for all later calls. */
static int
fail(struct fssend *s, const struct err *err)
{
	s->failed = true;
	s->err = *err;
	fd_close(&s->sending.fd);
	return -1;
}

static int
fail_again(const struct fssend *s, struct err *err)
{
	if (err)
		*err = s->err;
	return -1;
}

/* The path of an entry, for messages and hard links. A view until the next call. */
static const char *
path_of(struct fssend *s, uint32_t id)
{
	const struct rec *rec = &s->recs[id];

	buf_reset(&s->path);
	fsdirs_path(&s->dirs, rec->dir, &s->path);
	buf_puts(&s->path, rec->name);
	return buf_cstr(&s->path);
}

static void
hint_unreadable(struct err *err)
{
	if (err->kind == ERR_SYS && (err->code == EACCES || err->code == EPERM))
		err_hint(err, "make it readable for this user, or exclude it by .dockerignore");
}

/* ---- announcing ------------------------------------------------------------------- */

static struct rec *
add_rec(struct fssend *s)
{
	if (s->nrecs == s->recs_cap) {
		s->recs_cap = s->recs_cap ? s->recs_cap * 2 : 64;
		s->recs = xreallocarray(s->recs, s->recs_cap, sizeof(*s->recs));
	}
	return &s->recs[s->nrecs++];
}

static struct link *
link_slot(struct link *links, size_t cap, dev_t dev, ino_t ino)
{
	uint64_t hash = ((uint64_t)ino ^ (uint64_t)dev << 32) * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(hash >> 32) & (cap - 1);

	while (links[i].id1 && (links[i].ino != ino || links[i].dev != dev))
		i = (i + 1) & (cap - 1);
	return &links[i];
}

static void
grow_links(struct fssend *s)
{
	size_t cap = s->links_cap ? s->links_cap * 2 : 64, i;
	struct link *links = xcalloc(cap, sizeof(*links));

	for (i = 0; i < s->links_cap; i++)
		if (s->links[i].id1)
			*link_slot(links, cap, s->links[i].dev, s->links[i].ino) = s->links[i];
	free(s->links);
	s->links = links;
	s->links_cap = cap;
}

/*
 * The path that was announced first for the same inode, or empty when this one
 * is the first. Inode numbers of several file systems may be equal.
 */
static struct str
first_name(struct fssend *s, const struct fswalk_entry *e)
{
	struct link *slot;

	if (s->nlinks * 2 >= s->links_cap)
		grow_links(s);
	slot = link_slot(s->links, s->links_cap, e->dev, e->ino);
	if (slot->id1)
		return str_from(path_of(s, slot->id1 - 1));
	*slot = (struct link){e->dev, e->ino, (uint32_t)s->nrecs + 1};
	s->nlinks++;
	return (struct str){0};
}

static void
count(struct fssend *s, const struct fswalk_entry *e)
{
	s->stats.entries++;
	if ((e->stat.mode & FSMODE_TYPE) || e->stat.linkname.len)
		return;
	s->stats.files++;
	s->stats.bytes_announced += (uint64_t)e->stat.size;
}

static int
announce(struct fssend *s, struct fswalk_entry *e, struct buf *out, struct err *err)
{
	bool is_file = !(e->stat.mode & FSMODE_TYPE);
	bool linked = e->nlink > 1 && !(e->stat.mode & (FSMODE_DIR | FSMODE_SYMLINK));
	struct rec *rec;

	if (s->nrecs == UINT32_MAX)
		return err_set(err, ERR_LIMIT, "more entries than the protocol can number");
	if (linked)
		e->stat.linkname = first_name(s, e);
	if (fspacket_put_stat(out, &e->stat, err))
		return -1;
	count(s, e);
	rec = add_rec(s);
	*rec = (struct rec){.size = (uint64_t)e->stat.size, .dir = e->dir};
	rec->flags = e->file << REC_SHIFT;
	if (is_file)
		rec->flags |= REC_FILE;
	if (e->is_socket)
		rec->flags |= REC_EMPTY;
	if (is_file || linked) {
		rec->name = arena_str(&s->dirs.names, e->name);
		s->stats.name_bytes += e->name.len + 1;
	} else if (e->stat.mode & FSMODE_DIR) {
		s->stats.name_bytes += e->name.len + 1;
	}
	return 0;
}

static enum fssend_state
walk(struct fssend *s, struct buf *out, struct err *err)
{
	struct fswalk_entry e;

	switch (fswalk_next(s->walk, &e, err)) {
	case FSWALK_ENTRY:
		return announce(s, &e, out, err) ? FSSEND_FAILED : FSSEND_MORE;
	case FSWALK_BUSY:
		/* let the caller look after its other work */
		return FSSEND_WAIT;
	case FSWALK_END:
		fswalk_free(s->walk);
		s->walk = NULL;
		return fspacket_put_stat(out, NULL, err) ? FSSEND_FAILED : FSSEND_MORE;
	case FSWALK_FAILED:
		break;
	}
	hint_unreadable(err);
	return FSSEND_FAILED;
}

/* ---- content ---------------------------------------------------------------------- */

static int
open_rec(struct fssend *s, uint32_t id, struct err *err)
{
	const struct rec *rec = &s->recs[id];
	int dirfd = fsdirs_fd(&s->dirs, rec->dir);
	struct stat st;

	/* whatever has taken the place of the file must not make us wait, or do something */
	if (dirfd >= 0)
		s->sending.fd = openat(dirfd, rec->name,
			O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (s->sending.fd < 0) {
		err_sys(err, "open '%s'", path_of(s, id));
		hint_unreadable(err);
		return -1;
	}
	if (fstat(s->sending.fd, &st))
		return err_sys(err, "stat '%s'", path_of(s, id));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_SYS, "'%s' was replaced while it was sent", path_of(s, id));
	return 0;
}

static int
begin_file(struct fssend *s, struct err *err)
{
	uint32_t id = s->queue[s->queue_at++];
	const struct rec *rec = &s->recs[id];
	uint32_t file = rec->flags >> REC_SHIFT;

	if (s->queue_at == s->nqueue)
		s->queue_at = s->nqueue = 0;
	s->sending = (struct sending){.active = true, .id = id, .fd = -1, .left = rec->size};
	if (file)
		s->sending.content = s->root.files[file - 1].content;
	else if (rec->flags & REC_EMPTY)
		s->sending.left = 0;
	else if (s->sending.left)
		return open_rec(s, id, err);
	return 0;
}

static int
read_piece(struct fssend *s, char *p, size_t n, struct err *err)
{
	struct sending *f = &s->sending;
	ssize_t got;

	if (f->fd < 0) {
		memcpy(p, f->content.s, n);
		f->content = str_from_off(f->content, n);
		return 0;
	}
	while (n) {
		got = fd_read(f->fd, p, n);
		if (got < 0)
			return err_sys(err, "read '%s'", path_of(s, f->id));
		if (got == 0)
			return err_set(err, ERR_SYS, "'%s' became shorter while it was sent",
				path_of(s, f->id));
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

/* One piece of the file, read to where it leaves from; behind the last one the end mark. */
static int
send_piece(struct fssend *s, struct buf *out, struct err *err)
{
	struct sending *f = &s->sending;
	uint32_t n = f->left < PIECE ? (uint32_t)f->left : PIECE;
	size_t header;

	if (n) {
		if (buf_reserve(out, FSPACKET_DATA_HEADER_MAX + n, err))
			return -1;
		header = fspacket_data_header(out->p + out->len, f->id, n);
		if (read_piece(s, out->p + out->len + header, n, err))
			return -1;
		out->len += header + n;
		out->p[out->len] = '\0';
		f->left -= n;
		s->stats.bytes_sent += n;
	}
	if (f->left)
		return 0;
	fd_close(&f->fd);
	f->active = false;
	return fspacket_put_data(out, f->id, (struct str){0}, err);
}

static enum fssend_state
content(struct fssend *s, struct buf *out, struct err *err)
{
	if (!s->sending.active && begin_file(s, err))
		return FSSEND_FAILED;
	return send_piece(s, out, err) ? FSSEND_FAILED : FSSEND_MORE;
}

/* ---- dialogue ---------------------------------------------------------------------- */

static int
request(struct fssend *s, uint32_t id, struct err *err)
{
	struct rec *rec = id < s->nrecs ? &s->recs[id] : NULL;
	const char *problem = NULL;

	if (!rec)
		problem = "was not announced";
	else if (!(rec->flags & REC_FILE))
		problem = "has no content";
	else if (rec->flags & REC_ASKED)
		problem = "it had asked for before";
	if (problem)
		return err_set(err, ERR_PROTO, "the builder asked for file number %u, which %s",
			(unsigned)id, problem);
	rec->flags |= REC_ASKED;
	if (s->nqueue == s->queue_cap) {
		s->queue_cap = s->queue_cap ? s->queue_cap * 2 : 64;
		s->queue = xreallocarray(s->queue, s->queue_cap, sizeof(*s->queue));
	}
	s->queue[s->nqueue++] = id;
	s->stats.files_requested++;
	return 0;
}

static int
peer_error(struct str text, struct err *err)
{
	cleanup_buf struct buf clean = {0};

	utf8_clean(&clean, str_first(str_trim(text), 1024));
	return err_set(err, ERR_REMOTE, "the builder reports: %s", buf_cstr(&clean));
}

static int
handle(struct fssend *s, const struct fspacket *p, struct err *err)
{
	switch (p->type) {
	case FSPACKET_REQ:
		return request(s, p->id, err);
	case FSPACKET_FIN:
		s->fin = true;
		return 0;
	case FSPACKET_ERR:
		s->told = true; /* it knows already */
		return peer_error(p->data, err);
	case FSPACKET_STAT:
	case FSPACKET_DATA:
		return err_set(err, ERR_PROTO, "the builder sends files where it should receive");
	default:
		return 0;
	}
}

int
fssend_receive(struct fssend *s, struct str packet, struct err *err)
{
	struct fspacket p;
	struct err own;

	if (s->failed)
		return fail_again(s, err);
	if (s->done)
		return 0;
	if (fspacket_decode(&p, packet, &own) || handle(s, &p, &own)) {
		err_wrap(&own, "%s", s->root.name);
		fail(s, &own);
		return fail_again(s, err);
	}
	return 0;
}

static enum fssend_state
step(struct fssend *s, struct buf *out, struct err *err)
{
	bool waiting = s->sending.active || s->queue_at < s->nqueue;

	if (s->fin) {
		if (fspacket_put_fin(out, err))
			return FSSEND_FAILED;
		s->done = true;
		return FSSEND_DONE;
	}
	if (waiting && (!s->walk || s->stats_due == 0)) {
		s->stats_due = STATS_PER_PIECE;
		return content(s, out, err);
	}
	if (!s->walk)
		return FSSEND_WAIT;
	if (s->stats_due)
		s->stats_due--;
	return walk(s, out, err);
}

static enum fssend_state
report(struct fssend *s, struct buf *out, struct err *err)
{
	if (!s->told)
		fspacket_put_err(out, str_first(str_from(s->err.msg), 1024), NULL);
	s->told = true;
	fail_again(s, err);
	return FSSEND_FAILED;
}

enum fssend_state
fssend_produce(struct fssend *s, struct buf *out, size_t budget, struct err *err)
{
	size_t start = out->len;
	enum fssend_state state = FSSEND_MORE;
	struct err own;

	if (s->done)
		return FSSEND_DONE;
	while (!s->failed && state == FSSEND_MORE) {
		state = step(s, out, &own);
		if (state == FSSEND_FAILED) {
			err_wrap(&own, "%s", s->root.name);
			fail(s, &own);
		}
		if (out->len - start >= budget)
			break;
	}
	if (s->failed)
		return report(s, out, err);
	/* a walk that found nothing to show for long goes on without a packet */
	return state == FSSEND_WAIT && s->walk ? FSSEND_MORE : state;
}
