#include "cmd/init.h"

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	SIGNALED = 128,
	GRACE_S = 5, /* half of what Engines wait before they kill */
};

struct init {
	pid_t child;
	bool stop_wanted; /* somebody sent us SIGTSTP for it, and is going to send SIGCONT */
	int end_wanted;   /* the last signal sent to us that asks programs to end, or 0 */
	bool ended;
	int code;
};

/* All signals but those that report a fault of our own. */
static void
all_but_faults(sigset_t *set)
{
	static const int faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
	size_t i;

	sigfillset(set);
	for (i = 0; i < ARRAY_LEN(faults); i++)
		sigdelset(set, faults[i]);
}

/* A group of its own, or a terminal's Ctrl-C would reach the child once more through us. */
static void
lead_group(const sigset_t *mask)
{
	setpgid(0, 0);
	if (isatty(STDIN_FILENO) == 1)
		tcsetpgrp(STDIN_FILENO, getpgrp());
	sigprocmask(SIG_SETMASK, mask, NULL);
}

/*
 * The terminal stopped it: with Ctrl-Z, or because it is no longer in the
 * foreground. No shell stands behind us that could continue it.
 */
static void
resume(pid_t child)
{
	if (isatty(STDIN_FILENO) == 1)
		tcsetpgrp(STDIN_FILENO, child);
	kill(-child, SIGCONT);
}

/* Whatever has ended, whoever it was. */
static void
reap(struct init *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != s->child)
			continue;
		if (WIFSTOPPED(status)) {
			if (WSTOPSIG(status) != SIGSTOP && !s->stop_wanted)
				resume(s->child);
			continue;
		}
		s->ended = true;
		s->code = WIFSIGNALED(status) ? SIGNALED + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static void
forward(struct init *s, int signum)
{
	if (signum == SIGTSTP)
		s->stop_wanted = true;
	if (signum == SIGCONT)
		s->stop_wanted = false;
	if (signum == SIGTERM || signum == SIGINT || signum == SIGHUP || signum == SIGQUIT)
		s->end_wanted = signum;
	kill(s->child, signum);
}

/*
 * A shell that was told to end leaves its commands running, a build among them.
 * They get the same signal, and some time to cancel what they do elsewhere
 * before our own end kills them.
 */
static void
end_group(struct init *s, const sigset_t *ours)
{
	static const struct timespec grace = {GRACE_S, 0};

	kill(-s->child, s->end_wanted);
	do
		reap(s);
	while (kill(-s->child, 0) == 0 && sigtimedwait(ours, NULL, &grace) > 0);
}

bool
init_supervise(int *code)
{
	struct init s = {0};
	sigset_t before, ours;
	int signum;

	all_but_faults(&ours);
	sigprocmask(SIG_SETMASK, &ours, &before);
	/* inherited as ignored it would leave nothing to wait for */
	signal(SIGCHLD, SIG_DFL);
	s.child = fork();
	if (s.child == 0)
		lead_group(&before);
	if (s.child < 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	if (s.child <= 0)
		return false;
	/* blocked for good: it would stop us for handing the terminal over from the background */
	sigdelset(&ours, SIGTTOU);
	for (reap(&s); !s.ended; reap(&s)) {
		signum = sigwaitinfo(&ours, NULL);
		if (signum > 0 && signum != SIGCHLD)
			forward(&s, signum);
	}
	if (s.end_wanted)
		end_group(&s, &ours);
	sigprocmask(SIG_SETMASK, &before, NULL);
	*code = s.code;
	return true;
}
