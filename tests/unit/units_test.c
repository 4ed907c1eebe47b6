/* SPDX-License-Identifier: MIT */
#include "base/units.h"
#include "check.h"

static void
durations_take_units(void **state)
{
	static const struct { const char *text; int64_t ns; } rows[] = {
		{ "10s", 10000000000 }, { "1.5ms", 1500000 }, { "250 us", 250000 }, { "2m", 120000000000 },
		{ "1h", 3600000000000 }, { "7ns", 7 }, { "0", 0 }, { "1d", 86400000000000 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ns = -1;
		assert_int_equal(parse_duration(rows[i].text, &ns), 0);
		assert_int_equal(ns, rows[i].ns);
	}
}

static void
nonsense_is_refused(void **state)
{
	static const char *const rows[] = { "", "s", "10", "-1s", "1 fortnight", "0x10s", "infs", "1s1s", "1e400s" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ns = 42;
		assert_true(parse_duration(rows[i], &ns) < 0);
		assert_int_equal(ns, 42);
	}
	double v;
	assert_true(parse_rate("20k/parsec", &v) < 0);
	assert_true(parse_rate("20x", &v) < 0);
	assert_true(parse_ratio("5 apples", &v) < 0);
	int64_t bytes;
	assert_true(parse_size("12 MX", &bytes) < 0);
}

static void
rates_sizes_and_ratios(void **state)
{
	double v;
	int64_t bytes;
	assert_int_equal(parse_rate("20k/s", &v), 0);
	CHECK_NEAR(v, 20000, 0);
	assert_int_equal(parse_rate("6k/min", &v), 0);
	CHECK_NEAR(v, 100, 1e-9);
	assert_int_equal(parse_rate("500", &v), 0);
	CHECK_NEAR(v, 500, 0);
	assert_int_equal(parse_size("64MiB", &bytes), 0);
	assert_int_equal(bytes, 67108864);
	assert_int_equal(parse_size("10PB", &bytes), 0);
	assert_int_equal(bytes, 10000000000000000);
	assert_int_equal(parse_ratio("0.1%", &v), 0);
	CHECK_NEAR(v, 0.001, 1e-12);
}

static void
figures_read_well(void **state)
{
	char out[24];
	assert_string_equal(format_duration(out, 1.84), "1.84 s");
	assert_string_equal(format_duration(out, 0.212), "212 ms");
	assert_string_equal(format_duration(out, 0.99999), "1.00 s");
	assert_string_equal(format_duration(out, 0), "0 s");
	assert_string_equal(format_duration(out, 12e-9), "12.0 ns");
	assert_string_equal(format_rate(out, 20000), "20.0k/s");
	assert_string_equal(format_size(out, 67108864), "64.0 MiB");
	assert_string_equal(format_percent(out, 0.0002), "0.02 %");
	assert_string_equal(format_duration(out, (double)NAN), "-");
}

RUN_TESTS(cmocka_unit_test(durations_take_units), cmocka_unit_test(nonsense_is_refused),
    cmocka_unit_test(rates_sizes_and_ratios), cmocka_unit_test(figures_read_well))
