#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/sha256.h"
#include "image/digest.h"
#include "registry/request.h"

enum { PIECE_MS = 60000 };

struct registry_download {
	struct wire_reply reply;
	const char *name; /* of the registry; borrowed */
	char *digest;
	uint64_t size, got;
	struct sha256 hash;
	struct str rest; /* of the last piece */
};

static int
wrong_size(const struct registry_download *d, const char *how, struct err *err)
{
	return err_set(err, ERR_PROTO, "registry '%s' sends %s than the %llu bytes of blob '%s'",
		d->name, how, (unsigned long long)d->size, d->digest);
}

static int
start(struct registry_download *d, struct registry *r, int64_t deadline, struct err *err)
{
	struct registry_request req = {
		.method = "GET", .actions = "pull", .max = LIMIT_ERROR_BODY, .streams = true};

	req.url = arena_fmt(&r->arena, "/v2/%s/blobs/%s", r->repository, d->digest);
	if (registry_send(r, &req, &d->reply, deadline, err))
		return -1;
	if (d->reply.head.status != 200)
		return registry_refused(r, &d->reply, err);
	/* a length that is wrong from the beginning needs no transfer to be found out */
	if (d->reply.stream.body.kind == HTTP_BODY_LENGTH && d->reply.stream.body.left != d->size)
		return wrong_size(d, d->reply.stream.body.left > d->size ? "more" : "less", err);
	return 0;
}

struct registry_download *
registry_blob_open(
	struct registry *r, const char *digest, uint64_t size, int64_t deadline, struct err *err)
{
	struct registry_download *d;

	if (registry_check_digest(digest, err) || registry_ping(r, deadline, err))
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->name = r->name;
	d->digest = xstrdup(digest);
	d->size = size;
	sha256_init(&d->hash);
	if (start(d, r, deadline, err) == 0)
		return d;
	registry_blob_close(d);
	return NULL;
}

static int
check_end(const struct registry_download *d, struct err *err)
{
	char hex[SHA256_HEX_LEN + 1];

	if (d->got < d->size)
		return wrong_size(d, "less", err);
	sha256_hex(&d->hash, hex);
	if (!str_is(digest_hex(str_from(d->digest)), hex))
		return err_set(err, ERR_PROTO,
			"registry '%s' sends other bytes than those of blob '%s'", d->name,
			d->digest);
	return 0;
}

ssize_t
registry_blob_read(struct registry_download *d, void *p, size_t len, struct err *err)
{
	ssize_t n;

	if (d->rest.len == 0) {
		n = wire_read(&d->reply, &d->rest, deadline_in(PIECE_MS), err);
		if (n < 0)
			return -1;
		if (n == 0)
			return check_end(d, err);
		if (d->rest.len > d->size - d->got)
			return wrong_size(d, "more", err);
		d->got += d->rest.len;
		sha256_add(&d->hash, d->rest.s, d->rest.len);
	}
	if (len > d->rest.len)
		len = d->rest.len;
	memcpy(p, d->rest.s, len);
	d->rest = str_from_off(d->rest, len);
	return (ssize_t)len;
}

void
registry_blob_close(struct registry_download *d)
{
	if (!d)
		return;
	wire_reply_release(&d->reply);
	free(d->digest);
	free(d);
}
