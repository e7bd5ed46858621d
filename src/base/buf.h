/*
 * Owned, growable bytes with an explicit maximum.
 *
 * {0} is valid, empty, and has the maximum BUF_TEXT_MAX, meant for text of our
 * own making; buffers that a peer fills get a limit of their own by buf_init.
 * Once anything was added, p is NUL-terminated at p[len].
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/mem.h"
#include "base/str.h"

struct err;

struct buf {
	char *p;
	size_t len, cap, max;
};

enum { BUF_TEXT_MAX = 256 * 1024 * 1024 };

void buf_init(struct buf *b, size_t max);
/* Frees the memory and leaves the struct empty with the same maximum. */
void buf_release(struct buf *b);
/* As buf_release, wiping the bytes before. */
void buf_wipe(struct buf *b);
/* Forgets the content, keeps the memory. */
void buf_reset(struct buf *b);

/* Peer-driven: ERR_LIMIT when the maximum would be passed, content unchanged. */
int buf_add(struct buf *b, const void *p, size_t len, struct err *err);
/* Room for n more bytes at p + len; the caller then adds to len (and keeps p[len] = 0). */
int buf_reserve(struct buf *b, size_t n, struct err *err);

/* Text of our own making: passing the maximum is a bug. */
void buf_puts(struct buf *b, const char *cstr);
void buf_putc(struct buf *b, char c);
void buf_str(struct buf *b, struct str s);
void buf_mem(struct buf *b, const void *p, size_t len);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drops n bytes from the front. */
void buf_consume(struct buf *b, size_t n);
struct str buf_view(const struct buf *b);
/* Never NULL: the content as C string. */
const char *buf_cstr(const struct buf *b);
/* The content as a heap string that the caller frees; the buffer is empty afterwards. */
char *buf_steal(struct buf *b);

#define cleanup_buf CLEANUP(buf_release)

#endif
