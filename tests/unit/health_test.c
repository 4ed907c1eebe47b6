/* SPDX-License-Identifier: MIT */
#include "gate/origin/health.h"

#include <errno.h>

#include "base/clock.h"
#include "base/random.h"
#include "check.h"

static const struct gate_health settings = {
	.path = "/", .interval_ns = 5 * NS_PER_S, .timeout_ns = NS_PER_S, .rise = 2, .fall = 3,
};

static void
answers_count_in_a_row(void **state)
{
	struct health h = { 0 };
	static const struct { bool good, failing; } steps[] = {
		{ true, false }, { false, false }, { false, false }, { true, false }, { false, false }, { false, false },
		{ false, true }, { true, true }, { false, true }, { true, true }, { true, false }, { false, false },
	};
	bool before = false;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(health_note(&h, &settings, steps[i].good), steps[i].failing != before);
		assert_int_equal(h.failing, steps[i].failing);
		before = steps[i].failing;
	}
}

static void
the_first_answer_is_believed_at_once(void **state)
{
	struct health h = { 0 };

	assert_true(health_note(&h, &settings, false));
	assert_true(h.failing);
	assert_false(health_note(&h, &settings, true));
	assert_true(health_note(&h, &settings, true));
	assert_false(h.failing);
}

static void
checks_do_not_keep_in_step(void **state)
{
	int64_t least = INT64_MAX, most = 0, first = 0;

	for (uint64_t i = 0; i < 1000; i++) {
		int64_t next = health_next_ns(&settings, random_at(1, i)), begin = health_first_ns(&settings, random_at(2, i));
		least = next < least ? next : least;
		most = next > most ? next : most;
		first = begin > first ? begin : first;
	}
	assert_in_range(least, 4500 * NS_PER_MS, 4600 * NS_PER_MS);
	assert_in_range(most, 5400 * NS_PER_MS, 5500 * NS_PER_MS);
	assert_in_range(first, 400 * NS_PER_MS, 500 * NS_PER_MS);
}

static void
results_are_told(void **state)
{
	static const struct { int result; bool good; const char *text; } rows[] = {
		{ 0, false, "not asked yet" }, { 200, true, "status 200" }, { 302, true, "status 302" },
		{ 404, false, "status 404" }, { 503, false, "status 503" }, { -ETIMEDOUT, false, "no answer in time" },
		{ -ECONNREFUSED, false, "Connection refused" }, { -EPROTO, false, "no answer of HTTP" },
	};
	char text[HEALTH_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(health_is_good(rows[i].result), rows[i].good);
		assert_string_equal(health_text(rows[i].result, text), rows[i].text);
	}
}

RUN_TESTS(
    cmocka_unit_test(answers_count_in_a_row),
    cmocka_unit_test(the_first_answer_is_believed_at_once),
    cmocka_unit_test(checks_do_not_keep_in_step),
    cmocka_unit_test(results_are_told))
