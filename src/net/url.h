/* URLs (RFC 3986) as far as addresses of daemons and registries need them. Pure. */
#ifndef NET_URL_H
#define NET_URL_H

#include "base/str.h"

struct arena;
struct err;

struct url {
	const char *scheme; /* lower case, without "://" */
	const char *user;   /* before '@', NULL when absent; may hold "name:password" */
	const char *host;   /* without brackets; may be empty */
	const char *port;   /* NULL when absent; digits otherwise */
	const char *path;   /* from the first '/', may be empty */
	const char *query;  /* after '?', NULL when absent */
};

/* ERR_USAGE naming what is wrong. The caller names the variable or key it came from. */
int url_parse(struct arena *a, const char *text, struct url *out, struct err *err);

#endif
