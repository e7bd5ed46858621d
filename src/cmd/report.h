/* --context-report: what is in a context, what makes it large, and what keeps things out. */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

struct arena;
struct err;
struct fssend_root;
struct log;
struct plan;

/* Walks the context as a build that needs all of it would, and tells log. */
int context_report(
	const struct plan *p, const struct fssend_root *context, struct log *log, struct err *err);
/* The same walk for 'doctor': the sum of it, in the arena. */
int context_size(struct arena *a, const struct plan *p, const struct fssend_root *context,
	const char **said, struct err *err);

#endif
