#include "registry/words.h"

#include "base/codec.h"

void
words_add(struct buf *out, struct str text, size_t max)
{
	cleanup_buf struct buf clean = {0};
	size_t i;

	text = str_trim(text);
	utf8_clean(&clean, str_first(text, max));
	for (i = 0; i < clean.len; i++) {
		unsigned char c = (unsigned char)clean.p[i];

		/* U+0080 to U+009F begin with this byte, and it is followed by another */
		if (c == 0xc2 && (unsigned char)clean.p[i + 1] < 0xa0) {
			buf_putc(out, ' ');
			i++;
		} else {
			buf_putc(out, c < ' ' || c == 0x7f ? ' ' : (char)c);
		}
	}
	if (text.len > max)
		buf_puts(out, "...");
}
