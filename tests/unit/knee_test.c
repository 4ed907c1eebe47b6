/* SPDX-License-Identifier: MIT */
#include "load/knee.h"
#include "check.h"

static const struct knee_aim as_check = { 1.07, 1, false };

/* A service that holds exactly `capacity`. Returns the number of steps. */
static int
search(struct knee *k, double capacity)
{
	int steps = 0;

	for (; k->stage != KNEE_FOUND && steps < 100; steps++)
		knee_tell(k, k->next <= capacity ? KNEE_HELD : KNEE_MISSED);
	return steps;
}

static void
the_knee_is_found_within_seven_percent(void **state)
{
	static const double capacities[] = { 0.3, 7, 199, 640, 12345, 150000 };
	static const double firsts[] = { 0.5, 10, 3000, 100000 };

	for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
		for (size_t f = 0; f < sizeof(firsts) / sizeof(firsts[0]); f++) {
			struct knee k = knee_begin(firsts[f], 200e3, as_check);
			int steps = search(&k, capacities[i]);
			assert_true(k.confirmed);
			assert_true(k.held <= capacities[i] && k.held >= capacities[i] / 1.07);
			assert_true(steps < 30);
		}
	}
}

/* The aim decides how near, and how often it has to be held again. */
static void
the_aim_is_met(void **state)
{
	static const struct knee_aim aims[] = { { 1.03, 2, false }, { 1.01, 3, true }, { 1.2, 1, false } };

	for (size_t i = 0; i < sizeof(aims) / sizeof(aims[0]); i++) {
		struct knee k = knee_begin(10, 200e3, aims[i]);
		search(&k, 12345);
		assert_true(k.confirmed && k.again == aims[i].confirmations);
		assert_true(k.held <= 12345 && k.held >= 12345 / aims[i].precision);
	}
}

/* A rate that is missed the second time of two begins anew, lower. */
static void
every_confirmation_counts(void **state)
{
	struct knee k = knee_begin(100, 1000, (struct knee_aim){ 1.03, 2, false });

	while (k.stage != KNEE_CONFIRM)
		knee_tell(&k, k.next <= 640 ? KNEE_HELD : KNEE_MISSED);
	double lucky = k.next;
	knee_tell(&k, KNEE_HELD);
	assert_true(k.stage == KNEE_CONFIRM && !k.confirmed && k.next == lucky);
	knee_tell(&k, KNEE_MISSED);
	assert_true(k.stage == KNEE_CONFIRM && k.again == 0 && k.next < lucky);
	knee_tell(&k, KNEE_HELD);
	assert_int_equal(k.stage, KNEE_CONFIRM);
	knee_tell(&k, KNEE_HELD);
	assert_true(k.stage == KNEE_FOUND && k.confirmed && k.held < lucky && k.missed == lucky);
}

/* Short steps hold 15 % more than confirmations do, as when a queue grows slowly: what a narrow aim
 * finds is near to what confirmations hold. */
static void
a_narrow_aim_is_met_by_confirmations(void **state)
{
	struct knee k = knee_begin(10, 200e3, (struct knee_aim){ 1.03, 2, true });

	for (int steps = 0; k.stage != KNEE_FOUND && steps < 100; steps++) {
		double capacity = k.stage == KNEE_CONFIRM ? 1000 : 1150;
		knee_tell(&k, k.next <= capacity ? KNEE_HELD : KNEE_MISSED);
	}
	assert_true(k.confirmed && k.again == 2);
	assert_true(k.held <= 1000 && k.held == k.sure);
	assert_true(k.missed > 1000 && k.missed <= 1.03 * k.held);
}

static void
the_ends_of_the_scale_end_the_search(void **state)
{
	struct knee k = knee_begin(100, 1000, as_check);
	search(&k, 1e9);
	assert_true(k.held == 1000 && !k.missed && !k.confirmed);
	k = knee_begin(100, 1000, as_check);
	search(&k, 0);
	assert_true(!k.held && k.missed > 0);
}

/* Held the first time by luck, not the second. */
static void
luck_is_taken_back(void **state)
{
	struct knee k = knee_begin(100, 1000, as_check);
	while (k.stage != KNEE_CONFIRM)
		knee_tell(&k, k.next <= 640 ? KNEE_HELD : KNEE_MISSED);
	double lucky = k.next;
	knee_tell(&k, KNEE_MISSED);
	assert_int_equal(k.stage, KNEE_CONFIRM);
	assert_true(k.next < lucky);
	knee_tell(&k, KNEE_HELD);
	assert_int_equal(k.stage, KNEE_FOUND);
	assert_true(k.held < lucky && k.missed <= lucky && k.confirmed);
}

/* One hiccup while doubling costs a step, not half of the result; a second one is believed. */
static void
a_hiccup_is_tried_again(void **state)
{
	struct knee k = knee_begin(100, 1000, as_check);
	knee_tell(&k, KNEE_DOUBTFUL);
	assert_true(k.next == 100 && !k.missed);
	knee_tell(&k, KNEE_HELD);
	assert_true(k.next == 200 && k.held == 100);
	knee_tell(&k, KNEE_DOUBTFUL);
	knee_tell(&k, KNEE_DOUBTFUL);
	assert_true(k.missed == 200 && k.next < 200);
	knee_tell(&k, KNEE_DOUBTFUL);
	assert_true(k.missed < 200);
}

RUN_TESTS(cmocka_unit_test(a_hiccup_is_tried_again), cmocka_unit_test(the_knee_is_found_within_seven_percent),
    cmocka_unit_test(the_ends_of_the_scale_end_the_search), cmocka_unit_test(luck_is_taken_back),
    cmocka_unit_test(the_aim_is_met), cmocka_unit_test(every_confirmation_counts),
    cmocka_unit_test(a_narrow_aim_is_met_by_confirmations))
