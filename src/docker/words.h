/*
 * What daemons say when a registry fails them. Neither the Engine's own registry
 * client nor containerd's, which newer Engines and BuildKit have, hands out codes
 * with it: there is only the text. Pure.
 */
#ifndef DOCKER_WORDS_H
#define DOCKER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* One of the words is in the text. */
bool words_any(struct str text, const char *const *words, size_t n);

/* The registry was busy, broken, or its connection was lost: the same push may work later. */
bool words_passing(struct str text);
/* Credentials are missing, wrong or not enough. */
bool words_refused(struct str text);
/* Nobody listens at its address. */
bool words_nobody(struct str text);

#endif
