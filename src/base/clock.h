/* Monotonic milliseconds for deadlines, wall-clock time for what users see. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since an arbitrary start; never goes back. */
int64_t clock_ms(void);
/* Nanoseconds since the Unix epoch. */
int64_t clock_wall_ns(void);

/* An absolute deadline 'ms' from now; DEADLINE_NONE waits for ever. */
enum { DEADLINE_NONE = -1 };
int64_t deadline_in(int64_t ms);
/* What poll(2) wants: milliseconds left, 0 when past, -1 for none. */
int deadline_poll(int64_t deadline);

/* Fills p with bytes from getrandom(2). */
void random_bytes(void *p, unsigned len);

#endif
