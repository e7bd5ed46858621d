#include "test.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

void
test_fail(struct test_at at, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (at.row)
		print_error("row '%s': %s\n", at.row, text);
	else
		print_error("%s\n", text);
	_fail(at.file, at.line);
	abort(); /* _fail jumps, but does not say so */
}

void
test_str(struct test_at at, struct str got, const char *want)
{
	if (!str_is(got, want ? want : ""))
		test_fail(at, "got \"" STR_FMT "\", want \"%s\"", STR_ARG(got), want ? want : "");
}

void
test_int(struct test_at at, intmax_t got, intmax_t want)
{
	if (got != want)
		test_fail(at, "got %jd, want %jd", got, want);
}

void
test_err(struct test_at at, const struct err *err, enum err_kind kind, const char *text)
{
	if (err->kind == ERR_NONE)
		test_fail(at, "no error, want kind %d with \"%s\"", (int)kind, text);
	if (err->kind != kind || !strstr(err->msg, text))
		test_fail(at, "got kind %d \"%s\", want kind %d with \"%s\"", (int)err->kind,
			err->msg, (int)kind, text);
}

void
test_ok(struct test_at at, int rc, const struct err *err)
{
	if (rc != 0)
		test_fail(at, "returned %d, kind %d: %s", rc, (int)err->kind, err->msg);
}

static size_t
guard_pages(size_t len, size_t page)
{
	return (len + page - 1) / page * page;
}

char *
test_guard_alloc(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t body = guard_pages(len, page);
	char *map;

	map = mmap(NULL, body + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map + body, page, PROT_NONE) != 0)
		test_fail(TEST_AT(NULL), "guard page: %s", strerror(errno));
	if (len > 0)
		memcpy(map + body - len, data, len);
	return map + body - len;
}

void
test_guard_free(char *copy, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t body = guard_pages(len, page);

	munmap(copy + len - body, body + page);
}

/* Pieces of the given size; the last one takes what is left. */
static void
feed(struct str data, size_t first, size_t step, test_pieces_fn fn, void *ctx)
{
	struct str *pieces = calloc(data.len + 1, sizeof(*pieces));
	size_t n = 0;
	size_t off = 0;
	size_t len = first;

	if (!pieces)
		test_fail(TEST_AT(NULL), "out of memory");
	do {
		if (len > data.len - off)
			len = data.len - off;
		pieces[n++] = str_n(test_guard_alloc(data.s + off, len), len);
		off += len;
		len = step;
	} while (off < data.len);
	fn(ctx, pieces, n);
	for (size_t i = 0; i < n; i++)
		test_guard_free((char *)(uintptr_t)pieces[i].s, pieces[i].len);
	free(pieces);
}

void
test_each_split(struct str data, test_pieces_fn fn, void *ctx)
{
	feed(data, data.len, data.len, fn, ctx);
	for (size_t cut = 1; cut < data.len; cut++)
		feed(data, cut, data.len, fn, ctx);
	if (data.len > 2)
		feed(data, 1, 1, fn, ctx);
}

char *
test_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	size_t size = 0;
	size_t cap = 65536;
	char *text = malloc(cap);

	if (!f || !text)
		test_fail(TEST_AT(NULL), "open '%s': %s", path, strerror(errno));
	for (;;) {
		size_t got = fread(text + size, 1, cap - size - 1, f);

		size += got;
		if (got == 0)
			break;
		if (size + 1 == cap) {
			cap *= 2;
			text = realloc(text, cap);
			if (!text)
				test_fail(TEST_AT(NULL), "out of memory");
		}
	}
	fclose(f);
	text[size] = '\0';
	if (len)
		*len = size;
	return text;
}
