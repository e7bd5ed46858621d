/*
 * The one poll(2) loop. Watches call back when their descriptor is ready,
 * timers when their deadline has passed. Callbacks may add and remove watches
 * and timers, their own included. No callback blocks.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct loop;
struct watch;
struct timer;

typedef void (*watch_fn)(short revents, void *arg);
typedef void (*timer_fn)(void *arg);

struct loop *loop_new(void);
void loop_free(struct loop *l);

/* events as for poll(2); the descriptor stays the caller's. */
struct watch *loop_watch(struct loop *l, int fd, short events, watch_fn fn, void *arg);
void watch_events(struct watch *w, short events);
/* Safe with NULL. */
void watch_remove(struct watch *w);

/* Calls fn once when the deadline (base/clock.h) has passed. */
struct timer *loop_timer(struct loop *l, int64_t deadline, timer_fn fn, void *arg);
/* Sets a new deadline; an expired timer becomes live again. */
void timer_set(struct timer *t, int64_t deadline);
void timer_remove(struct timer *t);

/*
 * Waits for and dispatches one round of events; returns early when a signal came
 * (base/interrupt.h), which the caller looks at. ERR_SYS when poll fails.
 */
int loop_once(struct loop *l, struct err *err);

#endif
