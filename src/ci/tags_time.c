/* Times in the format language of moment.js, always UTC and English. */
#include <time.h>

#include "base/err.h"
#include "ci/tags_expr.h"

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"};
static const char *const days[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

enum token {
	T_YEAR,
	T_YEAR2,
	T_QUARTER,
	T_MONTH,
	T_MONTH2,
	T_MONTH_SHORT,
	T_MONTH_LONG,
	T_DAY,
	T_DAY2,
	T_DAY_ORDINAL,
	T_YEARDAY,
	T_YEARDAY3,
	T_WEEKDAY,
	T_WEEKDAY2,
	T_WEEKDAY3,
	T_WEEKDAY_LONG,
	T_ISO_WEEKDAY,
	T_ISO_WEEK,
	T_ISO_WEEK2,
	T_ISO_YEAR,
	T_HOUR,
	T_HOUR2,
	T_HOUR12,
	T_HOUR12_2,
	T_MINUTE,
	T_MINUTE2,
	T_SECOND,
	T_SECOND2,
	T_FRACTION,
	T_AM,
	T_AM_UPPER,
	T_ZONE_COLON,
	T_ZONE,
	T_ZONE_NAME,
	T_UNIX,
	T_UNIX_MS,
};

/* longer ones before those they start with */
static const struct {
	const char *text;
	enum token token;
} tokens[] = {
	{"YYYY", T_YEAR},
	{"YY", T_YEAR2},
	{"GGGG", T_ISO_YEAR},
	{"Q", T_QUARTER},
	{"MMMM", T_MONTH_LONG},
	{"MMM", T_MONTH_SHORT},
	{"MM", T_MONTH2},
	{"M", T_MONTH},
	{"DDDD", T_YEARDAY3},
	{"DDD", T_YEARDAY},
	{"DD", T_DAY2},
	{"Do", T_DAY_ORDINAL},
	{"D", T_DAY},
	{"dddd", T_WEEKDAY_LONG},
	{"ddd", T_WEEKDAY3},
	{"dd", T_WEEKDAY2},
	{"d", T_WEEKDAY},
	{"e", T_WEEKDAY},
	{"E", T_ISO_WEEKDAY},
	{"WW", T_ISO_WEEK2},
	{"W", T_ISO_WEEK},
	{"HH", T_HOUR2},
	{"H", T_HOUR},
	{"hh", T_HOUR12_2},
	{"h", T_HOUR12},
	{"mm", T_MINUTE2},
	{"m", T_MINUTE},
	{"ss", T_SECOND2},
	{"s", T_SECOND},
	{"SSS", T_FRACTION},
	{"A", T_AM_UPPER},
	{"a", T_AM},
	{"ZZ", T_ZONE},
	{"Z", T_ZONE_COLON},
	{"zz", T_ZONE_NAME},
	{"z", T_ZONE_NAME},
	{"X", T_UNIX},
	{"x", T_UNIX_MS},
};

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Week and year by ISO 8601: weeks start on Monday, the first holds 4 January. */
static void
iso_week(const struct tm *tm, int *week, int *year)
{
	int weekday = (tm->tm_wday + 6) % 7, jan1;

	*year = tm->tm_year + 1900;
	*week = (tm->tm_yday - weekday + 10) / 7;
	if (*week < 1) {
		--*year;
		jan1 = ((tm->tm_wday - tm->tm_yday - (is_leap(*year) ? 366 : 365)) % 7 + 7) % 7;
		*week = jan1 == 4 || (jan1 == 3 && is_leap(*year)) ? 53 : 52;
	} else if (*week == 53) {
		jan1 = ((tm->tm_wday - tm->tm_yday) % 7 + 7) % 7;
		if (jan1 != 4 && !(jan1 == 3 && is_leap(*year))) {
			*week = 1;
			++*year;
		}
	}
}

static const char *
ordinal(int n)
{
	if (n / 10 == 1)
		return "th";
	return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

static void
put_date(struct buf *out, const struct tm *tm, enum token token)
{
	int year = tm->tm_year + 1900, week, iso_year;

	iso_week(tm, &week, &iso_year);
	switch (token) {
	case T_YEAR:
		buf_addf(out, "%04d", year);
		break;
	case T_YEAR2:
		buf_addf(out, "%02d", year % 100);
		break;
	case T_QUARTER:
		buf_addf(out, "%d", tm->tm_mon / 3 + 1);
		break;
	case T_MONTH:
	case T_MONTH2:
		buf_addf(out, token == T_MONTH ? "%d" : "%02d", tm->tm_mon + 1);
		break;
	case T_MONTH_SHORT:
	case T_MONTH_LONG:
		buf_addf(out, "%.*s", token == T_MONTH_SHORT ? 3 : 20, months[tm->tm_mon]);
		break;
	case T_DAY:
	case T_DAY2:
		buf_addf(out, token == T_DAY ? "%d" : "%02d", tm->tm_mday);
		break;
	case T_DAY_ORDINAL:
		buf_addf(out, "%d%s", tm->tm_mday, ordinal(tm->tm_mday));
		break;
	case T_YEARDAY:
	case T_YEARDAY3:
		buf_addf(out, token == T_YEARDAY ? "%d" : "%03d", tm->tm_yday + 1);
		break;
	case T_WEEKDAY:
		buf_addf(out, "%d", tm->tm_wday);
		break;
	case T_WEEKDAY2:
	case T_WEEKDAY3:
	case T_WEEKDAY_LONG:
		buf_addf(out, "%.*s",
			token == T_WEEKDAY2   ? 2
			: token == T_WEEKDAY3 ? 3
					      : 20,
			days[tm->tm_wday]);
		break;
	case T_ISO_WEEKDAY:
		buf_addf(out, "%d", tm->tm_wday ? tm->tm_wday : 7);
		break;
	case T_ISO_WEEK:
	case T_ISO_WEEK2:
		buf_addf(out, token == T_ISO_WEEK ? "%d" : "%02d", week);
		break;
	case T_ISO_YEAR:
		buf_addf(out, "%04d", iso_year);
		break;
	default:
		break;
	}
}

static void
put_time(struct buf *out, const struct tm *tm, int64_t when, enum token token)
{
	int hour12 = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12;

	switch (token) {
	case T_HOUR:
	case T_HOUR2:
		buf_addf(out, token == T_HOUR ? "%d" : "%02d", tm->tm_hour);
		break;
	case T_HOUR12:
	case T_HOUR12_2:
		buf_addf(out, token == T_HOUR12 ? "%d" : "%02d", hour12);
		break;
	case T_MINUTE:
	case T_MINUTE2:
		buf_addf(out, token == T_MINUTE ? "%d" : "%02d", tm->tm_min);
		break;
	case T_SECOND:
	case T_SECOND2:
		buf_addf(out, token == T_SECOND ? "%d" : "%02d", tm->tm_sec);
		break;
	case T_FRACTION:
		buf_puts(out, "000");
		break;
	case T_AM:
		buf_puts(out, tm->tm_hour < 12 ? "am" : "pm");
		break;
	case T_AM_UPPER:
		buf_puts(out, tm->tm_hour < 12 ? "AM" : "PM");
		break;
	case T_ZONE_COLON:
		buf_puts(out, "+00:00");
		break;
	case T_ZONE:
		buf_puts(out, "+0000");
		break;
	case T_ZONE_NAME:
		buf_puts(out, "UTC");
		break;
	case T_UNIX:
		buf_addf(out, "%lld", (long long)when);
		break;
	case T_UNIX_MS:
		buf_addf(out, "%lld000", (long long)when);
		break;
	default:
		put_date(out, tm, token);
		break;
	}
}

/* "[text]" */
static bool
take_literal(struct str *rest, struct str *text)
{
	ptrdiff_t end = str_find(*rest, ']');

	if (!rest->len || rest->s[0] != '[' || end < 0)
		return false;
	*text = str_from_off(str_first(*rest, (size_t)end), 1);
	*rest = str_from_off(*rest, (size_t)end + 1);
	return true;
}

int
expr_time(struct buf *out, int64_t when, struct str format, struct err *err)
{
	time_t t = (time_t)when;
	struct str literal;
	struct tm tm;
	size_t i;

	if (!gmtime_r(&t, &tm))
		return err_set(err, ERR_CONFIG, "the time %lld is out of range", (long long)when);
	while (format.len) {
		if (take_literal(&format, &literal)) {
			buf_str(out, literal);
			continue;
		}
		for (i = 0; i < ARRAY_LEN(tokens) && !str_take(&format, str_from(tokens[i].text));
			i++)
			;
		if (i < ARRAY_LEN(tokens)) {
			put_time(out, &tm, when, tokens[i].token);
			continue;
		}
		/* week numbers, eras and formats of a language, and parts of what is known */
		if (str_find(STR("GgkLlNSwYy"), format.s[0]) >= 0)
			return err_set(err, ERR_CONFIG, "'%c' is not supported in a date format",
				format.s[0]);
		buf_putc(out, format.s[0]);
		format = str_from_off(format, 1);
	}
	return 0;
}
