#include "image/digest.h"

#include "base/err.h"

static const struct {
	const char *name;
	size_t digits;
} known[] = {
	{"sha256", 64},
	{"sha384", 96},
	{"sha512", 128},
};

enum { DIGITS_MIN = 32, DIGEST_SHOWN = 200 };

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* components of letters and digits, a letter first, joined by one of "+._-" */
static bool
algorithm_is_valid(struct str s)
{
	bool at_start = true;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (is_alpha(s.s[i]) || (!at_start && is_digit(s.s[i])))
			at_start = false;
		else if (!at_start && str_find(STR("+._-"), s.s[i]) >= 0)
			at_start = true;
		else
			return false;
	}
	return !at_start;
}

static bool
hex_is_valid(struct str hex, bool lower)
{
	size_t i;

	for (i = 0; i < hex.len; i++) {
		char c = hex.s[i];

		if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(!lower && c >= 'A' && c <= 'F'))
			return false;
	}
	return true;
}

struct str
digest_algorithm(struct str s)
{
	ptrdiff_t colon = str_find(s, ':');

	return colon < 0 ? (struct str){0} : str_first(s, (size_t)colon);
}

struct str
digest_hex(struct str s)
{
	ptrdiff_t colon = str_find(s, ':');

	return colon < 0 ? (struct str){0} : str_from_off(s, (size_t)colon + 1);
}

/* NULL, or what is wrong */
static const char *
problem(struct str s)
{
	struct str algorithm = digest_algorithm(s), hex = digest_hex(s);
	size_t i;

	if (!algorithm.s)
		return "it has no 'algorithm:' in front";
	if (!algorithm_is_valid(algorithm))
		return "the algorithm is malformed";
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!str_is(algorithm, known[i].name))
			continue;
		if (hex.len != known[i].digits)
			return "it has the wrong number of digits";
		return hex_is_valid(hex, true) ? NULL : "it has other characters than 0-9 and a-f";
	}
	if (hex.len < DIGITS_MIN)
		return "it has too few digits";
	return hex_is_valid(hex, false) ? NULL : "it has other characters than hexadecimal digits";
}

bool
digest_is_valid(struct str s)
{
	return !problem(s);
}

int
digest_check(struct str s, struct err *err)
{
	const char *what = problem(s);

	if (!what)
		return 0;
	return err_set(err, ERR_PROTO, "invalid digest '" STR_FMT "': %s",
		STR_ARG(str_first(s, DIGEST_SHOWN)), what);
}
