/*
 * What a registry says when it does not do what was asked: words for the user,
 * and whether and when to ask again. Pure.
 */
#ifndef REGISTRY_REFUSAL_H
#define REGISTRY_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct http_head;

/*
 * Sets "who answered STATUS CODE: message" from the error document
 * {"errors": [{"code", "message", "detail"}]} or from {"message"}, {"details"},
 * {"error"}, {"error_description"} of token servers and proxies: ERR_AUTH for 401
 * and 403, ERR_REMOTE otherwise, with the status as code. Always -1.
 */
int registry_refusal(const char *who, const struct http_head *h, struct str body, struct err *err);

/*
 * 408, 429, 499, 5xx of a server that is busy or broken, 509 and 522 of a proxy. The status
 * alone decides: what code a registry gives to it is its own matter.
 */
bool registry_status_passes(int status);

enum { RETRY_AFTER_MAX_MS = 5 * 60 * 1000 };

/*
 * Retry-After in milliseconds, at most RETRY_AFTER_MAX_MS: seconds, or an HTTP
 * date compared with now (seconds since the Unix epoch). -1 when there is none
 * that makes sense.
 */
int64_t registry_retry_after(struct str value, int64_t now);

#endif
