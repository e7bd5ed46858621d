/* credential_process of a profile: a program that prints keys. Private to registry/. */
#ifndef REGISTRY_AWS_PROCESS_H
#define REGISTRY_AWS_PROCESS_H

#include "base/arena.h"

struct aws_keys;
struct cloud;
struct err;

/* Runs the command, without a shell. ERR_AUTH when it fails or prints no keys. */
int aws_process_keys(struct cloud *c, const char *profile, struct str command, struct aws_keys *out,
	struct err *err);

/*
 * Splits at blanks; quotes of both kinds hold together, a backslash takes the next
 * character as it is. False when a quote stays open. Pure.
 */
bool aws_process_split(struct arena *a, struct str command, struct strlist *out);

#endif
