#include "cmd/retry.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "buildkit/session.h"
#include "docker/words.h"

enum {
	PAUSE_FIRST_MS = 500,
	PAUSE_MOST_MS = 15000,
};

/* A command of the Dockerfile is quoted in these, and may contain anything. */
static bool
is_step(struct str text)
{
	static const char *const words[] = {
		"did not complete successfully", "executor failed running", "runc run failed"};

	return words_any(text, words, ARRAY_LEN(words));
}

/* The daemon asked us for a token, and we asked a token server. */
static bool
is_token(struct str text)
{
	return str_search(text, STR(BK_TOKEN_LATER)) >= 0;
}

static bool
is_registry_request(struct str text)
{
	static const char *const words[] = {"failed to push", "failed to do request",
		"failed to authorize", "failed to fetch", "failed to copy",
		"failed to resolve source metadata", "unexpected status"};

	return words_any(text, words, ARRAY_LEN(words));
}

/* A wrong address shows itself before anything is pushed: then nobody should wait. */
static bool
is_away(struct str text)
{
	return str_search(text, STR("failed to push")) >= 0 && words_nobody(text);
}

enum retry_cause
retry_cause_of(const struct err *err, size_t failed_steps)
{
	struct str text = str_from(err->msg);

	switch (err->kind) {
	case ERR_NET:
	case ERR_PROTO:
		return failed_steps ? RETRY_NEVER : RETRY_CONNECTION;
	case ERR_BUILD:
		if (is_step(text))
			return RETRY_NEVER;
		if (is_token(text))
			return RETRY_REGISTRY;
		if (!is_registry_request(text))
			return RETRY_NEVER;
		if (words_passing(text) || is_away(text))
			return RETRY_REGISTRY;
		return words_refused(text) ? RETRY_LOGIN : RETRY_NEVER;
	default:
		return RETRY_NEVER;
	}
}

bool
patience_wait(struct patience *p, int64_t retry_for, struct log *log, const struct err *why,
	struct err *err)
{
	int64_t now = clock_ms(), wait = PAUSE_FIRST_MS, deadline;
	unsigned char jitter;
	int i;

	if (p->tries++ == 0)
		p->until = now + retry_for;
	if (now >= p->until) {
		if (p->tries > 1)
			log_warn(log, "giving up after %d tries: the time of --retry-for is spent",
				p->tries);
		return false;
	}
	for (i = 1; i < p->tries && wait < PAUSE_MOST_MS; i++)
		wait *= 2;
	/* jobs that failed together do not come back together */
	random_bytes(&jitter, 1);
	wait += wait * jitter / 512;
	if (wait > p->until - now)
		wait = p->until - now;
	log_warn(log, "%s; trying again in %lld.%llds", why->msg, (long long)(wait / 1000),
		(long long)(wait % 1000 / 100));
	deadline = deadline_in(wait);
	while (deadline_poll(deadline) > 0) {
		interrupt_poll(NULL, 0, deadline_poll(deadline));
		if (interrupt_check(err))
			return false;
	}
	return true;
}
