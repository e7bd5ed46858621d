#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sha256.h"
#include "image/digest.h"
#include "registry/ecr.h"
#include "registry/refusal.h"
#include "registry/request.h"

enum {
	PIECE_MS = 60000,          /* for the registry to take one piece */
	FINISH_MS = 5 * 60000,     /* stores copy the whole blob before they say that it is there */
	SINGLE_MAX = 1024 * 1024,  /* blobs that are tried in one request */
	CHUNK_FIRST = 64 << 20,    /* below what the usual proxies let through */
	CHUNK_LEAST = 1024 * 1024, /* nginx as it is installed; less is not tried */
	SESSIONS_LOST = 2,         /* that the registry may forget or mix up */
};

#define OCTETS "application/octet-stream"

/* What to do after a failed attempt. */
enum next {
	NEXT_END,     /* tell the user */
	NEXT_WAIT,    /* it passes by itself */
	NEXT_SESSION, /* at once, with another session */
};

struct upload {
	struct http_source source; /* first: read_piece gets this one */
	struct registry *r;
	const struct registry_blob *blob;
	int64_t deadline;
	uint64_t base; /* where in the blob the present request begins */
	struct sha256 hash;
	uint64_t hashed; /* bytes of the blob that went into hash, from its beginning */

	const char *from;     /* where a mount is still to be tried, or NULL */
	const char *location; /* of the session; NULL: there is none */
	uint64_t at;          /* bytes that the session holds */
	uint64_t chunk;       /* bytes of one request; 0: all */
	uint64_t least;       /* what the registry takes in one chunk */
	bool doubtful;        /* the session was opened by a request that had the blob in it */
	int lost;             /* sessions */
	int64_t wait;         /* milliseconds before another try, or -1 */
	enum registry_put how;
};

/* ---- what is sent ----------------------------------------------------------- */

/* Every byte is looked at once, in order, however often it is sent. */
static int
check_piece(struct upload *u, uint64_t at, struct str piece, struct err *err)
{
	char hex[SHA256_HEX_LEN + 1];

	if (at == 0) {
		sha256_init(&u->hash);
		u->hashed = 0;
	}
	if (u->hashed > at) {
		if (u->hashed - at >= piece.len)
			return 0;
		piece = str_from_off(piece, (size_t)(u->hashed - at));
	}
	sha256_add(&u->hash, piece.s, piece.len);
	u->hashed += piece.len;
	if (u->hashed < u->blob->size)
		return 0;
	sha256_hex(&u->hash, hex);
	if (str_is(digest_hex(str_from(u->blob->digest)), hex))
		return 0;
	return err_set(err, ERR_PROTO, "'%s' is not what stands under that name: its digest is %s",
		u->blob->digest, hex);
}

static ssize_t
read_piece(struct http_source *s, uint64_t at, void *p, size_t len, struct err *err)
{
	struct upload *u = (struct upload *)(void *)s;
	uint64_t whole = u->base + at;
	ssize_t n = u->blob->read(u->blob->arg, whole, p, len, err);

	if (n < 0)
		return -1;
	if (n == 0)
		return err_set(err, ERR_PROTO, "'%s' ends after %llu of %llu bytes",
			u->blob->digest, (unsigned long long)whole,
			(unsigned long long)u->blob->size);
	/* beyond what was hashed lies what the registry cannot have */
	if (check_piece(u, whole, str_n(p, (size_t)n), err))
		return -1;
	return n;
}

static struct http_source *
source_from(struct upload *u, uint64_t base, uint64_t length)
{
	u->base = base;
	u->source =
		(struct http_source){.length = length, .read = read_piece, .patience_ms = PIECE_MS};
	if (base + length == u->blob->size)
		u->source.patience_ms = FINISH_MS;
	return &u->source;
}

/* ---- one request ------------------------------------------------------------ */

static int
send(struct upload *u, struct registry_request *req, struct wire_reply *reply, enum next *next,
	struct err *err)
{
	if (!req->actions)
		req->actions = "pull,push";
	req->max = LIMIT_ERROR_BODY;
	if (registry_send(u->r, req, reply, u->deadline, err) == 0)
		return 0;
	/* what is sent once is tried again from a new beginning, when the registry wants it */
	u->wait = registry_retry_after(
		http_head_get(&reply->head, "retry-after"), clock_wall_ns() / 1000000000);
	*next = req->once && registry_passes(reply) ? NEXT_WAIT : NEXT_END;
	return -1;
}

static bool
is_done(const struct wire_reply *reply)
{
	int status = reply->head.status;

	return status == 200 || status == 201 || status == 204;
}

/* The session is gone, or holds something else than we believe. */
static bool
is_mixed_up(const struct wire_reply *reply)
{
	return reply->head.status == 404 || reply->head.status == 416 ||
	       (reply->head.status == 400 &&
		       str_search(buf_view(&reply->body), STR("\"BLOB_UPLOAD_INVALID\"")) >= 0);
}

/* Amazon ECR drops what comes in a second chunk, and says nothing of it. */
static bool
takes_chunks(const struct upload *u)
{
	struct ecr_host h;

	return !ecr_host_parse(str_from(u->r->wire.host), &h);
}

/* Smaller pieces from now on; false when there are none. */
static bool
go_smaller(struct upload *u)
{
	uint64_t now = u->chunk ? u->chunk : u->blob->size, chunk = CHUNK_FIRST;

	while (chunk && chunk >= now)
		chunk /= 8;
	if (chunk < CHUNK_LEAST || chunk < u->least || !takes_chunks(u))
		return false;
	u->chunk = chunk;
	log_debug(u->r->log, "'%s' goes in pieces of %llu bytes", u->blob->digest,
		(unsigned long long)chunk);
	return true;
}

static int
refused(struct upload *u, const struct wire_reply *reply, enum next *next, struct err *err)
{
	bool anew = reply->head.status == 413
			    ? go_smaller(u)
			    : (is_mixed_up(reply) || u->doubtful) && u->lost++ < SESSIONS_LOST;

	*next = anew ? NEXT_SESSION : NEXT_END;
	registry_refused(u->r, reply, err);
	if (reply->head.status == 413)
		err_hint(err,
			"what stands before the registry limits the size of a request: '%s' "
			"has %llu bytes",
			u->blob->digest, (unsigned long long)u->blob->size);
	return -1;
}

/* The session's newest address; there may be none in an answer. */
static int
follow(struct upload *u, const struct wire_reply *reply, struct err *err)
{
	if (u->location && !http_head_get(&reply->head, "location").len)
		return 0;
	return registry_location(u->r, reply, &u->location, err);
}

/* "0-LAST" of a session that holds something. */
static bool
held(const struct wire_reply *reply, uint64_t *at)
{
	struct str range = http_head_get(&reply->head, "range");
	uint64_t last;

	str_take(&range, STR("bytes="));
	if (!str_take(&range, STR("0-")) || !str_u64(range, 10, &last) || last >= UINT64_MAX - 1)
		return false;
	*at = last + 1;
	return true;
}

/* ---- opening ---------------------------------------------------------------- */

static int
keep_session(struct upload *u, const struct wire_reply *reply, struct err *err)
{
	uint64_t least;

	u->at = 0;
	u->doubtful = false;
	if (str_u64(http_head_get(&reply->head, "oci-chunk-min-length"), 10, &least))
		u->least = least;
	return follow(u, reply, err);
}

/* Whatever keeps a mount from working, the blob can still be sent. */
static bool
mount(struct upload *u)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "POST", .from = u->from};
	enum next next;

	req.url = arena_fmt(&u->r->arena, "/v2/%s/blobs/uploads/?mount=%s&from=%s",
		u->r->repository, u->blob->digest, u->from);
	u->from = NULL;
	if (send(u, &req, &reply, &next, NULL))
		return false;
	if (reply.head.status == 201) {
		u->how = REGISTRY_MOUNTED;
		return true;
	}
	/* an ordinary session was opened */
	if (reply.head.status == 202)
		keep_session(u, &reply, NULL);
	return false;
}

/* True when that was all; else there may be a session. */
static bool
put_single(struct upload *u)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "POST",
		.content_type = OCTETS,
		.source = source_from(u, 0, u->blob->size),
		.once = true};
	enum next next;

	req.url = arena_fmt(
		&u->r->arena, "/v2/%s/blobs/uploads/?digest=%s", u->r->repository, u->blob->digest);
	if (send(u, &req, &reply, &next, NULL))
		return false;
	if (reply.head.status == 201) {
		u->how = REGISTRY_SENT;
		return true;
	}
	u->r->no_single = true;
	if (reply.head.status == 202 && keep_session(u, &reply, NULL) == 0)
		u->doubtful = true;
	return false;
}

static int
open_session(struct upload *u, enum next *next, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "POST"};

	*next = NEXT_END;
	req.url = arena_fmt(&u->r->arena, "/v2/%s/blobs/uploads/", u->r->repository);
	if (send(u, &req, &reply, next, err))
		return -1;
	if (reply.head.status != 202)
		return registry_refused(u->r, &reply, err);
	return keep_session(u, &reply, err);
}

/* ---- sending ---------------------------------------------------------------- */

static const char *
finish_url(struct upload *u)
{
	return arena_fmt(&u->r->arena, "%s%sdigest=%s", u->location,
		strchr(u->location, '?') ? "&" : "?", u->blob->digest);
}

/* The last request: with the whole blob, or with nothing. */
static int
finish(struct upload *u, struct http_source *source, enum next *next, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "PUT",
		.url = finish_url(u),
		.content_type = source ? OCTETS : NULL,
		.source = source,
		.patience_ms = source ? 0 : FINISH_MS,
		.once = true};
	struct str said;

	u->location = NULL;
	if (send(u, &req, &reply, next, err)) {
		/* a connection that did not hold that long is not going to the next time */
		if (source && reply.lost && u->blob->size > CHUNK_FIRST)
			go_smaller(u);
		return -1;
	}
	if (!is_done(&reply))
		return refused(u, &reply, next, err);
	*next = NEXT_END;
	said = http_head_get(&reply.head, "docker-content-digest");
	if (str_starts(said, STR("sha256:")) && !str_is(said, u->blob->digest))
		return err_set(err, ERR_PROTO, "registry '%s' keeps '%s' as '" STR_FMT "'",
			u->r->name, u->blob->digest, STR_ARG(str_first(said, 100)));
	u->how = REGISTRY_SENT;
	return 0;
}

/*
 * After a chunk that was not taken as it should have been: what does the session
 * hold? Without an answer that makes sense it is given up.
 */
static void
resume(struct upload *u)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "GET", .url = u->location};
	uint64_t at = 0;
	enum next next;

	if (send(u, &req, &reply, &next, NULL) || reply.head.status / 100 != 2 ||
		follow(u, &reply, NULL) || !held(&reply, &at) || at > u->hashed) {
		u->location = NULL;
		return;
	}
	/* "0-0" is also said of a session that holds nothing */
	u->at = at == 1 ? 0 : at;
}

static int
send_chunk(struct upload *u, enum next *next, struct err *err)
{
	uint64_t left = u->blob->size - u->at, len = left < u->chunk ? left : u->chunk;
	uint64_t end = u->at + len, at = end;
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "PATCH",
		.url = u->location,
		.content_type = OCTETS,
		.source = source_from(u, u->at, len),
		.once = true};

	req.content_range = arena_fmt(
		&u->r->arena, "%llu-%llu", (unsigned long long)u->at, (unsigned long long)end - 1);
	/* in any case the next attempt goes on in this session, if it is still there */
	if (send(u, &req, &reply, next, err))
		return -1;
	if (reply.head.status != 202 && !is_done(&reply))
		return refused(u, &reply, next, err);
	held(&reply, &at);
	*next = NEXT_END;
	/* of what was not read yet it cannot have anything */
	if (at <= u->at || at > end || at > u->hashed)
		return err_set(err, ERR_PROTO,
			"registry '%s' holds %llu bytes of '%s' after %llu were sent", u->r->name,
			(unsigned long long)at, u->blob->digest, (unsigned long long)end);
	u->at = at;
	return follow(u, &reply, err);
}

static int
send_chunks(struct upload *u, enum next *next, struct err *err)
{
	if (u->chunk < u->least)
		u->chunk = u->least;
	while (u->at < u->blob->size)
		if (send_chunk(u, next, err))
			return -1;
	return finish(u, NULL, next, err);
}

/* ---- all of it -------------------------------------------------------------- */

/* Some registries answer to nobody who only asks: then they are told. */
static bool
is_there(struct upload *u)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "HEAD"};
	enum next next;

	req.url = arena_fmt(&u->r->arena, "/v2/%s/blobs/%s", u->r->repository, u->blob->digest);
	if (send(u, &req, &reply, &next, NULL))
		return false;
	return reply.head.status == 200 || (reply.foreign && reply.head.status == 403);
}

static int
attempt(struct upload *u, enum next *next, struct err *err)
{
	/* one that broke off in the middle of a chunk */
	if (u->location)
		resume(u);
	if (!u->location) {
		if ((!u->blob->anew || u->hashed) && is_there(u)) {
			/* of what an attempt before this one has sent nobody said so */
			u->how = u->hashed ? REGISTRY_SENT : REGISTRY_THERE;
			return 0;
		}
		if (u->from && mount(u))
			return 0;
		if (u->blob->size && u->blob->size <= SINGLE_MAX && !u->location &&
			!u->r->no_single && !u->hashed && put_single(u))
			return 0;
		if (!u->location && open_session(u, next, err))
			return -1;
	}
	if (u->chunk)
		return send_chunks(u, next, err);
	return finish(u, source_from(u, 0, u->blob->size), next, err);
}

static int
put(struct upload *u, struct err *err)
{
	struct registry_tries tries = {0};
	struct err why;

	for (;;) {
		enum next next = NEXT_END;

		why = (struct err){0};
		if (attempt(u, &next, &why) == 0)
			return 0;
		if (next == NEXT_END)
			break;
		if (next == NEXT_WAIT &&
			!registry_again(u->r, &tries, u->wait, u->deadline, &why, err))
			return -1;
	}
	if (err)
		*err = why;
	return -1;
}

int
registry_blob_put(struct registry *r, const struct registry_blob *b, enum registry_put *how,
	int64_t deadline, struct err *err)
{
	struct upload u = {
		.r = r, .blob = b, .deadline = deadline, .from = b->anew ? NULL : b->from};

	if (registry_check_digest(b->digest, err) || registry_ping(r, deadline, err))
		return -1;
	/* nothing is read of what has no bytes */
	if (b->size == 0 && check_piece(&u, 0, (struct str){0}, err))
		return -1;
	if (put(&u, err))
		return -1;
	*how = u.how;
	return 0;
}
