#include "progress/logline.h"

#include "base/limits.h"
#include "progress/ci.h"

static const char reset[] = "\x1b[0m";

void
logline_release(struct logline *l)
{
	buf_release(&l->text);
	*l = (struct logline){0};
}

static void
start(struct logline *l, struct str prefix)
{
	buf_reset(&l->text);
	buf_str(&l->text, prefix);
	l->prefix = l->floor = prefix.len;
	l->shown = 0;
	l->open = true;
	l->cr = l->rewritten = l->colored = false;
}

void
logline_finish(struct logline *l, const struct logline_sink *sink)
{
	if (!l->open)
		return;
	if (l->colored)
		buf_puts(&l->text, reset);
	l->open = false;
	sink->line(sink->arg, buf_view(&l->text), l->shown);
	l->shown = 0;
}

/* Makes room for n bytes that stay together: a new line where one has to begin. */
static size_t
prepare(struct logline *l, const struct logline_sink *sink, struct str prefix, size_t n)
{
	if (l->open && l->cr) {
		if (l->shown)
			logline_finish(l, sink);
		start(l, prefix);
		l->rewritten = true;
	}
	if (l->open && l->text.len - l->prefix + n > LIMIT_LOG_LINE)
		logline_finish(l, sink);
	if (!l->open)
		start(l, prefix);
	return LIMIT_LOG_LINE - (l->text.len - l->prefix);
}

static void
add_text(struct logline *l, const struct logline_sink *sink, struct str prefix, struct str text)
{
	/* longer text than a character is ASCII and can be cut anywhere */
	size_t atom = text.s[0] < 0x80 ? 1 : text.len;

	while (text.len) {
		size_t room = prepare(l, sink, prefix, atom), before = l->text.len;
		struct str part = str_first(text, room);

		buf_str(&l->text, part);
		ci_defuse(&l->text, before, sink->ci);
		text = str_from_off(text, part.len);
	}
}

static void
add_color(struct logline *l, const struct logline_sink *sink, struct str prefix,
	const struct escape_event *ev)
{
	if (!sink->colors || (escape_is_reset(ev) && !(l->open && l->colored)))
		return;
	prepare(l, sink, prefix, ev->text.len + 3);
	buf_puts(&l->text, "\x1b[");
	buf_str(&l->text, ev->text);
	buf_putc(&l->text, 'm');
	l->floor = l->text.len;
	l->colored = !escape_is_reset(ev);
}

static void
backspace(struct logline *l)
{
	size_t floor = l->floor > l->shown ? l->floor : l->shown;

	if (!l->open || l->cr || l->text.len <= floor)
		return;
	do
		l->text.len--;
	while (l->text.len > floor && (l->text.p[l->text.len] & 0xc0) == 0x80);
	l->text.p[l->text.len] = '\0';
}

static void
add_control(struct logline *l, const struct logline_sink *sink, struct str prefix, char c)
{
	if (c == '\t')
		add_text(l, sink, prefix, STR("\t"));
	else if (c == '\b')
		backspace(l);
	else if (c == '\r')
		l->cr = true;
	if (c != '\n')
		return;
	if (!l->open)
		start(l, prefix);
	logline_finish(l, sink);
	l->cr = false;
}

void
logline_add(struct logline *l, const struct logline_sink *sink, struct str prefix, struct str data)
{
	struct escape_event ev;

	while (escape_next(&l->esc, &data, &ev)) {
		if (ev.kind == ESCAPE_TEXT)
			add_text(l, sink, prefix, ev.text);
		else if (ev.kind == ESCAPE_CONTROL)
			add_control(l, sink, prefix, ev.code);
		else if (escape_is_color(&ev))
			add_color(l, sink, prefix, &ev);
	}
}

size_t
logline_printable(const struct logline *l, enum progress_ci ci)
{
	return l->open ? l->text.len - ci_fuse(buf_view(&l->text), ci) : 0;
}

void
tail_release(struct tail *t)
{
	buf_release(&t->text);
	*t = (struct tail){0};
}

struct str
tail_view(const struct tail *t, size_t n)
{
	struct str text = buf_view(&t->text), head;
	ptrdiff_t at;
	size_t len = text.len;

	if (n == 0 || n >= t->nlines)
		return text;
	for (; n && len; n--) {
		head = str_first(text, len - 1);
		at = str_rfind(head, '\n');
		len = at < 0 ? 0 : (size_t)at + 1;
	}
	return str_from_off(text, len);
}

void
tail_add(struct tail *t, struct str line, size_t keep)
{
	size_t old = t->text.len;

	buf_str(&t->text, line);
	buf_putc(&t->text, '\n');
	t->nlines++;
	if (keep && t->nlines >= 4 * keep) {
		old = t->text.len - tail_view(t, keep).len;
		t->nlines = keep;
	} else if (t->text.len > TAIL_BYTES) {
		/* half of it at once, so that each byte is moved about once */
		struct str half = str_from_off(buf_view(&t->text), TAIL_BYTES / 2), head;

		str_cut(&half, '\n', &head);
		old = t->text.len - half.len;
		for (t->nlines = 0; str_cut(&half, '\n', &head);)
			t->nlines++;
	} else {
		return;
	}
	buf_consume(&t->text, old);
	t->cut = true;
}
