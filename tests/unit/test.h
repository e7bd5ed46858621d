/*
 * What every unit test includes: cmocka in the order it wants, and assertions for the types of
 * base/. A test program is one test_<topic>.c with its own main; it runs in the top folder of the
 * tree, so files are "tests/data/...".
 *
 * Tables: the assert_row_ forms name the row in the failure. There are no skipped cases: a skip
 * counts as a failure.
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

/* Where an assertion stands; row may be NULL. */
struct test_at {
	const char *file;
	int line;
	const char *row;
};

#define TEST_AT(row) ((struct test_at){__FILE__, __LINE__, row})

/* Fails with a message unless cond holds: assert_that(n == 3, "row '%s': %zu", row, n). */
#define assert_that(cond, ...) \
	do { \
		if (!(cond)) \
			test_fail(TEST_AT(NULL), __VA_ARGS__); \
	} while (0)

/* A struct str equals a C string; want NULL stands for the empty text. */
#define assert_str(got, want) test_str(TEST_AT(NULL), got, want)
#define assert_row_str(row, got, want) test_str(TEST_AT(row), got, want)

/* Two integers of any type up to 64 bits are equal. */
#define assert_row_int(row, got, want) test_int(TEST_AT(row), (intmax_t)(got), (intmax_t)(want))

/* An err (by pointer) has this kind and its message contains this text. */
#define assert_err(err, kind, text) test_err(TEST_AT(NULL), err, kind, text)
#define assert_row_err(row, err, kind, text) test_err(TEST_AT(row), err, kind, text)

/* A call that returns 0 or -1 and takes an err did succeed; the failure shows the message. */
#define assert_ok(rc, err) test_ok(TEST_AT(NULL), rc, err)
#define assert_row_ok(row, rc, err) test_ok(TEST_AT(row), rc, err)

void test_fail(struct test_at at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
void test_str(struct test_at at, struct str got, const char *want);
void test_int(struct test_at at, intmax_t got, intmax_t want);
void test_err(struct test_at at, const struct err *err, enum err_kind kind, const char *text);
void test_ok(struct test_at at, int rc, const struct err *err);

/*
 * A copy that ends at an inaccessible page: reading one byte too far is a crash, in every build. An
 * empty copy is a pointer that must not be read at all. Release with the same length.
 */
char *test_guard_alloc(const void *data, size_t len);
void test_guard_free(char *copy, size_t len);

/*
 * Feeds a stream in every way that matters to a decoder: whole, cut in two at each point, and byte
 * by byte. Each call of fn is one run over all pieces; the pieces are guarded copies, valid during
 * the call.
 */
typedef void (*test_pieces_fn)(void *ctx, const struct str *pieces, size_t n);
void test_each_split(struct str data, test_pieces_fn fn, void *ctx);

/* A whole file as a NUL-terminated text, to be freed; a missing one fails the test. len may be
 * NULL. */
char *test_read_file(const char *path, size_t *len);

#endif
