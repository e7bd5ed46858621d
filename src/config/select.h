/*
 * Which registry images go to, and what --config says about it. Pure: decides
 * from the configuration and the environment, asks nobody.
 */
#ifndef CONFIG_SELECT_H
#define CONFIG_SELECT_H

#include "config/config.h"

struct buf;

/* A field of the chosen registry as it is in force, for reports. */
struct registry_field {
	const char *key;   /* spelled as in the file */
	const char *value; /* NULL for a secret */
	struct config_origin from;
};

enum { REGISTRY_FIELDS_MAX = 8 };

/* Text belongs to the arena, secret to the struct. */
struct registry_choice {
	const char *kind; /* dockerhub acr ecr gitea github gitlab quay gcr none */
	const char
		*title; /* Dockerhub ACR ECR Gitea Github Gitlab Quay.io GCR "No docker registry" */
	const char *url;    /* REG of REG/NAME:TAG, lower case; "noregistry" for none */
	const char *server; /* HOST[:PORT] to log in to; docker.io for Docker Hub; NULL for none */
	const char *user;   /* NULL when not known */
	/* not set when it comes from somewhere else: cloud chain (acr, ecr, gcr), stored
	 * credentials */
	struct secret secret;
	/* "CI_JOB_TOKEN", "registry.quay.password in /x/.buildtools.yaml"; NULL without secret */
	const char *credentials;
	bool insecure;
	const char *ca;      /* PEM file or NULL */
	const char *region;  /* ecr: configured, else of the URL, else NULL */
	const char *account; /* ecr: digits in front of the URL; NULL for ECR Public */
	bool ecr_public;
	const char *tenant;        /* acr, or NULL */
	bool ambient;              /* chosen by variables that the CI sets by itself */
	struct config_origin from; /* of the field that decided */
	struct registry_field fields[REGISTRY_FIELDS_MAX];
	size_t nfields;
};

/*
 * Chooses the registry. ci_provider is an id such as "gitlab", or NULL: in Gitea
 * and Forgejo Actions the GITHUB_ variables speak of that server, never of
 * GitHub. Files and variables that somebody set on purpose beat those that a CI
 * sets by itself; BUILDTOOLS_REGISTRY=KIND settles it by name. ERR_CONFIG names
 * the field when a configured registry cannot be used.
 */
int registry_select(struct arena *a, const struct config *c, const struct env *env,
	const char *ci_provider, struct log *log, struct registry_choice *out, struct err *err);
void registry_choice_release(struct registry_choice *r);
#define cleanup_registry_choice CLEANUP(registry_choice_release)

/*
 * The text of --config: "Current config", then YAML with ci, vcs, registry and
 * targets. ci and vcs are the names to show, such as "Gitlab" and "Git"; NULL is
 * "none". Secrets are "***".
 */
void config_show(const struct config *c, const struct registry_choice *r, const char *ci,
	const char *vcs, struct buf *out);

#endif
