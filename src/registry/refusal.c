#include "registry/refusal.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/mem.h"
#include "net/http1.h"

enum { DETAIL_MAX = 200, MESSAGE_MAX = 500, SHOWN_ERRORS = 3 };

/* Appends text of the peer: no control characters, at most max bytes of it. */
static void
add_text(struct buf *out, struct str text, size_t max)
{
	cleanup_buf struct buf clean = {0};
	size_t i;

	text = str_trim(text);
	utf8_clean(&clean, str_first(text, max));
	for (i = 0; i < clean.len; i++) {
		unsigned char c = (unsigned char)clean.p[i];

		buf_putc(out, c < ' ' || c == 0x7f ? ' ' : (char)c);
	}
	if (text.len > max)
		buf_puts(out, "...");
}

/* Their detail repeats what was asked for. */
static bool
is_about_rights(const char *code)
{
	return code && (!strcmp(code, "UNAUTHORIZED") || !strcmp(code, "DENIED"));
}

static void
add_entry(struct buf *out, const struct jval *e)
{
	const char *code = jval_get_str(e, "code"), *message = jval_get_str(e, "message");
	const struct jval *detail = jval_get(e, "detail");
	cleanup_buf struct buf text = {0};

	if (!code && !message)
		return;
	buf_puts(out, out->len ? "; " : "");
	if (code)
		add_text(out, str_from(code), DETAIL_MAX);
	if (message && *message) {
		buf_puts(out, code ? ": " : "");
		add_text(out, str_from(message), MESSAGE_MAX);
	}
	if (jval_str(detail))
		buf_puts(&text, jval_str(detail));
	else if (!is_about_rights(code) && (jval_len(detail) || jval_kind(detail) == JVAL_OBJECT))
		jval_write(&text, detail, 0);
	/* a document without a word in it tells nothing */
	if (text.len > 2 && !(message && str_is(buf_view(&text), message))) {
		buf_puts(out, " (");
		add_text(out, buf_view(&text), DETAIL_MAX);
		buf_puts(out, ")");
	}
}

static void
add_words(struct buf *out, struct str body)
{
	static const char *const keys[] = {
		"error_description", "details", "message", "detail", "error"};
	cleanup_jval struct jval *v = jval_parse(body, NULL);
	const struct jval *errors = jval_get(v, "errors");
	size_t i;

	for (i = 0; i < jval_len(errors) && i < SHOWN_ERRORS; i++)
		add_entry(out, jval_at(errors, i));
	for (i = 0; i < ARRAY_LEN(keys) && out->len == 0; i++)
		if (jval_get_str(v, keys[i]))
			add_text(out, str_from(jval_get_str(v, keys[i])), MESSAGE_MAX);
}

int
registry_refusal(const char *who, const struct http_head *h, struct str body, struct err *err)
{
	enum err_kind kind = h->status == 401 || h->status == 403 ? ERR_AUTH : ERR_REMOTE;
	struct str type = http_head_get(h, "content-type");
	cleanup_buf struct buf words = {0};

	if (str_search(type, STR("json")) >= 0)
		add_words(&words, body);
	else if (str_istarts(type, STR("text/plain")))
		add_text(&words, body, MESSAGE_MAX);
	if (words.len == 0) {
		add_text(&words, h->reason, DETAIL_MAX);
		return err_setc(err, kind, h->status, "%s answered %d%s%s", who, h->status,
			words.len ? " " : "", buf_cstr(&words));
	}
	return err_setc(
		err, kind, h->status, "%s answered %d %s", who, h->status, buf_cstr(&words));
}

bool
registry_status_passes(int status)
{
	switch (status) {
	case 408:
	case 429:
	case 499:
	case 500:
	case 502:
	case 503:
	case 504:
	case 509:
	case 522:
		return true;
	default:
		return false;
	}
}

int64_t
registry_retry_after(struct str value, int64_t now)
{
	struct tm tm = {0};
	char text[40];
	uint64_t seconds;
	const char *end;
	int64_t at;

	if (str_u64(value, 10, &seconds))
		return seconds > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS
							   : (int64_t)seconds * 1000;
	if (value.len == 0 || value.len >= sizeof(text))
		return -1;
	memcpy(text, value.s, value.len);
	text[value.len] = '\0';
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return -1;
	at = (int64_t)timegm(&tm);
	if (at <= now)
		return 0;
	return at - now > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : (at - now) * 1000;
}
