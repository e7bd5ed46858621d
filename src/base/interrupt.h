/*
 * SIGINT and SIGTERM without races: the signals are blocked everywhere and
 * delivered only while interrupt_poll waits, so that no wait can miss one.
 */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <poll.h>

struct err;

/* Blocks SIGINT, SIGTERM, SIGHUP and notes them; SIGPIPE is ignored. Call once, early. */
void interrupt_install(void);
/* The first signal that came, or 0. */
int interrupt_signal(void);
/* How many came so far: a second one means that the user does not want to wait. */
unsigned interrupt_count(void);
/* Forgets a signal that was dealt with: the next one is noted again. */
void interrupt_clear(void);
/*
 * In a child process: signals end it, as they would have at the start of the
 * program. Before exec, or when the child goes on by itself.
 */
void interrupt_reset_child(void);

/* As poll(2); -1 with EINTR when a signal came. Also works when nothing was installed. */
int interrupt_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
/* Sets ERR_CANCELED with the signal as code when one came: returns -1 then, else 0. */
int interrupt_check(struct err *err);

#endif
