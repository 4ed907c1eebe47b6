/* SPDX-License-Identifier: MIT */
/* More CPU. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = "give the service more CPU";
	s->apply = run_printf(r, "run it on a host with more than %lld CPUs, or a second instance "
	    "behind a load balancer", (long long)r->host.cpus);
	s->undo = "return to the host and the number of instances of before";
}

const struct fix fix_cpu_more = {
	.kind = "cpu.saturated", .action = "capacity.cpu", .gain_low = 0.3, .gain_high = 0.6,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "money, and more instances to run; a shared database may be the next "
	    "limit",
};
