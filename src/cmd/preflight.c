#include "cmd/preflight.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/plan.h"
#include "image/ref.h"
#include "registry/client.h"
#include "registry/credentials.h"
#include "registry/origin.h"

enum {
	LOGIN_MS = 10000, /* a build that pushes nothing yet does not wait long for a registry */
	PUSH_MS = 30000,
};

/* Words for the usual reasons, which the registry itself does not give. */
static void
hint_refused(const struct plan *p, const char *source, struct err *err)
{
	static const struct {
		const char *kind, *hint;
	} hints[] = {
		{"github",
			"give the job 'permissions: packages: write'; a package that exists also "
			"has to list this repository under 'Manage Actions access'"},
		{"gitlab", "a job token writes to the registry of its own project only; for others "
			   "use a deploy token with write_registry"},
		{"gitea",
			"the token of a job may not write packages everywhere: use one of your own "
			"with write:package"},
		{"dockerhub",
			"is the namespace right? accounts with a second factor need an access "
			"token that may write"},
		{"quay", "robot accounts are written NAMESPACE+NAME, and need write permission"},
	};
	size_t i;

	if (!source)
		err_hint(err, "no credentials were found in configuration, variables, "
			      "DOCKER_AUTH_CONFIG and config.json");
	/* 401 is about who we are, 403 about what that one may do */
	for (i = 0; i < ARRAY_LEN(hints) && err->code != 401; i++)
		if (!strcmp(p->registry.kind, hints[i].kind))
			err_hint(err, "%s", hints[i].hint);
	err_hint(err, "check the credentials, which come from %s", source);
}

struct registry *
preflight_open(struct cmd_context *ctx, const struct plan *p, const struct ref *ref,
	struct credentials *credentials, struct log *log, struct arena *a, struct err *err)
{
	const struct registry_choice *c = &p->registry;
	bool own = c->server && !strcmp(credentials_canonical_host(c->server), ref->domain);
	struct registry_options o = {.host = ref->domain,
		.repository = ref->path,
		.insecure = own && c->insecure,
		.ca = own ? c->ca : NULL,
		.agent = arena_fmt(a, "buildtools/%s", version_text()),
		.env = &ctx->env,
		.credentials = credentials,
		.log = log};

	return registry_open(&o, err);
}

static int
ask(struct registry *r, enum preflight_need need, struct err *err)
{
	if (need == PREFLIGHT_LOGIN)
		return registry_login(r, "pull", deadline_in(LOGIN_MS), err);
	return registry_may_push(r, deadline_in(PUSH_MS), err);
}

static int
refused(const struct plan *p, const struct registry *r, const struct ref *ref, struct err *err)
{
	const char *source = registry_credential_source(r);

	hint_refused(p, source, err);
	if (!source)
		return err_wrap(err, "'%s/%s' wants credentials", ref->domain, ref->path);
	return err_wrap(err, "the credentials of %s are not good for '%s/%s'", source, ref->domain,
		ref->path);
}

/* A daemon on this machine reaches what we reach; others have networks of their own. */
static bool
is_hopeless(const struct plan *p, enum preflight_need need, const struct err *why)
{
	return need == PREFLIGHT_BUILD && why->kind == ERR_NET &&
	       str_starts(str_from(p->address), STR("unix://"));
}

static int
check(struct cmd_context *ctx, const struct plan *p, enum preflight_need need,
	const struct ref *ref, struct credentials *credentials, struct log *log, struct arena *a,
	struct err *err)
{
	cleanup_registry struct registry *r = preflight_open(ctx, p, ref, credentials, log, a, err);
	struct err why = {0};

	if (!r)
		return -1;
	if (need == PREFLIGHT_LOGIN && !registry_credential_source(r))
		return 0;
	if (ask(r, need, &why) == 0) {
		log_debug(log, "registry '%s' is ready", ref->domain);
		return 0;
	}
	if (why.kind == ERR_AUTH)
		refused(p, r, ref, &why);
	else if (is_hopeless(p, need, &why))
		err_hint(&why, "nothing was built yet: the result could not be pushed");
	else if (why.kind == ERR_REMOTE && why.code == 404)
		return 0; /* a repository that is still to be made */
	else if (why.kind != ERR_CANCELED) {
		log_warn(log, "'%s' cannot be checked beforehand: %s", ref->domain, why.msg);
		return 0;
	}
	if (err)
		*err = why;
	return -1;
}

int
preflight(struct cmd_context *ctx, const struct plan *p, enum preflight_need need,
	struct credentials *credentials, struct log *log, struct err *err)
{
	cleanup_arena struct arena a = {0};
	struct strlist asked = {0};
	size_t i = 0;

	if (!credentials || !strcmp(p->registry.kind, "none"))
		return 0;
	/* before the plan is finished there are no tags, but the name they will have */
	do {
		const char *text = p->tags.n ? p->tags.items[i] : p->image;
		struct ref ref;
		char *name;

		if (ref_parse(&a, str_from(text), &ref, err))
			return -1;
		name = ref_name(&a, &ref);
		if (strlist_has(&asked, name))
			continue;
		strlist_add(&asked, &a, name);
		if (check(ctx, p, need, &ref, credentials, log, &a, err))
			return -1;
	} while (++i < p->tags.n);
	return 0;
}

/* The revision of what a reference names; NULL: nothing, or it is not known. */
static const char *
revision_of(struct cmd_context *ctx, const struct plan *p, struct credentials *credentials,
	struct log *log, struct arena *a, const char *reference)
{
	cleanup_registry struct registry *r = NULL;
	struct registry_origin origin;
	struct err why = {0};
	struct ref ref;
	bool found;

	if (ref_parse(a, str_from(reference), &ref, NULL))
		return NULL;
	ref_or_latest(&ref);
	r = preflight_open(ctx, p, &ref, credentials, log, a, NULL);
	if (!r)
		return NULL;
	if (registry_origin(r, a, ref.tag, &origin, &found, deadline_in(PUSH_MS), &why)) {
		log_debug(log, "'%s': %s", reference, why.msg);
		return NULL;
	}
	return found ? origin.revision : NULL;
}

int
preflight_immutable(struct cmd_context *ctx, const struct plan *p, struct credentials *credentials,
	struct log *log, struct err *err)
{
	const char *label = kv_get(&p->labels, "org.opencontainers.image.revision");
	const char *ours = label ? label : p->ci.commit, *theirs;
	cleanup_arena struct arena a = {0};
	size_t i;

	for (i = 0; ours && i < p->tags.n; i++) {
		theirs = revision_of(ctx, p, credentials, log, &a, p->tags.items[i]);
		if (!theirs || !strcmp(theirs, ours))
			continue;
		err_set(err, ERR_CONFIG,
			"'%s' is there already, of commit %.64s, and its repository does not let "
			"tags be written again",
			p->tags.items[i], theirs);
		return err_hint(err, "make the repository mutable, or choose 'tags' that belong to "
				     "one commit");
	}
	return 0;
}

int
preflight_report(struct cmd_context *ctx, const struct plan *p, struct credentials *credentials,
	struct arena *a, const char **said, struct err *err)
{
	cleanup_registry struct registry *r = NULL;
	struct ref ref;
	const char *source;

	if (ref_parse(a, str_from(p->image), &ref, err))
		return -1;
	r = preflight_open(ctx, p, &ref, credentials, ctx->log, a, err);
	if (!r)
		return -1;
	source = registry_credential_source(r);
	if (registry_may_push(r, deadline_in(PUSH_MS), err)) {
		if (err->kind == ERR_AUTH)
			return refused(p, r, &ref, err);
		if (err->kind != ERR_REMOTE || err->code != 404)
			return -1;
		*said = arena_fmt(a, "%s answers; '%s' is not there yet", ref.domain, ref.path);
		return 0;
	}
	*said = arena_fmt(a, "%s lets %s push to '%s'%s%s", ref.domain,
		registry_is_open(r) ? "anybody" : "us", ref.path,
		registry_is_open(r) || !source ? "" : ", credentials from ",
		registry_is_open(r) || !source ? "" : source);
	return 0;
}
