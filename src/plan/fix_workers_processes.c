/* SPDX-License-Identifier: MIT */
/* One worker per core. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "spread the work of %s over the cores", words_place(r, f->where));
	s->apply = run_printf(r, "run one worker process or loop per core (%lld here) behind one "
	    "listening socket (SO_REUSEPORT, cluster, gunicorn --workers %lld)",
	    (long long)r->host.cpus, (long long)r->host.cpus);
	s->undo = "set the old number of workers again";
}

const struct fix fix_workers_processes = {
	.kind = "cpu.single-thread", .action = "workers.processes", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_LOW, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "memory, one copy of every in-process cache and counter, more database "
	    "connections",
};
