/*
 * Java properties files, as TeamCity writes its build parameters (the format of
 * java.util.Properties.load). Pure.
 */
#ifndef CI_PROPERTIES_H
#define CI_PROPERTIES_H

#include <stddef.h>

#include "base/str.h"

struct arena;

struct property {
	const char *key, *value;
};

/* {0} is empty. Everything lives in the arena. */
struct properties {
	struct property *items;
	size_t n, cap;
};

/*
 * Adds what the text holds. There is no malformed text: what a Java program would
 * read is what is read, except that a broken \u escape stands for U+FFFD.
 */
void properties_parse(struct properties *p, struct arena *a, struct str text);
/* The last value given for the key, or NULL. */
const char *properties_get(const struct properties *p, const char *key);

#endif
