/*
 * Configuration: every .buildtools.yaml from a directory up to the root, or the
 * variable BUILDTOOLS_CONTENT instead of them, and the environment above both.
 *
 * Each value remembers where it was written. Text lives in the arena that was
 * given to config_load, secrets in struct secret: config_release wipes them.
 * {0} is a valid, empty configuration.
 *
 * How files combine: the nearest file that says something about a key wins,
 * down to single fields; an explicit null ('null' or '~', not an empty value)
 * or false takes back what a farther file says. The first file that configures
 * a registry completely keeps those of other kinds in farther files out.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/secret.h"

struct env;
struct err;
struct log;

enum config_source {
	CONFIG_NOWHERE, /* not set */
	CONFIG_DEFAULT, /* built in */
	CONFIG_FILE,    /* name is the path, line and column count from 1 */
	CONFIG_CONTENT, /* the same, name is BUILDTOOLS_CONTENT */
	CONFIG_ENV      /* name is the variable, line is 0 */
};

struct config_origin {
	enum config_source source;
	const char *name;
	unsigned line, col;
};

/* Not set: value NULL, whatever 'from' says (an explicit null has a place, too). Never empty. */
struct config_text {
	const char *value;
	struct config_origin from;
	const struct config_text *beneath; /* what the environment took the place of, or NULL */
};

struct config_secret {
	struct secret value; /* borrowed by whoever reads it; wiped by config_release */
	struct config_origin from;
	struct config_secret *beneath;
};

struct config_flag {
	bool value; /* false unless set */
	bool set;
	struct config_origin from;
};

struct config_pair {
	const char *key;
	char *value;
	bool secret; /* a credential of a cache backend: mask it; config_release wipes it */
	struct config_origin from;
};

/* Free-form strings by name, in the order written, nearer files first. */
struct config_pairs {
	struct config_pair *items;
	size_t n, cap;
	bool present; /* written at all, if only as {} */
	bool closed;  /* an explicit null: farther files add nothing */
};

/* One rule as a line KEY=VALUE,KEY=VALUE; values with a comma or a quote are quoted as in CSV. */
struct config_line {
	const char *text;
	struct config_origin from;
};

/* The lists of the nearest file that has one; lists are not united. */
struct config_lines {
	struct config_line *items;
	size_t n, cap;
	bool present;
};

/* What every registry may carry besides its own keys. */
struct config_access {
	struct config_flag insecure; /* plain HTTP, or a certificate that is not checked */
	struct config_text ca; /* a PEM file; relative names are already joined to their file */
};

struct config_registries {
	struct {
		struct config_text namespace, username;
		struct config_secret password;
		struct config_access access;
	} dockerhub;
	struct {
		struct config_text url, tenant; /* tenantId */
		struct config_access access;
	} acr;
	struct {
		struct config_text url, region;
		struct config_access access;
	} ecr;
	struct {
		struct config_text registry, repository, username;
		struct config_secret token;
		struct config_access access;
	} gitea;
	struct {
		struct config_text repository, username;
		struct config_secret password, token;
		struct config_access access;
	} github;
	struct {
		struct config_text registry, repository, user;
		struct config_secret token;
		struct config_access access;
	} gitlab;
	struct {
		struct config_text repository, username;
		struct config_secret password;
		struct config_access access;
	} quay;
	struct {
		struct config_text url;
		struct config_secret keyfile; /* keyfileContent, still base64 */
		struct config_access access;
	} gcr;
};

/* ci.<provider>.*: values that stand in for variables the provider did not set */
struct config_ci {
	struct config_text name, commit, branch; /* cibuildname, cicommit, cibranchname */
	struct config_text repository;           /* cirepository, github only */
};

/* For other tools; kept for --config only. */
struct config_target {
	const char *name;
	struct config_text context, namespace;
	struct config_secret kubeconfig;
};

struct config {
	struct config_registries registry;
	struct {
		struct config_text ecr_url, ecr_tag; /* the tag has a default */
		struct config_flag go_mounts;
		struct config_text registry_ref, registry_mode; /* mode: min, max or not set */
		struct config_pairs gha, s3;                    /* attributes for BuildKit */
	} cache;
	struct {
		struct config_text image_name; /* also IMAGE_NAME; as written, not lower-cased */
		struct config_ci azure, buildkite, gitlab, github, teamcity;
	} ci;
	struct config_target *targets;
	size_t ntargets, captargets;
	struct strlist gitops;     /* names only */
	struct config_flag stages; /* not set means true */
	struct config_text default_branch;
	struct config_lines tags;     /* "type=semver,pattern={{version}}" */
	struct config_text tags_pr;   /* tags.pr: "number" or "branch"; not set means number */
	struct config_lines flavor;   /* "latest=auto", "prefix=v" */
	struct config_flag labels_on; /* labels: false; not set means true */
	struct config_pairs labels;
	struct config_flag summary, guard;
	struct config_text builder;  /* address as of --builder */
	struct config_lines secrets; /* "id=npm,src=FILE" or "id=npm,env=NAME", as of --secret */
	struct strlist files;        /* what was read, nearest first; or BUILDTOOLS_CONTENT */
};

/*
 * Reads the configuration for a directory. ERR_CONFIG with file, line and
 * column for content that is not understood; ERR_SYS or ERR_LIMIT for a file
 * that exists and cannot be read. On failure out is released.
 */
int config_load(struct arena *a, const struct env *env, const char *dir, struct log *log,
	struct config *out, struct err *err);
/* Wipes the secrets and leaves {0}; the rest belongs to the arena. */
void config_release(struct config *c);
#define cleanup_config CLEANUP(config_release)

/* "'FILE' line N", "BUILDTOOLS_CONTENT line N" or the name of the variable. */
const char *config_origin_text(struct arena *a, const struct config_origin *from);

/*
 * The rule for an address in ECR: ACCOUNT.dkr.ecr.REGION.amazonaws.com[/REPOSITORY]
 * and the other partitions, FIPS and dual-stack forms. The account has 12 digits;
 * 9 are let through, because published examples have them.
 */
bool config_is_ecr_url(const char *url);

#endif
