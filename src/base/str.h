/*
 * Borrowed text: pointer and length, not NUL-terminated, passed by value.
 * The empty value is {0}. Consumers take from the front of *rest and return
 * whether they did; on false *rest is unchanged.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *s;
	size_t len;
};

#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
/* for printf: "..." STR_FMT "...", STR_ARG(x) */
#define STR_FMT "%.*s"
#define STR_ARG(x) (int)(x).len, (x).s ? (x).s : ""

/* NULL gives the empty text. */
struct str str_from(const char *cstr);
struct str str_n(const char *s, size_t len);

bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *cstr);
/* ASCII case is ignored. */
bool str_ieq(struct str a, struct str b);
bool str_iis(struct str a, const char *cstr);
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Bytewise unsigned order, shorter prefix first. */
int str_cmp(struct str a, struct str b);
/* Offset of the first / last c, or -1. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_rfind(struct str s, char c);
/* Offset of the first occurrence of needle, or -1. */
ptrdiff_t str_search(struct str s, struct str needle);

/* The part from byte n on (empty if beyond the end); the first n bytes. */
struct str str_from_off(struct str s, size_t n);
struct str str_first(struct str s, size_t n);
/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);

/* Cuts *rest at the first sep: head is what stood before it, *rest what follows. */
bool str_cut(struct str *rest, char sep, struct str *head);
/* The next piece up to sep or the end; false when *rest.s is NULL (all consumed). */
bool str_next(struct str *rest, char sep, struct str *piece);
/* The next line without "\n" or "\r\n"; false at the end. */
bool str_line(struct str *rest, struct str *line);
bool str_take(struct str *rest, struct str prefix);
/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);
/* Decimal or hexadecimal digits, at least one, no sign; false on overflow. */
bool str_take_u64(struct str *rest, int base, uint64_t *n);
/* The whole text is a number. */
bool str_u64(struct str s, int base, uint64_t *n);

#endif
