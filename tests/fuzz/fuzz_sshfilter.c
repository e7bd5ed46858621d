/* An agent's and a build's bytes in turn, as the input says: nothing but lists and signatures
 * passes. */
#include <stdlib.h>

#include "base/err.h"
#include "buildkit/sshfilter.h"

/* Whole frames of the two types that may pass. */
static void
check_agent(struct str out)
{
	while (out.len) {
		const uint8_t *p = (const uint8_t *)out.s;
		size_t len;

		if (out.len < 5)
			abort();
		len = 4 + ((size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
		if (len > out.len || (p[4] != 11 && p[4] != 13))
			abort();
		out = str_from_off(out, len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf agent = {0}, build = {0};
	struct str rest = {(const char *)data, size};
	struct sshfilter f;
	int rc = 0;

	sshfilter_init(&f);
	while (rc == 0 && rest.len) {
		uint8_t head = (uint8_t)rest.s[0];
		struct str piece = str_first(str_from_off(rest, 1), head & 0x7f);

		rest = str_from_off(rest, 1 + piece.len);
		rc = head & 0x80 ? sshfilter_reply(&f, piece, &agent, &build, NULL)
				 : sshfilter_request(&f, piece, &agent, &build, NULL);
	}
	check_agent(buf_view(&agent));
	sshfilter_release(&f);
	return 0;
}
