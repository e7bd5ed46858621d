#include "cmd/csv.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"

void
csv_add(struct buf *out, const char *field)
{
	const char *s;

	if (out->len)
		buf_putc(out, ',');
	if (!strpbrk(field, ",\"\r\n")) {
		buf_puts(out, field);
		return;
	}
	buf_putc(out, '"');
	for (s = field; *s; s++) {
		if (*s == '"')
			buf_putc(out, '"');
		buf_putc(out, *s);
	}
	buf_putc(out, '"');
}

/* s stands behind the opening quote; the position behind the closing one, NULL without one. */
static const char *
quoted(const char *s, struct buf *field)
{
	for (; *s; s++) {
		if (*s != '"')
			buf_putc(field, *s);
		else if (s[1] == '"')
			buf_putc(field, *s++);
		else
			return s + 1;
	}
	return NULL;
}

int
csv_split(struct arena *a, const char *record, struct strlist *out, struct err *err)
{
	const char *s = record;

	for (;; s++) {
		cleanup_buf struct buf field = {0};

		if (*s == '"') {
			s = quoted(s + 1, &field);
			if (!s || (*s && *s != ','))
				return err_set(err, ERR_USAGE,
					"quotes in '%s' do not enclose a field", record);
		} else {
			size_t len = strcspn(s, ",");

			if (memchr(s, '"', len))
				return err_set(err, ERR_USAGE,
					"quotes in '%s' do not enclose a field", record);
			buf_mem(&field, s, len);
			s += len;
		}
		strlist_add(out, a, arena_str(a, buf_view(&field)));
		if (!*s)
			return 0;
	}
}

static const char *
lower(struct arena *a, struct str s)
{
	char *copy = arena_str(a, s), *p;

	for (p = copy; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return copy;
}

int
csv_pairs(struct arena *a, const char *record, struct kvlist *out, struct err *err)
{
	struct strlist fields = {0};
	size_t i;

	if (csv_split(a, record, &fields, err))
		return -1;
	for (i = 0; i < fields.n; i++) {
		struct str rest = str_from(fields.items[i]), key;

		if (!str_cut(&rest, '=', &key) || str_trim(key).len == 0)
			return err_set(err, ERR_USAGE, "'%s' is not KEY=VALUE", fields.items[i]);
		kv_set(out, a, lower(a, str_trim(key)), rest.s);
	}
	return 0;
}
