#include "buildkit/sshfilter.h"

#include "base/err.h"

enum {
	LENGTH = 4, /* bytes of the length in front of a frame */

	/* numbers of the agent protocol */
	AGENT_FAILURE = 5,
	REQUEST_IDENTITIES = 11,
	SIGN_REQUEST = 13,

	REQUESTS_MAX = 4 * SSHFILTER_FRAME_MAX, /* that may wait for the agent */
};

void
sshfilter_init(struct sshfilter *f)
{
	*f = (struct sshfilter){0};
	buf_init(&f->requests, REQUESTS_MAX);
	buf_init(&f->reply, 2 * SSHFILTER_FRAME_MAX);
}

void
sshfilter_release(struct sshfilter *f)
{
	buf_release(&f->requests);
	buf_release(&f->reply);
}

/* 1: the first frame of b is whole, *len its bytes; 0: not yet; -1 */
static int
first_frame(const struct buf *b, size_t *len, struct err *err)
{
	const uint8_t *p = (const uint8_t *)b->p;
	uint32_t body;

	if (b->len < LENGTH)
		return 0;
	body = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	if (body == 0)
		return err_set(err, ERR_PROTO, "empty message in the protocol of ssh agents");
	if (body > SSHFILTER_FRAME_MAX)
		return err_set(err, ERR_LIMIT,
			"message of more than %d bytes in the protocol of ssh agents",
			SSHFILTER_FRAME_MAX);
	*len = LENGTH + body;
	return b->len >= *len;
}

static void
refuse(struct buf *build)
{
	static const uint8_t failure[] = {0, 0, 0, 1, AGENT_FAILURE};

	buf_mem(build, failure, sizeof(failure));
}

/* The next requests up to the one that the agent has to answer. */
static int
go_on(struct sshfilter *f, struct buf *agent, struct buf *build, struct err *err)
{
	size_t len = 0;
	int whole = 0;

	while (!f->waiting && (whole = first_frame(&f->requests, &len, err)) > 0) {
		uint8_t type = (uint8_t)f->requests.p[LENGTH];

		f->waiting = type == REQUEST_IDENTITIES || type == SIGN_REQUEST;
		if (f->waiting)
			buf_mem(agent, f->requests.p, len);
		else
			refuse(build);
		buf_consume(&f->requests, len);
	}
	return whole < 0 ? -1 : 0;
}

int
sshfilter_request(struct sshfilter *f, struct str bytes, struct buf *agent, struct buf *build,
	struct err *err)
{
	if (buf_add(&f->requests, bytes.s, bytes.len, err))
		return err_wrap(err, "requests to the ssh agent");
	return go_on(f, agent, build, err);
}

int
sshfilter_reply(struct sshfilter *f, struct str bytes, struct buf *agent, struct buf *build,
	struct err *err)
{
	size_t len = 0;
	int whole;

	if (buf_add(&f->reply, bytes.s, bytes.len, err))
		return err_wrap(err, "answer of the ssh agent");
	while ((whole = first_frame(&f->reply, &len, err)) > 0) {
		if (!f->waiting)
			return err_set(
				err, ERR_PROTO, "the ssh agent answers what it was not asked");
		buf_mem(build, f->reply.p, len);
		buf_consume(&f->reply, len);
		f->waiting = false;
		if (go_on(f, agent, build, err))
			return -1;
	}
	return whole < 0 ? -1 : 0;
}

bool
sshfilter_idle(const struct sshfilter *f)
{
	size_t len;

	return !f->waiting && first_frame(&f->requests, &len, NULL) <= 0;
}
