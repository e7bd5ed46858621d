#include "buildkit/sshwire.h"

bool
ssh_take_u32(struct str *rest, uint32_t *n)
{
	const uint8_t *p = (const uint8_t *)rest->s;

	if (rest->len < 4)
		return false;
	*n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	*rest = str_from_off(*rest, 4);
	return true;
}

bool
ssh_take_string(struct str *rest, struct str *out)
{
	struct str at = *rest;
	uint32_t len;

	if (!ssh_take_u32(&at, &len) || len > at.len)
		return false;
	*out = str_first(at, len);
	*rest = str_from_off(at, len);
	return true;
}

static struct str
without_zeros(struct str number)
{
	while (number.len && number.s[0] == 0)
		number = str_from_off(number, 1);
	return number;
}

bool
ssh_take_uint(struct str *rest, struct str *magnitude)
{
	struct str at = *rest, v;

	if (!ssh_take_string(&at, &v) || (v.len && (uint8_t)v.s[0] >= 0x80))
		return false;
	*magnitude = without_zeros(v);
	*rest = at;
	return true;
}

void
ssh_put_u32(struct buf *out, uint32_t n)
{
	const uint8_t bytes[] = {
		(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	buf_mem(out, bytes, sizeof(bytes));
}

void
ssh_put_string(struct buf *out, struct str s)
{
	ssh_put_u32(out, (uint32_t)s.len);
	buf_str(out, s);
}

void
ssh_put_uint(struct buf *out, struct str magnitude)
{
	struct str v = without_zeros(magnitude);
	bool high = v.len && (uint8_t)v.s[0] >= 0x80; /* would be a sign */

	ssh_put_u32(out, (uint32_t)v.len + high);
	if (high)
		buf_putc(out, '\0');
	buf_str(out, v);
}
