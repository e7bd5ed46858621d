/* Certificates and PEM: whatever is read lies inside, and what is printed is clean. */
#include <stdint.h>

#include "base/buf.h"
#include "base/codec.h"
#include "net/cert.h"

static void
read_all(struct str der)
{
	cleanup_buf struct buf text = {0};
	struct cert_key key;
	struct cert c;
	char date[16];
	size_t i;

	if (!cert_parse(der, &c))
		return;
	cert_name_text(c.subject, &text);
	cert_label(c.issuer, &text);
	cert_hosts_text(&c, &text);
	for (i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			__builtin_trap();
	if (!utf8_valid(buf_view(&text)))
		__builtin_trap();
	if (cert_is_for(&c, ""))
		__builtin_trap();
	cert_is_for(&c, "a.example");
	cert_is_for(&c, "192.0.2.1");
	cert_key(c.spki, &key);
	cert_date(c.not_after, date);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_n((const char *)data, size);
	struct pem p;

	read_all(rest);
	while (pem_next(&rest, &p)) {
		cleanup_buf struct buf der = {0};

		if (base64_decode(&der, p.body))
			read_all(buf_view(&der));
	}
	return 0;
}
