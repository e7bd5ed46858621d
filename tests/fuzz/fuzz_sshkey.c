/*
 * Key files: as they are, or content that is put into armour here, so that what is tried out are
 * keys and not base64. What is accepted can be listed and can sign.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/err.h"
#include "buildkit/sshkey.h"

static void
armour(struct buf *out, const char *label, struct str content)
{
	buf_addf(out, "-----BEGIN %s-----\n", label);
	base64_encode(out, content, BASE64_STD);
	buf_addf(out, "\n-----END %s-----\n", label);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = {
		"OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"};
	struct str input = str_n((const char *)data, size);
	uint8_t signature[PRIVSIGN_MAX];
	cleanup_buf struct buf text = {0};
	struct err err = {0};
	struct sshkey k;

	if (size && data[0] < ARRAY_LEN(labels))
		armour(&text, labels[data[0]], str_from_off(input, 1));
	else
		buf_str(&text, input);
	if (sshkey_parse(buf_view(&text), &k, &err) == 0) {
		if (err.kind || k.public.len == 0 || !k.comment ||
			privsign(&k.parts, k.kind->hash, STR("x"), signature) == 0)
			abort();
	} else if (!err.kind || !err.msg[0]) {
		abort();
	}
	sshkey_release(&k);
	return 0;
}
