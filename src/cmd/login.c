#include "cmd/login.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "config/select.h"
#include "registry/cloud.h"
#include "registry/credentials.h"
#include "registry/https.h"
#include "registry/moment.h"

static const char *
host_of(struct arena *a, const char *url)
{
	struct str rest = str_from(url), host = rest;

	str_cut(&rest, '/', &host);
	return arena_str(a, host);
}

/* A login of a cloud, which ends after a while: what it takes to make it again. */
struct login {
	struct arena *arena;
	const struct env *env;
	struct log *log;
	struct cloud_registry registry;
};

static int
log_in(void *arg, struct credential *out, int64_t *expires, struct err *err)
{
	struct login *l = arg;
	struct https https;
	struct cloud cloud;

	https_init(&https, l->env);
	cloud_init(&cloud, l->arena, l->env, &https, l->log);
	return cloud_credential(&cloud, &l->registry, out, expires, err);
}

static int
fetch(struct arena *a, const struct env *env, struct log *log, const struct cloud_registry *r,
	struct credentials *c, struct err *err)
{
	cleanup_credential struct credential cred = {0};
	struct login *l = arena_new(a, struct login, 1);
	const char *host = host_of(a, r->url);
	char until[MOMENT_TEXT_LEN + 1];
	int64_t expires;

	*l = (struct login){a, env, log, *r};
	if (log_in(l, &cred, &expires, err))
		return err_wrap(err, "login to '%s'", host);
	credentials_add(c, host, cred.user, &cred.secret, cred.source);
	credentials_lend(c, host, expires, log_in, l);
	moment_text(expires, until);
	log_debug(log, "Logged in to '%s' by %s%s%s", host, cred.source, expires ? " until " : "",
		expires ? until : "");
	return 0;
}

int
login_registry(struct arena *a, const struct env *env, struct log *log,
	const struct registry_choice *r, struct credentials *c, struct err *err)
{
	struct cloud_registry cloud = {
		.kind = r->kind, .url = r->url, .region = r->region, .tenant = r->tenant};
	cleanup_credential struct credential stored = {0};
	struct err why = {0};

	if (r->server && secret_is_set(&r->secret)) {
		credentials_add(c, r->server, r->user, &r->secret, r->credentials);
		return 0;
	}
	if (!cloud_knows(r->kind) || fetch(a, env, log, &cloud, c, &why) == 0)
		return 0;
	if (why.kind != ERR_CANCELED && credentials_find(c, r->url, &stored, NULL) == 0 &&
		stored.kind != CREDENTIAL_NONE) {
		log_warn(log, "%s; using the credentials in %s", why.msg, stored.source);
		return 0;
	}
	if (err)
		*err = why;
	return -1;
}

void
login_cache(struct arena *a, const struct env *env, struct log *log,
	const struct registry_choice *r, const char *url, struct credentials *c)
{
	struct cloud_registry cloud = {.kind = "ecr", .url = url};
	struct err why = {0};

	if (!url || (r->server && !strcmp(host_of(a, url), r->server)))
		return;
	if (fetch(a, env, log, &cloud, c, &why) == 0)
		return;
	log_warn(log, "cache: %s%s%s", why.msg, *why.hint ? ": " : "", why.hint);
}

int
login_create(struct arena *a, const struct env *env, struct log *log,
	const struct registry_choice *r, const char *image, bool *immutable, struct err *err)
{
	const char *slash = strchr(image, '/');
	struct cloud_registry registry = {.kind = r->kind,
		.url = r->url,
		.region = r->region,
		.repository = slash ? slash + 1 : image};
	struct https https;
	struct cloud cloud;

	https_init(&https, env);
	cloud_init(&cloud, a, env, &https, log);
	return cloud_create(&cloud, &registry, immutable, err);
}
