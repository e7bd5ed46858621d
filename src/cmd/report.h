/* --context-report: what is in a context, what makes it large, and what keeps things out. */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

struct err;
struct fssend_root;
struct log;
struct plan;

/* Walks the context as a build that needs all of it would, and tells log. */
int context_report(
	const struct plan *p, const struct fssend_root *context, struct log *log, struct err *err);

#endif
