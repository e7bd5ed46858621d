#include "base/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/mem.h"

struct watch {
	struct loop *loop;
	struct watch *next;
	int fd;
	short events;
	bool dead; /* removed, freed after the round */
	watch_fn fn;
	void *arg;
};

struct timer {
	struct loop *loop;
	struct timer *next;
	int64_t deadline; /* DEADLINE_NONE: not running */
	bool dead;
	timer_fn fn;
	void *arg;
};

struct loop {
	struct watch *watches;
	struct timer *timers;
	struct pollfd *fds;
	struct watch **of; /* the watch of each pollfd */
	size_t cap;
};

struct loop *
loop_new(void)
{
	return xcalloc(1, sizeof(struct loop));
}

static void
sweep(struct loop *l, bool all)
{
	struct watch **w = &l->watches, *dead_watch;
	struct timer **t = &l->timers, *dead_timer;

	while (*w) {
		if (!all && !(*w)->dead) {
			w = &(*w)->next;
			continue;
		}
		dead_watch = *w;
		*w = dead_watch->next;
		free(dead_watch);
	}
	while (*t) {
		if (!all && !(*t)->dead) {
			t = &(*t)->next;
			continue;
		}
		dead_timer = *t;
		*t = dead_timer->next;
		free(dead_timer);
	}
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	sweep(l, true);
	free(l->fds);
	free(l->of);
	free(l);
}

struct watch *
loop_watch(struct loop *l, int fd, short events, watch_fn fn, void *arg)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	*w = (struct watch){
		.loop = l, .next = l->watches, .fd = fd, .events = events, .fn = fn, .arg = arg};
	l->watches = w;
	return w;
}

void
watch_events(struct watch *w, short events)
{
	w->events = events;
}

void
watch_remove(struct watch *w)
{
	if (w)
		w->dead = true;
}

struct timer *
loop_timer(struct loop *l, int64_t deadline, timer_fn fn, void *arg)
{
	struct timer *t = xcalloc(1, sizeof(*t));

	*t = (struct timer){
		.loop = l, .next = l->timers, .deadline = deadline, .fn = fn, .arg = arg};
	l->timers = t;
	return t;
}

void
timer_set(struct timer *t, int64_t deadline)
{
	t->deadline = deadline;
}

void
timer_remove(struct timer *t)
{
	if (t)
		t->dead = true;
}

static int64_t
nearest(const struct loop *l)
{
	int64_t min = DEADLINE_NONE;
	const struct timer *t;

	for (t = l->timers; t; t = t->next)
		if (!t->dead && t->deadline >= 0 && (min < 0 || t->deadline < min))
			min = t->deadline;
	return min;
}

static size_t
gather(struct loop *l)
{
	struct watch *w;
	size_t n = 0;

	for (w = l->watches; w; w = w->next)
		n++;
	if (n > l->cap) {
		l->cap = n + 8;
		l->fds = xreallocarray(l->fds, l->cap, sizeof(*l->fds));
		l->of = xreallocarray(l->of, l->cap, sizeof(struct watch *));
	}
	n = 0;
	for (w = l->watches; w; w = w->next) {
		if (w->dead || w->events == 0)
			continue;
		l->fds[n] = (struct pollfd){.fd = w->fd, .events = w->events};
		l->of[n++] = w;
	}
	return n;
}

static void
run_timers(struct loop *l)
{
	int64_t now = clock_ms();
	struct timer *t;

	for (t = l->timers; t; t = t->next) {
		if (t->dead || t->deadline < 0 || t->deadline > now)
			continue;
		t->deadline = DEADLINE_NONE;
		t->fn(t->arg);
	}
}

int
loop_once(struct loop *l, struct err *err)
{
	size_t n, i;
	int ready;

	sweep(l, false);
	n = gather(l);
	ready = interrupt_poll(l->fds, n, deadline_poll(nearest(l)));
	if (ready < 0 && errno != EINTR)
		return err_sys(err, "wait for events");
	for (i = 0; ready > 0 && i < n; i++)
		if (l->fds[i].revents && !l->of[i]->dead)
			l->of[i]->fn(l->fds[i].revents, l->of[i]->arg);
	run_timers(l);
	return 0;
}
