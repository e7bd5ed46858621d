#include "docker/words.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

bool
words_any(struct str text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_search(text, str_from(words[i])) >= 0)
			return true;
	return false;
}

static bool
is_busy(uint64_t status)
{
	static const uint64_t busy[] = {408, 425, 429, 499, 500, 502, 503, 504, 522};
	size_t i;

	for (i = 0; i < ARRAY_LEN(busy); i++)
		if (status == busy[i])
			return true;
	return false;
}

/*
 * Somewhere in the text there are these words, such a status, and a blank or
 * nothing. A port or a digest is never behind a blank.
 */
static bool
has_busy_status(struct str text, const char *before)
{
	ptrdiff_t at;
	uint64_t n;

	while ((at = str_search(text, str_from(before))) >= 0) {
		text = str_from_off(text, (size_t)at + strlen(before));
		if (str_take_u64(&text, 10, &n) && is_busy(n) &&
			(text.len == 0 || text.s[0] == ' '))
			return true;
	}
	return false;
}

bool
words_passing(struct str text)
{
	static const char *const lost[] = {"toomanyrequests", "TOOMANYREQUESTS",
		"too many requests", "connection reset by peer", "broken pipe", "unexpected EOF",
		"i/o timeout", "TLS handshake timeout", "Client.Timeout exceeded",
		"context deadline exceeded", "http2: client connection lost", "server sent GOAWAY",
		"use of closed network connection", "server closed idle connection",
		"Temporary failure in name resolution", "server misbehaving", "blob upload unknown",
		"blob upload invalid", "manifest blob unknown",
		/* answers that end too early, as Go reads them */
		"malformed MIME header", "malformed HTTP status code",
		"unexpected end of JSON input"};

	/* "HTTP status: 503 Service Unavailable", "HTTP 429 response", "to https://...: 500 -" */
	return words_any(text, lost, ARRAY_LEN(lost)) || has_busy_status(text, ": ") ||
	       has_busy_status(text, "HTTP ") || str_ends(text, STR(": EOF")) ||
	       str_is(text, "EOF");
}

bool
words_refused(struct str text)
{
	static const char *const rights[] = {"unauthorized", "no basic auth credentials",
		"authentication required", "access to the resource is denied", "push access denied",
		"denied:", "insufficient_scope", "401 Unauthorized", "403 Forbidden", "Forbidden"};

	return words_any(text, rights, ARRAY_LEN(rights));
}

bool
words_nobody(struct str text)
{
	return str_search(text, STR("connection refused")) >= 0;
}
