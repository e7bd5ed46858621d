/*
 * Asking the registry before work begins whether it is going to take the
 * result: nobody should lose a finished build to a mistyped password.
 */
#ifndef CMD_PREFLIGHT_H
#define CMD_PREFLIGHT_H

struct arena;
struct cmd_context;
struct credentials;
struct err;
struct log;
struct plan;
struct ref;
struct registry;

enum preflight_need {
	PREFLIGHT_LOGIN, /* the Engine builds: credentials, if there are any, must be good */
	PREFLIGHT_BUILD, /* the build itself is going to push */
	PREFLIGHT_PUSH   /* the Engine is going to push right away */
};

/*
 * 0 when nothing speaks against going on. ERR_AUTH, with cause and hint, when the
 * registry does not accept the credentials or does not let them push. A registry
 * that cannot be asked is a warning, since the daemon may reach it where we do
 * not; it is ERR_NET before a build by a daemon on this machine that would push
 * there. Nothing is asked when no registry is configured, or when there are no
 * credentials: NULL is --no-login.
 */
int preflight(struct cmd_context *ctx, const struct plan *p, enum preflight_need need,
	struct credentials *credentials, struct log *log, struct err *err);

/*
 * For a registry where no tag can be written again: ERR_CONFIG when one that is going
 * to be published is there and was made of another commit. It cannot be told from what
 * says nothing of itself, or when the registry is not to be asked.
 */
int preflight_immutable(struct cmd_context *ctx, const struct plan *p,
	struct credentials *credentials, struct log *log, struct err *err);

/*
 * A client for the repository of one reference, with what the plan knows of its
 * registry. a must outlive it, like all the rest.
 */
struct registry *preflight_open(struct cmd_context *ctx, const struct plan *p,
	const struct ref *ref, struct credentials *credentials, struct log *log, struct arena *a,
	struct err *err);

/* For reports: the same question, with what was found out in *said (in the arena). */
int preflight_report(struct cmd_context *ctx, const struct plan *p, struct credentials *credentials,
	struct arena *a, const char **said, struct err *err);

#endif
