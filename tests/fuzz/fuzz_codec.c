/* Encodings: what is encoded decodes to the same, and what is cleaned is valid. */
#include <stdint.h>

#include "base/codec.h"

static void
round_trip(struct str text, enum base64_flags flags)
{
	cleanup_buf struct buf coded = {0}, plain = {0};

	base64_encode(&coded, text, flags);
	if (!base64_decode(&plain, buf_view(&coded)) || !str_eq(buf_view(&plain), text))
		__builtin_trap();
}

static void
percent(struct str text, const char *keep, bool plus)
{
	cleanup_buf struct buf coded = {0}, plain = {0}, odd = {0};

	percent_encode(&coded, text, keep);
	percent_decode(&plain, buf_view(&coded), plus);
	if (!str_eq(buf_view(&plain), text))
		__builtin_trap();
	percent_decode(&odd, text, plus);
	if (odd.len > text.len)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size);
	cleanup_buf struct buf out = {0}, again = {0}, hex = {0};

	round_trip(text, BASE64_STD);
	round_trip(text, BASE64_URL);
	round_trip(text, BASE64_URL | BASE64_NOPAD);
	percent(text, NULL, true);
	percent(text, "/:@", false);
	/* trailing bits are not looked at, so only the bytes come back */
	if (base64_decode(&out, text))
		round_trip(buf_view(&out), BASE64_STD);
	buf_reset(&out);
	utf8_clean(&out, text);
	utf8_clean(&again, buf_view(&out));
	if (!utf8_valid(buf_view(&out)) || !str_eq(buf_view(&out), buf_view(&again)))
		__builtin_trap();
	if (utf8_valid(text) != str_eq(buf_view(&out), text))
		__builtin_trap();
	hex_encode(&hex, data, size);
	if (hex.len != 2 * size || (size && !is_hex(buf_view(&hex))))
		__builtin_trap();
	return 0;
}
