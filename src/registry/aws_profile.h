/*
 * The files of AWS tools, ~/.aws/config and ~/.aws/credentials: sections in
 * brackets with KEY = VALUE lines. Pure but for aws_profiles_load.
 */
#ifndef REGISTRY_AWS_PROFILE_H
#define REGISTRY_AWS_PROFILE_H

#include <stdbool.h>

#include "base/buf.h"

struct arena;
struct env;
struct err;

struct aws_setting {
	struct str profile; /* name of the section, "profile " taken off */
	struct str key;     /* as written; empty for the section itself */
	struct str value;
};

struct aws_profiles {
	struct buf config, credentials; /* the texts that the settings are views of */
	struct aws_setting *items;      /* in the arena; a later one beats an earlier one */
	size_t n, cap;
	const char *config_path, *credentials_path; /* NULL where there is no such file */
};

/*
 * Adds the settings of one text, which must outlive the struct. config: sections
 * are "[default]" and "[profile NAME]", others are of no interest; else "[NAME]".
 * Indented lines belong to the key above and are passed over. ERR_CONFIG with
 * name and line.
 */
int aws_profiles_parse(struct arena *a, const char *name, struct str text, bool config,
	struct aws_profiles *p, struct err *err);
/*
 * AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else those in ~/.aws. A missing
 * file is an empty one.
 */
int aws_profiles_load(
	struct arena *a, const struct env *env, struct aws_profiles *p, struct err *err);
void aws_profiles_release(struct aws_profiles *p);
#define cleanup_aws_profiles CLEANUP(aws_profiles_release)

bool aws_profile_exists(const struct aws_profiles *p, const char *profile);
/* Empty when it is not there, or empty. key in lower case. */
struct str aws_profile_get(const struct aws_profiles *p, const char *profile, const char *key);
/* The name of the profile that counts: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". */
const char *aws_profile_name(const struct env *env);

#endif
