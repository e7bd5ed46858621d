#include "buildkit/fswire.h"

#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "buildkit/wire.h"

/* Field numbers of fsutil's wire.proto and stat.proto. */
enum { PACKET_TYPE = 1, PACKET_STAT = 2, PACKET_ID = 3, PACKET_DATA = 4 };
enum {
	STAT_PATH = 1,
	STAT_MODE = 2,
	STAT_UID = 3,
	STAT_GID = 4,
	STAT_SIZE = 5,
	STAT_MTIME = 6,
	STAT_LINKNAME = 7,
	STAT_DEVMAJOR = 8,
	STAT_DEVMINOR = 9,
	STAT_XATTRS = 10
};
enum { XATTR_NAME = 1, XATTR_VALUE = 2 };

uint32_t
fsmode_from_unix(mode_t mode)
{
	uint32_t out = mode & FSMODE_PERM;

	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		out |= FSMODE_DIR;
		break;
	case S_IFLNK:
		out |= FSMODE_SYMLINK;
		break;
	case S_IFBLK:
		out |= FSMODE_DEVICE;
		break;
	case S_IFCHR:
		out |= FSMODE_DEVICE | FSMODE_CHARDEV;
		break;
	case S_IFIFO:
		out |= FSMODE_FIFO;
		break;
	default:
		out |= FSMODE_IRREGULAR;
	}
	if (mode & S_ISUID)
		out |= FSMODE_SETUID;
	if (mode & S_ISGID)
		out |= FSMODE_SETGID;
	if (mode & S_ISVTX)
		out |= FSMODE_STICKY;
	return out;
}

mode_t
fsmode_chmod(uint32_t mode)
{
	mode_t out = mode & FSMODE_PERM;

	if (mode & FSMODE_SETUID)
		out |= S_ISUID;
	if (mode & FSMODE_SETGID)
		out |= S_ISGID;
	if (mode & FSMODE_STICKY)
		out |= S_ISVTX;
	return out;
}

/* ---- reading --------------------------------------------------------------- */

static void
stat_number(struct fsstat *st, uint32_t number, uint64_t value)
{
	switch (number) {
	case STAT_MODE:
		st->mode = (uint32_t)value;
		break;
	case STAT_UID:
		st->uid = (uint32_t)value;
		break;
	case STAT_GID:
		st->gid = (uint32_t)value;
		break;
	case STAT_SIZE:
		st->size = (int64_t)value;
		break;
	case STAT_MTIME:
		st->mtime_ns = (int64_t)value;
		break;
	case STAT_DEVMAJOR:
		st->devmajor = (int64_t)value;
		break;
	case STAT_DEVMINOR:
		st->devminor = (int64_t)value;
		break;
	default:
		break;
	}
}

static bool
stat_decode(struct fsstat *st, struct str in)
{
	struct str all = in;
	struct wire_field f;

	while (in.len) {
		if (!wire_take(&in, &f))
			return false;
		if (f.type == WIRE_VARINT)
			stat_number(st, f.number, f.value);
		else if (f.type != WIRE_BYTES)
			continue;
		else if (f.number == STAT_PATH)
			st->path = f.bytes;
		else if (f.number == STAT_LINKNAME)
			st->linkname = f.bytes;
		else if (f.number == STAT_XATTRS)
			st->xattrs = all; /* the reader of attributes skips the rest */
	}
	return true;
}

int
fspacket_decode(struct fspacket *out, struct str packet, struct err *err)
{
	struct str in = packet;
	struct wire_field f;

	*out = (struct fspacket){0};
	while (in.len) {
		if (!wire_take(&in, &f))
			return err_set(err, ERR_PROTO, "malformed file transfer packet");
		if (f.type == WIRE_VARINT && f.number == PACKET_TYPE) {
			out->type = (uint32_t)f.value;
		} else if (f.type == WIRE_VARINT && f.number == PACKET_ID) {
			out->id = (uint32_t)f.value;
		} else if (f.type == WIRE_BYTES && f.number == PACKET_DATA) {
			out->data = f.bytes;
		} else if (f.type == WIRE_BYTES && f.number == PACKET_STAT) {
			out->has_stat = true;
			if (!stat_decode(&out->stat, f.bytes))
				return err_set(
					err, ERR_PROTO, "malformed entry in a file transfer");
		}
	}
	return 0;
}

static bool
xattr_decode(struct str in, struct str *name, struct str *value)
{
	struct wire_field f;

	*name = *value = (struct str){0};
	while (in.len) {
		if (!wire_take(&in, &f))
			return false;
		if (f.type == WIRE_BYTES && f.number == XATTR_NAME)
			*name = f.bytes;
		else if (f.type == WIRE_BYTES && f.number == XATTR_VALUE)
			*value = f.bytes;
	}
	return true;
}

bool
fsstat_next_xattr(struct str *rest, struct str *name, struct str *value)
{
	struct wire_field f;

	while (rest->len && wire_take(rest, &f))
		if (f.type == WIRE_BYTES && f.number == STAT_XATTRS &&
			xattr_decode(f.bytes, name, value))
			return true;
	*rest = (struct str){0};
	return false;
}

/* ---- writing --------------------------------------------------------------- */

static void
added(struct buf *out, const char *end)
{
	out->len = (size_t)(end - out->p);
	out->p[out->len] = '\0';
}

static size_t
stat_size(const struct fsstat *st)
{
	return wire_bytes_size(st->path.len) + wire_number_size(st->mode) +
	       wire_number_size(st->uid) + wire_number_size(st->gid) +
	       wire_number_size((uint64_t)st->size) + wire_number_size((uint64_t)st->mtime_ns) +
	       wire_bytes_size(st->linkname.len) + wire_number_size((uint64_t)st->devmajor) +
	       wire_number_size((uint64_t)st->devminor) + st->xattrs.len;
}

int
fspacket_put_stat(struct buf *out, const struct fsstat *st, struct err *err)
{
	size_t inner = st ? stat_size(st) : 0;
	size_t len = st ? 1 + wire_varint_size(inner) + inner : 0;
	char *p;

	if (buf_reserve(out, FSPACKET_FRAME + len, err))
		return -1;
	p = wire_put_frame(out->p + out->len, len);
	if (st) {
		p = wire_put_head(p, PACKET_STAT, inner);
		p = wire_put_bytes(p, STAT_PATH, st->path);
		p = wire_put_number(p, STAT_MODE, st->mode);
		p = wire_put_number(p, STAT_UID, st->uid);
		p = wire_put_number(p, STAT_GID, st->gid);
		p = wire_put_number(p, STAT_SIZE, (uint64_t)st->size);
		p = wire_put_number(p, STAT_MTIME, (uint64_t)st->mtime_ns);
		p = wire_put_bytes(p, STAT_LINKNAME, st->linkname);
		p = wire_put_number(p, STAT_DEVMAJOR, (uint64_t)st->devmajor);
		p = wire_put_number(p, STAT_DEVMINOR, (uint64_t)st->devminor);
		p = wire_put_mem(p, st->xattrs);
	}
	added(out, p);
	return 0;
}

int
fsstat_add_xattr(struct buf *xattrs, struct str name, struct str value, struct err *err)
{
	size_t inner = wire_bytes_size(name.len) + wire_bytes_size(value.len);
	char *p;

	if (buf_reserve(xattrs, 1 + wire_varint_size(inner) + inner, err))
		return -1;
	p = xattrs->p + xattrs->len;
	p = wire_put_head(p, STAT_XATTRS, inner);
	p = wire_put_bytes(p, XATTR_NAME, name);
	p = wire_put_bytes(p, XATTR_VALUE, value);
	added(xattrs, p);
	return 0;
}

static int
put_packet(struct buf *out, enum fspacket_type type, uint32_t id, struct str data, struct err *err)
{
	size_t len = wire_number_size(type) + wire_number_size(id) + wire_bytes_size(data.len);
	char *p;

	if (buf_reserve(out, FSPACKET_FRAME + len, err))
		return -1;
	p = wire_put_frame(out->p + out->len, len);
	p = wire_put_number(p, PACKET_TYPE, type);
	p = wire_put_number(p, PACKET_ID, id);
	added(out, wire_put_bytes(p, PACKET_DATA, data));
	return 0;
}

int
fspacket_put_req(struct buf *out, uint32_t id, struct err *err)
{
	return put_packet(out, FSPACKET_REQ, id, (struct str){0}, err);
}

int
fspacket_put_fin(struct buf *out, struct err *err)
{
	return put_packet(out, FSPACKET_FIN, 0, (struct str){0}, err);
}

int
fspacket_put_err(struct buf *out, struct str text, struct err *err)
{
	return put_packet(out, FSPACKET_ERR, 0, text, err);
}

int
fspacket_put_data(struct buf *out, uint32_t id, struct str data, struct err *err)
{
	return put_packet(out, FSPACKET_DATA, id, data, err);
}

size_t
fspacket_data_header(char *p, uint32_t id, uint32_t len)
{
	const char *start = p;

	p = wire_put_frame(
		p, wire_number_size(FSPACKET_DATA) + wire_number_size(id) + wire_bytes_size(len));
	p = wire_put_number(p, PACKET_TYPE, FSPACKET_DATA);
	p = wire_put_number(p, PACKET_ID, id);
	if (len)
		p = wire_put_head(p, PACKET_DATA, len);
	return (size_t)(p - start);
}
