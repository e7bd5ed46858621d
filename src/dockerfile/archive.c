#include "dockerfile/archive.h"

#include <string.h>

#include "base/err.h"

/* Where things stand in a block: POSIX.1, ustar interchange format. */
enum {
	NAME = 0,
	NAME_LEN = 100,
	SIZE = 124,
	SIZE_LEN = 12,
	SUM = 148,
	SUM_LEN = 8,
	KIND = 156,
	MAGIC = 257,
	PREFIX = 345,
	PREFIX_LEN = 155,
};
enum { NOTE_MAX = 1024 * 1024 }; /* pax headers carry extended attributes as well */

void
archive_init(struct archive *a, struct str want, size_t limit)
{
	*a = (struct archive){.want = want};
	buf_init(&a->out, limit);
	buf_init(&a->note, NOTE_MAX);
	buf_init(&a->path, NOTE_MAX);
}

void
archive_release(struct archive *a)
{
	buf_release(&a->out);
	buf_release(&a->note);
	buf_release(&a->path);
}

static int
damaged(struct err *err)
{
	return err_set(err, ERR_CONFIG, "the archive is damaged");
}

/* Text up to a NUL. */
static struct str
field(const char *head, size_t at, size_t len)
{
	return str_n(head + at, strnlen(head + at, len));
}

/* Octal digits with blanks around them, or GNU's big endian with the highest bit set. */
static bool
number(const char *head, size_t at, size_t len, uint64_t *out)
{
	struct str digits = str_trim(field(head, at, len));
	uint64_t n = 0;
	size_t i;

	if (head[at] & 0x80) {
		for (i = 4; i < len; i++)
			n = n << 8 | (uint8_t)head[at + i];
		*out = n;
		return len == SIZE_LEN && !memcmp(head + at, "\200\0\0", 4) && n <= INT64_MAX;
	}
	for (i = 0; i < digits.len; i++) {
		if (digits.s[i] < '0' || digits.s[i] > '7')
			return false;
		n = n << 3 | (uint64_t)(digits.s[i] - '0');
	}
	*out = n;
	return true;
}

bool
archive_is_head(struct str first)
{
	uint64_t want, sum = 0;
	size_t i;

	if (first.len < ARCHIVE_BLOCK || !first.s[NAME] || !number(first.s, SUM, SUM_LEN, &want))
		return false;
	for (i = 0; i < ARCHIVE_BLOCK; i++)
		sum += i >= SUM && i < SUM + SUM_LEN ? ' ' : (uint8_t)first.s[i];
	return sum == want;
}

/* "LENGTH KEY=VALUE\n" each; what does not look so ends it. */
static void
read_note(struct archive *a)
{
	struct str rest = buf_view(&a->note), record, key;
	uint64_t len;

	while (rest.len) {
		record = rest;
		if (!str_take_u64(&record, 10, &len) || len > rest.len ||
			len <= rest.len - record.len + 1)
			return;
		record = str_from_off(str_first(rest, (size_t)len - 1), rest.len - record.len + 1);
		rest = str_from_off(rest, (size_t)len);
		if (!str_cut(&record, '=', &key))
			return;
		if (str_is(key, "size"))
			a->pax_sized = str_u64(record, 10, &a->pax_size);
		if (str_is(key, "path")) {
			buf_reset(&a->path);
			buf_str(&a->path, record);
		}
	}
}

/* Without "./" in front. */
static struct str
plain(struct str path)
{
	while (str_take(&path, STR("./")) || str_take(&path, STR("/")))
		continue;
	return path;
}

static bool
is_wanted(const struct archive *a)
{
	struct str name = field(a->head, NAME, NAME_LEN), prefix = {0}, want = plain(a->want);

	if (a->path.len)
		return str_eq(plain(field(a->path.p, 0, a->path.len)), want);
	if (!memcmp(a->head + MAGIC, "ustar", 6))
		prefix = field(a->head, PREFIX, PREFIX_LEN);
	if (prefix.len == 0)
		return str_eq(plain(name), want);
	prefix = plain(prefix);
	return want.len == prefix.len + 1 + name.len && str_starts(want, prefix) &&
	       want.s[prefix.len] == '/' && str_ends(want, name);
}

/* An entry begins; what was noted for it is spent. */
static void
begin_file(struct archive *a)
{
	if (a->pax_sized)
		a->left = a->pax_size;
	/* links, devices and folders have no content, whatever stands there */
	if (a->kind >= '1' && a->kind <= '6')
		a->left = 0;
	if (is_wanted(a)) {
		buf_reset(&a->out);
		a->found = a->kind == '0' || a->kind == '\0' || a->kind == '7';
		a->link = a->kind == '1' || a->kind == '2';
		a->into = a->found ? &a->out : NULL;
	}
	a->pax_sized = false;
	buf_reset(&a->path);
}

static int
begin(struct archive *a, struct err *err)
{
	static const char nothing[ARCHIVE_BLOCK];

	a->have = 0;
	if (!memcmp(a->head, nothing, ARCHIVE_BLOCK)) {
		a->ended = true;
		return 0;
	}
	if (!archive_is_head(str_n(a->head, ARCHIVE_BLOCK)) ||
		!number(a->head, SIZE, SIZE_LEN, &a->left))
		return damaged(err);
	a->kind = a->head[KIND];
	a->into = NULL;
	if (a->kind == 'x' || a->kind == 'L') {
		a->into = a->kind == 'x' ? &a->note : &a->path;
		buf_reset(a->into);
	} else if (a->kind != 'g' && a->kind != 'K') {
		begin_file(a);
	}
	a->padding = (ARCHIVE_BLOCK - a->left % ARCHIVE_BLOCK) % ARCHIVE_BLOCK;
	a->started = true;
	return 0;
}

/* The entry's content has come. */
static void
finish(struct archive *a)
{
	if (a->kind == 'x')
		read_note(a);
	a->into = NULL;
	a->started = false;
}

static struct str
cut(struct str *bytes, uint64_t n)
{
	struct str out = str_first(*bytes, n < bytes->len ? (size_t)n : bytes->len);

	*bytes = str_from_off(*bytes, out.len);
	return out;
}

int
archive_feed(struct archive *a, struct str bytes, struct err *err)
{
	struct str part;

	while (bytes.len && !a->ended) {
		if (!a->started) {
			part = cut(&bytes, ARCHIVE_BLOCK - a->have);
			memcpy(a->head + a->have, part.s, part.len);
			a->have += part.len;
			if (a->have == ARCHIVE_BLOCK && begin(a, err))
				return -1;
		} else if (a->left) {
			part = cut(&bytes, a->left);
			a->left -= part.len;
			if (a->into && buf_add(a->into, part.s, part.len, err))
				return -1;
		} else {
			a->padding -= cut(&bytes, a->padding).len;
		}
		if (a->started && a->left == 0 && a->padding == 0)
			finish(a);
	}
	return 0;
}

int
archive_end(struct archive *a, struct err *err)
{
	return a->started && a->left ? err_set(err, ERR_CONFIG, "the archive is cut off") : 0;
}
