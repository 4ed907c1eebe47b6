/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/cleanup.h"
#include "trace/dear.h"
#include "check.h"

struct row { const char *label; struct dear_phase phases[DEAR_PHASES]; double share; };

static void
each_row(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double got = dear_share(rows[i].phases), want = rows[i].share;
		if (isnan(got) != isnan(want) || fabs(got - want) > 0.001)
			fail_msg("%s: %g, wanted %g", rows[i].label, got, want);
	}
}

static void
it_is_cpu_a_request_and_not_cpu(void **state)
{
	static const struct row rows[] = {
		{ "more CPU", { { 0.1, 100 }, { 0.12, 100 }, { 0.12, 100 }, { 0.1, 100 } }, 0.2 },
		{ "fewer requests", { { 0.12, 120 }, { 0.12, 100 }, { 0.12, 100 }, { 0.12, 120 } }, 0.2 },
		{ "as many more of both", { { 0.1, 100 }, { 0.2, 200 }, { 0.2, 200 }, { 0.1, 100 } }, NAN },
	};
	each_row(rows, COUNT_OF(rows));
}

static void
what_is_none_has_no_share(void **state)
{
	static const struct row rows[] = {
		{ "next to nothing", { { 0.1, 100 }, { 0.1019, 100 }, { 0.1019, 100 }, { 0.1, 100 } }, NAN },
		{ "followed ones take less", { { 0.1, 100 }, { 0.08, 100 }, { 0.08, 100 }, { 0.1, 100 } }, NAN },
	};
	each_row(rows, COUNT_OF(rows));
}

/* By a fifth from phase to phase. */
static void
a_host_that_slows_down_adds_nothing(void **state)
{
	static const struct row rows[] = {
		{ "slower", { { 100, 1000 }, { 120, 1000 }, { 144, 1000 }, { 172.8, 1000 } }, NAN },
		{ "faster", { { 172.8, 1000 }, { 144, 1000 }, { 120, 1000 }, { 100, 1000 } }, NAN },
		{ "slower, and dear", { { 100, 1000 }, { 156, 1000 }, { 187.2, 1000 }, { 172.8, 1000 } }, 0.3 },
	};
	each_row(rows, COUNT_OF(rows));
}

static void
noise_is_no_cost(void **state)
{
	static const struct row rows[] = {
		{ "one phase was disturbed", { { 0.1, 100 }, { 0.1, 100 }, { 0.16, 100 }, { 0.1, 100 } }, NAN },
		{ "the phases differ, by less than following does", { { 0.101, 100 }, { 0.13, 100 }, { 0.128, 100 },
		    { 0.099, 100 } }, 0.29 },
	};
	each_row(rows, COUNT_OF(rows));
}

static void
what_was_not_measured_is_not_told(void **state)
{
	static const struct row rows[] = {
		{ "no answer while followed", { { 0.1, 100 }, { 0.1, 0 }, { 0.1, 100 }, { 0.1, 100 } }, NAN },
		{ "no answer at all", { { 0.1, 0 }, { 0.1, 0 }, { 0.1, 0 }, { 0.1, 0 } }, NAN },
		{ "no CPU seen", { { 0, 100 }, { 0.1, 100 }, { 0.1, 100 }, { 0, 100 } }, NAN },
		{ "CPU not known", { { NAN, 100 }, { NAN, 100 }, { NAN, 100 }, { NAN, 100 } }, NAN },
	};
	each_row(rows, COUNT_OF(rows));
}

RUN_TESTS(cmocka_unit_test(it_is_cpu_a_request_and_not_cpu), cmocka_unit_test(what_is_none_has_no_share),
    cmocka_unit_test(a_host_that_slows_down_adds_nothing), cmocka_unit_test(noise_is_no_cost),
    cmocka_unit_test(what_was_not_measured_is_not_told))
