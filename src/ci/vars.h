/*
 * Where provider facts come from: the environment, and for some providers a file
 * that it names. Names that begin with "event." are paths into the event JSON
 * (object keys and array indexes); other names with a dot are TeamCity properties.
 *
 * The providers table says where a value is found by alternatives, separated by one
 * blank, the first that gives something counts:
 *
 *   NAME           its value
 *   NAME/          the last path element of its value
 *   NAME~prefix    its value without the prefix, only if it begins so
 *   NAME!value     its value unless it is this one
 *   NAME*          the value of the only name that begins so; of several, none
 *   TEXT${NAME}    a text with values put in; all of them must be there
 *   COND->TEXT     the text, values put in as above, when COND holds
 *
 * A condition is NAME (set, and not "false"), NAME=value (ASCII case ignored),
 * NAME=${OTHER}, or several of them with '+' between: all must hold.
 * Empty values count as absent.
 */
#ifndef CI_VARS_H
#define CI_VARS_H

#include "base/str.h"

struct arena;
struct env;
struct jval;
struct properties;

/* All borrowed; results live in the arena or the environment. */
struct vars {
	struct arena *a;
	const struct env *env;
	const struct jval *event;      /* may be NULL */
	const struct properties *file; /* may be NULL */
};

struct var {
	const char *value;
	const char *name; /* of the variable that gave it: for people */
};

/* NULL when absent or empty. */
const char *vars_get(const struct vars *v, struct str name);
/*
 * One condition, or several of which one must hold, separated by a blank: the name in
 * the first that holds, or NULL.
 */
const char *vars_test(const struct vars *v, const char *conditions);
/* The next alternative that gives something; *rest starts as str_from(alternatives). */
bool vars_next(const struct vars *v, struct str *rest, struct var *out);
/* The first one's value, or NULL. */
const char *vars_first(const struct vars *v, const char *alternatives);

#endif
