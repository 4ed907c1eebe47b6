/* SPDX-License-Identifier: MIT */
#include "gate/config/cron.h"

#include "check.h"

static void
schedules_are_sets_of_numbers(void **state)
{
	struct cron c;
	struct err e = { 0 };

	assert_int_equal(cron_parse("0 5 * * *", &c, &e), 0);
	assert_int_equal(c.minutes, 1);
	assert_int_equal(c.hours, 1 << 5);
	assert_int_equal(c.days, 0xfffffffe);
	assert_int_equal(c.months, 0x1ffe);
	assert_int_equal(c.weekdays, 0x7f);
	assert_true(c.any_day && c.any_weekday);
	assert_int_equal(cron_parse(" */20 8-18/5,23 1,15 feb-apr mon-fri ", &c, &e), 0);
	assert_int_equal(c.minutes, 1 | INT64_C(1) << 20 | INT64_C(1) << 40);
	assert_int_equal(c.hours, 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23);
	assert_int_equal(c.days, 1 << 1 | 1 << 15);
	assert_int_equal(c.months, 1 << 2 | 1 << 3 | 1 << 4);
	assert_int_equal(c.weekdays, 0x3e);
	assert_false(c.any_day || c.any_weekday);
	assert_int_equal(cron_parse("50/5 * * * 7", &c, &e), 0);
	assert_int_equal(c.minutes, INT64_C(1) << 50 | INT64_C(1) << 55);
	assert_int_equal(c.weekdays, 1);
}

static void
what_is_no_schedule_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "0 5 * *", "0 5 * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
		"* * * * 8", "5-1 * * * *", "1- * * * *", "*/0 * * * *", "*/ * * * *", "1,,2 * * * *",
		"1, * * * *", "a * * * *", "* * * foo *", "*/-1 * * * *", "-1 * * * *", "** * * * *", "@daily",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cron c;
		struct err e = { 0 };
		if (cron_parse(texts[i], &c, &e) == 0)
			fail_msg("taken: '%s'", texts[i]);
		assert_int_not_equal(e.text[0], '\0');
	}
}

RUN_TESTS(
	cmocka_unit_test(schedules_are_sets_of_numbers),
	cmocka_unit_test(what_is_no_schedule_is_refused))
