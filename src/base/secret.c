#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

void
secret_set(struct secret *s, struct str value)
{
	struct secret fresh = {xstrndup(value.s, value.len), value.len};

	secret_release(s);
	*s = fresh;
}

void
secret_copy(struct secret *to, const struct secret *from)
{
	if (from->value)
		secret_set(to, secret_reveal(from));
	else
		secret_release(to);
}

void
secret_release(struct secret *s)
{
	if (s->value)
		explicit_bzero(s->value, s->len);
	free(s->value);
	*s = (struct secret){0};
}

bool
secret_is_set(const struct secret *s)
{
	return s->value != NULL;
}

struct str
secret_reveal(const struct secret *s)
{
	return (struct str){s->value, s->len};
}
