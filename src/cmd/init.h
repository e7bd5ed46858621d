/*
 * The first process of a container. The kernel gives it what no other process
 * has: signals without a handler do not reach it, every orphan becomes its
 * child, and nobody could continue it if a terminal stopped it. So the work is
 * left to a child, and the first process only looks after it.
 */
#ifndef CMD_INIT_H
#define CMD_INIT_H

#include <stdbool.h>

/*
 * Forks. In the child it returns false, and the program goes on there: in a
 * process group of its own, in the foreground of the terminal when standard
 * input is one. In the parent it returns true once the child has ended, with
 * its exit code in *code, or 128 + N when signal N ended it; until then signals
 * are forwarded to the child and orphans reaped. After SIGTERM, SIGINT, SIGHUP
 * or SIGQUIT what is left of the child's group gets the signal as well, and
 * seconds to end. Also false, without a child, when there cannot be one: then
 * everything is as it was.
 *
 * For a process that has done nothing yet: no open files, no children.
 */
bool init_supervise(int *code);

#endif
