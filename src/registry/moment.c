#include "registry/moment.h"

#include <time.h>

/* Years that the formats have room for. */
#define MOMENT_FIRST INT64_C(0)
#define MOMENT_LAST INT64_C(253402300799)

static struct tm
broken_down(int64_t t)
{
	time_t at = (time_t)(t < MOMENT_FIRST ? MOMENT_FIRST : t > MOMENT_LAST ? MOMENT_LAST : t);
	struct tm tm = {0};

	gmtime_r(&at, &tm);
	return tm;
}

void
moment_compact(int64_t t, char out[MOMENT_COMPACT_LEN + 1])
{
	struct tm tm = broken_down(t);

	strftime(out, MOMENT_COMPACT_LEN + 1, "%Y%m%dT%H%M%SZ", &tm);
}

void
moment_text(int64_t t, char out[MOMENT_TEXT_LEN + 1])
{
	struct tm tm = broken_down(t);

	strftime(out, MOMENT_TEXT_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Exactly n digits, not above most. */
static bool
take_digits(struct str *rest, size_t n, int most, int *value)
{
	uint64_t number;

	if (rest->len < n || !str_u64(str_first(*rest, n), 10, &number) || number > (uint64_t)most)
		return false;
	*rest = str_from_off(*rest, n);
	*value = (int)number;
	return true;
}

static bool
take_clock(struct str *rest, struct tm *tm)
{
	return take_digits(rest, 2, 23, &tm->tm_hour) && str_take(rest, STR(":")) &&
	       take_digits(rest, 2, 59, &tm->tm_min) && str_take(rest, STR(":")) &&
	       take_digits(rest, 2, 60, &tm->tm_sec);
}

/* A day that its month has not would be carried over into the next one: then it is none. */
static bool
count(const struct tm *tm, int64_t *t)
{
	struct tm noon = *tm;

	noon.tm_hour = 12;
	noon.tm_min = noon.tm_sec = 0;
	*t = (int64_t)timegm(&noon) + (tm->tm_hour - 12) * 3600 + tm->tm_min * 60 + tm->tm_sec;
	return noon.tm_mday == tm->tm_mday && noon.tm_mon == tm->tm_mon;
}

static bool
take_zone(struct str *rest, int64_t *east)
{
	int hours, minutes, sign;

	*east = 0;
	if (str_take(rest, STR("Z")) || str_take(rest, STR("z")))
		return true;
	if (str_take(rest, STR("+")))
		sign = 1;
	else if (str_take(rest, STR("-")))
		sign = -1;
	else
		return false;
	if (!take_digits(rest, 2, 23, &hours) || !str_take(rest, STR(":")) ||
		!take_digits(rest, 2, 59, &minutes))
		return false;
	*east = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool
moment_parse(struct str text, int64_t *t)
{
	struct str rest = text;
	struct tm tm = {0};
	int64_t east;
	int year, month;

	if (!take_digits(&rest, 4, 9999, &year) || !str_take(&rest, STR("-")) ||
		!take_digits(&rest, 2, 12, &month) || month < 1 || !str_take(&rest, STR("-")) ||
		!take_digits(&rest, 2, 31, &tm.tm_mday))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	if ((!str_take(&rest, STR("T")) && !str_take(&rest, STR("t"))) || !take_clock(&rest, &tm))
		return false;
	if (str_take(&rest, STR(".")))
		while (rest.len && rest.s[0] >= '0' && rest.s[0] <= '9')
			rest = str_from_off(rest, 1);
	if (!take_zone(&rest, &east) || rest.len || !count(&tm, t))
		return false;
	*t -= east;
	return true;
}

bool
moment_parse_http(struct str text, int64_t *t)
{
	struct str rest = text, head;
	struct tm tm = {0};
	ptrdiff_t month;
	int year;

	if (!str_cut(&rest, ',', &head) || head.len != 3 || !str_take(&rest, STR(" ")) ||
		!take_digits(&rest, 2, 31, &tm.tm_mday) || !str_take(&rest, STR(" ")) ||
		rest.len < 3)
		return false;
	month = str_search(STR("JanFebMarAprMayJunJulAugSepOctNovDec"), str_first(rest, 3));
	if (month < 0 || month % 3 != 0)
		return false;
	tm.tm_mon = (int)(month / 3);
	rest = str_from_off(rest, 3);
	if (!str_take(&rest, STR(" ")) || !take_digits(&rest, 4, 9999, &year) ||
		!str_take(&rest, STR(" ")) || !take_clock(&rest, &tm) || !str_is(rest, " GMT"))
		return false;
	tm.tm_year = year - 1900;
	return count(&tm, t);
}
