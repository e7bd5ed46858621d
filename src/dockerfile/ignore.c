#include "dockerfile/ignore.h"

#include "base/buf.h"

/* "./a//b/../c/" is "a/c"; what leads out of the top stays as it is, and matches nothing. */
static void
clean(struct buf *out, struct str path)
{
	struct str part;
	size_t start = out->len;

	while (str_next(&path, '/', &part)) {
		ptrdiff_t slash;

		if (part.len == 0 || str_is(part, "."))
			continue;
		slash = str_rfind(str_from_off(buf_view(out), start), '/');
		if (str_is(part, "..") && out->len > start &&
			!str_ends(str_from_off(buf_view(out), start), STR(".."))) {
			out->len = slash < 0 ? start : start + (size_t)slash;
			out->p[out->len] = '\0';
			continue;
		}
		if (out->len > start)
			buf_putc(out, '/');
		buf_str(out, part);
	}
	if (out->len == start)
		buf_putc(out, '.');
}

void
ignore_parse(struct arena *a, struct str text, struct strlist *out)
{
	struct str line;

	str_take(&text, STR("\xef\xbb\xbf"));
	while (str_line(&text, &line)) {
		cleanup_buf struct buf pattern = {0};

		if (str_starts(line, STR("#")))
			continue;
		line = str_trim(line);
		if (str_take(&line, STR("!"))) {
			buf_putc(&pattern, '!');
			line = str_trim(line);
		}
		if (line.len == 0)
			continue;
		clean(&pattern, line);
		strlist_add(out, a, arena_str(a, buf_view(&pattern)));
	}
}
