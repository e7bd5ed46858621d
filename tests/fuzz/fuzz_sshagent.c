/* Requests to an agent of one key: each gets one whole answer of a type that is known. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "buildkit/sshagent.h"
#include "buildkit/sshkey.h"
#include "buildkit/sshwire.h"

/* Ed25519 out of a seed of zeros. */
static const char file[] = "-----BEGIN PRIVATE KEY-----\n"
			   "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
			   "-----END PRIVATE KEY-----\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf out = {0};
	struct str rest, frame;
	static struct sshkey k;

	if (!k.kind && sshkey_parse(str_from(file), &k, NULL))
		abort();
	sshagent_answer(&k, 1, str_n((const char *)data, size), &out);
	rest = buf_view(&out);
	if (!ssh_take_string(&rest, &frame) || rest.len || frame.len == 0 ||
		(frame.s[0] != 5 && frame.s[0] != 12 && frame.s[0] != 14))
		abort();
	return 0;
}
