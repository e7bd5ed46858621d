#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t caught, count;
static sigset_t started_with, handled;
static int installed;

static void
note(int sig)
{
	if (!caught)
		caught = sig;
	count = count + 1;
}

void
interrupt_install(void)
{
	struct sigaction act, old;
	size_t i;

	memset(&act, 0, sizeof(act));
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
	sigemptyset(&handled);
	act.sa_handler = note;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* nohup and background jobs of plain shells start us with a signal ignored */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &act, NULL);
		sigaddset(&handled, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &handled, &started_with);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigdelset(&started_with, signals[i]);
	installed = 1;
}

int
interrupt_signal(void)
{
	return caught;
}

unsigned
interrupt_count(void)
{
	return (unsigned)count;
}

void
interrupt_clear(void)
{
	caught = 0;
}

void
interrupt_reset_child(void)
{
	size_t i;

	if (!installed)
		return;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigismember(&handled, signals[i]))
			signal(signals[i], SIG_DFL);
	caught = 0;
	installed = 0;
	sigprocmask(SIG_SETMASK, &started_with, NULL);
}

int
interrupt_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec t = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	return ppoll(fds, n, timeout_ms < 0 ? NULL : &t, installed ? &started_with : NULL);
}

int
interrupt_check(struct err *err)
{
	if (!caught)
		return 0;
	return err_setc(err, ERR_CANCELED, caught, "stopped by %s",
		caught == SIGINT    ? "SIGINT"
		: caught == SIGTERM ? "SIGTERM"
				    : "SIGHUP");
}
