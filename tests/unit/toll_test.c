/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/clock.h"
#include "trace/toll.h"
#include "check.h"

static void
what_is_added_is_a_share_of_the_rest(void **state)
{
	CHECK_NEAR(toll_share(NS_PER_S, NS_PER_S / 10), 1 / 9.0, 1e-9);
	assert_true(toll_share(NS_PER_S, 0) == 0);
	assert_true(isnan(toll_share(0, 5)));
	assert_true(toll_share(NS_PER_MS, NS_PER_S) == 1);      /* an estimate may be too high */
}

static void
a_window_pays_for_itself(void **state)
{
	struct toll t;
	toll_open(&t, 0, 5 * NS_PER_S, 7 * NS_PER_S);
	CHECK_NEAR(toll_excess(&t, NS_PER_S, 5 * NS_PER_S + 530 * NS_PER_MS, 7 * NS_PER_S + 30 * NS_PER_MS),
	    0.06 / TOLL_MOST, 1e-6);
	CHECK_NEAR(toll_excess(&t, NS_PER_S, 6 * NS_PER_S + 30 * NS_PER_MS, 7 * NS_PER_S + 30 * NS_PER_MS),
	    0.03 / TOLL_MOST, 1e-6);
}

static void
next_to_nothing_is_no_excess(void **state)
{
	struct toll t;
	toll_open(&t, 0, 0, 0);
	assert_true(toll_excess(&t, NS_PER_S, 2 * NS_PER_MS, NS_PER_MS) == 0);
	assert_true(toll_excess(&t, NS_PER_S, 2 * NS_PER_MS, NS_PER_MS + NS_PER_MS / 2) > 1);
	assert_true(toll_excess(&t, NS_PER_S, 0, 2 * NS_PER_MS) == 0);   /* nothing was seen of it */
}

RUN_TESTS(cmocka_unit_test(what_is_added_is_a_share_of_the_rest), cmocka_unit_test(a_window_pays_for_itself),
    cmocka_unit_test(next_to_nothing_is_no_excess))
