#include "base/jval.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/err.h"

/* struct jval is never defined: a pointer to one is a json_t */
static json_t *
lib(const struct jval *v)
{
	return (json_t *)(uintptr_t)v;
}

static struct jval *
ours(json_t *v)
{
	return (struct jval *)v;
}

struct jval *
jval_parse(struct str text, struct err *err)
{
	json_error_t e;
	json_t *v;

	/* the library takes a NUL between values for a blank */
	if (str_find(text, '\0') >= 0) {
		err_set(err, ERR_PROTO, "not valid JSON: NUL byte");
		return NULL;
	}
	v = json_loadb(text.s ? text.s : "", text.len, JSON_DECODE_ANY, &e);
	if (!v)
		err_set(err, ERR_PROTO, "not valid JSON: line %d, column %d: %s", e.line, e.column,
			e.text);
	return ours(v);
}

void
jval_free(struct jval *v)
{
	json_decref(lib(v));
}

void
jval_freep(struct jval **v)
{
	jval_free(*v);
	*v = NULL;
}

enum jval_kind
jval_kind(const struct jval *v)
{
	if (!v)
		return JVAL_NONE;
	switch (json_typeof(lib(v))) {
	case JSON_OBJECT:
		return JVAL_OBJECT;
	case JSON_ARRAY:
		return JVAL_ARRAY;
	case JSON_STRING:
		return JVAL_STRING;
	case JSON_INTEGER:
	case JSON_REAL:
		return JVAL_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return JVAL_BOOL;
	case JSON_NULL:
		return JVAL_NULL;
	}
	return JVAL_NONE;
}

const struct jval *
jval_get(const struct jval *object, const char *key)
{
	return ours(json_object_get(lib(object), key));
}

const char *
jval_str(const struct jval *v)
{
	return json_string_value(lib(v));
}

int64_t
jval_int(const struct jval *v, int64_t otherwise)
{
	return json_is_integer(lib(v)) ? (int64_t)json_integer_value(lib(v)) : otherwise;
}

bool
jval_bool(const struct jval *v, bool otherwise)
{
	return json_is_boolean(lib(v)) ? json_is_true(lib(v)) : otherwise;
}

const char *
jval_get_str(const struct jval *object, const char *key)
{
	return jval_str(jval_get(object, key));
}

int64_t
jval_get_int(const struct jval *object, const char *key, int64_t otherwise)
{
	return jval_int(jval_get(object, key), otherwise);
}

bool
jval_get_bool(const struct jval *object, const char *key, bool otherwise)
{
	return jval_bool(jval_get(object, key), otherwise);
}

size_t
jval_len(const struct jval *array)
{
	return json_array_size(lib(array));
}

const struct jval *
jval_at(const struct jval *array, size_t i)
{
	return ours(json_array_get(lib(array), i));
}

void
jval_each(const struct jval *object, bool (*fn)(const char *key, const struct jval *v, void *arg),
	void *arg)
{
	void *it;

	for (it = json_object_iter(lib(object)); it; it = json_object_iter_next(lib(object), it))
		if (!fn(json_object_iter_key(it), ours(json_object_iter_value(it)), arg))
			return;
}

static json_t *
need(json_t *v)
{
	if (!v)
		die_oom();
	return v;
}

static json_t *
text_value(const char *text)
{
	cleanup_buf struct buf clean = {0};

	if (!text)
		return json_null();
	utf8_clean(&clean, str_from(text));
	return need(json_stringn(buf_cstr(&clean), clean.len));
}

struct jval *
jval_new_object(void)
{
	return ours(need(json_object()));
}

struct jval *
jval_new_array(void)
{
	return ours(need(json_array()));
}

struct jval *
jval_share(const struct jval *v)
{
	return ours(json_incref(lib(v)));
}

void
jval_set(struct jval *object, const char *key, struct jval *v)
{
	cleanup_buf struct buf clean = {0};

	utf8_clean(&clean, str_from(key));
	if (json_object_set_new(lib(object), buf_cstr(&clean), v ? lib(v) : json_null()))
		BUG("member of something that is no object");
}

void
jval_set_str(struct jval *object, const char *key, const char *text)
{
	jval_set(object, key, ours(text_value(text)));
}

void
jval_set_int(struct jval *object, const char *key, int64_t n)
{
	jval_set(object, key, ours(need(json_integer(n))));
}

void
jval_set_bool(struct jval *object, const char *key, bool b)
{
	jval_set(object, key, ours(json_boolean(b)));
}

void
jval_add(struct jval *array, struct jval *v)
{
	if (json_array_append_new(lib(array), v ? lib(v) : json_null()))
		BUG("element of something that is no array");
}

void
jval_add_str(struct jval *array, const char *text)
{
	jval_add(array, ours(text_value(text)));
}

static int
append(const char *p, size_t len, void *arg)
{
	buf_mem(arg, p, len);
	return 0;
}

void
jval_write(struct buf *out, const struct jval *v, unsigned indent)
{
	size_t flags = JSON_ENCODE_ANY | JSON_INDENT(indent);

	if (indent == 0)
		flags |= JSON_COMPACT;
	if (json_dump_callback(lib(v), append, out, flags))
		BUG("value that cannot be written");
}
