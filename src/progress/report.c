/* What is printed after the build: failures, warnings, lines of the source. */
#include "progress/private.h"

/* A foreign text in one line, for the log at hand. */
static void
add_line(const struct progress *p, struct buf *out, struct str text)
{
	size_t from = out->len, i;

	progress_clean(out, str_trim(text), p->ci, false);
	for (i = from; i < out->len; i++)
		if (out->p[i] == '\n')
			out->p[i] = ' ';
}

static void
failure_block(struct progress *p, const struct step *s)
{
	buf_addf(&p->out, "------\n > %s:\n", s->name);
	if (s->tail.cut && p->trace.keep == 0)
		buf_puts(&p->out, "(earlier lines are left out)\n");
	buf_str(&p->out, tail_view(&s->tail, p->trace.keep));
	buf_puts(&p->out, "------\n");
	progress_flush(p);
}

void
progress_failure(struct progress *p)
{
	const struct trace *t = &p->trace;
	bool first = true;
	size_t i;

	if (p->mode == PROGRESS_RAWJSON || p->active)
		return;
	for (i = 0; i < t->nlisted; i++) {
		if (!step_is_failed(t->listed[i]))
			continue;
		/* the closed section would hide what follows */
		if (first && p->ci == PROGRESS_CI_BUILDKITE)
			buf_puts(&p->out, "^^^ +++\n");
		if (first)
			progress_guard(p);
		first = false;
		failure_block(p, t->listed[i]);
	}
	progress_unguard(p);
	progress_flush(p);
}

static void
warning_details(struct progress *p, const struct bk_warning *w)
{
	cleanup_buf struct buf source = {0};
	size_t i;

	for (i = 0; i < w->ndetails; i++) {
		add_line(p, &p->out, w->details[i]);
		buf_putc(&p->out, '\n');
	}
	if (w->url.len) {
		buf_puts(&p->out, "More info: ");
		add_line(p, &p->out, w->url);
		buf_putc(&p->out, '\n');
	}
	progress_snippet(&source, &w->source);
	progress_clean(&p->out, buf_view(&source), p->ci, false);
	buf_putc(&p->out, '\n');
}

/* The same for the CI's own list of warnings. */
static void
warning_annotation(struct progress *p, const struct bk_warning *w)
{
	cleanup_free char *name = NULL;
	const char *file = p->source_path;
	int32_t line = w->source.nranges ? w->source.ranges[0].start_line : 0;

	if (w->source.filename.len) {
		name = xstrndup(w->source.filename.s, w->source.filename.len);
		file = file ? file : name;
	} else {
		file = NULL;
	}
	progress_annotation(&p->out, p->ci, PROGRESS_WARNING, file, line, w->text);
}

void
progress_warnings(struct progress *p, bool verbose)
{
	const struct warnings *w = &p->warnings;
	bool color = p->colors && p->palette.warning[0];
	size_t i;

	if (p->mode == PROGRESS_RAWJSON || p->mode == PROGRESS_QUIET || w->n == 0)
		return;
	buf_putc(&p->out, '\n');
	progress_guard(p);
	buf_putc(&p->out, ' ');
	if (color)
		buf_addf(&p->out, "\x1b[%sm", p->palette.warning);
	buf_addf(&p->out, "%zu warning%s found", w->n, w->n == 1 ? "" : "s");
	if (!verbose)
		buf_puts(&p->out, " (use --verbose to expand)");
	buf_puts(&p->out, color ? ":\x1b[0m\n" : ":\n");
	for (i = 0; i < w->n; i++) {
		buf_puts(&p->out, " - ");
		add_line(p, &p->out, w->items[i]->text);
		buf_putc(&p->out, '\n');
		if (verbose)
			warning_details(p, w->items[i]);
	}
	progress_unguard(p);
	for (i = 0; i < w->n; i++)
		warning_annotation(p, w->items[i]);
	progress_flush(p);
}

/* ---- lines of the source ----------------------------------------------------------------- */

static int32_t
end_of(const struct bk_range *r)
{
	return r->end_line < r->start_line ? r->start_line : r->end_line;
}

static bool
is_marked(const struct bk_source *src, int64_t line)
{
	size_t i;

	for (i = 0; i < src->nranges; i++)
		if (line >= src->ranges[i].start_line && line <= end_of(&src->ranges[i]))
			return true;
	return false;
}

static void
snippet_line(struct buf *out, const struct bk_source *src, int64_t number, struct str line)
{
	buf_addf(out, " %3lld | %s ", (long long)number, is_marked(src, number) ? ">>>" : "   ");
	progress_clean(out, line, PROGRESS_CI_NONE, false);
	buf_putc(out, '\n');
}

void
progress_snippet(struct buf *out, const struct bk_source *src)
{
	struct str rest = src->data, line;
	int64_t first, last, number, context, lines = 0;
	size_t i;

	if (src->nranges == 0 || src->filename.len == 0)
		return;
	first = src->ranges[0].start_line;
	last = end_of(&src->ranges[0]);
	for (i = 1; i < src->nranges; i++) {
		if (src->ranges[i].start_line < first)
			first = src->ranges[i].start_line;
		if (end_of(&src->ranges[i]) > last)
			last = end_of(&src->ranges[i]);
	}
	while (str_line(&rest, &line))
		lines++;
	if (first < 1 || first > lines)
		return;
	progress_clean(out, src->filename, PROGRESS_CI_NONE, false);
	buf_addf(out, ":%lld\n--------------------\n", (long long)first);
	context = first == last ? 2 : 1;
	rest = src->data;
	for (number = 1; str_line(&rest, &line); number++)
		if (number >= first - context && number <= last + context)
			snippet_line(out, src, number, line);
	buf_puts(out, "--------------------\n");
}

void
progress_source(struct progress *p, const struct bk_source *src)
{
	cleanup_buf struct buf text = {0};

	if (p->mode == PROGRESS_RAWJSON)
		return;
	progress_snippet(&text, src);
	if (text.len == 0)
		return;
	progress_guard(p);
	progress_clean(&p->out, buf_view(&text), p->ci, false);
	progress_unguard(p);
	progress_flush(p);
}
