/*
 * The builder's side of a context transfer, for tests of fssend: it takes the list, checks order
 * and form as the protocol demands, asks for files and keeps what comes. Every breach of the
 * protocol fails the test.
 */
#ifndef FSPEER_H
#define FSPEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "buildkit/fssend.h"

struct err;

struct fspeer_entry {
	char *path;
	char *linkname;
	struct buf xattrs; /* "name=value\n" each, sorted as sent */
	uint32_t mode;
	int64_t size, mtime_ns, devmajor, devminor;
	struct buf data;
	bool asked, complete;
};

struct fspeer {
	bool ask_nothing; /* as a builder that has everything already */
	struct fspeer_entry *entries;
	size_t n, cap;
	bool listed, fin;
	size_t files_waiting;
	size_t data_before_end; /* DATA packets that came before the list ended */
	size_t largest;         /* message, in bytes */
	size_t taken;           /* bytes of all messages */
	char error[2048];       /* text of an ERR packet */
};

void fspeer_release(struct fspeer *p);
#define cleanup_fspeer __attribute__((cleanup(fspeer_release)))

/* Runs the whole dialogue. -1 when the sender failed, with its error. */
int fspeer_run(struct fspeer *p, struct fssend *s, size_t budget, struct err *err);
/* One round: produce, take, ask. Returns what fssend_produce did. */
enum fssend_state fspeer_step(struct fspeer *p, struct fssend *s, size_t budget, struct err *err);
/* Sends the FIN when everything has come. */
bool fspeer_finish(struct fspeer *p, struct fssend *s, struct err *err);

const struct fspeer_entry *fspeer_find(const struct fspeer *p, const char *path);
/* All paths in order, each followed by a blank; a directory with a slash. */
const char *fspeer_list(const struct fspeer *p, struct buf *out);

/* One REQ packet of the peer's. */
int fspeer_request(struct fssend *s, uint32_t id, struct err *err);

#endif
