/* SPDX-License-Identifier: MIT */
/* How much CPU a component could use, and when a press would tell nothing. */
#include "experiment/component.h"

#include "check.h"

static const struct row {
	const char *what;
	struct component_use use;
	int64_t requests;
	double reach;              /* NAN: it would tell nothing */
} rows[] = {
	{ "a loop on a host with room", { 0.98, 1, 0.98, 0.9 }, 4, 1 },
	{ "a loop that has its core though others fill the rest", { 0.98, 1, 1.9, 0 }, 4, 0.98 },
	{ "a loop that others keep from its core", { 0.6, 1, 1.9, 0 }, 4, NAN },
	{ "threads that share the host alone", { 1.8, 3, 1.9, 0 }, 8, 1.8 },
	{ "threads that others keep from the host", { 0.9, 3, 1.9, 0 }, 8, NAN },
	{ "more threads than requests", { 0.5, 8, 0.5, 3.5 }, 2, 2 },
	{ "a service that sleeps", { 0.01, 1, 0.1, 1.9 }, 4, NAN },
};

static void
what_it_could_use(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why;
		double reach = component_reach(&rows[i].use, rows[i].requests, &why);
		if (isnan(reach) != isnan(rows[i].reach) || isnan(reach) != (why != NULL))
			fail_msg("%s: %g (%s)", rows[i].what, reach, why ? why : "-");
		if (!isnan(reach))
			CHECK_NEAR(reach, rows[i].reach, 1e-9);
	}
}

RUN_TESTS(cmocka_unit_test(what_it_could_use))
