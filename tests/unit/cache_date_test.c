/* SPDX-License-Identifier: MIT */
#include "cache/http_date.h"
#include "cache_by_hand.h"
#include "check.h"

#define WRONG INT64_MIN

static void
three_forms_are_dates_and_nothing_else(void **state)
{
	static const struct { const char *text; int64_t s; } rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Wed Nov 16 08:49:37 1994", 784975777 },
		{ "sun, 06 nOV 1994 08:49:37 gmt", 784111777 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", WRONG },
		{ "Mon, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Thu, 29 Feb 2024 23:59:60 GMT", 1709251200 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "Sat, 01 Jan 0000 00:00:00 GMT", -62167219200 },
		{ "Thursday, 18-Aug-50 02:01:18 GMT", 2544400878 },
		{ "Friday, 18-Nov-76 11:06:40 GMT", 3372923200 },   /* 50 years ahead */
		{ "Friday, 18-Nov-77 11:06:40 GMT", 248699200 },    /* 51: behind us */
		{ "0", WRONG }, { "-1", WRONG }, { "", WRONG }, { "tomorrow", WRONG },
		{ "Sun, 06 Nov 1994 08:49:37", WRONG },
		{ "Sun, 06 Nov 1994 08:49:37 EST", WRONG },
		{ "Sun, 06 Nov 1994 08:49:37 +0000", WRONG },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", WRONG },
		{ "Sun, 06 Nov 1994 08:49:37 GMT+1", WRONG },
		{ "Sun,  06 Nov 1994 08:49:37 GMT", WRONG },
		{ "Sun, 06 Nov 94 08:49:37 GMT", WRONG },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", WRONG },
		{ "Sun, 06-Nov-1994 08:49:37 GMT", WRONG },
		{ "Sun 06 Nov 1994 08:49:37 GMT", WRONG },
		{ "06 Nov 1994 08:49:37 GMT", WRONG },
		{ "Sun, 06 Nov 1994 8:49:37 GMT", WRONG },
		{ "Sun, 06 Nov 1994 08.49.37 GMT", WRONG },
		{ "Sun, 06 Nov 1994 24:00:00 GMT", WRONG },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", WRONG },
		{ "Sun, 06 Nov 1994 08:49:61 GMT", WRONG },
		{ "Sun, 31 Nov 1994 08:49:37 GMT", WRONG },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", WRONG },
		{ "Wed, 29 Feb 2023 00:00:00 GMT", WRONG },
		{ "Sun, 06 Nvo 1994 08:49:37 GMT", WRONG },
		{ "Sunday, 06 Nov 1994 08:49:37 GMT", WRONG },
		{ "Sun Nov 6 08:49:37 1994", WRONG },
		{ "Sun Nov  6 08:49:37 1994 GMT", WRONG },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t s = WRONG;
		bool read = http_date_read(text_of(rows[i].text), NOW_S, &s);
		if (s != rows[i].s || read != (rows[i].s != WRONG))
			fail_msg("%s: %lld", rows[i].text, (long long)s);
	}
}

static void
every_day_comes_back_as_it_was_written(void **state)
{
	char text[HTTP_DATE_SIZE + 1] = "";

	for (int64_t s = -62167219200; s <= 253402300799; s += 86399 * 7 + 1) {
		int64_t back;
		http_date_write(s, text);
		if (!http_date_read((struct text){ text, HTTP_DATE_SIZE }, NOW_S, &back) || back != s)
			fail_msg("%lld: %s", (long long)s, text);
	}
	http_date_write(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	http_date_write(0, text);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	http_date_write(-1, text);
	assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
	http_date_write(INT64_MAX, text);
	assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
	http_date_write(INT64_MIN, text);
	assert_string_equal(text, "Sat, 01 Jan 0000 00:00:00 GMT");
}

RUN_TESTS(
	cmocka_unit_test(three_forms_are_dates_and_nothing_else),
	cmocka_unit_test(every_day_comes_back_as_it_was_written),
)
