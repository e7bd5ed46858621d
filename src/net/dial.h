/* Connected sockets: unix stream sockets and TCP. */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

struct conn;
struct err;

/* ERR_NET with the path and errno; a permission problem carries a hint. */
struct conn *dial_unix(const char *path, int64_t deadline, struct err *err);
/*
 * Tries every address the name resolves to, in order, until one answers.
 * ERR_NET names host, port and the last cause; its code is EAGAIN when the name can
 * be looked up at another time, maybe. host may be an IPv6 literal
 * without brackets.
 */
struct conn *dial_tcp(const char *host, const char *port, int64_t deadline, struct err *err);

#endif
