/*
 * Certificates trusted where the system has none: Mozilla's list, made into C by
 * vendor/roots.awk when the program is built. Entries follow each other, to be
 * read with cert_take_trusted().
 */
#ifndef NET_ROOTS_H
#define NET_ROOTS_H

#include <stddef.h>

extern const unsigned char net_roots[];
extern const size_t net_roots_len;

#endif
