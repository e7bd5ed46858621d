#include "buildkit/fswire.h"

#include <string.h>
#include <sys/stat.h>

#include "base/err.h"

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
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

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

struct field {
	uint32_t number;
	uint32_t wire;
	uint64_t value;   /* WIRE_VARINT */
	struct str bytes; /* WIRE_BYTES */
};

static bool
take_varint(struct str *in, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < in->len && i < 10; i++) {
		uint64_t bits = (uint8_t)in->s[i] & 0x7f;

		/* the tenth byte has room for the 64th bit only */
		if (i == 9 && bits > 1)
			return false;
		value |= bits << (7 * i);
		if (!((uint8_t)in->s[i] & 0x80)) {
			*in = str_from_off(*in, i + 1);
			*out = value;
			return true;
		}
	}
	return false;
}

static bool
take_bytes(struct str *in, uint64_t n, struct str *out)
{
	if (n > in->len)
		return false;
	*out = str_first(*in, (size_t)n);
	*in = str_from_off(*in, (size_t)n);
	return true;
}

/* False when malformed. Fixed-width fields are taken and have no value here. */
static bool
take_field(struct str *in, struct field *f)
{
	uint64_t tag, n;

	*f = (struct field){0};
	if (!take_varint(in, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
		return false;
	f->number = (uint32_t)(tag >> 3);
	f->wire = (uint32_t)(tag & 7);
	switch (f->wire) {
	case WIRE_VARINT:
		return take_varint(in, &f->value);
	case WIRE_64:
		return take_bytes(in, 8, &f->bytes);
	case WIRE_BYTES:
		return take_varint(in, &n) && take_bytes(in, n, &f->bytes);
	case WIRE_32:
		return take_bytes(in, 4, &f->bytes);
	default:
		return false;
	}
}

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
	struct field f;

	while (in.len) {
		if (!take_field(&in, &f))
			return false;
		if (f.wire == WIRE_VARINT)
			stat_number(st, f.number, f.value);
		else if (f.wire != WIRE_BYTES)
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
	struct field f;

	*out = (struct fspacket){0};
	while (in.len) {
		if (!take_field(&in, &f))
			return err_set(err, ERR_PROTO, "malformed file transfer packet");
		if (f.wire == WIRE_VARINT && f.number == PACKET_TYPE) {
			out->type = (uint32_t)f.value;
		} else if (f.wire == WIRE_VARINT && f.number == PACKET_ID) {
			out->id = (uint32_t)f.value;
		} else if (f.wire == WIRE_BYTES && f.number == PACKET_DATA) {
			out->data = f.bytes;
		} else if (f.wire == WIRE_BYTES && f.number == PACKET_STAT) {
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
	struct field f;

	*name = *value = (struct str){0};
	while (in.len) {
		if (!take_field(&in, &f))
			return false;
		if (f.wire == WIRE_BYTES && f.number == XATTR_NAME)
			*name = f.bytes;
		else if (f.wire == WIRE_BYTES && f.number == XATTR_VALUE)
			*value = f.bytes;
	}
	return true;
}

bool
fsstat_next_xattr(struct str *rest, struct str *name, struct str *value)
{
	struct field f;

	while (rest->len && take_field(rest, &f))
		if (f.wire == WIRE_BYTES && f.number == STAT_XATTRS &&
			xattr_decode(f.bytes, name, value))
			return true;
	*rest = (struct str){0};
	return false;
}

/* ---- writing --------------------------------------------------------------- */

static size_t
varint_size(uint64_t v)
{
	/* seven bits a byte; v | 1 because zero takes one byte too */
	return (size_t)(70 - __builtin_clzll(v | 1)) / 7;
}

static char *
put_varint(char *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (char)(v | 0x80);
		v >>= 7;
	}
	*p++ = (char)v;
	return p;
}

static char *
put_tag(char *p, uint32_t number, uint32_t wire)
{
	*p++ = (char)(number << 3 | wire);
	return p;
}

/* proto3: a field with its default value is not sent */
static size_t
number_size(uint64_t v)
{
	return v ? 1 + varint_size(v) : 0;
}

static size_t
bytes_size(size_t len)
{
	return len ? 1 + varint_size(len) + len : 0;
}

static char *
put_number(char *p, uint32_t number, uint64_t v)
{
	if (v == 0)
		return p;
	return put_varint(put_tag(p, number, WIRE_VARINT), v);
}

static char *
put_mem(char *p, struct str s)
{
	if (s.len)
		memcpy(p, s.s, s.len);
	return p + s.len;
}

static char *
put_bytes(char *p, uint32_t number, struct str s)
{
	if (s.len == 0)
		return p;
	return put_mem(put_varint(put_tag(p, number, WIRE_BYTES), s.len), s);
}

static char *
put_frame(char *p, size_t len)
{
	*p++ = 0; /* not compressed */
	*p++ = (char)(len >> 24);
	*p++ = (char)(len >> 16);
	*p++ = (char)(len >> 8);
	*p++ = (char)len;
	return p;
}

static void
added(struct buf *out, const char *end)
{
	out->len = (size_t)(end - out->p);
	out->p[out->len] = '\0';
}

static size_t
stat_size(const struct fsstat *st)
{
	return bytes_size(st->path.len) + number_size(st->mode) + number_size(st->uid) +
	       number_size(st->gid) + number_size((uint64_t)st->size) +
	       number_size((uint64_t)st->mtime_ns) + bytes_size(st->linkname.len) +
	       number_size((uint64_t)st->devmajor) + number_size((uint64_t)st->devminor) +
	       st->xattrs.len;
}

int
fspacket_put_stat(struct buf *out, const struct fsstat *st, struct err *err)
{
	size_t inner = st ? stat_size(st) : 0;
	size_t len = st ? 1 + varint_size(inner) + inner : 0;
	char *p;

	if (buf_reserve(out, FSPACKET_FRAME + len, err))
		return -1;
	p = put_frame(out->p + out->len, len);
	if (st) {
		p = put_varint(put_tag(p, PACKET_STAT, WIRE_BYTES), inner);
		p = put_bytes(p, STAT_PATH, st->path);
		p = put_number(p, STAT_MODE, st->mode);
		p = put_number(p, STAT_UID, st->uid);
		p = put_number(p, STAT_GID, st->gid);
		p = put_number(p, STAT_SIZE, (uint64_t)st->size);
		p = put_number(p, STAT_MTIME, (uint64_t)st->mtime_ns);
		p = put_bytes(p, STAT_LINKNAME, st->linkname);
		p = put_number(p, STAT_DEVMAJOR, (uint64_t)st->devmajor);
		p = put_number(p, STAT_DEVMINOR, (uint64_t)st->devminor);
		p = put_mem(p, st->xattrs);
	}
	added(out, p);
	return 0;
}

int
fsstat_add_xattr(struct buf *xattrs, struct str name, struct str value, struct err *err)
{
	size_t inner = bytes_size(name.len) + bytes_size(value.len);
	char *p;

	if (buf_reserve(xattrs, 1 + varint_size(inner) + inner, err))
		return -1;
	p = xattrs->p + xattrs->len;
	p = put_varint(put_tag(p, STAT_XATTRS, WIRE_BYTES), inner);
	p = put_bytes(p, XATTR_NAME, name);
	p = put_bytes(p, XATTR_VALUE, value);
	added(xattrs, p);
	return 0;
}

static int
put_packet(struct buf *out, enum fspacket_type type, uint32_t id, struct str data, struct err *err)
{
	size_t len = number_size(type) + number_size(id) + bytes_size(data.len);
	char *p;

	if (buf_reserve(out, FSPACKET_FRAME + len, err))
		return -1;
	p = put_frame(out->p + out->len, len);
	p = put_number(p, PACKET_TYPE, type);
	p = put_number(p, PACKET_ID, id);
	added(out, put_bytes(p, PACKET_DATA, data));
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

	p = put_frame(p, number_size(FSPACKET_DATA) + number_size(id) + bytes_size(len));
	p = put_number(p, PACKET_TYPE, FSPACKET_DATA);
	p = put_number(p, PACKET_ID, id);
	if (len)
		p = put_varint(put_tag(p, PACKET_DATA, WIRE_BYTES), len);
	return (size_t)(p - start);
}
