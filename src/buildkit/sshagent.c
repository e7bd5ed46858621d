#include "buildkit/sshagent.h"

#include "buildkit/sshkey.h"
#include "buildkit/sshwire.h"

enum {
	/* numbers of the protocol */
	AGENT_FAILURE = 5,
	REQUEST_IDENTITIES = 11,
	IDENTITIES_ANSWER = 12,
	SIGN_REQUEST = 13,
	SIGN_RESPONSE = 14,

	RSA_SHA2_256 = 2,
	RSA_SHA2_512 = 4,
};

struct algorithm {
	const char *name;
	enum privsign_hash hash;
};

static void
list(const struct sshkey *keys, size_t n, struct buf *out)
{
	size_t i;

	buf_putc(out, IDENTITIES_ANSWER);
	ssh_put_u32(out, (uint32_t)n);
	for (i = 0; i < n; i++) {
		ssh_put_string(out, buf_view(&keys[i].public));
		ssh_put_string(out, str_from(keys[i].comment));
	}
}

/* Flags choose among the algorithms of RSA keys (RFC 8332); the others have one. */
static bool
choose(const struct sshkey *k, uint32_t flags, struct algorithm *out)
{
	*out = (struct algorithm){k->kind->name, k->kind->hash};
	if (flags & ~(uint32_t)(RSA_SHA2_256 | RSA_SHA2_512))
		return false;
	if (k->parts.type != CERT_KEY_RSA)
		return true;
	if (flags & RSA_SHA2_512)
		*out = (struct algorithm){"rsa-sha2-512", PRIVSIGN_SHA512};
	else if (flags & RSA_SHA2_256)
		*out = (struct algorithm){"rsa-sha2-256", PRIVSIGN_SHA256};
	return true;
}

static void
put_signature(const struct sshkey *k, struct str name, struct str value, struct buf *out)
{
	cleanup_buf struct buf pair = {0}, whole = {0};

	if (k->parts.type == CERT_KEY_EC) { /* two numbers (RFC 5656, 3.1.2) */
		ssh_put_uint(&pair, str_first(value, value.len / 2));
		ssh_put_uint(&pair, str_from_off(value, value.len / 2));
		value = buf_view(&pair);
	}
	ssh_put_string(&whole, name);
	ssh_put_string(&whole, value);
	buf_putc(out, SIGN_RESPONSE);
	ssh_put_string(out, buf_view(&whole));
}

static bool
sign(const struct sshkey *keys, size_t n, struct str in, struct buf *out)
{
	uint8_t signature[PRIVSIGN_MAX];
	struct str public, data;
	struct algorithm algorithm;
	uint32_t flags;
	size_t i, len;

	if (!ssh_take_string(&in, &public) || !ssh_take_string(&in, &data) ||
		!ssh_take_u32(&in, &flags) || in.len)
		return false;
	for (i = 0; i < n && !str_eq(public, buf_view(&keys[i].public)); i++)
		;
	if (i == n || !choose(&keys[i], flags, &algorithm))
		return false;
	len = privsign(&keys[i].parts, algorithm.hash, data, signature);
	if (len == 0)
		return false;
	put_signature(&keys[i], str_from(algorithm.name), str_n((const char *)signature, len), out);
	return true;
}

void
sshagent_answer(const struct sshkey *keys, size_t n, struct str request, struct buf *out)
{
	cleanup_buf struct buf body = {0};
	struct str in = request, frame = {0};
	int type = -1;

	if (ssh_take_string(&in, &frame) && frame.len)
		type = (uint8_t)frame.s[0];
	frame = str_from_off(frame, 1);
	if (type == REQUEST_IDENTITIES && frame.len == 0)
		list(keys, n, &body);
	else if (type != SIGN_REQUEST || !sign(keys, n, frame, &body))
		buf_putc(&body, AGENT_FAILURE);
	ssh_put_string(out, buf_view(&body));
}
