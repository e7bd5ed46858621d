/* Numbers of the library and of the protocol as words. */
#include "net/tls_private.h"

struct word {
	int code;
	const char *text;
};

static const struct word errors[] = {
	{BR_ERR_UNSUPPORTED_VERSION, "speaks TLS 1.1 or older only"},
	{BR_ERR_BAD_VERSION, "speaks TLS 1.1 or older only"},
	{BR_ERR_BAD_MAC, "sent a TLS record that was changed on the way"},
	{BR_ERR_BAD_LENGTH, "sent a TLS record of a length that is not allowed"},
	{BR_ERR_TOO_LARGE, "sent a TLS record that is too large"},
	{BR_ERR_BAD_CIPHER_SUITE, "chose a cipher that was not offered"},
	{BR_ERR_LIMIT_EXCEEDED, "uses a key that is too large"},
	{BR_ERR_BAD_FINISHED, "does not agree on what was said during the TLS handshake"},
	{BR_ERR_INVALID_ALGORITHM, "wants an algorithm that is not supported"},
	{BR_ERR_BAD_SIGNATURE, "does not have the key of its certificate"},
	{BR_ERR_WRONG_KEY_USAGE, "uses a certificate that does not fit the cipher"},
};

/* RFC 5246, 7.2; RFC 6066, 9; RFC 7301, 3.2; RFC 8446, 6.2 */
static const struct word alerts[] = {
	{20, "bad record"},
	{22, "record too large"},
	{40, "handshake failure"},
	{42, "bad certificate"},
	{43, "unsupported certificate"},
	{44, "certificate revoked"},
	{45, "certificate expired"},
	{46, "certificate unknown"},
	{47, "illegal parameter"},
	{48, "unknown CA"},
	{49, "access denied"},
	{50, "decode error"},
	{51, "decrypt error"},
	{70, "protocol version"},
	{71, "insufficient security"},
	{80, "internal error"},
	{90, "user canceled"},
	{112, "unrecognized name"},
	{116, "certificate required"},
	{120, "no application protocol"},
};

static const char *
find(const struct word *words, size_t n, int code)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (words[i].code == code)
			return words[i].text;
	return NULL;
}

const char *
tls_error_text(int code)
{
	return find(errors, ARRAY_LEN(errors), code);
}

const char *
tls_alert_text(int alert)
{
	return find(alerts, ARRAY_LEN(alerts), alert);
}
