#include "registry/aws_process.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jval.h"
#include "net/conn.h"
#include "net/process.h"
#include "registry/aws_metadata.h"
#include "registry/aws_sign.h"
#include "registry/cloud.h"

enum { PROCESS_MS = 60 * 1000, OUTPUT_MAX = 64 * 1024, COMPLAINT_MAX = 300 };

bool
aws_process_split(struct arena *a, struct str command, struct strlist *out)
{
	cleanup_buf struct buf word = {0};
	bool inside = false;
	char quote = 0;
	size_t i;

	for (i = 0; i < command.len; i++) {
		char c = command.s[i];

		if (!quote && (c == ' ' || c == '\t')) {
			if (inside)
				strlist_add(out, a, arena_str(a, buf_view(&word)));
			buf_reset(&word);
			inside = false;
			continue;
		}
		inside = true;
		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else if (c == '\\' && quote != '\'' && i + 1 < command.len)
			buf_putc(&word, command.s[++i]);
		else
			buf_putc(&word, c);
	}
	if (inside)
		strlist_add(out, a, arena_str(a, buf_view(&word)));
	return quote == 0;
}

static int
read_output(struct conn *conn, struct buf *out, struct err *err)
{
	int64_t deadline = deadline_in(PROCESS_MS);
	char chunk[4096];
	ssize_t n;

	while ((n = conn_read(conn, chunk, sizeof(chunk), deadline, err)) > 0)
		if (buf_add(out, chunk, (size_t)n, err))
			return -1;
	return (int)n;
}

int
aws_process_keys(struct cloud *c, const char *profile, struct str command, struct aws_keys *out,
	struct err *err)
{
	const char *source = arena_fmt(c->arena, "credential_process of profile '%s'", profile);
	cleanup_jval struct jval *doc = NULL;
	cleanup_conn struct conn *conn = NULL;
	struct strlist argv = {0};
	struct buf text;
	int rc;

	if (!aws_process_split(c->arena, command, &argv) || argv.n == 0)
		return err_set(err, ERR_CONFIG, "%s is no command", source);
	conn = conn_process(argv.items, err);
	if (!conn)
		return err_wrap(err, "%s", source);
	buf_init(&text, OUTPUT_MAX);
	buf_reserve(&text, OUTPUT_MAX / 2, NULL);
	rc = read_output(conn, &text, err);
	if (rc == 0)
		doc = jval_parse(buf_view(&text), NULL);
	if (rc)
		err_wrap(err, "%s", source);
	else if (jval_kind(doc) != JVAL_OBJECT)
		rc = err_set(err, ERR_AUTH, "%s printed no JSON object: %.*s", source,
			COMPLAINT_MAX, conn_diagnosis(conn));
	else if (jval_int(jval_get(doc, "Version"), 0) != 1)
		rc = err_set(err, ERR_AUTH, "%s printed another 'Version' than 1", source);
	else
		rc = aws_keys_parse(c, buf_view(&text), "SessionToken", source, out, err);
	buf_wipe(&text);
	return rc;
}
