#include "h2.h"

#include <string.h>

#include "net/grpc.h"

static void
put32(uint8_t *p, uint32_t n)
{
	p[0] = (uint8_t)(n >> 24);
	p[1] = (uint8_t)(n >> 16);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
}

void
h2_frame(struct buf *out, int type, int flags, uint32_t stream, const void *p, size_t len)
{
	uint8_t head[9] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)type,
		(uint8_t)flags};

	put32(head + 5, stream);
	buf_mem(out, head, sizeof(head));
	buf_mem(out, p, len);
}

/* RFC 7541, 5.1 with a prefix of 7 bits */
static void
put_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	if (len < 127) {
		buf_putc(out, (char)len);
	} else {
		buf_putc(out, 127);
		for (len -= 127; len >= 128; len >>= 7)
			buf_putc(out, (char)(len | 128));
		buf_putc(out, (char)len);
	}
	buf_puts(out, text);
}

void
h2_headers(struct buf *out, int flags, uint32_t stream, const char *const *fields)
{
	cleanup_buf struct buf block = {0};
	size_t i;

	for (i = 0; fields[i]; i += 2) {
		buf_putc(&block, 0);
		put_text(&block, fields[i]);
		put_text(&block, fields[i + 1]);
	}
	h2_frame(out, H2_HEADERS, flags | H2_END_HEADERS, stream, block.p, block.len);
}

void
h2_message(struct buf *out, int flags, uint32_t stream, struct str msg, size_t keep)
{
	cleanup_buf struct buf framed = {0};
	uint8_t prefix[GRPC_PREFIX];

	grpc_prefix(prefix, msg.len);
	buf_mem(&framed, prefix, sizeof(prefix));
	buf_str(&framed, msg);
	h2_frame(out, H2_DATA, flags, stream, framed.p, keep < framed.len ? keep : framed.len);
}

void
h2_goaway(struct buf *out, uint32_t last, uint32_t code, const char *text)
{
	cleanup_buf struct buf body = {0};
	uint8_t head[8];

	put32(head, last);
	put32(head + 4, code);
	buf_mem(&body, head, sizeof(head));
	buf_puts(&body, text);
	h2_frame(out, H2_GOAWAY, 0, 0, body.p, body.len);
}
