/*
 * Codec of the fsutil diff-copy messages: Packet and Stat (package fsutil.types,
 * proto3). Hand-written, because every file of a context passes through it.
 *
 * What is put is framed for gRPC: one flag byte 0, the length as 32 bits big
 * endian, then the Packet. What is decoded is one Packet without frame.
 */
#ifndef BUILDKIT_FSWIRE_H
#define BUILDKIT_FSWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/str.h"

struct err;

enum fspacket_type {
	FSPACKET_STAT = 0,
	FSPACKET_REQ = 1,
	FSPACKET_DATA = 2,
	FSPACKET_FIN = 3,
	FSPACKET_ERR = 4
};

/* Bits of fsstat.mode, which is Go's os.FileMode and not st_mode. */
#define FSMODE_DIR 0x80000000u
#define FSMODE_SYMLINK 0x08000000u
#define FSMODE_DEVICE 0x04000000u
#define FSMODE_FIFO 0x02000000u
#define FSMODE_SOCKET 0x01000000u
#define FSMODE_SETUID 0x00800000u
#define FSMODE_SETGID 0x00400000u
#define FSMODE_CHARDEV 0x00200000u /* together with FSMODE_DEVICE */
#define FSMODE_STICKY 0x00100000u
#define FSMODE_IRREGULAR 0x00080000u
#define FSMODE_PERM 0x000001ffu
/* Only an entry with none of these has content that can be requested. */
#define FSMODE_TYPE \
	(FSMODE_DIR | FSMODE_SYMLINK | FSMODE_DEVICE | FSMODE_FIFO | FSMODE_SOCKET | \
		FSMODE_CHARDEV | FSMODE_IRREGULAR)

/* st_mode to os.FileMode; a socket becomes a plain file, as senders announce it. */
uint32_t fsmode_from_unix(mode_t mode);
/* Permissions and set-id bits as chmod(2) takes them. */
mode_t fsmode_chmod(uint32_t mode);

struct fsstat {
	struct str path;     /* relative, clean, separated by / */
	struct str linkname; /* symlink: target; else: path of an earlier entry, or empty */
	struct str xattrs;   /* encoded entries; see fsstat_next_xattr and fsstat_add_xattr */
	uint32_t mode;       /* FSMODE_* */
	uint32_t uid, gid;
	int64_t size;
	int64_t mtime_ns; /* since the epoch */
	int64_t devmajor, devminor;
};

struct fspacket {
	uint32_t type; /* enum fspacket_type, or a number of a later protocol */
	uint32_t id;
	bool has_stat; /* a STAT without stat ends the list; an empty stat does not */
	struct fsstat stat;
	struct str data;
};

/*
 * Decodes one packet; all texts are views into it. Unknown fields are skipped.
 * ERR_PROTO when it is cut short or malformed.
 */
int fspacket_decode(struct fspacket *out, struct str packet, struct err *err);

/*
 * Takes the next attribute from *rest, which starts as a copy of fsstat.xattrs.
 * False at the end.
 */
bool fsstat_next_xattr(struct str *rest, struct str *name, struct str *value);
/* Appends one attribute in the form of fsstat.xattrs. ERR_LIMIT by the buffer's maximum. */
int fsstat_add_xattr(struct buf *xattrs, struct str name, struct str value, struct err *err);

/* Each appends one framed packet; the only error is ERR_LIMIT. st NULL ends the list. */
int fspacket_put_stat(struct buf *out, const struct fsstat *st, struct err *err);
int fspacket_put_req(struct buf *out, uint32_t id, struct err *err);
int fspacket_put_fin(struct buf *out, struct err *err);
int fspacket_put_err(struct buf *out, struct str text, struct err *err);
int fspacket_put_data(struct buf *out, uint32_t id, struct str data, struct err *err);

enum { FSPACKET_FRAME = 5, FSPACKET_DATA_HEADER_MAX = FSPACKET_FRAME + 2 + 6 + 6 };

/*
 * Frame and protobuf part of a DATA packet that stand in front of len bytes of
 * payload (0: end of file). Writes up to FSPACKET_DATA_HEADER_MAX bytes and
 * returns how many, so that a file can be read straight behind them.
 */
size_t fspacket_data_header(char *p, uint32_t id, uint32_t len);

#endif
