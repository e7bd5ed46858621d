/* A JSON document that is read, written and read again stays the same. */
#include <stdint.h>

#include "base/jval.h"

static bool
walk(const char *key, const struct jval *v, void *arg)
{
	size_t i;

	(void)key;
	(void)jval_get_str(v, "a");
	(void)jval_get_int(v, "a", 0);
	(void)jval_get_bool(v, "a", false);
	(void)jval_int(v, 0);
	(void)jval_str(v);
	for (i = 0; i < jval_len(v); i++)
		walk("", jval_at(v, i), arg);
	jval_each(v, walk, arg);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jval *v = jval_parse(str_n((const char *)data, size), NULL), *again;
	struct buf out = {0}, twice = {0};

	if (!v)
		return 0;
	walk("", v, NULL);
	jval_write(&out, v, 0);
	again = jval_parse(buf_view(&out), NULL);
	if (!again)
		__builtin_trap();
	jval_write(&twice, again, 0);
	if (!str_eq(buf_view(&out), buf_view(&twice)))
		__builtin_trap();
	jval_free(v);
	jval_free(again);
	buf_release(&out);
	buf_release(&twice);
	return 0;
}
