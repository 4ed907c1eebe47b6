/* SPDX-License-Identifier: MIT */
#include "cli/fleet_losses.h"

static size_t
count_lost(const struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->evidence.n_workers; i++)
		n += r->evidence.workers[i].lost;
	return n;
}

void
fleet_losses_judge(const struct spec *s, struct run *r)
{
	if (!count_lost(r) || s->allow_lost || r->safety_stop.what)
		return;
	r->verdict = VERDICT_INCONCLUSIVE;
	r->headline = run_printf(r, "%zu of %zu workers were lost: less was offered than asked for, so "
	    "nothing is concluded (--allow-lost concludes in spite of it).", count_lost(r),
	    r->evidence.n_workers);
}
