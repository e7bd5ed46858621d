#include "cmd/values.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

int
value_bool(const char *value, bool *out, struct err *err)
{
	static const char *const yes[] = {"true", "1", "yes"}, *const no[] = {"false", "0", "no"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++) {
		if (str_iis(str_from(value), yes[i])) {
			*out = true;
			return 0;
		}
		if (str_iis(str_from(value), no[i])) {
			*out = false;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE,
		"bool value must be true, 1, yes, false, 0 or no but got \"%s\"", value);
}

/* "1.25" as 1250000 millionths; false when it does not fit. */
static bool
take_decimal(struct str *rest, uint64_t *micro)
{
	struct str s = *rest;
	uint64_t whole, unit = 1000000;

	if (!str_take_u64(&s, 10, &whole) || __builtin_mul_overflow(whole, unit, micro))
		return false;
	if (str_take(&s, STR("."))) {
		for (; s.len && s.s[0] >= '0' && s.s[0] <= '9'; s = str_from_off(s, 1)) {
			unit /= 10;
			if (__builtin_add_overflow(*micro, unit * (uint64_t)(s.s[0] - '0'), micro))
				return false;
		}
	}
	*rest = s;
	return true;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* micro millionths of the unit; false when the product does not fit. */
static bool
scale(uint64_t micro, uint64_t factor, uint64_t *out)
{
	uint64_t whole;

	if (__builtin_mul_overflow(micro / 1000000, factor, &whole))
		return false;
	return !__builtin_add_overflow(whole,
		(micro % 1000000) * (factor % 1000000) / 1000000 +
			micro % 1000000 * (factor / 1000000),
		out);
}

static bool
parse_duration(struct str rest, uint64_t *total)
{
	/* "ms" stands before "m" */
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	const uint64_t max = UINT64_C(10) * 366 * 24 * 3600000;
	uint64_t micro, part;
	size_t i;

	*total = 0;
	if (str_is(rest, "0"))
		return true;
	do {
		if (!take_decimal(&rest, &micro))
			return false;
		for (i = 0; i < ARRAY_LEN(units); i++)
			if (str_take(&rest, str_from(units[i].name)))
				break;
		if (i == ARRAY_LEN(units) || !scale(micro, units[i].factor, &part) || part > max)
			return false;
		*total += part;
	} while (rest.len && *total <= max);
	return *total <= max;
}

int
value_duration(const char *value, int64_t *out, struct err *err)
{
	uint64_t total;

	if (!parse_duration(str_from(value), &total)) {
		err_set(err, ERR_USAGE, "'%s' is not a duration", value);
		return err_hint(err, "write it like 90s, 5m or 1h30m; 0 turns it off");
	}
	*out = (int64_t)total;
	return 0;
}

static bool
parse_size(struct str rest, uint64_t *out)
{
	static const char letters[] = "kmgtp";
	uint64_t micro, factor = 1;
	const char *letter;

	if (!take_decimal(&rest, &micro))
		return false;
	if (rest.len) {
		letter = strchr(letters, rest.s[0] | 0x20);
		if (letter) {
			factor = UINT64_C(1) << (10 * (letter - letters + 1));
			rest = str_from_off(rest, 1);
		}
		if (factor > 1 && rest.len == 2 && (rest.s[0] | 0x20) == 'i')
			rest = str_from_off(rest, 1);
		if (rest.len == 1 && (rest.s[0] | 0x20) == 'b')
			rest = str_from_off(rest, 1);
	}
	return rest.len == 0 && scale(micro, factor, out) && *out <= INT64_MAX;
}

int
value_size(const char *value, uint64_t *out, struct err *err)
{
	if (!parse_size(str_from(value), out)) {
		err_set(err, ERR_USAGE, "'%s' is not a size", value);
		return err_hint(err, "write it like 64m, 1g or 268435456");
	}
	return 0;
}

/* words: blank-separated */
static int
one_of(const char *value, const char *words, struct err *err)
{
	struct str rest = str_from(words), word;
	cleanup_buf struct buf all = {0};

	while (str_next(&rest, ' ', &word)) {
		if (str_is(word, value))
			return 0;
		buf_addf(&all, "%s" STR_FMT, all.len ? ", " : "", STR_ARG(word));
	}
	return err_set(err, ERR_USAGE, "must be one of %s but got \"%s\"", buf_cstr(&all), value);
}

int
check_progress(const char **value, struct arena *a, struct err *err)
{
	(void)a;
	return one_of(*value, "auto plain tty rawjson quiet", err);
}

int
check_network(const char **value, struct arena *a, struct err *err)
{
	(void)a;
	return one_of(*value, "default none host", err);
}

int
check_build_arg(const char **value, struct arena *a, struct err *err)
{
	(void)a;
	/* what follows '=' may be a secret, so it is not repeated */
	if (**value == '=')
		return err_set(err, ERR_USAGE, "no name in front of '='");
	return 0;
}

int
check_label(const char **value, struct arena *a, struct err *err)
{
	(void)a;
	if (**value == '=')
		return err_set(err, ERR_USAGE, "'%s' has no key in front of '='", *value);
	return 0;
}

int
check_annotation(const char **value, struct arena *a, struct err *err)
{
	struct str rest = str_from(*value), key;
	ptrdiff_t colon;

	(void)a;
	if (!str_cut(&rest, '=', &key))
		return err_set(err, ERR_USAGE, "'%s' is not KEY=VALUE", *value);
	colon = str_find(key, ':');
	if (key.len == 0 || colon == (ptrdiff_t)key.len - 1)
		return err_set(err, ERR_USAGE, "'%s' has no key in front of '='", *value);
	return 0;
}

int
check_build_context(const char **value, struct arena *a, struct err *err)
{
	struct str rest = str_from(*value), name;

	(void)a;
	if (!str_cut(&rest, '=', &name) || name.len == 0 || rest.len == 0)
		return err_set(err, ERR_USAGE, "'%s' is not NAME=VALUE", *value);
	return 0;
}

static bool
is_address(const char *s)
{
	struct in6_addr scratch;

	return strcmp(s, "host-gateway") == 0 || inet_pton(AF_INET, s, &scratch) == 1 ||
	       inet_pton(AF_INET6, s, &scratch) == 1;
}

int
check_add_host(const char **value, struct arena *a, struct err *err)
{
	struct str rest = str_from(*value), host;
	const char *ip;

	if (!str_cut(&rest, '=', &host) && !str_cut(&rest, ':', &host))
		return err_set(err, ERR_USAGE, "'%s' is not HOST:IP or HOST=IP", *value);
	if (rest.len > 2 && rest.s[0] == '[' && rest.s[rest.len - 1] == ']')
		rest = str_n(rest.s + 1, rest.len - 2);
	ip = arena_str(a, rest);
	if (host.len == 0 || strcspn(*value, " \t\n,\"") < strlen(*value))
		return err_set(err, ERR_USAGE, "'%s' is not HOST:IP or HOST=IP", *value);
	if (!is_address(ip))
		return err_set(err, ERR_USAGE, "'%s' in '%s' is not an IP address", ip, *value);
	*value = arena_fmt(a, STR_FMT "=%s", STR_ARG(host), ip);
	return 0;
}

/* -1 is no limit and sorts above all */
static bool
take_limit(struct str *rest, uint64_t *n)
{
	if (str_take(rest, STR("-1"))) {
		*n = UINT64_MAX;
		return true;
	}
	return str_take_u64(rest, 10, n) && *n <= INT64_MAX;
}

int
check_ulimit(const char **value, struct arena *a, struct err *err)
{
	static const char *const names[] = {"core", "cpu", "data", "fsize", "locks", "memlock",
		"msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending",
		"stack"};
	struct str rest = str_from(*value), name;
	uint64_t soft, hard;
	size_t i;

	(void)a;
	if (!str_cut(&rest, '=', &name) || !take_limit(&rest, &soft))
		return err_set(err, ERR_USAGE, "'%s' is not NAME=SOFT[:HARD]", *value);
	hard = soft;
	if (str_take(&rest, STR(":")) && !take_limit(&rest, &hard))
		return err_set(err, ERR_USAGE, "'%s' is not NAME=SOFT[:HARD]", *value);
	if (rest.len)
		return err_set(err, ERR_USAGE, "'%s' is not NAME=SOFT[:HARD]", *value);
	for (i = 0; i < ARRAY_LEN(names) && !str_is(name, names[i]); i++)
		;
	if (i == ARRAY_LEN(names))
		return err_set(
			err, ERR_USAGE, "'" STR_FMT "' is not the name of a limit", STR_ARG(name));
	if (soft > hard)
		return err_set(
			err, ERR_USAGE, "the soft limit of '%s' is above the hard one", *value);
	return 0;
}

int
check_attest(const char **value, struct arena *a, struct err *err)
{
	struct str rest = str_from(*value), piece;

	(void)a;
	while (str_next(&rest, ',', &piece))
		if (str_starts(str_trim(piece), STR("type=")))
			return 0;
	return err_set(err, ERR_USAGE, "'%s' has no type=", *value);
}

int
check_attributes(const char **value, struct arena *a, struct err *err)
{
	struct str rest = str_from(*value), piece;
	bool ignored;

	(void)a;
	if (!value_bool(*value, &ignored, NULL))
		return 0;
	while (str_next(&rest, ',', &piece))
		if (str_find(piece, '=') < 1)
			return err_set(err, ERR_USAGE,
				"'%s' is neither true or false nor NAME=VALUE[,...]", *value);
	return 0;
}

static bool
is_name_char(char c, bool first)
{
	return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (!first && c >= '0' && c <= '9');
}

struct str
value_split_name(const char *build_arg)
{
	struct str rest = str_from(build_arg), name;
	size_t n;

	if (!str_cut(&rest, '=', &name))
		return (struct str){0};
	while (str_cut(&rest, ',', &name)) {
		for (n = 0; n < rest.len && is_name_char(rest.s[n], n == 0); n++)
			;
		if (n && n < rest.len && rest.s[n] == '=')
			return str_n(rest.s, n);
	}
	return (struct str){0};
}
