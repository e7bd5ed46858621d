#include "net/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/conn.h"

enum { READ_SIZE = 16 * 1024 };

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
	if (req->body.len || !bodiless)
		buf_addf(out, "Content-Length: %zu\r\n", req->body.len);
	http_head_end(out);
	buf_str(out, req->body);
	return 0;
}

/* Appends what has come in to resp->in. Bytes, 0 at the end, -1. */
static ssize_t
fill(struct http_response *resp, int64_t deadline, struct err *err)
{
	ssize_t n;

	if (buf_reserve(&resp->in, READ_SIZE, err))
		return -1;
	n = conn_read(resp->conn, resp->in.p + resp->in.len, READ_SIZE, deadline, err);
	if (n > 0) {
		resp->in.len += (size_t)n;
		resp->in.p[resp->in.len] = '\0';
	}
	return n;
}

static int
read_head(struct http_response *resp, int64_t deadline, struct err *err)
{
	ssize_t used, n;

	for (;;) {
		struct str have = str_from_off(buf_view(&resp->in), resp->at);

		used = have.len ? http_head_parse(have, &resp->head, err) : 0;
		if (used < 0)
			return -1;
		if (used > 0 && (resp->head.status >= 200 || resp->head.status == 101)) {
			resp->at += (size_t)used;
			return 0;
		}
		if (used > 0) { /* 1xx: another head follows */
			buf_consume(&resp->in, resp->at + (size_t)used);
			resp->at = 0;
			continue;
		}
		n = fill(resp, deadline, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return err_setc(err, ERR_NET, ECONNRESET,
				"%s closed the connection without an answer", resp->conn->name);
	}
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

int
http_exchange(struct conn *c, const struct http_request *req, struct http_response *resp,
	int64_t deadline, struct err *err)
{
	cleanup_buf struct buf out = {0};

	response_init(resp, c);
	if (write_request(&out, req, err) || conn_write_all(c, out.p, out.len, deadline, err) ||
		read_head(resp, deadline, err) ||
		http_body_start(&resp->body, &resp->head, !strcmp(req->method, "HEAD"), err)) {
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
