#include "config/finish.h"

#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "config/address.h"
#include "config/ecr.h"
#include "config/environ.h"

/* Azure's name for "the secret is a token". */
#define ACR_USER "00000000-0000-0000-0000-000000000000"

static bool
is_ci_variable(const char *name)
{
	/* what a runner sets; GITHUB_USERNAME and GITHUB_PASSWORD are somebody's own */
	return strcmp(name, "GITHUB_REPOSITORY_OWNER") == 0 || strcmp(name, "GITHUB_TOKEN") == 0;
}

const struct config_text *
selection_github_text(const struct selection *s, const struct config_text *t)
{
	if (s->gitea_ci && t->from.source == CONFIG_ENV && is_ci_variable(t->from.name))
		return t->beneath;
	return t;
}

static const struct config_secret *
github_secret(const struct selection *s, const struct config_secret *t)
{
	if (s->gitea_ci && t->from.source == CONFIG_ENV && is_ci_variable(t->from.name))
		return t->beneath;
	return t;
}

static void
add_field(struct registry_choice *out, const char *key, const char *value,
	const struct config_origin *from)
{
	if (out->nfields == REGISTRY_FIELDS_MAX)
		BUG("a registry with too many fields");
	out->fields[out->nfields++] = (struct registry_field){key, value, *from};
}

static void
show_text(struct registry_choice *out, const char *key, const struct config_text *t)
{
	if (t->value)
		add_field(out, key, t->value, &t->from);
}

static void
show_secret(struct registry_choice *out, const char *key, const struct config_secret *t)
{
	if (secret_is_set(&t->value))
		add_field(out, key, NULL, &t->from);
}

static void
use_access(struct registry_choice *out, const struct config_access *access)
{
	out->insecure = out->insecure || access->insecure.value;
	out->ca = access->ca.value;
}

static void
use_secret(const struct selection *s, struct registry_choice *out, const char *key,
	const struct config_secret *from)
{
	if (!from || !secret_is_set(&from->value))
		return;
	secret_copy(&out->secret, &from->value);
	out->credentials = from->from.source == CONFIG_ENV
				   ? from->from.name
				   : arena_fmt(s->arena, "registry.%s.%s in %s", out->kind, key,
					     from->from.name);
}

/* A secret without a user opens nothing; with --no-login that does not matter. */
static void
check_user(const struct selection *s, const struct registry_choice *out, const char *key)
{
	if (secret_is_set(&out->secret) && !out->user)
		log_warn(s->log, "%s is set, but 'registry.%s.%s' is not", out->credentials,
			out->kind, key);
}

/* Somebody may have written a password in front of the host. */
static const char *
shown(const struct selection *s, const char *value)
{
	const char *at = strrchr(value, '@');

	return at ? arena_fmt(s->arena, "...%s", at) : value;
}

/*
 * Host, path or both, as it stands in front of an image name: lower case, because
 * nothing else is a valid reference. The scheme that people copy along is dropped.
 */
static int
clean_address(const struct selection *s, const struct config_text *t, enum address_kind kind,
	const char *field, char **out)
{
	struct str v = str_trim(str_from(t->value)), part = v;
	const char *why = "is no address";
	bool changed = false;
	char *p;

	if (str_istarts(v, STR("http://"))) {
		selection_error(s, &t->from, "%s: '%s' is not an address of a registry", field,
			shown(s, t->value));
		return err_hint(s->err, "leave out 'http://' and set 'insecure: true'");
	}
	if (str_istarts(v, STR("https://")))
		v = str_from_off(v, 8);
	while (v.len && v.s[v.len - 1] == '/')
		v.len--;
	*out = arena_str(s->arena, v);
	for (p = *out; *p; p++) {
		if (*p >= 'A' && *p <= 'Z') {
			*p = (char)(*p - 'A' + 'a');
			changed = true;
		}
	}
	if (!address_check(str_from(*out), kind, &part, &why))
		return selection_error(s, &t->from,
			"%s: '%s' cannot be part of an image name: '%s' %s", field,
			shown(s, t->value), shown(s, arena_str(s->arena, part)), why);
	if (changed)
		log_info(s->log, "%s: '%s' is used as '%s', image names are lower case", field,
			t->value, *out);
	return 0;
}

static const char *
host_of(const struct selection *s, const char *address)
{
	struct str rest = str_from(address), host;

	return str_cut(&rest, '/', &host) ? arena_str(s->arena, host) : address;
}

/* The path without its last element; the whole when it has just one. */
static const char *
parent_of(const struct selection *s, const char *path)
{
	struct str p = str_from(path);
	ptrdiff_t slash = str_rfind(p, '/');

	return slash < 0 ? path : arena_str(s->arena, str_first(p, (size_t)slash));
}

static bool
is_below(const char *address, const char *host)
{
	struct str rest = str_from(address);

	return host && str_take(&rest, str_from(host)) && (!rest.len || rest.s[0] == '/');
}

static int
finish_dockerhub(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	char *url;

	if (clean_address(
		    s, &r->dockerhub.namespace, ADDRESS_PATH, "registry.dockerhub.namespace", &url))
		return -1;
	out->url = url;
	out->server = "docker.io";
	out->user = r->dockerhub.username.value;
	use_secret(s, out, "password", &r->dockerhub.password);
	use_access(out, &r->dockerhub.access);
	check_user(s, out, "username");
	show_text(out, "namespace", &r->dockerhub.namespace);
	show_text(out, "username", &r->dockerhub.username);
	show_secret(out, "password", &r->dockerhub.password);
	return 0;
}

static int
finish_acr(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	char *url;

	if (clean_address(s, &r->acr.url, ADDRESS_HOST, "registry.acr.url", &url))
		return -1;
	out->url = url;
	out->server = host_of(s, url);
	out->user = ACR_USER;
	out->tenant = r->acr.tenant.value;
	use_access(out, &r->acr.access);
	show_text(out, "url", &r->acr.url);
	show_text(out, "tenantId", &r->acr.tenant);
	return 0;
}

static int
finish_ecr(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	const struct config_text *region = &r->ecr.region;
	struct ecr_url u;
	char *url;

	if (clean_address(s, &r->ecr.url, ADDRESS_HOST, "registry.ecr.url", &url))
		return -1;
	if (!ecr_url_parse(str_from(url), &u)) {
		selection_error(s, &r->ecr.url.from, "registry.ecr.url: '%s' is no address of ECR",
			r->ecr.url.value);
		return err_hint(s->err,
			"it has the form "
			"<account>.dkr.ecr.<region>.amazonaws.com[/prefix] or public.ecr.aws/<alias>");
	}
	out->url = url;
	out->server = arena_str(s->arena, u.host);
	out->ecr_public = u.is_public;
	out->account = u.is_public ? NULL : arena_str(s->arena, u.account);
	out->region = region->value ? region->value : arena_str(s->arena, u.region);
	if (strcmp(out->region, arena_str(s->arena, u.region)) != 0)
		log_warn(s->log, "region '%s' of %s is used, '%s' is in '" STR_FMT "'",
			region->value, config_origin_text(s->arena, &region->from), url,
			STR_ARG(u.region));
	if (!u.is_public && u.account.len != 12)
		log_warn(s->log, "'%s': accounts of AWS have 12 digits", url);
	use_access(out, &r->ecr.access);
	show_text(out, "url", &r->ecr.url);
	show_text(out, "region", &r->ecr.region);
	return 0;
}

/* A text that the job's own server stands in for. */
static struct config_text
from_job(const struct selection *s, const char *variable)
{
	return (struct config_text){
		.value = env_get(s->env, variable), .from = {CONFIG_ENV, variable, 0, 0}};
}

/* In a job of the server itself its packages are the registry, and the job knows the rest. */
static void
complete_gitea(const struct selection *s, struct config_text *registry,
	struct config_text *repository, struct config_text *user, bool *own)
{
	bool named = registry->value != NULL;

	if (!named) {
		registry->value = s->gitea_host;
		registry->from = (struct config_origin){CONFIG_ENV, "GITHUB_SERVER_URL", 0, 0};
	}
	*own = str_ieq(str_from(registry->value), str_from(s->gitea_host));
	if (!named && !repository->value)
		*repository = from_job(s, "GITHUB_REPOSITORY");
	if (*own && !user->value)
		*user = from_job(s, "GITHUB_ACTOR");
}

static int
finish_gitea(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	const struct config_secret *token = &r->gitea.token;
	struct config_text registry = r->gitea.registry, repository = r->gitea.repository;
	struct config_text user = r->gitea.username;
	char *host, *path = NULL;
	bool own = false;

	if (s->gitea_host)
		complete_gitea(s, &registry, &repository, &user, &own);
	if (!registry.value)
		return selection_error(s, &repository.from,
			"registry.gitea.registry is missing beside registry.gitea.repository");
	if (clean_address(s, &registry, ADDRESS_HOST, "registry.gitea.registry", &host))
		return -1;
	if (repository.value &&
		clean_address(s, &repository, ADDRESS_PROJECT, "registry.gitea.repository", &path))
		return -1;
	out->url = path ? arena_fmt(s->arena, "%s/%s", host, parent_of(s, path)) : host;
	out->server = host_of(s, host);
	out->user = user.value;
	out->insecure = own && s->gitea_plain;
	/* the token of the job belongs to its own server, and to no other */
	if (own && !secret_is_set(&token->value) &&
		s->config->registry.github.token.from.source == CONFIG_ENV)
		token = &s->config->registry.github.token;
	use_secret(s, out, "token", token);
	use_access(out, &r->gitea.access);
	check_user(s, out, "username");
	show_text(out, "registry", &registry);
	show_text(out, "repository", &repository);
	show_text(out, "username", &user);
	show_secret(out, "token", token);
	return 0;
}

static int
finish_github(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	const struct config_text *repository = selection_github_text(s, &r->github.repository);
	const struct config_secret *token = github_secret(s, &r->github.token);
	char *path;

	if (clean_address(s, repository, ADDRESS_PATH, "registry.github.repository", &path))
		return -1;
	out->url = arena_fmt(s->arena, "ghcr.io/%s", path);
	out->server = "ghcr.io";
	out->user = r->github.username.value;
	if (!out->user && !s->gitea_ci)
		out->user = env_get(s->env, "GITHUB_ACTOR");
	/* it looks at the token only, but wants a name */
	if (!out->user)
		out->user = host_of(s, path);
	use_secret(s, out, "password", &r->github.password);
	use_secret(s, out, "token", token);
	use_access(out, &r->github.access);
	show_text(out, "repository", repository);
	show_text(out, "username", &r->github.username);
	show_secret(out, "password", &r->github.password);
	if (token)
		show_secret(out, "token", token);
	return 0;
}

/*
 * The password that GitLab hands out for its registry comes first: the job token
 * is a stand-in for it on old servers, and the file is for jobs elsewhere.
 */
static void
use_gitlab_login(const struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	const char *password = env_get(s->env, "CI_REGISTRY_PASSWORD");

	out->user = r->gitlab.user.value ? r->gitlab.user.value : "gitlab-ci-token";
	if (password) {
		secret_set(&out->secret, str_from(password));
		out->credentials = "CI_REGISTRY_PASSWORD";
		return;
	}
	use_secret(s, out, "token", &r->gitlab.token);
}

static int
finish_gitlab(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	char *host = NULL, *path = NULL;
	bool qualified;

	if (r->gitlab.registry.value && clean_address(s, &r->gitlab.registry, ADDRESS_HOST,
						"registry.gitlab.registry", &host))
		return -1;
	if (r->gitlab.repository.value && clean_address(s, &r->gitlab.repository, ADDRESS_PROJECT,
						  "registry.gitlab.repository", &path))
		return -1;
	qualified = path && (address_has_host(str_from(path)) || is_below(path, host));
	if (path && host && !qualified)
		path = arena_fmt(s->arena, "%s/%s", host, path);
	else if (path && !qualified)
		return selection_error(s, &r->gitlab.repository.from,
			"registry.gitlab.repository: '%s' has no host, and registry.gitlab.registry is missing",
			path);
	out->url = path ? parent_of(s, path) : host;
	out->server = host_of(s, host ? host : path);
	use_gitlab_login(s, out);
	use_access(out, &r->gitlab.access);
	show_text(out, "registry", &r->gitlab.registry);
	show_text(out, "repository", &r->gitlab.repository);
	show_text(out, "user", &r->gitlab.user);
	show_secret(out, "token", &r->gitlab.token);
	return 0;
}

static int
finish_quay(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	char *path;

	if (clean_address(s, &r->quay.repository, ADDRESS_PATH, "registry.quay.repository", &path))
		return -1;
	out->url = arena_fmt(s->arena, "quay.io/%s", path);
	out->server = "quay.io";
	out->user = r->quay.username.value;
	use_secret(s, out, "password", &r->quay.password);
	use_access(out, &r->quay.access);
	check_user(s, out, "username");
	show_text(out, "repository", &r->quay.repository);
	show_text(out, "username", &r->quay.username);
	show_secret(out, "password", &r->quay.password);
	return 0;
}

/* Without a key file the credentials are Google's chain's business. */
static int
finish_gcr(struct selection *s, struct registry_choice *out)
{
	const struct config_registries *r = &s->config->registry;
	const struct config_secret *key = &r->gcr.keyfile;
	struct buf plain = {0};
	char *url;

	if (clean_address(s, &r->gcr.url, ADDRESS_HOST, "registry.gcr.url", &url))
		return -1;
	out->url = url;
	out->server = host_of(s, url);
	use_access(out, &r->gcr.access);
	show_text(out, "url", &r->gcr.url);
	show_secret(out, "keyfileContent", key);
	if (!secret_is_set(&key->value))
		return 0;
	if (!environ_is_base64(secret_reveal(&key->value)) ||
		!base64_decode(&plain, secret_reveal(&key->value))) {
		buf_wipe(&plain);
		selection_error(s, &key->from, "registry.gcr.keyfileContent is not base64");
		return err_hint(s->err, "it is the key file in base64: base64 -w0 KEY.json");
	}
	use_secret(s, out, "keyfileContent", key);
	secret_release(&out->secret);
	secret_set(&out->secret, buf_view(&plain));
	buf_wipe(&plain);
	out->user = "_json_key";
	return 0;
}

int
selection_finish(struct selection *s, struct registry_choice *out)
{
	static const struct {
		const char *kind;
		int (*finish)(struct selection *s, struct registry_choice *out);
	} kinds[] = {
		{"dockerhub", finish_dockerhub},
		{"acr", finish_acr},
		{"ecr", finish_ecr},
		{"gitea", finish_gitea},
		{"github", finish_github},
		{"gitlab", finish_gitlab},
		{"quay", finish_quay},
		{"gcr", finish_gcr},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].kind, out->kind) == 0)
			return kinds[i].finish(s, out);
	BUG("an unknown kind of registry");
}
