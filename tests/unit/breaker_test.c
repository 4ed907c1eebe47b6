/* SPDX-License-Identifier: MIT */
#include "gate/origin/breaker.h"

#include "base/clock.h"
#include "check.h"
#include "gate/front/rate_limit.h"

#define S NS_PER_S

static const struct gate_breaker settings = {
	.errors = 5, .ratio = 0.5, .requests = 20, .window_ns = 10 * NS_PER_S, .open_ns = 5 * NS_PER_S,
	.trials = 2,
};

/* One request from begin to end; was it let through? */
static bool
request(struct breaker *b, enum outcome outcome, int64_t now_ns)
{
	int64_t after = -1;
	enum breaker_verdict v = breaker_begin(b, &settings, now_ns, &after);

	if (v == BREAKER_REFUSE) {
		assert_true(after > 0);
		return false;
	}
	breaker_end(b, &settings, v, outcome, now_ns);
	return true;
}

static void
errors_in_a_row_open_it(void **state)
{
	struct breaker b = { 0 };

	for (int i = 0; i < 4; i++)
		assert_true(request(&b, OUTCOME_BAD, 1));
	assert_true(request(&b, OUTCOME_GOOD, 1));
	for (int i = 0; i < 4; i++)
		assert_true(request(&b, OUTCOME_BAD, 1));
	assert_true(request(&b, OUTCOME_UNKNOWN, 1));
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_true(request(&b, OUTCOME_BAD, 1));
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_false(request(&b, OUTCOME_GOOD, 5 * S));
}

static void
a_share_of_errors_opens_it(void **state)
{
	struct breaker b = { 0 };
	int64_t now = 100 * S;

	/* every second one fails, and never two in a row */
	for (int i = 0; i < 19; i++)
		assert_true(request(&b, i % 2 ? OUTCOME_GOOD : OUTCOME_BAD, now));
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_true(request(&b, OUTCOME_BAD, now));
	assert_int_equal(b.state, BREAKER_OPEN);
	/* over a longer time there are not enough of them in the window */
	b = (struct breaker){ 0 };
	for (int i = 0; i < 1000; i++, now += S)
		assert_true(request(&b, i % 2 ? OUTCOME_GOOD : OUTCOME_BAD, now));
	/* nor are four of ten half */
	now += 100 * S;
	for (int i = 0; i < 1000; i++, now += S / 100)
		assert_true(request(&b, i % 5 < 2 ? OUTCOME_BAD : OUTCOME_GOOD, now));
}

static void
trials_close_it_or_open_it_for_longer(void **state)
{
	struct breaker b = { 0 };
	int64_t now = 0, after = 0;

	for (int i = 0; i < 5; i++)
		request(&b, OUTCOME_BAD, now);
	assert_int_equal(breaker_begin(&b, &settings, 4 * S, &after), BREAKER_REFUSE);
	assert_int_equal(after, 1 * S);
	now = 5 * S;
	assert_int_equal(breaker_begin(&b, &settings, now, &after), BREAKER_TRIAL);
	assert_int_equal(breaker_begin(&b, &settings, now, &after), BREAKER_TRIAL);
	assert_int_equal(breaker_begin(&b, &settings, now, &after), BREAKER_REFUSE);
	breaker_end(&b, &settings, BREAKER_TRIAL, OUTCOME_BAD, now);
	breaker_end(&b, &settings, BREAKER_TRIAL, OUTCOME_GOOD, now);   /* too late to matter */
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(breaker_begin(&b, &settings, now + 9 * S, &after), BREAKER_REFUSE);
	now += 10 * S;
	/* a client that goes away decides nothing and gives its place back */
	for (int i = 0; i < 10; i++)
		assert_true(request(&b, OUTCOME_UNKNOWN, now));
	assert_true(request(&b, OUTCOME_GOOD, now));
	assert_int_equal(b.state, BREAKER_HALF_OPEN);
	assert_true(request(&b, OUTCOME_GOOD, now));
	assert_int_equal(b.state, BREAKER_CLOSED);
	/* what was is forgotten */
	for (int i = 0; i < 4; i++)
		assert_true(request(&b, OUTCOME_BAD, now));
	assert_int_equal(b.state, BREAKER_CLOSED);
}

/* Answers of requests from before it opened say nothing of now. */
static void
late_answers_do_not_count(void **state)
{
	struct breaker b = { 0 };

	for (int i = 0; i < 5; i++)
		request(&b, OUTCOME_BAD, 1);
	for (int i = 0; i < 100; i++)
		breaker_end(&b, &settings, BREAKER_PASS, OUTCOME_GOOD, 2);
	assert_int_equal(b.state, BREAKER_OPEN);
}

/* ---- retries ---- */

static void
retries_are_a_tenth_of_the_requests(void **state)
{
	static const struct gate_retries tenth = { 3, 0.1 };
	struct retry_budget r;
	int retries = 0;

	retry_budget_init(&r);
	for (int i = 0; i < 1000; i++) {
		retry_budget_request(&r, &tenth);
		retries += retry_budget_take(&r);
		retries += retry_budget_take(&r);
	}
	assert_true(retries >= 108 && retries <= 110);   /* and the ten saved up */
	for (int i = 0; i < 100000; i++)
		retry_budget_request(&r, &tenth);
	for (retries = 0; retry_budget_take(&r); )
		retries++;
	assert_int_equal(retries, 10);
}

/* ---- rates ---- */

static void
a_rate_is_kept_and_a_burst_allowed(void **state)
{
	static const struct gate_rate_limit limit = { .per_s = 10, .burst = 5 };
	struct rate_table *t = rate_table_new(100);
	int64_t now = 1000 * S;
	int taken = 0;

	for (int i = 0; i < 20; i++)
		taken += rate_limit_take(t, &limit, 1, now) == 0;
	assert_int_equal(taken, 5);
	assert_int_equal(rate_limit_take(t, &limit, 1, now), S / 10);
	assert_int_equal(rate_limit_take(t, &limit, 2, now), 0);   /* somebody else */
	for (int i = 0; i < 10000; i++, now += S / 1000)
		taken += rate_limit_take(t, &limit, 1, now) == 0;
	assert_int_equal(taken, 5 + 99);
	now += 100 * S;
	for (taken = 0; rate_limit_take(t, &limit, 1, now) == 0; )
		taken++;
	assert_int_equal(taken, 5);
	rate_table_free(t);
}

static void
one_at_a_time_and_the_longest_waits(void **state)
{
	static const struct gate_rate_limit slow = { .per_s = 1.0 / 3600, .burst = 1 };
	static const struct gate_rate_limit endless = { .per_s = 1e-9, .burst = 1e9 };
	struct rate_table *t = rate_table_new(1);

	assert_int_equal(rate_limit_take(t, &slow, 0, S), 0);
	assert_int_equal(rate_limit_take(t, &slow, 0, S), 3600 * S);
	assert_int_equal(rate_limit_take(t, &slow, 0, 3601 * S), 0);
	for (int i = 0; i < 1000; i++)
		rate_limit_take(t, &endless, 9, INT64_MAX / 8);
	rate_table_free(t);
	rate_table_free(NULL);
}

/* A flood of clients who come once does not set those free who are limited. */
static void
the_busy_stay_in_a_full_table(void **state)
{
	static const struct gate_rate_limit limit = { .per_s = 1, .burst = 10 };
	struct rate_table *t = rate_table_new(8);
	int64_t now = 1000 * S;
	int taken = 0;

	for (int i = 0; i < 1000; i++, now += S / 100) {
		taken += rate_limit_take(t, &limit, 7, now) == 0;
		rate_limit_take(t, &limit, (uint64_t)(i + 1000), now);
	}
	assert_true(taken <= 20);
	rate_table_free(t);
}

RUN_TESTS(
    cmocka_unit_test(errors_in_a_row_open_it),
    cmocka_unit_test(a_share_of_errors_opens_it),
    cmocka_unit_test(trials_close_it_or_open_it_for_longer),
    cmocka_unit_test(late_answers_do_not_count),
    cmocka_unit_test(retries_are_a_tenth_of_the_requests),
    cmocka_unit_test(a_rate_is_kept_and_a_burst_allowed),
    cmocka_unit_test(one_at_a_time_and_the_longest_waits),
    cmocka_unit_test(the_busy_stay_in_a_full_table))
