/*
 * From the kind of registry that was chosen to its address, user and secret.
 * Private to config/.
 */
#ifndef CONFIG_FINISH_H
#define CONFIG_FINISH_H

#include "config/select.h"

struct env;
struct err;
struct log;

struct selection {
	struct arena *arena;
	const struct config *config;
	const struct env *env;
	struct log *log;
	struct err *err;
	bool gitea_ci;          /* GITHUB_ variables speak of a Gitea or Forgejo server */
	const char *gitea_host; /* its host, or NULL */
	bool gitea_plain;       /* it is reached by plain HTTP */
};

/*
 * A text of registry.github: in Gitea and Forgejo jobs what the CI's own
 * variables say is about another server, and what is beneath counts. May be NULL.
 */
const struct config_text *selection_github_text(
	const struct selection *s, const struct config_text *t);

/* ERR_CONFIG with the place in front of the text; returns -1. */
int selection_error(const struct selection *s, const struct config_origin *from, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));

/* Fills out, whose kind is set. */
int selection_finish(struct selection *s, struct registry_choice *out);

#endif
