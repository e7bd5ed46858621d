#include "cmd/handing.h"

#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/retry.h"
#include "docker/docker.h"
#include "image/ref.h"
#include "registry/credentials.h"

enum {
	HEARTBEAT_MS = 30000, /* CI systems end jobs that say nothing for minutes */
	SILENCE_MS = 10000,   /* of the Engine, before it is seen whether that is due */
	STALE_MS = 2 * 60000, /* tokens that were good at the start may have ended since */
	NONSENSE_MAX = 2,     /* answers without sense that are taken for an accident */
};

/* The push of one reference, all tries of it. */
struct hand {
	struct handing *run;
	const char *reference;
	const char *where; /* for credentials */
	int64_t said;      /* when something was last printed */
	int64_t started;
	struct patience patience;
	int nonsense, stale;
	bool renewed; /* what was refused was looked up anew */
};

static bool
is_transfer(const char *status)
{
	static const char *const words[] = {"Pushing", "Pushed", "Layer already exists", "Mounted"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (str_starts(str_from(status), str_from(words[i])))
			return true;
	return false;
}

/* Nothing of every layer's every step, but a sign of life. */
static void
on_progress(const char *id, const char *status, int64_t current, int64_t total, void *arg)
{
	struct hand *h = arg;
	struct log *log = h->run->log;

	if (*status)
		log_debug(log, "%s %s %s %lld/%lld", h->reference, id, status, (long long)current,
			(long long)total);
	if (*id && is_transfer(status))
		h->run->contact = true;
	if (h->run->clock() - h->said < HEARTBEAT_MS)
		return;
	h->said = h->run->clock();
	if (!*status)
		log_info(log, "still pushing '%s'", h->reference);
	else if (total > 0)
		log_info(log, "still pushing '%s': %s %s, %lld of %lld MB", h->reference, id,
			status, (long long)(current / 1000000), (long long)(total / 1000000));
	else
		log_info(log, "still pushing '%s': %s %s", h->reference, id, status);
}

/* Whether the registry refused what has an end, and there is something newer. */
static bool
is_renewed(struct hand *h, const struct err *why)
{
	if (why->kind != ERR_AUTH || h->renewed || !h->run->credentials)
		return false;
	h->renewed = true;
	return credentials_renewed(h->run->credentials, h->where);
}

/* Whether the failure is one that passes by itself. */
static bool
may_pass(struct hand *h, const struct err *why)
{
	switch (why->kind) {
	case ERR_NET:
		/* where nobody has listened so far nobody is going to */
		return why->code != ECONNREFUSED || h->run->contact;
	case ERR_PROTO:
		return h->nonsense++ < NONSENSE_MAX;
	case ERR_AUTH:
		return h->run->clock() - h->started > STALE_MS && h->stale++ == 0;
	default:
		return false;
	}
}

static int
push_once(struct hand *h, const struct ref *ref, char **digest, struct err *err)
{
	cleanup_credential struct credential cred = {0};
	struct handing *run = h->run;
	struct docker_watch watch = {
		on_progress, h, run->silence_ms ? run->silence_ms : SILENCE_MS};
	struct docker_auth auth;

	if (run->credentials && credentials_find(run->credentials, h->where, &cred, err))
		return -1;
	auth = (struct docker_auth){.user = cred.user,
		.secret = &cred.secret,
		.server = ref->domain,
		.identity = cred.kind == CREDENTIAL_IDENTITY};
	h->said = run->clock();
	return docker_push(run->docker, run->arena,
		ref_familiar(run->arena, &(struct ref){ref->domain, ref->path, NULL, NULL}),
		ref->tag, &auth, &watch, digest, err);
}

int
hand_on(struct handing *run, const char *reference, char **digest, struct err *err)
{
	struct hand h = {.run = run, .reference = reference, .started = run->clock()};
	struct ref ref;

	if (ref_parse(run->arena, str_from(reference), &ref, err))
		return -1;
	ref_or_latest(&ref);
	h.where = arena_fmt(run->arena, "%s/%s", ref.domain, ref.path);
	log_info(run->log, "Pushing tag '%s'", reference);
	for (;;) {
		struct err why = {0}, signal = {0};

		if (push_once(&h, &ref, digest, &why) == 0) {
			run->contact = true;
			return 0;
		}
		if (is_renewed(&h, &why)) {
			log_info(run->log, "%s; trying again with a new login", why.msg);
			continue;
		}
		if (!may_pass(&h, &why) ||
			!patience_wait(&h.patience, run->retry_for, run->log, &why, &signal)) {
			*err = signal.kind ? signal : why;
			return err_wrap(err, "push '%s'", reference);
		}
	}
}
