/*
 * An archive on standard input, compressed or not: what is found in it does not depend on the
 * pieces it comes in, and is never larger than allowed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/gunzip.h"
#include "dockerfile/archive.h"

enum { LIMIT = 4096, OUTPUT_MAX = 4 * 1024 * 1024 };

struct source {
	struct str in;
	size_t piece, out;
	struct archive archive;
};

static ssize_t
on_read(void *p, size_t len, void *arg, struct err *err)
{
	struct source *s = arg;
	size_t n = s->in.len < s->piece ? s->in.len : s->piece;

	(void)err;
	if (n > len)
		n = len;
	if (n)
		memcpy(p, s->in.s, n);
	s->in = str_from_off(s->in, n);
	return (ssize_t)n;
}

static int
on_write(struct str bytes, void *arg, struct err *err)
{
	struct source *s = arg;

	s->out += bytes.len;
	if (s->out > OUTPUT_MAX) /* as large as it takes to see that it goes on */
		return err_set(err, ERR_LIMIT, "enough");
	return archive_feed(&s->archive, bytes, err);
}

static int
scan(struct source *s, struct str in, size_t piece)
{
	const struct gunzip_io io = {on_read, on_write, s};
	struct err err = {0};
	int rc = 0;

	*s = (struct source){.in = in, .piece = piece};
	archive_init(&s->archive, STR("Dockerfile"), LIMIT);
	if (str_starts(in, STR("\x1f\x8b"))) {
		rc = gunzip(&io, &err);
	} else {
		while (s->in.len && rc == 0) {
			struct str part = str_first(s->in, piece);

			s->in = str_from_off(s->in, part.len);
			rc = on_write(part, s, &err);
		}
	}
	if (rc == 0)
		rc = archive_end(&s->archive, &err);
	if (rc && (!err.kind || !*err.msg))
		abort();
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_n((const char *)data, size);
	struct source whole, pieces;
	int rc = scan(&whole, in, size + 1);

	if (scan(&pieces, in, 1 + size % 7) != rc)
		abort();
	if (whole.archive.out.len > LIMIT || whole.archive.found != pieces.archive.found ||
		(rc == 0 && !str_eq(buf_view(&whole.archive.out), buf_view(&pieces.archive.out))))
		abort();
	archive_release(&whole.archive);
	archive_release(&pieces.archive);
	return 0;
}
