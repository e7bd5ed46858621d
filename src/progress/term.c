#include "progress/term.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "progress/escape.h"

enum {
	WIDE_TAIL = 0, /* the cell behind a character of two columns */
	MAX_SIDE = 1000,
};

struct term {
	unsigned cols, rows;
	unsigned x, y; /* x == cols: the next character begins a new row */
	uint32_t *cells;
	struct escape esc;
};

static const struct {
	uint32_t first, last;
	unsigned columns;
} widths[] = {
	{0x0300, 0x036f, 0},
	{0x0483, 0x0489, 0},
	{0x0591, 0x05bd, 0},
	{0x0610, 0x061a, 0},
	{0x064b, 0x065f, 0},
	{0x1100, 0x115f, 2},
	{0x1ab0, 0x1aff, 0},
	{0x1dc0, 0x1dff, 0},
	{0x200b, 0x200f, 0},
	{0x202a, 0x202e, 0},
	{0x2060, 0x2064, 0},
	{0x20d0, 0x20ff, 0},
	{0x231a, 0x231b, 2},
	{0x2329, 0x232a, 2},
	{0x23e9, 0x23ec, 2},
	{0x23f0, 0x23f0, 2},
	{0x23f3, 0x23f3, 2},
	{0x25fd, 0x25fe, 2},
	{0x2614, 0x2615, 2},
	{0x2648, 0x2653, 2},
	{0x267f, 0x267f, 2},
	{0x2693, 0x2693, 2},
	{0x26a1, 0x26a1, 2},
	{0x26aa, 0x26ab, 2},
	{0x26bd, 0x26be, 2},
	{0x26c4, 0x26c5, 2},
	{0x26ce, 0x26ce, 2},
	{0x26d4, 0x26d4, 2},
	{0x26ea, 0x26ea, 2},
	{0x26f2, 0x26f3, 2},
	{0x26f5, 0x26f5, 2},
	{0x26fa, 0x26fa, 2},
	{0x26fd, 0x26fd, 2},
	{0x2705, 0x2705, 2},
	{0x270a, 0x270b, 2},
	{0x2728, 0x2728, 2},
	{0x274c, 0x274c, 2},
	{0x274e, 0x274e, 2},
	{0x2753, 0x2755, 2},
	{0x2757, 0x2757, 2},
	{0x2795, 0x2797, 2},
	{0x27b0, 0x27b0, 2},
	{0x27bf, 0x27bf, 2},
	{0x2b1b, 0x2b1c, 2},
	{0x2b50, 0x2b50, 2},
	{0x2b55, 0x2b55, 2},
	{0x2e80, 0x303e, 2},
	{0x3041, 0x33ff, 2},
	{0x3400, 0x4dbf, 2},
	{0x4e00, 0xa4cf, 2},
	{0xa960, 0xa97f, 2},
	{0xac00, 0xd7a3, 2},
	{0xf900, 0xfaff, 2},
	{0xfe00, 0xfe0f, 0},
	{0xfe20, 0xfe2f, 0},
	{0xfe30, 0xfe6f, 2},
	{0xfeff, 0xfeff, 0},
	{0xff00, 0xff60, 2},
	{0xffe0, 0xffe6, 2},
	{0x16fe0, 0x18aff, 2},
	{0x1b000, 0x1b2ff, 2},
	{0x1f004, 0x1f004, 2},
	{0x1f0cf, 0x1f0cf, 2},
	{0x1f18e, 0x1f18e, 2},
	{0x1f191, 0x1f19a, 2},
	{0x1f200, 0x1f320, 2},
	{0x1f32d, 0x1f64f, 2},
	{0x1f680, 0x1f6ff, 2},
	{0x1f7e0, 0x1f7eb, 2},
	{0x1f900, 0x1f9ff, 2},
	{0x1fa70, 0x1faff, 2},
	{0x20000, 0x3fffd, 2},
	{0xe0100, 0xe01ef, 0},
};

/* wcwidth(3) depends on the locale, which a static program does not have. */
unsigned
char_columns(uint32_t c)
{
	size_t lo = 0, hi = ARRAY_LEN(widths);

	if (c < widths[0].first)
		return 1;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c < widths[mid].first)
			hi = mid;
		else if (c > widths[mid].last)
			lo = mid + 1;
		else
			return widths[mid].columns;
	}
	return 1;
}

uint32_t
utf8_take(struct str *rest)
{
	unsigned char c = (unsigned char)rest->s[0];
	size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4, i;
	uint32_t code = n == 1 ? c : c & (0x7fu >> n);

	for (i = 1; i < n && i < rest->len; i++)
		code = code << 6 | (rest->s[i] & 0x3fu);
	*rest = str_from_off(*rest, n);
	return code;
}

static void
utf8_put(struct buf *out, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	for (i = n; i > 1; i--) {
		b[i - 1] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	b[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
	buf_mem(out, b, n);
}

size_t
text_columns(struct str s)
{
	size_t columns = 0;

	while (s.len)
		columns += char_columns(utf8_take(&s));
	return columns;
}

struct str
text_cut(struct str s, size_t columns)
{
	struct str rest = s;

	while (rest.len) {
		struct str before = rest;
		size_t w = char_columns(utf8_take(&rest));

		if (w > columns)
			return str_first(s, s.len - before.len);
		columns -= w;
	}
	return s;
}

/* ---- the screen -------------------------------------------------------------------------- */

static uint32_t *
row_of(const struct term *t, unsigned y)
{
	return t->cells + (size_t)y * t->cols;
}

static void
blank(struct term *t, unsigned y, unsigned from, unsigned to)
{
	uint32_t *row = row_of(t, y);

	for (; from < to && from < t->cols; from++)
		row[from] = ' ';
}

static unsigned
side(unsigned n)
{
	return n < 1 ? 1 : n > MAX_SIDE ? MAX_SIDE : n;
}

struct term *
term_new(unsigned cols, unsigned rows)
{
	struct term *t = xcalloc(1, sizeof(*t));
	unsigned y;

	t->cols = side(cols);
	t->rows = side(rows);
	t->cells = xreallocarray(NULL, (size_t)t->cols * t->rows, sizeof(*t->cells));
	for (y = 0; y < t->rows; y++)
		blank(t, y, 0, t->cols);
	return t;
}

void
term_free(struct term *t)
{
	if (!t)
		return;
	free(t->cells);
	free(t);
}

static void
line_feed(struct term *t)
{
	if (t->y + 1 < t->rows) {
		t->y++;
		return;
	}
	memmove(t->cells, t->cells + t->cols, (size_t)t->cols * (t->rows - 1) * sizeof(*t->cells));
	blank(t, t->rows - 1, 0, t->cols);
}

static void
put_char(struct term *t, uint32_t c)
{
	unsigned w = char_columns(c);
	uint32_t *row;

	/* what combines with the character before would need cells of several code points */
	if (w == 0 || w > t->cols)
		return;
	if (t->x + w > t->cols) {
		t->x = 0;
		line_feed(t);
	}
	row = row_of(t, t->y);
	/* half of a wide character is nothing */
	if (row[t->x] == WIDE_TAIL && t->x > 0)
		row[t->x - 1] = ' ';
	if (t->x + w < t->cols && row[t->x + w] == WIDE_TAIL)
		row[t->x + w] = ' ';
	row[t->x] = c;
	if (w == 2)
		row[t->x + 1] = WIDE_TAIL;
	t->x += w;
}

static void
put_control(struct term *t, char c)
{
	if (c == '\r' || c == '\n')
		t->x = 0;
	if (c == '\n')
		line_feed(t);
	if (c == '\b' && t->x > 0)
		t->x--;
	if (c == '\t') {
		t->x = (t->x / 8 + 1) * 8;
		if (t->x > t->cols)
			t->x = t->cols;
	}
}

/* The next parameter of a control sequence; absent, zero and nonsense are 'otherwise'. */
static unsigned
parameter(struct str *rest, unsigned otherwise)
{
	struct str word;
	uint64_t n;

	if (!str_next(rest, ';', &word) || !str_u64(word, 10, &n) || n == 0)
		return otherwise;
	return n > MAX_SIDE ? MAX_SIDE : (unsigned)n;
}

static unsigned
at_most(unsigned n, unsigned max)
{
	return n < max ? n : max;
}

static void
erase(struct term *t, char code, unsigned what)
{
	unsigned y;

	if (what == 0)
		blank(t, t->y, t->x, t->cols);
	else
		blank(t, t->y, 0, what == 1 ? t->x + 1 : t->cols);
	if (code == 'K')
		return;
	for (y = 0; y < t->rows; y++)
		if ((what == 0 && y > t->y) || (what == 1 && y < t->y) || what == 2)
			blank(t, y, 0, t->cols);
}

static void
put_csi(struct term *t, const struct escape_event *ev)
{
	struct str rest = ev->text;
	unsigned n;

	if (ev->code == 'J' || ev->code == 'K') {
		erase(t, ev->code, parameter(&rest, 0));
		return;
	}
	if (!strchr("ABCDGHdf", ev->code))
		return;
	n = parameter(&rest, 1);
	/* a cursor that moves no longer waits behind the last column */
	t->x = at_most(t->x, t->cols - 1);
	switch (ev->code) {
	case 'A':
		t->y -= at_most(n, t->y);
		break;
	case 'B':
		t->y = at_most(t->y + n, t->rows - 1);
		break;
	case 'C':
		t->x = at_most(t->x + n, t->cols - 1);
		break;
	case 'D':
		t->x -= at_most(n, t->x);
		break;
	case 'G':
		t->x = at_most(n - 1, t->cols - 1);
		break;
	case 'd':
		t->y = at_most(n - 1, t->rows - 1);
		break;
	case 'H':
	case 'f':
		t->y = at_most(n - 1, t->rows - 1);
		t->x = at_most(parameter(&rest, 1) - 1, t->cols - 1);
		break;
	default:
		break;
	}
}

void
term_write(struct term *t, struct str data)
{
	struct escape_event ev;

	while (escape_next(&t->esc, &data, &ev)) {
		if (ev.kind == ESCAPE_CONTROL)
			put_control(t, ev.code);
		else if (ev.kind == ESCAPE_CSI)
			put_csi(t, &ev);
		else
			while (ev.text.len)
				put_char(t, utf8_take(&ev.text));
	}
}

unsigned
term_rows(const struct term *t)
{
	return t->rows;
}

/* Cells of a row without the blanks at its end. */
static unsigned
used_cells(const struct term *t, unsigned y)
{
	const uint32_t *row = row_of(t, y);
	unsigned n = t->cols;

	while (n > 0 && row[n - 1] == ' ')
		n--;
	return n;
}

unsigned
term_used(const struct term *t)
{
	unsigned y, n = 0;

	for (y = 0; y < t->rows; y++)
		n += used_cells(t, y) > 0;
	return n;
}

void
term_row(const struct term *t, unsigned row, struct buf *out)
{
	unsigned n = used_cells(t, row), x;

	for (x = 0; x < n; x++)
		if (row_of(t, row)[x] != WIDE_TAIL)
			utf8_put(out, row_of(t, row)[x]);
}

void
term_resize(struct term *t, unsigned cols, unsigned rows)
{
	struct term *fresh;
	unsigned y, x, n, last = t->y + 1, skip;

	if (side(cols) == t->cols && side(rows) == t->rows)
		return;
	fresh = term_new(cols, rows);
	skip = last > fresh->rows ? last - fresh->rows : 0;
	for (y = skip; y < last; y++) {
		n = at_most(used_cells(t, y), fresh->cols);
		for (x = 0; x < n; x++)
			row_of(fresh, y - skip)[x] = row_of(t, y)[x];
		/* the first half of a character that was cut */
		if (n && n < t->cols && row_of(t, y)[n] == WIDE_TAIL)
			row_of(fresh, y - skip)[n - 1] = ' ';
	}
	t->y -= skip;
	t->x = at_most(t->x, fresh->cols);
	t->cols = fresh->cols;
	t->rows = fresh->rows;
	free(t->cells);
	t->cells = fresh->cells;
	free(fresh);
}
