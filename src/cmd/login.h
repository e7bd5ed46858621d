/*
 * Logins that clouds give: for registries whose password nobody wrote down, a
 * fresh one is fetched before the build or push and kept with the other
 * credentials.
 */
#ifndef CMD_LOGIN_H
#define CMD_LOGIN_H

#include <stdbool.h>

struct arena;
struct credentials;
struct env;
struct err;
struct log;
struct registry_choice;

/*
 * Adds what is known of the chosen registry: its configured secret, or what the
 * cloud's own login gives for ECR, ACR and GCR. When that fails, a stored credential
 * for the registry will do, with a warning. ERR_AUTH and the like otherwise.
 */
int login_registry(struct arena *a, const struct env *env, struct log *log,
	const struct registry_choice *r, struct credentials *c, struct err *err);

/*
 * The same for the ECR registry that the cache is in (url, NULL: none), unless it is
 * the chosen one. A build works without cache: failing is a warning.
 */
void login_cache(struct arena *a, const struct env *env, struct log *log,
	const struct registry_choice *r, const char *url, struct credentials *c);

/*
 * Makes the repository of an image (HOST/NAME) where pushing does not, in ECR.
 * *immutable: it is known that none of its tags can be written again.
 */
int login_create(struct arena *a, const struct env *env, struct log *log,
	const struct registry_choice *r, const char *image, bool *immutable, struct err *err);

#endif
