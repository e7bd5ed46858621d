/*
 * Registry credentials from a cloud's own login: AWS for ECR, Microsoft Entra for
 * Azure Container Registry, Google for Artifact Registry and gcr.io. One door for
 * all of them; what they need is found in the environment, in the files of their
 * own tools and from services of the machine.
 */
#ifndef REGISTRY_CLOUD_H
#define REGISTRY_CLOUD_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct credential;
struct env;
struct err;
struct https;
struct log;

/* What a login needs besides the registry: everything borrowed. */
struct cloud {
	struct arena *arena;
	const struct env *env;
	struct https *https;
	struct log *log;
	int64_t (*clock)(void); /* seconds since the epoch */
	int64_t skew;           /* what the clock is behind the cloud's: learnt from answers */
};

/* The registry. Texts are borrowed; those that are not known are NULL. */
struct cloud_registry {
	const char *kind;   /* "ecr", "acr", "gcr" */
	const char *url;    /* HOST[/PATH] */
	const char *region; /* ecr: as configured, when the address does not say */
	const char *tenant; /* acr */
	const char
		*repository; /* ecr: below the host, as NAME of HOST/NAME:TAG; cloud_create only */
};

void cloud_init(struct cloud *c, struct arena *a, const struct env *env, struct https *https,
	struct log *log);
/* Seconds since the epoch, by the cloud's clock as far as it is known. */
int64_t cloud_now(const struct cloud *c);

/* A registry of this kind has a login of its own. */
bool cloud_knows(const char *kind);

/*
 * Logs in. *expires: seconds since the epoch, 0 when not known. ERR_AUTH when there
 * is nothing to log in with (the message lists where it was looked for) or it is
 * refused; ERR_CONFIG for settings that make no sense; ERR_NET and the like. out is
 * overwritten.
 */
int cloud_credential(struct cloud *c, const struct cloud_registry *r, struct credential *out,
	int64_t *expires, struct err *err);

/*
 * Makes the repository where the registry does not by itself on push (ECR), and
 * leaves existing ones alone. Not being allowed to look is a warning only, being in
 * another account, too. *immutable: it is known that no tag can be written again.
 */
int cloud_create(struct cloud *c, const struct cloud_registry *r, bool *immutable, struct err *err);

#endif
