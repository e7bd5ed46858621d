#include "config/environ.h"

#include <string.h>

#include "base/env.h"
#include "base/err.h"
#include "config/ecr.h"

#define AT(field) offsetof(struct config, field)

struct variable {
	const char *name;
	size_t offset; /* of a config_text, or of a config_secret, in struct config */
};

static const struct variable texts[] = {
	{"BUILDTOOLS_CACHE_ECR_URL", AT(cache.ecr_url)},
	{"BUILDTOOLS_CACHE_ECR_TAG", AT(cache.ecr_tag)},
	{"IMAGE_NAME", AT(ci.image_name)},
	{"DOCKERHUB_NAMESPACE", AT(registry.dockerhub.namespace)},
	{"DOCKERHUB_USERNAME", AT(registry.dockerhub.username)},
	{"ACR_URL", AT(registry.acr.url)},
	{"ACR_TENANT_ID", AT(registry.acr.tenant)},
	{"ECR_URL", AT(registry.ecr.url)},
	{"ECR_REGION", AT(registry.ecr.region)},
	{"GITHUB_REPOSITORY_OWNER", AT(registry.github.repository)},
	{"GITHUB_USERNAME", AT(registry.github.username)},
	{"CI_REGISTRY", AT(registry.gitlab.registry)},
	{"CI_REGISTRY_IMAGE", AT(registry.gitlab.repository)},
	{"CI_REGISTRY_USER", AT(registry.gitlab.user)},
	{"GITEA_REGISTRY", AT(registry.gitea.registry)},
	{"GITEA_REPOSITORY", AT(registry.gitea.repository)},
	{"GITEA_USERNAME", AT(registry.gitea.username)},
	{"QUAY_REPOSITORY", AT(registry.quay.repository)},
	{"QUAY_USERNAME", AT(registry.quay.username)},
	{"GCR_URL", AT(registry.gcr.url)},
};

static const struct variable secrets[] = {
	{"DOCKERHUB_PASSWORD", AT(registry.dockerhub.password)},
	{"GITHUB_PASSWORD", AT(registry.github.password)},
	{"GITHUB_TOKEN", AT(registry.github.token)},
	{"CI_JOB_TOKEN", AT(registry.gitlab.token)},
	{"GITEA_TOKEN", AT(registry.gitea.token)},
	{"QUAY_PASSWORD", AT(registry.quay.password)},
	{"GCR_KEYFILE_CONTENT", AT(registry.gcr.keyfile)},
};

static void
apply_text(struct arena *a, const char *name, const char *value, struct config_text *t)
{
	struct config_text *old = NULL;

	if (t->value) {
		old = arena_new(a, struct config_text, 1);
		*old = *t;
	}
	t->value = arena_cstr(a, value);
	t->from = (struct config_origin){CONFIG_ENV, name, 0, 0};
	t->beneath = old;
}

static void
apply_secret(struct arena *a, const char *name, const char *value, struct config_secret *s)
{
	struct config_secret *old = NULL;

	if (secret_is_set(&s->value)) {
		old = arena_new(a, struct config_secret, 1);
		*old = *s;
	}
	*s = (struct config_secret){.from = {CONFIG_ENV, name, 0, 0}, .beneath = old};
	secret_set(&s->value, str_from(value));
}

static bool
is_word(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* The words that the reference's language takes for a truth value, and no others. */
static int
apply_flag(const char *name, const char *value, struct config_flag *f, struct err *err)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False", NULL};

	f->value = is_word(value, yes);
	if (!f->value && !is_word(value, no)) {
		err_set(err, ERR_CONFIG, "env: '%s' is a bool: parsing \"%s\": invalid syntax",
			name, value);
		return err_hint(err, "write true or false");
	}
	f->set = true;
	f->from = (struct config_origin){CONFIG_ENV, name, 0, 0};
	return 0;
}

int
environ_apply(struct arena *a, const struct env *env, struct config *c, struct err *err)
{
	const char *value;
	char *base = (char *)c;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		value = env_get(env, texts[i].name);
		if (value)
			apply_text(a, texts[i].name, value, (void *)(base + texts[i].offset));
	}
	for (i = 0; i < ARRAY_LEN(secrets); i++) {
		value = env_get(env, secrets[i].name);
		if (value)
			apply_secret(a, secrets[i].name, value, (void *)(base + secrets[i].offset));
	}
	value = env_get(env, "BUILDTOOLS_CACHE_GO_MOUNTS");
	if (value && apply_flag("BUILDTOOLS_CACHE_GO_MOUNTS", value, &c->cache.go_mounts, err))
		return -1;
	value = c->cache.ecr_url.value;
	if (value && c->cache.ecr_url.from.source == CONFIG_ENV && !config_is_ecr_url(value)) {
		err_set(err, ERR_CONFIG, ECR_URL_REFUSED, value);
		return err_wrap(err, "'%s'", c->cache.ecr_url.from.name);
	}
	return 0;
}

bool
environ_is_base64(struct str s)
{
	size_t digits = 0, pad = 0, i;

	for (i = 0; i < s.len; i++) {
		char c = s.s[i];

		if (c == '\r' || c == '\n')
			continue;
		if (c == '=')
			pad++;
		else if (pad || !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
					(c >= '0' && c <= '9') || c == '+' || c == '/'))
			return false;
		digits++;
	}
	return digits % 4 == 0 && pad <= 2;
}
