#include "cmd/metadata.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/jval.h"
#include "registry/https.h"

enum { TIMEOUT_MS = 10 * 1000 };

static const char id_variable[] = "BUILDKITE_JOB_ID";
static const char token_variable[] = "BUILDKITE_AGENT_ACCESS_TOKEN";

bool
metadata_is_there(const struct env *env)
{
	const char *id = env_get(env, id_variable);

	/* it becomes a part of an address */
	return id && id[strspn(id, "0123456789abcdefABCDEF-")] == '\0' &&
	       env_get(env, token_variable);
}

static char *
address(struct arena *a, const struct env *env)
{
	const char *endpoint = env_get(env, "BUILDKITE_AGENT_ENDPOINT");
	size_t len;

	if (!endpoint)
		endpoint = "https://agent.buildkite.com/v3";
	len = strlen(endpoint);
	while (len && endpoint[len - 1] == '/')
		len--;
	return arena_fmt(a, "%.*s/jobs/%s/data/set", (int)len, endpoint, env_get(env, id_variable));
}

static int
refused(const struct https_request *req, const struct https_answer *answer, struct err *err)
{
	cleanup_jval struct jval *v = jval_parse(buf_view(&answer->body), NULL);
	const char *words = jval_get_str(v, "message");

	return err_set(err, ERR_REMOTE, "POST %s: status %d%s%s", req->url, answer->status,
		words ? ": " : "", words ? words : "");
}

int
metadata_set(struct https *https, const struct env *env, const char *key, const char *value,
	struct err *err)
{
	cleanup_arena struct arena a = {0};
	cleanup_https_answer struct https_answer answer = {0};
	cleanup_jval struct jval *entry = jval_new_object();
	cleanup_buf struct buf body = {0}, token = {0};
	struct https_request req = {
		.method = "POST", .content_type = "application/json", .timeout_ms = TIMEOUT_MS};
	struct http_extra field;
	int rc;

	jval_set_str(entry, "key", key);
	jval_set_str(entry, "value", value);
	jval_write(&body, entry, 0);
	buf_reserve(&token, strlen(env_get(env, token_variable)) + 8, NULL);
	buf_addf(&token, "Token %s", env_get(env, token_variable));
	field = (struct http_extra){"Authorization", buf_view(&token)};
	req.url = address(&a, env);
	req.fields = &field;
	req.nfields = 1;
	req.body = buf_view(&body);
	rc = https->send(https, &a, &req, &answer, err);
	buf_wipe(&token);
	if (rc)
		return -1;
	return answer.status / 100 == 2 ? 0 : refused(&req, &answer, err);
}
