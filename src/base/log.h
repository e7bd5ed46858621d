/*
 * Where diagnostics go. A room that has something to say takes a 'struct log *'
 * and does not know what becomes of it; cmd/ sends it to standard error, tests
 * keep it. A NULL log discards. Text is passed on verbatim, one message a call,
 * without newline.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log {
	enum log_level min;
	void (*write)(struct log *log, enum log_level level, const char *text);
	void *arg;
};

void log_debug(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
