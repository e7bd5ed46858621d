/*
 * Allocation that cannot fail, ownership helpers, impossible states.
 *
 * A short-lived tool cannot do better than stop when memory is gone; what a
 * peer can influence is bounded before it is allocated (base/limits.h).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
/* n * size with overflow check; p may be NULL */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
/* The len bytes at s as a C string. */
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process: memory is exhausted. */
_Noreturn void die_oom(void);
/* Ends the process: a state that the program's own logic rules out. */
_Noreturn void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, what)

/* Hands a pointer over: returns *pp and leaves NULL behind. */
#define steal_ptr(pp) ((__typeof__(*(pp)))steal_ptr_((void *)(pp)))
void *steal_ptr_(void *pp);

/* For variables that release themselves at the end of their scope; initialise them at once. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
void free_charp(char **p);
#define cleanup_free CLEANUP(free_charp)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
