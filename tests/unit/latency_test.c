/* SPDX-License-Identifier: MIT */
#include "gate/origin/latency.h"

#include "base/clock.h"
#include "check.h"

static void
nothing_is_said_of_few(void **state)
{
	struct latency l = { 0 };

	for (int i = 0; i < LATENCY_ENOUGH - 1; i++)
		latency_add(&l, NS_PER_MS);
	assert_int_equal(latency_quantile(&l, 0.95), 0);
	latency_add(&l, NS_PER_MS);
	assert_in_range(latency_quantile(&l, 0.95), NS_PER_MS, NS_PER_MS * 5 / 4);
}

/* One in ten is slow: the ninth tenth ends before these. */
static void
a_quantile_is_a_fifth_too_high_at_most(void **state)
{
	static const struct { double share; int64_t ns; } rows[] = {
		{ 0.5, 2 * NS_PER_MS }, { 0.88, 2 * NS_PER_MS }, { 0.92, 300 * NS_PER_MS }, { 0.99, 300 * NS_PER_MS },
	};
	struct latency l = { 0 };

	for (int i = 0; i < 500; i++)
		latency_add(&l, i % 10 ? 2 * NS_PER_MS : 300 * NS_PER_MS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_in_range(latency_quantile(&l, rows[i].share), rows[i].ns, rows[i].ns * 5 / 4);
}

/* What was slow long ago is no measure of now. */
static void
the_past_fades(void **state)
{
	struct latency l = { 0 };

	for (int i = 0; i < 1000; i++)
		latency_add(&l, NS_PER_S);
	for (int i = 0; i < 20000; i++)
		latency_add(&l, NS_PER_MS);
	assert_in_range(latency_quantile(&l, 0.99), NS_PER_MS, NS_PER_MS * 5 / 4);
}

RUN_TESTS(
    cmocka_unit_test(nothing_is_said_of_few),
    cmocka_unit_test(a_quantile_is_a_fifth_too_high_at_most),
    cmocka_unit_test(the_past_fades))
