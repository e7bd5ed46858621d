#include "registry/oidc.h"

#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/jval.h"
#include "registry/cloud.h"
#include "registry/https.h"
#include "registry/oauth.h"

#define REQUEST_URL "ACTIONS_ID_TOKEN_REQUEST_URL"
#define REQUEST_TOKEN "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

bool
oidc_available(const struct env *env)
{
	return env_has(env, REQUEST_URL) && env_has(env, REQUEST_TOKEN);
}

int
oidc_token(struct cloud *c, const char *audience, struct buf *out, struct err *err)
{
	const char *url = env_get(c->env, REQUEST_URL), *token = env_get(c->env, REQUEST_TOKEN);
	cleanup_oauth_answer struct oauth_answer answer = {0};
	cleanup_buf struct buf query = {0}, words = {0};
	struct buf bearer = {0};
	struct http_extra field;
	struct https_request req = {.method = "GET", .fields = &field, .nfields = 1};
	int rc;

	https_form(&query, "audience", str_from(audience));
	req.url =
		arena_fmt(c->arena, "%s%c%s", url, strchr(url, '?') ? '&' : '?', buf_cstr(&query));
	buf_reserve(&bearer, strlen(token) + 8, NULL);
	buf_puts(&bearer, "Bearer ");
	buf_puts(&bearer, token);
	field = (struct http_extra){"Authorization", buf_view(&bearer)};
	rc = oauth_send(c, &req, &answer, err);
	buf_wipe(&bearer);
	if (rc)
		return err_wrap(err, REQUEST_URL);
	if (answer.status != 200) {
		oauth_words(&answer, &words);
		return err_setc(err, ERR_AUTH, answer.status, "the CI gives no identity token: %s",
			buf_cstr(&words));
	}
	if (!jval_get_str(answer.doc, "value"))
		return err_set(err, ERR_PROTO, "the CI answers without an identity token");
	buf_puts(out, jval_get_str(answer.doc, "value"));
	return 0;
}
