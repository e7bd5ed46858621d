#include "buildkit/fslist.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Offsets in struct linux_dirent64, see getdents64(2). */
enum { ENT_RECLEN = 16, ENT_TYPE = 18, ENT_NAME = 19 };

void
fslist_init(struct fslist *l, int fd)
{
	l->fd = fd;
	l->error = 0;
	l->at = l->len = 0;
}

static bool
refill(struct fslist *l)
{
	long n;

	/* by number: the C libraries do not agree on a name for it */
	do
		n = syscall(SYS_getdents64, l->fd, l->data, sizeof(l->data));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		l->error = errno;
	if (n <= 0)
		return false;
	l->at = 0;
	l->len = (size_t)n;
	return true;
}

bool
fslist_next(struct fslist *l, struct fslist_entry *out)
{
	const char *ent;
	uint16_t reclen;

	for (;;) {
		if (l->at == l->len && !refill(l))
			return false;
		ent = l->data + l->at;
		memcpy(&reclen, ent + ENT_RECLEN, sizeof(reclen));
		l->at += reclen;
		out->name = str_from(ent + ENT_NAME);
		out->type = (unsigned char)ent[ENT_TYPE];
		if (!str_eq(out->name, STR(".")) && !str_eq(out->name, STR("..")))
			return true;
	}
}
