/* SPDX-License-Identifier: MIT */
/* cmocka with what it forgets to include, and the one macro that every test file ends with. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Compare figures: a within `tolerance` (absolute) of b, and both printed when not. */
#define CHECK_NEAR(a, b, tolerance) \
	do { \
		double a_ = (a), b_ = (b), t_ = (tolerance); \
		if (!(fabs(a_ - b_) <= t_)) \
			fail_msg("%s = %.9g, wanted %.9g +- %.3g", #a, a_, b_, t_); \
	} while (0)

/* This host or build cannot run the rest of the test. cmocka 1.1.5 reports its own skip() as
 * "not ok", which every reader of TAP counts as a failure. */
#define SKIP(reason) \
	do { \
		printf("# skipped: %s\n", reason); \
		return; \
	} while (0)

#define RUN_TESTS(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = { __VA_ARGS__ }; \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}
