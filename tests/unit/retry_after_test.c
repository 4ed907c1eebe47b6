/* SPDX-License-Identifier: MIT */
#include "gate/retry_after.h"

#include "check.h"

#define NOW_S INT64_C(784111777)   /* Sun, 06 Nov 1994 08:49:37 GMT */

static void
says_for_how_long(void **state)
{
	static const struct { const char *retry, *date; int64_t s; } rows[] = {
		{ "0", NULL, 0 },
		{ "120", NULL, 120 },
		{ "00007", NULL, 7 },
		{ "86401", NULL, 86400 },
		{ "99999999999999999999999999", NULL, 86400 },
		{ "", NULL, 0 },
		{ "-1", NULL, 0 },
		{ "1.5", NULL, 0 },
		{ "1 2", NULL, 0 },
		{ "soon", NULL, 0 },
		{ "Sun, 06 Nov 1994 08:49:47 GMT", NULL, 10 },
		{ "Sunday, 06-Nov-94 08:50:37 GMT", NULL, 60 },
		{ "Sun Nov  6 08:49:38 1994", NULL, 1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", NULL, 0 },
		{ "Sun, 06 Nov 1994 08:49:27 GMT", NULL, 0 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", NULL, 86400 },
		{ "Sun, 06 Nov 1994 08:49:47 CET", NULL, 0 },
		/* its clock is an hour behind ours, or says nothing */
		{ "Sun, 06 Nov 1994 07:49:47 GMT", "Sun, 06 Nov 1994 07:49:37 GMT", 10 },
		{ "Sun, 06 Nov 1994 08:49:47 GMT", "now", 10 },
		{ "30", "Sun, 06 Nov 1994 07:49:37 GMT", 30 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct http_field at[] = {
			{ { "Retry-After", 11 }, { rows[i].retry, strlen(rows[i].retry) } },
			{ { "date", 4 }, { rows[i].date, rows[i].date ? strlen(rows[i].date) : 0 } },
		};
		const struct http_fields fields = { at, rows[i].date ? 2 : 1 };
		if (retry_after_ns(&fields, NOW_S * NS_PER_S) != rows[i].s * NS_PER_S)
			fail_msg("'%s': %lld s", rows[i].retry, (long long)(retry_after_ns(&fields, NOW_S * NS_PER_S) / NS_PER_S));
	}
	const struct http_field none = { { "Date", 4 }, { "", 0 } };
	assert_int_equal(retry_after_ns(&(struct http_fields){ &none, 1 }, NOW_S * NS_PER_S), 0);
}

RUN_TESTS(cmocka_unit_test(says_for_how_long))
