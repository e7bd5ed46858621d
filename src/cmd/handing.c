#include "cmd/handing.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "docker/docker.h"
#include "image/ref.h"
#include "registry/credentials.h"

enum { HEARTBEAT_MS = 30000 }; /* CI systems end jobs that say nothing for minutes */

struct hand {
	const char *reference;
	struct log *log;
	int64_t said; /* when something was last printed */
};

/* Nothing of every layer's every step, but a sign of life. */
static void
on_progress(const char *id, const char *status, int64_t current, int64_t total, void *arg)
{
	struct hand *h = arg;

	if (*status)
		log_debug(h->log, "%s %s %s %lld/%lld", h->reference, id, status,
			(long long)current, (long long)total);
	if (clock_ms() - h->said < HEARTBEAT_MS)
		return;
	h->said = clock_ms();
	if (!*status)
		log_info(h->log, "still pushing '%s'", h->reference);
	else if (total > 0)
		log_info(h->log, "still pushing '%s': %s %s, %lld of %lld MB", h->reference, id,
			status, (long long)(current / 1000000), (long long)(total / 1000000));
	else
		log_info(h->log, "still pushing '%s': %s %s", h->reference, id, status);
}

int
hand_on(const struct docker *d, struct arena *a, struct credentials *credentials,
	const char *reference, struct log *log, char **digest, struct err *err)
{
	cleanup_credential struct credential cred = {0};
	struct hand hand = {reference, log, clock_ms()};
	struct docker_auth auth;
	struct ref ref;

	if (ref_parse(a, str_from(reference), &ref, err))
		return -1;
	ref_or_latest(&ref);
	if (credentials && credentials_find(credentials,
				   arena_fmt(a, "%s/%s", ref.domain, ref.path), &cred, err))
		return -1;
	auth = (struct docker_auth){.user = cred.user,
		.secret = &cred.secret,
		.server = ref.domain,
		.identity = cred.kind == CREDENTIAL_IDENTITY};
	log_info(log, "Pushing tag '%s'", reference);
	if (docker_push(d, a, ref_familiar(a, &(struct ref){ref.domain, ref.path, NULL, NULL}),
		    ref.tag, &auth, on_progress, &hand, digest, err))
		return err_wrap(err, "push '%s'", reference);
	return 0;
}
