/*
 * The one error type. It lives on the caller's stack, owns nothing, and can be
 * ignored or printed without being released.
 *
 * A function that can fail takes 'struct err *' last and returns 0 or -1, or a
 * pointer and NULL. On success the struct is untouched, on failure it is set.
 * Messages are sentence parts: lower case, no full stop, subject in quotes.
 * 'err' may be NULL where the caller does not care.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/* Decides retry and exit code; nobody compares message text. */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,   /* command line */
	ERR_CONFIG,  /* configuration, environment, Dockerfile: the user's input */
	ERR_SYS,     /* the kernel said no; code is errno */
	ERR_NET,     /* connection refused, lost, timed out; code is errno or 0 */
	ERR_TLS,     /* certificate, handshake */
	ERR_PROTO,   /* a peer broke its protocol, or the stream ended early */
	ERR_AUTH,    /* credentials missing or refused; code is the HTTP status or 0 */
	ERR_REMOTE,  /* a peer answered with an error; code is HTTP status or gRPC code */
	ERR_BUILD,   /* the Dockerfile build itself failed */
	ERR_LIMIT,   /* a cap of base/limits.h */
	ERR_CANCELED /* a signal; code is its number */
};

struct err {
	enum err_kind kind;
	int code;       /* errno, HTTP status, gRPC code or signal, by kind */
	char msg[2048]; /* complete sentence part */
	char hint[512]; /* what the user can do, or empty */
};

/* All return -1, so that failing is one line. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_setc(struct err *err, enum err_kind kind, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Kind ERR_SYS with the current errno, whose text is appended. */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Like err_sys with a kind of the caller's and an errno given. */
int err_errno(struct err *err, enum err_kind kind, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Puts "TEXT: " in front of the message; kind, code and hint stay. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the hint line; the first one set stays. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
