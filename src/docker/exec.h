/* Private details of a container's exec stream are in exec.c; this is the door. */
#ifndef DOCKER_EXEC_H
#define DOCKER_EXEC_H

#include <stdint.h>

struct conn;
struct docker;
struct err;

/*
 * Runs a program inside a container and gives its standard input and output as
 * a connection; standard error becomes the diagnosis. ERR_REMOTE when the
 * container is missing or does not run, with a hint (Engine API: POST
 * /containers/ID/exec, POST /exec/ID/start).
 */
struct conn *docker_exec(const struct docker *d, const char *container, const char *const argv[],
	int64_t deadline, struct err *err);

#endif
