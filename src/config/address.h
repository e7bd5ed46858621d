/*
 * What can stand in front of an image name: HOST[:PORT], a path, or both, by the
 * grammar of image references. Pure. Private to config/.
 */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include <stdbool.h>

#include "base/str.h"

enum address_kind {
	ADDRESS_HOST, /* HOST[:PORT][/PATH] */
	ADDRESS_PATH, /* below a host that is known */
	/* HOST[:PORT][/PROJECT] or PROJECT, the last part of which is not used when it has others
	 */
	ADDRESS_PROJECT
};

/*
 * text: lower case, without scheme and slashes at its end. False when it cannot be in
 * a reference: why is the reason, with the part that is wrong.
 */
bool address_check(struct str text, enum address_kind kind, struct str *part, const char **why);

/* By the rule of image references: the first part is a host if it looks like one. */
bool address_has_host(struct str text);

#endif
