/*
 * The address forms of BUILDKIT_HOST and --builder: read while deciding, dialled
 * afterwards.
 */
#ifndef CMD_DIALERS_H
#define CMD_DIALERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "docker/docker.h"
#include "net/tls_env.h"

struct conn;
struct env;
struct err;

enum builder_form { BUILDER_UNIX, BUILDER_TCP, BUILDER_DOCKER_CONTAINER, BUILDER_PROGRAM };

/* Texts live in the arena. */
struct builder_address {
	enum builder_form form;
	const char *text; /* as given */
	const char *path; /* of a socket */
	const char *host, *port;
	const char *authority;           /* what HTTP/2 calls name as host */
	const char *container;           /* name or id */
	struct docker_endpoint endpoint; /* of the Engine the container runs in */
	struct strlist argv;             /* a program whose pipes are the stream */
	bool tls;                        /* tcp:// with certificates of the environment */
	struct tls_files files;
	const struct env *env; /* borrowed; for the system's certificates */
};

/*
 * unix://, tcp:// (with TLS when BUILDKIT_TLS_... name certificates),
 * docker-container:// (through the Engine's API), podman-container://,
 * nerdctl-container://, kube-pod:// and ssh:// (by their programs). Pure but for
 * Docker contexts and certificates on disk. ERR_USAGE, ERR_CONFIG. env is kept.
 */
int builder_address_parse(struct arena *a, const struct env *env, const char *text,
	struct builder_address *out, struct err *err);

/* NULL with ERR_NET, ERR_TLS or ERR_REMOTE when nothing answers there. */
struct conn *builder_dial(const struct builder_address *b, int64_t deadline, struct err *err);

#endif
