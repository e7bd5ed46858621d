#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"

int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t
deadline_in(int64_t ms)
{
	return ms < 0 ? DEADLINE_NONE : clock_ms() + ms;
}

int
deadline_poll(int64_t deadline)
{
	int64_t left;

	if (deadline < 0)
		return -1;
	left = deadline - clock_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void
random_bytes(void *p, unsigned len)
{
	unsigned char *b = p;
	ssize_t n;

	while (len) {
		n = getrandom(b, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			BUG("no randomness from the kernel");
		b += n;
		len -= (unsigned)n;
	}
}
