/*
 * An agent made of key files (the agent protocol, draft-miller-ssh-agent): it
 * lists its keys and signs, and refuses everything else. A machine without
 * descriptors; the order of requests and answers is sshfilter.h's matter.
 */
#ifndef BUILDKIT_SSHAGENT_H
#define BUILDKIT_SSHAGENT_H

#include "base/buf.h"

struct sshkey;

/* How many keys fit into an answer. */
enum { SSHAGENT_KEYS_MAX = 64 };

/* Appends the answer to one request; both are frames with their length in front. */
void sshagent_answer(const struct sshkey *keys, size_t n, struct str request, struct buf *out);

#endif
