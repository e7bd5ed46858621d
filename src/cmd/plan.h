/*
 * What is going to be done: the one hand-over between deciding and doing.
 *
 * Everything that decides (flags, environment, configuration, CI data, git, the
 * Dockerfile) has been asked when a plan is there; nothing behind it looks at
 * the environment again. --dry-run prints it.
 */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include <stdbool.h>

#include "base/kv.h"
#include "ci/ci.h"
#include "cmd/caches.h"
#include "cmd/dialers.h"
#include "cmd/options.h"
#include "config/config.h"
#include "config/select.h"
#include "docker/docker.h"
#include "image/platform.h"

struct buf;
struct cmd_context;
struct err;
struct input;

struct plan_stage {
	const char *name;    /* as the daemon knows it, lower case */
	const char *written; /* as tags have it */
	bool is_export;
	const char *tag; /* full reference; NULL for an export stage */
};

struct plan {
	const char *dir; /* the context: absolute, without symlinks */
	/* Or the context comes from standard input, and dir is where we are. NULL: it does not. */
	struct input *input;
	struct config config;
	struct ci ci;
	struct registry_choice registry;

	const char *name;       /* NAME */
	const char *image;      /* REG/NAME */
	struct strlist tags;    /* full references, commit first */
	const char *commit_tag; /* the one among tags that is the commit's, or NULL */

	/* Dockerfile as it will be served */
	const char *dockerfile_dir;  /* folder it is in, or NULL when it came from standard input */
	const char *dockerfile_name; /* its name there */
	struct str dockerfile;
	int64_t dockerfile_mtime_ns;

	struct plan_stage *stages; /* those that are solved for themselves, in file order */
	size_t nstages;
	bool target_is_export; /* --target names an export stage: no image is made */

	struct kvlist build_args;
	struct kvlist labels;
	struct cache_list
		imports; /* where to look, beside the images of stages; shared ones first */
	struct cache_list exports; /* where to leave results, beside the images themselves */
	struct strlist cache_from,
		cache_to; /* the same to show: of the final solve, all together */
	struct platform_list platforms;

	bool buildkit; /* else the Docker Engine */
	bool pushes;   /* the build itself publishes; else it loads into the Engine */
	const char *address;
	struct builder_address builder;  /* when buildkit */
	struct docker_endpoint endpoint; /* when !buildkit */
};

/* How far planning goes; push needs less than build, and fails with other codes. */
enum plan_step {
	PLAN_ENGINE,     /* settings of the Engine client */
	PLAN_CONFIG,     /* configuration, registry, CI data */
	PLAN_DOCKERFILE, /* Dockerfile and stages */
	PLAN_CI,         /* commit and branch */
	PLAN_TAGS
};

/* What verbs ask for; every field may be {0}. */
struct plan_request {
	const char *path; /* PATH of the command line */
	const char *file; /* --file, NULL when not given */
	const char *platform;
	const char *builder;
	const char *target;
	bool no_stages;
	bool reads_input;   /* PATH may be "-" */
	bool no_dockerfile; /* info: go on without one */
	bool only_names; /* push --from: whatever Dockerfile there is has nothing to do with it */
	const struct strlist *build_args, *labels, *tags, *cache_from, *cache_to;
	const char *missing_ci; /* what to say when neither commit nor branch is known */
};

/*
 * Decides in two parts, since whoever is going to talk to a registry logs in
 * between them (B-01, P-01): plan_begin finds backend, configuration, CI data,
 * registry and image name; plan_finish the Dockerfile, stages and tags. On
 * failure *reached names the step that failed. The plan lives in the arena and
 * must be released in any case.
 */
int plan_begin(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *out, enum plan_step *reached, struct err *err);
int plan_finish(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *out, enum plan_step *reached, struct err *err);
/* Both. */
int plan_make(struct arena *a, struct cmd_context *ctx, const struct plan_request *req,
	struct plan *out, enum plan_step *reached, struct err *err);
/* ERR_CONFIG with this text, and a hint, when nothing says what is being built. */
int plan_check_ci(const struct plan *p, const char *missing, struct err *err);
void plan_release(struct plan *p);
#define cleanup_plan CLEANUP(plan_release)

/* The object of 'build --dry-run' and 'buildtools info --json', with a final newline. */
void plan_json(struct buf *out, const struct plan *p);

#endif
