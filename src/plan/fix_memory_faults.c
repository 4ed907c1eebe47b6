/* SPDX-License-Identifier: MIT */
/* Keep memory instead of giving it back. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = "stop giving memory back after each request";
	s->apply = run_printf(r, "for glibc set the environment "
	    "MALLOC_TRIM_THRESHOLD_=268435456 MALLOC_MMAP_THRESHOLD_=67108864 and restart; reuse large "
	    "buffers; lock or prefetch mapped files (%s)", words_place(r, f->where));
	s->undo = "remove the two variables and restart";
}

const struct fix fix_memory_faults = {
	.kind = "memory.page-fault", .action = "memory.reuse", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "memory stays with the service when it is idle",
};
