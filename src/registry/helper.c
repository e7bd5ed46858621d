#include "registry/helper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "base/jval.h"
#include "base/proc.h"

/* How much of its complaint is passed on; longest name of a server. */
enum { COMPLAINT_MAX = 300, SERVER_MAX = 1024 };

struct run {
	const char *program, *server;
	int timeout_ms;
	struct proc proc;
	struct buf out;
};

/* Reads what there is; closes the descriptor at its end. */
static int
take(struct run *r, struct err *err)
{
	char chunk[4096];
	ssize_t n = fd_read(r->proc.out, chunk, sizeof(chunk));
	int rc = 0;

	if (n <= 0)
		fd_close(&r->proc.out);
	else
		rc = buf_add(&r->out, chunk, (size_t)n, NULL);
	explicit_bzero(chunk, sizeof(chunk));
	if (rc)
		return err_set(err, ERR_AUTH, "'%s' answers more than %d bytes for '%s'",
			r->program, HELPER_OUTPUT_MAX, r->server);
	return 0;
}

/* Until its standard output ends, or the time does. */
static int
collect(struct run *r, int64_t deadline, struct err *err)
{
	struct pollfd p;
	int n;

	while (r->proc.out >= 0) {
		p = (struct pollfd){.fd = r->proc.out, .events = POLLIN};
		n = interrupt_poll(&p, 1, deadline_poll(deadline));
		if (n < 0 && errno != EINTR)
			return err_sys(err, "wait for '%s'", r->program);
		if (n < 0 && interrupt_check(err))
			return -1;
		if (n == 0)
			return err_set(err, ERR_AUTH, "'%s' has no answer for '%s' after %d ms",
				r->program, r->server, r->timeout_ms);
		if (n > 0 && take(r, err))
			return -1;
	}
	return 0;
}

/* Its own words: on standard output by the protocol, else what it wrote to standard error. */
static int
complain(const struct run *r, struct err *err)
{
	cleanup_buf struct buf clean = {0}, errs = {0};
	struct str said = str_trim(buf_view(&r->out)), line;
	size_t i;

	proc_errors(&r->proc, &errs);
	if (!said.len)
		said = str_trim(buf_view(&errs));
	if (!str_line(&said, &line))
		line = STR("no answer");
	utf8_clean(&clean, str_first(line, COMPLAINT_MAX));
	for (i = 0; i < clean.len; i++)
		if ((unsigned char)clean.p[i] < ' ')
			clean.p[i] = ' ';
	return err_set(
		err, ERR_AUTH, "'%s' fails for '%s': %s", r->program, r->server, buf_cstr(&clean));
}

static bool
is_nothing(struct str said)
{
	return str_is(said, "credentials not found in native keychain");
}

/*
 * A failing helper writes a sentence instead of an object. From one that does not
 * fail it may be the secret itself, which must not be shown.
 */
static int
understand(const struct run *r, bool failed, struct helper_answer *out, struct err *err)
{
	struct str said = str_trim(buf_view(&r->out));
	cleanup_jval struct jval *root = NULL;
	const char *user, *secret;

	if (is_nothing(said)) {
		out->outcome = HELPER_NOTHING;
		return 0;
	}
	if (!said.len || (failed && said.s[0] != '{'))
		return complain(r, err);
	root = jval_parse(said, NULL);
	if (jval_kind(root) != JVAL_OBJECT)
		return err_set(err, ERR_AUTH, "'%s' answers something that is not JSON for '%s'",
			r->program, r->server);
	user = jval_get_str(root, "Username");
	secret = jval_get_str(root, "Secret");
	if (!user || !secret)
		return err_set(err, ERR_AUTH, "'%s' answers without field '%s' for '%s'",
			r->program, user ? "Secret" : "Username", r->server);
	if (!*secret) {
		out->outcome = HELPER_NOTHING;
		return 0;
	}
	out->outcome = HELPER_FOUND;
	out->user = xstrdup(strcmp(user, "<token>") == 0 ? "" : user);
	secret_set(&out->secret, str_from(secret));
	return 0;
}

static int
ask(struct run *r, struct helper_answer *out, struct err *err)
{
	int64_t deadline = deadline_in(r->timeout_ms);
	int status = 0;
	bool failed;

	/* shorter than what a pipe holds; a helper that does not read it says so itself */
	(void)fd_write_all(r->proc.in, r->server, strlen(r->server));
	(void)fd_write_all(r->proc.in, "\n", 1);
	fd_close(&r->proc.in);
	if (collect(r, deadline, err))
		return -1;
	/* with its end everything it had to say is there; the answer itself is complete already */
	failed = proc_wait(&r->proc, deadline_poll(deadline), &status) && status != 0;
	return understand(r, failed, out, err);
}

int
helper_get(const char *suffix, const char *server, int timeout_ms, struct helper_answer *out,
	struct err *err)
{
	cleanup_free char *program = xasprintf("docker-credential-%s", suffix);
	char get[] = "get", *argv[] = {program, get, NULL};
	struct run r = {.program = program, .server = server, .timeout_ms = timeout_ms};
	struct err why = {0};
	int rc;

	*out = (struct helper_answer){0};
	if (strlen(server) > SERVER_MAX)
		return err_set(err, ERR_AUTH, "name of a registry too long for '%s'", program);
	if (proc_start(&r.proc, argv, &why)) {
		if (why.code == ENOENT) {
			out->outcome = HELPER_MISSING;
			return 0;
		}
		return err_set(err, ERR_AUTH, "%s", why.msg);
	}
	buf_init(&r.out, HELPER_OUTPUT_MAX);
	rc = ask(&r, out, err);
	proc_close(&r.proc);
	buf_wipe(&r.out);
	return rc;
}

void
helper_answer_release(struct helper_answer *a)
{
	free(a->user);
	secret_release(&a->secret);
	*a = (struct helper_answer){0};
}
