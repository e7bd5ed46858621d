/* What was decoded and encoded again decodes to the same. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "buildkit/fswire.h"

static void
check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* Attributes in a form of our own making; the original may hold other fields too. */
static void
copy_xattrs(struct str from, struct buf *to)
{
	struct str name, value;

	while (fsstat_next_xattr(&from, &name, &value))
		check(fsstat_add_xattr(to, name, value, NULL) == 0);
}

static void
compare_stat(const struct fsstat *a, const struct fsstat *b)
{
	struct str x = a->xattrs, y = b->xattrs, xname, xvalue, yname, yvalue;

	check(str_eq(a->path, b->path) && str_eq(a->linkname, b->linkname));
	check(a->mode == b->mode && a->uid == b->uid && a->gid == b->gid);
	check(a->size == b->size && a->mtime_ns == b->mtime_ns);
	check(a->devmajor == b->devmajor && a->devminor == b->devminor);
	while (fsstat_next_xattr(&x, &xname, &xvalue)) {
		check(fsstat_next_xattr(&y, &yname, &yvalue));
		check(str_eq(xname, yname) && str_eq(xvalue, yvalue));
	}
	check(!fsstat_next_xattr(&y, &yname, &yvalue));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf out = {0}, xattrs = {0};
	char header[FSPACKET_DATA_HEADER_MAX];
	struct fspacket p, again;
	struct str frame;
	size_t n;

	if (fspacket_decode(&p, str_n((const char *)data, size), NULL))
		return 0;
	if (p.has_stat) {
		copy_xattrs(p.stat.xattrs, &xattrs);
		p.stat.xattrs = buf_view(&xattrs);
		check(fspacket_put_stat(&out, &p.stat, NULL) == 0);
		frame = str_from_off(buf_view(&out), FSPACKET_FRAME);
		check(fspacket_decode(&again, frame, NULL) == 0 && again.has_stat);
		compare_stat(&p.stat, &again.stat);
	}
	buf_reset(&out);
	check(fspacket_put_data(&out, p.id, p.data, NULL) == 0);
	n = fspacket_data_header(header, p.id, (uint32_t)p.data.len);
	check(n + p.data.len == out.len && memcmp(header, out.p, n) == 0);
	frame = str_from_off(buf_view(&out), FSPACKET_FRAME);
	check(fspacket_decode(&again, frame, NULL) == 0 && again.type == FSPACKET_DATA);
	check(again.id == p.id && str_eq(again.data, p.data));
	return 0;
}
