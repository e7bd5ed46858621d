#include "net/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/conn.h"

enum { READ_SIZE = 16 * 1024, PIECE_SIZE = 32 * 1024 };

static int
write_request(struct buf *out, const struct http_request *req, struct err *err)
{
	bool bodiless = !strcmp(req->method, "GET") || !strcmp(req->method, "HEAD");
	size_t i;

	http_request_start(out, req->method, req->target, req->host);
	for (i = 0; i < req->nfields; i++)
		if (http_field_write(out, req->fields[i].name, req->fields[i].value, err))
			return -1;
	if (req->content_type &&
		http_field_write(out, "Content-Type", str_from(req->content_type), err))
		return -1;
	if (req->upgrade) {
		buf_puts(out, "Connection: Upgrade\r\n");
		if (http_field_write(out, "Upgrade", str_from(req->upgrade), err))
			return -1;
	}
	if (req->source)
		buf_addf(out, "Content-Length: %llu\r\n", (unsigned long long)req->source->length);
	else if (req->body.len || !bodiless)
		buf_addf(out, "Content-Length: %zu\r\n", req->body.len);
	http_head_end(out);
	if (!req->source)
		buf_str(out, req->body);
	return 0;
}

/* Appends what has come in to resp->in. Bytes, 0 at the end, CONN_WAIT or CONN_ERROR. */
static ssize_t
try_fill(struct http_response *resp, struct err *err)
{
	ssize_t n;

	if (buf_reserve(&resp->in, READ_SIZE, err))
		return CONN_ERROR;
	n = conn_try_read(resp->conn, resp->in.p + resp->in.len, READ_SIZE, err);
	if (n > 0) {
		resp->in.len += (size_t)n;
		resp->in.p[resp->in.len] = '\0';
	}
	return n;
}

/* The same when something is there. Bytes, 0 at the end, -1. */
static ssize_t
fill(struct http_response *resp, int64_t deadline, struct err *err)
{
	ssize_t n;

	while ((n = try_fill(resp, err)) == CONN_WAIT)
		if (conn_wait(resp->conn, false, deadline, err))
			return -1;
	return n;
}

/* Takes heads that are complete: 1 for the final one, 0 when it has not come yet, -1. */
static int
take_head(struct http_response *resp, struct err *err)
{
	ssize_t used;

	for (;;) {
		struct str have = str_from_off(buf_view(&resp->in), resp->at);

		used = have.len ? http_head_parse(have, &resp->head, err) : 0;
		if (used <= 0)
			return used < 0 ? -1 : 0;
		if (resp->head.status >= 200 || resp->head.status == 101) {
			resp->at += (size_t)used;
			return 1;
		}
		/* 1xx: another head follows */
		buf_consume(&resp->in, resp->at + (size_t)used);
		resp->at = 0;
	}
}

static int
read_head(struct http_response *resp, int64_t deadline, struct err *err)
{
	ssize_t n;
	int there;

	while ((there = take_head(resp, err)) == 0) {
		n = fill(resp, deadline, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return err_setc(err, ERR_NET, ECONNRESET,
				"%s closed the connection without an answer", resp->conn->name);
	}
	return there < 0 ? -1 : 0;
}

static void
response_init(struct http_response *resp, struct conn *c)
{
	*resp = (struct http_response){.conn = c};
	buf_init(&resp->in, LIMIT_HTTP_HEAD + 2 * READ_SIZE);
}

int
http_receive(struct conn *c, struct http_response *resp, int64_t deadline, struct err *err)
{
	response_init(resp, c);
	return read_head(resp, deadline, err);
}

/* ---- bodies that are sent --------------------------------------------------- */

/* Whether the head of an answer is there, or the peer has gone, which read_head is going to tell.
 */
static int
look(struct http_response *resp, bool *answered, struct err *err)
{
	ssize_t n = try_fill(resp, err);
	int there;

	if (n == CONN_WAIT)
		return 0;
	if (n < 0)
		return -1;
	there = take_head(resp, err);
	resp->headed = there > 0;
	/* half a head may be that of a word in between */
	*answered = n == 0 || there > 0;
	return there < 0 ? -1 : 0;
}

static int
send_piece(struct http_response *resp, struct str piece, int64_t deadline, bool *answered,
	struct err *err)
{
	ssize_t n;

	if (look(resp, answered, err))
		return -1;
	while (piece.len && !*answered) {
		n = conn_try_write(resp->conn, piece.s, piece.len, err);
		if (n == CONN_ERROR)
			return -1;
		if (n > 0)
			piece = str_from_off(piece, (size_t)n);
		else if (conn_wait_both(resp->conn, deadline, err) || look(resp, answered, err))
			return -1;
	}
	return 0;
}

static int
send_source(struct http_response *resp, struct http_source *s, struct err *err)
{
	char piece[PIECE_SIZE];
	bool answered = false;
	uint64_t at = 0;

	while (at < s->length && !answered) {
		uint64_t left = s->length - at;
		ssize_t n = s->read(
			s, at, piece, left < sizeof(piece) ? (size_t)left : sizeof(piece), err);

		if (n < 0 || send_piece(resp, str_n(piece, (size_t)n), deadline_in(s->patience_ms),
				     &answered, err))
			return -1;
		at += (uint64_t)n;
	}
	return 0;
}

/*
 * Sends what stands behind the head. Who refuses a body may close the connection
 * at once: then its answer counts, not the broken pipe.
 */
static int
send_body(struct http_response *resp, struct http_source *s, struct err *err)
{
	struct err why = {0};

	if (send_source(resp, s, &why) == 0)
		return 0;
	if (why.kind == ERR_NET && (why.code == EPIPE || why.code == ECONNRESET) &&
		(resp->headed || read_head(resp, deadline_in(s->patience_ms), NULL) == 0)) {
		resp->headed = true;
		return 0;
	}
	if (err)
		*err = why;
	return -1;
}

int
http_exchange(struct conn *c, const struct http_request *req, struct http_response *resp,
	int64_t deadline, struct err *err)
{
	cleanup_buf struct buf out = {0};
	int rc;

	response_init(resp, c);
	rc = write_request(&out, req, err) || conn_write_all(c, out.p, out.len, deadline, err);
	if (rc == 0 && req->source) {
		rc = send_body(resp, req->source, err);
		deadline = deadline_in(req->source->patience_ms);
	}
	if (rc == 0 && !resp->headed)
		rc = read_head(resp, deadline, err);
	if (rc || http_body_start(&resp->body, &resp->head, !strcmp(req->method, "HEAD"), err)) {
		http_response_release(resp);
		return -1;
	}
	return 0;
}

ssize_t
http_body_read(struct http_response *resp, struct str *piece, int64_t deadline, struct err *err)
{
	ssize_t n;

	for (;;) {
		struct str have = str_from_off(buf_view(&resp->in), resp->at);
		enum http_body_event e = http_body_next(&resp->body, &have, piece, err);

		resp->at = resp->in.len - have.len;
		if (e == HTTP_BODY_DATA)
			return (ssize_t)piece->len;
		if (e == HTTP_BODY_END)
			return 0;
		if (e == HTTP_BODY_ERROR)
			return -1;
		/* the head's views are not needed any more once a body is being read */
		buf_consume(&resp->in, resp->at);
		resp->at = 0;
		n = fill(resp, deadline, err);
		if (n < 0)
			return -1;
		if (n == 0 && conn_cut(resp->conn) && resp->body.kind == HTTP_BODY_TO_CLOSE)
			return err_set(err, ERR_PROTO,
				"%s closed the connection without the end of TLS: "
				"the answer may be cut off",
				resp->conn->name);
		if (n == 0)
			return http_body_eof(&resp->body, err);
	}
}

int
http_body_all(
	struct http_response *resp, size_t max, struct buf *out, int64_t deadline, struct err *err)
{
	struct str piece;
	size_t total = 0;
	ssize_t n;

	while ((n = http_body_read(resp, &piece, deadline, err)) > 0) {
		if (piece.len > max - total)
			return err_set(err, ERR_LIMIT, "answer larger than %zu bytes", max);
		total += piece.len;
		if (buf_add(out, piece.s, piece.len, err))
			return -1;
	}
	return n < 0 ? -1 : 0;
}

struct str
http_rest(const struct http_response *resp)
{
	return str_from_off(buf_view(&resp->in), resp->at);
}

void
http_response_release(struct http_response *resp)
{
	buf_release(&resp->in);
	resp->at = 0;
	resp->head.n = 0;
}
