/* SPDX-License-Identifier: MIT */
#include "load/knee.h"
#include "check.h"

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
			struct knee k = knee_begin(firsts[f], 200e3);
			int steps = search(&k, capacities[i]);
			assert_true(k.confirmed);
			assert_true(k.held <= capacities[i] && k.held >= capacities[i] / 1.07);
			assert_true(steps < 30);
		}
	}
}

static void
the_ends_of_the_scale_end_the_search(void **state)
{
	struct knee k = knee_begin(100, 1000);
	search(&k, 1e9);
	assert_true(k.held == 1000 && !k.missed && !k.confirmed);
	k = knee_begin(100, 1000);
	search(&k, 0);
	assert_true(!k.held && k.missed > 0);
}

/* Held the first time by luck, not the second. */
static void
luck_is_taken_back(void **state)
{
	struct knee k = knee_begin(100, 1000);
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
	struct knee k = knee_begin(100, 1000);
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
    cmocka_unit_test(the_ends_of_the_scale_end_the_search), cmocka_unit_test(luck_is_taken_back))
