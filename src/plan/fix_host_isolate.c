/* SPDX-License-Identifier: MIT */
/* Keep the neighbours off the service's CPUs. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "keep %s off the service's CPUs", words_place(r, f->where));
	s->apply = "give it less weight (renice 19 -p PID, or CPUWeight=10 in its unit), a quota (CPUQuota=), "
	    "or another host or hour; or give the service CPUs of its own (AllowedCPUs= in both units)";
	s->undo = "set the old weight, quota or CPUs again";
}

const struct fix fix_host_isolate = {
	.kind = "cpu.contended-host", .action = "host.isolate", .gain_low = 0.6, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "the neighbour takes longer",
};
