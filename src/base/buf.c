#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void
buf_wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_release(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->p)
		b->p[0] = '\0';
}

int
buf_reserve(struct buf *b, size_t n, struct err *err)
{
	size_t max = b->max ? b->max : BUF_TEXT_MAX;
	size_t cap;

	if (n > max || b->len > max - n)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", max);
	if (b->p && b->cap - b->len > n)
		return 0;
	cap = b->cap ? b->cap * 2 : 64;
	if (cap < b->len + n + 1)
		cap = b->len + n + 1;
	if (cap > max + 1)
		cap = max + 1;
	b->p = xreallocarray(b->p, cap, 1);
	b->cap = cap;
	b->p[b->len] = '\0';
	return 0;
}

int
buf_add(struct buf *b, const void *p, size_t len, struct err *err)
{
	if (buf_reserve(b, len, err))
		return -1;
	if (len)
		memcpy(b->p + b->len, p, len);
	b->len += len;
	b->p[b->len] = '\0';
	return 0;
}

void
buf_mem(struct buf *b, const void *p, size_t len)
{
	if (buf_add(b, p, len, NULL))
		BUG("text buffer beyond its maximum");
}

void
buf_str(struct buf *b, struct str s)
{
	buf_mem(b, s.s, s.len);
}

void
buf_puts(struct buf *b, const char *cstr)
{
	buf_mem(b, cstr, strlen(cstr));
}

void
buf_putc(struct buf *b, char c)
{
	buf_mem(b, &c, 1);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_reserve(b, (size_t)n, NULL))
		BUG("text buffer beyond its maximum");
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n > b->len)
		BUG("consumed more than is there");
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->p, b->p + n, b->len);
	b->p[b->len] = '\0';
}

struct str
buf_view(const struct buf *b)
{
	return (struct str){b->p, b->len};
}

const char *
buf_cstr(const struct buf *b)
{
	return b->p ? b->p : "";
}

char *
buf_steal(struct buf *b)
{
	char *p;

	if (buf_reserve(b, 0, NULL))
		BUG("text buffer beyond its maximum");
	p = b->p;
	*b = (struct buf){.max = b->max};
	return p;
}
