#include "net/http1.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"

enum { CHUNK_LINE_MAX = 4096, TRAILER_MAX = 16 * 1024 };

/* token characters, RFC 9110, 5.6.2 */
static bool
is_token(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.s[i];
		bool alnum =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.len > 0;
}

static bool
is_field_text(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/*
 * The next line without its CRLF; a lone LF ends a line too (RFC 9112, 2.2), a
 * lone CR is left in and refused as a control character. False: not complete.
 */
static bool
take_line(struct str *in, struct str *line)
{
	if (!str_cut(in, '\n', line))
		return false;
	if (line->len && line->s[line->len - 1] == '\r')
		line->len--;
	return true;
}

static int
parse_status(struct str line, struct http_head *out, struct err *err)
{
	uint64_t status;

	if (!str_take(&line, STR("HTTP/1.")) || line.len < 5 || line.s[1] != ' ' ||
		(line.s[0] != '0' && line.s[0] != '1') ||
		!str_u64(str_n(line.s + 2, 3), 10, &status) || status < 100 || status > 599 ||
		(line.len > 5 && line.s[5] != ' '))
		return err_set(err, ERR_PROTO, "the answer is not HTTP/1.1");
	out->minor = line.s[0] - '0';
	out->status = (int)status;
	out->reason = str_from_off(line, 6);
	return 0;
}

static int
parse_field(struct str line, struct http_head *out, struct err *err)
{
	struct str name;

	/* a line that begins with a blank continues the one before: obsolete, and a smuggler's tool
	 */
	if (!str_cut(&line, ':', &name) || !is_token(name))
		return err_set(err, ERR_PROTO, "malformed header field");
	line = str_trim(line);
	if (!is_field_text(line))
		return err_set(err, ERR_PROTO, "control character in header field '" STR_FMT "'",
			STR_ARG(name));
	if (out->n == LIMIT_HTTP_HEADERS)
		return err_set(err, ERR_LIMIT, "more than %d header fields", LIMIT_HTTP_HEADERS);
	out->fields[out->n++] = (struct http_field){name, line};
	return 0;
}

ssize_t
http_head_parse(struct str in, struct http_head *out, struct err *err)
{
	struct str rest = in, line;

	out->n = 0;
	/* tell a peer of another protocol at its first bytes, not after 64 KiB */
	if (memcmp(in.len ? in.s : "", "HTTP/1.", in.len < 7 ? in.len : 7) != 0)
		return err_set(err, ERR_PROTO, "the answer is not HTTP/1.1");
	if (!take_line(&rest, &line))
		goto incomplete;
	if (parse_status(line, out, err))
		return -1;
	while (take_line(&rest, &line)) {
		if (line.len == 0)
			return rest.s - in.s;
		if (parse_field(line, out, err))
			return -1;
	}
incomplete:
	if (in.len >= LIMIT_HTTP_HEAD)
		return err_set(
			err, ERR_LIMIT, "response head larger than %d bytes", LIMIT_HTTP_HEAD);
	return 0;
}

struct str
http_head_get(const struct http_head *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (str_iis(h->fields[i].name, name))
			return h->fields[i].value;
	return (struct str){0};
}

static int
content_length(const struct http_head *h, bool *present, uint64_t *length, struct err *err)
{
	uint64_t n;
	size_t i;

	*present = false;
	for (i = 0; i < h->n; i++) {
		if (!str_iis(h->fields[i].name, "content-length"))
			continue;
		if (!str_u64(h->fields[i].value, 10, &n) || (*present && n != *length))
			return err_set(err, ERR_PROTO, "malformed or contradicting Content-Length");
		*present = true;
		*length = n;
	}
	return 0;
}

int
http_body_start(struct http_body *b, const struct http_head *h, bool head_only, struct err *err)
{
	struct str coding = http_head_get(h, "transfer-encoding");
	uint64_t length = 0;
	bool has_length;

	*b = (struct http_body){.kind = HTTP_BODY_NONE};
	if (content_length(h, &has_length, &length, err))
		return -1;
	if (head_only || h->status < 200 || h->status == 204 || h->status == 304)
		return 0;
	if (coding.s) {
		if (!str_iis(coding, "chunked"))
			return err_set(err, ERR_PROTO, "unknown transfer coding '" STR_FMT "'",
				STR_ARG(coding));
		b->kind = HTTP_BODY_CHUNKED;
		return 0;
	}
	if (has_length) {
		b->kind = length ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
		b->left = length;
		return 0;
	}
	b->kind = HTTP_BODY_TO_CLOSE;
	return 0;
}

static enum http_body_event
bad_chunk(struct err *err)
{
	err_set(err, ERR_PROTO, "malformed chunked body");
	return HTTP_BODY_ERROR;
}

static enum http_body_event
give(struct http_body *b, struct str *in, struct str *data)
{
	size_t n = b->left < in->len ? (size_t)b->left : in->len;

	if (n == 0)
		return HTTP_BODY_MORE;
	*data = str_first(*in, n);
	*in = str_from_off(*in, n);
	b->left -= n;
	return HTTP_BODY_DATA;
}

/* One step at a framing line of a chunked body; MORE also when *in holds only a part of it. */
static enum http_body_event
chunk_line(struct http_body *b, struct str *in, bool *stepped, struct err *err)
{
	struct str rest = *in, line;

	*stepped = false;
	if (!take_line(&rest, &line)) {
		if (in->len > CHUNK_LINE_MAX)
			return bad_chunk(err);
		return HTTP_BODY_MORE;
	}
	if (line.len > CHUNK_LINE_MAX || !is_field_text(line))
		return bad_chunk(err);
	*in = rest;
	*stepped = true;
	switch (b->chunk) {
	case HTTP_CHUNK_SIZE:
		if (!str_take_u64(&line, 16, &b->left))
			return bad_chunk(err);
		line = str_trim(line);
		if (line.len && line.s[0] != ';')
			return bad_chunk(err);
		b->chunk = b->left ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
		break;
	case HTTP_CHUNK_CRLF:
		if (line.len)
			return bad_chunk(err);
		b->chunk = HTTP_CHUNK_SIZE;
		break;
	case HTTP_CHUNK_TRAILER:
		b->trailer += line.len;
		if (b->trailer > TRAILER_MAX)
			return bad_chunk(err);
		if (line.len == 0)
			b->chunk = HTTP_CHUNK_DONE;
		break;
	case HTTP_CHUNK_DATA:
	case HTTP_CHUNK_DONE:
		break;
	}
	return HTTP_BODY_MORE;
}

static enum http_body_event
next_chunked(struct http_body *b, struct str *in, struct str *data, struct err *err)
{
	enum http_body_event e;
	bool stepped;

	for (;;) {
		if (b->chunk == HTTP_CHUNK_DONE)
			return HTTP_BODY_END;
		if (b->chunk == HTTP_CHUNK_DATA) {
			e = give(b, in, data);
			if (b->left == 0)
				b->chunk = HTTP_CHUNK_CRLF;
			return e;
		}
		e = chunk_line(b, in, &stepped, err);
		if (e == HTTP_BODY_ERROR || !stepped)
			return e;
	}
}

enum http_body_event
http_body_next(struct http_body *b, struct str *in, struct str *data, struct err *err)
{
	switch (b->kind) {
	case HTTP_BODY_NONE:
		return HTTP_BODY_END;
	case HTTP_BODY_LENGTH:
		return b->left ? give(b, in, data) : HTTP_BODY_END;
	case HTTP_BODY_CHUNKED:
		return next_chunked(b, in, data, err);
	case HTTP_BODY_TO_CLOSE:
		if (in->len == 0)
			return HTTP_BODY_MORE;
		*data = *in;
		*in = str_from_off(*in, in->len);
		return HTTP_BODY_DATA;
	}
	return HTTP_BODY_END;
}

int
http_body_eof(const struct http_body *b, struct err *err)
{
	if (b->kind == HTTP_BODY_NONE || b->kind == HTTP_BODY_TO_CLOSE ||
		(b->kind == HTTP_BODY_LENGTH && b->left == 0) ||
		(b->kind == HTTP_BODY_CHUNKED && b->chunk == HTTP_CHUNK_DONE))
		return 0;
	return err_set(err, ERR_PROTO, "the answer ends before it is complete");
}

void
http_request_start(struct buf *out, const char *method, const char *target, const char *host)
{
	buf_addf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, host);
}

int
http_field_write(struct buf *out, const char *name, struct str value, struct err *err)
{
	if (!is_field_text(value))
		return err_set(err, ERR_USAGE,
			"control character in the value of header field '%s'", name);
	buf_addf(out, "%s: " STR_FMT "\r\n", name, STR_ARG(value));
	return 0;
}

void
http_head_end(struct buf *out)
{
	buf_puts(out, "\r\n");
}
