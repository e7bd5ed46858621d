#include "registry/tokens.h"

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "image/ref.h"
#include "net/url.h"
#include "registry/request.h"
#include "registry/token.h"

static bool
may_ask(struct registry *r, const char *realm)
{
	struct url u;

	return realm && url_parse(&r->arena, realm, &u, NULL) == 0 &&
	       wire_allows(&r->wire, &u, r->plain, NULL) == 0;
}

int
tokens_ask(struct registry *r, struct tokens_known *out, int64_t deadline, struct err *err)
{
	*out = (struct tokens_known){.given = false};
	if (r->cred.kind == CREDENTIAL_NONE)
		return 0;
	if (registry_ping(r, deadline, err))
		return -1;
	out->plain = r->plain;
	out->given = r->challenge.kind == CHALLENGE_BEARER && may_ask(r, r->challenge.realm);
	out->realm = out->given ? r->challenge.realm : NULL;
	return 0;
}

/* Paths differ: some token servers have one for each repository. */
static int
check_realm(struct registry *r, const char *known, const char *realm, struct err *err)
{
	struct url a, b;

	if (known && !url_parse(&r->arena, known, &a, NULL) &&
		!url_parse(&r->arena, realm, &b, NULL) && wire_same_origin(&a, &b))
		return 0;
	return err_set(err, ERR_PROTO, "'%s' is not the token server that registry '%s' names",
		realm, r->name);
}

int
tokens_fetch(struct registry *r, const struct tokens_known *known, const struct tokens_wish *wish,
	struct secret *token, int64_t *life, int64_t deadline, struct err *err)
{
	struct err why = {0};
	int rc;

	if (r->cred.kind == CREDENTIAL_BEARER) {
		secret_copy(token, &r->cred.secret);
		*life = TOKEN_LIFE_MS / 1000;
		return 0;
	}
	if (check_realm(r, known->realm, wish->realm, err))
		return -1;
	r->plain = known->plain;
	r->challenge = (struct challenge){.kind = CHALLENGE_BEARER,
		.realm = wish->realm,
		.service = *wish->service ? wish->service : NULL,
		.scope = *wish->scopes ? wish->scopes : NULL};
	rc = registry_ask_token(r, "", token, life, deadline, &why);
	if (rc && why.kind == ERR_AUTH && registry_look_again(r))
		rc = registry_ask_token(r, "", token, life, deadline, &why);
	if (rc == 0)
		*life /= 1000;
	else if (err)
		*err = why;
	return rc;
}

const char *
tokens_repository(struct arena *a, const char *scopes)
{
	struct str rest = str_from(scopes), name, actions, found = {0};
	ptrdiff_t colon;

	while (str_next(&rest, ' ', &name)) {
		if (!str_take(&name, STR("repository:")))
			continue;
		colon = str_rfind(name, ':');
		actions = str_from_off(name, colon < 0 ? name.len : (size_t)colon);
		name.len -= actions.len;
		if (!ref_path_is_valid(name))
			continue;
		if (!found.s)
			found = name;
		if (str_search(actions, STR("push")) >= 0)
			return arena_str(a, name);
	}
	return found.s ? arena_str(a, found) : NULL;
}
