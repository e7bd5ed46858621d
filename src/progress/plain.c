/* Lines for a log: each step under a header, one step at a time as far as they let it. */
#include <stdlib.h>

#include "progress/private.h"

static const int64_t second = 1000000000;

enum {
	SWITCH_S = 5,       /* a step keeps the output at least that long while others wait */
	STARVED_S = 10,     /* a step that waits longer gets it */
	STATUS_S = 5,       /* between two lines of one status that hardly moves */
	STATUS_PERCENT = 5, /* what counts as moving */
	REWRITE_S = 5,      /* between two looks at a progress bar */
	NAME_BYTES = 72,    /* of a name, where names are cut */
};

static void
tag(struct progress *p, const struct step *s)
{
	buf_addf(&p->out, "#%u ", s->number);
}

void
plain_fresh_line(struct progress *p)
{
	struct step *s = p->current;
	struct str rest, line;

	if (!p->midline)
		return;
	p->midline = false;
	rest = buf_view(&s->pending);
	if (s->pending_shown && str_cut(&rest, '\n', &line)) {
		/* the line has ended since: what is left of it */
		buf_str(&p->out, str_from_off(line, s->pending_shown));
		buf_consume(&s->pending, line.len + 1);
	} else if (s->log.colored) {
		buf_puts(&p->out, "\x1b[0m");
	}
	buf_putc(&p->out, '\n');
	s->pending_shown = s->log.shown = 0;
}

static void
leave(struct progress *p)
{
	if (!p->current)
		return;
	plain_fresh_line(p);
	p->current->count = 0;
	tag(p, p->current);
	buf_puts(&p->out, "...\n");
	p->current = NULL;
}

static void
header(struct progress *p, struct step *s)
{
	struct str name = str_from(s->name);
	size_t n = name.len;

	if (s->number == 0)
		s->number = ++p->number;
	leave(p);
	if (p->printed)
		buf_putc(&p->out, '\n');
	else if (p->description)
		buf_addf(&p->out, "#0 %s\n\n", p->description);
	free(steal_ptr(&p->description));
	p->printed = true;
	tag(p, s);
	if (p->cut_names && n > NAME_BYTES)
		for (n = NAME_BYTES; n > 0 && (name.s[n] & 0xc0) == 0x80; n--)
			;
	buf_str(&p->out, str_first(name, n));
	if (n < name.len)
		buf_puts(&p->out, "...");
}

static bool
status_moved(const struct status *st)
{
	double total = (double)st->total, moved = (double)st->current - (double)st->last_current;
	int64_t since;

	if (!st->printed)
		return true;
	if (st->completed)
		return !st->ended;
	if (st->total > 0 && moved * 100 >= total * STATUS_PERCENT)
		return true;
	return __builtin_sub_overflow(st->timestamp, st->last_timestamp, &since) ||
	       since >= STATUS_S * second;
}

static void
status_line(struct progress *p, const struct step *s, struct status *st)
{
	int64_t end = st->completed ? st->completed : st->timestamp, took;

	plain_fresh_line(p);
	tag(p, s);
	buf_puts(&p->out, st->id);
	if (st->current || st->total) {
		buf_putc(&p->out, ' ');
		format_size(&p->out, st->current);
	}
	if (st->total) {
		buf_puts(&p->out, " / ");
		format_size(&p->out, st->total);
	}
	if (st->started && !__builtin_sub_overflow(end, st->started, &took) &&
		took > second / 100) {
		buf_putc(&p->out, ' ');
		format_seconds(&p->out, took, 1);
		buf_putc(&p->out, 's');
	}
	buf_puts(&p->out, st->completed ? " done\n" : "\n");
	st->printed = true;
	st->last_current = st->current;
	st->last_timestamp = end;
	st->ended = st->completed != 0;
}

/* True when a status that was printed has not come to its end. */
static bool
print_statuses(struct progress *p, const struct step *s)
{
	bool open = false;
	size_t i;

	for (i = 0; i < s->nstatuses; i++) {
		struct status *st = s->statuses[i];

		if (!st->news || !st->listed)
			continue;
		st->news = false;
		if (!status_moved(st))
			continue;
		status_line(p, s, st);
		open |= st->completed == 0;
	}
	return open;
}

static void
print_lines(struct progress *p, struct step *s)
{
	struct str rest = buf_view(&s->pending), line;

	while (str_cut(&rest, '\n', &line)) {
		if (s->pending_shown == 0)
			tag(p, s);
		buf_str(&p->out, str_from_off(line, s->pending_shown));
		buf_putc(&p->out, '\n');
		s->pending_shown = 0;
		p->midline = false;
	}
	buf_reset(&s->pending);
}

/* Shows a line that has not ended; a progress bar only now and then. */
static void
print_partial(struct progress *p, struct step *s, int64_t now)
{
	struct logline *l = &s->log;
	size_t n = logline_printable(l, p->ci);

	if (n <= l->prefix || n <= l->shown)
		return;
	if (l->rewritten || l->cr) {
		if (now >= s->rewrite_shown && now - s->rewrite_shown < REWRITE_S * second)
			return;
		s->rewrite_shown = now;
	}
	if (l->shown == 0)
		tag(p, s);
	buf_str(&p->out, str_from_off(str_first(buf_view(&l->text), n), l->shown));
	l->shown = n;
	p->midline = true;
}

static void
end_line(struct progress *p, struct step *s)
{
	plain_fresh_line(p);
	tag(p, s);
	if (step_quiet_error(s, &p->out)) {
		buf_putc(&p->out, '\n');
	} else if (step_is_canceled(s)) {
		buf_puts(&p->out, "CANCELED\n");
	} else if (s->error) {
		buf_addf(&p->out, "ERROR: %s\n", s->error);
	} else if (s->cached) {
		buf_puts(&p->out, "CACHED\n");
	} else {
		buf_puts(&p->out, "DONE ");
		format_seconds(&p->out, step_duration(s, s->newest.stop), 1);
		buf_puts(&p->out, "s\n");
	}
	p->current = NULL;
	s->ended = true;
	s->count = 0;
	if (!s->error)
		step_forget_output(s);
}

static bool
has_output(const struct step *s)
{
	return s->number || s->nstatuses || s->nwarnings || s->log_bytes;
}

/* A lookup of a cache that found none is one line. */
static void
print_quiet(struct progress *p, struct step *s)
{
	header(p, s);
	buf_puts(&p->out, ": ");
	step_quiet_error(s, &p->out);
	buf_putc(&p->out, '\n');
	s->news = false;
	s->ended = true;
	s->count = 0;
}

static void
print_step(struct progress *p, struct step *s, int64_t now, bool final)
{
	bool open;

	if (s->import && s->error && step_is_completed(s) && !step_is_canceled(s) &&
		!has_output(s)) {
		print_quiet(p, s);
		return;
	}
	if (s != p->current) {
		header(p, s);
		buf_putc(&p->out, '\n');
		p->current = s;
	}
	open = print_statuses(p, s);
	for (; s->warned < s->nwarnings; s->warned++) {
		plain_fresh_line(p);
		tag(p, s);
		buf_addf(&p->out, "WARN: %s\n", s->warnings[s->warned]);
	}
	print_lines(p, s);
	print_partial(p, s, now);
	s->news = s->ended = false;
	if (step_is_completed(s) && (final || !open))
		end_line(p, s);
	if (p->out.len >= FLUSH_BYTES)
		progress_flush(p);
}

void
plain_full(void *arg, struct step *s)
{
	struct progress *p = arg;

	s->hidden = false;
	if (s != p->current) {
		header(p, s);
		buf_putc(&p->out, '\n');
		p->current = s;
	}
	print_lines(p, s);
	progress_flush(p);
}

/* ---- which step gets the output ---------------------------------------------------------- */

static int
by_completion(const void *a, const void *b)
{
	const struct step *x = *(struct step *const *)a, *y = *(struct step *const *)b;

	if (x->newest.stop != y->newest.stop)
		return x->newest.stop < y->newest.stop ? -1 : 1;
	if (x->newest.start != y->newest.start)
		return x->newest.start < y->newest.start ? -1 : 1;
	return 0;
}

/* Completed steps with news: the current one, then by completion. */
static void
print_completed(struct progress *p, int64_t now, bool final)
{
	struct trace *t = &p->trace;
	struct step **done = xreallocarray(NULL, t->nnews, sizeof(struct step *));
	size_t n = 0, i;

	if (p->current && p->current->news && step_is_completed(p->current))
		print_step(p, p->current, now, final);
	for (i = 0; i < t->nnews; i++)
		if (t->news[i]->news && !t->news[i]->hidden && step_is_completed(t->news[i]))
			done[n++] = t->news[i];
	if (n)
		qsort(done, n, sizeof(struct step *), by_completion);
	for (i = 0; i < n; i++)
		print_step(p, done[i], now, final);
	free(done);
}

/* Drops what was printed from the list of news. */
static void
sweep(struct trace *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->nnews; i++)
		if (t->news[i]->news)
			t->news[n++] = t->news[i];
	t->nnews = n;
}

/* Lookups of caches show themselves when they have something to say. */
static bool
may_show(const struct step *s)
{
	return !s->hidden && !(s->import && !has_output(s));
}

static int64_t
blocked(const struct step *s, int64_t now)
{
	if (s->count == 0 || now <= s->block_start)
		return ONE_MS;
	return now - s->block_start < ONE_MS ? ONE_MS : now - s->block_start;
}

static double
speed(const struct step *s, int64_t now)
{
	return (double)s->count / (double)blocked(s, now);
}

/* The step that should have the output next; cur (may be NULL) has it. */
static struct step *
choose(const struct trace *t, struct step *cur, int64_t now)
{
	struct step *fastest = cur, *starved = NULL;
	double sum = cur ? speed(cur, now) : 0, wait;
	size_t i;

	for (i = 0; i < t->nnews; i++) {
		struct step *s = t->news[i];

		if (s == cur || !may_show(s))
			continue;
		sum += speed(s, now);
		if (!fastest || speed(s, now) > speed(fastest, now))
			fastest = s;
		if (blocked(s, now) > STARVED_S * second &&
			(!starved || blocked(s, now) > blocked(starved, now)))
			starved = s;
	}
	if (starved || !cur)
		return starved ? starved : fastest;
	/* the larger its part of all that happens, the longer it keeps the output */
	wait = (double)blocked(cur, now) * (sum - speed(cur, now));
	return wait > SWITCH_S * (double)second * sum ? fastest : cur;
}

static struct step *
any_running(const struct trace *t)
{
	size_t i;

	for (i = 0; i < t->nlisted; i++)
		if (step_is_running(t->listed[i]) && may_show(t->listed[i]))
			return t->listed[i];
	return NULL;
}

static bool
has_news(const struct trace *t)
{
	size_t i;

	for (i = 0; i < t->nnews; i++)
		if (may_show(t->news[i]))
			return true;
	return false;
}

void
plain_draw(struct progress *p, int64_t now)
{
	struct trace *t = &p->trace;
	struct step *had = p->current, *next;

	print_completed(p, now, false);
	sweep(t);
	if (had && step_is_completed(had))
		had = NULL;
	if (!has_news(t)) {
		next = had ? p->current : any_running(t);
	} else {
		if (had && had->news)
			print_step(p, had, now, false);
		next = choose(t, p->current, now);
	}
	if (next && next != p->current)
		print_step(p, next, now, false);
	sweep(t);
}

void
plain_end(struct progress *p, int64_t now)
{
	struct trace *t = &p->trace;
	size_t i;

	print_completed(p, now, true);
	/* end lines that waited for a status must not wait any longer */
	for (i = 0; i < t->nlisted; i++) {
		struct step *s = t->listed[i];

		if (may_show(s) && (s->news || (step_is_completed(s) && !s->ended)))
			print_step(p, s, now, true);
	}
	sweep(t);
	plain_fresh_line(p);
	p->current = NULL;
}
