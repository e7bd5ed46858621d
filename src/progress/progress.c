#include "progress/progress.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/interrupt.h"
#include "progress/private.h"

enum {
	PLAIN_TAIL = 10, /* lines of a failing step that are shown again */
	TTY_LINES = 6,   /* wanted rows of a window */
	BIG_BUFFER = 1024 * 1024,
	GIVE_UP_MS = 1000, /* on a reader, when the user wants to go */
};

/* ---- life -------------------------------------------------------------------------------- */

static enum progress_mode
resolve(const struct progress_options *o)
{
	if (o->mode != PROGRESS_AUTO)
		return o->mode;
	return o->terminal && !o->dumb ? PROGRESS_TTY : PROGRESS_PLAIN;
}

static char *
copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static char *
new_token(void)
{
	struct buf hex = {0};
	unsigned char bytes[16];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(&hex, bytes, sizeof(bytes));
	return buf_steal(&hex);
}

static void
set_palette(struct progress *p, const struct progress_palette *o)
{
	if (o->run[0] || o->cancel[0] || o->warning[0] || o->error[0])
		p->palette = *o;
	else
		p->palette = (struct progress_palette){"34", "33", "33", "31"};
}

struct progress *
progress_new(const struct progress_options *o, struct err *err)
{
	struct progress *p;
	enum progress_mode mode = resolve(o);

	if (mode == PROGRESS_TTY && !o->terminal) {
		err_set(err, ERR_USAGE, "progress mode 'tty' needs a terminal");
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->mode = mode;
	/* folding marks mean nothing to a person who looks at a terminal */
	p->ci = o->terminal ? PROGRESS_CI_NONE : o->ci;
	p->fd = o->fd;
	p->colors = !o->no_color && (o->terminal ? !o->dumb : ci_has_colors(o->ci));
	p->cut_names = o->cut_names;
	p->wanted_lines = o->log_lines ? o->log_lines : TTY_LINES;
	p->update_ns = (int64_t)(o->rate_ms ? o->rate_ms : UPDATE_MS) * ONE_MS;
	p->tick_ns = (int64_t)(o->rate_ms ? o->rate_ms : TICK_MS) * ONE_MS;
	set_palette(p, &o->palette);
	p->description = copy(o->description);
	p->source_path = copy(o->source_path);
	p->token = o->token ? xstrdup(o->token) : new_token();
	p->trace.ci = p->ci;
	p->trace.colors = !o->no_color && !o->dumb;
	p->trace.pending = mode == PROGRESS_PLAIN;
	p->trace.keep = mode == PROGRESS_TTY ? 0 : PLAIN_TAIL;
	p->trace.full = plain_full;
	p->trace.arg = p;
	progress_resize(p, o->width, o->height);
	return p;
}

void
progress_free(struct progress *p)
{
	if (!p)
		return;
	trace_release(&p->trace);
	warnings_release(&p->warnings);
	buf_release(&p->out);
	free(p->description);
	free(p->source_path);
	free(p->token);
	free(p->title);
	free(p);
}

enum progress_mode
progress_mode_of(const struct progress *p)
{
	return p->mode;
}

/* ---- output ------------------------------------------------------------------------------ */

/*
 * Signals are delivered only while waiting (base/interrupt.h), so this waits
 * for room and then writes no more than a pipe with room takes at once. After
 * a signal a reader that has stopped is not waited for.
 */
static int
write_whole(int fd, struct str text)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int ready;
	ssize_t n;

	while (text.len) {
		ready = interrupt_poll(&wait, 1, interrupt_signal() ? GIVE_UP_MS : -1);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return -1;
		n = fd_write(fd, text.s, text.len < PIPE_BUF ? text.len : PIPE_BUF);
		if (n < 0 && errno != EAGAIN)
			return -1;
		text = str_from_off(text, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

void
progress_flush(struct progress *p)
{
	if (p->out.len && !p->broken)
		p->broken = write_whole(p->fd, buf_view(&p->out)) != 0;
	if (p->out.cap > BIG_BUFFER)
		buf_release(&p->out);
	else
		buf_reset(&p->out);
}

void
progress_guard(struct progress *p)
{
	if (p->guarded)
		return;
	p->guarded = true;
	ci_guard_open(&p->out, p->ci, p->token);
}

void
progress_unguard(struct progress *p)
{
	if (!p->guarded)
		return;
	p->guarded = false;
	ci_guard_close(&p->out, p->ci, p->token);
}

/* ---- a Solve ----------------------------------------------------------------------------- */

static void
open_section(struct progress *p, int64_t now)
{
	if (p->title) {
		/* where the CI folds, the section is set apart as it is */
		if (p->printed && (p->ci == PROGRESS_CI_NONE || p->ci == PROGRESS_CI_OTHER))
			buf_putc(&p->out, '\n');
		ci_section_open(&p->out, p->ci, p->title, p->sections, now);
		p->printed = false;
	}
	progress_guard(p);
}

void
progress_begin(struct progress *p, const char *title, int64_t now_ns)
{
	progress_end(p, now_ns);
	trace_reset(&p->trace);
	free(p->title);
	p->title = copy(title);
	p->sections++;
	p->active = true;
	if (p->mode == PROGRESS_PLAIN)
		open_section(p, now_ns);
	progress_flush(p);
}

static int64_t
next_tick(const struct progress *p)
{
	size_t i;

	if (!p->active)
		return PROGRESS_IDLE;
	if (p->mode == PROGRESS_PLAIN)
		return p->trace.nnews || p->dirty ? p->last_draw + p->tick_ns : PROGRESS_IDLE;
	if (p->mode != PROGRESS_TTY)
		return PROGRESS_IDLE;
	if (p->dirty)
		return p->last_draw + p->tick_ns;
	for (i = 0; i < p->trace.nlisted; i++)
		if (step_is_running(p->trace.listed[i]))
			return p->last_draw + p->tick_ns;
	return PROGRESS_IDLE;
}

static void
draw(struct progress *p, int64_t now)
{
	if (p->mode == PROGRESS_PLAIN)
		plain_draw(p, now);
	else if (p->mode == PROGRESS_TTY)
		tty_draw(p, now, false);
	p->last_draw = now;
	p->dirty = false;
	progress_flush(p);
}

/* A clock that was set back must not stop the display. */
static bool
is_due(const struct progress *p, int64_t now, int64_t interval)
{
	return now < p->last_draw || now - p->last_draw >= interval;
}

int64_t
progress_update(struct progress *p, const struct bk_update *u)
{
	size_t i;

	if (!p->active)
		progress_begin(p, NULL, u->received_ns);
	if (p->mode == PROGRESS_RAWJSON) {
		rawjson_update(&p->out, u);
		progress_flush(p);
		return PROGRESS_IDLE;
	}
	trace_update(&p->trace, u);
	for (i = 0; i < u->nwarnings; i++)
		warnings_add(&p->warnings, &u->warnings[i]);
	p->dirty = true;
	if (is_due(p, u->received_ns, p->update_ns))
		draw(p, u->received_ns);
	return next_tick(p);
}

int64_t
progress_tick(struct progress *p, int64_t now_ns)
{
	if (next_tick(p) != PROGRESS_IDLE && is_due(p, now_ns, p->tick_ns))
		draw(p, now_ns);
	return next_tick(p);
}

void
progress_end(struct progress *p, int64_t now_ns)
{
	if (!p->active)
		return;
	trace_finish(&p->trace);
	if (p->mode == PROGRESS_PLAIN) {
		plain_end(p, now_ns);
		progress_unguard(p);
		if (p->title)
			ci_section_close(&p->out, p->ci, p->title, p->sections, now_ns);
	} else if (p->mode == PROGRESS_TTY) {
		tty_draw(p, now_ns, true);
	}
	p->active = p->dirty = false;
	progress_flush(p);
}

void
progress_done(struct progress *p, int64_t now_ns)
{
	progress_end(p, now_ns);
	progress_unguard(p);
	progress_flush(p);
}

/* ---- our own lines ----------------------------------------------------------------------- */

static void
own_line(struct progress *p, const char *before, const char *text, int64_t now)
{
	if (p->mode == PROGRESS_PLAIN)
		plain_fresh_line(p);
	else if (p->mode == PROGRESS_TTY && p->active)
		tty_erase(p);
	buf_puts(&p->out, before);
	progress_clean(&p->out, str_trim(str_from(text)), p->ci, false);
	buf_putc(&p->out, '\n');
	if (p->mode == PROGRESS_TTY && p->active)
		tty_draw(p, now, false);
	progress_flush(p);
}

void
progress_note(struct progress *p, const char *text, int64_t now_ns)
{
	if (p->mode == PROGRESS_PLAIN || p->mode == PROGRESS_TTY)
		own_line(p, "", text, now_ns);
}

void
progress_warn(struct progress *p, const char *text, int64_t now_ns)
{
	struct bk_warning w = {.level = 1, .text = str_from(text)};
	struct bk_update u = {.warnings = &w, .nwarnings = 1, .received_ns = now_ns};

	if (p->mode == PROGRESS_RAWJSON) {
		rawjson_update(&p->out, &u);
		progress_flush(p);
		return;
	}
	own_line(p, "warning: ", text, now_ns);
}

void
progress_resize(struct progress *p, unsigned width, unsigned height)
{
	p->width = width ? width : 80;
	p->height = height ? height : 10;
	if (p->mode == PROGRESS_TTY)
		tty_layout(p);
	p->dirty = true;
}
