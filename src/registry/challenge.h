/*
 * WWW-Authenticate (RFC 9110, 11.6.1): what a registry wants to see before it
 * answers. Pure.
 *
 * A registry may send several such fields and several challenges in one of
 * them; commas stand between challenges, between parameters and inside quoted
 * texts.
 */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include "base/str.h"

struct arena;
struct http_head;

enum challenge_kind { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

enum { CHALLENGES_MAX = 16 }; /* in one field; more are passed over */

/* Texts live in the arena; NULL where the parameter is absent. */
struct challenge {
	enum challenge_kind kind;
	const char *realm;
	const char *service;
	const char *scope; /* separated by blanks */
	const char *error; /* "insufficient_scope", "invalid_token" */
};

/*
 * Reads one field value. The number of challenges of a known kind that were
 * found; text that is none is passed over, and nothing behind a challenge that
 * cannot be read is believed.
 */
size_t challenge_parse(struct arena *a, struct str value, struct challenge *out, size_t max);
/*
 * The best of all fields of a response: Bearer with a realm, else Basic, else
 * kind CHALLENGE_NONE.
 */
void challenge_pick(struct arena *a, const struct http_head *h, struct challenge *out);

#endif
