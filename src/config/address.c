#include "config/address.h"

#include <stdint.h>

static bool
is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_port(struct str s)
{
	uint64_t n;

	return str_u64(s, 10, &n) && n > 0 && n <= 65535;
}

/* Labels of letters, digits and inner hyphens, with single dots between them; or [IPv6]. */
static bool
is_host(struct str s)
{
	struct str label;
	size_t i;

	if (s.len > 2 && s.s[0] == '[' && s.s[s.len - 1] == ']') {
		for (i = 1; i + 1 < s.len; i++)
			if (hex_digit(s.s[i]) < 0 && s.s[i] != ':' && s.s[i] != '.')
				return false;
		return true;
	}
	while (str_next(&s, '.', &label)) {
		if (!label.len || label.s[0] == '-' || label.s[label.len - 1] == '-')
			return false;
		for (i = 0; i < label.len; i++)
			if (!is_word_char(label.s[i]) && label.s[i] != '-')
				return false;
	}
	return true;
}

/* Words with ".", "_", "__" or any number of "-" between them. */
static bool
is_component(struct str s)
{
	size_t i = 0, from;

	while (i < s.len && is_word_char(s.s[i])) {
		while (i < s.len && is_word_char(s.s[i]))
			i++;
		if (i == s.len)
			return true;
		from = i;
		while (i < s.len && s.s[i] == s.s[from])
			i++;
		if (!(s.s[from] == '-' || (s.s[from] == '.' && i - from == 1) ||
			    (s.s[from] == '_' && i - from <= 2)))
			return false;
	}
	return false;
}

static bool
check_host(struct str text, struct str *part, const char **why)
{
	struct str rest = text, host = text;
	ptrdiff_t colon = str_rfind(text, ':');

	if (colon >= 0 && text.s[text.len - 1] != ']') {
		host = str_first(text, (size_t)colon);
		rest = str_from_off(text, (size_t)colon + 1);
		*part = rest;
		*why = "is no port";
		if (!is_port(rest))
			return false;
	}
	*part = host;
	*why = "is no host";
	return host.len && is_host(host);
}

bool
address_has_host(struct str text)
{
	struct str rest = text, host = text;

	str_cut(&rest, '/', &host);
	return str_find(host, '.') >= 0 || str_find(host, ':') >= 0 || str_is(host, "localhost");
}

bool
address_check(struct str text, enum address_kind kind, struct str *part, const char **why)
{
	struct str rest = text, component;
	bool host = kind == ADDRESS_HOST || (kind == ADDRESS_PROJECT && address_has_host(text));
	size_t n = host ? 1 : 0;

	if (host) {
		str_next(&rest, '/', &component);
		if (!check_host(component, part, why))
			return false;
	}
	*why = "cannot be in a path";
	for (; str_next(&rest, '/', part); n++) {
		bool used = kind != ADDRESS_PROJECT || rest.s || n == 0;

		if (part->len == 0 || (used && !is_component(*part)))
			return false;
	}
	return true;
}
