/*
 * What may pass between a build and an SSH agent (the agent protocol of RFC
 * draft-miller-ssh-agent: frames of a 32-bit length, a type, a body): listing
 * keys and signing. Everything else (adding, removing, locking, extensions) is
 * answered with a failure and never reaches the agent.
 *
 * A machine without descriptors. The agent answers in order, so one request is
 * with it at a time and the others wait here.
 */
#ifndef BUILDKIT_SSHFILTER_H
#define BUILDKIT_SSHFILTER_H

#include <stdbool.h>

#include "base/buf.h"

struct err;

enum { SSHFILTER_FRAME_MAX = 256 * 1024 }; /* OpenSSH's own limit */

struct sshfilter {
	struct buf requests; /* of the build, from the first that was not dealt with */
	struct buf reply;    /* of the agent, as far as it came */
	bool waiting;        /* the agent owes an answer */
};

void sshfilter_init(struct sshfilter *f);
void sshfilter_release(struct sshfilter *f);

/*
 * Bytes from the build. Appends what is for the agent and what is an answer of
 * ours. ERR_PROTO or ERR_LIMIT: this is no agent protocol, or too much of it.
 */
int sshfilter_request(struct sshfilter *f, struct str bytes, struct buf *agent, struct buf *build,
	struct err *err);
/* Bytes from the agent; the same. */
int sshfilter_reply(struct sshfilter *f, struct str bytes, struct buf *agent, struct buf *build,
	struct err *err);
/* Nothing is under way: neither a whole request nor an answer. */
bool sshfilter_idle(const struct sshfilter *f);

#endif
