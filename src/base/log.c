#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static void emit(struct log *log, enum log_level level, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void
emit(struct log *log, enum log_level level, const char *fmt, va_list ap)
{
	char text[4096];

	if (!log || level < log->min)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	log->write(log, level, text);
}

void
log_debug(struct log *log, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(log, LOG_DEBUG, fmt, ap);
	va_end(ap);
}

void
log_info(struct log *log, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(log, LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_warn(struct log *log, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(log, LOG_WARN, fmt, ap);
	va_end(ap);
}
