/* SPDX-License-Identifier: MIT */
/* The twins differ in what they are told to differ in, and in nothing else. */
#include <inttypes.h>

#include "twin_act.h"
#include "check.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define MANY 100000

static const struct twin_options preset = {
	.cpu_us = 200, .work = 1, .tail_share = 0.02, .tail_ms = 4, .tail = 1, .wrong_every = 1,
};

static struct twin_answer
ask(const struct twin_options *o, const char *target, int64_t number)
{
	static struct twin_answer a;
	twin_answer(o, target, number, 0, 0, &a);
	return a;
}

static void
work_is_counted_in_steps(void **state)
{
	static const struct { const char *target; double work, us; } rows[] = {
		{ "/a", 1, 200 }, { "/", 1, 200 }, { "/b?x=1", 1, 400 }, { "/c", 1, 100 }, { "/a", 1.05, 210 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct twin_options o = preset;
		o.work = rows[i].work;
		assert_int_equal(ask(&o, rows[i].target, 0).steps, (int64_t)(rows[i].us * TWIN_US));
	}
	assert_int_equal(ask(&preset, "/ab", 0).steps, 0);
	assert_memory_equal(ask(&preset, "/ab", 0).bytes, "HTTP/1.1 404", 12);
}

static void
warming_up_ends(void **state)
{
	static const struct { int64_t since_ns; double times; } rows[] = {
		{ 0, 4 }, { 1000000000, 2.5 }, { 2000000000, 1 }, { 3000000000, 1 },
	};
	struct twin_options o = preset;

	o.jit_s = 2;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct twin_answer a;
		twin_answer(&o, "/a", 0, rows[i].since_ns, 0, &a);
		assert_int_equal(a.steps, (int64_t)(200 * TWIN_US * rows[i].times));
	}
}

/* Of 100,000 requests, four standard errors wide: 2 % wait 4 ms or longer, 1 % 4 · 2^(1/3) ms. */
static void
a_known_share_waits_a_known_time(void **state)
{
	struct twin_options longer = preset;
	double wait = 0, p99 = 0;

	longer.tail = 1.1;
	for (int64_t i = 0; i < MANY; i++) {
		int64_t ns = ask(&preset, "/a", i).wait_ns;
		assert_true(ns == 0 || (ns >= 4000000 && ns <= 40000000));
		CHECK_NEAR((double)ask(&longer, "/a", i).wait_ns, 1.1 * (double)ns, 1);
		wait += ns > 0;
		p99 += (double)ns > 4e6 * cbrt(2);
	}
	CHECK_NEAR(wait / MANY, 0.02, 4 * sqrt(0.02 / MANY));
	CHECK_NEAR(p99 / MANY, 0.01, 4 * sqrt(0.01 / MANY));
}

/* Without a query luck goes by the number, with one by the target. */
static void
luck_is_the_same_in_every_twin(void **state)
{
	struct twin_options other = preset;
	int64_t differ = 0;

	other.work = 2;
	for (int64_t i = 0; i < 1000; i++) {
		char target[32];
		snprintf(target, sizeof(target), "/a?k=%" PRId64, i);
		int64_t ns = ask(&preset, target, i).wait_ns;
		assert_int_equal(ns, ask(&preset, target, 0).wait_ns);
		assert_int_equal(ns, ask(&other, target, 5).wait_ns);
		assert_string_equal(ask(&preset, target, i).bytes, ask(&other, target, 0).bytes);
		differ += ask(&preset, "/a", i).wait_ns != ask(&preset, "/a", 0).wait_ns;
	}
	assert_int_not_equal(differ, 0);
}

static void
answers_are_wrong_as_told(void **state)
{
	static const struct {
		enum twin_wrong wrong; double errors; const char *only, *status; bool same_size, same_body;
	} rows[] = {
		{ TWIN_RIGHT, 0, NULL, "200", true, true }, { TWIN_BODY, 0, NULL, "200", true, false },
		{ TWIN_STATUS, 0, NULL, "203", true, true }, { TWIN_LENGTH, 0, NULL, "200", false, false },
		{ TWIN_RIGHT, 1, NULL, "500", true, true }, { TWIN_BODY, 1, "/b", "200", true, true },
	};
	struct twin_answer right = ask(&preset, "/a", 0);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct twin_options o = preset;
		o.wrong = rows[i].wrong;
		o.errors = rows[i].errors;
		o.only = rows[i].only;
		struct twin_answer a = ask(&o, "/a", 0);
		assert_memory_equal(a.bytes + 9, rows[i].status, 3);
		assert_int_equal(a.size == right.size, rows[i].same_size);
		assert_int_equal(strcmp(a.bytes + 12, right.bytes + 12) == 0, rows[i].same_body);
	}
}

static void
one_of_so_many_is_wrong(void **state)
{
	struct twin_options o = preset;
	double wrong = 0, failed = 0;

	o.wrong = TWIN_STATUS;
	o.wrong_every = 50;
	o.errors = 0.1;
	for (int64_t i = 0; i < MANY; i++) {
		wrong += memcmp(ask(&o, "/a", i).bytes + 9, "203", 3) == 0;
		failed += memcmp(ask(&o, "/a", i).bytes + 9, "500", 3) == 0;
	}
	CHECK_NEAR(wrong / MANY, 0.02 * 0.9, 4 * sqrt(0.018 / MANY));
	CHECK_NEAR(failed / MANY, 0.1, 4 * sqrt(0.1 / MANY));
}

static void
a_body_that_varies_keeps_its_length(void **state)
{
	struct twin_options o = preset;
	struct twin_answer a, b;

	o.varying = true;
	twin_answer(&o, "/a", 0, 0, 1, &a);
	twin_answer(&o, "/a", 0, 0, 1234567890, &b);
	assert_int_equal(a.size, b.size);
	assert_string_not_equal(a.bytes, b.bytes);
}

RUN_TESTS(cmocka_unit_test(work_is_counted_in_steps), cmocka_unit_test(warming_up_ends),
    cmocka_unit_test(a_known_share_waits_a_known_time), cmocka_unit_test(luck_is_the_same_in_every_twin),
    cmocka_unit_test(answers_are_wrong_as_told), cmocka_unit_test(one_of_so_many_is_wrong),
    cmocka_unit_test(a_body_that_varies_keeps_its_length))
