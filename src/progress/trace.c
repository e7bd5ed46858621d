#include "progress/trace.h"

#include <stdlib.h>
#include <string.h>

#include "progress/term.h"

/* ---- steps ------------------------------------------------------------------------------- */

void
step_forget_output(struct step *s)
{
	logline_release(&s->log);
	tail_release(&s->tail);
	buf_release(&s->pending);
	s->pending_shown = 0;
	term_free(s->term);
	s->term = NULL;
}

static void
step_free(struct step *s)
{
	size_t i;

	step_forget_output(s);
	for (i = 0; i < s->nstatuses; i++) {
		free(s->statuses[i]->id);
		free(s->statuses[i]);
	}
	for (i = 0; i < s->nwarnings; i++)
		free(s->warnings[i]);
	map_release(&s->status_by_id);
	free(s->statuses);
	free(s->warnings);
	free(s->intervals);
	free(s->name);
	free(s->error);
	free(s);
}

bool
step_is_running(const struct step *s)
{
	return s->nintervals && s->newest.stop == 0;
}

bool
step_is_completed(const struct step *s)
{
	return s->nintervals && s->newest.stop != 0;
}

bool
step_is_canceled(const struct step *s)
{
	return s->error && str_ends(str_from(s->error), STR("context canceled"));
}

bool
step_is_failed(const struct step *s)
{
	return s->error && !s->import && !step_is_canceled(s);
}

bool
step_quiet_error(const struct step *s, struct buf *out)
{
	struct str error = str_from(s->error);

	if (!s->error || !s->import || step_is_canceled(s))
		return false;
	if (str_search(error, STR("not found")) >= 0 || str_search(error, STR("unknown")) >= 0)
		buf_puts(out, "no cache there yet");
	else
		buf_addf(out, "not used: " STR_FMT, STR_ARG(error));
	return true;
}

int64_t
step_duration(const struct step *s, int64_t now)
{
	int64_t sum = 0, end = INT64_MIN;
	size_t i;

	for (i = 0; i < s->nintervals; i++) {
		int64_t start = s->intervals[i].start;
		int64_t stop = s->intervals[i].stop ? s->intervals[i].stop : now;

		if (start < end)
			start = end;
		if (stop <= start)
			continue;
		/* times are the daemon's word: sums must not overflow */
		if (__builtin_sub_overflow(stop, start, &start) ||
			__builtin_add_overflow(sum, start, &sum))
			return 0;
		end = stop;
	}
	return sum;
}

/* Sets the stop of the interval with that start, which may be new. True when that is news. */
static bool
set_interval(struct step *s, int64_t start, int64_t stop)
{
	size_t i = s->nintervals;

	while (i > 0 && s->intervals[i - 1].start > start)
		i--;
	if (i > 0 && s->intervals[i - 1].start == start) {
		i--;
		if (s->intervals[i].stop == stop)
			return false;
	} else if (s->nintervals == MAX_INTERVALS) {
		i = MAX_INTERVALS - 1;
	} else {
		if (s->nintervals == s->capintervals) {
			s->capintervals = s->capintervals ? s->capintervals * 2 : 1;
			s->intervals =
				xreallocarray(s->intervals, s->capintervals, sizeof(*s->intervals));
		}
		memmove(&s->intervals[i + 1], &s->intervals[i],
			(s->nintervals - i) * sizeof(*s->intervals));
		s->nintervals++;
	}
	s->intervals[i] = (struct interval){start, stop};
	return true;
}

static void
merge_intervals(struct step *s)
{
	struct interval newest = s->intervals[0];
	size_t i;

	for (i = 1; i < s->nintervals; i++) {
		const struct interval *next = &s->intervals[i];

		if (newest.stop && next->start > newest.stop)
			newest = *next;
		else if (newest.stop && (next->stop == 0 || next->stop > newest.stop))
			newest.stop = next->stop;
	}
	s->newest = newest;
}

/* ---- the lists --------------------------------------------------------------------------- */

static void
list_add(struct step ***list, size_t *n, size_t *cap, struct step *s)
{
	if (*n == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		*list = xreallocarray(*list, *cap, sizeof(struct step *));
	}
	(*list)[(*n)++] = s;
}

static void
set_listed(struct trace *t, struct step *s)
{
	if (s->listed)
		return;
	s->listed = true;
	list_add(&t->listed, &t->nlisted, &t->caplisted, s);
}

static void
set_news(struct trace *t, struct step *s)
{
	if (s->count++ == 0)
		s->block_start = t->now;
	if (s->news || !t->pending)
		return;
	s->news = true;
	list_add(&t->news, &t->nnews, &t->capnews, s);
}

static struct step *
new_step(struct trace *t, struct map *map, struct str key)
{
	struct step *s;

	if (t->nall >= MAX_STEPS)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->name = xstrdup("");
	map_set(map, key, s);
	list_add(&t->all, &t->nall, &t->capall, s);
	return s;
}

/* The step that shows what is said of that digest. */
static struct step *
shown_step(const struct trace *t, struct str digest)
{
	struct step *s = map_get(&t->by_digest, digest);

	return s && s->group ? s->group : s;
}

void
trace_reset(struct trace *t)
{
	size_t i;

	for (i = 0; i < t->nall; i++)
		step_free(t->all[i]);
	t->nall = t->nlisted = t->nnews = 0;
	map_release(&t->by_digest);
	map_release(&t->groups);
	t->first_received = t->clock_diff = 0;
}

/* ---- vertexes ---------------------------------------------------------------------------- */

/* Foreign text in one line. */
static char *
clean_line(const struct trace *t, struct str text)
{
	struct buf out = {0};
	size_t i;

	progress_clean(&out, str_trim(str_first(text, MAX_NAME)), t->ci, false);
	for (i = 0; i < out.len; i++)
		if (out.p[i] == '\n' || out.p[i] == '\t')
			out.p[i] = ' ';
	return buf_steal(&out);
}

static char *
clean_text(const struct trace *t, struct str text)
{
	struct buf out = {0};

	progress_clean(&out, str_trim(str_first(text, MAX_TEXT)), t->ci, false);
	return buf_steal(&out);
}

/* Takes over a fresh text; true when it differs. NULL is no text. */
static bool
replace(char **old, char *fresh)
{
	bool same = *old && fresh ? strcmp(*old, fresh) == 0 : *old == fresh;

	free(*old);
	*old = fresh;
	return !same;
}

static bool
set_name(const struct trace *t, struct step *s, struct str name)
{
	bool news = replace(&s->name, clean_line(t, name));

	s->import = str_starts(str_from(s->name), STR("importing cache manifest from "));
	return news;
}

static void
note_start(struct trace *t, const struct bk_vertex *v)
{
	if (t->first_received)
		return;
	t->first_received = t->now;
	if (__builtin_sub_overflow(t->now, v->started_ns, &t->clock_diff))
		t->clock_diff = 0;
}

static void
update_single(struct trace *t, struct step *s, const struct bk_vertex *v)
{
	bool news;

	/* what comes before the start is only a promise, and after it a repetition */
	if (!v->started_ns && s->listed)
		return;
	news = set_name(t, s, v->name);
	news |= replace(&s->error, v->error.len ? clean_text(t, v->error) : NULL);
	news |= s->cached != v->cached;
	s->cached = v->cached;
	if (!v->started_ns)
		return;
	news |= set_interval(s, v->started_ns, v->completed_ns);
	merge_intervals(s);
	set_listed(t, s);
	if (news)
		set_news(t, s);
}

static struct step *
group_of(struct trace *t, struct str id)
{
	struct step *g = map_get(&t->groups, id);

	if (!g) {
		g = new_step(t, &t->groups, id);
		if (g)
			g->hidden = true;
	}
	return g;
}

static void
update_member(struct trace *t, struct step *m, const struct bk_vertex *v)
{
	struct step *g = m->group;
	bool news = set_name(t, g, v->group_name), cached = g->cached;

	g->cached_members += v->cached;
	g->cached_members -= m->cached;
	m->cached = v->cached;
	g->cached = g->members == g->cached_members;
	news |= g->cached != cached;
	if (g->error && g->hidden) {
		g->hidden = false;
		news = true;
	}
	if (!g->error && v->error.len) {
		g->error = clean_text(t, v->error);
		news = true;
	}
	if (v->started_ns) {
		news |= set_interval(g, v->started_ns, v->completed_ns);
		merge_intervals(g);
		if (!v->group_weak && g->hidden) {
			g->hidden = false;
			news = true;
		}
	}
	if (!g->nintervals)
		return;
	if (!g->hidden)
		set_listed(t, g);
	if (news)
		set_news(t, g);
}

static void
on_vertex(struct trace *t, const struct bk_vertex *v)
{
	struct step *s = map_get(&t->by_digest, v->digest);

	if (!s) {
		s = new_step(t, &t->by_digest, v->digest);
		if (!s)
			return;
		if (v->group_id.len)
			s->group = group_of(t, v->group_id);
		if (s->group)
			s->group->members++;
	}
	if (v->started_ns)
		note_start(t, v);
	if (s->group)
		update_member(t, s, v);
	else
		update_single(t, s, v);
	s = s->group ? s->group : s;
	/* without trouble nobody asks for its output any more; plain mode prints it first */
	if (!t->pending && step_is_completed(s) && !s->error)
		step_forget_output(s);
}

/* ---- statuses and logs ------------------------------------------------------------------- */

static struct status *
new_status(const struct trace *t, struct step *s, struct str id)
{
	struct status *st;

	if (s->nstatuses >= MAX_STATUSES)
		return NULL;
	st = xcalloc(1, sizeof(*st));
	st->id = clean_line(t, id);
	map_set(&s->status_by_id, id, st);
	if (s->nstatuses == s->capstatuses) {
		s->capstatuses = s->capstatuses ? s->capstatuses * 2 : 4;
		s->statuses = xreallocarray(s->statuses, s->capstatuses, sizeof(struct status *));
	}
	s->statuses[s->nstatuses++] = st;
	return st;
}

static void
on_status(struct trace *t, const struct bk_status *b)
{
	struct step *s = shown_step(t, b->vertex);
	struct str id = str_first(b->id, MAX_NAME);
	struct status *st;

	if (!s)
		return;
	st = map_get(&s->status_by_id, id);
	if (!st)
		st = new_status(t, s, id);
	if (!st)
		return;
	st->current = b->current;
	st->total = b->total;
	st->timestamp = b->timestamp_ns;
	st->started = b->started_ns;
	st->completed = b->completed_ns;
	st->listed |= b->started_ns != 0;
	st->news = true;
	set_news(t, s);
}

struct sink_arg {
	struct trace *t;
	struct step *s;
};

static void
on_line(void *arg, struct str line, size_t shown)
{
	struct sink_arg *a = arg;
	struct step *s = a->s;

	if (!step_is_completed(s) || s->error || a->t->pending)
		tail_add(&s->tail, line, a->t->keep);
	if (!a->t->pending)
		return;
	if (s->pending.len == 0)
		s->pending_shown = shown;
	buf_str(&s->pending, line);
	buf_putc(&s->pending, '\n');
	if (s->pending.len >= MAX_PENDING)
		a->t->full(a->t->arg, s);
}

static void
feed_term(const struct trace *t, struct step *s, struct str data)
{
	if (!t->cols || !t->rows)
		return;
	if (!s->term && step_is_running(s))
		s->term = term_new(t->cols, t->rows);
	if (s->term)
		term_write(s->term, data);
}

static void
on_log(struct trace *t, const struct bk_log *b)
{
	struct step *s = shown_step(t, b->vertex);
	struct sink_arg arg = {t, s};
	struct logline_sink sink = {on_line, &arg, t->ci, t->colors};
	struct buf prefix = {0};
	int64_t ns;

	if (!s || b->data.len == 0)
		return;
	if (!s->nintervals || __builtin_sub_overflow(b->timestamp_ns, s->newest.start, &ns))
		ns = 0;
	format_seconds(&prefix, ns, ns < 10000000000 ? 3 : ns < 100000000000 ? 2 : 1);
	buf_putc(&prefix, ' ');
	s->log_bytes += b->data.len;
	logline_add(&s->log, &sink, buf_view(&prefix), b->data);
	feed_term(t, s, b->data);
	buf_release(&prefix);
	set_news(t, s);
}

static void
on_warning(struct trace *t, const struct bk_warning *w)
{
	struct step *s = shown_step(t, w->vertex);
	cleanup_free char *text = NULL;
	size_t i;

	if (!s || s->nwarnings >= MAX_WARNINGS)
		return;
	text = clean_line(t, w->text);
	/* a large update is split, and each part repeats the warnings */
	for (i = 0; i < s->nwarnings; i++)
		if (strcmp(s->warnings[i], text) == 0)
			return;
	if (s->nwarnings == s->capwarnings) {
		s->capwarnings = s->capwarnings ? s->capwarnings * 2 : 4;
		s->warnings = xreallocarray(s->warnings, s->capwarnings, sizeof(char *));
	}
	s->warnings[s->nwarnings++] = steal_ptr(&text);
	set_news(t, s);
}

void
trace_update(struct trace *t, const struct bk_update *u)
{
	size_t i;

	t->now = u->received_ns;
	for (i = 0; i < u->nvertexes; i++)
		on_vertex(t, &u->vertexes[i]);
	for (i = 0; i < u->nstatuses; i++)
		on_status(t, &u->statuses[i]);
	for (i = 0; i < u->nwarnings; i++)
		on_warning(t, &u->warnings[i]);
	for (i = 0; i < u->nlogs; i++)
		on_log(t, &u->logs[i]);
}

void
trace_finish(struct trace *t)
{
	size_t i;

	for (i = 0; i < t->nall; i++) {
		struct step *s = t->all[i];
		struct sink_arg arg = {t, s};
		struct logline_sink sink = {on_line, &arg, t->ci, t->colors};

		if (s->hidden && s->error && s->nintervals) {
			s->hidden = false;
			set_listed(t, s);
			set_news(t, s);
		}
		if (!s->log.open)
			continue;
		logline_finish(&s->log, &sink);
		set_news(t, s);
	}
}

void
trace_release(struct trace *t)
{
	trace_reset(t);
	free(t->all);
	free(t->listed);
	free(t->news);
	*t = (struct trace){0};
}

/* ---- numbers ----------------------------------------------------------------------------- */

void
format_seconds(struct buf *out, int64_t ns, int decimals)
{
	buf_addf(out, "%.*f", decimals, (double)ns / 1e9);
}

void
format_size(struct buf *out, int64_t n)
{
	static const char units[] = "kMGTPE";
	double value = (double)n;
	size_t i;

	if (n < 1000) {
		buf_addf(out, "%lldB", (long long)n);
		return;
	}
	for (i = 0, value /= 1000; value >= 1000 && units[i + 1]; i++)
		value /= 1000;
	buf_addf(out, "%.2f%cB", value, units[i]);
}
