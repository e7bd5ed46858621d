#include "ci/tags_version.h"

#include <string.h>

#include "base/buf.h"

enum {
	VERSION_MAX = 256,    /* longer ones are refused, as node-semver does */
	SAFE_DIGITS_MAX = 16, /* of a number in a semver: up to 2^53 - 1 */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
all_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_digit(s.s[i]))
			return false;
	return s.len > 0;
}

/* The digits in front; false when there are none. */
static bool
take_digits(struct str *rest, struct str *digits)
{
	size_t n = 0;

	while (n < rest->len && is_digit(rest->s[n]))
		n++;
	*digits = str_first(*rest, n);
	*rest = str_from_off(*rest, n);
	return n > 0;
}

static bool
is_semver_number(struct str s)
{
	static const uint64_t safe = ((uint64_t)1 << 53) - 1;
	uint64_t n;

	return s.len <= SAFE_DIGITS_MAX && (s.len == 1 || s.s[0] != '0') && str_u64(s, 10, &n) &&
	       n <= safe;
}

/* Identifiers with dots between them; numeric ones of a pre-release have no leading zero. */
static bool
are_identifiers(struct str s, bool prerelease)
{
	struct str id;
	size_t i;

	while (str_next(&s, '.', &id)) {
		for (i = 0; i < id.len; i++)
			if (!is_alnum(id.s[i]) && id.s[i] != '-')
				return false;
		if (!id.len || (prerelease && id.len > 1 && all_digits(id) && id.s[0] == '0'))
			return false;
	}
	return true;
}

bool
version_semver(struct arena *a, struct str text, struct tag_version *out)
{
	struct str rest = str_trim(text), part[3], build, pre;
	size_t i;

	if (rest.len > VERSION_MAX)
		return false;
	str_take(&rest, STR("v"));
	for (i = 0; i < 3; i++)
		if ((i > 0 && !str_take(&rest, STR("."))) || !take_digits(&rest, &part[i]) ||
			!is_semver_number(part[i]))
			return false;
	/* "-PRE", "+BUILD", both in this order, or nothing */
	build = rest;
	if (str_cut(&build, '+', &rest) && !are_identifiers(build, false))
		return false;
	pre = rest;
	if (rest.len && (!str_take(&pre, STR("-")) || !are_identifiers(pre, true)))
		return false;
	out->raw = arena_str(a, text);
	out->major = arena_str(a, part[0]);
	out->minor = arena_str(a, part[1]);
	out->patch = arena_str(a, part[2]);
	out->version = arena_fmt(a, "%s.%s.%s%s" STR_FMT, out->major, out->minor, out->patch,
		pre.len ? "-" : "", STR_ARG(pre));
	out->is_release = pre.len == 0;
	return true;
}

/* Of digits without leading zeros: more of them is more. */
static int
compare_numbers(struct str a, struct str b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.s, b.s, a.len);
}

static int
compare_identifiers(struct str a, struct str b)
{
	bool numbers = all_digits(a), others = all_digits(b);

	if (numbers && others)
		return compare_numbers(a, b);
	if (numbers != others)
		return numbers ? -1 : 1;
	return str_cmp(a, b);
}

/* What stands behind the first '-'; s is NULL when there is none. */
static struct str
prerelease_of(const struct tag_version *v)
{
	struct str rest = str_from(v->version), front;

	return str_cut(&rest, '-', &front) ? rest : (struct str){NULL, 0};
}

int
version_compare(const struct tag_version *a, const struct tag_version *b)
{
	struct str x = prerelease_of(a), y = prerelease_of(b), i, k;
	int order = compare_numbers(str_from(a->major), str_from(b->major));

	if (!order)
		order = compare_numbers(str_from(a->minor), str_from(b->minor));
	if (!order)
		order = compare_numbers(str_from(a->patch), str_from(b->patch));
	if (order)
		return order;
	/* a release comes after all that lead to it */
	if (!x.s || !y.s)
		return (x.s == NULL) - (y.s == NULL);
	while (!order && x.len && y.len) {
		str_next(&x, '.', &i);
		str_next(&y, '.', &k);
		order = compare_identifiers(i, k);
	}
	return order ? order : (x.len > 0) - (y.len > 0);
}

/* Takes one of the words, any case; longer ones stand first. */
static bool
take_word(struct str *rest, const char *const *words, size_t n, size_t *which)
{
	struct str word;
	size_t i;

	for (i = 0; i < n; i++) {
		word = str_from(words[i]);
		if (!str_istarts(*rest, word))
			continue;
		*rest = str_from_off(*rest, word.len);
		*which = i;
		return true;
	}
	return false;
}

static void
take_separator(struct str *rest)
{
	if (rest->len && str_find(STR("-_."), rest->s[0]) >= 0)
		*rest = str_from_off(*rest, 1);
}

static struct str
without_zeros(struct str digits)
{
	while (digits.len > 1 && digits.s[0] == '0')
		digits = str_from_off(digits, 1);
	return digits;
}

/* "[-_.]word[-_.]N": all but the word may be missing; number is 0 when there is none. */
static bool
take_segment(
	struct str *rest, const char *const *words, size_t n, size_t *which, struct str *number)
{
	struct str r = *rest;

	take_separator(&r);
	if (!take_word(&r, words, n, which))
		return false;
	take_separator(&r);
	if (!take_digits(&r, number))
		*number = STR("0");
	*number = without_zeros(*number);
	*rest = r;
	return true;
}

static bool
take_release(struct arena *a, struct str *rest, struct buf *out, struct tag_version *v)
{
	const char **parts[3] = {&v->major, &v->minor, &v->patch};
	struct str digits, after = *rest;
	size_t n = 0;

	v->major = v->minor = v->patch = "0";
	while (take_digits(&after, &digits)) {
		digits = without_zeros(digits);
		buf_addf(out, "%s" STR_FMT, n ? "." : "", STR_ARG(digits));
		if (n < 3)
			*parts[n] = arena_str(a, digits);
		n++;
		*rest = after;
		if (!str_take(&after, STR(".")))
			break;
	}
	return n > 0;
}

/* Letters and digits with separators between them, behind the '+'. */
static bool
take_local(struct str rest, struct buf *out)
{
	struct str part;
	size_t n, i;

	buf_putc(out, '+');
	for (;;) {
		for (n = 0; n < rest.len && is_alnum(rest.s[n]); n++)
			;
		part = str_first(rest, n);
		rest = str_from_off(rest, n);
		if (!n)
			return false;
		if (all_digits(part))
			part = without_zeros(part);
		for (i = 0; i < part.len; i++)
			buf_putc(out, part.s[i] >= 'A' && part.s[i] <= 'Z'
					      ? (char)(part.s[i] - 'A' + 'a')
					      : part.s[i]);
		if (!rest.len)
			return true;
		n = rest.len;
		take_separator(&rest);
		if (rest.len == n)
			return false;
		buf_putc(out, '.');
	}
}

/* What follows the release: pre, post, dev, local. */
static bool
take_suffixes(struct str *rest, struct buf *out, struct tag_version *v)
{
	static const char *const pre[] = {"alpha", "beta", "preview", "pre", "rc", "a", "b", "c"};
	static const char *const pre_as[] = {"a", "b", "rc", "rc", "rc", "a", "b", "rc"};
	static const char *const post[] = {"post", "rev", "r"}, *const dev[] = {"dev"};
	struct str number, after;
	size_t which;

	v->is_release = true;
	if (take_segment(rest, pre, ARRAY_LEN(pre), &which, &number)) {
		buf_addf(out, "%s" STR_FMT, pre_as[which], STR_ARG(number));
		v->is_release = false;
	}
	after = *rest;
	if (str_take(&after, STR("-")) && take_digits(&after, &number)) {
		*rest = after;
		buf_addf(out, ".post" STR_FMT, STR_ARG(without_zeros(number)));
		v->is_release = false;
	} else if (take_segment(rest, post, ARRAY_LEN(post), &which, &number)) {
		buf_addf(out, ".post" STR_FMT, STR_ARG(number));
		v->is_release = false;
	}
	if (take_segment(rest, dev, ARRAY_LEN(dev), &which, &number)) {
		buf_addf(out, ".dev" STR_FMT, STR_ARG(number));
		v->is_release = false;
	}
	if (!str_take(rest, STR("+")))
		return rest->len == 0;
	return take_local(*rest, out);
}

bool
version_pep440(struct arena *a, struct str text, struct tag_version *out)
{
	cleanup_buf struct buf clean = {0};
	struct str rest = str_trim(text), after, epoch;

	if (rest.len > VERSION_MAX)
		return false;
	if (!str_take(&rest, STR("v")))
		str_take(&rest, STR("V"));
	after = rest;
	if (take_digits(&after, &epoch) && str_take(&after, STR("!"))) {
		rest = after;
		epoch = without_zeros(epoch);
		if (!str_is(epoch, "0"))
			buf_addf(&clean, STR_FMT "!", STR_ARG(epoch));
	}
	if (!take_release(a, &rest, &clean, out) || !take_suffixes(&rest, &clean, out))
		return false;
	out->raw = arena_str(a, text);
	out->version = arena_str(a, buf_view(&clean));
	return true;
}
