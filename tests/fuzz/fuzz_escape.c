/*
 * What a build prints: however it is cut, the same comes out; it is valid UTF-8, and no control
 * but line feeds, tabs and colours; and no CI command that is obeyed in the middle of a line.
 */
#include <stdint.h>
#include <strings.h>

#include "base/codec.h"
#include "base/limits.h"
#include "progress/logline.h"
#include "progress/term.h"

static void
check(struct str s, enum progress_ci ci, bool colors)
{
	size_t i;

	if (!utf8_valid(s))
		__builtin_trap();
	for (i = 0; i < s.len; i++) {
		struct str rest = str_from_off(s, i);

		if (s.s[i] == 0x1b) {
			if (!colors || !str_take(&rest, STR("\x1b[")))
				__builtin_trap();
			while (rest.len && ((rest.s[0] >= '0' && rest.s[0] <= ';')))
				rest = str_from_off(rest, 1);
			if (!str_starts(rest, STR("m")))
				__builtin_trap();
		} else if (s.s[i] == 0x7f || (s.s[i] < 0x20 && s.s[i] != '\n' && s.s[i] != '\t')) {
			__builtin_trap();
		}
		if (ci == PROGRESS_CI_AZURE && str_istarts(rest, STR("##vso[")))
			__builtin_trap();
		if (ci == PROGRESS_CI_TEAMCITY && str_istarts(rest, STR("##teamcity[")))
			__builtin_trap();
	}
}

static void
add_line(void *arg, struct str line, size_t shown)
{
	if (shown || line.len > LIMIT_LOG_LINE + 8)
		__builtin_trap();
	buf_str(arg, line);
	buf_putc(arg, '\n');
}

/* All lines, the input cut into pieces of that size. */
static void
lines(struct buf *out, struct str text, size_t piece, enum progress_ci ci, bool colors)
{
	struct logline_sink sink = {add_line, out, ci, colors};
	struct logline l = {0};

	for (; text.len; text = str_from_off(text, piece)) {
		logline_add(&l, &sink, STR("1.0 "), str_first(text, piece));
		if (logline_printable(&l, ci) > l.text.len)
			__builtin_trap();
	}
	logline_finish(&l, &sink);
	logline_release(&l);
}

static void
screen(struct buf *out, struct str text, size_t piece)
{
	struct term *t = term_new(9, 4);
	unsigned y;

	for (; text.len; text = str_from_off(text, piece))
		term_write(t, str_first(text, piece));
	for (y = 0; y < term_rows(t); y++) {
		size_t from = out->len;

		term_row(t, y, out);
		if (text_columns(str_from_off(buf_view(out), from)) > 10)
			__builtin_trap();
		buf_putc(out, '\n');
	}
	check(buf_view(out), PROGRESS_CI_NONE, false);
	term_resize(t, 4, 2);
	term_resize(t, 20, 6);
	term_write(t, STR("x"));
	term_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf whole = {0}, cut = {0}, clean = {0}, a = {0}, b = {0};
	enum progress_ci ci = size ? (enum progress_ci)(data[0] % 7) : PROGRESS_CI_NONE;
	bool colors = size && (data[0] & 8);
	size_t piece = size > 1 ? data[1] % 7 + 1 : 1;
	struct str text = str_n((const char *)data, size);

	text = str_from_off(text, 2);
	progress_clean(&clean, text, ci, colors);
	check(buf_view(&clean), ci, colors);
	lines(&whole, text, size + 1, ci, colors);
	lines(&cut, text, piece, ci, colors);
	check(buf_view(&whole), ci, colors);
	if (!str_eq(buf_view(&whole), buf_view(&cut)))
		__builtin_trap();
	screen(&a, text, size + 1);
	screen(&b, text, piece);
	if (!str_eq(buf_view(&a), buf_view(&b)))
		__builtin_trap();
	return 0;
}
