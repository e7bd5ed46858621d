#include "image/tar.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"

/* Where fields stand in a header (ustar). */
enum {
	NAME = 0,
	NAME_LEN = 100,
	SIZE = 124,
	SIZE_LEN = 12,
	SUM = 148,
	SUM_LEN = 8,
	TYPE = 156,
	MAGIC = 257,
	PREFIX = 345,
	PREFIX_LEN = 155
};

/* What extended headers say of the entry behind them. */
struct extra {
	bool named, sized;
	uint64_t size;
};

static int
read_at(const struct tar *t, uint64_t at, void *p, size_t len, struct err *err)
{
	char *to = p;

	while (len) {
		ssize_t n = pread(t->fd, to, len, (off_t)at);

		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			return err_set(err, ERR_PROTO, "the archive is cut off");
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* A field that ends at its first NUL. */
static struct str
field(const unsigned char *block, size_t at, size_t len)
{
	const char *p = (const char *)block + at;

	return str_n(p, strnlen(p, len));
}

/* Octal, or with the highest bit set binary (GNU, for sizes from 8 GiB on). */
static bool
number(const unsigned char *p, size_t len, uint64_t *n)
{
	size_t i = 0;

	*n = 0;
	if (p[0] & 0x80) {
		if (p[0] != 0x80)
			return false;
		for (i = 1; i < len; i++) {
			if (*n >> 55)
				return false;
			*n = *n << 8 | p[i];
		}
		return true;
	}
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		*n = *n << 3 | (uint64_t)(p[i] - '0');
	return i == len || p[i] == ' ' || p[i] == '\0';
}

static bool
sum_is_right(const unsigned char *block)
{
	uint64_t said, sum = 0;
	size_t i;

	for (i = 0; i < TAR_BLOCK; i++)
		sum += i >= SUM && i < SUM + SUM_LEN ? ' ' : block[i];
	return number(block + SUM, SUM_LEN, &said) && said == sum;
}

static void
keep_name(struct tar_entry *e, struct str name)
{
	while (str_take(&name, STR("./")))
		;
	while (str_ends(name, STR("/")))
		name.len--;
	if (name.len > TAR_NAME_MAX || memchr(name.s, '\0', name.len))
		name.len = 0;
	memcpy(e->name, name.s, name.len);
	e->name[name.len] = '\0';
}

/* Records "LENGTH KEY=VALUE\n" (pax). */
static int
read_records(struct str in, struct tar_entry *e, struct extra *x, struct err *err)
{
	while (in.len) {
		struct str record = in, key;
		uint64_t len;

		if (!str_take_u64(&record, 10, &len) || !str_take(&record, STR(" ")) ||
			len > in.len || len <= in.len - record.len || in.s[len - 1] != '\n')
			return err_set(err, ERR_PROTO, "a broken extended header");
		record.len = (size_t)len - (in.len - record.len) - 1;
		in = str_from_off(in, (size_t)len);
		if (!str_cut(&record, '=', &key))
			continue;
		if (str_is(key, "path")) {
			keep_name(e, record);
			x->named = true;
		} else if (str_is(key, "size")) {
			x->sized = str_u64(record, 10, &x->size);
		}
	}
	return 0;
}

static int
read_extra(struct tar *t, char type, const struct tar_entry *at, struct tar_entry *e,
	struct extra *x, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (at->size > TAR_EXTRA_MAX)
		return err_set(err, ERR_LIMIT, "an extended header of %llu bytes",
			(unsigned long long)at->size);
	buf_reserve(&text, (size_t)at->size, NULL);
	if (read_at(t, at->at, text.p, (size_t)at->size, err))
		return -1;
	text.len = (size_t)at->size;
	if (type == 'x')
		return read_records(buf_view(&text), e, x, err);
	keep_name(e, str_n(text.p, strnlen(text.p, text.len)));
	x->named = true;
	return 0;
}

static int
read_header(struct tar *t, unsigned char *block, struct tar_entry *at, struct err *err)
{
	if (read_at(t, t->at, block, TAR_BLOCK, err))
		return -1;
	if (block[0] == '\0' && block[SUM] == '\0')
		return 0;
	if (!sum_is_right(block) || !number(block + SIZE, SIZE_LEN, &at->size))
		return err_set(err, ERR_PROTO,
			t->entries ? "a broken header at byte %llu" : "not a tar archive",
			(unsigned long long)t->at);
	if (t->entries++ == TAR_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d entries", TAR_ENTRIES_MAX);
	at->at = t->at + TAR_BLOCK;
	return 1;
}

/* Steps over the content; sizes of what has none are not meant. */
static int
step(struct tar *t, char type, struct tar_entry *e, struct err *err)
{
	if (type >= '1' && type <= '6')
		e->size = 0;
	if (e->size > t->size - e->at)
		return err_set(err, ERR_PROTO, "the archive is cut off");
	t->at = e->at + e->size;
	if (t->at % TAR_BLOCK)
		t->at += TAR_BLOCK - t->at % TAR_BLOCK;
	return 0;
}

static void
name_of(const unsigned char *block, struct tar_entry *e)
{
	struct str name = field(block, NAME, NAME_LEN), prefix = {0};
	cleanup_buf struct buf whole = {0};

	/* GNU keeps other things where POSIX has the prefix */
	if (memcmp(block + MAGIC, "ustar\0", 6) == 0)
		prefix = field(block, PREFIX, PREFIX_LEN);
	buf_str(&whole, prefix);
	if (prefix.len)
		buf_putc(&whole, '/');
	buf_str(&whole, name);
	keep_name(e, buf_view(&whole));
}

int
tar_next(struct tar *t, struct tar_entry *e, struct err *err)
{
	struct extra x = {.named = false};
	unsigned char block[TAR_BLOCK];
	int there;

	/* some writers leave out the two empty blocks at the end */
	while (t->at + TAR_BLOCK <= t->size) {
		struct tar_entry at = {.size = 0};
		char type;

		there = read_header(t, block, &at, err);
		if (there <= 0)
			return there;
		type = (char)block[TYPE];
		if (type == 'x' || type == 'L') {
			if (step(t, type, &at, err) || read_extra(t, type, &at, e, &x, err))
				return -1;
			continue;
		}
		e->at = at.at;
		e->size = x.sized ? x.size : at.size;
		e->is_file = type == '0' || type == '\0' || type == '7';
		if (!x.named)
			name_of(block, e);
		return step(t, type, e, err) ? -1 : 1;
	}
	if (t->entries == 0)
		return err_set(err, ERR_PROTO, "not a tar archive");
	return 0;
}
