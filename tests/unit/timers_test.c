/* SPDX-License-Identifier: MIT */
/* Deadlines on a wheel, by a clock of the test's own. */
#include <stdlib.h>

#include "gate/timers.h"
#include "check.h"

#define N    2000
#define TICK TIMERS_TICK_NS

struct told {
	struct timers wheel;
	struct timer timers[N];
	int64_t now, told_at[N];
	uint32_t n;
};

static void
tell(void *ctx, struct timer *t)
{
	struct told *told = ctx;

	told->told_at[t - told->timers] = told->now;
	told->n++;
}

static void
turn_to(struct told *told, int64_t now)
{
	told->now = now;
	timers_turn(&told->wheel, now, tell, told);
}

/* Never early, at most a tick and a step late; whatever is put off, brought forward or stopped. */
static void
each_is_told_once_and_in_time(void **state)
{
	static struct told told;
	int64_t due[N];

	srandom(1);
	timers_start(&told.wheel, 1000 * TICK + 5);
	for (int i = 0; i < N; i++) {
		due[i] = 1000 * TICK + random() % (3 * TIMERS_SLOTS) * TICK + random() % TICK;
		timer_set(&told.wheel, &told.timers[i], due[i]);
		if (i % 3 == 0)
			timer_set(&told.wheel, &told.timers[i], due[i] += random() % 100 * TICK);
		if (i % 5 == 0)
			timer_set(&told.wheel, &told.timers[i], due[i] = 1000 * TICK + (due[i] - 1000 * TICK) / 2);
		if (i % 7 == 0)
			timer_stop(&told.timers[i]);
		if (i % 11 == 0)
			timer_remove(&told.wheel, &told.timers[i]);
	}
	for (int64_t now = 1000 * TICK; told.wheel.n; now += TICK / 3)
		turn_to(&told, now);
	for (int i = 0; i < N; i++) {
		bool stopped = i % 7 == 0 || i % 11 == 0;
		if (stopped ? told.told_at[i] != 0 : told.told_at[i] < due[i] || told.told_at[i] > due[i] + 2 * TICK)
			fail_msg("timer %d: due %ld, told %ld", i, (long)(due[i] / TICK), (long)(told.told_at[i] / TICK));
	}
	assert_int_equal(timers_next(&told.wheel), INT64_MAX);
}

static void
a_long_sleep_misses_nothing(void **state)
{
	static struct told told;

	timers_start(&told.wheel, 0);
	for (int i = 0; i < 10; i++)
		timer_set(&told.wheel, &told.timers[i], (i + 1) * TICK * 100);
	assert_int_equal(timers_next(&told.wheel), TICK);
	turn_to(&told, 100000 * TICK);
	assert_int_equal(told.n, 10);
	timer_set(&told.wheel, &told.timers[0], 50 * TICK);   /* past already */
	turn_to(&told, 100002 * TICK);
	assert_int_equal(told.n, 11);
}

RUN_TESTS(
	cmocka_unit_test(each_is_told_once_and_in_time),
	cmocka_unit_test(a_long_sleep_misses_nothing))
