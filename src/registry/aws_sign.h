/*
 * Signature version 4 of Amazon Web Services: the canonical form of a request,
 * the text that is signed, the Authorization header. Pure: the time is given.
 * Rules from AWS's own documentation and its published test suite.
 */
#ifndef REGISTRY_AWS_SIGN_H
#define REGISTRY_AWS_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/sha256.h"

struct arena;
struct buf;
struct err;
struct http_extra;

/* Keys to sign with. Texts live in an arena; aws_keys_release wipes the secrets. */
struct aws_keys {
	const char *id; /* may be shown */
	struct secret secret;
	struct secret token; /* of temporary keys, else not set */
	int64_t expires;     /* seconds since the epoch, 0: never */
	const char *source;  /* what to show: "AWS_ACCESS_KEY_ID", "profile 'x'" */
};

void aws_keys_release(struct aws_keys *k);
#define cleanup_aws_keys CLEANUP(aws_keys_release)

/* What is signed. Everything is borrowed. */
struct aws_request {
	const char *method;
	const char *url;                 /* as it is sent, absolute */
	const struct http_extra *fields; /* those that are signed besides Host; any order */
	size_t nfields;
	struct str body;
	const char *region, *service;
	int64_t now;
};

/*
 * Steps of the signature, for tests and for whoever needs the parts. date is
 * YYYYMMDDTHHMMSSZ. The canonical request names the body by its hash.
 */
int aws_canonical_request(struct arena *a, const struct aws_request *r, struct buf *out,
	struct str *signed_names, struct err *err);
void aws_string_to_sign(const struct aws_request *r, struct str canonical, struct buf *out);
void aws_signing_key(const struct aws_keys *k, const char *date, const char *region,
	const char *service, uint8_t key[SHA256_LEN]);

/* The request's own header fields and those that the signature adds. */
struct aws_signed {
	struct http_extra *fields; /* in the arena */
	size_t n;
	char *authorization; /* owned: the last field's value */
	char *token;         /* owned */
};

/*
 * Adds X-Amz-Date, X-Amz-Security-Token for temporary keys, and Authorization.
 * ERR_USAGE for a URL that is none.
 */
int aws_sign(struct arena *a, const struct aws_request *r, const struct aws_keys *k,
	struct aws_signed *out, struct err *err);
void aws_signed_release(struct aws_signed *s);
#define cleanup_aws_signed CLEANUP(aws_signed_release)

/* HMAC-SHA-256 (RFC 2104). */
void hmac_sha256(struct str key, struct str text, uint8_t out[SHA256_LEN]);

#endif
