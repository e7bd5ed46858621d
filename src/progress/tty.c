/* A screen that is drawn again and again in place. */
#include <stdlib.h>

#include "progress/private.h"
#include "progress/term.h"

enum {
	MIN_NAME = 12,      /* columns: rows with less are not worth showing */
	MIN_WINDOW = 6,     /* rows of output under a step */
	WINDOW_MARGIN = 10, /* columns left of it */
	SCREEN_MARGIN = 7,  /* rows that a window leaves free */
};

struct row {
	struct step *step;
	const struct status *status; /* a part of it */
	const char *warning;         /* of it */
	bool completed;
};

struct rows {
	struct row *items;
	size_t n, cap;
};

static void
add_row(struct rows *rows, struct row row)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 32;
		rows->items = xreallocarray(rows->items, rows->cap, sizeof(*rows->items));
	}
	rows->items[rows->n++] = row;
}

static void
collect(const struct trace *t, struct rows *rows)
{
	size_t i, k;

	for (i = 0; i < t->nlisted; i++) {
		struct step *s = t->listed[i];

		if (s->hidden)
			continue;
		add_row(rows, (struct row){.step = s, .completed = step_is_completed(s)});
		for (k = 0; k < s->nstatuses; k++)
			if (s->statuses[k]->listed)
				add_row(rows, (struct row){s, s->statuses[k], NULL,
						      s->statuses[k]->completed != 0});
		for (k = 0; k < s->nwarnings; k++)
			add_row(rows, (struct row){s, NULL, s->warnings[k], true});
	}
}

/* Keeps the last 'limit' rows; running ones above them push out completed ones. */
static void
limit_rows(struct rows *rows, size_t limit)
{
	struct rows out = {0};
	size_t cut, running = 0, completed = 0, i, skip;

	if (rows->n <= limit)
		return;
	cut = rows->n - limit;
	for (i = 0; i < cut; i++)
		running += !rows->items[i].completed;
	for (i = cut; i < rows->n; i++)
		completed += rows->items[i].completed;
	completed = running < completed ? running : completed;
	skip = running - completed;
	for (i = 0; i < rows->n; i++) {
		const struct row *r = &rows->items[i];

		if (i < cut && (r->completed || (skip > 0 && skip--)))
			continue;
		if (i >= cut && r->completed && completed > 0 && completed--)
			continue;
		add_row(&out, *r);
	}
	free(rows->items);
	*rows = out;
}

/* ---- windows ----------------------------------------------------------------------------- */

static unsigned
window_height(const struct progress *p)
{
	unsigned most = p->height > SCREEN_MARGIN ? p->height - SCREEN_MARGIN : 0;
	unsigned h = p->wanted_lines < most ? p->wanted_lines : most;

	return h < MIN_WINDOW ? MIN_WINDOW : h;
}

void
tty_layout(struct progress *p)
{
	p->trace.cols = p->width > WINDOW_MARGIN ? p->width - WINDOW_MARGIN : 1;
	p->trace.rows = window_height(p);
}

/* Steps that had a window for some time keep it. */
static uint64_t
importance(const struct step *s)
{
	return s->log_bytes + (uint64_t)s->term_shown * 50;
}

static int
by_importance(const void *a, const void *b)
{
	uint64_t x = importance(*(struct step *const *)a), y = importance(*(struct step *const *)b);

	return (x < y) - (x > y);
}

/* Gives windows to the steps that say most; returns the screen rows they take. */
static size_t
open_windows(struct progress *p, const struct rows *rows)
{
	struct step **wish = xreallocarray(NULL, rows->n, sizeof(struct step *));
	size_t n = 0, i, taken = 0, need = window_height(p) + 3, running = 0;
	size_t room;

	for (i = 0; i < rows->n; i++) {
		const struct row *r = &rows->items[i];

		running += !r->completed;
		r->step->term_rows = 0;
		if (!r->completed && !r->status && r->step->term)
			wish[n++] = r->step;
	}
	if (n)
		qsort(wish, n, sizeof(struct step *), by_importance);
	room = p->height > 2 + running ? p->height - 2 - running : 0;
	for (i = 0; i < n && room > need; i++) {
		term_resize(wish[i]->term, p->trace.cols, p->trace.rows);
		wish[i]->term_rows = term_used(wish[i]->term);
		wish[i]->term_shown++;
		taken += wish[i]->term_rows;
		room -= need;
	}
	free(wish);
	return taken;
}

/* ---- drawing ----------------------------------------------------------------------------- */

static void
pad(struct buf *out, size_t n)
{
	for (; n > 0; n--)
		buf_putc(out, ' ');
}

static size_t
line_columns(const struct progress *p)
{
	return p->width > 1 ? p->width - 1 : 1;
}

/* A line with text at both ends; the right one goes first when there is no room. */
static void
put_line(struct progress *p, struct str left, struct str right, const char *color)
{
	size_t columns = line_columns(p), wide = text_columns(right), used;

	if (wide >= columns)
		wide = right.len = 0;
	left = text_cut(left, columns - wide);
	used = text_columns(left);
	color = p->colors && color && *color ? color : NULL;
	if (color)
		buf_addf(&p->out, "\x1b[%sm", color);
	buf_str(&p->out, left);
	pad(&p->out, columns - used - wide);
	buf_str(&p->out, right);
	if (color)
		buf_puts(&p->out, "\x1b[0m");
	buf_putc(&p->out, '\n');
	p->lines++;
}

static void
row_name(const struct row *r, struct buf *name, struct buf *size)
{
	const struct step *s = r->step;
	cleanup_buf struct buf remark = {0};

	if (r->status) {
		buf_addf(name, "=> %s", r->status->id);
		if (r->status->current || r->status->total)
			format_size(size, r->status->current);
		if (r->status->total) {
			buf_puts(size, " / ");
			format_size(size, r->status->total);
		}
	} else if (r->warning) {
		buf_addf(name, "WARN: %s", r->warning);
	} else {
		if (s->cached)
			buf_puts(name, "CACHED ");
		if (step_is_canceled(s))
			buf_puts(name, "CANCELED ");
		else if (step_is_failed(s))
			buf_puts(name, "ERROR ");
		buf_puts(name, s->name);
		if (step_quiet_error(s, &remark))
			buf_addf(name, ": %s", buf_cstr(&remark));
	}
}

static int64_t
row_duration(const struct row *r, int64_t now)
{
	int64_t ns = 0, stop;

	if (r->status) {
		stop = r->status->completed ? r->status->completed : now;
		if (__builtin_sub_overflow(stop, r->status->started, &ns))
			ns = 0;
	} else {
		ns = step_duration(r->step, now);
	}
	return ns < 50 * ONE_MS ? 0 : ns;
}

static const char *
row_color(const struct progress *p, const struct row *r)
{
	if (r->warning || step_is_canceled(r->step))
		return p->palette.cancel;
	if (step_is_failed(r->step) && !r->status)
		return p->palette.error;
	return r->completed ? p->palette.run : NULL;
}

static void
put_row(struct progress *p, const struct row *r, int64_t now)
{
	cleanup_buf struct buf name = {0}, size = {0}, time = {0}, left = {0};
	size_t room = line_columns(p), need;

	buf_putc(&time, ' ');
	format_seconds(&time, row_duration(r, now), 1);
	buf_putc(&time, 's');
	row_name(r, &name, &size);
	need = 4 + time.len + 1;
	if (room < need + MIN_NAME)
		return;
	room -= need;
	if (size.len && room < size.len + 1 + MIN_NAME)
		buf_reset(&size);
	if (size.len)
		room -= size.len + 1;
	buf_puts(&left, " => ");
	buf_str(&left, text_cut(buf_view(&name), room));
	if (size.len)
		buf_addf(&left, " %s", buf_cstr(&size));
	put_line(p, buf_view(&left), buf_view(&time), row_color(p, r));
}

static void
put_window(struct progress *p, const struct step *s)
{
	unsigned y;

	for (y = 0; y < term_rows(s->term); y++) {
		cleanup_buf struct buf text = {0};

		buf_puts(&text, " => => # ");
		term_row(s->term, y, &text);
		if (text.len > 9)
			put_line(p, buf_view(&text), (struct str){0}, "2");
	}
}

static void
put_head(struct progress *p, int64_t now, bool final)
{
	cleanup_buf struct buf head = {0};
	size_t total = 0, done = 0, i;
	const struct trace *t = &p->trace;

	for (i = 0; i < t->nall; i++) {
		const struct step *s = t->all[i];

		if (s->group || s->hidden)
			continue;
		total++;
		done += step_is_completed(s);
	}
	buf_addf(&head, "[+] %s ", p->title ? p->title : "Building");
	format_seconds(&head, t->first_received ? now - t->first_received : 0, 1);
	buf_addf(&head, "s (%zu/%zu)%s", done, total,
		final && done && done == total ? " FINISHED" : "");
	put_line(p, buf_view(&head), str_from(p->description), NULL);
}

static void
rewind_screen(struct progress *p)
{
	if (p->lines)
		buf_addf(&p->out, "\x1b[%uA", p->lines);
	buf_putc(&p->out, '\r');
}

void
tty_erase(struct progress *p)
{
	rewind_screen(p);
	buf_puts(&p->out, "\x1b[J");
	p->lines = 0;
}

void
tty_draw(struct progress *p, int64_t now, bool final)
{
	unsigned old = p->lines;
	struct rows rows = {0};
	size_t taken = 0, i;
	int64_t daemon_now;

	if (__builtin_sub_overflow(now, p->trace.clock_diff, &daemon_now))
		daemon_now = now;

	collect(&p->trace, &rows);
	if (!final) {
		taken = open_windows(p, &rows) + 2;
		limit_rows(&rows, p->height > taken ? p->height - taken : 0);
	}
	rewind_screen(p);
	buf_puts(&p->out, "\x1b[?25l");
	p->lines = 0;
	put_head(p, now, final);
	for (i = 0; i < rows.n; i++) {
		const struct row *r = &rows.items[i];

		put_row(p, r, daemon_now);
		if (!final && !r->status && !r->warning && r->step->term && r->step->term_rows)
			put_window(p, r->step);
	}
	free(rows.items);
	if (p->lines < old) {
		unsigned surplus = old - p->lines, k;

		for (k = 0; k < surplus; k++) {
			pad(&p->out, line_columns(p));
			buf_putc(&p->out, '\n');
		}
		buf_addf(&p->out, "\x1b[%uA", surplus);
	}
	buf_puts(&p->out, "\x1b[?25h");
	if (final)
		p->lines = 0;
}
