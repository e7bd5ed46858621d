/*
 * JSON values (RFC 8259). The only place that knows the JSON library.
 *
 * A tree is owned by whoever parsed or made it and freed as a whole by
 * jval_free; values got out of it are borrowed. Every getter takes NULL and
 * answers "not there", so that paths into a document need one check at the end.
 */
#ifndef BASE_JVAL_H
#define BASE_JVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct err;
struct jval;

enum jval_kind {
	JVAL_NONE,
	JVAL_NULL,
	JVAL_BOOL,
	JVAL_NUMBER,
	JVAL_STRING,
	JVAL_ARRAY,
	JVAL_OBJECT
};

/* Nesting is limited to 256 when the library is built. ERR_PROTO with line and column; caller caps
 * the size. */
struct jval *jval_parse(struct str text, struct err *err);
void jval_free(struct jval *v);
void jval_freep(struct jval **v);
#define cleanup_jval CLEANUP(jval_freep)

enum jval_kind jval_kind(const struct jval *v);
const struct jval *jval_get(const struct jval *object, const char *key);
/* NULL when there is no such key or it is no string. */
const char *jval_get_str(const struct jval *object, const char *key);
int64_t jval_get_int(const struct jval *object, const char *key, int64_t otherwise);
bool jval_get_bool(const struct jval *object, const char *key, bool otherwise);
/* Of the value itself. */
const char *jval_str(const struct jval *v);
int64_t jval_int(const struct jval *v, int64_t otherwise);
bool jval_bool(const struct jval *v, bool otherwise);
size_t jval_len(const struct jval *array);
const struct jval *jval_at(const struct jval *array, size_t i);
/* Members in document order: fn returns false to stop. */
void jval_each(const struct jval *object,
	bool (*fn)(const char *key, const struct jval *v, void *arg), void *arg);

struct jval *jval_new_object(void);
struct jval *jval_new_array(void);
/* NULL text gives null; bytes that are not UTF-8 are replaced. */
void jval_set_str(struct jval *object, const char *key, const char *text);
void jval_set_int(struct jval *object, const char *key, int64_t n);
void jval_set_bool(struct jval *object, const char *key, bool b);
/* The same value once more, to be put into another tree or freed: neither is to change it then. */
struct jval *jval_share(const struct jval *v);
/* Takes ownership of v; NULL gives null. */
void jval_set(struct jval *object, const char *key, struct jval *v);
void jval_add_str(struct jval *array, const char *text);
void jval_add(struct jval *array, struct jval *v);
/* Members in the order they were set; indent 0 is one line. No newline at the end. */
void jval_write(struct buf *out, const struct jval *v, unsigned indent);

#endif
