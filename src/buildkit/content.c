/*
 * containerd.services.content.v1.Content: the daemon reads and writes blobs of
 * image layouts on this machine. That is how it keeps local caches, takes images
 * out of layouts and makes them. Which layout is meant stands in the metadata of
 * each call. What the daemon never asks a client for (listing, deleting, labels)
 * is not offered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "buildkit/layout.h"
#include "buildkit/services.h"
#include "buildkit/wire.h"
#include "net/grpc.h"

enum {
	PIECE = 128 * 1024, /* bytes of a blob in one message */
	REF_MAX = 1024,     /* bytes of the name of a write; the daemon's have a hundred */
	FIELDS = 8,         /* requests have fields 1 to 7 */
};

enum { ACTION_STAT, ACTION_WRITE, ACTION_COMMIT };

/* One message, its fields by number; the texts are views into it. */
struct request {
	struct str text[FIELDS];
	int64_t number[FIELDS];
};

struct content {
	struct bk_session *session;
	const struct bk_store *store;
	void (*handle)(struct content *c, struct grpc_call *call, const struct request *r);

	/* Read */
	struct services_file file;

	/* Write */
	struct content *next, **link; /* in the session's list; link NULL: not in it */
	char *ref;
	struct ingest ingest;
	uint64_t total;
	char expected[LAYOUT_DIGEST_MAX];
};

/* A field that is there twice counts as the last one. */
static bool
decode(struct request *r, struct str msg)
{
	struct wire_field f;

	*r = (struct request){0};
	while (msg.len) {
		if (!wire_take(&msg, &f))
			return false;
		if (f.number < FIELDS && f.type == WIRE_BYTES)
			r->text[f.number] = f.bytes;
		else if (f.number < FIELDS && f.type == WIRE_VARINT)
			r->number[f.number] = (int64_t)f.value;
	}
	return true;
}

/* What is not there the daemon wants to know as such: it asks before it writes. */
static void
refuse(struct grpc_call *call, const struct err *err)
{
	int code = GRPC_UNKNOWN;

	if (err->kind == ERR_PROTO)
		code = GRPC_INVALID_ARGUMENT;
	else if (err->kind == ERR_SYS && err->code == ENOENT)
		code = GRPC_NOT_FOUND;
	grpc_call_finish(call, code, err->msg);
}

/* ---- reading -------------------------------------------------------------- */

static void
info(struct content *c, struct grpc_call *call, const struct request *r)
{
	char msg[LAYOUT_DIGEST_MAX + 4 * WIRE_NUMBER_MAX], *p;
	cleanup_fd int fd = -1;
	struct err err = {0};
	uint64_t size;

	fd = layout_blob(c->store->dir, r->text[1], &size, &err);
	if (fd < 0) {
		refuse(call, &err);
		return;
	}
	p = wire_put_head(msg, 1, wire_bytes_size(r->text[1].len) + wire_number_size(size));
	p = wire_put_number(wire_put_bytes(p, 1, r->text[1]), 2, size);
	grpc_call_send(call, msg, (size_t)(p - msg));
	grpc_call_finish(call, GRPC_OK, NULL);
}

int
services_send_piece(struct grpc_call *call, struct services_file *f, uint32_t number, size_t room,
	struct err *err)
{
	struct buf *queue = grpc_call_queue(call);
	size_t n = room < PIECE ? room : PIECE, at;
	char *p;

	if (n > f->left)
		n = (size_t)f->left;
	if (buf_reserve(queue, WIRE_FRAME + WIRE_NUMBER_MAX + n, err))
		return -1;
	p = wire_put_frame(queue->p + queue->len, wire_bytes_size(n));
	p = wire_put_head(p, number, n);
	for (at = 0; at < n;) {
		ssize_t got = pread(f->fd, p + at, n - at, f->at + (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, "read");
		if (got == 0)
			return err_set(err, ERR_SYS, "became shorter while it was sent");
		at += (size_t)got;
	}
	f->at += (off_t)n;
	f->left -= n;
	queue->len = (size_t)(p + n - queue->p);
	queue->p[queue->len] = '\0';
	return 0;
}

static void
on_produce(struct grpc_call *call, size_t room, void *arg)
{
	struct content *c = arg;
	struct err err = {0};

	if (c->file.fd < 0) {
		grpc_call_want(call, false);
	} else if (c->file.left == 0) {
		grpc_call_finish(call, GRPC_OK, NULL);
	} else if (services_send_piece(call, &c->file, 2, room, &err)) {
		err_wrap(&err, "blob in '%s'", c->store->name);
		refuse(call, &err);
	}
}

static void
read_blob(struct content *c, struct grpc_call *call, const struct request *r)
{
	int64_t offset = r->number[2] > 0 ? r->number[2] : 0, size = r->number[3];
	struct err err = {0};

	if (c->file.fd >= 0)
		return;
	c->file.fd = layout_blob(c->store->dir, r->text[1], &c->file.left, &err);
	if (c->file.fd < 0) {
		refuse(call, &err);
		return;
	}
	if ((uint64_t)offset > c->file.left) {
		grpc_call_finish(call, GRPC_OUT_OF_RANGE, "the blob ends before that offset");
		return;
	}
	c->file.at = offset;
	c->file.left -= (uint64_t)offset;
	if (size > 0 && (uint64_t)size < c->file.left)
		c->file.left = (uint64_t)size;
	grpc_call_want(call, true);
}

/* ---- writing -------------------------------------------------------------- */

static struct content *
find_writer(const struct content *c, struct str ref)
{
	struct content *w;

	for (w = c->session->writers; w; w = w->next)
		if (w->store == c->store && str_is(ref, w->ref))
			return w;
	return NULL;
}

static void
leave_list(struct content *c)
{
	if (!c->link)
		return;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->link = NULL;
}

static int
begin_write(struct content *c, struct grpc_call *call, struct str ref)
{
	if (!c->store->writable) {
		grpc_call_finish(call, GRPC_FAILED_PRECONDITION, "this image layout is only read");
		return -1;
	}
	if (ref.len == 0 || ref.len > REF_MAX) {
		grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "a write without a reference");
		return -1;
	}
	if (find_writer(c, ref)) {
		grpc_call_finish(call, GRPC_UNAVAILABLE, "somebody else is writing it");
		return -1;
	}
	c->ref = xstrndup(ref.s, ref.len);
	c->next = c->session->writers;
	c->link = &c->session->writers;
	if (c->next)
		c->next->link = &c->next;
	c->session->writers = c;
	return 0;
}

/* A blob of another size is one that somebody broke: it is written anew. */
static bool
is_there(const struct content *c)
{
	cleanup_fd int fd = -1;
	uint64_t size;

	fd = layout_blob(c->store->dir, str_from(c->expected), &size, NULL);
	return fd >= 0 && (c->total == 0 || size == c->total);
}

/* What the daemon says of the blob in any of its messages. 1: it is there already. */
static int
note_expected(struct content *c, const struct request *r, struct err *err)
{
	if (r->number[3] > 0)
		c->total = (uint64_t)r->number[3];
	if (r->text[4].len == 0)
		return 0;
	if (r->text[4].len >= sizeof(c->expected))
		return err_set(err, ERR_PROTO, "digest that is too long");
	memcpy(c->expected, r->text[4].s, r->text[4].len);
	c->expected[r->text[4].len] = '\0';
	return is_there(c);
}

static int
commit(struct content *c, const char *digest, struct err *err)
{
	if (c->total && c->total != c->ingest.size)
		return err_setc(err, ERR_REMOTE, GRPC_FAILED_PRECONDITION,
			"a blob of %llu bytes has %llu", (unsigned long long)c->total,
			(unsigned long long)c->ingest.size);
	if (*c->expected && strcmp(digest, c->expected) != 0)
		return err_setc(err, ERR_REMOTE, GRPC_FAILED_PRECONDITION,
			"blob '%s' has the digest '%s'", c->expected, digest);
	return ingest_commit(&c->ingest, err);
}

static int
write_some(struct content *c, const struct request *r, char *digest, struct err *err)
{
	int64_t offset = r->number[5];

	if (c->ingest.fd < 0 && ingest_open(&c->ingest, c->store->dir, err))
		return -1;
	if (r->number[1] == ACTION_STAT)
		return 0;
	if (offset == 0 && ingest_restart(&c->ingest, err))
		return -1;
	if (offset < 0 || (uint64_t)offset != c->ingest.size)
		return err_setc(err, ERR_REMOTE, GRPC_OUT_OF_RANGE,
			"bytes at %lld of a blob that has %llu", (long long)offset,
			(unsigned long long)c->ingest.size);
	if (ingest_add(&c->ingest, r->text[6], err))
		return -1;
	if (r->number[1] != ACTION_COMMIT)
		return 0;
	ingest_digest(&c->ingest, digest);
	return commit(c, digest, err);
}

static void
write_blob(struct content *c, struct grpc_call *call, const struct request *r)
{
	char msg[LAYOUT_DIGEST_MAX + 4 * WIRE_NUMBER_MAX], digest[LAYOUT_DIGEST_MAX] = "", *p;
	struct err err = {0};
	int there;

	if (!c->ref && begin_write(c, call, r->text[2]))
		return;
	there = note_expected(c, r, &err);
	if (there > 0) {
		grpc_call_finish(call, GRPC_ALREADY_EXISTS, "the blob is there already");
		return;
	}
	if (there < 0 || write_some(c, r, digest, &err)) {
		err_wrap(&err, "'%s'", c->store->name);
		if (err.kind == ERR_REMOTE)
			grpc_call_finish(call, err.code, err.msg);
		else
			refuse(call, &err);
		return;
	}
	p = wire_put_number(msg, 1, (uint64_t)r->number[1]);
	p = wire_put_number(p, 4, c->ingest.size);
	p = wire_put_number(p, 5, c->total);
	p = wire_put_bytes(p, 6, str_from(digest));
	grpc_call_send(call, msg, (size_t)(p - msg));
	if (r->number[1] == ACTION_COMMIT)
		grpc_call_finish(call, GRPC_OK, NULL);
}

static void
status(struct content *c, struct grpc_call *call, const struct request *r)
{
	char msg[REF_MAX + 5 * WIRE_NUMBER_MAX], *p;
	const struct content *w = find_writer(c, r->text[1]);

	if (!w) {
		grpc_call_finish(call, GRPC_NOT_FOUND, "nobody is writing that");
		return;
	}
	p = wire_put_head(msg, 1,
		wire_bytes_size(r->text[1].len) + wire_number_size(w->ingest.size) +
			wire_number_size(w->total));
	p = wire_put_bytes(p, 3, r->text[1]);
	p = wire_put_number(p, 4, w->ingest.size);
	p = wire_put_number(p, 5, w->total);
	grpc_call_send(call, msg, (size_t)(p - msg));
	grpc_call_finish(call, GRPC_OK, NULL);
}

/* Nothing outlives its call, so what is left of a write is one that is going on. */
static void
abort_write(struct content *c, struct grpc_call *call, const struct request *r)
{
	if (find_writer(c, r->text[1])) {
		grpc_call_finish(call, GRPC_UNAVAILABLE, "somebody is writing it");
	} else {
		grpc_call_finish(call, GRPC_NOT_FOUND, "nobody is writing that");
	}
}

/* ---- calls ---------------------------------------------------------------- */

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct content *c = arg;
	struct request r;

	if (decode(&r, msg))
		c->handle(c, call, &r);
	else
		grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "malformed request");
}

/* Of a write that is not committed nothing stays. */
static void
on_end(struct grpc_call *call, void *arg)
{
	const struct content *c = arg;

	if (c->handle == write_blob)
		grpc_call_finish(call, GRPC_OK, NULL);
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct content *c = arg;

	(void)call;
	(void)st;
	leave_list(c);
	ingest_close(&c->ingest);
	fd_close(&c->file.fd);
	free(c->ref);
	free(c);
}

static const struct grpc_call_ops ops = {
	.message = on_message, .end = on_end, .produce = on_produce, .close = on_close};

static void
begin(struct bk_session *s, struct grpc_call *call,
	void (*handle)(struct content *c, struct grpc_call *call, const struct request *r))
{
	cleanup_arena struct arena a = {0};
	struct strlist ids = {0};
	struct content *c;
	size_t i;

	grpc_call_metadata(call, "buildkit-attachable-store-id", &a, &ids);
	for (i = 0; ids.n && i < s->o.nstores; i++)
		if (!strcmp(s->o.stores[i].id, ids.items[0]))
			break;
	if (ids.n == 0 || i == s->o.nstores) {
		grpc_call_finish(call, ids.n ? GRPC_NOT_FOUND : GRPC_INVALID_ARGUMENT,
			"no image layout of that name is offered");
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->session = s;
	c->store = &s->o.stores[i];
	c->handle = handle;
	c->file.fd = -1;
	c->ingest = (struct ingest)INGEST_NONE;
	grpc_call_serve(call, &ops, c);
}

void
content_info_open(struct bk_session *s, struct grpc_call *call)
{
	begin(s, call, info);
}

void
content_read_open(struct bk_session *s, struct grpc_call *call)
{
	begin(s, call, read_blob);
}

void
content_write_open(struct bk_session *s, struct grpc_call *call)
{
	begin(s, call, write_blob);
}

void
content_status_open(struct bk_session *s, struct grpc_call *call)
{
	begin(s, call, status);
}

void
content_abort_open(struct bk_session *s, struct grpc_call *call)
{
	begin(s, call, abort_write);
}
