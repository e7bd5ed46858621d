#include "progress/ci.h"

#include <string.h>

#include "base/codec.h"
#include "progress/escape.h"

static const struct {
	const char *provider;
	enum progress_ci ci;
} dialects[] = {
	{"github", PROGRESS_CI_GITHUB},
	{"gitea", PROGRESS_CI_GITHUB},
	{"forgejo", PROGRESS_CI_GITHUB},
	{"gitlab", PROGRESS_CI_GITLAB},
	{"azure", PROGRESS_CI_AZURE},
	{"teamcity", PROGRESS_CI_TEAMCITY},
	{"buildkite", PROGRESS_CI_BUILDKITE},
	{"none", PROGRESS_CI_NONE},
};

enum progress_ci
progress_ci_of(const char *provider)
{
	size_t i;

	for (i = 0; provider && i < ARRAY_LEN(dialects); i++)
		if (strcmp(dialects[i].provider, provider) == 0)
			return dialects[i].ci;
	return provider && *provider ? PROGRESS_CI_OTHER : PROGRESS_CI_NONE;
}

/* What is obeyed anywhere in a line; all begin with two number signs. */
static struct str
marker_of(enum progress_ci ci)
{
	switch (ci) {
	case PROGRESS_CI_AZURE:
		return STR("##vso[");
	case PROGRESS_CI_TEAMCITY:
		return STR("##teamcity[");
	case PROGRESS_CI_GITHUB:
		return STR("##[");
	case PROGRESS_CI_NONE:
	case PROGRESS_CI_GITLAB:
	case PROGRESS_CI_BUILDKITE:
	case PROGRESS_CI_OTHER:
		break;
	}
	return (struct str){0};
}

void
ci_defuse(struct buf *text, size_t from, enum progress_ci ci)
{
	struct str marker = marker_of(ci);
	struct str rest;
	ptrdiff_t at;
	size_t i;

	if (marker.len == 0)
		return;
	i = from >= marker.len ? from - (marker.len - 1) : 0;
	for (;; i += (size_t)at + 1) {
		rest = str_from_off(buf_view(text), i);
		at = str_find(rest, '#');
		if (at < 0)
			return;
		rest = str_from_off(rest, (size_t)at);
		if (str_istarts(rest, marker))
			memset(text->p + i + at, '*', 2);
	}
}

size_t
ci_fuse(struct str text, enum progress_ci ci)
{
	struct str marker = marker_of(ci);
	size_t n;

	for (n = marker.len ? marker.len - 1 : 0; n > 0; n--)
		if (text.len >= n &&
			str_ieq(str_from_off(text, text.len - n), str_first(marker, n)))
			return n;
	return 0;
}

bool
ci_has_colors(enum progress_ci ci)
{
	return ci != PROGRESS_CI_NONE && ci != PROGRESS_CI_OTHER;
}

static void
escape_teamcity(struct buf *out, char c)
{
	buf_putc(out, '|');
	buf_putc(out, c == '\n' ? 'n' : c == '\r' ? 'r' : c);
}

void
progress_escape(struct buf *out, enum progress_ci ci, struct str text, bool property)
{
	/* Azure: '%' stays, since agents differ in whether they take %AZP25 for it */
	const char *special = ci == PROGRESS_CI_AZURE      ? "\r\n];"
			      : ci == PROGRESS_CI_TEAMCITY ? "\r\n|'[]"
			      : ci != PROGRESS_CI_GITHUB   ? ""
			      : property                   ? "\r\n%:,"
							   : "\r\n%";
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '\0')
			continue;
		if (!strchr(special, c))
			buf_putc(out, c);
		else if (ci == PROGRESS_CI_TEAMCITY)
			escape_teamcity(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned)c);
	}
}

/* A title of ours: one line without control characters. */
static void
one_line(struct buf *out, const char *text)
{
	struct buf clean = {0};
	size_t i;

	progress_clean(&clean, str_from(text), PROGRESS_CI_NONE, false);
	for (i = 0; i < clean.len; i++)
		buf_putc(out, clean.p[i] == '\n' || clean.p[i] == '\t' ? ' ' : clean.p[i]);
	buf_release(&clean);
}

void
ci_section_open(
	struct buf *out, enum progress_ci ci, const char *title, unsigned number, int64_t now_ns)
{
	cleanup_buf struct buf line = {0};

	one_line(&line, title);
	switch (ci) {
	case PROGRESS_CI_GITHUB:
		buf_puts(out, "::group::");
		progress_escape(out, PROGRESS_CI_GITHUB, buf_view(&line), false);
		break;
	case PROGRESS_CI_GITLAB:
		buf_addf(out, "\x1b[0Ksection_start:%lld:buildtools_%u\r\x1b[0K%s",
			(long long)(now_ns / 1000000000), number, buf_cstr(&line));
		break;
	case PROGRESS_CI_AZURE:
		buf_addf(out, "##[group]%s", buf_cstr(&line));
		break;
	case PROGRESS_CI_TEAMCITY:
		buf_puts(out, "##teamcity[blockOpened name='");
		progress_escape(out, PROGRESS_CI_TEAMCITY, buf_view(&line), false);
		buf_puts(out, "']");
		break;
	case PROGRESS_CI_BUILDKITE:
		buf_addf(out, "--- %s", buf_cstr(&line));
		break;
	case PROGRESS_CI_NONE:
	case PROGRESS_CI_OTHER:
		buf_addf(out, "== %s ==", buf_cstr(&line));
		break;
	}
	buf_putc(out, '\n');
}

void
ci_section_close(
	struct buf *out, enum progress_ci ci, const char *title, unsigned number, int64_t now_ns)
{
	cleanup_buf struct buf line = {0};

	switch (ci) {
	case PROGRESS_CI_GITHUB:
		buf_puts(out, "::endgroup::\n");
		break;
	case PROGRESS_CI_GITLAB:
		buf_addf(out, "\x1b[0Ksection_end:%lld:buildtools_%u\r\x1b[0K\n",
			(long long)(now_ns / 1000000000), number);
		break;
	case PROGRESS_CI_AZURE:
		buf_puts(out, "##[endgroup]\n");
		break;
	case PROGRESS_CI_TEAMCITY:
		one_line(&line, title);
		buf_puts(out, "##teamcity[blockClosed name='");
		progress_escape(out, PROGRESS_CI_TEAMCITY, buf_view(&line), false);
		buf_puts(out, "']\n");
		break;
	case PROGRESS_CI_BUILDKITE:
	case PROGRESS_CI_NONE:
	case PROGRESS_CI_OTHER:
		break;
	}
}

void
ci_guard_open(struct buf *out, enum progress_ci ci, const char *token)
{
	if (ci == PROGRESS_CI_GITHUB)
		buf_addf(out, "::stop-commands::%s\n", token);
}

void
ci_guard_close(struct buf *out, enum progress_ci ci, const char *token)
{
	if (ci == PROGRESS_CI_GITHUB)
		buf_addf(out, "::%s::\n", token);
}

static void
annotate_github(struct buf *out, bool error, const char *file, int32_t line, struct str text)
{
	buf_puts(out, error ? "::error" : "::warning");
	if (file) {
		buf_puts(out, " file=");
		progress_escape(out, PROGRESS_CI_GITHUB, str_from(file), true);
		if (line > 0)
			buf_addf(out, ",line=%d", line);
	}
	buf_puts(out, "::");
	progress_escape(out, PROGRESS_CI_GITHUB, text, false);
	buf_putc(out, '\n');
}

static void
annotate_azure(struct buf *out, bool error, const char *file, int32_t line, struct str text)
{
	buf_addf(out, "##vso[task.logissue type=%s", error ? "error" : "warning");
	if (file) {
		buf_puts(out, ";sourcepath=");
		progress_escape(out, PROGRESS_CI_AZURE, str_from(file), false);
		if (line > 0)
			buf_addf(out, ";linenumber=%d", line);
	}
	buf_putc(out, ']');
	progress_escape(out, PROGRESS_CI_AZURE, text, false);
	buf_putc(out, '\n');
}

/* TeamCity has no places, and its ERROR messages can fail a build that goes on well. */
static void
annotate_teamcity(struct buf *out, bool error, const char *file, int32_t line, struct str text)
{
	if (error)
		buf_puts(out, "##teamcity[buildProblem description='");
	else
		buf_puts(out, "##teamcity[message status='WARNING' text='");
	if (file) {
		progress_escape(out, PROGRESS_CI_TEAMCITY, str_from(file), false);
		if (line > 0)
			buf_addf(out, ":%d", line);
		buf_puts(out, ": ");
	}
	progress_escape(out, PROGRESS_CI_TEAMCITY, text, false);
	buf_puts(out, "']\n");
}

void
progress_annotation(struct buf *out, enum progress_ci ci, enum progress_level level,
	const char *file, int32_t line, struct str text)
{
	cleanup_buf struct buf clean = {0};
	bool error = level == PROGRESS_ERROR;

	progress_clean(&clean, text, PROGRESS_CI_NONE, false);
	if (ci == PROGRESS_CI_GITHUB)
		annotate_github(out, error, file, line, buf_view(&clean));
	else if (ci == PROGRESS_CI_AZURE)
		annotate_azure(out, error, file, line, buf_view(&clean));
	else if (ci == PROGRESS_CI_TEAMCITY)
		annotate_teamcity(out, error, file, line, buf_view(&clean));
}

/* A line of foreign text must not begin like a command either. */
static void
defuse_line_start(struct buf *out, size_t from, enum progress_ci ci)
{
	struct str line = str_from_off(buf_view(out), from);
	size_t blanks = 0;

	while (blanks < line.len && (line.s[blanks] == ' ' || line.s[blanks] == '\t'))
		blanks++;
	if (ci == PROGRESS_CI_GITHUB && str_starts(str_from_off(line, blanks), STR("::")))
		out->p[from + blanks] = '.';
	if (ci == PROGRESS_CI_AZURE && str_starts(str_from_off(line, blanks), STR("##[")))
		memset(out->p + from + blanks, '*', 2);
	if (ci == PROGRESS_CI_BUILDKITE && line.len > 3 && line.s[3] == ' ' &&
		(str_starts(line, STR("---")) || str_starts(line, STR("+++")) ||
			str_starts(line, STR("~~~")) || str_starts(line, STR("^^^"))))
		out->p[from] = '.';
}

void
progress_clean(struct buf *out, struct str text, enum progress_ci ci, bool colors)
{
	size_t from = out->len, line = from;
	struct escape esc = {0};
	struct escape_event ev;
	bool colored = false;

	while (escape_next(&esc, &text, &ev)) {
		if (ev.kind == ESCAPE_TEXT)
			buf_str(out, ev.text);
		if (ev.kind == ESCAPE_CONTROL && (ev.code == '\n' || ev.code == '\t'))
			buf_putc(out, ev.code);
		if (ev.kind == ESCAPE_CONTROL && ev.code == '\n') {
			defuse_line_start(out, line, ci);
			line = out->len;
		}
		if (colors && escape_is_color(&ev)) {
			buf_addf(out, "\x1b[" STR_FMT "m", STR_ARG(ev.text));
			colored = !escape_is_reset(&ev);
		}
	}
	if (colored)
		buf_puts(out, "\x1b[0m");
	defuse_line_start(out, line, ci);
	ci_defuse(out, from, ci);
}
