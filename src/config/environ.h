/* What the environment says about the configuration. Private to config/. */
#ifndef CONFIG_ENVIRON_H
#define CONFIG_ENVIRON_H

#include "base/str.h"
#include "config/config.h"

/*
 * Lets every variable that is not empty take the place of what files say; what
 * it hides stays reachable as 'beneath'. ERR_CONFIG for a value that cannot be.
 */
int environ_apply(struct arena *a, const struct env *env, struct config *c, struct err *err);

/*
 * Base64 as the reference takes it: the standard alphabet, padded, in lines if
 * need be. base64_decode reads more, and would take a short word for base64.
 */
bool environ_is_base64(struct str s);

#endif
