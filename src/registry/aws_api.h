/*
 * Calls of AWS services: where they are, signed requests, errors in words.
 * Private to registry/.
 */
#ifndef REGISTRY_AWS_API_H
#define REGISTRY_AWS_API_H

#include <stdbool.h>

#include "base/buf.h"

struct arena;
struct aws_keys;
struct cloud;
struct env;
struct err;

/* "amazonaws.com", or the domain of the partition that the region is in. */
const char *aws_domain(const char *region);
/* That of addresses with IPv6; NULL where there are none. */
const char *aws_dual_domain(const char *region);

/*
 * Where a service is: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, else usual. The
 * address ends without slash. plain: it was given, so http:// is what was wanted.
 */
const char *aws_endpoint(struct arena *a, const struct env *env, const char *service,
	const char *usual, bool *plain);
/* AWS_USE_FIPS_ENDPOINT and the like: "true". */
bool aws_flag(const struct env *env, const char *name);

enum { AWS_CODE_MAX = 80 };

struct aws_call {
	const char *what;   /* for messages: the operation */
	const char *url;    /* the endpoint */
	bool plain;         /* http:// is allowed */
	const char *target; /* X-Amz-Target of a JSON call; NULL: a form, answered in XML */
	struct str body;
	const char *service, *region; /* to sign for */
	const struct aws_keys *keys;  /* NULL: not signed */
};

/*
 * The body of a successful answer. When AWS answers with an error, its code is in
 * code ("" otherwise) and the message says what AWS says, with the usual remedy as
 * hint: ERR_AUTH when the keys are to blame or lack a right, else ERR_REMOTE. A
 * clock that is off is corrected once, with a warning.
 */
int aws_call(struct cloud *c, const struct aws_call *call, struct buf *answer,
	char code[AWS_CODE_MAX], struct err *err);

/* Code and message of an error answer in JSON or XML; false when it is neither. For tests. */
bool aws_fault(
	struct str body, const char *type_field, char code[AWS_CODE_MAX], struct buf *message);

#endif
