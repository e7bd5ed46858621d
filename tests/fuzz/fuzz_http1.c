/*
 * A response whole and the same byte by byte: same head, same body, same end. The first byte says
 * whether it answers a HEAD request.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "net/http1.h"

enum end { END_MORE, END_DONE, END_BAD, END_CUT };

struct seen {
	int status;
	size_t head; /* bytes of it */
	size_t fields;
	enum end end;
	struct buf body;
	size_t rest; /* bytes behind the end */
};

static void
read_body(struct http_body *b, struct str *in, struct seen *s)
{
	struct str data;

	for (;;) {
		switch (http_body_next(b, in, &data, NULL)) {
		case HTTP_BODY_DATA:
			buf_str(&s->body, data);
			continue;
		case HTTP_BODY_MORE:
			s->end = END_MORE;
			return;
		case HTTP_BODY_END:
			s->end = END_DONE;
			return;
		case HTTP_BODY_ERROR:
			s->end = END_BAD;
			return;
		}
	}
}

/* step: how many bytes become known at a time */
static void
read_all(struct str in, bool head_only, size_t step, struct seen *s)
{
	cleanup_buf struct buf kept = {0};
	struct http_head h;
	struct http_body b;
	size_t known = 0;
	ssize_t used = 0;
	struct str rest;

	while (used == 0 && known < in.len) {
		known = step < in.len - known ? known + step : in.len;
		used = http_head_parse(str_first(in, known), &h, NULL);
	}
	s->end = used < 0 ? END_BAD : END_MORE;
	if (used <= 0)
		return;
	s->head = (size_t)used;
	s->status = h.status;
	s->fields = h.n;
	if (http_body_start(&b, &h, head_only, NULL)) {
		s->end = END_BAD;
		return;
	}
	buf_str(&kept, str_from_off(str_first(in, known), s->head));
	for (;;) {
		rest = buf_view(&kept);
		read_body(&b, &rest, s);
		buf_consume(&kept, kept.len - rest.len);
		if (s->end != END_MORE || known == in.len)
			break;
		buf_str(&kept, str_first(str_from_off(in, known), step));
		known = step < in.len - known ? known + step : in.len;
	}
	s->rest = kept.len + in.len - known;
	if (s->end == END_MORE && http_body_eof(&b, NULL))
		s->end = END_CUT;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = {0}, bytewise = {0};
	struct str in = str_n((const char *)data + 1, size - 1);

	if (size == 0)
		return 0;
	read_all(in, data[0] & 1, in.len + 1, &whole);
	read_all(in, data[0] & 1, 1, &bytewise);
	if (whole.end != bytewise.end || whole.status != bytewise.status ||
		whole.fields != bytewise.fields || whole.head != bytewise.head)
		__builtin_trap();
	/* of a malformed body the good part may be longer when it comes in whole */
	if (whole.end != END_BAD &&
		(whole.rest != bytewise.rest ||
			!str_eq(buf_view(&whole.body), buf_view(&bytewise.body))))
		__builtin_trap();
	buf_release(&whole.body);
	buf_release(&bytewise.body);
	return 0;
}
