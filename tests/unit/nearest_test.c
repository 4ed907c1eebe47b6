/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"
#include "check.h"

static void
slips_are_recognised(void **state)
{
	static const char *const known[] = { "targets", "system", "load", "service", "budget" };
	static const struct { const char *word, *best; } rows[] = {
		{ "tagets", "targets" }, { "targetss", "targets" }, { "tragets", "targets" },
		{ "Targets", "targets" }, { "laod", "load" }, { "bugdet", "budget" }, { "sevrices", "service" },
		{ "lxyd", NULL }, { "nothing", NULL }, { "", NULL },
		{ "averyveryveryveryveryveryveryveryveryveryverylongword", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nearest n = { .word = rows[i].word };
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			nearest_try(&n, known[k]);
		if (rows[i].best ? !n.best || strcmp(n.best, rows[i].best) != 0 : n.best != NULL)
			fail_msg("%s: %s", rows[i].word, n.best ? n.best : "nothing");
	}
}

RUN_TESTS(cmocka_unit_test(slips_are_recognised))
